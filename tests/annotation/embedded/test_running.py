import contextlib
import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from annotation import embedded
from annotation.embedded import place
from tests.annotation.embedded.managing import Manager, connect, read, server_processes, write


def gone(look: Callable[[], list[int]]) -> bool:
    """Soon; a busy machine may take its time."""
    deadline = time.monotonic() + 60
    while look():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_data_are_kept_from_one_run_to_the_next(data: Path) -> None:
    with embedded.running(data, durable=False):
        write(data, 1)
    with embedded.running(data, durable=False):
        assert 1 in read(data)


def test_nothing_is_left_after_a_run(data: Path) -> None:
    with embedded.running(data, durable=False):
        assert len(server_processes(data)) > 2  # we, Postgres with its helpers, Redis
    assert server_processes(data) == []


def test_a_second_start_is_refused_with_the_process_that_is_in_the_way(
    manager: Manager, data: Path
) -> None:
    second = Manager(data)
    assert second.leave() == (
        1,
        f"Syndesmo is already running on {data} (process {manager.process.pid}): "
        "use that one, stop it, or set SYNDESMO_DATA to another folder.\n",
    )


def test_a_command_uses_the_servers_of_the_live_manager(manager: Manager, data: Path) -> None:
    before = server_processes(data)
    with embedded.running(data):
        write(data, 2)
        assert set(before) <= set(server_processes(data))
    assert read(data)


def test_nothing_survives_the_kill_of_the_manager_and_nothing_is_lost(
    manager: Manager, data: Path
) -> None:
    write(data, 3)
    manager.kill()
    assert gone(lambda: server_processes(data))
    with embedded.running(data, durable=False):
        assert 3 in read(data)


def test_a_start_right_after_the_kill_of_everything_recovers(manager: Manager, data: Path) -> None:
    write(data, 4)
    for process in [manager.process.pid, *server_processes(data)]:
        with contextlib.suppress(ProcessLookupError):  # gone with the one it belonged to
            os.kill(process, signal.SIGKILL)
    manager.leave()
    with embedded.running(data, durable=False):
        assert 4 in read(data)
    assert "automatic recovery" in (place.place(data).folder / "postgres.log").read_text()


def test_the_first_command_waits_for_those_who_use_its_servers(data: Path) -> None:
    with embedded.running(data, durable=False):
        write(data, 5)
        second = Manager(data, alone=False)
        assert second.is_up()
        told = threading.Timer(0.5, second.tell)  # it outlasts the first one by half a second
        told.start()
    told.join()
    assert second.leave() == (0, "")


def test_a_wrong_password_opens_nothing(manager: Manager, data: Path) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(data, password="guessed")


def test_the_sockets_lie_in_a_folder_of_their_user_alone(manager: Manager, data: Path) -> None:
    where = place.place(data)
    assert stat.S_IMODE(where.sockets.stat().st_mode) == 0o700
    assert where.sockets.stat().st_uid == where.uid


def test_postgres_that_cannot_start_shows_its_last_words(data: Path) -> None:
    broken = data / "broken"
    broken.mkdir(mode=0o711)
    place.password(broken)
    where = place.place(broken)
    cluster = where.folder / "postgres"
    cluster.mkdir(parents=True, mode=0o700)
    for folder in (where.folder, cluster):
        folder.chmod(0o700)
        os.chown(folder, where.uid, where.gid)
    with (
        pytest.raises(embedded.Refused, match=r"postgres did not start; its log .*/postgres.log"),
        embedded.running(broken),
    ):
        pass

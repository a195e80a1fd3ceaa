"""``manage.py demo`` as a person meets it: ready, refused twice, stopped, killed, back again."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import held_port

HOME = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    with held_port() as one, held_port() as other:
        yield one, other


class Demo:
    def __init__(self, data: Path, port: int) -> None:
        self.port, self.began = port, time.monotonic()
        given = {"DATABASE_URL", "REDIS_URL"}
        env = {name: value for name, value in os.environ.items() if name not in given}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--patients", "0"],
            cwd=HOME,
            env=env | {"SYNDESMO_DATA": str(data), "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.words = ""

    def is_ready(self) -> bool:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words += line
            if "Ctrl-C stops everything" in line:
                self.took = time.monotonic() - self.began
                return True
        return False

    def ends(self, *, within: float) -> int:
        rest, _ = self.process.communicate(timeout=within)
        self.words += rest
        return self.process.returncode

    def health(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/api/v1/health")
        status = connection.getresponse().status
        connection.close()
        return status


def left_over(data: Path) -> list[str]:
    """Command lines of living processes that were started for this data folder."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"SYNDESMO_DATA={data}".encode() in environ.read_bytes()
            words = (environ.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if mine or str(data) in words:
            found.append(words)
    return found


def nothing_is_left(data: Path) -> bool:
    deadline = time.monotonic() + 60
    while left_over(data) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left_over(data) == []


@pytest.mark.timeout(900)
def test_it_says_where_it_is_refuses_a_second_one_and_leaves_nothing_when_killed(
    data: Path, ports: tuple[int, int]
) -> None:
    demo = Demo(data, ports[0])
    assert demo.is_ready(), demo.words
    assert f"http://127.0.0.1:{demo.port}" in demo.words
    assert all(name in demo.words for name in ("reader", "reader2", "adjudicator", "admin"))
    assert demo.health() == 200

    second = Demo(data, ports[1])
    assert second.ends(within=120) == 1
    assert "already running" in second.words

    crowded = Demo(data, demo.port)
    assert crowded.ends(within=120) == 1
    assert f"Port {demo.port} cannot be had" in crowded.words

    demo.process.kill()
    demo.process.communicate()
    assert nothing_is_left(data)


@pytest.mark.timeout(900)
def test_it_comes_back_after_a_kill_and_stops_within_ten_seconds(
    data: Path, ports: tuple[int, int]
) -> None:
    demo = Demo(data, ports[0])
    assert demo.is_ready(), demo.words
    demo.process.send_signal(signal.SIGINT)
    # Where something else has the processor, sooner than it started.
    assert demo.ends(within=max(10, demo.took)) == 0
    assert "Stopped. The data stay" in demo.words
    assert left_over(data) == []

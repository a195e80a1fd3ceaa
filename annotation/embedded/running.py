"""One manager per data folder; everybody else uses its servers.

Three locks, all free again when their holders die, however they die:
``manager.lock`` says who manages; ``servers.lock`` is inherited by the servers, so that a start
right after a crash waits for the old Postgres instead of fighting it; ``users.lock`` is shared by
those who use the manager's servers.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from annotation import processes
from annotation.embedded import servers
from annotation.embedded.place import Refused, password

_OLD_SERVERS_SECONDS = 30


@contextlib.contextmanager
def running(data: Path, *, alone: bool = False, durable: bool = True) -> Iterator[None]:
    """Have the servers of ``data`` for the duration: those of a live manager, else our own.

    ``alone`` is for the program that everybody else leans on: it takes nobody else's servers, and
    does not wait for others to finish with its own. ``durable=False`` is faster and for tests: a
    power cut may lose data. Raises ``Refused`` with a sentence.
    """
    password(data)  # makes the data folder
    with contextlib.ExitStack() as stack:
        while not _manage(stack, data, alone=alone, durable=durable):
            if alone:
                raise Refused(
                    f"Syndesmo is already running on {data} (process {_manager(data)}): "
                    "use that one, stop it, or set SYNDESMO_DATA to another folder."
                )
            if _join(stack, data):
                break
            time.sleep(0.05)
        yield


def _manage(stack: contextlib.ExitStack, data: Path, *, alone: bool, durable: bool) -> bool:
    """Become the manager and start both servers, unless somebody else is it."""
    manager = _open(stack, data / "manager.lock")
    if not _lock(manager, fcntl.LOCK_EX):
        return False
    os.ftruncate(manager, 0)
    os.pwrite(manager, str(os.getpid()).encode(), 0)
    lock = _open(stack, data / "servers.lock")
    _wait_for_old_servers(lock, data)
    room = servers.prepare(data, lock=lock, durable=durable)
    postgres = servers.start_postgres(room)
    stack.callback(processes.stop, [postgres], politely=signal.SIGINT, seconds=8)
    redis = servers.start_redis(room)
    stack.callback(processes.stop, [redis], politely=signal.SIGTERM, seconds=3)
    if not alone:
        stack.callback(_wait_for_users, stack, data)
    return True


def _manager(data: Path) -> str:
    return (data / "manager.lock").read_text() or "just starting"


def _wait_for_old_servers(lock: int, data: Path) -> None:
    deadline = time.monotonic() + _OLD_SERVERS_SECONDS
    while not _lock(lock, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise Refused(
                f"Servers of an earlier run on {data} are still stopping: "
                "wait a minute and start again, or stop these Postgres processes."
            )
        time.sleep(0.05)


def _join(stack: contextlib.ExitStack, data: Path) -> bool:
    """Use the manager's servers; it will not stop them before we are done, unless it must."""
    users = _open(stack, data / "users.lock")
    fcntl.flock(users, fcntl.LOCK_SH)
    if servers.answer(data):
        return True
    fcntl.flock(users, fcntl.LOCK_UN)
    return False


def _wait_for_users(stack: contextlib.ExitStack, data: Path) -> None:
    users = _open(stack, data / "users.lock")
    if not _lock(users, fcntl.LOCK_EX):
        print("Done; another command still uses the servers.", file=sys.stderr)  # noqa: T201
        fcntl.flock(users, fcntl.LOCK_EX)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(stack: contextlib.ExitStack, path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    stack.callback(os.close, descriptor)
    if os.geteuid() == 0:  # root may lend a hand on a user's folder, and must not lock him out
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor

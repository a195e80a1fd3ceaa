"""Managers that can be killed, and looks at what they serve."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg2

from annotation.embedded import place

HOME = Path(__file__).resolve().parents[3]
_MANAGER = """
import sys
from pathlib import Path
from annotation import embedded
from tests.annotation.embedded.managing import read
data, alone = Path(sys.argv[1]), sys.argv[2] == "alone"
try:
    with embedded.running(data, alone=alone):
        print("up", flush=True)
        sys.stdin.readline()
        if not alone:
            read(data)
except embedded.Refused as refused:
    sys.exit(str(refused))
"""


class Manager:
    """A process that holds the servers of a data folder until it is told or killed.

    Not ``alone`` it uses somebody else's, where they run, and to the end.
    """

    def __init__(self, data: Path, *, alone: bool = True) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-c", _MANAGER, str(data), "alone" if alone else "beside others"],
            cwd=HOME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def is_up(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline() == "up\n"

    def tell(self) -> None:
        """To leave; it is not waited for."""
        assert self.process.stdin is not None
        self.process.stdin.write("leave\n")
        self.process.stdin.flush()

    def leave(self) -> tuple[int, str]:
        """Its exit code and its last words."""
        _, words = self.process.communicate(timeout=100)
        return self.process.returncode, words

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.leave()


def server_processes(data: Path) -> list[int]:
    """The processes (no zombies) that have the lock of the data folder's servers open."""
    lock = data / "servers.lock"
    found = []
    for fds in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(fd.resolve() == lock for fd in fds.iterdir()):
                found.append(int(fds.parent.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue  # it ended while we looked, or is not ours
    return found


def write(data: Path, number: int) -> None:
    with connect(data) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        cursor.execute("INSERT INTO kept VALUES (%s)", [number])
    connection.close()


def read(data: Path) -> list[int]:
    with connect(data) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT number FROM kept ORDER BY number")
        numbers = [row[0] for row in cursor.fetchall()]
    connection.close()
    return numbers


def connect(data: Path, **changed: str) -> "psycopg2.extensions.connection":
    facts = {
        "host": str(place.place(data).sockets),
        "user": place.DATABASE,
        "password": place.password(data),
        "dbname": place.DATABASE,
    }
    return psycopg2.connect(**(facts | changed))

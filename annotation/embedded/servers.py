"""Start the two servers as direct children and wait until they answer."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from annotation import processes
from annotation.embedded.binaries import Binaries, binaries
from annotation.embedded.place import (
    DATABASE,
    POSTGRES_SOCKET,
    REDIS_SOCKET,
    Place,
    Refused,
    password,
    place,
)

# After a crash Postgres replays its log before it answers, and that may take its time.
_PATIENCE_SECONDS = 300
# For tests: what a power cut would lose is thrown away in a minute anyway.
_IN_A_HURRY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Room:
    """What both servers are started with."""

    data: Path
    place: Place
    programs: Binaries
    lock: int  # the descriptor that says "these data are served", see running.py
    durable: bool

    @property
    def owner(self) -> tuple[int, int] | None:
        """The user to become: only root can, and only root has to."""
        return (self.place.uid, self.place.gid) if os.geteuid() == 0 else None

    @property
    def env(self) -> dict[str, str]:
        """Nothing of ours but the path: no locale, no PG* variable changes what a cluster is."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def start(
        self, name: str, command: list[str | Path], last_signal: signal.Signals
    ) -> subprocess.Popen[bytes]:
        """One server as a child of this process; its words go to ``<name>.log``."""
        with (self.place.folder / f"{name}.log").open("ab") as log:
            os.fchown(log.fileno(), self.place.uid, self.place.gid)
            return processes.start(
                command,
                last_signal=last_signal,
                env=self.env,
                cwd=self.place.folder,
                output=log,
                owner=self.owner,
                keep_open=[self.lock],
            )


def prepare(data: Path, *, lock: int, durable: bool) -> Room:
    """Make the folders that the servers need."""
    password(data)
    where = place(data)
    for folder in dict.fromkeys((where.folder, where.sockets)):
        own(folder, where)
    return Room(data, where, binaries(where), lock, durable)


def own(folder: Path, where: Place) -> None:
    """Make the folder ours alone; refuse one that somebody else laid there before us."""
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, where.uid, where.gid)
    except FileExistsError:
        facts = folder.lstat()
        if folder.is_symlink() or facts.st_uid != where.uid or facts.st_mode & 0o077:
            raise Refused(
                f"{folder} is not a folder of the user {where.uid} alone: remove it, "
                "or set SYNDESMO_DATA to another folder."
            ) from None


def start_postgres(room: Room) -> subprocess.Popen[bytes]:
    """Postgres on a socket, with the database made; the cluster is made on the first start."""
    cluster = room.place.folder / "postgres"
    if not cluster.exists():
        _make_cluster(room, cluster)
    # We hold the lock that every server inherits, so no server is left: what these files name is
    # a process number that a crash left behind, by now a zombie's or somebody else's.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    (room.place.sockets / f"{POSTGRES_SOCKET}.lock").unlink(missing_ok=True)
    settings = [
        "listen_addresses=",
        f'unix_socket_directories="{room.place.sockets}"',
        "unix_socket_permissions=0700",
        *(() if room.durable else _IN_A_HURRY),
    ]
    options = [word for setting in settings for word in ("-c", setting)]
    # SIGINT is Postgres' fast and clean shutdown.
    process = room.start(
        "postgres", [room.programs.postgres, "-D", cluster, *options], signal.SIGINT
    )
    _wait(process, room, "postgres", lambda: _database_is_there(room))
    return process


def _make_cluster(room: Room, cluster: Path) -> None:
    half = cluster.with_name("postgres.half")
    key = cluster.with_name("password.half")
    key.touch(mode=0o600)
    key.write_text(password(room.data))
    os.chown(key, room.place.uid, room.place.gid)
    command: list[str | Path] = [
        room.programs.initdb, "-D", half, "-U", DATABASE, "-A", "scram-sha-256",
        f"--pwfile={key}", "-E", "UTF8", "--locale=C", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--no-instructions",
        *(() if room.durable else ("--no-sync",)),
    ]  # fmt: skip
    shutil.rmtree(half, ignore_errors=True)  # what a killed start left
    process = room.start("initdb", command, signal.SIGKILL)
    code = process.wait()
    key.unlink()
    if code != 0:
        raise _failed(room, "initdb")
    half.rename(cluster)


def _database_is_there(room: Room) -> bool:
    try:
        connection = psycopg2.connect(
            host=str(room.place.sockets),
            user=DATABASE,
            password=password(room.data),
            dbname="postgres",
            connect_timeout=5,
        )
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
    return True


def start_redis(room: Room) -> subprocess.Popen[bytes]:
    """Redis on a socket; the append-only file keeps the queue over a crash."""
    config = room.place.folder / "redis.conf"
    sockets, folder = room.place.sockets, room.place.folder
    config.write_text(
        "port 0\n"
        f'unixsocket "{sockets / REDIS_SOCKET}"\n'
        "unixsocketperm 700\n"
        f'dir "{folder}"\n'
        f"appendonly {'yes' if room.durable else 'no'}\n"
        'save ""\n'
        "loglevel warning\n"
    )
    os.chown(config, room.place.uid, room.place.gid)
    process = room.start("redis", [room.programs.redis_server, config], signal.SIGTERM)
    _wait(process, room, "redis", lambda: _redis_answers(sockets / REDIS_SOCKET))
    return process


def _redis_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def answer(data: Path) -> bool:
    """Whether both servers of the data folder take connections now."""
    sockets = place(data).sockets
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(sockets / POSTGRES_SOCKET))
        except OSError:
            return False
    return _redis_answers(sockets / REDIS_SOCKET)


def _wait(
    process: subprocess.Popen[bytes], room: Room, name: str, ready: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            processes.kill_session(process)
            raise _failed(room, name)
        time.sleep(0.02)


def _failed(room: Room, name: str) -> Refused:
    log = room.place.folder / f"{name}.log"
    last = log.read_text(errors="replace").splitlines()[-5:]
    return Refused(f"{name} did not start; its log {log} ends with:\n" + "\n".join(last))

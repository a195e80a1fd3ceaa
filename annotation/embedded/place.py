"""Where the servers of a data folder live, as whom they run, and how they are reached."""

import hashlib
import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DATABASE = "syndesmo"
POSTGRES_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"
# sockaddr_un.sun_path holds 108 bytes, the last of them the closing zero.
_LONGEST_SOCKET_PATH = 107
# Not the temporary folder of the environment: every process has to find the same one.
_SHORT = Path("/tmp")  # noqa: S108 - the folder in it is checked to be ours before it is used
_REACHABLE = Path("/var/lib/syndesmo")


class Refused(Exception):
    """The servers cannot be started or used; the text is a sentence that says what to do."""


@dataclass(frozen=True)
class Addresses:
    """What settings need to reach the servers; ``redis_url`` is in Celery's spelling."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Place:
    """The servers' own folder (0700), the folder of their sockets (0700), and their user."""

    folder: Path
    sockets: Path
    uid: int
    gid: int


def secret(data: Path, name: str) -> str:
    """The secret of that name, drawn on the first call and kept (0600) in the data folder."""
    path = data / "secrets" / name
    try:
        if not path.exists():
            _draw(path)
        return path.read_text()
    except PermissionError as error:
        raise Refused(
            f"The data folder {data} belongs to another user: work as that user, "
            "or set SYNDESMO_DATA to a folder of your own."
        ) from error


def _draw(path: Path) -> None:
    # Postgres refuses to run as root; 0711 lets its own user pass through to its folder.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path.parent.parent.mkdir(mode=mode, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    drawn = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(drawn, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    try:
        path.hardlink_to(drawn)  # of two processes that draw at once, one wins
    except FileExistsError:
        pass
    finally:
        drawn.unlink()


def password(data: Path) -> str:
    """The password of the embedded Postgres."""
    return secret(data, "POSTGRES_PASSWORD")


def addresses(data: Path) -> Addresses:
    """Where the servers of ``data`` answer when they run. Starts nothing."""
    key = password(data)
    sockets = quote(str(place(data).sockets))
    return Addresses(
        database_url=f"postgres://{DATABASE}:{key}@/{DATABASE}?host={sockets}",
        redis_url=f"redis+socket://{sockets}/{REDIS_SOCKET}",
    )


def place(data: Path) -> Place:
    """The place of the servers of an existing data folder; the same answer in every process."""
    data = data.resolve()
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = data / "servers"
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        elsewhere = _REACHABLE / key
        uid, gid = _unprivileged(folder, elsewhere, data)
        if elsewhere.exists() or not _may_pass(data, uid, gid):
            folder = elsewhere
    sockets = folder
    if len(os.fsencode(folder / POSTGRES_SOCKET)) > _LONGEST_SOCKET_PATH:
        sockets = _SHORT / f"syndesmo-{uid}-{key}"
    return Place(folder, sockets, uid, gid)


def _unprivileged(*folders: Path) -> tuple[int, int]:
    """Whom Postgres runs as under root: the owner of what is there, else a user without rights."""
    for folder in folders:
        if folder.exists() and folder.stat().st_uid != 0:
            return folder.stat().st_uid, folder.stat().st_gid
    known = {user.pw_name: user for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise Refused(
        "Postgres does not run as root, and this machine has no user `postgres` or `nobody`: "
        "work as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _may_pass(folder: Path, uid: int, gid: int) -> bool:
    """Whether that user may walk down to the folder (ordinary permission bits; no ACLs)."""
    for step in (folder, *folder.parents):
        facts = step.stat()
        needed = stat.S_IXOTH
        if facts.st_uid == uid:
            needed = stat.S_IXUSR
        elif facts.st_gid == gid:
            needed = stat.S_IXGRP
        if not facts.st_mode & needed:
            return False
    return True

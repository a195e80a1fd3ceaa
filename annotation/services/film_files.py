"""Every file below the given paths, one at a time: files, folders, and zips without unpacking."""

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from inference.dicom import MAX_BYTES, is_zip

# A zip that would grow beyond this many times its size holds no films: radiographs shrink two- to
# fivefold, empty ones excepted, which the base allows for.
MOST_GROWTH = 100
GROWTH_BASE = 1 << 30
MOST_MEMBERS = 100_000
_HIDDEN = re.compile(r"\.[^.]")
_DRIVE = re.compile(r"[A-Za-z]:")


class Unreadable(ValueError):
    """A file that cannot be opened; the sentence says why."""


@dataclass(frozen=True)
class Found:
    """A file to import. `read` gives its path or its bytes, or raises Unreadable."""

    name: str
    read: Callable[[], bytes | Path]


def films_in(paths: list[Path]) -> Iterator[Found]:
    """Each file, in a stable order; hidden files of a folder, which the system leaves, are not.

    Nothing is read before the caller asks, so that going through all of them only to count is
    cheap. Read a member of an archive before going on to the next.
    """
    for path in paths:
        yield from _in_path(path)


def _unreadable(name: object, sentence: str) -> Found:
    def read() -> bytes:
        raise Unreadable(sentence)

    return Found(str(name), read)


def _file(path: Path) -> Found:
    return Found(str(path), lambda: path)


def _in_path(path: Path) -> Iterator[Found]:
    try:
        kind = path.stat().st_mode
    except OSError as error:
        yield _unreadable(path, f"The path cannot be opened ({error.strerror}).")
        return
    if stat.S_ISDIR(kind):
        yield from _in_folder(path)
    else:
        yield from _in_file(path)


def _in_folder(path: Path) -> Iterator[Found]:
    """What is below, and a line for each folder that is not gone through."""
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        yield from _closed_folders(closed)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield from _in_file(Path(folder) / name)
        for linked in (Path(folder) / name for name in folders):
            if linked.is_symlink():  # which may lead round in a circle
                yield _unreadable(
                    linked, "This is a link to a folder and is not followed; import that folder."
                )
    yield from _closed_folders(closed)


def _closed_folders(closed: list[OSError]) -> Iterator[Found]:
    while closed:
        error = closed.pop(0)
        yield _unreadable(error.filename, f"The folder cannot be opened ({error.strerror}).")


def _in_file(path: Path) -> Iterator[Found]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            yield _unreadable(path, "This is no ordinary file.")
            return
        with path.open("rb") as file:
            beginning = file.read(4)
    except OSError as error:
        yield _unreadable(path, f"The file cannot be opened ({error.strerror}).")
        return
    if is_zip(beginning):
        yield from _in_zip(path)
    else:
        yield _file(path)


def _in_zip(path: Path) -> Iterator[Found]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        yield _unreadable(path, "The zip archive is damaged.")
        return
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        size = sum(member.file_size for member in members)
        if size > GROWTH_BASE + MOST_GROWTH * path.stat().st_size or len(members) > MOST_MEMBERS:
            yield _unreadable(path, "The zip archive would unpack to an absurd size.")
            return
        for member in members:
            if not any(map(_HIDDEN.match, _inner(member).parts)):
                name = f"{path}!{member.filename}"
                yield Found(name, partial(_read_member, archive, member))


def _inner(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """One member's bytes, in memory: nothing of an archive is ever written under its own name."""
    inner = _inner(member)
    if inner.is_absolute() or ".." in inner.parts or _DRIVE.match(str(inner)):
        raise Unreadable("The name leads out of the archive.")
    if member.flag_bits & 1:
        raise Unreadable("The archive is encrypted; unpack it first.")
    if member.file_size > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        with archive.open(member) as file:
            data = file.read(MAX_BYTES + 1)
    except Exception as error:  # every way of packing raises its own, and so does a broken name
        raise Unreadable("The archive is damaged here: the file cannot be read.") from error
    if is_zip(data):
        raise Unreadable("This is an archive within an archive; unpack it first.")
    return data

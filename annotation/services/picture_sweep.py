"""Remove the pictures that no film stands for: what a kill between writing and commit leaves.

The picture is written inside the film's transaction. When the process is killed there, the database
takes the row back and nobody takes the file back; a kill after a discard leaves the picture that
was to be deleted. Numbers are never given twice, so such a file is never shown, but it stays a
patient's film that nobody asked to keep.
"""

import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotation.models import Radiograph
from annotation.models.radiograph import RadiographQuerySet
from annotation.services import audit
from annotation.services.film_pictures import nobody_writes

# A film that is being stored is seconds old; nothing that is younger than this is looked at.
LEAST_AGE_SECONDS = 3600

_OF_A_FILM = re.compile(r"(\d+)(?:\.corrected)?\.(?:jls|jpg)")
_HALF_WRITTEN = re.compile(r"\..*\.part")


@dataclass(frozen=True)
class Sweep:
    """What was removed, and the numbers of films in use whose picture is missing."""

    removed: tuple[str, ...]
    missing: tuple[int, ...]


def sweep(*, older_than: float = LEAST_AGE_SECONDS) -> Sweep:
    """Remove pictures without a film, of discarded films, and half written ones; each is audited.

    `older_than` is the least age in seconds. Films may come in and be decided on meanwhile.
    A film in use without its picture is only reported: nothing but a backup brings it back.
    """
    before = time.time() - older_than
    old = sorted(_old_files(Path(settings.PICTURES), before))
    in_use = _in_use()
    removed = [path.name for path in old if path.name not in in_use and _is_removed(path, before)]
    # Asked again: one that was set right or discarded since has another picture, or needs none.
    missing = [number for number in _lacking(_kept()) if any(_lacking(_kept().filter(pk=number)))]
    return Sweep(tuple(removed), tuple(missing))


def _kept() -> RadiographQuerySet:
    return Radiograph.objects.kept().only("corrected").order_by("pk")


def _in_use() -> set[str]:
    """The names of pictures and previews that films have now."""
    paths = ((film.picture_path, film.preview_path) for film in _kept().iterator())
    return {path.name for both in paths for path in both}


def _lacking(films: RadiographQuerySet) -> Iterator[int]:
    return (film.pk for film in films.iterator() if not film.picture_path.exists())


def _old_files(folder: Path, before: float) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if _is_old(path, before))


def _is_old(path: Path, before: float) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:  # it got its name, or was removed with its film, in this moment
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime < before


def _is_removed(path: Path, before: float) -> bool:
    """Look again while nobody can write that picture; remove it where still no film needs it."""
    of_film = _OF_A_FILM.fullmatch(path.name)
    if not of_film and not _HALF_WRITTEN.fullmatch(path.name):
        return False
    number = int(of_film[1]) if of_film else None
    with transaction.atomic():
        if number is not None:
            if not nobody_writes(number):
                return False
            film = _kept().filter(pk=number).first()
            if film and path.name in (film.picture_path.name, film.preview_path.name):
                return False
        if not _is_old(path, before):
            return False
        audit.record(
            actor=None, action="picture.swept", subject=Radiograph(pk=number), file=path.name
        )
        path.unlink(missing_ok=True)
    return True

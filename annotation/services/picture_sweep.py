"""Remove the pictures that no film stands for: what a kill between writing and commit leaves.

The picture is written inside the film's transaction. When the process is killed there, the database
takes the row back and nobody takes the file back; a kill after a discard leaves the picture that
was to be deleted. Numbers are never given twice, so such a file is never shown, but it stays a
patient's film that nobody asked to keep.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotation.models import Radiograph
from annotation.services import audit

# An import that is still at work is seconds old; nothing that is younger than this is touched.
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

    `older_than` is the least age in seconds. A film in use without its picture is only reported:
    nothing but a backup brings it back.
    """
    before = time.time() - older_than
    kept = Radiograph.objects.kept()
    removed = []
    for path in sorted(_old_files(Path(settings.PICTURES), before)):
        of_film = _OF_A_FILM.fullmatch(path.name)
        if of_film and _stands_for(kept.filter(pk=int(of_film[1])).first(), path.name):
            continue
        if of_film or _HALF_WRITTEN.fullmatch(path.name):
            _remove(path, int(of_film[1]) if of_film else None)
            removed.append(path.name)
    missing = [film.pk for film in kept.order_by("pk") if not film.picture_path.exists()]
    return Sweep(tuple(removed), tuple(missing))


def _stands_for(film: Radiograph | None, name: str) -> bool:
    """Whether the file is the film's picture or preview as it is, not as it was once."""
    return film is not None and name in (film.picture_path.name, film.preview_path.name)


def _old_files(folder: Path, before: float) -> Iterator[Path]:
    if folder.is_dir():
        yield from (
            path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before
        )


def _remove(path: Path, number: int | None) -> None:
    with transaction.atomic():
        audit.record(
            actor=None, action="picture.swept", subject=Radiograph(pk=number), file=path.name
        )
        path.unlink(missing_ok=True)

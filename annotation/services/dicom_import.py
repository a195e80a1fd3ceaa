"""The one way in for a film, whichever door it came through. Nothing is ever half stored.

The header that identifies the patient ends in `deidentify`; everything below it sees pseudonyms
only, and no sentence that is stored quotes the header.
"""

import logging
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.db.models import Q
from pydicom.dataset import Dataset

from annotation.models import FilmSource, Radiograph
from annotation.services import audit, own_identifier, unreadable_films
from annotation.services.deidentify import CannotDeidentify, deidentify
from annotation.services.film_files import Found, Unreadable, films_in
from annotation.services.film_pictures import FilmPictures
from annotation.services.film_row import add, centre_name, is_same_visit
from inference.dicom import (
    Calibrated,
    Film,
    FilmRefused,
    FilmUndecodable,
    described,
    quietly,
    read_calibrated,
    read_film,
)

log = logging.getLogger(__name__)

# The largest film (40 million pixels of 16 bits) takes up to 440 MB while it is read and coded; the
# web has four threads, and everything it holds must stay below 1.5 GB.
_AT_ONCE = 2
_at_work = threading.BoundedSemaphore(_AT_ONCE)


class Status(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


@dataclass(frozen=True)
class FileResult:
    """What became of a file and, in one sentence, why; `radiograph` is the row that stands for it.

    A film that no decoder can read is quarantined without a radiograph: there is no picture to
    keep, and the original must not be kept. It waits as an UnreadableFilm.
    """

    path: str
    status: Status
    reason: str = ""
    radiograph: int | None = None


def import_paths(
    paths: list[Path], *, centre: str | None = None, actor: User | None = None
) -> Iterator[FileResult]:
    """Import every file below the paths, one result each; one bad file stops no other.

    While one film is stored the next is read already, in a thread that never sees the database.
    """
    files = films_in(paths)

    def read_next() -> _ReadAhead | None:
        found = next(files, None)
        return _read_ahead(found) if found else None

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as ahead:
        reading = ahead.submit(read_next)
        while one := reading.result():
            reading = ahead.submit(read_next)
            yield import_film(one.source, name=one.name, centre=centre, actor=actor, read=one.came)


@dataclass(frozen=True)
class _ReadAhead:
    """A file, and the film in it or what was raised when it was looked for."""

    name: str
    source: bytes | Path
    came: Film | Exception


def _read_ahead(found: Found) -> _ReadAhead:
    source: bytes | Path = b""
    try:
        source = found.read()
        return _ReadAhead(found.name, source, read_film(source))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is raised where it belongs
        return _ReadAhead(found.name, source, error)


def import_film(
    source: bytes | Path,
    *,
    name: str,
    centre: str | None = None,
    actor: User | None = None,
    read: Film | Exception | None = None,
) -> FileResult:
    """Read, de-identify and store one film. Raises only when the database or the disk fails.

    Of more than two at once the others wait, whichever doors of this process they came through.
    `centre` is the hospital's name in results; without it that of the account, and without that
    the institution's pseudonym. `read` is what `read_film` gave or raised, where it was read ahead.
    """
    centre = centre or _centre_of(actor)
    try:
        with _at_work:
            return _import(source, read, name=name, centre=centre, actor=actor)
    except Exception as error:
        if isinstance(error, OSError | DatabaseError) and not isinstance(error, DataError):
            raise
        # Where it happened, and not what was said: that may quote the header.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("A film could not be read (%s).\n%s", type(error).__name__, where)
        return FileResult(
            name,
            Status.REFUSED,
            "The file cannot be read: it is damaged in a way that is not known yet.",
        )


def _import(
    source: bytes | Path,
    read: Film | Exception | None,
    *,
    name: str,
    centre: str | None,
    actor: User | None,
) -> FileResult:
    with FilmPictures() as pictures:
        try:
            own = _given(read) if read else read_calibrated(source)
            clean = _deidentified(own.header)
            known = _same_film(own)
            if known and not own_identifier.is_found(known, own, clean, centre):
                return _duplicate(name, known, own, clean, centre, actor)
            pictures.begin(own.pixels)  # while its pixels are looked at
            film = own if isinstance(own, Film) else described(own)
        except (FilmRefused, CannotDeidentify, Unreadable) as error:
            return FileResult(name, Status.REFUSED, str(error))
        except FilmUndecodable as error:
            return _unreadable(source, error, name=name, centre=centre, actor=actor)
        except OSError as error:
            return FileResult(name, Status.REFUSED, f"The file cannot be read ({error.strerror}).")
        try:
            store = partial(own_identifier.give, known) if known else _store
            radiograph = store(film, clean, pictures, centre=centre, actor=actor)
        except IntegrityError:
            # Another process stored this film, or its identifier, a moment ago: now it can be seen.
            pictures.remove()
            if known := _same_film(film):
                return _duplicate(name, known, film, clean, centre, actor)
            radiograph = _store(film, clean, pictures, centre=centre, actor=actor)
    ready = radiograph.state == Radiograph.State.READY
    status = Status.IMPORTED if ready else Status.QUARANTINED
    return FileResult(name, status, radiograph.reason, radiograph.pk)


def _given(read: Film | Exception) -> Film:
    if isinstance(read, Exception):
        raise read
    return read


def _centre_of(actor: User | None) -> str | None:
    source = FilmSource.objects.filter(account=actor).first() if actor else None
    return source.centre if source else None


def _deidentified(header: Dataset) -> Dataset:
    with quietly():
        return deidentify(
            header,
            settings.PSEUDONYM_KEY,
            retain_intervals=settings.RETAIN_INTERVALS,
            retain_characteristics=settings.RETAIN_PATIENT_CHARACTERISTICS,
        )


def _unreadable(
    source: bytes | Path,
    error: FilmUndecodable,
    *,
    name: str,
    centre: str | None,
    actor: User | None,
) -> FileResult:
    """Note the film, so that somebody sends it again."""  # fmt: skip
    if error.header is None:
        return FileResult(name, Status.REFUSED, str(error))
    try:
        clean = _deidentified(error.header)
    except CannotDeidentify as lacking:
        return FileResult(name, Status.REFUSED, f"{error} {lacking}")
    with quietly():
        noted = unreadable_films.note(
            source, header=error.header, clean=clean, centre=centre_name(clean, centre),
            reason=str(error), actor=actor,
        )  # fmt: skip
    if noted.radiograph:
        said = " ".join((str(error), _SAID[noted.radiograph.state]))
        return FileResult(name, Status.DUPLICATE, said, noted.radiograph.pk)
    return FileResult(name, Status.QUARANTINED, str(error))


def _same_film(film: Calibrated) -> Radiograph | None:
    """Of the same picture, else of the same exposure under another one."""
    films = Radiograph.objects.known().filter(
        Q(pixel_sha256=film.pixel_sha256) | Q(codes_sha256=film.codes_sha256)
    )
    return min(films, key=lambda known: known.pixel_sha256 != film.pixel_sha256, default=None)


_SAID: dict[str, str] = {
    Radiograph.State.READY: "This film is already here.",
    Radiograph.State.QUARANTINED: "This film is already here and waits for a decision.",
    Radiograph.State.DISCARDED: "This film was discarded by a person and stays out.",
}


def _duplicate(
    name: str,
    known: Radiograph,
    film: Calibrated,
    clean: Dataset,
    centre: str | None,
    actor: User | None,
) -> FileResult:
    """The film is here: nobody waits for it; whose it is, and how it looks, must not differ unsaid.

    The first picture stays: points and grades may be of it.
    """
    said = _SAID[known.state]
    with transaction.atomic():
        if known.state != Radiograph.State.DISCARDED:
            unreadable_films.arrived(known, str(clean.SOPInstanceUID))
        if not is_same_visit(known, clean, centre):
            other = (
                "It is here under another patient or day than it came with now; "
                "ask the sender which is right."
            )
            said = f"{said} {other}"
            audit.record(
                actor=actor, action="radiograph.came_otherwise", subject=known,
                patient=str(clean.PatientID), day=str(clean.StudyDate),
            )  # fmt: skip
        if known.pixel_sha256 != film.pixel_sha256:
            looks = (
                "It came with another window, polarity or orientation than before; the first "
                "picture stays."
            )
            said = f"{said} {looks}"
            audit.record(
                actor=actor, action="radiograph.came_shown_otherwise", subject=known,
                pixel_sha256=film.pixel_sha256,
            )  # fmt: skip
    return FileResult(name, Status.DUPLICATE, said, known.pk)


def _store(
    film: Film, clean: Dataset, pictures: FilmPictures, *, centre: str | None, actor: User | None
) -> Radiograph:
    """Row, picture and preview in one transaction: all of them are there afterwards, or none."""
    with transaction.atomic():
        radiograph = add(film, clean, centre)
        pictures.write(radiograph, film.glance, film.window)
        audit.record(
            actor=actor, action=f"radiograph.{_verb(radiograph)}", subject=radiograph,
            reason=radiograph.reason, device=radiograph.device,
        )  # fmt: skip
        unreadable_films.arrived(radiograph)
    return radiograph


def _verb(radiograph: Radiograph) -> str:
    return "imported" if radiograph.state == Radiograph.State.READY else "quarantined"

"""The one way in for a film, whichever door it came through. Nothing is ever half stored.

The header that identifies the patient ends in `deidentify`; everything below it sees pseudonyms
only, and no sentence that is stored quotes the header.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pydicom.dataset import Dataset

from annotation.models import Centre, FilmSource, Patient, Radiograph, Visit
from annotation.services import audit, patient_split, unreadable_films
from annotation.services.deidentify import CannotDeidentify, deidentify
from annotation.services.film_files import Found, Unreadable, films_in
from annotation.services.film_pictures import FilmPictures
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

CONFLICT = "Another film with the same identifier (SOP Instance UID) has other pixels."


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

    `centre` is the hospital's name in results; without it that of the account, and without that
    the institution's pseudonym. `read` is what `read_film` gave or raised, where it was read ahead.
    """
    centre = centre or _centre_of(actor)
    with FilmPictures() as pictures:
        try:
            own = _given(read) if read else read_calibrated(source)
            clean = _deidentified(own.header)
            if known := _same_pixels(own):
                return _duplicate(name, known)
            pictures.begin(own.pixels)  # while its pixels are looked at
            film = own if isinstance(own, Film) else described(own)
        except (FilmRefused, CannotDeidentify, Unreadable) as error:
            return FileResult(name, Status.REFUSED, str(error))
        except FilmUndecodable as error:
            return _unreadable(source, error, name=name, centre=centre, actor=actor)
        except OSError as error:
            return FileResult(name, Status.REFUSED, f"The file cannot be read ({error.strerror}).")
        try:
            radiograph = _store(film, clean, pictures, centre=centre, actor=actor)
        except IntegrityError:
            # Another process stored this film, or its identifier, a moment ago: now it can be seen.
            pictures.remove()
            if known := _same_pixels(film):
                return _duplicate(name, known)
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
        unreadable_films.note(
            source, header=error.header, clean=clean, centre=_centre_name(clean, centre),
            reason=str(error), actor=actor,
        )  # fmt: skip
    return FileResult(name, Status.QUARANTINED, str(error))


def _same_pixels(film: Calibrated) -> Radiograph | None:
    return Radiograph.objects.filter(pixel_sha256=film.pixel_sha256).first()


def _duplicate(name: str, known: Radiograph) -> FileResult:
    said = {
        Radiograph.State.READY: "This film is already here.",
        Radiograph.State.QUARANTINED: "This film is already here and waits for a decision.",
        Radiograph.State.DISCARDED: "This film was discarded by a person and stays out.",
    }
    return FileResult(name, Status.DUPLICATE, said[Radiograph.State(known.state)], known.pk)


def _doubts(film: Film, sop_uid: str) -> str:
    """Why a person must look at the film before it is read; empty when nobody has to."""
    rivals = Radiograph.objects.filter(sop_uid=sop_uid).exclude(state=Radiograph.State.DISCARDED)
    return " ".join((CONFLICT, *film.doubts) if rivals.exists() else film.doubts)


def _store(
    film: Film, clean: Dataset, pictures: FilmPictures, *, centre: str | None, actor: User | None
) -> Radiograph:
    """Row, picture and preview in one transaction: all of them are there afterwards, or none."""
    with transaction.atomic():
        radiograph = _row(film, clean, _visit(clean, centre), centre)
        radiograph.save()
        pictures.write(radiograph, film.glance, film.window)
        audit.record(
            actor=actor, action=f"radiograph.{_verb(radiograph)}", subject=radiograph,
            reason=radiograph.reason, device=radiograph.device,
        )  # fmt: skip
        unreadable_films.arrived(radiograph)
    return radiograph


def _verb(radiograph: Radiograph) -> str:
    return "imported" if radiograph.state == Radiograph.State.READY else "quarantined"


def _visit(clean: Dataset, centre: str | None) -> Visit:
    """The patient's visit of that day; a patient keeps the centre and the split of the first."""
    at, _ = Centre.objects.get_or_create(name=_centre_name(clean, centre))
    name = str(clean.PatientID)
    patient = Patient.objects.filter(pseudonym=name).first()
    if patient is None:  # two films at once: the second meets the constraint and is stored again
        patient = Patient.objects.create(
            pseudonym=name,
            centre=at,
            split=patient_split.draw(at, settings.PSEUDONYM_KEY),
            sex=str(clean.get("PatientSex", "")),
        )
    day = date.fromisoformat(str(clean.StudyDate))
    return Visit.objects.get_or_create(patient=patient, date=day)[0]


def _another_person(visit: Visit, clean: Dataset, centre: str | None) -> str:
    """Why the film may belong to somebody else who has the same number; empty when it does not.

    Two hospitals give the same numbers to different people, and PatientID is all there is.
    """
    known, sex = visit.patient, str(clean.get("PatientSex", ""))
    if known.centre.name != _centre_name(clean, centre):
        return (
            f"This patient number came from {known.centre.name} before: accept the film only if "
            "it is the same person, else discard it."
        )
    if known.sex and sex and known.sex != sex:
        return (
            "This patient number came with another sex before: accept the film only if it is the "
            "same person, else discard it."
        )
    return ""


def _centre_name(clean: Dataset, centre: str | None) -> str:
    return (centre or str(clean.InstitutionName))[:64]


def _row(film: Film, clean: Dataset, visit: Visit, centre: str | None) -> Radiograph:
    height, width = film.pixels.shape
    doubts = [_doubts(film, str(clean.SOPInstanceUID)), _another_person(visit, clean, centre)]
    reason = " ".join(doubt for doubt in doubts if doubt)
    return Radiograph(
        visit=visit,
        region=film.region or "",
        state=Radiograph.State.QUARANTINED if reason else Radiograph.State.READY,
        reason=reason,
        sop_uid=str(clean.SOPInstanceUID),
        pixel_sha256=film.pixel_sha256,
        width=width,
        height=height,
        spacing_mm=film.spacing_mm,
        spacing_plane=film.spacing_plane or "",
        window_center=film.window.center,
        window_width=film.window.width,
        manufacturer=str(clean.get("Manufacturer", "")),
        scanner=str(clean.get("ManufacturerModelName", "")),
        device=str(clean.DeviceSerialNumber),
        facing=film.facing or "",
        turned=film.turned,
        recipe=film.recipe,
    )

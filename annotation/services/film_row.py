"""A film's row in the database, its patient and its visit, from what is left of its header."""

from datetime import date

from pydicom.dataset import Dataset

from annotation.models import Patient, Radiograph, Visit
from annotation.services import patient_number
from annotation.services.patient_number import Came
from inference.dicom import Film

CONFLICT = "Another film with the same identifier (SOP Instance UID) has other pixels."
ASKS_PERSON = (
    "This patient number came from another hospital or with another sex before: say whether it is "
    "the same person."
)
"""Always the last sentence of a reason."""


def came_with(clean: Dataset, centre: str | None) -> Came:
    """Number, hospital and sex, by which the patient is known."""
    sex = str(clean.get("PatientSex", ""))
    return Came(str(clean.PatientID), centre_name(clean, centre), sex)


def centre_name(clean: Dataset, centre: str | None) -> str:
    """The hospital as results name it: as it was told, else its pseudonym."""
    return (centre or str(clean.InstitutionName))[:64]


def judge(row: Radiograph, film: Film, clean: Dataset, *, asks_person: bool) -> None:
    """Give the row identifier, region and state as the film came: it waits where there is a doubt.

    `asks_person`: a person must say whose it is.
    """
    row.sop_uid, row.region = str(clean.SOPInstanceUID), film.region or ""
    has_rival = Radiograph.objects.kept().filter(sop_uid=row.sop_uid).exists()
    doubts = (CONFLICT * has_rival, *film.doubts, ASKS_PERSON * asks_person)
    row.reason = " ".join(doubt for doubt in doubts if doubt)
    row.state = Radiograph.State.QUARANTINED if row.reason else Radiograph.State.READY


def add(film: Film, clean: Dataset, centre: str | None) -> Radiograph:
    """A new row under its patient's visit of that day, in the caller's transaction."""
    came = came_with(clean, centre)
    patient, known_by = patient_number.whose(came)
    row = _row(film, clean, patient)
    row.known_by = known_by
    judge(row, film, clean, asks_person=known_by is None)
    row.save()
    patient_number.ask(row, None if known_by else came)
    return row


def _row(film: Film, clean: Dataset, patient: Patient) -> Radiograph:
    height, width = film.pixels.shape
    return Radiograph(
        visit=visit_on(_day(clean), patient),
        pixel_sha256=film.pixel_sha256,
        codes_sha256=film.codes_sha256,
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


def visit_on(day: date, patient: Patient) -> Visit:
    """The patient's visit of that day, a new one for a new day, locked until the transaction ends.

    Whoever adds a film or takes one away waits here for others who do: a visit that loses its last
    film is removed. The order is film, number, visit.
    """
    visits = Visit.objects.select_for_update(no_key=True)
    return visits.get_or_create(patient=patient, date=day)[0]


def is_same_visit(known: Radiograph, clean: Dataset, centre: str | None) -> bool:
    """Whether the film comes under the day, and a patient, that it is here under."""
    came = came_with(clean, centre)
    sure = patient_number.known(came)
    can_be = [sure] if sure else patient_number.people(came.number)
    return known.visit.date == _day(clean) and known.visit.patient in can_be


def _day(clean: Dataset) -> date:
    return date.fromisoformat(str(clean.StudyDate))

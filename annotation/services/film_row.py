"""A film's row in the database, its patient and its visit, from what is left of its header."""

from datetime import date

from django.conf import settings
from pydicom.dataset import Dataset

from annotation.models import Centre, Patient, Radiograph, Visit
from annotation.services import patient_split
from inference.dicom import Film

CONFLICT = "Another film with the same identifier (SOP Instance UID) has other pixels."


def visit_of(clean: Dataset, centre: str | None) -> Visit:
    """The patient's visit of that day; a patient keeps the centre and the split of the first."""
    at, _ = Centre.objects.get_or_create(name=centre_name(clean, centre))
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
    if known.centre.name != centre_name(clean, centre):
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


def centre_name(clean: Dataset, centre: str | None) -> str:
    """The hospital as results name it: as it was told, else its pseudonym."""
    return (centre or str(clean.InstitutionName))[:64]


def _doubts(film: Film, sop_uid: str) -> str:
    """Why a person must look at the film before it is read; empty when nobody has to."""
    rivals = Radiograph.objects.kept().filter(sop_uid=sop_uid)
    return " ".join((CONFLICT, *film.doubts) if rivals.exists() else film.doubts)


def row_of(film: Film, clean: Dataset, visit: Visit, centre: str | None) -> Radiograph:
    """A new row, not saved yet, which waits where there is a doubt."""
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


def is_same_visit(known: Radiograph, clean: Dataset) -> bool:
    """Whether the film comes under the patient and the day that it is here under."""
    day = date.fromisoformat(str(clean.StudyDate))
    return (known.visit.patient.pseudonym, known.visit.date) == (str(clean.PatientID), day)

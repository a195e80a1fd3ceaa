"""Whose a film is, by the number, the hospital and the sex that it came with.

All numbers here are pseudonyms of numbers.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from annotation.models import Centre, Patient, PatientNumber, PersonAsked, Radiograph
from annotation.services import patient_split
from annotation.services.deidentify import another_pseudonym


@dataclass(frozen=True)
class Came:
    """What a film has to know its patient by; the sex is empty where the header does not say it."""

    number: str
    centre: str
    sex: str


def known(came: Came) -> Patient | None:
    """Who it is; None when the number is new there, or may be of somebody else.

    Without a sex it is whoever is known there, if that is one person, and a person of whom no sex
    is known may have any.
    """
    here = PatientNumber.objects.standing().filter(number=came.number, centre__name=came.centre)
    patients = [(row.sex, row.patient) for row in here.select_related("patient")]
    for sex, patient in patients:
        if came.sex and sex == came.sex:
            return patient
    fitting = {one for _, one in patients if came.sex in ("", one.sex) or not one.sex}
    return fitting.pop() if len(fitting) == 1 else None


def people(number: str) -> list[Patient]:
    """Everybody who came under this number anywhere, the first to come first.

    One of whom a study has a film is there also when the answer was taken back, one without any
    film is not.
    """
    patients = Patient.objects.select_related("centre")
    # Two questions, each of an index: one with OR would look at every patient.
    named = patients.filter(pseudonym=number)
    numbered = patients.filter(numbers__number=number, visits__isnull=False)
    return list(named.union(numbered).order_by("pk"))


def first(number: str) -> Patient | None:
    """Who came first under the number; None for a new one.

    Others who ask or say who came under it wait until the transaction ends. The order is film,
    number, visit.
    """
    named = Patient.objects.select_for_update(no_key=True, of=("self",))
    return named.select_related("centre").filter(pseudonym=number).first()


def whose(came: Came) -> tuple[Patient, PatientNumber | None]:
    """The patient, a new one for a new number, and by what that is known.

    Where a person must say, it is the first who came under the number, and known by nothing.
    IntegrityError when the number came for the first time in this moment.
    """
    sure: Patient | None
    if (earlier := first(came.number)) is None:
        sure = _new(came, came.number)
    elif (sure := known(came)) is None:
        return earlier, None
    return sure, remember(came, sure)


def remember(came: Came, patient: Patient, *, told: bool = False) -> PatientNumber:
    """From now on this is the patient; one whose sex is not known gets it. The number is locked.

    `told`: a person says so, and nothing else does.
    """
    key: dict[str, Any] = {
        "number": came.number,
        "centre": _at(came),
        "sex": came.sex,
        "patient": patient,
    }
    standing = PatientNumber.objects.standing().filter(**key).order_by("told")
    row = None if told else standing.first()
    if row is None:
        row, _ = PatientNumber.objects.update_or_create(
            **key, told=told, defaults={"taken_back": False}
        )
    if came.sex and not patient.sex:
        patient.sex = came.sex
        patient.save(update_fields=["sex"])
    return row


def ask(film: Radiograph, came: Came | None) -> None:
    """Have a person say whose the film is that came so; nobody, with None."""
    if came is None:
        PersonAsked.objects.filter(radiograph=film).delete()
        return
    PersonAsked.objects.update_or_create(
        radiograph=film,
        defaults={"number": came.number, "centre": _at(came), "sex": came.sex},
    )


def another(came: Came) -> Patient:
    """A new patient beside those who came under this number, with a pseudonym and split of its own.

    The pseudonym follows from number, hospital and sex, and on the n-th like that from n. One who
    has no film any more, since an answer was taken back, is used again: the split was drawn.
    """
    nth = 0
    while found := Patient.objects.filter(pseudonym=(name := _pseudonym(came, nth))).first():
        if not found.visits.exists():
            return found
        nth += 1
    return _new(came, name)


def _pseudonym(came: Came, nth: int) -> str:
    own = f"{came.centre}\0{came.sex}\0{nth}"
    return another_pseudonym(came.number, own, settings.PSEUDONYM_KEY)


def _new(came: Came, name: str) -> Patient:
    at = _at(came)
    split = patient_split.draw(at, settings.PSEUDONYM_KEY)
    return Patient.objects.create(pseudonym=name, centre=at, split=split, sex=came.sex)


def _at(came: Came) -> Centre:
    return Centre.objects.get_or_create(name=came.centre)[0]

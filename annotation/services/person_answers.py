"""A person says whose a waiting film is; what waited for the same answer need not ask again."""

from django.contrib.auth.models import User

from annotation.errors import BadInput, Conflict
from annotation.models import Patient, PatientNumber, PersonAsked, Radiograph
from annotation.services import audit, patient_number
from annotation.services.film_row import ASKS_PERSON, CONFLICT, visit_on
from annotation.services.patient_number import Came

ANOTHER = "another"


def answer(film: Radiograph, *, person: str | None, actor: User) -> Came | None:
    """Put a waiting film under `person`, in the caller's transaction, which has locked it.

    `person` is the pseudonym of one who came under that number, 'another' for somebody new, or None
    for a film of which nobody asks. What the film came with, for `settle_others`. Raises BadInput
    without an answer, Conflict where it is too late for one.
    """
    asked = PersonAsked.objects.filter(radiograph=film).select_related("centre").first()
    if asked is None:
        if person is not None:
            raise Conflict("It is known whose film this is; reload the page.")
        return None
    if person is None:
        raise BadInput(
            "Say whether it is the same person as before or another one: the patient number came "
            "from another hospital or with another sex."
        )
    came = _came(asked)
    patient_number.first(came.number)  # two answers to one question wait for each other here
    sure = patient_number.known(came)
    patient = _patient(came, person, sure)
    asked.delete()
    put_under(film, patient, patient_number.remember(came, patient, told=sure is None))
    audit.record(
        actor=actor, action="radiograph.person_told", subject=film, number=came.number,
        centre=came.centre, sex=came.sex, patient=patient.pseudonym, answer=person,
    )  # fmt: skip
    return came


def settle_others(came: Came) -> None:
    """Put other waiting films of that number and hospital under whom they are known to be of now.

    One for which nothing else is to be settled is in use then.
    """
    asked = PersonAsked.objects.filter(number=came.number, centre__name=came.centre)
    for other in asked.select_related("centre").order_by("radiograph"):
        if whose := patient_number.known(_came(other)):
            _settle(other, whose)


def _came(asked: PersonAsked) -> Came:
    return Came(asked.number, asked.centre.name, asked.sex)


def _patient(came: Came, person: str, sure: Patient | None) -> Patient:
    if person == ANOTHER and sure is None:
        return patient_number.another(came)
    people = {one.pseudonym: one for one in patient_number.people(came.number)}
    chosen = people.get(person)
    if chosen is None or sure not in (None, chosen):
        raise Conflict("Somebody has said meanwhile whose this film is; reload the page.")
    return chosen


def put_under(film: Radiograph, patient: Patient, known_by: PatientNumber | None) -> None:
    """The waiting film's visit is the patient's of that day; the number is locked."""
    before = visit_on(film.visit.date, film.visit.patient)  # a film may be coming under it
    film.visit, film.known_by = visit_on(before.date, patient), known_by
    film.save(update_fields=["visit", "known_by"])
    if not before.radiographs.exists():
        before.delete()


def _settle(asked: PersonAsked, patient: Patient) -> None:
    """Another film that waited for the answer: it comes in when nothing else is to be settled."""
    film = Radiograph.objects.select_for_update(skip_locked=True).filter(pk=asked.radiograph_id)
    if (own := film.first()) is None:  # somebody decides on it in this moment
        return
    put_under(own, patient, patient_number.remember(_came(asked), patient))
    asked.delete()
    own.reason = own.reason.removesuffix(ASKS_PERSON).strip()
    if not own.reason and Radiograph.objects.ready().filter(sop_uid=own.sop_uid).exists():
        own.reason = CONFLICT
    own.state = Radiograph.State.QUARANTINED if own.reason else Radiograph.State.READY
    own.save(update_fields=["state", "reason"])
    audit.record(
        actor=None, action="radiograph.person_known", subject=own, patient=patient.pseudonym,
        reason=own.reason,
    )  # fmt: skip

"""A wrong answer to whose a film is is taken back: whatever came in by it asks again.

Save what a study or a deck has: its reads are of films of one patient, places and frozen snapshots
are drawn by patients, and so these films stay with theirs. Either way nobody is known by the answer
any more, and the next film of that number asks.
"""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import Patient, PatientNumber, Radiograph, StudyFilm
from annotation.services import audit, patient_number, person_answers, undone_decisions
from annotation.services.film_row import ASKS_PERSON
from annotation.services.patient_number import Came
from annotation.services.undone_decisions import LONGEST_REASON


@dataclass(frozen=True)
class Answer:
    """What a person said of whose films are, and what becomes of those when it is taken back."""

    rows: list[PatientNumber]
    asks: list[Radiograph]
    stays: dict[int, str]
    """Film to the name of the first study, or deck, that has it."""

    @property
    def said(self) -> PatientNumber:
        """Under which number, where, and who."""
        return self.rows[0]


def answer_of(radiograph: int) -> Answer:
    """The answer by which a film came in. Raises NotFound; Conflict where nobody was asked."""
    rows = _rows(radiograph)
    return _answer(rows, list(_films(rows)))


def take_back(*, radiograph: int, reason: str, actor: User) -> Answer:
    """Have it asked again whose the film is, and each other that came in by the same answer.

    They wait under the first who came under the number. Those that a study has stay, see
    `Answer.stays`. Raises NotFound; BadInput without a reason; Conflict where nobody was asked, or
    where the same would be known at once without anybody being asked.
    """
    if not (reason := undone_decisions.sound(reason)):
        raise BadInput(
            f"Write why the answer is taken back, in at most {LONGEST_REASON} characters."
        )
    with transaction.atomic():
        # Locked before it is asked which a study has: one may be taking some in this moment.
        films = list(_films(_rows(radiograph)).select_for_update(of=("self",), no_key=True))
        patient_number.first(_rows(radiograph)[0].number)
        rows = _rows(radiograph)
        if list(_films(rows)) != films:
            raise Conflict("A film came in by this answer in this moment; try again.")
        answer = _answer(rows, films)
        came = [_ask(film, rows, reason, actor) for film in answer.asks]
        PatientNumber.objects.filter(pk__in=[row.pk for row in rows]).update(taken_back=True)
        earliest = patient_number.people(answer.said.number)[0]
        for film in answer.asks:
            person_answers.put_under(film, earliest, None)
        _forget_sex(answer.said.patient)
        _refuse_where_known(came)
        audit.record(
            actor=actor, action="patient_number.taken_back", subject=answer.said, reason=reason,
            number=answer.said.number, centre=answer.said.centre.name,
            patient=answer.said.patient.pseudonym, sexes=[row.sex for row in rows],
            films=[film.pk for film in answer.asks], stay=list(answer.stays),
        )  # fmt: skip
    return answer


def _rows(radiograph: int) -> list[PatientNumber]:
    """What is known by the answer by which a film came in, the answer first.

    A film without a sex, say, is known by a row of its own where an answer about another one leaves
    nobody else: that row goes with the last answer about the patient at that hospital.
    """
    kept = Radiograph.objects.kept().select_related("known_by__patient").filter(pk=radiograph)
    if (film := kept.first()) is None:
        raise NotFound
    own = film.known_by
    if own is None or not own.is_by_answer:
        raise Conflict(
            "Nobody was asked whose this film is. If it is another patient's, set it aside, "
            "discard it, let it come again, and have it sent with the right header."
        )
    theirs = PatientNumber.objects.standing().filter(
        number=own.number, centre=own.centre, patient=own.patient
    )
    rows = list(theirs.select_related("patient__centre", "centre").order_by("-told", "pk"))
    others_say_so = own.told and (own.is_home or any(row.told for row in rows if row != own))
    return [row for row in rows if row == own or not others_say_so]


def _films(rows: list[PatientNumber]) -> QuerySet[Radiograph]:
    films = Radiograph.objects.kept().filter(known_by__in=rows).order_by("pk")
    return films.select_related("known_by__centre", "visit__patient")


def _answer(rows: list[PatientNumber], films: list[Radiograph]) -> Answer:
    read = StudyFilm.objects.filter(radiograph__in=films).order_by("-study")
    stays = dict(read.values_list("radiograph", "study__name"))
    return Answer(rows, [film for film in films if film.pk not in stays], stays)


def _ask(film: Radiograph, rows: list[PatientNumber], reason: str, actor: User) -> Came:
    row = next(row for row in rows if row.pk == film.known_by_id)
    if film.state == Radiograph.State.READY:
        film.state = Radiograph.State.QUARANTINED
        audit.record(actor=actor, action="radiograph.set_aside", subject=film, reason=reason)
    film.reason = f"{film.reason} {ASKS_PERSON}".strip()
    film.save(update_fields=["state", "reason"])
    came = Came(row.number, row.centre.name, row.sex)
    patient_number.ask(film, came)
    return came


def _forget_sex(patient: Patient) -> None:
    """The patient's sex is the first that a film says which is still theirs."""
    said = patient.numbers.exclude(sex="").exclude(taken_back=True, films=None).order_by("pk")
    patient.sex = said.values_list("sex", flat=True).first() or ""
    patient.save(update_fields=["sex"])


def _refuse_where_known(came: list[Came]) -> None:
    """What is left may say of itself whose they are, and then nobody could answer otherwise."""
    if any(patient_number.known(one) for one in came):
        raise Conflict(
            "What else is known of this number at this hospital says at once whose these films "
            "are. Take the other answers about it back first, and decide on the films that wait."
        )

"""A wrong answer to whose a film is is taken back: nothing of it stays, and nothing is lost."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import (
    AuditRecord,
    Patient,
    PatientNumber,
    PersonAsked,
    Radiograph,
    Reading,
    Study,
    Visit,
)
from annotation.services import patient_number
from annotation.services.asked_again import answer_of, take_back
from annotation.services.film_row import ASKS_PERSON
from annotation.services.quarantine import accept, discard
from inference.correction import Correction
from tests.annotation import brought_films
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]


def bring(seed: int, centre: str = "Berlin", sex: str = "M", **attributes: Any) -> Radiograph:
    return the(brought_films.bring(seed, centre, sex, **attributes).radiograph)


def the(number: int | None) -> Radiograph:
    return Radiograph.objects.select_related("visit__patient").get(pk=number)


def whose(own: Radiograph) -> Patient:
    return the(own.pk).visit.patient


def everything() -> list[Any]:
    tables = (Radiograph, Patient, PatientNumber, PersonAsked, Visit, AuditRecord)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def said(own: Radiograph, person: str, actor: Any) -> None:
    accept(radiograph=own.pk, region="C", actor=actor, person=person)


def test_another_person_who_was_the_same_is_asked_about_again_and_becomes_the_same(
    admin: MakeUser,
) -> None:
    first, told = bring(0), bring(1, "Paris", "F", StudyDate="20150101")
    said(told, "another", admin())
    later, no_sex = bring(2, "Paris", "F"), bring(3, "Paris", "")
    frontal = bring(4, "Paris", "F", ViewPosition="AP")
    split = whose(told).split
    films = [told, later, no_sex, frontal]
    take_back(radiograph=told.pk, reason=" Paris writes F for all.\n", actor=admin())
    assert {the(own.pk).state for own in films} == {"quarantined"}
    assert {whose(own) for own in films} == {whose(first)}
    assert [the(own.pk).reason for own in films[:3]] == [ASKS_PERSON] * 3
    assert the(frontal.pk).reason == f"{frontal.reason} {ASKS_PERSON}"
    asked = PersonAsked.objects.order_by("radiograph_id").values_list("sex", "centre__name")
    assert list(asked) == [("F", "Paris"), ("F", "Paris"), ("", "Paris"), ("F", "Paris")]
    assert the(first.pk).state == "ready"
    assert patient_number.people(whose(first).pseudonym) == [whose(first)]
    record = AuditRecord.objects.get(action="patient_number.taken_back")
    assert (record.actor, record.detail["reason"]) == (admin(), "Paris writes F for all.")
    assert (record.detail["films"], record.detail["stay"]) == ([own.pk for own in films], [])
    assert AuditRecord.objects.filter(action="radiograph.set_aside").count() == 3
    assert bring(5, "Paris", "F").reason == ASKS_PERSON

    said(told, whose(first).pseudonym, admin())
    assert {whose(own) for own in films} == {whose(first)}
    assert {the(own.pk).state for own in films[:3]} == {"ready"}
    assert (the(frontal.pk).state, the(frontal.pk).reason) == ("quarantined", frontal.reason)
    # Asked once more, it is the same other patient, of the same split, and not a third one.
    take_back(radiograph=told.pk, reason="It is another one.", actor=admin())
    said(told, "another", admin())
    assert whose(told) != whose(first)
    assert (whose(told).split, Patient.objects.count()) == (split, 2)


def test_the_film_that_followed_from_an_answer_takes_it_back_as_well(admin: MakeUser) -> None:
    bring(0)
    told = bring(1, "Paris", "F")
    said(told, "another", admin())
    no_sex = bring(2, "Paris", "")
    answer = take_back(radiograph=no_sex.pk, reason="Wrong.", actor=admin())
    assert answer.asks == [told, no_sex]


def test_the_same_person_who_was_another_gets_films_and_sex_of_nobody_else(
    admin: MakeUser,
) -> None:
    first = bring(0, sex="")
    told = bring(1, "Paris", "F")
    said(told, whose(first).pseudonym, admin())
    assert whose(first).sex == "F"
    take_back(radiograph=told.pk, reason="Another woman.", actor=admin())
    assert whose(first).sex == ""
    said(told, "another", admin())
    assert whose(told) != whose(first)
    assert (whose(told).sex, the(told.pk).state) == ("F", "ready")
    assert bring(2, sex="M").state == "ready"
    assert whose(first).sex == "M"


def test_what_is_known_at_home_without_an_answer_stays(admin: MakeUser) -> None:
    first, told = bring(0), bring(1, sex="F")
    said(told, whose(first).pseudonym, admin())
    own = bring(2)
    take_back(radiograph=told.pk, reason="A woman.", actor=admin())
    assert [the(one.pk).state for one in (first, own, told)] == ["ready", "ready", "quarantined"]
    assert whose(first).sex == "M"


def test_what_was_known_before_it_was_also_said_stays(admin: MakeUser) -> None:
    """The first film had no sex; a later one without asks, since two people are known there."""
    first = bring(0, sex="")
    assert bring(1, sex="F").state == "ready"
    said(bring(2, sex="M"), "another", admin())
    told = bring(3, sex="")
    said(told, whose(first).pseudonym, admin())
    answer = take_back(radiograph=told.pk, reason="The other one.", actor=admin())
    assert answer.asks == [told]
    assert the(first.pk).state == "ready"


def man_woman_and_his_film_without_a_sex(actor: Any) -> tuple[Radiograph, Radiograph, Radiograph]:
    bring(0, sex="")
    man, woman = bring(1, "Paris", "M"), bring(2, "Paris", "F")
    said(woman, "another", actor)
    said(man, "another", actor)
    unknown = bring(3, "Paris", "")
    said(unknown, whose(man).pseudonym, actor)
    return man, woman, unknown


def test_one_of_two_answers_about_a_patient_is_taken_back_alone(admin: MakeUser) -> None:
    man, woman, unknown = man_woman_and_his_film_without_a_sex(admin())
    take_back(radiograph=unknown.pk, reason="The woman.", actor=admin())
    assert [the(one.pk).state for one in (man, woman, unknown)] == ["ready", "ready", "quarantined"]
    said(unknown, whose(woman).pseudonym, admin())
    assert whose(unknown) == whose(woman)


def test_another_answer_that_says_whose_it_is_must_be_taken_back_first(admin: MakeUser) -> None:
    """The film without a sex says that he came to Paris, and then the man's own film is his."""
    man, _, unknown = man_woman_and_his_film_without_a_sex(admin())
    before = everything()
    with pytest.raises(Conflict, match="Take the other answers about it back first"):
        take_back(radiograph=man.pk, reason="Wrong.", actor=admin())
    assert everything() == before
    for own in (unknown, man):
        take_back(radiograph=own.pk, reason="Wrong.", actor=admin())
    assert PersonAsked.objects.count() == 2


def test_a_film_that_was_in_use_and_is_then_changed_comes_in_as_a_new_one(
    admin: MakeUser,
) -> None:
    bring(0)
    told = bring(1, "Paris")
    said(told, "another", admin())
    take_back(radiograph=told.pk, reason="Wrong.", actor=admin())
    new = accept(
        radiograph=told.pk, region="C", actor=admin(), person="another",
        correction=Correction(mirrored=True),
    )  # fmt: skip
    assert new.pk != told.pk
    assert new.known_by == PatientNumber.objects.get(told=True)


def test_a_discarded_film_stays_out_and_asks_nothing(admin: MakeUser) -> None:
    bring(0)
    told, out = bring(1, "Paris"), bring(2, "Paris", ViewPosition="AP")
    said(told, "another", admin())
    discard(radiograph=out.pk, actor=admin())
    take_back(radiograph=told.pk, reason="Wrong.", actor=admin())
    assert the(out.pk).state == "discarded"
    assert PersonAsked.objects.get().radiograph_id == told.pk
    with pytest.raises(NotFound):
        take_back(radiograph=out.pk, reason="Wrong.", actor=admin())


@pytest.mark.parametrize("purpose", ["reading", "calibration"])
def test_a_film_that_a_study_has_stays_with_its_patient_and_the_next_one_asks(
    admin: MakeUser, study: MakeStudy, purpose: str
) -> None:
    first, told = bring(0), bring(1, "Paris")
    said(told, "another", admin())
    other, later = whose(told), bring(2, "Paris")
    made = study(films=[told], name="Spring")
    Study.of_any_purpose.filter(pk=made.pk).update(purpose=purpose)
    foreseen = answer_of(told.pk)
    assert (foreseen.asks, foreseen.stays) == ([later], {told.pk: "Spring"})
    readings = list(Reading.objects.values())
    assert take_back(radiograph=told.pk, reason="Wrong.", actor=admin()).stays == foreseen.stays
    assert (the(told.pk).state, whose(told)) == ("ready", other)
    assert (the(later.pk).state, whose(later)) == ("quarantined", whose(first))
    assert list(Reading.objects.values()) == readings
    assert AuditRecord.objects.get(action="patient_number.taken_back").detail["stay"] == [told.pk]
    assert bring(3, "Paris").reason == ASKS_PERSON
    with pytest.raises(Conflict, match="Nobody was asked"):
        take_back(radiograph=told.pk, reason="Again.", actor=admin())
    # Whoever has a film is still there to be chosen: taken back by mistake, it is said again.
    said(later, other.pseudonym, admin())
    assert whose(later) == other
    assert bring(4, "Paris").known_by == PatientNumber.objects.get(told=True, taken_back=False)


def test_only_an_answer_is_taken_back_and_only_for_a_reason(
    admin: MakeUser, film: MakeFilm
) -> None:
    first, told = bring(0), bring(1, "Paris")
    for waiting_or_new in (first, told, film()):
        with pytest.raises(Conflict, match="Nobody was asked"):
            take_back(radiograph=waiting_or_new.pk, reason="Wrong.", actor=admin())
    said(told, "another", admin())
    for reason in ("", " \n", "x" * 501):
        with pytest.raises(BadInput, match="Write why the answer"):
            take_back(radiograph=told.pk, reason=reason, actor=admin())
    with pytest.raises(NotFound):
        take_back(radiograph=999_999, reason="Wrong.", actor=admin())
    assert the(told.pk).state == "ready"


def test_the_database_lets_a_film_be_known_by_a_row_of_its_own_patient_only(
    admin: MakeUser, film: MakeFilm
) -> None:
    first, told = bring(0), bring(1, "Paris")
    said(told, "another", admin())
    with pytest.raises(IntegrityError, match="of another patient"), transaction.atomic():
        Radiograph.objects.filter(pk=told.pk).update(known_by=first.known_by)
    with pytest.raises(IntegrityError, match="of another patient"), transaction.atomic():
        film(known_by=first.known_by)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        PatientNumber.objects.filter(told=True).update(told=False)

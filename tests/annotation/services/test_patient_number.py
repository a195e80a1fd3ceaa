"""Two people with one number: whose a film is, asked once and known ever after."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.errors import BadInput, Conflict
from annotation.models import (
    AuditRecord,
    Centre,
    Patient,
    PatientNumber,
    PersonAsked,
    Radiograph,
    Visit,
)
from annotation.services.dicom_import import FileResult, Status
from annotation.services.film_row import ASKS_PERSON
from annotation.services.quarantine import accept, discard
from annotation.services.undone_decisions import forget
from tests.annotation.brought_films import bring
from tests.annotation.conftest import MakeFilm, MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]


def the(result: FileResult) -> Radiograph:
    return Radiograph.objects.select_related("visit__patient").get(pk=result.radiograph)


def whose(result: FileResult) -> Patient:
    return the(result).visit.patient


def told(result: FileResult, person: str, actor: Any) -> None:
    assert result.radiograph
    accept(radiograph=result.radiograph, region="C", actor=actor, person=person)


def test_the_next_film_of_a_known_patient_is_no_doubt() -> None:
    bring(0, centre="Berlin")
    assert bring(1, centre="Berlin").status == Status.IMPORTED
    assert Patient.objects.count() == 1


@pytest.mark.parametrize("other", [{"centre": "Paris"}, {"sex": "F"}])
def test_a_number_from_elsewhere_or_with_another_sex_waits_for_a_person(
    other: dict[str, str],
) -> None:
    bring(0)
    again = bring(1, **other)
    assert (again.status, again.reason) == (Status.QUARANTINED, ASKS_PERSON)
    asked = PersonAsked.objects.get()
    assert (asked.radiograph_id, asked.centre.name, asked.sex) == (
        again.radiograph, other.get("centre", "Berlin"), other.get("sex", "M"),
    )  # fmt: skip


def test_the_same_person_is_known_at_both_hospitals_from_then_on(admin: MakeUser) -> None:
    first, waiting = bring(0), bring(1, centre="Paris")
    told(waiting, whose(first).pseudonym, admin())
    assert the(waiting).state == "ready"
    later = [bring(2, centre="Paris"), bring(3), bring(4, centre="Paris", sex="")]
    assert {one.status for one in later} == {Status.IMPORTED}
    assert Patient.objects.count() == 1
    assert not PersonAsked.objects.exists()
    record = AuditRecord.objects.get(action="radiograph.person_told")
    assert (record.actor, record.detail["centre"]) == (admin(), "Paris")
    assert "1001" not in str(record.detail)


def test_another_person_is_a_patient_beside_the_first(admin: MakeUser) -> None:
    first, waiting = bring(0), bring(1, centre="Paris", sex="F", StudyDate="20150101")
    told(waiting, "another", admin())
    ada, eve = whose(first), whose(waiting)
    assert eve != ada
    assert (eve.centre.name, eve.sex) == ("Paris", "F")
    assert eve.pseudonym[0] == "P"
    assert len(eve.pseudonym) == len(ada.pseudonym)
    assert [visit.patient for visit in Visit.objects.order_by("patient")] == [ada, eve]
    later = [bring(2), bring(3, centre="Paris", sex="F"), bring(4, centre="Paris", sex="")]
    assert [whose(one) for one in later] == [ada, eve, eve]
    assert {one.status for one in later} == {Status.IMPORTED}
    again = bring(1, centre="Paris", sex="F", StudyDate="20150101")
    assert again.reason == "This film is already here."
    assert "another patient" in bring(1, StudyDate="20150101").reason


def test_the_other_persons_name_is_the_same_whenever_it_is_made(admin: MakeUser) -> None:
    names = []
    for _ in range(2):
        with transaction.atomic():
            bring(0)
            waiting = bring(1, centre="Paris")
            told(waiting, "another", admin())
            names.append(whose(waiting).pseudonym)
            transaction.set_rollback(True)
    assert names[0] == names[1]


def test_the_answer_settles_the_films_that_waited_for_it(admin: MakeUser) -> None:
    bring(0)
    first, same, no_sex = (
        bring(n, centre="Paris", sex=s) for n, s in ((1, "F"), (2, "F"), (3, ""))
    )
    frontal = bring(4, centre="Paris", sex="F", ViewPosition="AP")
    rival = bring(5, centre="Paris", sex="F", SOPInstanceUID="1.2.3.1")
    elsewhere, other_sex = bring(6, centre="Rome", sex="F"), bring(7, centre="Paris", sex="M")
    told(first, "another", admin())
    assert {the(one).state for one in (first, same, no_sex)} == {"ready"}
    assert {whose(one) for one in (first, same, no_sex, frontal, rival)} == {whose(first)}
    for one, why in ((frontal, "frontal"), (rival, "same identifier")):
        assert the(one).state == "quarantined"
        assert why in the(one).reason
        assert ASKS_PERSON not in the(one).reason
    assert set(PersonAsked.objects.values_list("radiograph", flat=True)) == {
        elsewhere.radiograph, other_sex.radiograph,
    }  # fmt: skip
    assert AuditRecord.objects.filter(action="radiograph.person_known").count() == 4


def test_a_film_whose_identifier_is_taken_by_the_one_let_in_waits_on(admin: MakeUser) -> None:
    bring(0)
    first, rival = bring(1, centre="Paris"), bring(2, centre="Paris", SOPInstanceUID="1.2.3.1")
    told(rival, "another", admin())
    assert the(rival).state == "ready"
    assert (the(first).state, whose(first)) == ("quarantined", whose(rival))
    assert "same identifier" in the(first).reason


def test_it_must_be_said_whose_it_is_and_only_where_it_is_asked(admin: MakeUser) -> None:
    first, waiting = bring(0), bring(1, centre="Paris")
    assert waiting.radiograph
    with pytest.raises(BadInput, match="same person as before or another"):
        accept(radiograph=waiting.radiograph, region="C", actor=admin())
    with pytest.raises(Conflict, match="meanwhile"):
        told(waiting, "P0123456789abcdef", admin())
    assert the(waiting).state == "quarantined"
    frontal = bring(2, ViewPosition="AP")
    with pytest.raises(Conflict, match="It is known"):
        told(frontal, whose(first).pseudonym, admin())


def test_an_answer_that_comes_too_late_is_not_taken(admin: MakeUser) -> None:
    """Somebody else has just answered, and did not wait for this film."""
    bring(0)
    first, late = bring(1, centre="Paris"), bring(2, centre="Paris")
    asked = PersonAsked.objects.get(radiograph=late.radiograph)
    told(first, "another", admin())
    Radiograph.objects.filter(pk=late.radiograph).update(state="quarantined", reason=ASKS_PERSON)
    asked.save(force_insert=True)
    with pytest.raises(Conflict, match="meanwhile"):
        told(late, "another", admin())
    told(late, whose(first).pseudonym, admin())
    assert the(late).state == "ready"


def test_without_a_sex_two_people_at_one_hospital_are_always_asked_about(admin: MakeUser) -> None:
    man, woman = bring(0), bring(1, sex="F")
    told(woman, "another", admin())
    for n, answer in ((2, man), (3, woman)):
        waiting = bring(n, sex="")
        assert waiting.reason == ASKS_PERSON
        told(waiting, whose(answer).pseudonym, admin())
        assert whose(waiting) == whose(answer)
    third = [bring(n, sex="") for n in (4, 5)]
    for one in third:
        told(one, "another", admin())
    assert len({whose(one) for one in (man, woman, *third)}) == 4


def test_a_patient_gets_the_sex_from_the_first_film_that_says_it(admin: MakeUser) -> None:
    first = bring(0, sex="")
    assert whose(first).sex == ""
    assert bring(1, sex="F").status == Status.IMPORTED
    assert whose(first).sex == "F"
    assert bring(2, sex="").status == Status.IMPORTED
    assert bring(3, sex="M").status == Status.QUARANTINED


def test_a_film_that_is_discarded_asks_nobody_and_asks_again_when_it_comes_again(
    admin: MakeUser,
) -> None:
    bring(0)
    number = bring(1, centre="Paris").radiograph
    assert number
    discard(radiograph=number, actor=admin())
    assert not PersonAsked.objects.exists()
    forget(radiograph=number, actor=admin())
    assert bring(1, centre="Paris").reason == ASKS_PERSON


def test_a_film_of_nobody_yet_gets_its_own_identifier_and_still_asks(admin: MakeUser) -> None:
    bring(0)
    rival = bring(1, centre="Paris", SOPInstanceUID="1.2.3.0")
    again = bring(1, centre="Paris")
    assert (again.radiograph, again.reason) == (rival.radiograph, ASKS_PERSON)
    told(again, "another", admin())
    assert the(again).state == "ready"


def test_each_new_patient_is_drawn_a_split_at_the_own_hospital(admin: MakeUser) -> None:
    bring(0)
    for n, sex in enumerate(("M", "F", "O"), start=1):
        told(bring(n, centre="Paris", sex=sex), "another", admin())
    paris = Centre.objects.get(name="Paris")
    assert paris.patients.count() == 3


def test_the_database_moves_no_film_in_use_and_lets_none_in_that_asks(film: MakeFilm) -> None:
    own, other = film(), film()
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Radiograph.objects.filter(pk=own.pk).update(visit=other.visit)
    waiting = film(state="quarantined", reason=ASKS_PERSON)
    Radiograph.objects.filter(pk=waiting.pk).update(visit=other.visit)
    PersonAsked.objects.create(radiograph=waiting, number="P1", centre=Centre.objects.get())
    with pytest.raises(IntegrityError, match="Nobody has said"), transaction.atomic():
        Radiograph.objects.filter(pk=waiting.pk).update(state="ready")


def test_the_database_knows_one_person_under_number_hospital_and_sex(film: MakeFilm) -> None:
    ada, eve = (film().visit.patient for _ in range(2))
    key = {"number": "P1", "centre": ada.centre, "sex": "F"}
    row = PatientNumber.objects.create(patient=ada, **key)
    with pytest.raises(IntegrityError, match="number_means_one_person"), transaction.atomic():
        PatientNumber.objects.create(patient=eve, **key)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        PatientNumber.objects.filter(pk=row.pk).update(patient=eve)


PEOPLE = {"ada": ("Berlin", "F"), "ben": ("Paris", "M"), "cem": ("Paris", "F")}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sends=st.permutations([name for name in PEOPLE for _ in range(3)]),
    without_sex=st.lists(st.booleans(), min_size=9, max_size=9),
    answered_at_once=st.booleans(),
    backwards=st.booleans(),
)
def test_in_whatever_order_they_come_every_film_ends_with_its_own_person(
    admin: MakeUser,
    sends: list[str],
    without_sex: list[bool],
    answered_at_once: bool,
    backwards: bool,
) -> None:
    """Three people under one number at two hospitals; only Berlin's films may lack a sex."""
    owner: dict[int, str] = {}

    def answers() -> None:
        order = "-radiograph" if backwards else "radiograph"
        while asked := PersonAsked.objects.order_by(order).first():
            ready = Radiograph.objects.ready().select_related("visit__patient")
            name = owner[asked.radiograph_id]
            theirs = [one for one in ready if owner[one.pk] == name]
            person = theirs[0].visit.patient.pseudonym if theirs else "another"
            accept(radiograph=asked.radiograph_id, region="C", actor=admin(), person=person)

    with transaction.atomic():
        for n, name in enumerate(sends):
            centre, sex = PEOPLE[name]
            sex = "" if without_sex[n] and centre == "Berlin" else sex
            number = bring(n, centre=centre, sex=sex).radiograph
            assert number
            owner[number] = name
            if answered_at_once:
                answers()
        answers()
        films = Radiograph.objects.select_related("visit__patient")
        assert {one.state for one in films} == {"ready"}
        who = {(owner[one.pk], one.visit.patient.pseudonym) for one in films}
        assert len(who) == Patient.objects.count() == len(PEOPLE)
        assert Visit.objects.count() == len(PEOPLE)
        transaction.set_rollback(True)

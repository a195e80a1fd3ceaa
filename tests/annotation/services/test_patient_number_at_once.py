"""Two films under one number that come at the same moment."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_save

from annotation.models import Patient, PatientNumber, PersonAsked, Radiograph, Visit
from annotation.services import asked_again, patient_number
from annotation.services.asked_again import take_back
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.film_pictures import FilmPictures
from annotation.services.patient_number import Came
from annotation.services.quarantine import accept
from tests.annotation.at_once import somebody_waits_for_a_lock
from tests.annotation.conftest import MakeStudy, MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("pictures")]


def bring(seed: int, sex: str, centre: str = "Berlin", day: str = "20140101") -> FileResult:
    ds = film(stored(seed=seed), PatientID="1", SOPInstanceUID=f"1.2.{seed}", PatientSex=sex)
    ds.StudyDate = day
    return import_film(as_bytes(ds), name="a", centre=centre)


def test_of_two_films_of_one_person_at_once_nobody_asks_whose_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other is stored when the number was asked about, and was new."""
    first, asked, others = patient_number.first, list[str](), list[FileResult]()

    def then_the_other_comes(number: str) -> Patient | None:
        found = first(number)
        asked.append(number)
        if len(asked) == 1:
            with ThreadPoolExecutor(1) as sender:
                others.append(sender.submit(comes, 0, "F").result(30))
        return found

    monkeypatch.setattr(patient_number, "first", then_the_other_comes)
    assert bring(1, "F").status == others[0].status == Status.IMPORTED
    assert Patient.objects.count() == 1


def comes(seed: int, sex: str, centre: str = "Berlin") -> FileResult:
    try:
        return bring(seed, sex, centre)
    finally:
        connection.close()


def test_a_man_and_a_woman_at_once_are_not_both_the_person_of_unknown_sex(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second comes when the first knows its person, and is not stored yet."""
    assert bring(0, "").status == Status.IMPORTED
    known, later = patient_number.known, list[Future[FileResult]]()

    with ThreadPoolExecutor(1) as sender:

        def then_the_other_comes(came: Came) -> Patient | None:
            patient = known(came)
            if not later:
                later.append(sender.submit(comes, 2, "M"))
                while not somebody_waits_for_a_lock():
                    assert not later[0].done()
            return patient

        monkeypatch.setattr(patient_number, "known", then_the_other_comes)
        results = [bring(1, "F"), later[0].result()]
    assert [one.status for one in results] == [Status.IMPORTED, Status.QUARANTINED]
    assert PersonAsked.objects.get().radiograph.state == "quarantined"


def test_a_film_comes_under_a_visit_that_an_answer_empties_in_that_moment(
    admin: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is there and not committed; the answer sees no film in the visit, and removes it."""
    ada = the(bring(0, "F")).visit.patient
    waiting, actor = the(bring(1, "F", "Paris", "20150101")), admin()
    is_removing, has_come = Event(), Event()
    delete, write = Visit.delete, FilmPictures.write

    def once_the_film_has_come(self: Visit) -> Any:
        is_removing.set()
        assert has_come.wait(30)
        return delete(self)

    def an_admin_answers() -> Radiograph:
        try:
            return accept(radiograph=waiting.pk, region="C", person="another", actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as web:

        def written_while_the_answer_is_given(self: FilmPictures, *what: Any) -> None:
            write(self, *what)
            answers.append(web.submit(an_admin_answers))
            while not is_removing.wait(0.01) and not somebody_waits_for_a_lock():
                assert not answers[0].done()

        answers: list[Future[Radiograph]] = []
        monkeypatch.setattr(Visit, "delete", once_the_film_has_come)
        monkeypatch.setattr(FilmPictures, "write", written_while_the_answer_is_given)
        came = bring(2, "F", "Berlin", "20150101")
        has_come.set()
        assert answers[0].result().state == "ready"
    assert came.status == Status.IMPORTED
    assert the(came).visit.patient == ada
    assert Radiograph.objects.get(pk=waiting.pk).visit.patient != ada
    assert Visit.objects.count() == 3


def test_a_film_comes_by_what_an_answer_says_in_that_moment(admin: MakeUser) -> None:
    """Both write under number, hospital and sex, and the patient's sex: neither waits for both."""
    ada = the(bring(0, "")).visit.patient
    waiting, actor = the(bring(1, "F", "Paris")), admin()
    paris = waiting.person_asked.centre
    # So it is when somebody decides on the waiting film while another one without a sex is told.
    PatientNumber.objects.create(number=ada.pseudonym, centre=paris, patient=ada)
    answers: list[Future[Radiograph]] = []

    def an_admin_answers() -> Radiograph:
        person = ada.pseudonym
        try:
            return accept(radiograph=waiting.pk, region="C", person=person, actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as web:

        def written_while_the_answer_is_given(**_: Any) -> None:
            if not answers:
                answers.append(web.submit(an_admin_answers))
                while not somebody_waits_for_a_lock():
                    assert not answers[0].done()

        post_save.connect(written_while_the_answer_is_given, sender=PatientNumber)
        try:
            came = bring(2, "F", "Paris")
        finally:
            post_save.disconnect(written_while_the_answer_is_given, sender=PatientNumber)
        assert answers[0].result().state == "ready"
    assert came.status == Status.IMPORTED
    assert {the(came).visit.patient, answers[0].result().visit.patient} == {ada}


def test_a_film_that_comes_while_an_answer_is_taken_back_asks_too(
    admin: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the number, and then looks whose it is."""
    bring(0, "F")
    waiting, actor = the(bring(1, "F", "Paris")), admin()
    accept(radiograph=waiting.pk, region="C", person="another", actor=actor)
    forget_sex, later = asked_again._forget_sex, list[Future[FileResult]]()

    with ThreadPoolExecutor(1) as sender:

        def while_a_film_comes(patient: Patient) -> None:
            later.append(sender.submit(comes, 2, "F", "Paris"))
            while not somebody_waits_for_a_lock():
                assert not later[0].done()
            forget_sex(patient)

        monkeypatch.setattr(asked_again, "_forget_sex", while_a_film_comes)
        take_back(radiograph=waiting.pk, reason="The same person.", actor=actor)
        assert later[0].result().status == Status.QUARANTINED
    assert PersonAsked.objects.count() == 2


def test_a_study_that_takes_a_film_while_its_answer_is_taken_back_has_it(
    admin: MakeUser, study: MakeStudy
) -> None:
    bring(0, "F")
    told, actor = the(bring(1, "F", "Paris")), admin()
    accept(radiograph=told.pk, region="C", person="another", actor=actor)

    def an_admin_takes_it_back() -> asked_again.Answer:
        try:
            return take_back(radiograph=told.pk, reason="Wrong.", actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as web:
        with transaction.atomic():
            study(films=[told], name="Spring")
            answer = web.submit(an_admin_takes_it_back)
            while not somebody_waits_for_a_lock():
                assert not answer.done()
        assert answer.result().stays == {told.pk: "Spring"}
    assert Radiograph.objects.get(pk=told.pk).state == "ready"


def the(result: FileResult) -> Radiograph:
    return Radiograph.objects.select_related("visit__patient").get(pk=result.radiograph)

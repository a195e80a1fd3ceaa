"""Once a grade is in, the database itself refuses another design; before that it does not."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, transaction

from annotation.errors import DesignFixed
from annotation.models import AuditRecord, Reading, Round, Study, StudyFilm
from annotation.services import design_changes, imported_reads, reader_grades, reading_queue
from annotation.services.ledger import Mark
from tests.annotation.at_once import closing, somebody_waits_for_a_lock
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read

Change = Callable[[Study], object]

CHANGES: dict[str, Change] = {
    "a convention": lambda made: Study.objects.filter(pk=made.pk).update(missing_sites="strict"),
    "the model's part": lambda made: Study.objects.update(assist_mode="second_look"),
    "a reader less": lambda made: made.readers.clear(),
    "a film less": lambda made: StudyFilm.objects.filter(study=made).delete(),
    "a further round": lambda made: Round.objects.create(study=made, number=9),
    "another washout": lambda made: made.rounds.update(washout_days=5),
}


def by_hand(reading: Reading) -> None:
    reading_queue.take_next(reader=reading.reader, round_id=reading.round_id)
    what = {"key": uuid.uuid4(), "site": "L1_INF", "mark": Mark(grade=1)}
    reader_grades.grade(reader=reading.reader, reading_id=reading.pk, **what)


def as_an_import(reading: Reading) -> None:
    whole = imported_reads.ImportedFilm(reading.radiograph_id, dict.fromkeys(reading.sites, 0))
    into = {"into": reading.round, "reader": reading.reader, "actor": None}
    imported_reads.import_reads(films=[whole], **into)


COMING = {"by hand": by_hand, "as an import": as_an_import}


@pytest.fixture
def graded(study: MakeStudy, reader: MakeUser, read: Read) -> Study:
    made = study(films=1, washouts=(0, 28))
    read(made.rounds.get(number=1), reader("ada"))
    return made


@pytest.mark.parametrize("what", CHANGES)
def test_the_database_refuses_another_design_after_the_first_grade(
    graded: Study, what: str
) -> None:
    with pytest.raises(IntegrityError, match="design of a study is fixed"), transaction.atomic():
        CHANGES[what](graded)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("comes", COMING)
def test_a_change_waits_for_a_first_grade_that_is_being_saved(
    study: MakeStudy, reader: MakeUser, comes: str, what: str
) -> None:
    made, ada = study(films=1), reader("ada")
    reading = Reading.objects.get(round__study=made, reader=ada)
    with ThreadPoolExecutor(1) as office:
        with transaction.atomic():
            COMING[comes](reading)
            change = office.submit(closing, lambda: CHANGES[what](made))
            while not somebody_waits_for_a_lock():
                assert not change.done()
        with pytest.raises(IntegrityError, match="design of a study is fixed"):
            change.result()


def test_a_reader_or_a_film_more_is_refused_too(
    graded: Study, reader: MakeUser, film: MakeFilm
) -> None:
    one_more = film()
    with pytest.raises(IntegrityError, match="is fixed"), transaction.atomic():
        graded.readers.add(reader("cleo"))
    with pytest.raises(IntegrityError, match="is fixed"), transaction.atomic():
        StudyFilm.objects.create(study=graded, radiograph=one_more)


def test_what_is_no_part_of_the_design_stays_free(graded: Study) -> None:
    Study.objects.update(name="Another name", is_open=False)
    Round.objects.create(study=graded, number=3, kind=Round.Kind.RELABEL)
    graded.refresh_from_db()
    assert (graded.name, graded.is_open, graded.rounds.count()) == ("Another name", False, 3)


def test_grades_in_one_study_do_not_fix_another(graded: Study, study: MakeStudy) -> None:
    other = study(films=1)
    assert not design_changes.is_fixed(other)
    other.readers.clear()
    assert design_changes.is_fixed(graded)


def test_a_convention_is_corrected_before_the_first_grade_and_recorded(
    study: MakeStudy, coordinator: MakeUser
) -> None:
    made = study(films=1)
    design_changes.change(study=made, actor=coordinator(), missing_sites="strict")
    made.refresh_from_db()
    assert made.missing_sites == "strict"
    kept = AuditRecord.objects.get(action="study.design_changed")
    assert kept.detail == {"before": {"missing_sites": "R3"}, "after": {"missing_sites": "strict"}}


def test_a_correction_after_the_first_grade_is_told_why_not(
    graded: Study, coordinator: MakeUser
) -> None:
    with pytest.raises(DesignFixed, match="Make a new study for another design"):
        design_changes.change(study=graded, actor=coordinator(), missing_sites="strict")

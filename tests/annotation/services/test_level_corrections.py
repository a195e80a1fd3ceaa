"""Levels counted wrong: grades move by one disc as new events, nothing is overwritten."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import BadInput, Conflict, KeyReused
from annotation.models import AuditRecord, Consensus, GradeEvent, Reading, Study
from annotation.services import level_corrections, reader_grades, reading_queue
from annotation.services.ledger import BLANK, Mark, shifted
from annotation.services.reader_grades import Circumstances
from inference.msasss import sites_of
from tests.annotation.conftest import MakeStudy, MakeUser, Read

LUMBAR = [site.code for site in sites_of("L")]
CRANIAL, CAUDAL = GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL
MARK = st.sampled_from([BLANK, *(Mark(grade=grade) for grade in range(4))])


@given(middle=st.lists(MARK, min_size=8, max_size=8))
def test_a_shift_and_its_opposite_bring_back_what_stayed_on_the_film(middle: list[Mark]) -> None:
    marks = {site: m for site, m in zip(LUMBAR[2:10], middle, strict=True) if not m.blank}
    if not marks:
        with pytest.raises(BadInput, match="no grade on this film"):
            shifted(marks, LUMBAR, CAUDAL)
        return
    once = {**marks, **shifted(marks, LUMBAR, CAUDAL)}
    twice = {**once, **shifted(once, LUMBAR, CRANIAL)}
    assert {site: mark for site, mark in twice.items() if not mark.blank} == marks


def marks_of(reading: Reading) -> dict[str, int | str]:
    standing = reader_grades.histories_of([reading])[reading.pk].marks
    return {site: m.not_assessable if m.grade is None else m.grade for site, m in standing.items()}


def test_a_reader_moves_the_film_and_takes_it_back(study: MakeStudy, reader: MakeUser) -> None:
    ada = reader("ada")
    reading = reading_queue.take_next(reader=ada, round_id=study().rounds.get().pk).reading
    assert reading is not None
    who: dict[str, Any] = {"reader": ada, "reading_id": reading.pk}
    reader_grades.grade(**who, key=uuid.uuid4(), site="L1_INF", mark=Mark(grade=3))
    before, events = marks_of(reading), GradeEvent.objects.count()
    reader_grades.shift_levels(**who, key=uuid.uuid4(), towards=CRANIAL, seen=Circumstances())
    assert marks_of(reading) == {"T12_INF": 3, "L1_SUP": 3}
    assert GradeEvent.objects.count() == events + 4
    undo: dict[str, Any] = {**who, "key": uuid.uuid4(), "seen": Circumstances()}
    assert reader_grades.undo(**undo).levels == CAUDAL
    assert marks_of(reading) == before
    reader_grades.grade(**who, key=uuid.uuid4(), site="L2_INF", mark=Mark(grade=1))
    assert reader_grades.undo(**undo).levels == CAUDAL  # however late its answer is asked again
    assert AuditRecord.objects.get(action="reading.levels_shifted").actor == ada


def test_one_key_moves_once_and_one_way(study: MakeStudy, reader: MakeUser) -> None:
    ada, key = reader("ada"), uuid.uuid4()
    reading = reading_queue.take_next(reader=ada, round_id=study().rounds.get().pk).reading
    assert reading is not None
    who: dict[str, Any] = {"reader": ada, "reading_id": reading.pk, "seen": Circumstances()}
    reader_grades.grade(**who, key=uuid.uuid4(), site="L1_INF", mark=Mark(grade=1))
    saved = [reader_grades.shift_levels(**who, key=key, towards=CAUDAL) for _ in range(2)]
    assert saved[0].events == saved[1].events
    with pytest.raises(KeyReused):
        reader_grades.shift_levels(**who, key=key, towards=CRANIAL)


@pytest.fixture
def wrong_level(study: MakeStudy, reader: MakeUser, read: Read) -> Study:
    """Ben has counted one disc too high: what ada saw at L3/L4 he has at L2/L3."""
    made = study(films=1)
    read(made.rounds.get(), reader("ada"), grades={"L3_INF": 2})
    read(made.rounds.get(), reader("ben"), grades={"L2_INF": 2})
    return made


def correct(made: Study, who: User, actor: User, key: uuid.UUID) -> level_corrections.Corrected:
    reading = Reading.objects.get(round__study=made, reader=who)
    return level_corrections.shift(actor=actor, reading=reading, key=key, towards=CAUDAL)


def test_a_coordinator_moves_a_committed_read_and_the_film_is_compared_anew(
    wrong_level: Study, reader: MakeUser, coordinator: MakeUser
) -> None:
    old = list(GradeEvent.objects.order_by("pk").values_list())
    key, ben = uuid.uuid4(), reader("ben")
    done = correct(wrong_level, ben, coordinator(), key)
    assert (done.corners, done.adjudicated) == (4, ())
    assert correct(wrong_level, ben, coordinator(), key) == done
    assert list(GradeEvent.objects.order_by("pk").values_list())[: len(old)] == old
    moved = marks_of(Reading.objects.get(reader=ben))
    assert (moved["L3_INF"], moved["L2_INF"], moved["T12_INF"]) == (2, 0, "other")
    held = {row.site: row.grade for row in Consensus.objects.current()}
    assert held["L3_INF"] == 2
    assert wrong_level.cases.filter(site="T12_INF").exists()
    assert AuditRecord.objects.get(action="reading.levels_corrected").actor == coordinator()


def test_a_read_that_knew_the_model_still_says_so_after_it_moved(
    wrong_level: Study, reader: MakeUser, coordinator: MakeUser, model_version: Any
) -> None:
    ben = reader("ben")
    reading = Reading.objects.get(reader=ben)
    known = model_version()
    GradeEvent.objects.create(
        reading=reading,
        site="L5_INF",
        grade=1,
        idempotency_key=uuid.uuid4(),
        model_version_shown=known,
    )
    correct(wrong_level, ben, coordinator(), uuid.uuid4())
    newest = reading.events.order_by("-pk").first()
    assert newest is not None
    assert newest.model_version_shown == known


def test_a_film_that_is_still_being_read_is_its_readers_to_move(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    made = study(films=1)
    reading_queue.take_next(reader=reader("ada"), round_id=made.rounds.get().pk)
    with pytest.raises(Conflict, match="Until the commit its reader"):
        correct(made, reader("ada"), coordinator(), uuid.uuid4())

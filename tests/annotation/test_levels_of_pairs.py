"""Levels counted wrong on films that are read together: one action, one undo, both films."""

import uuid

import pytest

from annotation.errors import KeyReused
from annotation.models import AuditRecord, GradeEvent, Reading
from annotation.services import level_corrections, reader_grades
from annotation.services.ledger import Mark
from annotation.services.reader_grades import Circumstances
from tests.annotation.conftest import MakeStudy, MakeUser
from tests.annotation.pairs import held_pair, read_place


def marks_of(reading: Reading) -> dict[str, int | None]:
    return {s: m.grade for s, m in reader_grades.histories_of([reading])[reading.pk].marks.items()}


def test_levels_counted_wrong_move_on_both_films_and_one_undo_takes_them_back(
    pairs: MakeStudy, reader: MakeUser
) -> None:
    ada = reader("ada")
    both = film_a, film_b = held_pair(pairs(), ada)
    for reading, site in zip(both, ("L1_INF", "L3_INF"), strict=True):
        reader_grades.grade(
            reader=ada, reading_id=reading.pk, key=uuid.uuid4(), site=site, mark=Mark(grade=2)
        )
    seen, caudal = Circumstances(), GradeEvent.Cause.CAUDAL
    reader_grades.shift_levels(
        reader=ada, reading_id=film_b.pk, key=uuid.uuid4(), towards=caudal, seen=seen
    )
    assert [marks_of(one) for one in both] == [{"L2_INF": 2}, {"L4_INF": 2}]
    reader_grades.undo(reader=ada, reading_id=film_a.pk, key=uuid.uuid4(), seen=seen)
    assert [marks_of(one) for one in both] == [{"L1_INF": 2}, {"L3_INF": 2}]
    reader_grades.redo(reader=ada, reading_id=film_b.pk, key=uuid.uuid4(), seen=seen)
    assert [marks_of(one) for one in both] == [{"L2_INF": 2}, {"L4_INF": 2}]
    moved = AuditRecord.objects.filter(action="reading.levels_shifted")
    assert moved.count() == 2


def test_an_undo_on_one_film_leaves_the_other_alone(pairs: MakeStudy, reader: MakeUser) -> None:
    ada = reader("ada")
    both = held_pair(pairs(), ada)
    for reading in both:
        reader_grades.grade(
            reader=ada, reading_id=reading.pk, key=uuid.uuid4(), site="L1_INF", mark=Mark(grade=2)
        )
    reader_grades.undo(reader=ada, reading_id=both[1].pk, key=uuid.uuid4(), seen=Circumstances())
    assert [marks_of(one) for one in both] == [{"L1_INF": 2}, {}]


def test_one_key_is_one_action_over_both_films(pairs: MakeStudy, reader: MakeUser) -> None:
    ada, key = reader("ada"), uuid.uuid4()
    film_a, film_b = held_pair(pairs(), ada)
    mark = Mark(grade=2)
    reader_grades.grade(reader=ada, reading_id=film_a.pk, key=key, site="L1_INF", mark=mark)
    with pytest.raises(KeyReused):
        reader_grades.grade(reader=ada, reading_id=film_b.pk, key=key, site="L1_INF", mark=mark)


def test_a_coordinators_correction_moves_both_committed_films(
    pairs: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    place = read_place(pairs(patients=1), reader("ada"), {"L1_INF": 2})
    key = uuid.uuid4()
    for _ in range(2):
        level_corrections.shift(
            actor=coordinator(), reading=place[1], key=key, towards=GradeEvent.Cause.CAUDAL
        )
    for reading in place:
        marks = marks_of(reading)
        assert (marks["L2_INF"], marks["L1_INF"], marks["T12_INF"]) == (2, 0, None)

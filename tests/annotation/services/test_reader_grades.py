"""The reader's writes: kept once however often they are sent, taken back, committed."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotation.errors import (
    BadInput,
    KeyReused,
    LeaseLost,
    NotFound,
    NothingToUndo,
    PartnerNeeded,
    SiteNotInReading,
    StudyClosed,
)
from annotation.models import GradeEvent, Reading, Study
from annotation.services import reader_grades, reading_queue
from annotation.services.ledger import BRIDGED, Mark
from annotation.services.reader_grades import Circumstances, Saved
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser

ZERO, ONE, TWO = (Mark(grade=grade) for grade in range(3))


@pytest.fixture
def ada(reader: MakeUser) -> User:
    return reader("ada")


@pytest.fixture
def reading(study: MakeStudy, ada: User) -> Reading:
    taken = reading_queue.take_next(reader=ada, round_id=study().rounds.get().pk).reading
    assert taken is not None
    return taken


@pytest.fixture
def grade(reading: Reading, ada: User) -> Callable[..., Saved]:
    def save(site: str, mark: Mark, **more: Any) -> Saved:
        more.setdefault("key", uuid.uuid4())
        return reader_grades.grade(reader=ada, reading_id=reading.pk, site=site, mark=mark, **more)

    return save


@pytest.fixture
def turn(reading: Reading, ada: User) -> Callable[..., Saved]:
    def save(which: str, key: uuid.UUID | None = None) -> Saved:
        verb = {"undo": reader_grades.undo, "redo": reader_grades.redo}[which]
        return verb(
            reader=ada, reading_id=reading.pk, key=key or uuid.uuid4(), seen=Circumstances()
        )

    return save


Grade = Callable[..., Saved]


def test_a_grade_stands_with_how_it_came_about(grade: Grade) -> None:
    seen = Circumstances(timezone.now(), ms_spent=850, window_center=1200.0, window_width=900.0)
    saved = grade("L1_INF", TWO, seen=seen)
    assert saved.history.marks == {"L1_INF": TWO}
    event = GradeEvent.objects.get(pk=saved.events[0])
    assert (event.ms_spent, event.window_center, event.window_width) == (850, 1200.0, 900.0)
    assert event.client_time == seen.client_time
    assert event.model_version_shown is None


def test_a_bridge_writes_the_facing_corner_under_the_same_key(grade: Grade) -> None:
    saved = grade("L1_INF", BRIDGED)
    assert saved.history.marks == {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}
    causes = GradeEvent.objects.order_by("id").values_list("site", "cause")
    assert list(causes) == [("L1_INF", "reader"), ("L2_SUP", "facing")]


def test_leaving_a_bridge_without_the_facing_corner_changes_nothing(grade: Grade) -> None:
    grade("L1_INF", BRIDGED)
    with pytest.raises(PartnerNeeded):
        grade("L2_SUP", ONE)
    assert GradeEvent.objects.count() == 2
    left = grade("L2_SUP", ONE, partner=ZERO)
    assert left.history.marks == {"L1_INF": ZERO, "L2_SUP": ONE}


def test_a_retry_is_not_written_twice_and_tells_what_stands_now(grade: Grade) -> None:
    key = uuid.uuid4()
    first = grade("L1_INF", TWO, key=key)
    grade("L5_INF", ONE)
    again = grade("L1_INF", TWO, key=key)
    assert again.events == first.events
    assert again.history.marks == {"L1_INF": TWO, "L5_INF": ONE}
    assert GradeEvent.objects.count() == 2


def test_a_retry_is_answered_after_the_place_is_gone(
    grade: Grade, reading: Reading, ada: User
) -> None:
    key = uuid.uuid4()
    saved = grade("L1_INF", TWO, key=key)
    reading_queue.give_back(reader=ada, reading_id=reading.pk)
    Study.objects.update(is_open=False)
    assert grade("L1_INF", TWO, key=key).events == saved.events


def test_a_retry_of_a_bridge_that_was_left_is_the_same_retry(grade: Grade) -> None:
    grade("L1_INF", BRIDGED)
    key = uuid.uuid4()
    left = grade("L1_INF", TWO, partner=ONE, key=key)
    assert grade("L1_INF", TWO, partner=ONE, key=key).events == left.events
    with pytest.raises(KeyReused):
        grade("L1_INF", TWO, partner=ZERO, key=key)


@pytest.mark.parametrize(("site", "mark"), [("L1_INF", ONE), ("L5_INF", TWO)])
def test_a_key_used_for_something_else_is_refused(grade: Grade, site: str, mark: Mark) -> None:
    key = uuid.uuid4()
    grade("L1_INF", TWO, key=key)
    with pytest.raises(KeyReused):
        grade(site, mark, key=key)


def test_a_key_of_another_reading_is_refused(
    grade: Grade, study: MakeStudy, ada: User, reader: MakeUser
) -> None:
    key = uuid.uuid4()
    grade("L1_INF", TWO, key=key)
    other = reading_queue.take_next(reader=ada, round_id=study().rounds.get().pk).reading
    assert other is not None
    with pytest.raises(KeyReused):
        reader_grades.grade(reader=ada, reading_id=other.pk, key=key, site="L1_INF", mark=TWO)


def test_a_corner_of_another_film_is_refused(grade: Grade) -> None:
    with pytest.raises(SiteNotInReading):
        grade("C3_SUP", ONE)


def test_another_readers_reading_does_not_exist(grade: Grade, reader: MakeUser) -> None:
    reading = Reading.objects.get(opened_at__isnull=False)
    with pytest.raises(NotFound):
        reader_grades.grade(
            reader=reader("ben"), reading_id=reading.pk, key=uuid.uuid4(), site="L1_INF", mark=ONE
        )


def test_grades_made_offline_arrive_after_the_hold_ran_out(grade: Grade, reading: Reading) -> None:
    Reading.objects.filter(pk=reading.pk).update(lease_until=timezone.now() - timedelta(hours=9))
    assert grade("L1_INF", ONE).history.marks == {"L1_INF": ONE}
    reading.refresh_from_db()
    assert reading_queue.state_of(reading) == "leased"


def test_a_film_given_back_takes_no_grade_until_it_is_opened_again(
    grade: Grade, reading: Reading, ada: User
) -> None:
    grade("L1_INF", ONE)
    reading_queue.give_back(reader=ada, reading_id=reading.pk)
    with pytest.raises(LeaseLost):
        grade("L5_INF", TWO)
    reading_queue.take_next(reader=ada, round_id=reading.round_id)
    assert grade("L5_INF", TWO).history.marks == {"L1_INF": ONE, "L5_INF": TWO}


def test_a_closed_study_takes_no_grade(grade: Grade) -> None:
    Study.objects.update(is_open=False)
    with pytest.raises(StudyClosed):
        grade("L1_INF", ONE)


def test_undo_and_redo_walk_the_actions(grade: Grade, turn: Grade) -> None:
    grade("L2_SUP", ONE)
    grade("L1_INF", BRIDGED)
    undone = turn("undo")
    assert (undone.site, undone.history.marks) == ("L1_INF", {"L2_SUP": ONE})
    assert turn("undo").history.marks == {}
    assert turn("redo").history.marks == {"L2_SUP": ONE}
    assert turn("redo").history.marks == {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}
    with pytest.raises(NothingToUndo):
        turn("redo")


def test_undo_is_a_new_entry(grade: Grade, turn: Grade) -> None:
    grade("L1_INF", ONE)
    turn("undo")
    entries = GradeEvent.objects.order_by("id").values_list("grade", "cause")
    assert list(entries) == [(1, "reader"), (None, "undo")]


def test_a_retried_undo_takes_back_one_action(grade: Grade, turn: Grade) -> None:
    grade("L1_INF", ONE)
    grade("L5_INF", TWO)
    key = uuid.uuid4()
    first = turn("undo", key)
    assert turn("undo", key).events == first.events
    assert first.history.marks == {"L1_INF": ONE}
    with pytest.raises(KeyReused):
        turn("redo", key)


def test_nothing_to_undo_is_said(turn: Grade) -> None:
    with pytest.raises(NothingToUndo):
        turn("undo")


def test_findings_need_a_study_that_asks_for_them(grade: Grade) -> None:
    with pytest.raises(BadInput, match="without findings"):
        grade("L1_INF", Mark(grade=1, findings=("erosion",)))
    Study.objects.update(finding_flags=True)
    kept = grade("L1_INF", Mark(grade=1, findings=("erosion", "squaring")))
    assert kept.history.marks["L1_INF"].findings == ("erosion", "squaring")


@pytest.mark.parametrize(
    ("convention", "site", "counts"),
    [
        ("all", "C3_SUP", True),
        ("C5_C6", "C5_SUP", True),
        ("C5_C6", "C4_INF", False),
        ("none", "C6_INF", False),
    ],
)
def test_squaring_counts_where_the_study_says(
    study: MakeStudy, film: MakeFilm, ada: User, convention: str, site: str, counts: bool
) -> None:
    made = study(films=[film(region="C")], cervical_squaring=convention, finding_flags=True)
    taken = reading_queue.take_next(reader=ada, round_id=made.rounds.get().pk).reading
    assert taken is not None
    mark = Mark(grade=1, findings=("squaring",))
    given = {"reader": ada, "reading_id": taken.pk, "key": uuid.uuid4()}
    if counts:
        assert reader_grades.grade(**given, site=site, mark=mark).history.marks == {site: mark}
    else:
        with pytest.raises(BadInput, match="squaring"):
            reader_grades.grade(**given, site=site, mark=mark)


def test_the_database_refuses_to_rewrite_a_grade(grade: Grade) -> None:
    saved = grade("L1_INF", ONE)
    event = GradeEvent.objects.filter(pk=saved.events[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        event.update(grade=2)
    with pytest.raises(DatabaseError), transaction.atomic():
        event.delete()
    assert event.get().grade == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_grade_sent_eight_times_at_once_is_written_once(
    grade: Grade, reading: Reading
) -> None:
    key, together = uuid.uuid4(), threading.Barrier(8)

    def send(_: int) -> tuple[int, ...]:
        try:
            together.wait()
            return grade("L1_INF", BRIDGED, key=key).events
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as clients:
        assert len(set(clients.map(send, range(8)))) == 1
    assert GradeEvent.objects.count() == 2

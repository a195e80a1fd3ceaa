"""Commit: what is missing is named, nothing changes after, and a second look is remembered."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from annotation.errors import AlreadyCommitted, Incomplete, KeyReused
from annotation.models import Reading
from annotation.services import reader_commit, reader_grades, reading_queue
from annotation.services.ledger import Mark
from annotation.services.reader_grades import Circumstances, Saved
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser, Read

ZERO, ONE = Mark(grade=0), Mark(grade=1)
Grade = Callable[..., Saved]


@pytest.fixture
def ada(reader: MakeUser) -> User:
    return reader("ada")


@pytest.fixture
def reading(study: MakeStudy, ada: User) -> Reading:
    taken = reading_queue.take_next(reader=ada, round_id=study().rounds.get().pk).reading
    assert taken is not None
    return taken


@pytest.fixture
def grade(reading: Reading, ada: User) -> Grade:
    return lambda site, mark: reader_grades.grade(
        reader=ada, reading_id=reading.pk, key=uuid.uuid4(), site=site, mark=mark
    )


def test_commit_names_the_missing_corners(grade: Grade, reading: Reading, ada: User) -> None:
    for site in reading.sites[:-1]:
        grade(site, ZERO)
    with pytest.raises(Incomplete) as refused:
        reader_commit.commit(reader=ada, reading_id=reading.pk, key=uuid.uuid4())
    missing = [{"reading": reading.pk, "sites": ["S1_SUP"]}]
    assert refused.value.detail == {"missing": missing}


def test_a_corner_with_a_reason_is_not_missing(grade: Grade, reading: Reading, ada: User) -> None:
    for site in reading.sites:
        grade(site, Mark(not_assessable="off_film"))
    done = reader_commit.commit(reader=ada, reading_id=reading.pk, key=uuid.uuid4())[0]
    assert done.committed_at is not None


def test_a_committed_film_takes_nothing_more(grade: Grade, reading: Reading, ada: User) -> None:
    for site in reading.sites:
        grade(site, ZERO)
    key = uuid.uuid4()
    done = reader_commit.commit(reader=ada, reading_id=reading.pk, key=key)[0]
    again = reader_commit.commit(reader=ada, reading_id=reading.pk, key=key)[0]
    assert again.committed_at == done.committed_at
    with pytest.raises(AlreadyCommitted):
        reader_commit.commit(reader=ada, reading_id=reading.pk, key=uuid.uuid4())
    with pytest.raises(AlreadyCommitted):
        grade("L1_INF", ONE)
    with pytest.raises(AlreadyCommitted):
        reader_grades.undo(
            reader=ada, reading_id=reading.pk, key=uuid.uuid4(), seen=Circumstances()
        )


def test_a_key_commits_one_film(study: MakeStudy, ada: User, read: Read) -> None:
    round_ = study().rounds.get()
    done = read(round_, ada)
    second = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert second is not None
    assert done.commit_key is not None
    with pytest.raises(KeyReused):
        reader_commit.commit(reader=ada, reading_id=second.pk, key=done.commit_key)


def test_a_blind_study_never_shows_the_model(
    study: MakeStudy, ada: User, read: Read, model_version: MakeModel, pregraded: Any
) -> None:
    made = study(films=1)
    pregraded(made.films.get(), model_version())
    assert read(made.rounds.get(), ada).model_version_shown is None


def test_a_second_look_is_remembered_by_later_reads_of_the_film(
    study: MakeStudy, ada: User, read: Read, model_version: MakeModel, pregraded: Any
) -> None:
    made = study(films=1, assist_mode="second_look", washouts=(0, 0))
    grader = model_version()
    pregraded(made.films.get(), grader)
    first = read(made.rounds.get(number=1), ada)
    assert first.second_look.model_version_shown == grader
    assert set(first.events.values_list("model_version_shown", flat=True)) == {None}
    second = read(made.rounds.get(number=2), ada)
    assert set(second.events.values_list("model_version_shown", flat=True)) == {grader.pk}


def test_a_film_that_the_model_did_not_grade_has_no_second_look(
    study: MakeStudy, ada: User, read: Read, model_version: MakeModel
) -> None:
    model_version()
    made = study(films=1, assist_mode="second_look")
    first = read(made.rounds.get(), ada)
    assert not Reading.objects.filter(revises=first).exists()

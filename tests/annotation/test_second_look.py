"""The second look: own grades first and blind, then the model, and both reads are kept."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from annotation.errors import AlreadyCommitted, NothingToUndo, StudyClosed
from annotation.models import Consensus, GradeEvent, ModelVersion, Reading, Round, Study
from annotation.services import (
    consensus_comparison,
    dataset_export,
    dataset_snapshots,
    disc_corrections,
    level_corrections,
    reader_commit,
    reader_grades,
    reading_queue,
    round_reads,
    second_look,
    study_progress,
    worklist,
)
from annotation.services.ledger import Mark
from annotation.services.reader_grades import Circumstances
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

SignIn = Callable[[User], Client]
Pregraded = Callable[..., None]


@pytest.fixture
def grader(model_version: MakeModel) -> ModelVersion:
    return model_version("grader-7")


@pytest.fixture
def ada(reader: MakeUser) -> User:
    return reader("ada")


@pytest.fixture
def made(study: MakeStudy, film: MakeFilm, pregraded: Pregraded, grader: ModelVersion) -> Study:
    """Two films that the model calls 1 at every corner, in two rounds."""
    films = [film(), film()]
    for one in films:
        pregraded(one, grader, p=(0.1, 0.7, 0.2, 0.0))
    return study(films=films, assist_mode="second_look", washouts=(0, 28))


def first_round(made: Study) -> Round:
    return made.rounds.get(number=1)


def committed(made: Study, reader: User, grades: dict[str, int] | None = None) -> Reading:
    """The next film read and committed, its second look still open."""
    taken = reading_queue.take_next(reader=reader, round_id=first_round(made).pk).reading
    assert taken is not None
    for site in taken.sites:
        grade(taken, site, (grades or {}).get(site, 0))
    return reader_commit.commit(reader=reader, reading_id=taken.pk, key=uuid.uuid4())[0]


def grade(reading: Reading, site: str, given: int) -> None:
    reader_grades.grade(
        reader=reading.reader, reading_id=reading.pk, key=uuid.uuid4(), site=site,
        mark=Mark(given), partner=Mark(0),
    )  # fmt: skip


def undo(look: Reading) -> None:
    reader_grades.undo(
        reader=look.reader, reading_id=look.pk, key=uuid.uuid4(), seen=Circumstances()
    )


def finish(look: Reading) -> None:
    reader_commit.commit(reader=look.reader, reading_id=look.pk, key=uuid.uuid4())


def grades_of(reading: Reading) -> dict[str, int | None]:
    marks = reader_grades.histories_of([reading])[reading.pk].marks
    return {site: mark.grade for site, mark in marks.items()}


def test_the_look_comes_next_with_the_first_grades_and_the_models(
    made: Study, ada: User, signed_in: SignIn
) -> None:
    client, done = signed_in(ada), committed(made, ada, {"L3_INF": 2})
    taken = client.post(f"/api/v1/rounds/{first_round(made).pk}/next").json()["reading"]
    assert taken["id"] == done.second_look.pk
    assert taken["position"] == done.position
    assert taken["picture_url"] == f"/api/v1/readings/{done.pk}/picture"
    assert reading_queue.film_visible_to(ada, done.pk) == done
    assert taken["model"]["corners"]["L3_INF"]["grade"] == 1
    assert taken["marks"] == taken["first_marks"]
    assert taken["marks"]["L3_INF"]["grade"] == 2
    assert (taken["can_undo"], taken["can_redo"]) == (False, False)
    first = client.get(f"/api/v1/readings/{done.pk}").json()
    assert (first["model"], first["first_marks"], first["state"]) == (None, None, "committed")


def test_both_reads_are_kept_and_each_says_whether_the_model_was_in_sight(
    made: Study, ada: User, grader: ModelVersion
) -> None:
    done = committed(made, ada, {"L3_INF": 2})
    look = done.second_look
    grade(look, "L3_INF", 1)
    finish(look)
    assert (grades_of(done)["L3_INF"], grades_of(look)["L3_INF"]) == (2, 1)
    assert set(done.events.values_list("model_version_shown", flat=True)) == {None}
    assert set(look.events.values_list("model_version_shown", flat=True)) == {grader.pk}
    rows = [row for row in dataset_export.reads(made) if row["site"] == "L3_INF"]
    assert [
        (row["arm"], row["grade"], row["cause"], row["model_shown"], row["model_grade"])
        for row in sorted(rows, key=lambda row: row["arm"])
    ] == [("main", 2, "reader", None, None), ("second", 1, "reader", "grader-7", 1)]
    others = [row for row in dataset_export.reads(made) if row["site"] == "L1_INF"]
    assert {row["arm"]: row["cause"] for row in others} == {"main": "reader", "second": "carried"}


def test_only_first_grades_are_compared_agreed_on_and_trained_with(
    made: Study, reader: MakeUser
) -> None:
    for name in ("ada", "ben"):
        for _ in range(2):
            done = committed(made, reader(name), {"L3_INF": 2})
            grade(done.second_look, "L3_INF", 1)
            finish(done.second_look)
    reads = round_reads.blind_reads(first_round(made))
    assert {read.grades["L3_INF"] for mine in reads.values() for read in mine.values()} == {2}
    agreed = Consensus.objects.filter(study=made, site="L3_INF").current()
    assert set(agreed.values_list("grade", flat=True)) == {2}
    votes = dataset_snapshots.labels_of(made).votes
    assert [sites["L3_INF"] for sites in votes.values()] == [[0, 0, 2, 0]] * 2
    means = consensus_comparison.by_rule(made, "mean")
    assert {mean for (_, site), mean in means.items() if site == "L3_INF"} == {2}


def test_the_first_grades_cannot_be_changed_nor_taken_back(made: Study, ada: User) -> None:
    done = committed(made, ada)
    with pytest.raises(AlreadyCommitted):
        grade(done, "L3_INF", 1)
    with pytest.raises(NothingToUndo):
        undo(done.second_look)
    grade(done.second_look, "L3_INF", 1)
    undo(done.second_look)
    assert grades_of(done.second_look) == grades_of(done)


def test_a_commit_sent_again_opens_no_further_look(made: Study, ada: User) -> None:
    done = committed(made, ada)
    assert done.commit_key is not None
    for _ in range(2):
        reader_commit.commit(reader=ada, reading_id=done.pk, key=done.commit_key)
    finish(done.second_look)
    reader_commit.commit(reader=ada, reading_id=done.pk, key=done.commit_key)
    assert Reading.objects.filter(arm="second").count() == 1
    taken = reading_queue.take_next(reader=ada, round_id=first_round(made).pk).reading
    assert taken is not None
    assert taken.arm == "main"


def test_a_look_adds_no_place_and_the_round_ends_with_the_last_one(
    made: Study, ada: User, read: Read
) -> None:
    round_ = first_round(made)
    read(round_, ada)
    last = committed(made, ada)
    found = worklist.places(ada, round_)
    assert (found.places, found.committed, found.state) == (2, 2, "open")
    mine = next(
        row for row in study_progress.progress(made) if (row.reader, row.round) == ("ada", 1)
    )
    assert (mine.places, mine.committed, mine.left) == (2, 2, 0)
    assert [hold.reading for hold in study_progress.holds(made)] == [last.second_look.pk]
    assert study_progress.rounds(made)[0].committed == 2
    finish(last.second_look)
    assert worklist.places(ada, round_).state == "finished"


def test_the_washout_begins_with_the_end_of_the_look(made: Study, ada: User, read: Read) -> None:
    for _ in range(2):
        read(first_round(made), ada)
    Reading.objects.filter(arm="main", committed_at__isnull=False).update(
        committed_at=Reading.objects.earliest("committed_at").committed_at - timedelta(days=90)
    )
    again = worklist.places(ada, made.rounds.get(number=2))
    newest = Reading.objects.filter(arm="second").earliest("committed_at").committed_at
    assert newest is not None
    assert (again.state, again.opens_at) == ("washout", newest + timedelta(days=28))


def test_a_pair_is_looked_at_again_as_a_pair(
    pairs: MakeStudy, ada: User, pregraded: Pregraded, grader: ModelVersion, signed_in: SignIn
) -> None:
    """The model has graded one film of the two; the reader still sees both together."""
    made = pairs(patients=1, assist_mode="second_look")
    graded = made.films.earliest("pk")
    pregraded(graded, grader)
    round_ = made.rounds.get()
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk)
    for one in taken.place:
        for site in one.sites:
            grade(one, site, 0)
    lead = taken.place[0]
    reader_commit.commit(reader=ada, reading_id=lead.pk, key=uuid.uuid4())
    answer = signed_in(ada).post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]
    both = [answer, *answer["paired"]]
    assert {one["id"] for one in both} == set(
        Reading.objects.filter(arm="second").values_list("pk", flat=True)
    )
    assert sorted(one["model"] is not None for one in both) == [False, True]
    look = Reading.objects.get(pk=answer["id"])
    finish(look)
    assert worklist.places(ada, round_).state == "finished"


def test_a_batch_of_corners_shows_no_model(made: Study, ada: User) -> None:
    batch = Round.objects.create(study=made, number=3, kind="relabel")
    one = made.films.earliest("pk")
    place = Reading.objects.create(
        round=batch, reader=ada, radiograph=one, site="L3_INF", position=1
    )
    assert reading_queue.take_next(reader=ada, round_id=batch.pk).reading == place
    grade(place, "L3_INF", 0)
    finish(place)
    assert not Reading.objects.filter(arm="second").exists()


def test_points_moved_in_the_first_read_stand_in_the_look(
    made: Study, ada: User, signed_in: SignIn
) -> None:
    round_ = first_round(made)
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert taken is not None
    disc_corrections.correct(
        reader=ada, reading_id=taken.pk, key=uuid.uuid4(), disc="L3/L4",
        center=(300, 400), anterior=(350, 400),
    )  # fmt: skip
    for site in taken.sites:
        grade(taken, site, 0)
    reader_commit.commit(reader=ada, reading_id=taken.pk, key=uuid.uuid4())
    answer = signed_in(ada).post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]
    assert [300, 400] in [disc["center"] for disc in answer["discs"]]


def test_a_closed_study_ends_the_look_and_keeps_the_first_grades(made: Study, ada: User) -> None:
    done = committed(made, ada, {"L3_INF": 2})
    Study.objects.filter(pk=made.pk).update(is_open=False)
    with pytest.raises(StudyClosed):
        grade(done.second_look, "L3_INF", 1)
    rows = list(dataset_export.reads(made))
    assert {row["arm"] for row in rows} == {"main"}


def test_a_coordinator_moves_the_levels_of_one_read_and_not_of_the_other(
    made: Study, ada: User, coordinator: MakeUser
) -> None:
    done = committed(made, ada, {"L3_INF": 2})
    finish(done.second_look)
    level_corrections.shift(
        actor=coordinator(), reading=done, key=uuid.uuid4(), towards=GradeEvent.Cause.CAUDAL
    )
    assert (grades_of(done)["L3_INF"], grades_of(done)["L4_INF"]) == (0, 2)
    assert grades_of(done.second_look)["L3_INF"] == 2


@pytest.mark.parametrize(
    "wrong", [{"arm": "second"}, {"revises": True}, {"arm": "second", "revises": True}]
)
def test_the_database_refuses_a_look_at_nothing_and_a_second_one(
    made: Study, ada: User, wrong: dict[str, Any]
) -> None:
    done = committed(made, ada)
    finish(done.second_look)
    fields = wrong | ({"revises": done} if "revises" in wrong else {})
    with pytest.raises(IntegrityError), transaction.atomic():
        Reading.objects.create(
            round=done.round, reader=ada, radiograph=done.radiograph, position=99, **fields
        )


def test_what_the_looks_changed_is_counted_by_reader(made: Study, reader: MakeUser) -> None:
    """The model gives 1 everywhere: one corner goes to it, one away, one elsewhere."""
    for name in ("ada", "ben"):
        done = committed(made, reader(name), {"L2_INF": 1, "L3_INF": 2})
        if name == "ada":
            for site, given in (("L3_INF", 1), ("L2_INF", 0), ("L4_INF", 2)):
                grade(done.second_look, site, given)
            finish(done.second_look)
    [ada] = second_look.revised(first_round(made))  # ben's is not committed
    assert (ada.reader, ada.films, ada.corners) == ("ada", 1, 12)
    assert (ada.changed, ada.to_model) == (3, 1)
    assert (ada.agreed_before, ada.agreed_after) == (1, 1)

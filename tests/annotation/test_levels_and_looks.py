"""What must not go wrong around second looks, moved levels and draws; each went wrong once."""

import random
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.errors import BadInput
from annotation.models import DiscPoint, GradeEvent, ModelVersion, Reading, Study
from annotation.services import (
    adjudication_leases,
    dataset_snapshots,
    draws,
    reader_commit,
    reader_grades,
    reading_queue,
    relabel_batches,
    second_look,
    study_progress,
)
from annotation.services.ledger import Mark
from annotation.services.ranking import Candidate, Ranked
from annotation.services.reader_grades import Circumstances
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read
from tests.annotation.pairs import places

SignIn = Callable[[User], Client]
Pregraded = Callable[..., None]


@pytest.fixture
def made(study: MakeStudy, film: MakeFilm, pregraded: Pregraded, model_version: MakeModel) -> Study:
    """A second-look study of two films that the model has graded."""
    films, grader = [film(), film()], model_version("grader-7")
    for one in films:
        pregraded(one, grader)
    return study(films=films, assist_mode="second_look")


def graded(made: Study, reader: User) -> Reading:
    """The reader's next film, graded 0 everywhere and not committed."""
    taken = reading_queue.take_next(reader=reader, round_id=made.rounds.get().pk).reading
    assert taken is not None
    for site in taken.sites:
        reader_grades.grade(
            reader=reader, reading_id=taken.pk, key=uuid.uuid4(), site=site, mark=Mark(0)
        )
    return taken


def commit(reader: User, reading: int) -> Reading:
    return reader_commit.commit(reader=reader, reading_id=reading, key=uuid.uuid4())[0]


def moved_point(reading: Reading, y: float) -> None:
    DiscPoint.objects.create(
        radiograph=reading.radiograph, reader=reading.reader, reading=reading, disc="L3/L4",
        center_x=400, center_y=y, anterior_x=450, anterior_y=y,
    )  # fmt: skip


def test_slots_of_a_pair_cannot_be_drawn_again_from_what_readers_are_told(
    pairs: MakeStudy,
) -> None:
    """With all numbers of the draw and the public code, which film is older stays a coin."""
    made = pairs(patients=40)
    right = 0
    for number, place in enumerate(places(made, "ada"), start=1):
        reader = place[0].reader_id
        guess = random.Random(f"{made.pk} 1 {reader} {number}").sample(range(2), 2)
        days = [one.radiograph.visit.date for one in place]
        right += (guess[0] == 0) == (days[0] < days[1])
    assert 8 <= right <= 32  # by chance outside of it: one time in 7,000
    key, other = b"the secret", b"another secret"
    assert draws.secret_seed(key, 1, 2) == draws.secret_seed(key, 1, 2)
    assert draws.secret_seed(key, 1, 2) not in (
        draws.secret_seed(other, 1, 2),
        draws.secret_seed(key, 12),
    )


@pytest.mark.django_db(transaction=True)
def test_a_take_that_waits_for_a_commit_gets_the_second_look(
    made: Study, reader: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another window asks for the next film while the commit is under way."""
    ada, round_ = reader("ada"), made.rounds.get()
    held = graded(made, ada)
    took: list[int] = []
    begin, window = second_look.begin, threading.Thread(target=_take, args=(ada, round_.pk, took))

    def meanwhile(place: reading_queue.Place) -> None:
        window.start()
        window.join(0.5)  # it waits for us
        begin(place)

    monkeypatch.setattr(second_look, "begin", meanwhile)
    commit(ada, held.pk)
    window.join()
    opened = Reading.objects.of(ada).filter(opened_at__isnull=False, committed_at=None)
    assert [one.revises_id for one in opened] == [held.pk]
    assert took == [held.second_look.pk]


def _take(reader: User, round_id: int, took: list[int]) -> None:
    from django.db import connection

    taken = reading_queue.take_next(reader=reader, round_id=round_id).reading
    took.append(taken.pk if taken else 0)
    connection.close()


@pytest.mark.parametrize("committed", [True, False])
def test_a_film_whose_levels_somebody_moved_trains_nothing(
    made: Study, reader: MakeUser, committed: bool
) -> None:
    """Its points may have moved and its votes not: every crop would carry its neighbour's grade."""
    ada = reader("ada")
    first = commit(ada, graded(made, ada).pk)
    look = first.second_look
    reader_grades.shift_levels(
        reader=ada, reading_id=look.pk, key=uuid.uuid4(), towards=GradeEvent.Cause.CAUDAL,
        seen=Circumstances(),
    )  # fmt: skip
    moved_point(look, 450)
    if committed:
        for site in look.sites[:2]:
            reader_grades.grade(
                reader=ada, reading_id=look.pk, key=uuid.uuid4(), site=site, mark=Mark(0)
            )
        commit(ada, look.pk)
    assert first.radiograph_id in dataset_snapshots.labels_of(made).votes
    assert dataset_snapshots._levels_moved() == {first.radiograph_id}
    assert second_look.revised(made.rounds.get()) == []  # not grades changed, but the disc


def test_an_adjudicator_sees_the_crop_that_was_read(
    study: MakeStudy, reader: MakeUser, adjudicator: MakeUser, read: Read, signed_in: SignIn,
    model_version: MakeModel,
) -> None:  # fmt: skip
    judge = adjudicator("judge")
    made = study(films=1, adjudicators=[judge])
    film = made.films.get()
    DiscPoint.objects.create(
        radiograph=film, disc="L3/L4", model_version=model_version(),
        center_x=400, center_y=600, anterior_x=450, anterior_y=600,
    )  # fmt: skip
    for name, given, y in (("ada", 0, 440.0), ("ben", 2, 450.0)):
        done = read(made.rounds.get(), reader(name), grades={"L3_INF": given})
        moved_point(done, y)
    stranger = study(films=[film], name="another study", readers=["cleo"])
    moved_point(read(stranger.rounds.get(), reader("cleo")), 777)
    assert adjudication_leases.next_free(made) is None
    answer = signed_in(judge).post(f"/api/v1/studies/{made.pk}/adjudication/next")
    [disc] = answer.json()["case"]["discs"]
    assert (disc["center"], disc["model"]["center"]) == ([400, 450], [400, 600])
    for name in ("ada", "ben", "cleo"):
        assert name not in answer.content.decode()


def test_a_batch_refuses_readers_who_saw_the_models_grades(
    made: Study, reader: MakeUser, read: Read, coordinator: MakeUser
) -> None:
    done = read(made.rounds.get(), reader("ada"))
    corner = Candidate(patient="p", film=done.radiograph_id, site="L5_INF", p=(0.4, 0.4, 0.2, 0))
    whole: dict[str, Any] = {
        "study": made, "corners": [Ranked(corner, 0.5, "0 vs 1", "ranked", 1.0)],
        "model_version": ModelVersion.objects.get(task="corner_grades"), "actor": coordinator(),
    }  # fmt: skip
    with pytest.raises(BadInput, match="ada saw the model's grades"):
        relabel_batches.open_batch(readers=[reader("ada"), reader("ben")], **whole)
    assert relabel_batches.open_batch(readers=[reader("ben")], **whole).kind == "relabel"


def test_looks_after_a_read_that_was_not_blind_are_not_counted(
    study: MakeStudy, film: MakeFilm, pregraded: Pregraded, model_version: MakeModel,
    reader: MakeUser, read: Read,
) -> None:  # fmt: skip
    one = film()
    pregraded(one, model_version("grader-7"))
    made = study(films=[one], assist_mode="second_look", washouts=(0, 0))
    for number in (1, 2):
        read(made.rounds.get(number=number), reader("ada"))
    films = [[mine.films for mine in second_look.revised(r)] for r in made.rounds.all()]
    assert films == [[1], []]


def test_a_study_with_an_open_look_is_not_finished(
    made: Study, reader: MakeUser, signed_in: SignIn, coordinator: MakeUser, read: Read
) -> None:
    for name in ("ada", "ben"):
        read(made.rounds.get(), reader(name))
    read(made.rounds.get(), reader("ben"))
    last = commit(reader("ada"), graded(made, reader("ada")).pk)
    office = signed_in(coordinator())
    found = office.get(f"/api/v1/studies/{made.pk}").json()
    assert (found["state"], found["rounds"][0]["looks"]) == ("open", 1)
    mine = {row.reader: row.open_leases for row in study_progress.progress(made)}
    assert mine == {"ada": 1, "ben": 0}
    commit(reader("ada"), last.second_look.pk)
    assert office.get(f"/api/v1/studies/{made.pk}").json()["state"] == "finished"


def test_a_look_begins_with_the_windows_of_the_first_grades(made: Study, reader: MakeUser) -> None:
    ada = reader("ada")
    held = graded(made, ada)
    reader_grades.grade(
        reader=ada, reading_id=held.pk, key=uuid.uuid4(), site="L3_INF", mark=Mark(1),
        seen=Circumstances(window_center=111, window_width=222),
    )  # fmt: skip
    look = commit(ada, held.pk).second_look
    event = look.events.get(site="L3_INF")
    assert (event.window_center, event.window_width) == (111, 222)

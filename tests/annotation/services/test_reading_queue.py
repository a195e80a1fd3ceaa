"""Places: taken in drawn order, held, given back, kept closed by the washout; many at a time."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotation.errors import AlreadyCommitted, LeaseLost, NotFound, StudyClosed
from annotation.models import Radiograph, Reading, Round, Study
from annotation.services import reader_commit, reader_grades, reading_queue, worklist
from annotation.services.ledger import Mark
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

CLIENTS = 8


def round_of(study: Study, number: int = 1) -> Round:
    return study.rounds.get(number=number)


def test_places_come_in_the_drawn_order(study: MakeStudy, reader: MakeUser, read: Read) -> None:
    round_ = round_of(study(films=3))
    positions = [read(round_, reader("ada")).position for _ in range(3)]
    assert positions == [1, 2, 3]


def test_the_place_in_hand_comes_again(study: MakeStudy, reader: MakeUser) -> None:
    round_ = round_of(study(films=3))
    first = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk)
    assert reading_queue.take_next(reader=reader("ada"), round_id=round_.pk) == first


def test_a_place_whose_hold_ran_out_comes_again(study: MakeStudy, reader: MakeUser) -> None:
    round_ = round_of(study(films=3))
    first = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk).reading
    Reading.objects.update(lease_until=timezone.now() - timedelta(hours=5))
    assert first is not None
    first.refresh_from_db()
    assert reading_queue.state_of(first) == "open"
    again = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk).reading
    assert again == first
    assert reading_queue.state_of(again) == "leased"


def test_the_database_refuses_a_second_open_place(study: MakeStudy, reader: MakeUser) -> None:
    round_ = round_of(study(films=2))
    with pytest.raises(IntegrityError, match="one_open_place"), transaction.atomic():
        Reading.objects.filter(round=round_, reader=reader("ada")).update(opened_at=timezone.now())


def test_renewing_holds_longer(study: MakeStudy, reader: MakeUser) -> None:
    ada = reader("ada")
    taken = reading_queue.take_next(reader=ada, round_id=round_of(study()).pk).reading
    assert taken is not None
    soon = timezone.now() + timedelta(minutes=1)
    Reading.objects.filter(pk=taken.pk).update(lease_until=soon)
    renewed = reading_queue.renew(reader=ada, reading_id=taken.pk)
    assert renewed.lease_until is not None
    assert renewed.lease_until > soon


def test_a_place_given_back_cannot_be_renewed_but_comes_first_again(
    study: MakeStudy, reader: MakeUser
) -> None:
    ada, round_ = reader("ada"), round_of(study())
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert taken is not None
    reading_queue.give_back(reader=ada, reading_id=taken.pk)
    with pytest.raises(LeaseLost):
        reading_queue.renew(reader=ada, reading_id=taken.pk)
    assert reading_queue.take_next(reader=ada, round_id=round_.pk).reading == taken


def test_a_committed_place_cannot_be_renewed(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    done = read(round_of(study()), reader("ada"))
    with pytest.raises(AlreadyCommitted):
        reading_queue.renew(reader=reader("ada"), reading_id=done.pk)


def test_the_end_is_said(study: MakeStudy, reader: MakeUser, read: Read) -> None:
    round_ = round_of(study(films=1))
    read(round_, reader("ada"))
    taken = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk)
    assert (taken.reading, taken.state) == (None, "finished")
    assert "every place of this round, 1 in all" in taken.sentence


def test_a_closed_study_gives_no_place(study: MakeStudy, reader: MakeUser) -> None:
    round_ = round_of(study())
    held = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk).reading
    Study.objects.update(is_open=False)
    taken = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk)
    assert (taken.reading, taken.state) == (None, "closed")
    assert held is not None
    with pytest.raises(StudyClosed):
        reading_queue.renew(reader=reader("ada"), reading_id=held.pk)


def test_a_round_without_a_place_of_ones_own_does_not_exist(
    study: MakeStudy, reader: MakeUser
) -> None:
    with pytest.raises(NotFound):
        reading_queue.take_next(reader=reader("cleo"), round_id=round_of(study()).pk)


def test_the_second_round_waits_for_the_first(study: MakeStudy, reader: MakeUser) -> None:
    made = study(washouts=(0, 28))
    taken = reading_queue.take_next(reader=reader("ada"), round_id=round_of(made, 2).pk)
    assert (taken.reading, taken.state) == (None, "washout")
    assert "in the earlier round first" in taken.sentence


def test_a_film_in_washout_stays_closed_and_its_day_is_said(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, washouts=(0, 28))
    read(round_of(made), reader("ada"))
    Reading.objects.filter(committed_at__isnull=False).update(
        committed_at=timezone.now() - timedelta(days=27, hours=23)
    )
    places = worklist.places(reader("ada"), round_of(made, 2))
    assert places.state == "washout"
    assert places.opens_at is not None
    assert timedelta(0) < places.opens_at - timezone.now() < timedelta(hours=1)
    assert f"{places.opens_at:%B %Y}" in places.sentence


def test_a_film_opens_when_its_washout_is_over_whatever_the_others_do(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=3, washouts=(0, 28))
    ada = reader("ada")
    done = [read(round_of(made), ada) for _ in range(2)]
    Reading.objects.filter(pk=done[1].pk).update(committed_at=timezone.now() - timedelta(days=29))
    taken = reading_queue.take_next(reader=ada, round_id=round_of(made, 2).pk).reading
    assert taken is not None
    assert taken.radiograph == done[1].radiograph


def test_the_worklist_counts_ones_own_places_only(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    round_ = round_of(study(films=2))
    read(round_, reader("ada"))
    [ada] = worklist.rounds_of(reader("ada"))
    [ben] = worklist.rounds_of(reader("ben"))
    assert (ada.places, ada.committed, ada.state) == (2, 1, "open")
    assert (ben.places, ben.committed, ben.state) == (2, 0, "open")
    assert worklist.rounds_of(reader("cleo")) == []


def test_the_place_that_the_page_has_gone_on_to_is_taken_first(
    study: MakeStudy, reader: MakeUser
) -> None:
    """Between the two, a place drawn earlier may have come out of its washout."""
    ada, round_ = reader("ada"), round_of(study(films=3))
    third = Reading.objects.get(round=round_, reader=ada, position=3)
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk, shown=third.pk)
    assert taken.reading == third
    again = reading_queue.take_next(reader=ada, round_id=round_.pk)
    assert again.reading == third


@pytest.mark.parametrize("whose", ["ben", "nobody"])
def test_a_place_that_is_not_ones_own_is_never_taken(
    study: MakeStudy, reader: MakeUser, whose: str
) -> None:
    round_ = round_of(study(films=3))
    other = Reading.objects.filter(round=round_, reader=reader("ben")).last()
    shown = other.pk if whose == "ben" and other else 2**62
    taken = reading_queue.take_next(reader=reader("ada"), round_id=round_.pk, shown=shown)
    assert taken.reading is not None
    assert (taken.reading.reader, taken.reading.position) == (reader("ada"), 1)


def test_an_unopened_reading_cannot_be_looked_at(study: MakeStudy, reader: MakeUser) -> None:
    unopened = Reading.objects.filter(round__study=study(), reader=reader("ada")).first()
    assert unopened is not None
    with pytest.raises(NotFound):
        reading_queue.place(reader("ada"), unopened.pk)


@pytest.mark.django_db(transaction=True)
def test_eight_windows_of_one_reader_get_one_place(study: MakeStudy, reader: MakeUser) -> None:
    ada, round_ = reader("ada"), round_of(study(films=20))
    together = threading.Barrier(CLIENTS)

    def take(_: int) -> int:
        try:
            together.wait()
            taken = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
            assert taken is not None
            return taken.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as clients:
        assert len(set(clients.map(take, range(CLIENTS)))) == 1
    assert Reading.objects.filter(lease_until__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_readers_read_a_study_at_once_and_no_place_is_held_twice(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    names = [f"reader{n}" for n in range(CLIENTS)]
    round_ = round_of(study(films=5, readers=names))
    together = threading.Barrier(CLIENTS)

    def work(name: str) -> list[tuple[int, int]]:
        try:
            mine = reader(name)
            together.wait()
            done = [read(round_, mine, grades={"L1_INF": 3}) for _ in range(5)]
            return [(place.pk, place.radiograph_id) for place in done]
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as clients:
        taken = [place for places in clients.map(work, names) for place in places]
    assert len({place for place, _ in taken}) == len(taken) == CLIENTS * 5
    assert Reading.objects.committed().count() == CLIENTS * 5
    for done in Reading.objects.all():
        marks = reader_grades.histories_of([done])[done.pk].marks
        assert marks["L1_INF"].grade == marks["L2_SUP"].grade == 0  # L2_SUP was graded after it
        assert set(marks) == set(done.sites)
    assert round_.study.consensus.count() == 5 * 12


@pytest.mark.django_db(transaction=True)
def test_a_take_in_one_window_does_not_undo_what_a_commit_in_another_has_written(
    study: MakeStudy, film: MakeFilm, reader: MakeUser, model_version: MakeModel,
    pregraded: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The take has read the place as open when the commit comes: no lease, and one second look."""
    known, grader = film(), model_version()
    pregraded(known, grader)
    ada, round_ = reader("ada"), round_of(study(films=[known, film()], assist_mode="second_look"))
    held = reading_queue.take_next(reader=ada, round_id=round_.pk, shown=place_of(round_, known))
    assert held.reading is not None
    for site in held.reading.sites:
        reader_grades.grade(
            reader=ada, reading_id=held.reading.pk, key=uuid.uuid4(), site=site, mark=Mark(0)
        )
    next_places = reading_queue._next_places
    window = threading.Thread(target=committed, args=(ada, held.reading.pk))

    def meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(reading_queue, "_next_places", next_places)
        window.start()
        window.join(1)  # it is done by then, or waits for us
        return next_places(*given, **named)

    monkeypatch.setattr(reading_queue, "_next_places", meanwhile)
    reading_queue.take_next(reader=ada, round_id=round_.pk)
    window.join()
    done = Reading.objects.get(pk=held.reading.pk)
    assert done.committed_at is not None
    assert (done.lease_until, done.second_look.model_version_shown) == (None, grader)


def place_of(round_: Round, known: Radiograph) -> int:
    return Reading.objects.get(round=round_, reader__username="ada", radiograph=known).pk


def committed(reader: User, reading_id: int) -> None:
    try:
        reader_commit.commit(reader=reader, reading_id=reading_id, key=uuid.uuid4())
    finally:
        connection.close()

"""Films read in pairs: one place, held, committed, repeated and counted as one."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from annotation.errors import AlreadyCommitted, BadInput, Incomplete, KeyReused, NotFound
from annotation.models import Consensus, Radiograph, Reading
from annotation.services import (
    dataset_export,
    imported_reads,
    reader_commit,
    reader_grades,
    reading_queue,
    round_reads,
    study_progress,
    worklist,
)
from annotation.services.imported_reads import ImportedFilm
from annotation.services.ledger import Mark
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser
from tests.annotation.pairs import dates, places, read_place


def test_all_time_points_of_a_region_are_one_place(
    film: MakeFilm, study: MakeStudy, pairs: MakeStudy
) -> None:
    films = [film("L", "p", day) for day in (0, 400, 800)] + [film("C", "p", d) for d in (0, 400)]
    made = study(films=films, chronology="paired_known")
    drawn = places(made, "ada")
    assert sorted(len(place) for place in drawn) == [2, 3]
    for place in drawn:
        assert len({reading.radiograph.region for reading in place}) == 1
        assert [reading.slot for reading in place] == list(range(1, len(place) + 1))


def test_known_order_is_the_order_of_visits(pairs: MakeStudy) -> None:
    for place in places(pairs(patients=6, chronology="paired_known"), "ada"):
        assert dates(place) == sorted(dates(place))


def test_blinded_order_is_drawn_for_every_reader_and_round(pairs: MakeStudy) -> None:
    made = pairs(patients=16, washouts=(0, 28))
    orders = {}
    for name, number in [("ada", 1), ("ada", 2), ("ben", 1), ("ben", 2)]:
        by_patient = {
            place[0].radiograph.visit.patient_id: dates(place) == sorted(dates(place))
            for place in places(made, name, number)
        }
        assert set(by_patient.values()) == {True, False}
        orders[name, number] = tuple(by_patient[pk] for pk in sorted(by_patient))
    assert len(set(orders.values())) == 4


def test_single_films_of_one_patient_are_places_of_their_own(pairs: MakeStudy) -> None:
    assert [len(place) for place in places(pairs(chronology="single"), "ada")] == [1] * 4


def test_a_film_without_a_second_time_point_has_no_place_in_a_pair(
    study: MakeStudy, film: MakeFilm
) -> None:
    alone = film()
    with pytest.raises(BadInput, match=rf"have none: {alone.pk}\."):
        study(
            films=[film(patient="p"), film(patient="p", day=700), alone], chronology="paired_known"
        )


def test_a_pair_is_opened_held_and_returned_as_one(pairs: MakeStudy, reader: MakeUser) -> None:
    made, ada = pairs(), reader("ada")
    round_ = made.rounds.get()
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert taken is not None
    both = reading_queue.place(ada, taken.pk)
    assert {reading.lease_until for reading in both} == {taken.lease_until}
    again = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert again == taken
    reading_queue.give_back(reader=ada, reading_id=both[1].pk)
    assert {reading.lease_until for reading in reading_queue.place(ada, taken.pk)} == {None}
    stale = timezone.now() + timedelta(minutes=1)
    Reading.objects.place_of(taken).update(lease_until=stale)
    reading_queue.renew(reader=ada, reading_id=both[1].pk)
    assert all((one.lease_until or stale) > stale for one in reading_queue.place(ada, taken.pk))


def test_the_next_two_pairs_may_be_fetched_ahead_and_no_other(
    pairs: MakeStudy, reader: MakeUser
) -> None:
    made, ada = pairs(patients=4), reader("ada")
    first, second, third, fourth = places(made, "ada")
    reading_queue.take_next(reader=ada, round_id=made.rounds.get().pk)
    held = Reading.objects.get(pk=first[0].pk)
    assert reading_queue.upcoming(held) == [tuple(second), tuple(third)]
    for reading in (*second, *third):
        assert reading_queue.film_visible_to(ada, reading.pk) == reading
    for reading in fourth:
        with pytest.raises(NotFound):
            reading_queue.film_visible_to(ada, reading.pk)


def test_commit_names_what_is_missing_over_both_films(pairs: MakeStudy, reader: MakeUser) -> None:
    ada = reader("ada")
    taken = reading_queue.take_next(reader=ada, round_id=pairs().rounds.get().pk).reading
    assert taken is not None
    film_a, film_b = reading_queue.place(ada, taken.pk)
    for site in film_a.sites[:-1]:
        reader_grades.grade(
            reader=ada, reading_id=film_a.pk, key=uuid.uuid4(), site=site, mark=Mark(grade=0)
        )
    with pytest.raises(Incomplete) as refused:
        reader_commit.commit(reader=ada, reading_id=film_a.pk, key=uuid.uuid4())
    assert refused.value.detail["missing"] == [
        {"reading": film_a.pk, "sites": ["S1_SUP"]},
        {"reading": film_b.pk, "sites": list(film_b.sites)},
    ]


def test_a_pair_is_committed_as_one(pairs: MakeStudy, reader: MakeUser) -> None:
    made, ada = pairs(), reader("ada")
    place = [Reading.objects.get(pk=one.pk) for one in read_place(made, ada)]
    assert len({one.committed_at for one in place}) == 1
    assert place[0].committed_at is not None
    (key,) = {one.commit_key for one in place} - {None}
    again = reader_commit.commit(reader=ada, reading_id=place[0].pk, key=key)
    assert list(again) == place
    with pytest.raises(AlreadyCommitted):
        reader_commit.commit(reader=ada, reading_id=place[0].pk, key=uuid.uuid4())
    other = read_place(made, ada)[0]
    with pytest.raises(KeyReused):
        reader_commit.commit(reader=ada, reading_id=other.pk, key=key)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_half_a_pair(pairs: MakeStudy, reader: MakeUser) -> None:
    film_a, _ = places(pairs(), "ada")[0]
    with pytest.raises(IntegrityError, match="opened and committed together"), transaction.atomic():
        Reading.objects.filter(pk=film_a.pk).update(opened_at=timezone.now())


def test_washout_holds_for_the_whole_pair(pairs: MakeStudy, reader: MakeUser) -> None:
    made, ada = pairs(patients=1, washouts=(0, 28)), reader("ada")
    read_place(made, ada)
    second = made.rounds.get(number=2)
    assert reading_queue.take_next(reader=ada, round_id=second.pk).state == "washout"
    long_ago = timezone.now() - timedelta(days=29)
    Reading.objects.filter(round__number=1).update(opened_at=long_ago, committed_at=long_ago)
    taken = reading_queue.take_next(reader=ada, round_id=second.pk).reading
    assert taken is not None
    assert len(reading_queue.place(ada, taken.pk)) == 2


def test_a_hidden_repeat_is_the_whole_pair(pairs: MakeStudy) -> None:
    drawn = places(pairs(patients=4, repeat_share=0.5), "ada")
    assert len(drawn) == 6
    for place in drawn:
        assert len({reading.arm for reading in place}) == 1
    again = [{one.radiograph_id for one in place} for place in drawn if place[0].arm == "repeat"]
    first = [{one.radiograph_id for one in place} for place in drawn if place[0].arm == "main"]
    assert all(films in first for films in again)


def test_places_are_counted_not_films(pairs: MakeStudy, reader: MakeUser) -> None:
    made, ada = pairs(patients=3), reader("ada")
    read_place(made, ada)
    mine = worklist.places(ada, made.rounds.get())
    assert (mine.places, mine.committed) == (3, 1)
    of_ada = next(one for one in study_progress.progress(made) if one.reader == "ada")
    assert (of_ada.places, of_ada.committed, of_ada.open_leases) == (3, 1, 0)
    (round_,) = study_progress.rounds(made)
    assert (round_.places, round_.committed) == (6, 1)


def test_consensus_is_by_film_and_the_export_names_the_mode(
    pairs: MakeStudy, reader: MakeUser
) -> None:
    made = pairs(patients=1, chronology="paired_known")
    for name in ("ada", "ben"):
        read_place(made, reader(name))
    assert Consensus.objects.filter(study=made).count() == 24
    assert {row["chronology"] for row in dataset_export.reads(made)} == {"paired_known"}
    assert {row["assist_mode"] for row in dataset_export.reads(made)} == {"blind"}
    read = round_reads.blind_reads(made.rounds.get())
    assert [len(films) for films in read.values()] == [2, 2]


def test_half_a_pair_is_not_imported(pairs: MakeStudy, reader: MakeUser) -> None:
    made, ada = pairs(patients=1), reader("ada")
    early, late = Radiograph.objects.filter(studies=made).order_by("visit__date")
    corners = dict.fromkeys(Reading.objects.filter(radiograph=early)[0].sites, 0)
    with pytest.raises(BadInput, match=rf"these are missing: {late.pk}\."):
        imported_reads.import_reads(
            into=made.rounds.get(), reader=ada, films=[ImportedFilm(early.pk, corners)], actor=None
        )
    done = imported_reads.import_reads(
        into=made.rounds.get(),
        reader=ada,
        films=[ImportedFilm(film.pk, corners) for film in (late, early)],
        actor=None,
    )
    assert done.readings == 2


@pytest.mark.parametrize("chronology", ["paired_blinded", "paired_known"])
def test_only_known_order_tells_the_interval(
    pairs: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client], chronology: str
) -> None:
    made = pairs(patients=1, chronology=chronology)
    client = signed_in(reader("ada"))
    first = client.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    (other,) = first["paired"]
    assert (first["time_point"]["slot"], other["time_point"]["slot"]) == (1, 2)
    days = [first["time_point"]["days"], other["time_point"]["days"]]
    assert days == ([0, 731] if chronology == "paired_known" else [None, None])
    assert client.get(f"/api/v1/readings/{other['id']}").json()["paired"][0]["id"] == first["id"]
    assert first["instrument"]["chronology"] == chronology

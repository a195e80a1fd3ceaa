"""Calibration: answers after the commit only, a kappa with its n, a gate before the first film."""

import json
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import CalibrationAnswer, Consensus, Reading, Study
from annotation.services import (
    adjudication,
    calibration,
    calibration_decks,
    dataset_snapshots,
    reading_queue,
    worklist,
)
from annotation.services.ledger import Mark
from inference.msasss import sites_of
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read

LUMBAR = [site.code for site in sites_of("L")]
MakeDeck = Callable[..., Study]


@pytest.fixture
def deck(film: MakeFilm, coordinator: MakeUser) -> MakeDeck:
    """``deck(films=3, readers=[ada], grades=[0, 1, 2])``: answers walk through the grades."""

    def make(films: int = 2, readers: tuple[User, ...] = (), **more: object) -> Study:
        answers = {
            film().pk: {site: Mark(grade=n % 3) for n, site in enumerate(LUMBAR)}
            for _ in range(films)
        }
        return calibration_decks.create(
            name=str(more.get("name", "deck")),
            answers=answers,
            source="a paper",
            readers=list(readers),
            actor=coordinator(),
        )

    return make


def right(off: int = 0) -> dict[str, int | str]:
    """The answers, the first `off` corners a grade too high."""
    return {site: n % 3 + (n < off) for n, site in enumerate(LUMBAR) if n % 3 + (n < off) < 3}


def test_a_try_is_a_round_of_the_readers_own(deck: MakeDeck, reader: MakeUser, read: Read) -> None:
    made = deck(films=3, readers=(reader("ada"), reader("ben")))
    ada, ben = made.rounds.order_by("number")
    assert {one.reader for one in ada.readings.all()} == {reader("ada")}
    assert ada.readings.count() == ben.readings.count() == 3
    read(ada, reader("ada"), grades=right())
    [mine] = calibration.tries(made, reader("ada"))
    assert (mine.committed, mine.films, mine.corners, mine.kappa) == (1, 3, 12, 1.0)
    assert calibration.tries(made, reader("ben"))[0].kappa is None


def test_kappa_is_quadratic_over_the_corners_that_both_graded(
    deck: MakeDeck, reader: MakeUser, read: Read
) -> None:
    """Three corners of twelve one grade too high; scikit-learn 1.9 cohen_kappa_score agrees."""
    made = deck(films=2, readers=(reader("ada"),))
    round_ = made.rounds.get()
    for _ in range(2):
        read(round_, reader("ada"), grades={**right(), "T12_INF": 1, "L1_INF": 1, "L2_SUP": 1})
    [mine] = calibration.tries(made, reader("ada"))
    own, answers = [], []
    for _ in range(2):
        given = {site: n % 3 for n, site in enumerate(LUMBAR)}
        answers += given.values()
        own += ({**given, "T12_INF": 1, "L1_INF": 1, "L2_SUP": 1}).values()
    apart = sum((a - b) ** 2 for a, b in zip(own, answers, strict=True))
    chance = sum((a - b) ** 2 for a in own for b in answers) / len(own)
    assert mine.kappa == pytest.approx(1 - apart / chance)
    assert mine.corners == 24
    assert mine.low is not None
    assert mine.low <= mine.kappa <= (mine.high or 0)


def test_a_deck_is_no_study_and_enters_nothing(
    deck: MakeDeck, reader: MakeUser, read: Read
) -> None:
    ada, ben = reader("ada"), reader("ben")
    made = deck(films=1, readers=(ada, ben))
    for round_, who in zip(made.rounds.order_by("number"), (ada, ben), strict=True):
        read(round_, who, grades=right())
    assert not Study.objects.exists()
    assert not Consensus.objects.exists()
    assert not Reading.objects.blind().exists()
    assert dataset_snapshots.labels_of(made).votes == {}
    assert list(adjudication.open_cases(made)) == []


def test_the_gate_stands_before_the_first_film_and_leads_to_the_deck(
    deck: MakeDeck, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    ada = reader("ada")
    made = deck(films=2)
    round_ = study(films=2, readers=["ada"], gate_deck=made, gate_kappa=0.8, gate_films=2).rounds
    first = round_.get()
    taken = reading_queue.take_next(reader=ada, round_id=first.pk)
    assert (taken.reading, taken.state) == (None, "calibration")
    place = worklist.places(ada, first)
    assert place.leads_to == made.rounds.get().pk
    assert (
        "weighted kappa of 0.80 or more over at least 2 of its films is asked for" in place.sentence
    )
    hidden = Reading.objects.filter(round=first).earliest("position")
    with pytest.raises(NotFound):
        reading_queue.film_visible_to(ada, hidden.pk)
    read(made.rounds.get(), ada, grades=right())
    assert reading_queue.take_next(reader=ada, round_id=first.pk).reading is None  # films
    read(made.rounds.get(), ada, grades=right())
    assert reading_queue.take_next(reader=ada, round_id=first.pk).reading is not None


def test_who_fails_begins_again_and_who_is_in_stays_in(
    deck: MakeDeck, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    ada = reader("ada")
    made = deck(films=1)
    first = study(readers=["ada"], gate_deck=made, gate_kappa=0.9, gate_films=1).rounds.get()
    read(made.rounds.get(), ada)  # all 0
    place = worklist.places(ada, first)
    assert "Begin it again" in place.sentence
    again = calibration.begin_again(reader=ada, deck_id=made.pk)
    with pytest.raises(Conflict, match="not finished"):
        calibration.begin_again(reader=ada, deck_id=made.pk)
    read(again, ada, grades=right())
    assert reading_queue.take_next(reader=ada, round_id=first.pk).reading is not None
    assert [one.number for one in calibration.tries(made, ada)] == [1, 2]
    third = calibration.begin_again(reader=ada, deck_id=made.pk)
    read(third, ada)
    assert reading_queue.take_next(reader=ada, round_id=first.pk).state == "open"


def test_answers_are_told_after_the_commit_only(
    deck: MakeDeck, reader: MakeUser, signed_in: Callable[[User], Client]
) -> None:
    ada = reader("ada")
    made = deck(films=1, readers=(ada,))
    client = signed_in(ada)

    def post(path: str, **body: object) -> dict[str, object]:
        body["idempotency_key"] = str(uuid.uuid4())
        answer = client.post(f"/api/v1/{path}", json.dumps(body), "application/json")
        found: dict[str, object] = answer.json()
        return found

    reading = post(f"rounds/{made.rounds.get().pk}/next")["reading"]
    assert isinstance(reading, dict)
    assert reading["answers"] == {}
    for site in LUMBAR:
        post(f"readings/{reading['id']}/grades", site=site, grade=0)
    assert client.get(f"/api/v1/readings/{reading['id']}").json()["answers"] == {}
    done = post(f"readings/{reading['id']}/commit")
    assert done["next"] is None
    assert isinstance(done["answers"], dict)
    assert {site: mark["grade"] for site, mark in done["answers"].items()} == {
        site: n % 3 for n, site in enumerate(LUMBAR)
    }


def test_a_film_with_a_told_answer_is_not_read_blind_elsewhere(
    deck: MakeDeck, study: MakeStudy, reader: MakeUser, film: MakeFilm, coordinator: MakeUser
) -> None:
    made = deck(films=1, readers=(reader("ada"),))
    with pytest.raises(Conflict, match="tells the answers"):
        study(films=list(made.films.all()), readers=["ada"])
    waiting = film()
    study(films=[waiting], readers=["ben"])
    with pytest.raises(Conflict, match="has still to read"):
        calibration_decks.create(
            name="another",
            answers={waiting.pk: {"L1_INF": Mark(grade=0)}},
            source="x",
            readers=[reader("ben")],
            actor=coordinator(),
        )
    assert not Study.decks.filter(name="another").exists()


def test_a_deck_from_what_a_study_holds_to_be_true(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    for name in ("ada", "ben"):
        read(made.rounds.get(), reader(name), grades={"L1_SUP": 2})
    [(film, answers)] = calibration_decks.held_by(made).items()
    assert film == made.films.get().pk
    assert answers["L1_SUP"] == Mark(grade=2)
    assert len(answers) == 12
    assert calibration_decks.held_by(made, [film + 1]) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n", "film,corner,grade"),
        ("film,corner,grade\nx,L1_INF,2", "Line 2: write film number"),
        ("film,corner,grade\n1,L9_INF,2", "Line 2: 'L9_INF' is no corner"),
        ("film,corner,grade\n1,L1_INF,7", "Line 2: A grade is 0, 1, 2 or 3"),
        ("film,corner,grade\n1,L1_INF,2\n1,L1_INF,2", "Line 3: film 1 has an answer"),
    ],
)
def test_labels_that_cannot_be_read_are_refused_with_their_line(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        calibration_decks.from_table(text)


def test_labels_from_a_table(film: MakeFilm, coordinator: MakeUser) -> None:
    one, neck = film(), film(region="C")
    text = f"film,corner,grade\n{one.pk},L1_INF,2\n{one.pk},L1_SUP,obscured\n"
    answers = calibration_decks.from_table(text)
    assert answers[one.pk]["L1_SUP"] == Mark(not_assessable="obscured")
    for wrong, sentence in (
        ({neck.pk: {"L1_INF": Mark(grade=0)}}, "does not show"),
        ({one.pk: {"L1_INF": Mark(grade=3), "L2_SUP": Mark(grade=0)}}, "one side"),
        ({999_999: {"L1_INF": Mark(grade=0)}}, "not ready"),
    ):
        with pytest.raises(BadInput, match=sentence):
            calibration_decks.create(
                name="d", answers=wrong, source="x", readers=[], actor=coordinator()
            )


def test_a_gate_is_whole_and_fits_its_deck(deck: MakeDeck, study: MakeStudy) -> None:
    made = deck(films=1)
    with pytest.raises(BadInput, match=r"no more films than the deck .* has: 1"):
        study(gate_deck=made, gate_kappa=0.7, gate_films=2)
    with pytest.raises(IntegrityError, match="gate_is_whole"), transaction.atomic():
        Study.objects.create(name="half a gate", gate_kappa=0.7)
    assert CalibrationAnswer.objects.count() == 12

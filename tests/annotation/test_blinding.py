"""A reader learns nothing of other readers, the model, the patient or the date, byte by byte.

Markers are planted wherever something must stay hidden; then every door of the API is walked as
a reader, and every byte of every answer, headers included, is searched for them.
"""

import itertools
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import AdjudicationCase, DiscPoint, Radiograph, Reading, Round, Study
from annotation.services import (
    adjudication,
    calibration_decks,
    reader_commit,
    reader_grades,
    reading_queue,
    relabel_batches,
)
from annotation.services.ledger import Mark
from annotation.services.ranking import Candidate, Ranked
from annotation.services.reader_grades import Circumstances
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read
from tests.test_every_route_refuses_strangers import MAY_CALL, READER

FILM_ID = 9135797
HIDDEN = {
    "the film's id": f"{FILM_ID}",
    "the patient": "marker-patient",
    "the visit's date": "2006-07-2",
    "the scanner": "marker-scanner",
    "the film's identity": "marker-sop",
    "the pixels' checksum": "feedfacefeedface",
    "another reader's name": "marker-ben",
    "another reader's reason": "fracture",
    "another reader's finding": "sclerosis",
    "another reader's window": "31337.125",
    "another reader's time": "987654",
    "another reader's disc point": "555.125",
    "the adjudicator": "marker-judge",
    "the model's name": "marker-grader",
    "the model's probability": "0.1234",
    "the known answer of a deck": "surgery",
    "why a corner is asked again": "marker-reason",
    "how doubtful a corner is": "0.77123",
}
DOORS = ("renew", "return", "grades", "undo", "redo", "level_shift", "disc_points", "commit")


class Walker:
    """A reader's browser that remembers every answer and which doors it tried."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.tried: set[tuple[str, str]] = set()
        self.leaks: list[tuple[str, str]] = []

    def call(self, method: str, route: str, pk: int = 0, **body: Any) -> Any:
        self.tried.add((method, route))
        address = f"/api/v1/{route.replace('<id>', str(pk))}"
        answer = self.client.generic(method, address, json.dumps(body), "application/json")
        seen = b"".join(answer) if answer.streaming else answer.content
        seen += "".join(f"{name}: {value}\n" for name, value in answer.items()).encode()
        self.leaks += [
            (f"{method} {address}", what) for what, m in HIDDEN.items() if m in str(seen)
        ]
        return answer

    def post(self, door: str, pk: int, **body: Any) -> Any:
        body.setdefault("idempotency_key", str(uuid.uuid4()))
        return self.call("POST", f"readings/<id>/{door}", pk, **body)


@pytest.fixture
def marked_film(film: MakeFilm) -> Radiograph:
    made = film(
        pk=FILM_ID,
        patient="marker-patient",
        day=1993,
        scanner="marker-scanner",
        sop_uid="marker-sop",
        pixel_sha256="feedface" * 8,
    )
    made.picture_path.parent.mkdir(parents=True, exist_ok=True)
    made.picture_path.write_bytes(b"pixels")
    made.preview_path.write_bytes(b"pixels")
    assert str(made.visit.date).startswith("2006-07-2")
    return made


@pytest.fixture
def planted(
    marked_film: Radiograph,
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    adjudicator: MakeUser,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> Study:
    """A study in which everything that is hidden has happened, and ada has read nothing."""
    made = study(
        films=[marked_film, film()],
        readers=["ada", "marker-ben"],
        adjudicators=[adjudicator("marker-judge")],
        washouts=(0, 28),
        finding_flags=True,
    )
    grader = model_version("marker-grader")
    pregraded(marked_film, grader, p=(0.1234, 0.2345, 0.3456, 0.2965))
    _ben_reads(made, reader("marker-ben"), marked_film)
    calibration_decks.create(
        name="deck",
        answers={film().pk: {"L1_INF": Mark(not_assessable="surgery")}},
        source="marker-judge",
        readers=[*made.readers.all()],
        actor=adjudicator("marker-judge"),
    )
    corner = Candidate(patient="p", film=FILM_ID, site="L1_INF", p=(0.4, 0.4, 0.2, 0.0))
    relabel_batches.open_batch(
        study=made,
        corners=[Ranked(corner, 0.77123, "marker-reason", "random", 0.5)],
        model_version=grader,
        readers=[reader("ada"), reader("marker-ben")],
        actor=adjudicator("marker-judge"),
    )
    return made


def _ben_reads(made: Study, ben: User, film: Radiograph) -> None:
    """Ben reads both films, so that ada's commit makes consensus and cases."""
    marks = {
        "L1_INF": Mark(not_assessable="fracture"),
        "L5_INF": Mark(grade=1, findings=("sclerosis",)),
    }
    seen = Circumstances(ms_spent=987654, window_center=31337.125, window_width=31337.125)
    for _ in range(2):
        place = reading_queue.take_next(reader=ben, round_id=made.rounds.get(number=1).pk).reading
        assert place is not None
        for site in place.sites:
            reader_grades.grade(
                reader=ben,
                reading_id=place.pk,
                key=uuid.uuid4(),
                site=site,
                mark=marks.get(site, Mark(grade=0)),
                seen=seen,
            )
        reader_commit.commit(reader=ben, reading_id=place.pk, key=uuid.uuid4())
    DiscPoint.objects.create(
        radiograph=film, disc="L1/L2", reader=ben,
        center_x=555.125, center_y=555.125, anterior_x=1, anterior_y=1,
    )  # fmt: skip


def walk_round(walker: Walker, round_: Round) -> None:
    """Read a round to its end, with the mistakes that people make."""
    while reading := walker.call("POST", "rounds/<id>/next", round_.pk).json()["reading"]:
        pk, site = reading["id"], reading["sites"][0]
        walker.call("GET", "readings/<id>", pk)
        walker.call("GET", "readings/<id>/picture", pk)
        walker.call("GET", "readings/<id>/preview", pk)
        for coming in reading["upcoming"]:
            coming_pk = int(coming["picture_url"].split("/")[-2])
            walker.call("GET", "readings/<id>", coming_pk)
            walker.call("GET", "readings/<id>/picture", coming_pk)
        walker.post("renew", pk)
        walker.post("commit", pk)
        walker.post("grades", pk, site=site, grade=9)
        walker.post("grades", pk, site=site, grade=1)
        walker.post("undo", pk)
        walker.post("redo", pk)
        walker.post("level_shift", pk, towards="caudal")
        walker.post("undo", pk)
        walker.post("disc_points", pk, disc="L2/L3", center=[40, 50], anterior=[10, 50])
        for one in reading["sites"]:
            walker.post("grades", pk, site=one, grade=0 if one == "S1_SUP" else 2)
        walker.post("return", pk)
        walker.call("POST", "rounds/<id>/next", round_.pk)
        walker.post("commit", pk)
        walker.call("GET", "readings/<id>", pk)


def walk_deck(walker: Walker, deck: Study) -> None:
    walker.call("POST", "calibration/<id>/tries", deck.pk)
    [round_] = deck.rounds.filter(readings__reader__username="ada").distinct()
    reading = walker.call("POST", "rounds/<id>/next", round_.pk).json()["reading"]
    for site in reading["sites"]:
        walker.post("grades", reading["id"], site=site, grade=0)
    walker.call("GET", "calibration")
    assert walker.leaks == []
    walker.post("commit", reading["id"])  # from now on the answer is told
    assert {what for _, what in walker.leaks} == {"the known answer of a deck"}
    walker.leaks.clear()


def test_no_byte_of_any_answer_tells_a_reader_what_is_hidden(
    planted: Study, signed_in: Callable[[User], Client], reader: MakeUser
) -> None:
    walker = Walker(signed_in(reader("ada")))
    walker.call("GET", "session")
    for round_ in planted.rounds.order_by("number"):
        walker.call("GET", "worklist")
        walk_round(walker, round_)
    walker.call("GET", "worklist")
    assert Reading.objects.of(reader("ada")).committed().count() == 3
    assert planted.consensus.exists()
    assert planted.cases.exists()
    walk_deck(walker, Study.decks.get())
    of_others = Reading.objects.exclude(reader=reader("ada")).values_list("pk", flat=True)
    for pk, door in itertools.product(of_others, DOORS):
        assert walker.post(door, pk, site="L1_INF", grade=1).status_code in (400, 404)
    for pk, picture in itertools.product(of_others, ("", "/picture", "/preview")):
        assert walker.call("GET", f"readings/<id>{picture}", pk).status_code == 404
    assert walker.tried >= {route for route, roles in MAY_CALL.items() if roles == READER}
    for (method, route), roles in MAY_CALL.items():
        if "reader" not in roles:
            assert walker.call(method, route, planted.pk).status_code == 403
    assert walker.leaks == []


def test_the_search_finds_what_is_there(
    planted: Study, signed_in: Callable[[User], Client], coordinator: MakeUser
) -> None:
    office = Walker(signed_in(coordinator()))
    for address in (f"studies/{planted.pk}", f"export/studies/{planted.pk}/reads.csv"):
        office.call("GET", address)
    found = {what for _, what in office.leaks}
    assert found >= {"the film's id", "the patient", "another reader's name", "the visit's date"}


def test_another_readers_reading_and_none_at_all_answer_alike(
    planted: Study, signed_in: Callable[[User], Client], reader: MakeUser
) -> None:
    client = signed_in(reader("ada"))
    bens = Reading.objects.filter(reader=reader("marker-ben")).earliest("pk")
    answers = [client.get(f"/api/v1/readings/{pk}") for pk in (bens.pk, 99_999_999)]
    assert answers[0].content == answers[1].content
    assert answers[0].status_code == answers[1].status_code == 404


def test_a_second_look_shows_no_model_before_the_commit(
    marked_film: Radiograph,
    study: MakeStudy,
    reader: MakeUser,
    signed_in: Callable[[User], Client],
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> None:
    made = study(films=[marked_film], assist_mode="second_look")
    pregraded(marked_film, model_version("marker-grader"), p=(0.1234, 0.2345, 0.3456, 0.2965))
    walker = Walker(signed_in(reader("ada")))
    taken = walker.call("POST", "rounds/<id>/next", made.rounds.get().pk).json()["reading"]
    for site in taken["sites"]:
        walker.post("grades", taken["id"], site=site, grade=0)
    walker.call("GET", "readings/<id>", taken["id"])
    assert walker.leaks == []
    walker.post("commit", taken["id"])
    assert {what for _, what in walker.leaks} == {"the model's name", "the model's probability"}


def test_a_film_in_washout_cannot_be_looked_at(
    study: MakeStudy, reader: MakeUser, read: Read, signed_in: Callable[[User], Client]
) -> None:
    made = study(films=1, washouts=(0, 28))
    read(made.rounds.get(number=1), reader("ada"))
    waiting = Reading.objects.get(round__number=2, reader=reader("ada"))
    walker = Walker(signed_in(reader("ada")))
    for picture in ("", "/picture", "/preview"):
        assert walker.call("GET", f"readings/<id>{picture}", waiting.pk).status_code == 404
    for door in DOORS:
        assert walker.post(door, waiting.pk, site="L1_INF", grade=1).status_code in (400, 404)


def test_an_adjudicator_does_not_learn_who_read(
    planted: Study,
    reader: MakeUser,
    read: Read,
    adjudicator: MakeUser,
    signed_in: Callable[[User], Client],
) -> None:
    read(planted.rounds.get(number=1), reader("ada"), grades={"L1_INF": 2})
    walker = Walker(signed_in(adjudicator("marker-judge")))
    walker.call("GET", "adjudication")
    case = walker.call("POST", "studies/<id>/adjudication/next", planted.pk).json()["case"]
    walker.call("GET", "adjudication/<id>/picture", case["id"])
    assert adjudication.two_marks(AdjudicationCase.objects.get(pk=case["id"]))
    shown = {  # A and B, on the crop that was read
        "another reader's reason",
        "another reader's finding",
        "another reader's disc point",
    }
    assert {what for _, what in walker.leaks} <= shown
    assert b"ada" not in walker.call("POST", "studies/<id>/adjudication/next", planted.pk).content

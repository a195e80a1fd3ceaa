"""Nothing that others do changes an answer to a reader: no byte, no header, no question asked."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import ModelVersion, Reading, Study
from annotation.services import (
    adjudication,
    adjudication_leases,
    reader_grades,
    reading_queue,
    relabel_batches,
)
from annotation.services.ledger import Mark
from annotation.services.ranking import Candidate, Ranked, Stream
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

SignIn = Callable[[User], Client]
Answer = tuple[str, int, dict[str, str], str, int]
DRAWN_ANEW = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|"csrf_token":"\w+"')

OF_THE_PLACE = re.compile(r"readings/\d+|\"(id|position)\": \d+")


@pytest.fixture
def made(study: MakeStudy, film: MakeFilm, adjudicator: MakeUser) -> Study:
    """Five films; ada has read one of them and holds the next."""
    return study(
        films=[film() for _ in range(5)],
        readers=["ada", "ben", "cleo"],
        adjudicators=[adjudicator("judge")],
        washouts=(0, 28),
        assist_mode="second_look",
    )


def walk(client: Client, made: Study, reading: int) -> list[Answer]:
    """Every page of a reader, asked for in order: status, headers, body, number of questions."""
    first, second = (round_.pk for round_ in made.rounds.order_by("number"))
    asked = [
        ("get", "session"), ("get", "worklist"), ("get", "calibration"),
        ("post", f"rounds/{first}/next"), ("post", f"rounds/{second}/next"),
        ("get", f"readings/{reading}"), ("post", f"readings/{reading}/renew"),
        ("get", f"readings/{reading}/picture"), ("get", f"readings/{reading + 1}"),
        ("get", f"studies/{made.pk}"), ("post", f"studies/{made.pk}/adjudication/next"),
        ("get", "radiographs"), ("get", "users"), ("get", f"export/studies/{made.pk}/reads.csv"),
    ]  # fmt: skip
    answers = []
    for verb, path in asked:
        with CaptureQueriesContext(connection) as questions:
            answer = getattr(client, verb)(f"/api/v1/{path}")
        body = DRAWN_ANEW.sub("", answer.content.decode())
        answers.append((path, answer.status_code, dict(answer.headers), body, len(questions)))
    return answers


def others_work(
    made: Study, reader: MakeUser, adjudicator: MakeUser, read: Read, grader: ModelVersion,
    pregraded: Callable[..., None],
) -> None:  # fmt: skip
    """The model grades every film, two others read all of them, and a judge decides."""
    for film in made.films.all():
        pregraded(film, grader)
    for name, grade in (("ben", 2), ("cleo", 0)):
        for _ in range(5):
            read(made.rounds.get(number=1), reader(name), grades={"L1_INF": grade})
    judge = adjudicator("judge")
    while case := adjudication_leases.take_next(adjudicator=judge, study=made):
        adjudication.decide(adjudicator=judge, case_id=case.pk, key=uuid.uuid4(), mark=Mark(2))


def test_what_others_do_changes_no_answer_to_a_reader(
    made: Study,
    reader: MakeUser,
    adjudicator: MakeUser,
    read: Read,
    signed_in: SignIn,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> None:
    ada, round_ = reader("ada"), made.rounds.get(number=1)
    read(round_, ada)
    held = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert held is not None
    client = signed_in(ada)
    before = walk(client, made, held.pk)
    others_work(made, reader, adjudicator, read, model_version(), pregraded)
    assert made.consensus.exists()
    for one, other in zip(before, walk(client, made, held.pk), strict=True):
        assert one == other


def test_two_readers_who_are_equally_far_get_answers_of_one_shape(
    made: Study, reader: MakeUser, read: Read, signed_in: SignIn
) -> None:
    """One was first to read and one last; the same keys, counts and questions."""

    def shape(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: shape(value) for key, value in found.items()}
        if isinstance(found, list):
            return [shape(value) for value in found]
        return type(found).__name__

    round_ = made.rounds.get(number=1)
    seen = []
    for name in ("ada", "ben", "cleo"):
        read(round_, reader(name))
        client = signed_in(reader(name))
        with CaptureQueriesContext(connection) as questions:
            taken = client.post(f"/api/v1/rounds/{round_.pk}/next").json()
        worklist = client.get("/api/v1/worklist").json()
        counts = [(row["places"], row["committed"], row["state"]) for row in worklist]
        seen.append((shape(taken), shape(worklist), counts, len(questions)))
    assert seen[0] == seen[1] == seen[2]


def test_a_random_corner_answers_exactly_as_a_ranked_one(
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    coordinator: MakeUser,
    signed_in: SignIn,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> None:
    films, grader, ada = [film() for _ in range(3)], model_version(), reader("ada")
    for one in films:
        pregraded(one, grader)
    streams: list[Stream] = ["ranked", "random", "ranked"]
    batch = relabel_batches.open_batch(
        study=study(films=films),
        corners=[
            Ranked(Candidate("p", one.pk, "L3_INF", (0.4, 0.4, 0.2, 0.0)), score, "0 vs 1", of, p)
            for one, of, score, p in zip(
                films, streams, (0.9, 0.1, 0.8), (1.0, 0.2, 1.0), strict=True
            )
        ],
        model_version=grader,
        readers=[ada],
        actor=coordinator(),
    )
    client, walks = signed_in(ada), []
    for _ in films:
        with CaptureQueriesContext(connection) as questions:
            answers = [client.post(f"/api/v1/rounds/{batch.pk}/next")]
            place = f"/api/v1/readings/{answers[0].json()['reading']['id']}"
            answers.append(client.get(place))
            for verb, more in (("grades", {"site": "L3_INF", "grade": 1}), ("commit", {})):
                sent = {"idempotency_key": str(uuid.uuid4()), **more}
                answers.append(client.post(f"{place}/{verb}", sent, "application/json"))
            answers.append(client.get(place))
        walks.append(([alike(answer) for answer in answers], len(questions)))
    assert walks[0] == walks[1]  # the last one has nothing behind it


def alike(answer: Any) -> str:
    """An answer without what names a place or a moment."""
    headers = {name: value for name, value in answer.items() if name != "Content-Length"}
    body = answer.json()
    for of_next in (body, body.get("reading") or {}):
        of_next.pop("upcoming", None)
        of_next.pop("next", None)
    told = json.dumps([answer.status_code, headers, body])
    return OF_THE_PLACE.sub("", DRAWN_ANEW.sub("", told))


def test_a_commit_takes_as_long_for_the_last_reader_of_a_film_as_for_the_first(
    made: Study,
    reader: MakeUser,
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """By a clock of the test: comparing the film costs it 40 ms, and the answer 100 in all."""
    settings.COMMIT_ANSWER_SECONDS = 0.1
    clock, slept = Mock(side_effect=[5.00, 5.02, 7.00, 7.06]), Mock()
    monkeypatch.setattr("annotation.api.reading.time", Mock(monotonic=clock, sleep=slept))
    film = made.films.earliest("pk")
    for name in ("ada", "ben"):
        one = Reading.objects.get(
            round=made.rounds.get(number=1), reader=reader(name), radiograph=film
        )
        reading_queue.take_next(reader=reader(name), round_id=one.round_id, shown=one.pk)
        for site in one.sites:
            reader_grades.grade(
                reader=reader(name), reading_id=one.pk, key=uuid.uuid4(), site=site, mark=Mark(0)
            )
        answer = signed_in(reader(name)).post(
            f"/api/v1/readings/{one.pk}/commit",
            {"idempotency_key": str(uuid.uuid4())},
            content_type="application/json",
        )
        assert answer.json()["state"] == "committed"
    assert [call.args[0] for call in slept.call_args_list] == [
        pytest.approx(0.08),
        pytest.approx(0.04),
    ]

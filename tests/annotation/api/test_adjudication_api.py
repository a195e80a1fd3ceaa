"""The adjudicator's REST: corners that differ, A and B without names, one decision each."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from annotation.models import AdjudicationCase, DiscPoint, ModelVersion, Reading, Study
from annotation.services import relabel_batches
from annotation.services.ranking import Candidate, Ranked
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser, Read

SIGN_IN = Callable[[User], Client]


@pytest.fixture
def made(study: MakeStudy, adjudicator: MakeUser) -> Study:
    return study(films=1, adjudicators=[adjudicator("judge")])


@pytest.fixture
def judge(signed_in: SIGN_IN, adjudicator: MakeUser, made: Study) -> Client:
    return signed_in(adjudicator("judge"))


@pytest.fixture
def differ(made: Study, reader: MakeUser, read: Read) -> None:
    read(made.rounds.get(), reader("ada"), grades={"L1_INF": 3, "L2_SUP": 3, "L5_INF": 2})
    read(made.rounds.get(), reader("ben"), grades={"L1_INF": 1, "L5_INF": "rotated"})


def take(judge: Client, made: Study) -> dict[str, Any]:
    answer: dict[str, Any] = judge.post(f"/api/v1/studies/{made.pk}/adjudication/next").json()
    return answer


def decide(judge: Client, case: dict[str, Any], **mark: Any) -> Any:
    body = {"idempotency_key": str(uuid.uuid4()), **mark}
    return judge.post(
        f"/api/v1/adjudication/{case['id']}/decision", body, content_type="application/json"
    )


def test_before_the_readers_are_done_there_is_nothing(judge: Client, made: Study) -> None:
    assert judge.get("/api/v1/adjudication").json() == [
        {"study": {"id": made.pk, "name": made.name}, "open": 0, "settled": 0}
    ]
    answer = take(judge, made)
    assert answer["case"] is None
    assert "No corner to settle yet" in answer["sentence"]


@pytest.mark.usefixtures("differ")
def test_a_case_shows_two_marks_and_no_name(judge: Client, made: Study) -> None:
    answer = judge.post(f"/api/v1/studies/{made.pk}/adjudication/next")
    case = answer.json()["case"]
    assert (case["site"], case["facing"], case["region"]) == ("L1_INF", "L2_SUP", "L")
    assert {case["a"]["grade"], case["b"]["grade"]} == {1, 3}
    assert case["picture_url"] == f"/api/v1/adjudication/{case['id']}/picture"
    for name in (b"ada", b"Ada", b"ben", b"Ben"):
        assert name not in answer.content


@pytest.mark.usefixtures("differ")
def test_each_discordant_corner_comes_once(judge: Client, made: Study) -> None:
    first = take(judge, made)
    assert first["open"] == 3
    assert decide(judge, first["case"], grade=3).json() == {"settled": 2}
    second = take(judge, made)
    last = second["case"]
    assert second["open"] == 1
    assert last["site"] == "L5_INF"
    assert decide(judge, last, grade=1, findings=["erosion"]).json() == {"settled": 1}
    answer = take(judge, made)
    assert answer["case"] is None
    assert "is settled" in answer["sentence"]
    [row] = judge.get("/api/v1/adjudication").json()
    assert (row["open"], row["settled"]) == (0, 3)


@pytest.mark.usefixtures("differ")
def test_an_adjudicator_of_another_study_sees_nothing_of_it(
    signed_in: SIGN_IN, adjudicator: MakeUser, judge: Client, made: Study
) -> None:
    case = take(judge, made)["case"]
    other = signed_in(adjudicator("other"))
    assert other.get("/api/v1/adjudication").json() == []
    assert other.post(f"/api/v1/studies/{made.pk}/adjudication/next").status_code == 404
    assert other.get(case["picture_url"]).status_code == 404
    assert decide(other, case, grade=1).status_code == 404


@pytest.mark.usefixtures("differ")
def test_whoever_waits_for_others_is_told_until_when(
    judge: Client, made: Study, adjudicator: MakeUser, signed_in: SIGN_IN
) -> None:
    second = adjudicator("second")
    made.adjudicators.add(second)
    while AdjudicationCase.objects.filter(held_by=None).exists():
        one = take(judge, made)["case"]
        AdjudicationCase.objects.filter(pk=one["id"]).update(held_by=adjudicator("third"))
    AdjudicationCase.objects.update(lease_until=timezone.now() + timedelta(minutes=30))
    first = AdjudicationCase.objects.earliest("pk")
    first.lease_until = timezone.now() + timedelta(minutes=10)
    first.save()
    sentence = take(signed_in(second), made)["sentence"]
    assert f"free again on {first.lease_until:%-d %B %Y at %H:%M} UTC" in sentence


@pytest.mark.usefixtures("differ")
def test_a_reader_of_the_study_is_never_shown_its_cases(
    made: Study, user: MakeUser, signed_in: SIGN_IN
) -> None:
    both = user("ada", "adjudicator")
    made.adjudicators.add(both)
    client = signed_in(both)
    assert client.get("/api/v1/adjudication").json() == []
    assert client.post(f"/api/v1/studies/{made.pk}/adjudication/next").status_code == 404


def moved(reading: Reading, y: float) -> DiscPoint:
    """The reader of a reading moves the disc that the model put at 600."""
    return DiscPoint.objects.create(
        radiograph=reading.radiograph,
        disc="L3/L4",
        reader=reading.reader,
        reading=reading,
        center_x=400,
        center_y=y,
        anterior_x=450,
        anterior_y=y,
        idempotency_key=uuid.uuid4(),
    )


def test_a_relabeled_corner_is_settled_on_the_crop_that_was_relabeled(
    judge: Client,
    made: Study,
    reader: MakeUser,
    read: Read,
    model_version: MakeModel,
    signed_in: SIGN_IN,
) -> None:
    """Points moved in the first round stand in the batch that asks again, and before the judge."""
    version = model_version("points", task=ModelVersion.Task.KEY_POINTS)
    film = made.films.get()
    place = {"center_x": 400, "center_y": 600, "anterior_x": 450, "anterior_y": 600}
    DiscPoint.objects.create(radiograph=film, disc="L3/L4", model_version=version, **place)
    readers = [reader("ada"), reader("ben")]
    for one, y in zip(readers, (440.0, 450.0), strict=True):
        moved(read(made.rounds.get(), one, grades={"L3_INF": 0}), y)
    corner = Candidate(patient="p", film=film.pk, site="L3_INF", p=(0.4, 0.4, 0.2, 0.0))
    batch = relabel_batches.open_batch(
        study=made,
        corners=[Ranked(corner, 0.5, "0 vs 1", "ranked", 1.0)],
        model_version=version,
        readers=readers,
        actor=readers[0],
    )
    asked = signed_in(readers[1]).post(f"/api/v1/rounds/{batch.pk}/next").json()["reading"]
    for one, grade in zip(readers, (1, 2), strict=True):
        read(batch, one, grades={"L3_INF": grade})
    case = take(judge, made)["case"]
    assert asked["discs"][0]["center"] == case["discs"][0]["center"] == [400.0, 450.0]

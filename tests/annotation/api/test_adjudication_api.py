"""The adjudicator's REST: corners that differ, A and B without names, one decision each."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from annotation.models import AdjudicationCase, Study
from tests.annotation.conftest import MakeStudy, MakeUser, Read

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
    assert decide(judge, take(judge, made)["case"], grade=3).json() == {"settled": 2}
    last = take(judge, made)["case"]
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

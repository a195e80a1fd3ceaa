"""What one key of a reader leaves in the ledger: everything that an auditor asks for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from annotation.models import GradeEvent
from tests.annotation.conftest import MakeStudy, MakeUser

KEY = "5f0c2a4e-7d52-4a39-9d0b-5a1e9b0f7a11"


@pytest.mark.django_db
def test_an_event_holds_who_what_when_how_long_and_under_what(
    study: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(reader("ada"))
    round_ = study(films=1, readers=["ada"], finding_flags=True).rounds.get()
    reading = client.post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]
    body = {
        "idempotency_key": KEY,
        "client_time": "2026-01-02T03:04:05.678Z",
        "site": "L1_INF",
        "grade": 1,
        "findings": ["erosion"],
        "ms_spent": 2345,
        "window": {"center": 1800.5, "width": 2600.25},
    }
    address = f"/api/v1/readings/{reading['id']}/grades"
    for _ in range(2):
        answer = client.post(address, json.dumps(body), "application/json")
        assert answer.status_code == 200
    event = GradeEvent.objects.get()
    assert event.reading.reader == reader("ada")
    assert (event.site, event.grade, event.not_assessable) == ("L1_INF", 1, "")
    assert event.findings == ["erosion"]
    assert event.cause == GradeEvent.Cause.READER
    assert str(event.idempotency_key) == KEY
    assert event.client_time == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert timedelta(0) <= timezone.now() - event.created_at < timedelta(minutes=5)
    assert (event.ms_spent, event.window_center, event.window_width) == (2345, 1800.5, 2600.25)
    assert event.model_version_shown_id is None
    body |= {"idempotency_key": KEY[:-1] + "2", "grade": None, "findings": []}
    client.post(address, json.dumps(body | {"not_assessable": "rotated"}), "application/json")
    newest = GradeEvent.objects.latest("pk")
    assert (newest.grade, newest.not_assessable) == (None, "rotated")


@pytest.mark.django_db
def test_the_window_of_the_last_grade_goes_with_the_reader_to_another_machine(
    study: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client]
) -> None:
    here, elsewhere = signed_in(reader("ada")), signed_in(reader("ada"))
    round_ = study(films=2, readers=["ada"]).rounds.get()
    reading = here.post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]
    imported = reading["window"]
    assert reading["window_at"] is None
    address = f"/api/v1/readings/{reading['id']}"
    window = {"center": 1800.5, "width": 2600.25}
    body = {"idempotency_key": KEY, "site": "L1_INF", "grade": 2, "window": window}
    saved = here.post(f"{address}/grades", json.dumps(body), "application/json").json()
    undo = {"idempotency_key": KEY[:-1] + "2"}
    here.post(f"{address}/undo", json.dumps(undo), "application/json")
    shown = elsewhere.get(address).json()
    assert (shown["marks"], shown["window"]) == ({}, window)
    given = GradeEvent.objects.earliest("pk").created_at
    assert datetime.fromisoformat(saved["window_at"]) == given
    assert shown["window_at"] == saved["window_at"]
    assert shown["upcoming"][0]["window"] == imported != window  # of that film nothing is kept

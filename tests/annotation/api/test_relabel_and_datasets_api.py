"""Routing and export over HTTP: ranked corners become a batch, tables leave by token."""

import csv
import io
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.authtoken.models import Token

from annotation.models import AuditRecord, QueriedCorner, Reading, Study
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

SignedIn = Callable[[User], Client]
JSON = "application/json"


@pytest.fixture
def torn_study(
    study: MakeStudy, film: MakeFilm, model_version: MakeModel, pregraded: Callable[..., None]
) -> Study:
    films = [film(), film()]
    grader = model_version()
    for one in films:
        pregraded(one, grader, p=(0.5, 0.4, 0.1, 0.0))
    return study(films=films)


@pytest.fixture
def browser(signed_in: SignedIn, coordinator: MakeUser) -> Client:
    return signed_in(coordinator())


def test_the_ranking_names_the_confused_grades(browser: Client, torn_study: Study) -> None:
    answer = browser.get(f"/api/v1/studies/{torn_study.pk}/ranking?limit=3").json()
    assert answer["model_version"] == "grader-1"
    assert len(answer["corners"]) == 3
    assert answer["corners"][0]["reason"].startswith("0 vs 1")


def test_a_limit_that_is_no_number_is_refused(browser: Client, torn_study: Study) -> None:
    answer = browser.get(f"/api/v1/studies/{torn_study.pk}/ranking?limit=many")
    assert answer.status_code == 400


def test_a_batch_gives_its_reader_one_place_per_corner_in_rank_order(
    browser: Client, torn_study: Study
) -> None:
    wanted = {"size": 5, "random_share": 0.2, "readers": ["ada"]}
    answer = browser.post(f"/api/v1/studies/{torn_study.pk}/relabel_batches", wanted, JSON)
    assert answer.status_code == 201
    batch = answer.json()
    assert (batch["kind"], batch["corners"]) == ("relabel", 5)
    ranked = QueriedCorner.objects.filter(round=batch["id"]).order_by("rank")
    places = Reading.objects.filter(round=batch["id"]).order_by("position")
    assert [(q.radiograph_id, q.site) for q in ranked] == [
        (r.radiograph_id, r.site) for r in places
    ]
    assert {q.stream for q in ranked} == {"ranked", "random"}


def test_a_batch_for_nobody_is_refused(browser: Client, torn_study: Study) -> None:
    wanted = {"size": 5, "readers": []}
    answer = browser.post(f"/api/v1/studies/{torn_study.pk}/relabel_batches", wanted, JSON)
    assert answer.status_code == 400


def test_a_study_without_predictions_says_so(browser: Client, study: MakeStudy) -> None:
    answer = browser.get(f"/api/v1/studies/{study().pk}/ranking")
    assert answer.status_code == 409
    assert "manage.py" in answer.json()["error"]["sentence"]


def test_a_script_takes_the_reads_by_token(
    study: MakeStudy, read: Read, reader: MakeUser, data_scientist: MakeUser
) -> None:
    made = study(films=1)
    read(made.rounds.get(), reader("ada"))
    token = Token.objects.create(user=data_scientist())
    answer = Client().get(
        f"/api/v1/export/studies/{made.pk}/reads.csv", headers={"Authorization": f"Token {token}"}
    )
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == 12
    assert AuditRecord.objects.filter(action="dataset.reads_exported").count() == 1


@pytest.mark.parametrize("file", ["reads.xlsx", "patients.csv"])
def test_a_table_that_does_not_exist_is_not_found(
    browser: Client, study: MakeStudy, file: str
) -> None:
    assert browser.get(f"/api/v1/export/studies/{study().pk}/{file}").status_code == 404


def test_a_token_is_shown_once_and_a_new_one_replaces_it(browser: Client) -> None:
    first = browser.post("/api/v1/export/token").json()["token"]
    assert browser.get("/api/v1/export/token").json()["token"] is None
    second = browser.post("/api/v1/export/token").json()["token"]
    assert first != second
    assert Token.objects.count() == 1
    browser.delete("/api/v1/export/token")
    assert Token.objects.count() == 0
    assert browser.get("/api/v1/export/token").json()["created"] is None


def test_the_export_list_names_every_table(browser: Client, study: MakeStudy) -> None:
    made = study()
    listed = browser.get("/api/v1/export/studies").json()
    assert listed[0]["name"] == made.name
    assert f"/api/v1/export/studies/{made.pk}/consensus.json" in listed[0]["tables"]

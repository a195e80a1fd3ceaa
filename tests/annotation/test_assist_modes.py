"""Who saw the model: beside the reading, after it, or never; and that only blind reads count."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from annotation.models import Consensus, ModelVersion, Reading, Study
from annotation.services import (
    consensus_comparison,
    dataset_export,
    dataset_snapshots,
    reading_queue,
    round_reads,
)
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

SignIn = Callable[[User], Client]


@pytest.fixture
def grader(model_version: MakeModel) -> ModelVersion:
    return model_version("grader-7")


@pytest.fixture
def beside(study: MakeStudy, film: MakeFilm, pregraded: Any, grader: ModelVersion) -> Study:
    """A concurrent study of one film that the model has graded and one that it has not."""
    known, unknown = film(), film()
    pregraded(known, grader, p=(0.1, 0.7, 0.2, 0.0))
    return study(films=[known, unknown], assist_mode="concurrent")


def read_all(made: Study, read: Read, reader: MakeUser) -> None:
    round_ = made.rounds.get()
    for name in ("ada", "ben"):
        for _ in range(made.films.count()):
            read(round_, reader(name), grades={"L3_INF": 1})


def test_the_model_is_shown_while_reading_and_named_on_every_event(
    beside: Study, reader: MakeUser, signed_in: SignIn, grader: ModelVersion
) -> None:
    client, round_ = signed_in(reader("ada")), beside.rounds.get()
    for _ in range(2):
        reading = client.post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]
        stored = Reading.objects.get(pk=reading["id"])
        graded = stored.radiograph.corner_predictions.exists()
        if graded:
            assert reading["model"]["version"] == "grader-7"
            assert reading["model"]["corners"]["L3_INF"]["grade"] == 1
        else:
            assert reading["model"] is None
        for site in reading["sites"]:
            body = {"idempotency_key": str(uuid.uuid4()), "site": site, "grade": 0}
            address = f"/api/v1/readings/{reading['id']}/grades"
            assert client.post(address, body, content_type="application/json").status_code == 200
        shown = set(stored.events.values_list("model_version_shown__name", flat=True))
        assert shown == ({"grader-7"} if graded else {None})
        body = {"idempotency_key": str(uuid.uuid4())}
        address = f"/api/v1/readings/{reading['id']}/commit"
        done = client.post(address, body, content_type="application/json").json()
        assert done["next"] is not None  # nothing more to look at: the next film comes at once


def test_what_was_shown_stays_when_another_version_serves(
    beside: Study, reader: MakeUser, model_version: MakeModel, grader: ModelVersion, pregraded: Any
) -> None:
    ada, round_ = reader("ada"), beside.rounds.get()
    taken = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert taken is not None
    before = taken.model_version_shown
    ModelVersion.objects.filter(pk=grader.pk).update(state="retired")
    newer = model_version("grader-8")
    for film in beside.films.all():
        pregraded(film, newer)
    again = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert again is not None
    assert (again.pk, again.model_version_shown) == (taken.pk, before)


def test_reads_beside_the_model_enter_nothing_that_judges(
    beside: Study, reader: MakeUser, read: Read
) -> None:
    read_all(beside, read, reader)
    assert all(not films for films in round_reads.blind_reads(beside.rounds.get()).values())
    assert not Consensus.objects.filter(study=beside).exists()
    assert not beside.cases.exists()
    assert dataset_snapshots.labels_of(beside).votes == {}
    assert consensus_comparison.by_rule(beside, "mean") == {}
    rows = list(dataset_export.reads(beside))
    assert {row["assist_mode"] for row in rows} == {"concurrent"}
    assert {row["model_shown"] for row in rows} == {"grader-7", None}
    of_l3 = {(row["model_shown"], row["model_grade"]) for row in rows if row["site"] == "L3_INF"}
    assert of_l3 == {("grader-7", 1), (None, None)}


def test_agreement_counts_blind_reads_and_names_the_mode(
    beside: Study, reader: MakeUser, read: Read, signed_in: SignIn, coordinator: MakeUser
) -> None:
    read_all(beside, read, reader)
    office = signed_in(coordinator())
    answer = office.get(f"/api/v1/studies/{beside.pk}/agreement").json()
    assert answer["films"] == 0
    assert answer["pairs"][0]["totals"] == []
    assert answer["mode"] == {"chronology": "single", "assist_mode": "concurrent"}


def test_a_reader_who_saw_the_model_elsewhere_does_not_read_the_film_blind(
    beside: Study, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    ada = reader("ada")
    for _ in range(2):
        read(beside.rounds.get(), ada)
    later = study(films=list(beside.films.all()), name="blind, later")
    for name in ("ada", "ben"):
        for _ in range(2):
            read(later.rounds.get(), reader(name))
    reads = round_reads.blind_reads(later.rounds.get())
    assert (len(reads["ada"]), len(reads["ben"])) == (1, 2)
    rows = [row for row in dataset_export.reads(later) if row["site"] == "L3_INF"]
    knew = {(r["reader"], r["model_shown"], r["model_grade"]) for r in rows if r["model_shown"]}
    assert knew == {("ada", "grader-7", 1)}


def test_the_blind_readers_are_compared_without_the_one_who_knew_the_model(
    beside: Study, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    read_all(beside, read, reader)  # ada and ben: they know the model's grades from here on
    names = ("ada", "cleo", "dora")
    film = beside.films.get(corner_predictions__isnull=False, corner_predictions__site="L3_INF")
    later = study(films=[film], readers=names, name="blind, later")
    for name, grade in zip(names, (3, 1, 1), strict=True):
        assert not Consensus.objects.filter(study=later).exists()
        read(later.rounds.get(), reader(name), grades={"L3_INF": grade})
    assert Consensus.objects.get(study=later, site="L3_INF").grade == 1
    assert not later.cases.exists()


def test_hidden_repeats_are_read_blind(study: MakeStudy) -> None:
    with pytest.raises(ValidationError, match="must be read blind"):
        study(films=2, repeat_share=0.5, assist_mode="concurrent")

"""The coordinator's REST: accounts, a new study, its progress."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import AuditRecord, Study
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read


@pytest.fixture
def office(signed_in: Callable[[User], Client], coordinator: MakeUser) -> Client:
    return signed_in(coordinator())


@pytest.fixture
def design(reader: MakeUser, adjudicator: MakeUser, film: MakeFilm) -> dict[str, Any]:
    film(region="L")
    film(region="C")
    return {
        "name": "Spine 2026",
        "readers": [reader("ada").username, reader("ben").username],
        "adjudicators": [adjudicator("judge").username],
        "region": None,
        "radiographs": "all",
        "rounds": [{"washout_days": 0}, {"washout_days": 120}],
        "assist_mode": "second_look",
        "cervical_squaring": "C5_C6",
        "missing_sites": "strict",
    }


def create(office: Client, design: dict[str, Any]) -> Any:
    return office.post("/api/v1/studies", design, content_type="application/json")


def test_the_accounts_with_a_role(office: Client, user: MakeUser) -> None:
    user("ada", "reader", "adjudicator")
    user("no-role")
    assert office.get("/api/v1/users").json() == [
        {"username": "ada", "name": "Ada Person", "roles": ["adjudicator", "reader"]},
        {"username": "coordinator", "name": "Coordinator Person", "roles": ["coordinator"]},
    ]


def test_a_study_is_created_as_designed(office: Client, design: dict[str, Any]) -> None:
    answer = create(office, design)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["films"], made["state"], made["assist_mode"]) == (2, "open", "second_look")
    assert (made["readers"], made["adjudicators"]) == (["ada", "ben"], ["judge"])
    assert [(one["number"], one["kind"], one["places"]) for one in made["rounds"]] == [
        (1, "full", 4),
        (2, "full", 4),
    ]
    kept = Study.objects.get()
    assert (kept.cervical_squaring, kept.missing_sites) == ("C5_C6", "strict")
    assert kept.rounds.get(number=2).washout_days == 120
    assert office.get("/api/v1/studies").json() == [made]


def test_films_can_be_chosen(office: Client, design: dict[str, Any], film: MakeFilm) -> None:
    chosen = [film().pk, film().pk]
    made = create(office, design | {"radiographs": chosen, "region": "L"}).json()
    assert made["films"] == 2
    assert set(Study.objects.get().films.values_list("pk", flat=True)) == set(chosen)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"readers": []}, "readers"),
        ({"readers": ["nobody"]}, "nobody"),
        ({"readers": ["coordinator"]}, "would not be blind"),
        ({"adjudicators": ["ada"]}, "cannot adjudicate"),
        ({"radiographs": [0]}, "not ready to be read"),
        ({"radiographs": "some"}, "list of radiograph ids"),
        ({"rounds": []}, "rounds"),
        ({"assist_mode": "always"}, "assist_mode"),
        ({"chronology": "paired_known"}, "second time point"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_a_sentence(
    office: Client, design: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    answer = create(office, design | change)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["sentence"]
    assert not Study.objects.exists()


def test_progress_shows_no_grade(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=2)
    read(made.rounds.get(), reader("ada"))
    found = office.get(f"/api/v1/studies/{made.pk}").json()
    [ada, ben] = found["progress"]
    assert (ada["reader"], ada["places"], ada["committed"]) == ("ada", 2, 1)
    assert set(ben) == {
        "reader", "round", "kind", "places", "committed", "open_leases", "last_activity",
        "median_seconds", "left", "pace", "pace_from", "done_by",
    }  # fmt: skip


def test_a_study_is_finished_when_all_is_committed_and_closed_when_it_is_shut(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, readers=["ada"])
    read(made.rounds.get(), reader("ada"))
    address = f"/api/v1/studies/{made.pk}"
    assert office.get(address).json()["state"] == "finished"
    for _ in range(2):
        assert office.post(f"{address}/close").json()["state"] == "closed"
    assert office.get(address).json()["state"] == "closed"
    assert office.post(f"{address}/reopen").json()["state"] == "finished"
    records = AuditRecord.objects.filter(subject=f"Study {made.pk}").order_by("pk")
    assert [record.action for record in records][-2:] == ["study.closed", "study.reopened"]


def test_conventions_are_corrected_until_the_first_grade_and_then_refused_in_a_sentence(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    address, changed = f"/api/v1/studies/{made.pk}", {"cervical_squaring": "all"}
    answer = office.patch(address, changed, content_type="application/json")
    assert (answer.status_code, answer.json()["cervical_squaring"]) == (200, "all")
    assert answer.json()["design_fixed"] is False
    read(made.rounds.get(), reader("ada"))
    answer = office.patch(address, {"missing_sites": "strict"}, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["error"]["name"] == "design_fixed"
    assert office.get(address).json()["design_fixed"] is True


def test_the_rules_of_consensus_are_shown_beside_each_other(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    for name, grade in (("ada", 1), ("ben", 2)):
        read(made.rounds.get(), reader(name), grades={"L3_INF": grade})
    shown = office.get(f"/api/v1/studies/{made.pk}/consensus").json()
    assert [one["corners"] for one in shown["rules"]] == [11, 12, 12, 11]
    assert shown["pairs"][0]["rules"] == ["agree", "mean"]


def test_a_committed_read_on_the_wrong_level_is_moved(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    reading = read(made.rounds.get(), reader("ada"), grades={"L3_INF": 2})
    wanted = {
        "idempotency_key": "11111111-1111-4111-8111-111111111111",
        "round": reading.round_id,
        "reader": "ada",
        "radiograph": reading.radiograph_id,
        "towards": "cranial",
    }
    address = f"/api/v1/studies/{made.pk}/level_shifts"
    answer = office.post(address, wanted, content_type="application/json")
    assert answer.json() == {"corners": 4, "adjudicated": []}
    other = office.post(address, wanted | {"reader": "ben"}, content_type="application/json")
    assert other.status_code == 409
    unknown = office.post(address, wanted | {"reader": "nobody"}, content_type="application/json")
    assert unknown.status_code == 404


def test_an_overlap_that_does_not_say_how_many_is_refused(
    office: Client, design: dict[str, Any]
) -> None:
    answer = create(office, design | {"overlap": "some"})
    assert (answer.status_code, Study.objects.count()) == (400, 0)
    assert "how many readers read each film" in answer.json()["error"]["sentence"]
    made = create(office, design | {"overlap": "some", "readers_per_film": 1}).json()
    assert (made["overlap"], made["rounds"][0]["places"]) == ("some", 2)


def test_the_films_of_a_choice_are_counted(office: Client, design: dict[str, Any]) -> None:
    whole = office.get("/api/v1/studies/films").json()
    assert (whole["films"], whole["places"]) == (2, 2)
    (centre,) = whole["centres"]
    asked = {"centres": [centre["name"], "elsewhere"], "region": "C", "unread": "true"}
    assert office.get("/api/v1/studies/films", asked).json()["films"] == 1
    assert office.get("/api/v1/studies/films", {"predicted": "true"}).json()["films"] == 0
    odd = office.get("/api/v1/studies/films", {"region": "head"})
    assert odd.status_code == 400

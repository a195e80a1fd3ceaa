"""A reader's way through the gate: fails, sees the answers, reads again, passes, may begin."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import Consensus
from inference.msasss import sites_of
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser

LUMBAR = [site.code for site in sites_of("L")]
ANSWERS = {site: n % 3 for n, site in enumerate(LUMBAR)}


class Browser:
    """What a page does, by its addresses."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1/{path}").json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code < 300, answer.content
        return answer.json()

    def read(self, round_id: int, grades: dict[str, int]) -> Any:
        """One film of a round; the answer of its commit."""
        reading = self.post(f"rounds/{round_id}/next")["reading"]
        for site, grade in grades.items():
            key = str(uuid.uuid4())
            self.post(
                f"readings/{reading['id']}/grades", idempotency_key=key, site=site, grade=grade
            )
        return self.post(f"readings/{reading['id']}/commit", idempotency_key=str(uuid.uuid4()))


@pytest.fixture
def office(signed_in: Callable[[User], Client], coordinator: MakeUser) -> Browser:
    return Browser(signed_in(coordinator()))


def test_a_reader_fails_learns_passes_and_opens_the_study(
    office: Browser,
    signed_in: Callable[[User], Client],
    reader: MakeUser,
    film: MakeFilm,
    study: MakeStudy,
) -> None:
    table = "film,corner,grade\n" + "".join(
        f"{one.pk},{site},{grade}\n" for one in (film(), film()) for site, grade in ANSWERS.items()
    )
    reader("ada")
    deck = office.post("decks", name="deck", labels=table, readers=["ada"])
    design = {
        "name": "gated", "readers": ["ada"], "radiographs": [film().pk], "rounds": [{}],
        "gate_deck": deck["id"], "gate_kappa": 0.8, "gate_films": 2,
    }  # fmt: skip
    round_id = office.post("studies", **design)["rounds"][0]["id"]
    ada = Browser(signed_in(reader("ada")))

    row = next(row for row in ada.get("worklist") if row["round"]["id"] == round_id)
    assert row["state"] == "calibration"
    assert ada.post(f"rounds/{round_id}/next")["reading"] is None
    for _ in range(2):
        answers = ada.read(row["leads_to"], dict.fromkeys(LUMBAR, 0))["answers"]
        assert {site: mark["grade"] for site, mark in answers.items()} == ANSWERS
    refused = ada.post(f"rounds/{round_id}/next")
    assert (refused["reading"], refused["state"]) == (None, "calibration")
    assert "Begin it again on the calibration page" in refused["sentence"]

    [mine] = ada.get("calibration")
    assert mine["gates"] == [{"study": "gated", "kappa": 0.8, "films": 2}]
    again = ada.post(f"calibration/{deck['id']}/tries")["round"]
    for _ in range(2):
        ada.read(again, ANSWERS)
    assert ada.post(f"rounds/{round_id}/next")["reading"]["state"] == "leased"
    [seen] = next(one for one in office.get("decks") if one["id"] == deck["id"])["readers"]
    assert [(one["committed"], one["kappa"]) for one in seen["tries"]] == [(2, 0), (2, 1.0)]
    assert not Consensus.objects.exists()

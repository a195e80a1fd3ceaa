"""A wrong answer to whose a film is, over HTTP: what taking it back would do, and doing it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.services.dicom_import import import_film
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]
URL = "/api/v1/radiographs"


@pytest.fixture
def page(signed_in: Callable[[User], Client], admin: MakeUser) -> Client:
    return signed_in(admin())


def send(seed: int, centre: str) -> int:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}", PatientSex="F")
    number = import_film(as_bytes(ds), name="a", centre=centre).radiograph
    assert number
    return number


def test_the_answer_to_whose_a_film_is_is_taken_back(page: Client) -> None:
    first, told = send(0, "Berlin"), send(1, "Paris")
    decision = {"region": "C", "person": "another"}
    other = page.patch(f"{URL}/{told}", decision, content_type="application/json").json()
    later = send(2, "Paris")
    listed = {one["id"]: one["person_told"] for one in page.get(URL).json()["results"]}
    assert listed == {first: False, told: True, later: True}
    assert page.get(f"{URL}/{first}/asked_again").status_code == 409
    address = f"{URL}/{later}/asked_again"
    foreseen = page.get(address).json()
    assert foreseen == {
        "patient": other["patient"],
        "centre": "Paris",
        "sex": "F",
        "asks": [told, later],
        "stays": [],
    }
    for wrong, status in (({}, 400), ({"reason": " "}, 400), ({"reason": "Wrong."}, 200)):
        answer = page.post(address, wrong, content_type="application/json")
        assert answer.status_code == status
    assert answer.json() == foreseen
    listed = {one["id"]: one["state"] for one in page.get(URL).json()["results"]}
    assert listed == {first: "ready", told: "quarantined", later: "quarantined"}
    assert page.post(address, wrong, content_type="application/json").status_code == 409

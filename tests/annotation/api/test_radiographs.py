"""The films over HTTP: the contract's shapes, and who may do what."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import Job, Pregrading, Radiograph
from annotation.services import quarantine
from inference.picture import read_picture
from tests.annotation.conftest import MakeModel, MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]
SignedIn = Callable[[User], Client]
URL = "/api/v1/radiographs"


@pytest.fixture
def page(signed_in: SignedIn, admin: MakeUser) -> Client:
    return signed_in(admin())


def send(page: Client, seed: int = 0, **attributes: Any) -> Any:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}", **attributes)
    return page.post(URL, {"file": SimpleUploadedFile("a film.dcm", as_bytes(ds))})


def test_an_upload_answers_what_became_of_the_file(page: Client) -> None:
    first, again = send(page), send(page)
    assert first.status_code == 201
    number = Radiograph.objects.get().pk
    assert first.json() == {
        "path": "a film.dcm", "status": "imported", "reason": None, "radiograph": number,
    }  # fmt: skip
    assert again.status_code == 200
    assert again.json()["status"] == "duplicate"


def test_a_refused_upload_is_an_answer_with_its_reason(page: Client) -> None:
    answer = page.post(URL, {"file": SimpleUploadedFile("x.pdf", b"%PDF-1.7")})
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")
    assert answer.json()["reason"] == "The file is no DICOM file."


def test_a_zip_is_no_film_and_says_where_it_is_opened(page: Client) -> None:
    answer = page.post(URL, {"file": SimpleUploadedFile("films.zip", b"PK\x03\x04" + bytes(900))})
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")
    assert answer.json()["reason"].startswith("This is a zip archive, no film; drop it on the page")


def test_an_upload_without_a_file_says_what_to_send(page: Client) -> None:
    answer = page.post(URL, {"films": "none"})
    assert answer.status_code == 400
    assert "multipart" in answer.json()["error"]["sentence"]


def test_the_list_shows_a_film_as_the_contract_says(page: Client) -> None:
    send(page, Manufacturer="GE", ManufacturerModelName="XR656")
    own = Radiograph.objects.get()
    (shown,) = page.get(URL).json()["results"]
    assert shown.pop("imported_at")
    assert shown == {
        "id": own.pk,
        "patient": own.visit.patient.pseudonym,
        "visit_date": own.visit.date.isoformat(),
        "region": "C",
        "state": "ready",
        "reason": None,
        "width": 48,
        "height": 64,
        "facing": None,
        "scanner": "GE XR656",
        "thumbnail_url": f"/api/v1/radiographs/{own.pk}/thumbnail",
        "pregraded": False,
        "plausible": None,
        "asks_person": None,
        "person_told": False,
    }


def test_the_list_says_what_the_serving_models_said(page: Client, model_version: MakeModel) -> None:
    send(page)
    own, grader = Radiograph.objects.get(), model_version()
    for state, plausible in (("retired", True), ("serving", False)):
        (shown,) = page.get(URL).json()["results"]
        assert (shown["pregraded"], shown["plausible"]) == (False, None)
        Pregrading.objects.create(
            radiograph=own,
            key_points=model_version(f"points-{state}", task="key_points", state=state),
            corner_grades=grader,
            plausible=plausible,
            reason="" if plausible else "The discs are not in a row.",
        )
    (shown,) = page.get(URL).json()["results"]
    assert (shown["pregraded"], shown["plausible"]) == (True, False)


def test_an_imported_film_waits_for_pregrading(page: Client) -> None:
    send(page)
    assert Job.objects.get().kind == Job.Kind.PREGRADE


def test_the_list_is_filtered_and_paged(page: Client) -> None:
    send(page, seed=0)
    send(page, seed=1, BodyPartExamined="LSPINE")
    send(page, seed=2, BodyPartExamined="SPINE")
    assert page.get(URL).json()["count"] == 3
    assert page.get(URL, {"region": "L"}).json()["count"] == 1
    (waiting,) = page.get(URL, {"state": "quarantined"}).json()["results"]
    assert (waiting["region"], waiting["state"]) == (None, "quarantined")
    assert waiting["reason"].endswith(".")
    assert page.get(URL, {"state": "lost"}).status_code == 400


def test_the_thumbnail_is_a_picture(page: Client) -> None:
    number = send(page).json()["radiograph"]
    answer = page.get(f"{URL}/{number}/thumbnail")
    assert answer["Content-Type"] == "image/jpeg"
    assert BytesIO(b"".join(answer)).read(2) == b"\xff\xd8"
    assert page.get(f"{URL}/999999/thumbnail").status_code == 404


@pytest.mark.parametrize(
    ("decision", "state"), [({"region": "L"}, "ready"), ({"state": "discarded"}, "discarded")]
)
def test_a_waiting_film_is_decided(page: Client, decision: dict[str, str], state: str) -> None:
    number = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    answer = page.patch(f"{URL}/{number}", decision, content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_whose_a_film_is_is_asked_with_who_it_can_be(page: Client) -> None:
    send(page, InstitutionName="Berlin", PatientSex="F")
    own = Radiograph.objects.get()
    first = own.visit.patient
    number = send(page, 1, InstitutionName="Paris").json()["radiograph"]
    (shown,) = page.get(URL, {"state": "quarantined"}).json()["results"]
    asked = shown["asks_person"]
    assert asked["people"] == [
        {
            "patient": first.pseudonym,
            "centre": first.centre.name,
            "sex": "F",
            "films": [
                {
                    "id": own.pk,
                    "visit_date": own.visit.date.isoformat(),
                    "thumbnail_url": f"{URL}/{own.pk}/thumbnail",
                }
            ],
        }
    ]
    assert asked["sex"] is None
    assert asked["centre"] not in ("Paris", first.centre.name)
    address = f"{URL}/{number}"
    answer = page.patch(address, {"region": "C"}, content_type="application/json")
    assert answer.status_code == 400
    decision = {"region": "C", "person": "another"}
    shown = page.patch(address, decision, content_type="application/json").json()
    assert (shown["state"], shown["asks_person"]) == ("ready", None)
    assert shown["patient"] != first.pseudonym


def test_a_decision_is_undone(page: Client) -> None:
    number = send(page).json()["radiograph"]
    for decision in (
        {"state": "quarantined", "reason": "Mirrored."}, {"region": "C"},
        {"state": "quarantined", "reason": "Another patient's."},
        {"state": "discarded"}, {"state": "forgotten"},
    ):  # fmt: skip
        answer = page.patch(f"{URL}/{number}", decision, content_type="application/json")
        shown = answer.json()
        assert (answer.status_code, shown["state"]) == (200, decision.get("state", "ready"))
        if "reason" in decision:
            assert shown["reason"] == decision["reason"]
    assert send(page).json()["status"] == "imported"


def test_a_waiting_film_is_set_right_and_its_small_picture_with_it(page: Client) -> None:
    number = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    before = b"".join(page.get(f"{URL}/{number}/thumbnail"))
    decision = {"region": "C", "facing": "left", "mirrored": True, "turned": 1, "inverted": True}
    shown = page.patch(f"{URL}/{number}", decision, content_type="application/json").json()
    assert (shown["state"], shown["facing"], shown["width"], shown["height"]) == (
        "ready", "left", 64, 48,
    )  # fmt: skip
    assert shown["thumbnail_url"] != f"{URL}/{number}/thumbnail"
    assert b"".join(page.get(shown["thumbnail_url"])) != before


def test_a_name_is_read_at_full_resolution_and_blacked_out(page: Client, tmp_path: Path) -> None:
    number = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    answer = page.get(f"{URL}/{number}/picture")
    (tmp_path / "read.jls").write_bytes(b"".join(answer))
    came = read_picture(tmp_path / "read.jls")
    assert answer["Cache-Control"] == "no-store"
    small = page.get(f"{URL}/{number}/thumbnail")
    assert (small["Cache-Control"], bool(b"".join(small))) == ("no-store", True)
    area = {"left": 10, "top": 20, "width": 30, "height": 5}
    decision = {"region": "C", "blacked": [area]}
    assert page.patch(f"{URL}/{number}", decision, content_type="application/json").json()["state"]
    kept = read_picture(Radiograph.objects.get(pk=number).picture_path)
    assert (kept[20:25, 10:40] == came.min()).all()
    assert (kept[25:] == came[25:]).all()
    assert page.get(f"{URL}/{number}/picture").status_code == 404


def test_the_whole_picture_of_a_waiting_film_is_the_admins_alone(
    page: Client, signed_in: SignedIn, coordinator: MakeUser, reader: MakeUser
) -> None:
    waits = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    ready = send(page, seed=1).json()["radiograph"]
    assert page.get(f"{URL}/{ready}/picture").status_code == 404
    assert page.get(f"{URL}/999999/picture").status_code == 404
    for other in (coordinator, reader):
        assert signed_in(other()).get(f"{URL}/{waits}/picture").status_code == 403


def test_a_film_that_cannot_be_shown_is_listed_until_it_is_given_up(page: Client) -> None:
    cut = as_bytes(film(ManufacturerModelName="XR656"))[:-1000]
    answer = page.post(URL, {"file": SimpleUploadedFile("a.dcm", cut)}).json()
    assert (answer["status"], answer["radiograph"]) == ("quarantined", None)
    (shown,) = page.get("/api/v1/unreadable_films").json()["results"]
    assert (shown["reason"], shown["scanner"], shown["region"]) == (answer["reason"], "XR656", "C")
    address = f"/api/v1/unreadable_films/{shown['id']}"
    for wrong in ({}, {"state": "arrived"}):
        assert page.patch(address, wrong, content_type="application/json").status_code == 400
    right = page.patch(address, {"state": "given_up"}, content_type="application/json")
    assert right.json()["state"] == "given_up"
    assert page.get("/api/v1/unreadable_films").json()["count"] == 0


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"region": "T"},
        {"region": "C", "state": "discarded"},
        {"mirrored": True},
        {"region": "C", "turned": 4},
        {"region": "C", "blacked": [{"left": 0, "top": 0, "width": 5}]},
        {"region": "C", "blacked": [{"left": 0, "top": 0, "width": 48, "height": 40}]},
        {"state": "discarded", "blacked": []},
        {"state": "discarded", "mirrored": True},
        {"state": "discarded", "reason": "So."},
        {"state": "quarantined"},
        {"state": "quarantined", "reason": "So.", "mirrored": True},
        {"region": "C", "reason": "So."},
        {"reason": "So."},
        {"state": "ready"},
    ],
)
def test_a_decision_is_one_thing(page: Client, decision: dict[str, object]) -> None:
    number = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    answer = page.patch(f"{URL}/{number}", decision, content_type="application/json")
    assert answer.status_code == 400
    assert Radiograph.objects.get().state == "quarantined"


def test_a_coordinator_brings_films_but_does_not_decide(
    signed_in: SignedIn, coordinator: MakeUser, reader: MakeUser
) -> None:
    page = signed_in(coordinator())
    number = send(page, BodyPartExamined="SPINE").json()["radiograph"]
    answer = page.patch(f"{URL}/{number}", {"region": "C"}, content_type="application/json")
    assert answer.status_code == 403
    assert page.get(f"{URL}/{number}/thumbnail").status_code == 404  # it may bear a name
    quarantine.accept(radiograph=number, region="C", actor=reader())
    assert b"".join(page.get(f"{URL}/{number}/thumbnail"))
    assert signed_in(reader()).get(URL).status_code == 403

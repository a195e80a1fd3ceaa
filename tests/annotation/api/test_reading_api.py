"""The reader's REST: worklist, take, grade, undo, correct, commit, as the contract says."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import GradeEvent, Radiograph, Study
from annotation.services import relabel_batches
from annotation.services.ranking import Candidate, Ranked
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser

SIGN_IN = Callable[[User], Client]
LUMBAR = [
    "T12_INF", "L1_SUP", "L1_INF", "L2_SUP", "L2_INF", "L3_SUP",
    "L3_INF", "L4_SUP", "L4_INF", "L5_SUP", "L5_INF", "S1_SUP",
]  # fmt: skip


@pytest.fixture
def made(study: MakeStudy) -> Study:
    return study(films=3)


@pytest.fixture
def ada(signed_in: SIGN_IN, reader: MakeUser, made: Study) -> Client:
    return signed_in(reader("ada"))


@pytest.fixture
def reading(ada: Client, made: Study) -> dict[str, Any]:
    answer = ada.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()
    found: dict[str, Any] = answer["reading"]
    return found


def send(client: Client, reading: dict[str, Any], door: str, **body: Any) -> Any:
    body.setdefault("idempotency_key", str(uuid.uuid4()))
    return client.post(
        f"/api/v1/readings/{reading['id']}/{door}", body, content_type="application/json"
    )


def grade(client: Client, reading: dict[str, Any], site: str, value: int, **more: Any) -> Any:
    return send(
        client,
        reading,
        "grades",
        site=site,
        grade=value,
        not_assessable=None,
        findings=[],
        partner=more.pop("partner", None),
        client_time="2026-03-01T10:00:00Z",
        ms_spent=900,
        window={"center": 1500.0, "width": 800.0},
        **more,
    )


def test_the_worklist_has_ones_own_rounds(ada: Client, made: Study) -> None:
    [row] = ada.get("/api/v1/worklist").json()
    round_ = made.rounds.get()
    assert row == {
        "study": {"id": made.pk, "name": made.name},
        "round": {"id": round_.pk, "number": 1, "kind": "full", "opens_at": None},
        "leads_to": None,
        "places": 3,
        "committed": 0,
        "state": "open",
        "sentence": "",
    }


def test_a_reading_holds_what_the_screen_needs(ada: Client, reading: dict[str, Any]) -> None:
    assert (reading["position"], reading["places"]) == (1, 3)
    assert reading["sites"] == LUMBAR
    assert reading["state"] == "leased"
    assert reading["marks"] == {}
    assert reading["window"] == {"center": 1800.0, "width": 2600.0}
    assert reading["instrument"] == {
        "cervical_squaring": "none",
        "finding_flags": False,
        "assist_mode": "blind",
        "chronology": "single",
    }
    assert (reading["time_point"], reading["paired"]) == (None, [])
    assert reading["model"] is None
    assert reading["picture_url"] == f"/api/v1/readings/{reading['id']}/picture"
    assert [coming["position"] for coming in reading["upcoming"]] == [2, 3]
    assert {coming["state"] for coming in reading["upcoming"]} == {"open"}
    assert ada.get(f"/api/v1/readings/{reading['id']}").json() == reading


def test_a_grade_answers_with_what_stands(ada: Client, reading: dict[str, Any]) -> None:
    answer = grade(ada, reading, "L1_INF", 3)
    bridge = {"grade": 3, "not_assessable": None, "findings": []}
    assert answer.json()["marks"] == {"L1_INF": bridge, "L2_SUP": bridge}
    # Ids of events would count what others do; the time is that of one's own grade.
    assert set(answer.json()) == {"marks", "window_at"}
    again = ada.get(f"/api/v1/readings/{reading['id']}").json()
    assert again["marks"] == answer.json()["marks"]
    assert (again["can_undo"], again["can_redo"]) == (True, False)


def test_leaving_a_bridge_asks_for_the_facing_corner(ada: Client, reading: dict[str, Any]) -> None:
    grade(ada, reading, "L1_INF", 3)
    refused = grade(ada, reading, "L1_INF", 2)
    assert refused.status_code == 409
    assert refused.json()["error"]["name"] == "partner_needed"
    assert refused.json()["error"]["detail"] == {"site": "L1_INF", "facing": "L2_SUP"}
    partner = {"grade": None, "not_assessable": "rotated", "findings": []}
    answer = grade(ada, reading, "L1_INF", 2, partner=partner)
    assert answer.json()["marks"]["L2_SUP"] == partner


def test_a_tab_left_open_for_a_year_still_saves(ada: Client, reading: dict[str, Any]) -> None:
    answer = send(ada, reading, "grades", site="L1_INF", grade=1, ms_spent=365 * 86_400_000)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"site": "L1_INF", "grade": 4},
        {"site": "L1_INF", "not_assessable": "tired"},
        {"site": "L1_INF"},
        {"site": "L1_INF", "grade": 1, "not_assessable": "rotated"},
        {"site": "C3_SUP", "grade": 1},
        {"site": "L1_INF", "grade": 1, "idempotency_key": "first"},
    ],
)
def test_input_that_breaks_a_rule_is_refused_in_a_sentence(
    ada: Client, reading: dict[str, Any], wrong: dict[str, Any]
) -> None:
    answer = send(ada, reading, "grades", **wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]["sentence"].endswith((".", ")"))
    assert not GradeEvent.objects.exists()


def test_undo_and_redo_say_where(ada: Client, reading: dict[str, Any]) -> None:
    grade(ada, reading, "L1_INF", 2)
    undone = send(ada, reading, "undo").json()
    assert undone == {"marks": {}, "site": "L1_INF", "levels": None}
    back = send(ada, reading, "redo").json()
    assert back["marks"]["L1_INF"]["grade"] == 2
    assert send(ada, reading, "redo").json()["error"]["name"] == "nothing_to_undo"
    send(ada, reading, "level_shift", towards="caudal")
    assert send(ada, reading, "undo").json()["levels"] == "cranial"  # the points follow
    assert send(ada, reading, "redo").json()["levels"] == "caudal"


def test_disc_points_move_for_this_reader(ada: Client, reading: dict[str, Any]) -> None:
    body = {"disc": "L1/L2", "center": [400.5, 300.0], "anterior": [310.0, 290.0]}
    answer = send(ada, reading, "disc_points", **body)
    own = {**body, "confidence": None, "source": "reader", "model": None}
    assert answer.json()["discs"] == [own]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"disc": "C2/C3", "center": [4, 3], "anterior": [30, 3]}, "no disc of this film"),
        ({"disc": "L1/L2", "center": [4, 3], "anterior": [9000, 3]}, "outside the film"),
        ({"disc": "L1/L2", "center": [40, 30], "anterior": [40, 30]}, "lie on each other"),
        ({"disc": "L1/L2", "center": ["nan", 3], "anterior": [30, 3]}, "valid number"),
    ],
)
def test_disc_points_that_cannot_be_are_refused(
    ada: Client, reading: dict[str, Any], body: dict[str, Any], sentence: str
) -> None:
    answer = send(ada, reading, "disc_points", **body)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["sentence"]


def test_a_disc_correction_is_kept_once(ada: Client, reading: dict[str, Any]) -> None:
    body = {"disc": "L1/L2", "center": [400.5, 300.0], "anterior": [310.0, 290.0]}
    key = str(uuid.uuid4())
    for _ in range(2):
        answer = send(ada, reading, "disc_points", idempotency_key=key, **body)
    assert len(answer.json()["discs"]) == 1
    other = send(ada, reading, "disc_points", idempotency_key=key, **(body | {"disc": "L2/L3"}))
    assert other.json()["error"]["name"] == "key_reused"


def test_commit_names_what_is_missing_then_goes_on(
    ada: Client, reading: dict[str, Any], made: Study
) -> None:
    for site in LUMBAR[:-2]:
        grade(ada, reading, site, 0)
    refused = send(ada, reading, "commit")
    assert refused.status_code == 409
    missing = [{"reading": reading["id"], "sites": ["L5_INF", "S1_SUP"]}]
    assert refused.json()["error"]["detail"] == {"missing": missing}
    for site in LUMBAR[-2:]:
        grade(ada, reading, site, 0)
    done = send(ada, reading, "commit").json()
    assert (done["state"], done["model"], done["lease_until"]) == ("committed", None, None)
    assert done["next"]["reading"]["position"] == 2
    coming = ada.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    assert coming["id"] == done["next"]["reading"]["id"]


def test_a_place_can_be_given_back_and_taken_again(
    ada: Client, reading: dict[str, Any], made: Study
) -> None:
    assert send(ada, reading, "renew").status_code == 200
    assert send(ada, reading, "return").json() == {"lease_until": None}
    lost = grade(ada, reading, "L1_INF", 1)
    assert (lost.status_code, lost.json()["error"]["name"]) == (409, "lease_lost")
    again = ada.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    assert again["id"] == reading["id"]


def test_a_round_that_is_read_says_so(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy, read: Any
) -> None:
    round_ = study(films=1).rounds.get()
    read(round_, reader("ben"))
    answer = signed_in(reader("ben")).post(f"/api/v1/rounds/{round_.pk}/next").json()
    assert (answer["reading"], answer["state"]) == (None, "finished")
    assert answer["sentence"].endswith("Thank you.")


def test_a_second_look_shows_the_model_after_the_commit_and_not_before(
    signed_in: SIGN_IN,
    reader: MakeUser,
    study: MakeStudy,
    model_version: MakeModel,
    pregraded: Any,
) -> None:
    made = study(films=1, assist_mode="second_look")
    pregraded(made.films.get(), model_version("grader-7"), p=(0.1, 0.2, 0.1, 0.6))
    client = signed_in(reader("ada"))
    reading = client.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    assert reading["model"] is None
    for site in LUMBAR:
        grade(client, reading, site, 0)
    committed = send(client, reading, "commit").json()
    assert committed["model"] is None
    shown = committed["next"]["reading"]["model"]
    assert shown["version"] == "grader-7"
    assert shown["corners"]["L1_INF"] == {"p": [0.1, 0.2, 0.1, 0.6], "grade": 3}
    assert set(shown["corners"]) == set(LUMBAR)


def test_a_relabel_place_is_one_corner(
    ada: Client, made: Study, reader: MakeUser, model_version: MakeModel
) -> None:
    film = made.films.first()
    assert film is not None
    corner = Candidate(patient="p", film=film.pk, site="L5_INF", p=(0.4, 0.4, 0.2, 0.0))
    batch = relabel_batches.open_batch(
        study=made,
        corners=[Ranked(corner, 0.5, "0 vs 1", "ranked", 1.0)],
        model_version=model_version(),
        readers=[reader("ada")],
        actor=reader("ada"),
    )
    reading = ada.post(f"/api/v1/rounds/{batch.pk}/next").json()["reading"]
    assert (reading["sites"], reading["round"]["kind"]) == (["L5_INF"], "relabel")
    marks = grade(ada, reading, "L5_INF", 3).json()["marks"]
    assert set(marks) == {"L5_INF", "S1_SUP"}
    changed = grade(ada, reading, "L5_INF", 1)
    assert set(changed.json()["marks"]) == {"L5_INF"}
    assert send(ada, reading, "commit").json()["state"] == "committed"


def test_the_pictures_come_with_their_kind_and_without_the_films_id(
    ada: Client, reading: dict[str, Any]
) -> None:
    for film in Radiograph.objects.all():
        film.picture_path.parent.mkdir(parents=True, exist_ok=True)
        film.picture_path.write_bytes(b"sixteen bits")
        film.preview_path.write_bytes(b"eight bits")
    wants_anything = {"HTTP_ACCEPT": "image/jls"}
    picture = ada.get(reading["picture_url"], **wants_anything)
    assert (picture["Content-Type"], picture.getvalue()) == ("image/jls", b"sixteen bits")
    assert picture["Content-Disposition"] == 'inline; filename="film.jls"'
    assert picture["Cache-Control"].startswith("private")
    preview = ada.get(reading["preview_url"])
    assert (preview["Content-Type"], preview.getvalue()) == ("image/jpeg", b"eight bits")


def test_a_lost_picture_is_said(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy, film: MakeFilm
) -> None:
    made = study(films=[film()])
    client = signed_in(reader("ada"))
    reading = client.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    Radiograph.objects.get().picture_path.unlink(missing_ok=True)
    answer = client.get(reading["picture_url"])
    assert answer.status_code == 404
    assert "not in the store" in answer.json()["error"]["sentence"]

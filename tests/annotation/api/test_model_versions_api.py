"""The models page's requests: what an admin may start and decide, and what it sets off."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import Job, ModelVersion
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser

SignedIn = Callable[[User], Client]
JSON = "application/json"


@pytest.fixture
def browser(signed_in: SignedIn, admin: MakeUser) -> Client:
    return signed_in(admin())


def test_the_page_shows_what_serves_and_what_waits(
    browser: Client, model_version: MakeModel
) -> None:
    serving = model_version("old")
    model_version(
        "new",
        state="candidate",
        metrics={"kappa": 0.9},
        compared_with=serving,
        compared_metrics={"kappa": 0.8},
    )
    answer = browser.get("/api/v1/model_versions").json()
    assert answer["serving"]["corner_grades"]["name"] == "old"
    assert answer["serving"]["key_points"] is None
    assert answer["versions"][0]["metrics"] == {"kappa": 0.9}
    assert answer["versions"][0]["compared_with"] == {
        "id": serving.pk,
        "name": "old",
        "metrics": {"kappa": 0.8},
    }


def test_promotion_sets_off_a_new_pregrading(
    browser: Client, model_version: MakeModel, django_capture_on_commit_callbacks: Callable
) -> None:
    candidate = model_version("new", state="candidate")
    with django_capture_on_commit_callbacks() as hints:
        answer = browser.post(f"/api/v1/model_versions/{candidate.pk}/promote")
    assert (answer.status_code, answer.json()["state"]) == (200, "serving")
    assert Job.objects.get().kind == "pregrade"
    assert len(hints) == 1


def test_an_unknown_version_is_not_found(browser: Client) -> None:
    answer = browser.post("/api/v1/model_versions/404/promote")
    assert (answer.status_code, answer.json()["error"]["name"]) == (404, "not_found")


def test_a_candidate_is_rejected(browser: Client, model_version: MakeModel) -> None:
    candidate = model_version("new", state="candidate")
    assert browser.post(f"/api/v1/model_versions/{candidate.pk}/reject").status_code == 200
    candidate.refresh_from_db()
    assert candidate.state == ModelVersion.State.REJECTED


def test_a_training_is_queued_once(browser: Client, study: MakeStudy) -> None:
    wanted = {"study": study().pk, "task": "corner_grades", "recipe": "tiny"}
    first = browser.post("/api/v1/training_runs", wanted, JSON)
    second = browser.post("/api/v1/training_runs", wanted, JSON)
    assert (first.status_code, first.json()["state"]) == (202, "queued")
    assert (second.status_code, second.json()["error"]["name"]) == (409, "conflict")
    assert Job.objects.get().arguments["recipe"] == "tiny"


def test_a_run_says_what_is_trained_on_what_and_who_asked(
    browser: Client, study: MakeStudy
) -> None:
    of = study()
    wanted = {"study": of.pk, "task": "key_points", "recipe": "best"}
    job = browser.post("/api/v1/training_runs", wanted, JSON).json()
    assert job["training"] == {**wanted, "study": of.name}
    assert job["asked_by"] == "Admin Person"
    run = browser.get("/api/v1/model_versions").json()["runs"][0]
    assert (run["training"], run["cancel_asked"]) == (job["training"], False)


def test_only_a_training_that_failed_is_started_again(browser: Client, study: MakeStudy) -> None:
    wanted = {"study": study().pk, "task": "corner_grades", "recipe": "quick"}
    first = browser.post("/api/v1/training_runs", wanted, JSON).json()["id"]
    again = f"/api/v1/jobs/{first}/again"
    assert browser.post(again).status_code == 409
    Job.objects.update(state="failed", error="The GPU does not answer any more.")
    answer = browser.post(again)
    assert (answer.status_code, answer.json()["training"]["recipe"]) == (202, "quick")
    assert browser.post(again).status_code == 409  # one at a time
    assert browser.post("/api/v1/jobs/404/again").status_code == 404


def test_an_unknown_recipe_is_refused_with_its_field(browser: Client, study: MakeStudy) -> None:
    wanted = {"study": study().pk, "task": "corner_grades", "recipe": "magic"}
    error = browser.post("/api/v1/training_runs", wanted, JSON).json()["error"]
    assert error["name"] == "bad_input"
    assert "recipe" in error["sentence"]


def test_a_running_job_is_asked_to_stop(browser: Client, admin: MakeUser) -> None:
    job = Job.objects.create(kind="pregrade", created_by=admin())
    assert browser.post(f"/api/v1/jobs/{job.pk}/cancel").json()["state"] == "cancelled"
    assert browser.get(f"/api/v1/jobs/{job.pk}").json()["state"] == "cancelled"
    assert browser.post("/api/v1/jobs/404/cancel").status_code == 404


def test_jobs_are_listed_by_kind(browser: Client) -> None:
    Job.objects.create(kind="compare")
    Job.objects.create(kind="pregrade")
    kinds = [job["kind"] for job in browser.get("/api/v1/jobs?kind=pregrade").json()]
    assert kinds == ["pregrade"]


def test_pregrading_is_started_for_all_films_or_some(browser: Client, film: MakeFilm) -> None:
    for films in ("all", [film().pk, film().pk]):
        answer = browser.post("/api/v1/pregrade", {"radiographs": films}, JSON)
        assert (answer.status_code, answer.json()["kind"]) == (202, "pregrade")


def test_pregrading_of_a_film_that_is_none_is_refused(browser: Client, film: MakeFilm) -> None:
    films = [film().pk, 987654]
    answer = browser.post("/api/v1/pregrade", {"radiographs": films}, JSON)
    assert answer.status_code == 400
    assert "has the number 987654." in answer.json()["error"]["sentence"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("films", ["some", [1, "two"], {}, [True]])
def test_an_unreadable_choice_of_films_is_refused(browser: Client, films: object) -> None:
    answer = browser.post("/api/v1/pregrade", {"radiographs": films}, JSON)
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_the_schedule_is_read_and_changed(browser: Client, study: MakeStudy) -> None:
    assert browser.get("/api/v1/retraining_schedule").json()["enabled"] is False
    change = {"enabled": True, "study": study().pk, "every_hours": 48, "recipe": "quick"}
    change["new_corners"] = 500
    answer = browser.patch("/api/v1/retraining_schedule", change, JSON).json()
    assert answer == {**change, "new_corners_now": 0}


def test_a_schedule_without_a_study_cannot_be_switched_on(browser: Client) -> None:
    answer = browser.patch("/api/v1/retraining_schedule", {"enabled": True}, JSON)
    assert answer.status_code == 400
    assert "Choose the study" in answer.json()["error"]["sentence"]


def test_a_running_schedule_keeps_its_study(browser: Client, study: MakeStudy) -> None:
    change = {"enabled": True, "study": study().pk}
    assert browser.patch("/api/v1/retraining_schedule", change, JSON).status_code == 200
    answer = browser.patch("/api/v1/retraining_schedule", {"study": None}, JSON)
    assert answer.status_code == 400


def test_the_report_names_the_readers_and_the_list_leaves_the_long_parts_out(
    browser: Client, model_version: MakeModel, reader: MakeUser
) -> None:
    ada = reader("ada")
    pairs = {"model": [{"raters": [f"reader-{ada.pk}", "model"]}], "readers": []}
    version = model_version(metrics={"corners": 3, "readers": pairs, "per_patient": [1, 2]})
    listed = browser.get("/api/v1/model_versions").json()["versions"][0]
    assert listed["metrics"] == {"corners": 3}
    report = browser.get(f"/api/v1/model_versions/{version.pk}/report").json()["metrics"]
    assert report["readers"]["model"][0]["raters"] == ["Ada Person", "model"]
    assert report["per_patient"] == [1, 2]


def test_a_candidate_beside_another_is_refused_with_what_to_do(
    browser: Client, model_version: MakeModel
) -> None:
    model_version("old")
    candidate = model_version("new", state="candidate")
    answer = browser.post(f"/api/v1/model_versions/{candidate.pk}/promote")
    assert (answer.status_code, answer.json()["error"]["name"]) == (409, "conflict")
    assert "Compare it again" in answer.json()["error"]["sentence"]


def test_the_bounds_of_a_study_are_read_and_set(browser: Client, study: MakeStudy) -> None:
    address = f"/api/v1/studies/{study(films=1).pk}/promotion_bounds"
    assert browser.get(address).json()["enabled"] is False
    answer = browser.patch(address, {"enabled": True, "most_bias": 0.3}, JSON)
    assert (answer.status_code, answer.json()["most_bias"]) == (200, 0.3)
    refused = browser.patch(address, {"least_recall_2": 1.5}, JSON)
    assert (refused.status_code, refused.json()["error"]["name"]) == (400, "bad_input")


def test_both_networks_can_be_trained(browser: Client, study: MakeStudy) -> None:
    wanted = {"study": study().pk, "task": "key_points", "recipe": "tiny"}
    assert browser.post("/api/v1/training_runs", wanted, JSON).status_code == 202
    assert Job.objects.get().arguments["task"] == "key_points"

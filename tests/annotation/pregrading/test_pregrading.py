"""The pre-grading door, with a hand-made neighbour: a grader without weights."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch

from annotation import tasks
from annotation.models import (
    CornerPrediction,
    DiscPoint,
    Job,
    ModelVersion,
    Pregrading,
)
from annotation.services import corner_grades, jobs
from inference import film_batches
from tests.annotation.conftest import MakeFilm, MakeModel
from tests.annotation.pregrading.conftest import (
    TORN,
    FakeGrader,
    Prediction,
    pregraded_by,
)


def test_pregrading_keeps_points_and_probabilities_under_the_versions_that_made_them(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    film = pictured()
    job = all_films()
    assert job.state == "succeeded"
    counts = {"pregraded": 1, "implausible": 0, "failed": [], "runtimes": ["key points by hand"]}
    assert job.result.items() >= counts.items()
    assert job.result["films_per_second"] > 0
    assert job.message.endswith("; key points by hand.")
    stored = CornerPrediction.objects.get(radiograph=film, site="L5_INF")
    assert (stored.p0, stored.p1, stored.p2, stored.p3) == TORN
    assert stored.model_version == serving["corner_grades"]
    assert DiscPoint.objects.filter(model_version=serving["key_points"]).count() == 6


def test_a_film_is_not_pregraded_twice_by_the_same_versions(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    pictured()
    all_films()
    pictured()
    all_films()
    assert grader.seen == 2


def test_an_implausible_film_gets_no_grades_and_says_why(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    grader.doubtful = "The points of C4/C5 lie above those of C3/C4."
    film = pictured()
    assert all_films().result["implausible"] == 1
    assert Pregrading.objects.get(radiograph=film).reason == grader.doubtful
    assert not CornerPrediction.objects.exists()
    assert film.disc_points.count() == 6  # a person can correct them


def test_only_the_films_asked_for_are_pregraded(
    pictured: MakeFilm, serving: dict[str, ModelVersion], grader: FakeGrader
) -> None:
    wanted, _ = pictured(), pictured()
    job = jobs.create(kind="pregrade", arguments={"radiographs": [wanted.pk]}, actor=None)
    assert pregraded_by(job).result["pregraded"] == 1


def test_a_new_version_grades_again_and_the_old_grades_stay(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    model_version: MakeModel,
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    pictured()
    all_films()
    ModelVersion.objects.filter(pk=serving["corner_grades"].pk).update(state="retired")
    model_version("next")
    all_films()
    versions = CornerPrediction.objects.values_list("model_version__name", flat=True).distinct()
    assert set(versions) == {"corner_grades", "next"}


def test_without_a_model_the_job_fails_with_a_sentence(
    db: None, all_films: Callable[[], Job]
) -> None:
    job = all_films()
    assert job.state == "failed"
    assert "install_starter_weights" in job.error


def test_a_lost_picture_is_named_and_stops_no_other_film(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    lost, other = pictured(), pictured()
    lost.picture_path.unlink()
    job = all_films()
    reason = "The picture is lost: restore it from the backup."
    assert job.result["failed"] == [{"radiograph": lost.pk, "reason": reason}]
    assert "for a person: 0; not graded: 1." in job.message
    assert other.pregradings.exists()


def test_an_unexpected_error_fails_the_job_and_reaches_the_log(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictured()
    monkeypatch.setattr(grader, "grade_films", lambda films: 1 / 0)
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    with pytest.raises(ZeroDivisionError):
        tasks.pregrade(job.pk)
    job.refresh_from_db()
    assert "ZeroDivisionError" in job.error


def test_a_gpu_that_is_lost_is_told_and_the_next_job_loads_its_networks_anew(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    all_films: Callable[[], Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = pictured()
    made: list[FakeGrader] = []

    class Lost(FakeGrader):
        def grade_films(self, films: object) -> list[Prediction]:
            raise torch.AcceleratorError("CUDA error: GPU is lost\nCompile with DSA")

    @cache
    def loaded(*versions: ModelVersion) -> FakeGrader:
        made.append(FakeGrader() if made else Lost())
        return made[-1]

    monkeypatch.setattr(tasks, "_grader", loaded)
    job = all_films()
    assert job.state == "failed"
    assert job.error.startswith("The GPU does not answer any more (CUDA error: GPU is lost): look")
    assert (all_films().state, len(made)) == ("succeeded", 2)
    assert film.pregradings.exists()


def test_a_worker_that_is_stopped_gives_the_job_back_without_spending_an_attempt(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictured()

    def stop(*film: object) -> None:
        raise SystemExit

    monkeypatch.setattr(grader, "grade_films", stop)
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    with pytest.raises(SystemExit):
        tasks.pregrade(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 0)


def test_a_cancelled_job_keeps_what_was_done(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films = [pictured() for _ in range(4)]
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    store = corner_grades.store_pregradings

    def store_and_cancel(**what: Any) -> list[Pregrading]:
        Job.objects.filter(pk=job.pk).update(cancel_asked=True)
        return store(**what)

    monkeypatch.setattr(film_batches, "CPU_BATCH", 1)
    monkeypatch.setattr(corner_grades, "store_pregradings", store_and_cancel)
    assert pregraded_by(job).state == "cancelled"
    assert [one.pregradings.count() for one in films] == [1, 0, 0, 0]


def test_a_worker_that_lost_its_job_stores_nothing_more(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films = [pictured() for _ in range(3)]
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    store = corner_grades.store_pregradings

    def store_and_lose(**what: Any) -> list[Pregrading]:
        Job.objects.filter(pk=job.pk).update(worker="somebody else")
        return store(**what)

    monkeypatch.setattr(film_batches, "CPU_BATCH", 1)
    monkeypatch.setattr(corner_grades, "store_pregradings", store_and_lose)
    assert pregraded_by(job).state == "running"  # it is the other worker's now
    assert [one.pregradings.count() for one in films] == [1, 0, 0]

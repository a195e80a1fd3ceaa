"""The pre-grading door, with a hand-made neighbour: a grader without weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from annotation import tasks
from annotation.models import CornerPrediction, DiscPoint, Job, ModelVersion, Pregrading, Radiograph
from annotation.services import corner_grades, jobs
from inference import film_batches
from inference.corner_regions import DiscPoints
from inference.msasss import DISCS, Region, sites_of
from inference.picture import Picture, write_picture
from inference.point_finder import Film
from inference.runtimes import Runtime
from tests.annotation.conftest import MakeFilm, MakeModel

TORN = (0.4, 0.4, 0.1, 0.1)


@dataclass
class Prediction:
    discs: Mapping[str, DiscPoints]
    corners: Mapping[str, tuple[float, float, float, float]]
    plausible: bool = True
    reason: str | None = None


class FakeGrader:
    """Finds every disc in the middle of the film and doubts every corner alike."""

    runtimes: ClassVar = {"key points": Runtime(lambda *pictures: pictures[0], "by hand")}

    def __init__(self) -> None:
        self.doubtful: str | None = None
        self.seen = 0

    def grade_films(self, films: Sequence[Film]) -> list[Prediction]:
        return [self.grade_film(film.pixels, film.region) for film in films]

    def grade_film(self, pixels: Picture, region: Region) -> Prediction:
        self.seen += 1
        middle = (pixels.shape[1] / 2, pixels.shape[0] / 2)
        discs = {disc: DiscPoints(disc, middle, (0.0, middle[1]), 0.9) for disc in DISCS[region]}
        corners = {site.code: TORN for site in sites_of(region)}
        if self.doubtful:
            return Prediction(discs, {}, False, self.doubtful)
        return Prediction(discs, corners)


@pytest.fixture
def grader(monkeypatch: pytest.MonkeyPatch) -> FakeGrader:
    fake = FakeGrader()
    monkeypatch.setattr(tasks, "_grader", lambda *weights: fake)
    return fake


@pytest.fixture
def serving(model_version: MakeModel) -> dict[str, ModelVersion]:
    return {task: model_version(task, task=task) for task in ("key_points", "corner_grades")}


@pytest.fixture
def pictured(film: MakeFilm) -> MakeFilm:
    def make() -> Radiograph:
        made = film()
        made.picture_path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(made.picture_path, np.full((60, 40), made.pk, np.uint16))
        return made

    return make


def pregraded_by(job: Job) -> Job:
    tasks.pregrade(job.pk)
    job.refresh_from_db()
    return job


@pytest.fixture
def all_films(db: None) -> Callable[[], Job]:
    return lambda: pregraded_by(jobs.create(kind="pregrade", arguments={}, actor=None))


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
    assert job.message.endswith("films a second; key points by hand.")
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
    assert "0 set aside for a person, 1 could not be graded." in job.message
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

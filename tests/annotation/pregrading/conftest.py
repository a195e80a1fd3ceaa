"""A grader without weights, and films and versions for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from annotation import tasks
from annotation.models import (
    Job,
    ModelVersion,
    Radiograph,
)
from annotation.services import jobs
from inference.corner_regions import DiscPoints
from inference.film_content import Shown
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
    shows: Shown | None = None


class FakeGrader:
    """Finds every disc in the middle of the film and says the same of every corner."""

    runtimes: ClassVar = {"key points": Runtime(lambda *pictures: pictures[0], "by hand")}

    def __init__(self) -> None:
        self.says = TORN
        self.at = 0.0  # the anterior points
        self.doubtful: str | None = None
        self.shows: Shown | None = None
        self.seen = 0

    def grade_films(self, films: Sequence[Film]) -> list[Prediction]:
        return [self.grade_film(film.pixels, film.region) for film in films]

    def grade_film(self, pixels: Picture, region: Region) -> Prediction:
        self.seen += 1
        middle = (pixels.shape[1] / 2, pixels.shape[0] / 2)
        discs = {
            disc: DiscPoints(disc, middle, (self.at, middle[1]), 0.9) for disc in DISCS[region]
        }
        corners = {site.code: self.says for site in sites_of(region)}
        if self.doubtful:
            return Prediction(discs, {}, False, self.doubtful, self.shows)
        return Prediction(discs, corners, shows=self.shows)


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
    def make(**fields: Any) -> Radiograph:
        made = film(**fields)
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

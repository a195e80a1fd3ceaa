"""A film whose points were implausible is graded at the points that a reader put right."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pytest

from annotation import tasks
from annotation.api import radiographs
from annotation.models import (
    CornerPrediction,
    DiscPoint,
    Job,
    ModelVersion,
    Pregrading,
    Radiograph,
    Reading,
    Study,
)
from annotation.services import (
    disc_corrections,
    jobs,
    key_points,
    reader_commit,
    reader_grades,
    reading_queue,
)
from annotation.services.ledger import Mark
from inference.corner_regions import DiscPoints
from inference.msasss import DISCS, Region, sites_of
from inference.picture import Picture, write_picture
from inference.predict import Film, FilmPrediction
from tests.annotation.at_once import closing, somebody_waits_for_a_lock
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser

SURE = (1.0, 0.0, 0.0, 0.0)
GRADED = {"pregraded": 1, "implausible": 0, "failed": []}


class Doubtful:
    """Trusts no points that it found itself, and of a reader's all that lie on the film."""

    runtimes: ClassVar[dict[str, object]] = {}

    def __init__(self) -> None:
        self.given: list[Mapping[str, DiscPoints]] = []

    def grade_films(self, films: Sequence[Film]) -> list[FilmPrediction]:
        found = [
            {
                disc: DiscPoints(disc, (20, 9 * n), (5, 9 * n), 0.9)
                for n, disc in enumerate(DISCS["L"])
            }
            for _ in films
        ]
        return [FilmPrediction(discs, {}, False, "The levels are uneven.") for discs in found]

    def grade_film(
        self, pixels: Picture, region: Region, discs: Mapping[str, DiscPoints]
    ) -> FilmPrediction:
        self.given.append(discs)
        if discs["L1/L2"].center[0] > 30:
            return FilmPrediction(dict(discs), {}, False, "A point lies off the spine.")
        return FilmPrediction(dict(discs), {s.code: SURE for s in sites_of(region)}, True, None)


@pytest.fixture
def grader(monkeypatch: pytest.MonkeyPatch) -> Doubtful:
    fake = Doubtful()
    monkeypatch.setattr(tasks, "_grader", lambda *versions: fake)
    return fake


@pytest.fixture
def serving(model_version: MakeModel) -> None:
    for task in ("key_points", "corner_grades"):
        model_version(task, task=task)


@pytest.fixture
def implausible(film: MakeFilm, serving: None, grader: Doubtful) -> Radiograph:
    made = film(width=40, height=60)
    made.picture_path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(made.picture_path, np.full((60, 40), 7, np.uint16))
    assert pregraded()["implausible"] == 1
    return made


@pytest.fixture
def read_with(
    study: MakeStudy, reader: MakeUser, implausible: Radiograph
) -> Callable[[str, float], Reading]:
    """``read_with("ada", 12)``: that reader moves one disc's centre there, grades and commits."""
    made: Study = study(films=[implausible])

    def correct(name: str, x: float) -> Reading:
        ada = reader(name)
        reading = reading_queue.take_next(reader=ada, round_id=made.rounds.get().pk).reading
        assert reading is not None
        disc_corrections.correct(
            reader=ada,
            reading_id=reading.pk,
            key=uuid.uuid4(),
            disc="L1/L2",
            center=(x, 10),
            anterior=(2, 10),
        )
        for site in reading.sites:
            reader_grades.grade(
                reader=ada,
                reading_id=reading.pk,
                key=uuid.uuid4(),
                site=site,
                mark=Mark(grade=0),
                partner=None,
            )
        return reader_commit.commit(reader=ada, reading_id=reading.pk, key=uuid.uuid4())[0]

    return correct


def pregraded() -> dict[str, object]:
    job = jobs.create(kind=Job.Kind.PREGRADE, arguments={}, actor=None)
    tasks.pregrade(job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return {name: job.result[name] for name in GRADED}


def test_it_is_graded_at_the_readers_points_and_keeps_both_findings(
    read_with: Callable[[str, float], Reading], implausible: Radiograph, grader: Doubtful
) -> None:
    read_with("ada", 12.0)
    assert pregraded() == GRADED
    assert grader.given[0]["L1/L2"].center == (12.0, 10.0)
    assert CornerPrediction.objects.filter(radiograph=implausible).count() == 12
    found = Pregrading.objects.order_by("pk").values_list("plausible", "by_hand")
    assert list(found) == [(False, False), (True, True)]
    assert DiscPoint.objects.filter(model_version__isnull=False).count() == 6


def test_the_list_of_films_says_what_came_last(
    read_with: Callable[[str, float], Reading], implausible: Radiograph
) -> None:
    assert radiographs.shown().get().plausible is False
    read_with("ada", 12.0)
    pregraded()
    assert radiographs.shown().get().plausible is True


def test_it_is_graded_once(read_with: Callable[[str, float], Reading], grader: Doubtful) -> None:
    read_with("ada", 12.0)
    pregraded()
    assert pregraded()["pregraded"] == 0
    assert len(grader.given) == 1


def test_after_a_correction_that_does_not_help_the_next_one_counts(
    read_with: Callable[[str, float], Reading], grader: Doubtful, implausible: Radiograph
) -> None:
    read_with("ada", 35.0)
    assert pregraded()["implausible"] == 1
    assert pregraded()["pregraded"] == 0
    read_with("ben", 11.0)
    assert pregraded() == GRADED
    assert CornerPrediction.objects.filter(radiograph=implausible).count() == 12


@pytest.mark.parametrize("first", [12.0, 35.0], ids=["plausible", "implausible"])
def test_a_point_that_is_moved_while_it_is_graded_is_graded_again(
    first: float,
    read_with: Callable[[str, float], Reading],
    grader: Doubtful,
    implausible: Radiograph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Grades belong to the points that hold when they are stored."""
    read_with("ada", first)
    grade_film = Doubtful.grade_film

    def moved_meanwhile(*what: Any, **how: Any) -> FilmPrediction:
        if len(grader.given) == 0:
            read_with("ben", 11.0)
        return grade_film(grader, *what, **how)

    monkeypatch.setattr(grader, "grade_film", moved_meanwhile)
    assert pregraded()["pregraded"] == 0
    assert not Pregrading.objects.filter(by_hand=True).exists()
    tasks.grade_corrected_films()
    tasks.pregrade(Job.objects.get(state="queued").pk)
    assert [discs["L1/L2"].center[0] for discs in grader.given] == [first, 11.0]
    assert Pregrading.objects.get(by_hand=True).plausible
    assert CornerPrediction.objects.filter(radiograph=implausible).count() == 12


@pytest.mark.django_db(transaction=True)
def test_nobody_moves_a_point_between_the_look_and_the_store(
    read_with: Callable[[str, float], Reading],
    grader: Doubtful,
    implausible: Radiograph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_with("ada", 12.0)
    current, at_work = key_points.current, list[Future[Reading]]()
    with ThreadPoolExecutor(1) as people:

        def looked(film: Radiograph) -> Any:
            found = current(film)
            if grader.given:  # the second look, with the film held
                at_work.append(people.submit(closing, lambda: read_with("ben", 11.0)))
                while not somebody_waits_for_a_lock():
                    assert not at_work[0].done()
            return found

        monkeypatch.setattr(key_points, "current", looked)
        assert pregraded() == GRADED
        (ben,) = at_work
        ben.result()
    assert CornerPrediction.objects.filter(radiograph=implausible).count() == 12


def test_a_correction_that_is_not_committed_waits(
    study: MakeStudy, reader: MakeUser, implausible: Radiograph, grader: Doubtful
) -> None:
    made = study(films=[implausible])
    reading = reading_queue.take_next(reader=reader("ada"), round_id=made.rounds.get().pk).reading
    assert reading is not None
    disc_corrections.correct(
        reader=reader("ada"),
        reading_id=reading.pk,
        key=uuid.uuid4(),
        disc="L1/L2",
        center=(12, 10),
        anterior=(2, 10),
    )
    assert pregraded()["pregraded"] == 0
    assert grader.given == []


def test_a_new_version_that_doubts_it_too_grades_it_at_the_readers_points_in_one_job(
    read_with: Callable[[str, float], Reading],
    implausible: Radiograph,
    model_version: MakeModel,
    grader: Doubtful,
) -> None:
    read_with("ada", 12.0)
    pregraded()
    ModelVersion.objects.filter(task="corner_grades").update(state="retired")
    model_version("next")
    assert pregraded() == GRADED
    versions = CornerPrediction.objects.filter(radiograph=implausible)
    assert set(versions.values_list("model_version__name", flat=True)) == {"corner_grades", "next"}


def test_the_scheduler_notices_a_correction_and_asks_once(
    read_with: Callable[[str, float], Reading], grader: Doubtful
) -> None:
    tasks.grade_corrected_films()
    assert not Job.objects.filter(state="queued").exists()
    read_with("ada", 12.0)
    for _ in range(2):
        tasks.grade_corrected_films()
    (job,) = Job.objects.filter(state="queued")
    tasks.pregrade(job.pk)
    tasks.grade_corrected_films()
    assert not Job.objects.filter(state="queued").exists()


def test_the_scheduler_waits_while_nothing_serves(db: None) -> None:
    tasks.grade_corrected_films()
    assert not Job.objects.exists()

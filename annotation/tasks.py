"""The pipeline, read top to bottom: one door per step.

A task gets the id of a job row, claims it, makes one call per piece of work, and queues the next
step on commit. Services never queue tasks. This file is the only one of ``annotation`` that
reaches PyTorch, and only inside the bodies that run on a GPU worker.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from celery import shared_task
from django.db import transaction

from annotation.errors import Conflict, GpuLost
from annotation.models import Job, ModelVersion, Radiograph, Study
from annotation.services import (
    auto_promotion,
    begun_films,
    corner_grades,
    jobs,
    key_points,
    model_versions,
    picture_sweep,
    quarantine,
    retraining,
    training_process,
)
from inference.msasss import Region
from inference.picture import Window, read_picture

if TYPE_CHECKING:
    from inference.film_batches import Outcome
    from inference.predict import Grader

log = logging.getLogger(__name__)


def hint(job: Job) -> Job:
    """Tell a worker, once the row is committed, that there is a job to look at."""
    doors = {Job.Kind.PREGRADE: pregrade, Job.Kind.TRAINING: train, Job.Kind.COMPARE: compare}
    door = doors[Job.Kind(job.kind)]
    # Robust: what was committed stands, and the scheduler hints again when the broker is back.
    transaction.on_commit(lambda: door.delay(job.pk), robust=True)
    return job


def pregrade_new_films() -> Job:
    """What every import and every promotion ends with: pre-grade whatever waits for it."""
    return hint(jobs.waiting_pregrading())


@shared_task(time_limit=12 * 3600)
def pregrade(job_id: int) -> None:
    """Key points and corner grades for the job's films, or for all that wait."""
    with jobs.held(job_id) as held:
        if held:
            with _gpu_told_of(), begun_films.in_hand(held.job) as hand:
                result = _pregrade(held.job, hand)
            jobs.succeed(held.job, message=corner_grades.told(result), result=result)


def _pregrade(job: Job, hand: begun_films.Hand) -> dict[str, Any]:
    """Grade batch by batch: a cancelled or lost job keeps what was stored, a bad film fails alone.

    A film that is something else than it is filed as goes to a person before anything is stored:
    points and grades would be of another picture once it is set right.
    The networks run in threads beside this one, which alone speaks to the database.
    """
    versions = model_versions.serving_pair()
    grader = _grader(versions["key_point_version"], versions["grade_version"])
    films = corner_grades.as_they_are(job.asked(corner_grades.waiting(**versions)))
    done, started = 0, time.monotonic()
    failed = corner_grades.set_aside(job, **versions)
    plausible: dict[int, bool] = {}
    aside: set[int] = set()
    for outcomes in _graded(grader, films, hand):
        # Before each batch is stored: another worker may have taken the job over meanwhile
        done += len(outcomes)
        message = f"Film {done} of {len(films)}"
        jobs.renew(job, progress=done / len(films), message=message)
        failed += [{"radiograph": o.number, "reason": o.fault} for o in outcomes if o.fault]
        predictions = {o.number: o.prediction for o in outcomes if o.prediction}
        aside |= quarantine.set_aside_misfiled({n: p.shows for n, p in predictions.items()})
        predictions = {n: p for n, p in predictions.items() if n not in aside}
        stored = corner_grades.store_pregradings(films=films, predictions=predictions, **versions)
        plausible |= {one.radiograph_id: one.plausible for one in stored}
    seconds = max(time.monotonic() - started, 1e-3)
    moved = job.asked(corner_grades.corrected(**versions))
    plausible |= _graded_by_hand(job, grader, hand.one_by_one(moved), failed, versions)
    return {
        "pregraded": len(plausible),
        "implausible": sum(not held for held in plausible.values()),
        "quarantined": len(aside),
        "failed": failed,
        "films_per_second": round(done / seconds, 1),
        "runtimes": [f"{name} {way.name}" for name, way in grader.runtimes.items()],
    }


def _graded_by_hand(
    job: Job,
    grader: "Grader",
    films: Iterable[int],
    failed: list[dict[str, Any]],
    versions: dict[str, ModelVersion],
) -> dict[int, bool]:
    """Grade films at the points that a reader put right; which of them are plausible now."""
    plausible: dict[int, bool] = {}
    for number in films:
        jobs.renew(job, message=f"Film {number} at a reader's points")
        film = Radiograph.objects.get(pk=number)
        try:
            picture = read_picture(film.picture_path)
        except (OSError, ValueError) as problem:
            failed.append({"radiograph": number, "reason": f"The picture is lost: {problem}."})
            continue
        discs = key_points.current(film)
        found = grader.grade_film(picture, cast(Region, film.region), discs=discs)
        if stored := corner_grades.store_by_hand(
            film=film, discs=discs, prediction=found, **versions
        ):
            plausible[number] = stored.plausible
    return plausible


@contextmanager
def _gpu_told_of() -> Iterator[None]:
    """A lost GPU in a sentence; the next job loads its networks where something answers."""
    from inference import gpu

    try:
        yield
    except RuntimeError as problem:
        if not gpu.is_lost(problem):
            raise
        _grader.cache_clear()
        raise GpuLost(GpuLost.sentence.format(gpu.first_line(problem))) from problem


def _graded(
    grader: "Grader", films: Mapping[int, Radiograph], hand: begun_films.Hand
) -> "Iterator[list[Outcome]]":
    """The outcomes of these films, in batches; last and alone those under which a worker died."""
    from inference.film_batches import FilmFile, graded

    files = {
        # The database checks the region of a ready film
        number: FilmFile(
            number,
            film.picture_path,
            cast(Region, film.region),
            Window(film.window_center, film.window_width),
        )
        for number, film in films.items()
    }
    for company in begun_films.in_company(list(films)):
        for outcomes in graded(grader, [files[film] for film in company], begins=hand.begin):
            yield outcomes
            hand.end([one.number for one in outcomes])  # what came of them is stored by now


@cache
def _grader(points: ModelVersion, grades: ModelVersion) -> "Grader":
    """The two networks, loaded once per worker and pair of versions."""
    from inference.film_batches import prepare
    from inference.predict import Grader

    _grader.cache_clear()  # a promotion replaces the networks in memory, it does not add to them
    try:
        weights = [model_versions.sound_weights(version) for version in (points, grades)]
        return prepare(Grader.from_files(weights[0], weights[1]))
    except ValueError as problem:
        raise Conflict(str(problem)) from problem


@shared_task(time_limit=24 * 3600)
def train(job_id: int) -> None:
    """Freeze the labels, train from the folder alone, register the candidate.

    A scheduled candidate serves at once where its study's bounds let it; then, as after every
    promotion, the films are pre-graded again.
    """
    with jobs.held(job_id) as held:
        if not held:
            return
        version = _train(held)
        done = f"{version.name} is trained and waits for you. Promote or reject it."
        if held.job.created_by is None:
            study = Study.objects.get(pk=held.job.arguments["study"])
            done = auto_promotion.promote_within_bounds(version, study)
        jobs.succeed(held.job, message=done, result={"model_version": version.pk})
        version.refresh_from_db()
        if version.state == ModelVersion.State.SERVING:
            pregrade_new_films()


def _train(held: jobs.Held) -> ModelVersion:
    """The training itself is a process of its own, so that it can be stopped and cannot leak.

    Its folder goes by what is trained on what: a worker that takes the job over, and a person who
    starts a failed training again, go on where it was.
    """
    job, task = held.job, held.job.arguments["task"]
    serving = model_versions.serving(task)
    serving_weights = model_versions.sound_weights(serving)
    snapshot = retraining.frozen(job)
    name = f"{task}-{job.arguments['recipe']}-{snapshot.pk}"
    with training_process.workplace(name) as folder:
        weights = folder / "candidate.safetensors"
        command = training_process.training(
            task=task,
            snapshot=snapshot.folder,
            recipe=job.arguments["recipe"],
            out=weights,
            start=serving_weights,
            compare=serving_weights,
        )
        report = training_process.followed_for(held, command)
        jobs.renew(job)  # nobody else may have registered this run's candidate
        return model_versions.register_candidate(
            task=task,
            weights=weights,
            snapshot=snapshot,
            metrics=report["metrics"],
            compared_with=serving,
            compared_metrics=report["compared"],
            comparison=report["comparison"],
        )


@shared_task(time_limit=12 * 3600)
def compare(job_id: int) -> None:
    """Judge a candidate again, beside what serves now, on the test patients of its snapshot."""
    with jobs.held(job_id) as held:
        if held:
            version = model_versions.comparable(held.job.arguments["model_version"])
            beside = model_versions.serving(version.task)
            assert version.snapshot is not None  # noqa: S101 - `comparable` has looked
            command = training_process.evaluation(
                snapshot=version.snapshot.folder,
                weights=model_versions.sound_weights(version),
                compare=model_versions.sound_weights(beside),
            )
            report = training_process.followed_for(held, command)
            model_versions.store_comparison(
                version=version,
                metrics=report["metrics"],
                compared_with=beside,
                compared_metrics=report["compared"],
                comparison=report["comparison"],
            )
            done = f"{version.name} is compared with {beside.name}."
            jobs.succeed(held.job, message=done, result={"model_version": version.pk})


@shared_task(time_limit=60)
def look_for_left_behind_jobs() -> None:
    """Hint again at jobs whose message was lost or whose worker died. Runs every few seconds."""
    for job in jobs.left_behind():
        hint(job)


@shared_task(time_limit=60)
def grade_corrected_films() -> None:
    """Pre-grade the films whose points a reader has put right since. Runs every half minute."""
    try:
        versions = model_versions.serving_pair()
    except Conflict:
        return  # nothing serves yet
    if corner_grades.corrected(**versions):
        pregrade_new_films()


@shared_task(time_limit=60)
def retrain_when_due() -> None:
    """Start the scheduled training when it is due by time or by new consensus corners."""
    job = retraining.start_if_due()
    if job:
        hint(job)


@shared_task(time_limit=1800)
def sweep_pictures() -> None:
    """Remove the pictures that a kill has left, and say what films lack theirs. Runs every hour."""
    swept = picture_sweep.sweep()
    if swept.removed:
        log.info("%s pictures without a film are removed.", len(swept.removed))
    for number in swept.missing:
        log.error("Film %s has no picture: bring it back from the backup.", number)

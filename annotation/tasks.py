"""The pipeline, read top to bottom: one door per step.

A task gets the id of a job row, claims it, makes one call per piece of work, and queues the next
step on commit. Services never queue tasks. This file is the only one of ``annotation`` that
reaches PyTorch, and only inside the bodies that run on a GPU worker.
"""

import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from celery import shared_task
from django.conf import settings
from django.db import transaction

from annotation.errors import Conflict, ProductError
from annotation.models import Job, ModelVersion, Radiograph, Snapshot, Study
from annotation.services import corner_grades, dataset_snapshots, jobs, model_versions, retraining
from inference.msasss import Region
from inference.picture import Window

if TYPE_CHECKING:
    from inference.film_batches import Outcome
    from inference.predict import Grader

log = logging.getLogger(__name__)


def hint(job: Job) -> Job:
    """Tell a worker, once the row is committed, that there is a job to look at."""
    door = {Job.Kind.PREGRADE: pregrade, Job.Kind.TRAINING: train}[Job.Kind(job.kind)]
    # Robust: what was committed stands, and the scheduler hints again when the broker is back.
    transaction.on_commit(lambda: door.delay(job.pk), robust=True)
    return job


def pregrade_new_films() -> Job:
    """What every import and every promotion ends with: pre-grade whatever waits for it."""
    return hint(jobs.waiting_pregrading())


@shared_task(time_limit=12 * 3600)
def pregrade(job_id: int) -> None:
    """Key points and corner grades for the job's films, or for all that wait."""
    with _held(job_id) as held:
        if held:
            result = _pregrade(held.job)
            jobs.succeed(held.job, message=_pregraded(result), result=result)


def _pregraded(result: Mapping[str, Any]) -> str:
    """What a pre-grading came to, in words."""
    text = f"{result['pregraded']} films pre-graded, {result['implausible']} set aside for a person"
    if failed := len(result["failed"]):
        text += f", {failed} could not be graded"
    if result["pregraded"]:
        text += f". {result['films_per_second']} films a second; {', '.join(result['runtimes'])}"
    return text + "."


def _pregrade(job: Job) -> dict[str, Any]:
    """Grade batch by batch: a cancelled or lost job keeps what was stored, a bad film fails alone.

    The networks run in threads beside this one, which alone speaks to the database.
    """
    versions = {
        "key_point_version": model_versions.serving(ModelVersion.Task.KEY_POINTS),
        "grade_version": model_versions.serving(ModelVersion.Task.CORNER_GRADES),
    }
    waiting = corner_grades.waiting(**versions)
    asked = set(job.arguments.get("radiographs", waiting))
    films = [film for film in waiting if film in asked]
    grader = _grader(*(str(version.weights_path) for version in versions.values()))
    done, implausible, failed, started = 0, 0, list[dict[str, Any]](), time.monotonic()
    for outcomes in _graded(grader, films):
        # Before each batch is stored: another worker may have taken the job over meanwhile
        done += len(outcomes)
        message = f"Film {done} of {len(films)}"
        jobs.renew(job, progress=done / len(films), message=message)
        failed += [{"radiograph": o.number, "reason": o.fault} for o in outcomes if o.fault]
        predictions = {o.number: o.prediction for o in outcomes if o.prediction}
        stored = corner_grades.store_pregradings(predictions=predictions, **versions)
        implausible += sum(not pregrading.plausible for pregrading in stored)
    return {
        "pregraded": done - len(failed),
        "implausible": implausible,
        "failed": failed,
        "films_per_second": round(done / max(time.monotonic() - started, 1e-3), 1),
        "runtimes": [f"{name} {way.name}" for name, way in grader.runtimes.items()],
    }


def _graded(grader: "Grader", films: list[int]) -> "Iterator[list[Outcome]]":
    """The outcomes of these films, in batches."""
    from inference.film_batches import FilmFile, graded

    wanted = Radiograph.objects.filter(pk__in=films).order_by("pk")
    return graded(
        grader,
        [
            FilmFile(
                film.pk,
                film.picture_path,
                cast(Region, film.region),  # the database checks it on a ready film
                Window(film.window_center, film.window_width),
            )
            for film in wanted.only("region", "window_center", "window_width")
        ],
    )


@cache
def _grader(key_points: str, grades: str) -> "Grader":
    """The two networks, loaded once per worker and pair of weights."""
    from inference.film_batches import prepare
    from inference.predict import Grader

    _grader.cache_clear()  # a promotion replaces the networks in memory, it does not add to them
    try:
        return prepare(Grader.from_files(key_points, grades))
    except ValueError as problem:
        raise Conflict(str(problem)) from problem


@shared_task(time_limit=24 * 3600)
def train(job_id: int) -> None:
    """Freeze the labels, train from the folder alone, register the candidate."""
    with _held(job_id) as held:
        if held:
            version = _train(held)
            jobs.succeed(
                held.job,
                message=f"{version.name} is trained. Compare it and promote or reject it.",
                result={"model_version": version.pk},
            )


def _train(held: jobs.Held) -> ModelVersion:
    """The training itself is a process of its own, so that it can be stopped and cannot leak.

    Its folder goes by the job: a worker that takes the job over goes on where the dead one was.
    """
    job, task = held.job, held.job.arguments["task"]
    serving = model_versions.serving(task)
    snapshot = _frozen(job)
    weights = Path(settings.DATA) / "training" / f"job-{job.pk}" / "candidate.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "training", task, "--snapshot", str(snapshot.folder)]
    command += ["--recipe", job.arguments["recipe"], "--out", str(weights)]
    command += ["--init", str(serving.weights_path), "--compare", str(serving.weights_path)]
    report = _follow(command, held)
    jobs.renew(job)  # nobody else may have registered this run's candidate
    version = model_versions.register_candidate(
        task=task,
        weights=weights,
        snapshot=snapshot,
        metrics=report["metrics"],
        compared_with=serving,
        compared_metrics=report["compared"],
    )
    shutil.rmtree(weights.parent)
    return version


def _frozen(job: Job) -> Snapshot:
    """The snapshot of this job, frozen once however often the job is taken over."""
    if "snapshot" not in job.arguments:
        jobs.renew(job, progress=0.0, message="Freezing the labels into a snapshot")
        snapshot = dataset_snapshots.freeze(Study.objects.get(pk=job.arguments["study"]))
        job.arguments["snapshot"] = snapshot.pk
        job.save(update_fields=["arguments"])
    return Snapshot.objects.get(pk=job.arguments["snapshot"])


def _follow(command: list[str], held: jobs.Held) -> dict[str, Any]:
    """Run the training process, pass its progress on, and return its last line.

    If this worker dies, the process meets a closed pipe at its next line and ends too; if the job
    is cancelled while the process says nothing, the heartbeat kills it.
    """
    job = held.job
    last: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
    ) as process:
        held.process = process
        try:
            for line in process.stdout or ():
                last = json.loads(line)
                if "step" in last:
                    share = last["step"] / last["steps"]
                    jobs.renew(job, progress=share, message=_sentence(last))
        except BaseException:
            process.terminate()
            raise
    held.process = None
    jobs.renew(job)  # killed because of a cancel, or because another worker has the job?
    code = process.returncode
    if not last.get("done"):
        reason = last.get("failed") or f"Training ended with status {code}; read the worker's log."
        raise TrainingFailed(reason)
    return last


def _sentence(progress: dict[str, Any]) -> str:
    """One progress line of the training process in words."""
    text = f"{progress['phase']}: step {progress['step']} of {progress['steps']}"
    if progress.get("loss") is not None:
        text += f", loss {progress['loss']:.3f}"
    if progress.get("eta_s") is not None:
        text += f", about {round(progress['eta_s'])} s left"
    return text


class TrainingFailed(Exception):
    """The training process said in a sentence why it could not go on."""


@shared_task(time_limit=60)
def look_for_left_behind_jobs() -> None:
    """Hint again at jobs whose message was lost or whose worker died. Runs every few seconds."""
    for job in jobs.left_behind():
        hint(job)


@shared_task(time_limit=60)
def retrain_when_due() -> None:
    """Start the scheduled training when its time has come. Never promotes."""
    job = retraining.start_if_due()
    if job:
        hint(job)


@contextmanager
def _held(job_id: int) -> Iterator[jobs.Held | None]:
    """Claim a job, keep it alive, and write down how it ended. None: nothing to do here."""
    job = jobs.claim(job_id)
    if job is None:
        yield None
        return
    try:
        with jobs.kept_alive(job) as held:
            yield held
    except (KeyboardInterrupt, SystemExit):
        jobs.give_back(job)
        raise
    except jobs.JobLost:
        log.warning("%s was taken over by another worker; this one stops.", job)
    except jobs.JobCancelled:
        jobs.stopped(job)
    except (ProductError, TrainingFailed) as problem:
        jobs.fail(job, str(problem))
    except Exception as problem:
        jobs.fail(job, f"Unexpected {type(problem).__name__}: {problem}. Read the worker's log.")
        raise

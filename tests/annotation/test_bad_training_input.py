"""Whatever is wrong with a training: a failed job with one sentence, and what serves stays."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pytest_django.fixtures import Settings
from torch import nn

from annotation import tasks
from annotation.models import AuditRecord, Job, ModelVersion, Snapshot
from annotation.services import jobs, model_versions, retraining
from inference import checkpoint, corner_grades
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser
from tests.annotation.training_here import run_here
from tests.training import conftest as made
from training.grader_recipes import RECIPES

phantoms, small_grader = made.phantoms, made.small_grader  # fixtures, made once for both folders


@dataclass
class Given:
    """What the training starts from."""

    snapshot: Path
    weights: Path
    monkeypatch: pytest.MonkeyPatch

    def films(self, change: Callable[[list[dict[str, Any]]], None]) -> None:
        manifest = json.loads((self.snapshot / "manifest.json").read_text())
        change(manifest["films"])
        (self.snapshot / "manifest.json").write_text(json.dumps(manifest))


def nothing_wrong(given: Given) -> None:
    pass


def a_lost_film(given: Given) -> None:
    next((given.snapshot / "films").iterdir()).unlink()


def a_changed_film(given: Given) -> None:
    next((given.snapshot / "films").iterdir()).write_bytes(b"other")


def no_manifest(given: Given) -> None:
    (given.snapshot / "manifest.json").unlink()


def a_class_without_example(given: Given) -> None:
    def healthy(films: list[dict[str, Any]]) -> None:
        for film in films:
            film["corners"] = {site: [1, 0, 0, 0] for site in film["corners"]}

    given.films(healthy)


def a_single_patient(given: Given) -> None:
    def alone(films: list[dict[str, Any]]) -> None:
        films[:] = [film for film in films if film["patient"] == films[0]["patient"]]

    given.films(alone)


def a_patient_on_both_sides(given: Given) -> None:
    given.films(lambda films: films[0].update(split="test"))


def a_loss_that_is_no_number(given: Given) -> None:
    tiny = RECIPES["tiny"]
    wild = replace(tiny.schedule, learning_rate=1e30, steps=20, clip=0.0, bfloat16=False)
    given.monkeypatch.setitem(RECIPES, "tiny", replace(tiny, schedule=wild))


def weights_of_another_architecture(given: Given) -> None:
    stored = checkpoint.load(given.weights)
    network, *_ = corner_grades.build(stored)
    other = {**stored.metadata["architecture"], "stages": 2}
    checkpoint.save(given.weights, network, {**stored.metadata, "architecture": other})


def weights_that_are_a_pickle(given: Given) -> None:
    given.weights.write_bytes(b"\x80\x04K\x01.")


def a_gpu_that_disappears(given: Given) -> None:
    def gone(*_: object, **__: object) -> None:
        raise torch.AcceleratorError("CUDA error: GPU is lost")

    given.monkeypatch.setattr(nn.Module, "zero_grad", gone)


def train(
    given: Given, wrong: Callable[[Given], None], study: MakeStudy, model_version: MakeModel
) -> tuple[Job, ModelVersion]:
    """Put the weights to work, damage something, run the job of a training."""
    wrong(given)
    job, serving = asked(given, study, model_version)
    tasks.train(job.pk)
    job.refresh_from_db()
    return job, serving


def asked(given: Given, study: MakeStudy, model_version: MakeModel) -> tuple[Job, ModelVersion]:
    """A queued training on the snapshot, and what serves meanwhile."""
    digest = hashlib.sha256(given.weights.read_bytes()).hexdigest()
    serving = model_version("serving", weights=given.weights.name, weights_sha256=digest)
    of = study()
    snapshot = Snapshot.objects.create(
        study=of, name=given.snapshot.name, sha256="0" * 64, counts={}
    )
    job = jobs.create(
        kind="training",
        arguments={
            "study": of.pk, "task": "corner_grades", "recipe": "tiny", "snapshot": snapshot.pk,
        },
        actor=None,
    )  # fmt: skip
    return job, serving


@pytest.fixture
def given(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Given:
    settings.SNAPSHOTS, settings.WEIGHTS = tmp_path / "snapshots", tmp_path / "weights"
    settings.WEIGHTS.mkdir()
    settings.DATA = tmp_path
    run_here(monkeypatch)
    return Given(
        Path(shutil.copytree(phantoms, settings.SNAPSHOTS / "snapshot-1")),
        Path(shutil.copy(small_grader, settings.WEIGHTS / "serving.safetensors")),
        monkeypatch,
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (a_lost_film, "lacks the file films/"),
        (a_changed_film, "is not the one that was frozen"),
        (no_manifest, "no manifest.json"),
        (a_class_without_example, "The training patients show no example of grade 1, 2, 3."),
        (a_single_patient, "single patient"),
        (a_patient_on_both_sides, "split by patient"),
        (a_loss_that_is_no_number, "lower the learning rate."),
        (weights_of_another_architecture, "of another architecture"),
        (weights_that_are_a_pickle, "never opened"),
        (a_gpu_that_disappears, "any more (CUDA error: GPU is lost): look at nvidia-smi"),
    ],
)
def test_a_training_that_cannot_go_on_fails_with_a_sentence_and_what_serves_is_untouched(
    given: Given,
    study: MakeStudy,
    model_version: MakeModel,
    wrong: Callable[[Given], None],
    sentence: str,
) -> None:
    job, serving = train(given, wrong, study, model_version)
    assert job.state == "failed"
    assert sentence in job.error
    assert "Unexpected" not in job.error
    assert "\n" not in job.error
    assert ModelVersion.objects.get().state == "serving"  # and there is no candidate
    assert hashlib.sha256(given.weights.read_bytes()).hexdigest() == serving.weights_sha256
    assert not Job.objects.filter(kind="pregrade").exists()
    assert not AuditRecord.objects.filter(action__startswith="model_version.").exists()


def test_the_same_training_with_nothing_wrong_leaves_a_candidate(
    given: Given, study: MakeStudy, model_version: MakeModel
) -> None:
    job, serving = train(given, nothing_wrong, study, model_version)
    assert (job.state, job.error) == ("succeeded", "")
    candidate = ModelVersion.objects.get(state="candidate")
    assert candidate.compared_with == serving
    assert ModelVersion.objects.get(state="serving") == serving


def test_a_training_whose_gpu_was_lost_is_started_again_and_goes_on(
    given: Given,
    study: MakeStudy,
    model_version: MakeModel,
    admin: MakeUser,
    settings: Settings,
) -> None:
    settings.TRAINING_CHECKPOINT_MINUTES = 0.0
    begun: list[object] = []
    begin = nn.Module.zero_grad

    def lost_at_the_third_step(network: nn.Module, **how: Any) -> None:
        begun.append(network)
        if len(begun) == 3:
            raise torch.AcceleratorError("CUDA error: GPU is lost")
        begin(network, **how)

    given.monkeypatch.setattr(nn.Module, "zero_grad", lost_at_the_third_step)
    failed, _ = train(given, nothing_wrong, study, model_version)
    assert failed.state == "failed"
    again = retraining.request_again(job_id=failed.pk, actor=admin())
    tasks.train(again.pk)
    again.refresh_from_db()
    assert (again.state, again.error) == ("succeeded", "")
    assert len(begun) == 3 + RECIPES["tiny"].schedule.steps - 2
    assert list((settings.DATA / "training").iterdir()) == []


def test_a_candidate_that_could_not_be_kept_is_not_trained_again(
    given: Given,
    study: MakeStudy,
    model_version: MakeModel,
    admin: MakeUser,
    settings: Settings,
) -> None:
    settings.TRAINING_CHECKPOINT_MINUTES = 0.0

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    asked_for, _ = asked(given, study, model_version)
    with given.monkeypatch.context() as patched:
        patched.setattr(model_versions.shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space left"):
            tasks.train(asked_for.pk)
    again = retraining.request_again(job_id=asked_for.pk, actor=admin())
    given.monkeypatch.setattr(nn.Module, "zero_grad", None)  # whoever trained would fail
    tasks.train(again.pk)
    again.refresh_from_db()
    assert (again.state, again.error) == ("succeeded", "")
    assert ModelVersion.objects.get(state="candidate").metrics["films"]
    assert list((settings.DATA / "training").iterdir()) == []


def test_a_cancelled_training_leaves_nothing_and_what_another_one_left_stays(
    given: Given, study: MakeStudy, model_version: MakeModel, settings: Settings
) -> None:
    left = settings.DATA / "training" / "key_points-best-1"
    left.mkdir(parents=True)
    job, _ = asked(given, study, model_version)
    Job.objects.update(cancel_asked=True)
    tasks.train(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert list(left.parent.iterdir()) == [left]

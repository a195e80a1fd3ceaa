"""A training on another machine: a snapshot goes out, weights come back as a candidate."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from safetensors.numpy import save_file

from annotation.models import AuditRecord, ModelVersion, Snapshot
from annotation.services import model_versions
from tests.annotation.conftest import MakeModel, MakeStudy
from tests.annotation.training_here import run_here
from tests.training import conftest as made
from training import snapshot as folders
from training.__main__ import main as training

phantoms, small_grader = made.phantoms, made.small_grader  # fixtures, made once for both folders


@pytest.fixture
def serving(
    small_grader: Path,
    model_version: MakeModel,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> ModelVersion:
    run_here(monkeypatch)
    settings.WEIGHTS, settings.SNAPSHOTS = tmp_path / "weights", tmp_path / "snapshots"
    settings.WEIGHTS.mkdir()
    shutil.copy(small_grader, settings.WEIGHTS / "small.safetensors")
    digest = hashlib.sha256(small_grader.read_bytes()).hexdigest()
    return model_version("small", weights="small.safetensors", weights_sha256=digest)


def said(command: str, *arguments: object) -> str:
    output = io.StringIO()
    call_command(command, *map(str, arguments), stdout=output)
    return output.getvalue()


def test_weights_from_another_machine_are_a_candidate_beside_what_serves(
    serving: ModelVersion, study: MakeStudy, phantoms: Path, tmp_path: Path
) -> None:
    snapshot = Snapshot.objects.create(
        study=study(), name="away", sha256=folders.checksum(phantoms), counts={}
    )
    shutil.copytree(phantoms, snapshot.folder)
    weights = tmp_path / "trained.safetensors"
    asked = f"--threads 1 corner_grades --snapshot {phantoms} --recipe tiny --out {weights}"
    assert training([*asked.split(), "--init", str(serving.weights_path)]) == 0
    assert "waits for a decision" in said("register_weights", weights)
    candidate = ModelVersion.objects.get(state="candidate")
    assert (candidate.snapshot, candidate.compared_with) == (snapshot, serving)
    assert candidate.metrics["confusion"]
    assert candidate.comparison["verdict"]
    record = AuditRecord.objects.get(action="model_version.registered")
    assert record.subject == f"ModelVersion {candidate.pk}"
    with pytest.raises(CommandError, match="registered already, as corner_grades-2"):
        said("register_weights", weights)


def test_weights_of_other_labels_and_files_that_are_none_are_refused(
    serving: ModelVersion, small_grader: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(CommandError, match="is no weights file of this program"):
        said("register_weights", other)
    shutil.copy(small_grader, other)
    with pytest.raises(CommandError, match="registered already, as small"):
        said("register_weights", other)
    header = {**model_versions.read_header(other), "snapshot": {"sha256": "0" * 64}}
    save_file({"w": np.zeros((2, 2), np.float32)}, other, {"syndesmo": json.dumps(header)})
    with pytest.raises(CommandError, match="was trained on no snapshot of this product"):
        said("register_weights", other)
    assert ModelVersion.objects.count() == 1


def test_a_study_without_labels_freezes_nothing(study: MakeStudy) -> None:
    made = study()
    with pytest.raises(
        CommandError, match=r"No training patient has a graded film yet\. No validation"
    ):
        said("freeze_snapshot", "--study", made.pk)
    with pytest.raises(CommandError, match=rf"There is no study none\. There are: {made.name}"):
        said("freeze_snapshot", "--study", "none", "--json")
    assert not Snapshot.objects.exists()

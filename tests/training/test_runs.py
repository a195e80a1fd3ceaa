"""A run from the command line: progress in JSON, a candidate beside the serving model, failures."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed, nn

from inference import checkpoint, corner_grades
from tests.training.command_line import changed, failure, grade, run
from training.code_version import code_version
from training.grader_recipes import RECIPES
from training.runs import repeatable


def test_a_run_ends_with_figures_of_candidate_and_serving_model(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    status, lines = grade(capsys, phantoms, out, "--init", small_grader)
    assert status == 0
    assert all({"phase", "step", "steps"} <= line.keys() for line in lines[:-1])
    done = lines[-1]
    assert done["done"] is True
    assert done["metrics"]["patients"] == done["compared"]["patients"] == 1
    assert done["metrics"]["corners"] == sum(map(sum, done["metrics"]["confusion"]))
    assert done["sha256"] == checkpoint.load(out).sha256


def test_refining_keeps_architecture_and_crop_and_tells_its_origin(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    grade(capsys, phantoms, out, "--init", small_grader)
    old, new = checkpoint.load(small_grader), checkpoint.load(out, "corner_grades")
    assert new.metadata["architecture"] == old.metadata["architecture"]
    assert new.metadata["crop"] == old.metadata["crop"]
    assert new.metadata["recipe"] == "tiny"
    assert new.metadata["snapshot"]["name"] == "phantoms"
    assert new.metadata["metrics"]["films"] == 2
    assert new.metadata["code"] == code_version()
    corner_grades.build(new)


def test_the_same_run_gives_the_same_weights(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = []
    for name in ("a", "b"):
        out = tmp_path / f"{name}.safetensors"
        grade(capsys, phantoms, out, "--init", small_grader)
        states.append(checkpoint.load(out).state)
    assert all((states[0][name] == states[1][name]).all() for name in states[0])


def test_a_run_asks_for_an_order_of_every_sum_on_a_gpu() -> None:
    """Two maps that are enlarged add their gradients in any order there unless this is set."""
    torch.use_deterministic_algorithms(False)
    repeatable(1)
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_key_points_train_and_are_measured(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "points.safetensors"
    status, lines = run(
        capsys, "key_points", "--snapshot", phantoms, "--recipe", "tiny", "--out", out
    )
    assert status == 0
    assert lines[-1]["metrics"]["discs"] == 12
    assert lines[-1]["metrics"]["mean_error_mm"] > 0
    assert checkpoint.load(out, "key_points").metadata["recipe"] == "tiny"


def test_a_patient_on_both_sides_ends_the_run(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(phantoms, tmp_path / "mixed"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["films"][0]["split"] = "test"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    status, lines = grade(capsys, folder, tmp_path / "x", "--init", small_grader)
    assert status == 1
    assert "split by patient" in failure(lines)
    assert not (tmp_path / "x").exists()


def test_labels_of_one_grade_alone_end_the_run(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(phantoms, tmp_path / "zeros"))
    manifest = json.loads((folder / "manifest.json").read_text())
    for film in manifest["films"]:
        film["corners"] = {site: [1, 0, 0, 0] for site in film["corners"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    status, lines = grade(capsys, folder, tmp_path / "x", "--init", small_grader)
    assert status == 1
    assert failure(lines) == "The training patients show no example of grade 1, 2, 3."


def test_weights_that_are_a_pickle_end_the_run(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"\x80\x04K\x01.")
    status, lines = grade(capsys, phantoms, tmp_path / "x", "--init", tmp_path / "w.safetensors")
    assert status == 1
    assert "never opened" in failure(lines)


def test_a_missing_snapshot_and_an_unknown_recipe_end_the_run(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no manifest.json" in failure(grade(capsys, tmp_path, tmp_path / "x")[1])
    arguments = ["corner_grades", "--snapshot", phantoms, "--recipe", "huge", "--out", tmp_path]
    status, lines = run(capsys, *arguments)
    assert status == 1
    assert failure(lines).startswith("There is no recipe huge: choose paper")


def one_patient(films: list[dict[str, Any]]) -> None:
    films[:] = [film for film in films if film["patient"] == films[0]["patient"]]


def same_picture(films: list[dict[str, Any]]) -> None:
    train = next(film for film in films if film["split"] == "train")
    next(film for film in films if film["split"] == "test")["pixel_sha256"] = train["pixel_sha256"]


def odd_points(films: list[dict[str, Any]]) -> None:
    """Of a film that judges: found out before the training, not when it is over."""
    judges = next(film for film in films if film["split"] == "test")
    judges["discs"] = {d: ends for d, ends in judges["discs"].items() if d in ("C2/C3", "C6/C7")}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (one_patient, "single patient"),
        (same_picture, "are the same picture"),
        (odd_points, "_v0_C: Place the points of at least two neighbouring discs first."),
    ],
)
def test_a_snapshot_that_cannot_be_judged_ends_the_run(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[list[dict[str, Any]]], None],
    sentence: str,
) -> None:
    folder = changed(phantoms, tmp_path / "s", change)
    status, lines = grade(capsys, folder, tmp_path / "x", "--init", small_grader)
    assert (status, sentence in failure(lines)) == (1, True)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "lacks the file films/"),
        (lambda path: path.write_bytes(b"other"), "is not the one that was frozen"),
    ],
)
def test_a_lost_or_changed_film_ends_the_run(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
    sentence: str,
) -> None:
    folder = Path(shutil.copytree(phantoms, tmp_path / "s"))
    damage(next((folder / "films").iterdir()))
    status, lines = grade(capsys, folder, tmp_path / "x", "--init", small_grader)
    assert (status, sentence in failure(lines)) == (1, True)


def test_weights_of_another_network_or_task_end_the_run(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = checkpoint.load(small_grader)
    odd, points = tmp_path / "odd.safetensors", tmp_path / "points.safetensors"
    wider = {**stored.metadata, "architecture": {**stored.metadata["architecture"], "stages": 2}}
    network, *_ = corner_grades.build(stored)
    checkpoint.save(odd, network, wider)
    checkpoint.save(points, network, {**stored.metadata, "task": "key_points"})
    for weights, sentence in ((odd, "of another architecture"), (points, "holds weights for key")):
        status, lines = grade(capsys, phantoms, tmp_path / "x", "--init", weights)
        assert (status, sentence in failure(lines)) == (1, True)


def test_a_loss_that_is_no_number_ends_the_run(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = RECIPES["tiny"]
    wild = replace(recipe.schedule, learning_rate=1e30, steps=20, clip=0.0, bfloat16=False)
    monkeypatch.setitem(RECIPES, "tiny", replace(recipe, schedule=wild))
    status, lines = grade(capsys, phantoms, tmp_path / "x", "--init", small_grader)
    assert (status, "no number at step" in failure(lines)) == (1, True)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        (torch.AcceleratorError("CUDA error: GPU is lost"), "The GPU does not answer any more"),
        (RuntimeError("CUDA error: device-side assert"), "The GPU does not answer any more"),
        (distributed.DistBackendError("NCCL error: remote"), "The GPU does not answer any more"),
        (torch.OutOfMemoryError("CUDA out of memory."), "too little memory"),
    ],
)
@pytest.mark.parametrize("rank", ["0", "1"])  # each process has a GPU of its own to lose
def test_a_gpu_that_disappears_ends_the_run_with_a_sentence(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lost: Exception,
    sentence: str,
    rank: str,
) -> None:
    monkeypatch.setenv("RANK", rank)

    def gone(*_: object, **__: object) -> None:
        raise lost

    monkeypatch.setattr(nn.Module, "zero_grad", gone)
    status, lines = grade(capsys, phantoms, tmp_path / "x", "--init", small_grader)
    assert (status, sentence in failure(lines)) == (1, True)
    assert not (tmp_path / "x").exists()


def test_a_centre_is_left_out_of_the_training_and_judges_it(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def south(films: list[dict[str, Any]]) -> None:
        patients = sorted({film["patient"] for film in films if film["split"] == "train"})
        for film in films:
            film["centre"] = "south" if film["patient"] in patients[:2] else "north"

    folder, out = changed(phantoms, tmp_path / "s", south), tmp_path / "new.safetensors"
    status, lines = grade(capsys, folder, out, "--leave-out", "south")
    assert (status, lines[-1]["metrics"]["patients"]) == (0, 2)
    described = checkpoint.load(out).metadata
    assert described["snapshot"]["left_out"] == "south"
    assert len(described["seen"]["patients"]) == 7  # six to train on, one to validate on
    status, lines = grade(capsys, folder, tmp_path / "x", "--leave-out", "west")
    assert (status, failure(lines)) == (1, "No film comes from west. Centres: north, south.")


def test_evaluation_alone_gives_the_figures_of_the_run(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    trained = grade(capsys, phantoms, out, "--init", small_grader)[1][-1]
    asked = ["evaluate", "--snapshot", phantoms, "--weights", out, "--compare", small_grader]
    status, lines = run(capsys, *asked)
    assert status == 0
    for part in ("metrics", "compared", "comparison"):
        assert lines[-1][part] == trained[part]
    assert lines[-1]["comparison"]["verdict"] == "unknown"  # one test patient


def test_films_that_a_model_has_learnt_from_never_judge_it(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    grade(capsys, phantoms, out, "--init", small_grader)

    def turned(films: list[dict[str, Any]]) -> None:
        for film in films:
            film["split"] = {"train": "test", "test": "train", "val": "val"}[film["split"]]

    def renamed(films: list[dict[str, Any]]) -> None:
        turned(films)
        for film in films:
            film["patient"] = f"other-{film['patient']}"

    for number, (change, word) in enumerate(((turned, "Test patient"), (renamed, "Test film"))):
        folder = changed(phantoms, tmp_path / str(number), change)
        asked = ["evaluate", "--snapshot", folder, "--weights", out]
        status, lines = run(capsys, *asked)
        assert status == 1
        assert failure(lines).startswith(word)
        assert "were trained on" in failure(lines)

"""What the command line adds to a run: a name for the weights, and an early no."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference import checkpoint
from training.__main__ import main


def test_the_weights_file_has_the_name_of_task_and_recipe_unless_told(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["corner_grades", "--snapshot", str(phantoms), "--recipe", "tiny"]
    assert main(["--threads", "1", *asked, "--init", str(small_grader)]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert done["weights"] == "corner_grades-tiny.safetensors"
    assert checkpoint.load(tmp_path / done["weights"]).sha256 == done["sha256"]


def test_a_folder_that_is_not_there_is_said_before_anything_is_trained(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none" / "x.safetensors"
    asked = ["corner_grades", "--snapshot", str(phantoms), "--recipe", "tiny", "--out", str(out)]
    assert main(asked) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert (
        json.loads(line)["failed"] == f"There is no folder {out.parent} to write the weights into."
    )

"""What the command line adds to a run: a name for the weights, and an early no."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import checkpoint
from tests.training.command_line import failure, grade, run
from training import corner_grades


def test_the_weights_file_has_the_name_of_task_and_recipe_unless_told(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["corner_grades", "--snapshot", phantoms, "--recipe", "tiny", "--init", small_grader]
    status, lines = run(capsys, *asked)
    done = lines[-1]
    assert status == 0
    assert done["weights"] == "corner_grades-tiny.safetensors"
    assert checkpoint.load(tmp_path / done["weights"]).sha256 == done["sha256"]


def test_a_folder_that_is_not_there_is_said_before_anything_is_trained(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none" / "x.safetensors"
    status, lines = grade(capsys, phantoms, out)
    assert (status, len(lines)) == (1, 1)
    assert failure(lines) == f"There is no folder {out.parent} to write the weights into."


def test_a_run_that_ends_while_it_evaluates_has_trained_already(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    out, more = tmp_path / "new.safetensors", ("--init", small_grader, "--minutes", 0)
    with monkeypatch.context() as patched:
        patched.setattr(corner_grades, "compare", killed)
        with pytest.raises(KeyboardInterrupt):
            grade(capsys, phantoms, out, *more)
    capsys.readouterr()
    status, lines = grade(capsys, phantoms, out, *more)
    assert (status, lines[-1]["done"]) == (0, True)
    assert [line["step"] for line in lines if line.get("phase") == "going on"] == [4]
    assert "train" not in {line.get("phase") for line in lines}
    assert [path.name for path in tmp_path.iterdir()] == ["new.safetensors"]

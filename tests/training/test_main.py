"""What the command line adds to a run: a name for the weights, and an early no."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import checkpoint
from tests.training.command_line import failure, grade, run
from training import corner_grades, snapshot
from training.__main__ import main
from training.runs import recipes


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
        status, lines = grade(capsys, phantoms, out, *more)
    assert (status, failure(lines).partition(" of ")[0]) == (130, "Stopped. The state")
    assert failure(lines).endswith("new.resume: the same command goes on from there.")
    status, lines = grade(capsys, phantoms, out, *more)
    assert (status, lines[-1]["done"]) == (0, True)
    assert [line["step"] for line in lines if line.get("phase") == "going on"] == [4]
    assert "train" not in {line.get("phase") for line in lines}
    assert [path.name for path in tmp_path.iterdir()] == ["new.safetensors"]


def test_a_run_that_is_interrupted_before_it_stores_anything_says_so(
    phantoms: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshot, "read", interrupted)
    status, lines = grade(capsys, phantoms, tmp_path / "new.safetensors")
    assert status == 130
    assert failure(lines) == "Stopped. No state was stored yet: the same command begins anew."


@pytest.mark.parametrize("device", ["nonsense", "cuda:x", "meta", "mps"])
def test_a_device_that_there_is_not_ends_in_a_sentence(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    status, lines = grade(capsys, phantoms, tmp_path / "x", "--device", device)
    assert (status, len(lines)) == (1, 1)
    assert failure(lines).startswith(f"There is no device {device}: choose auto, cpu,")


@pytest.mark.parametrize("task", ["key_points", "corner_grades"])
def test_the_help_of_a_task_tells_every_recipe_in_a_line(
    task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([task, "--help"])
    told = capsys.readouterr().out
    assert "folder of frozen films" in told
    listed = told.partition("recipes:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == list(recipes(task))
    assert all(len(line.split()) > 2 and len(line) < 80 for line in listed)

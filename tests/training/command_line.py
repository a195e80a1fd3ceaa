"""`python -m training` as a test calls it: in this process, its lines read as JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.__main__ import main

Said = tuple[int, list[dict[str, Any]]]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """The exit status and what was said."""
    status = main(["--threads", "1", *(str(argument) for argument in arguments)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def grade(capsys: pytest.CaptureFixture[str], folder: Path, out: Path, *more: object) -> Said:
    """Train the grader by the recipe that takes seconds."""
    arguments = ["corner_grades", "--snapshot", folder, "--recipe", "tiny", "--out", out, *more]
    return run(capsys, *arguments)


def changed(phantoms: Path, folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """A copy of the snapshot with another manifest."""
    copy = Path(shutil.copytree(phantoms, folder))
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest["films"])
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def failure(lines: list[dict[str, Any]]) -> str:
    """The sentence that a run ended with."""
    assert lines[-1].keys() == {"failed"}
    return str(lines[-1]["failed"])

"""The one command that makes the weights that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inference.predict import Grader
from tests.training.command_line import failure, run
from training import corner_grades, key_points, starter


def test_it_trains_both_networks_into_files_that_serving_loads(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for recipes in (corner_grades.RECIPES, key_points.RECIPES):
        monkeypatch.setitem(recipes, "starter", recipes["tiny"])
    said: list[dict[str, Any]] = []
    done = starter.make(phantoms, tmp_path, None, said.append)
    assert done.keys() == {"key_points", "corner_grades"}
    Grader.from_files(
        tmp_path / "key_points.safetensors", tmp_path / "corner_grades.safetensors", "cpu"
    )
    assert {"train", "validate"} <= {line["phase"] for line in said}


def test_another_number_of_patients_than_is_there_is_refused(
    phantoms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["starter", "--films", phantoms, "--out", tmp_path, "--patients", 12]
    status, lines = run(capsys, *asked)
    assert (status, len(lines)) == (1, 1)
    assert "holds phantoms of 8 training patients already" in failure(lines)

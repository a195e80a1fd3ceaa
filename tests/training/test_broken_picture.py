"""A picture that is frozen broken, its checksum right, is named; and before the training."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.training.command_line import failure, grade


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_broken_picture_ends_the_run_with_its_film(
    phantoms: Path,
    small_grader: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    split: str,
) -> None:
    folder = Path(shutil.copytree(phantoms, tmp_path / "s"))
    manifest = json.loads((folder / "manifest.json").read_text())
    film = next(film for film in manifest["films"] if film["split"] == split)
    picture = folder / film["file"]
    picture.write_bytes(picture.read_bytes()[:-2])
    manifest["sha256"][film["file"]] = hashlib.sha256(picture.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    status, lines = grade(capsys, folder, tmp_path / "x", "--init", small_grader)
    assert status == 1
    assert failure(lines).startswith(f"The picture of film {film['film']} was broken when")
    assert "train" not in {line.get("phase") for line in lines}

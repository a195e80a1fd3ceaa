"""A small snapshot of phantoms and small weights to start from, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inference import checkpoint, corner_grades
from inference.corner_grades import Calibration, CornerGradeNet, GraderArchitecture
from inference.corner_regions import CropRecipe
from training.phantom_snapshot import write_phantoms


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training, one validation and one test patient: 20 films of a few hundred pixels."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("snapshot") / "phantoms"
    write_phantoms(
        folder,
        [("train", "trial", 1, 8), ("val", "trial", 2, 1), ("test", "trial", 3, 1)],
        scale=0.2,
        workers=1,
    )
    return folder


@pytest.fixture(scope="session")
def small_grader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a grader of one stage on 48-pixel crops: a training step takes milliseconds."""
    torch.manual_seed(0)
    network = CornerGradeNet(GraderArchitecture(stages=1, pool=(2, 1)))
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    described = corner_grades.metadata(network.architecture, CropRecipe(size=48), Calibration())
    checkpoint.save(path, network, described)
    return path

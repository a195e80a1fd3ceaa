"""The grader's probabilities: a bridge on both corners, ordered thresholds, sums of one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from inference import checkpoint, corner_grades
from inference.checkpoint import CheckpointError
from inference.corner_grades import (
    Calibration,
    CornerGradeNet,
    GraderArchitecture,
    log_probabilities,
)
from inference.corner_regions import CropRecipe

torch.set_num_threads(1)
logit = st.floats(-30, 30)


def shares(*logits: float) -> Tensor:
    return log_probabilities(torch.tensor([logits])).exp()[0]


@given(logit, logit, logit, logit, logit)
def test_probabilities_sum_to_one_and_the_bridge_is_on_both_corners(
    b: float, c1: float, c2: float, d1: float, d2: float
) -> None:
    found = shares(b, c1, c2, d1, d2)
    assert torch.isfinite(found).all()
    assert found.sum(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert found[0, 3] == found[1, 3]


def test_a_sure_bridge_leaves_nothing_for_the_other_grades() -> None:
    assert shares(20, 0, 0, 0, 0)[:, 3].tolist() == pytest.approx([1, 1])


def test_without_a_bridge_each_corner_has_its_own_grade() -> None:
    found = shares(-20, -9, -20, 12, 9)
    assert found.argmax(dim=1).tolist() == [0, 2]


def test_a_second_threshold_above_the_first_never_makes_a_negative_share() -> None:
    assert (shares(-20, -5, 15, 0, 0) >= 0).all()


def test_the_middle_grade_lies_between_the_thresholds() -> None:
    found = shares(-20, 6, -6, 0, 0)[0]
    assert found[1] > 0.95
    sigmoid = 1 / (1 + math.exp(-6))
    assert found[0].item() == pytest.approx(1 - sigmoid, abs=1e-4)


def test_calibration_shifts_the_bridge_alone() -> None:
    logits = torch.tensor([[0.0, 1.0, -1.0, 1.0, -1.0]])
    fit = Calibration(shift=(-3.0, 0.0, 0.0))
    assert log_probabilities(logits, fit).exp()[0, 0, 3] == pytest.approx(0.0474, abs=1e-3)


def test_weights_come_back_with_their_crop_and_calibration(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = CornerGradeNet(GraderArchitecture(stages=1, pool=(2, 2)))
    crop, fit = CropRecipe(size=64), Calibration((1.5, 1, 1), (0.1, 0, 0))
    described = corner_grades.metadata(network.architecture, crop, fit)
    checkpoint.save(tmp_path / "w.safetensors", network, described)
    again, crop_again, fit_again = corner_grades.build(
        checkpoint.load(tmp_path / "w.safetensors", "corner_grades")
    )
    assert (crop_again, fit_again) == (crop, fit)
    crops, levels = torch.rand(2, 1, 64, 64), torch.tensor([0, 11])
    assert torch.allclose(again(crops, levels), network.eval()(crops, levels), atol=0.02)


def test_the_level_is_seen_by_the_head() -> None:
    torch.manual_seed(0)
    network = CornerGradeNet(GraderArchitecture(stages=1, pool=(1, 1))).eval()
    crops = torch.rand(1, 1, 64, 64).expand(2, -1, -1, -1)
    first, second = network(crops, torch.tensor([0, 5]))
    assert not torch.allclose(first, second)


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(CheckpointError, match="resnet18"):
        CornerGradeNet(GraderArchitecture("vgg"))


def test_incomplete_metadata_is_refused(tmp_path: Path) -> None:
    network = CornerGradeNet(GraderArchitecture(stages=1))
    checkpoint.save(tmp_path / "w.safetensors", network, {"task": "corner_grades"})
    with pytest.raises(CheckpointError, match="incomplete"):
        corner_grades.build(checkpoint.load(tmp_path / "w.safetensors"))

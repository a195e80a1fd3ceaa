"""Labels, loss, sampling and calibration of the grader."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.corner_grades import Calibration
from inference.corner_regions import CropRecipe
from training.batches import Crops
from training.calibration import fit_calibration
from training.corner_grades import refuse_unlearnable, rotating_subset
from training.grader_recipes import RECIPES
from training.loop import TrainingError
from training.soft_labels import grade_loss, soft_labels

torch.set_num_threads(1)


def crops(votes: list[list[list[int]]]) -> Crops:
    n = len(votes)
    return Crops(
        np.zeros((n, 8, 8), np.uint8),
        np.zeros(n, np.int64),
        np.array(votes, float).reshape(-1, 2, 4),
        np.zeros(n, np.int64),
        CropRecipe(),
    )


FOUR = crops([[[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 1, 0], [0, 0, 0, 1]]])


def test_votes_become_shares_and_missing_corners_stay_empty() -> None:
    found = soft_labels(np.array([[[1.0, 3, 0, 0], [0, 0, 0, 0]]]), 0.0)
    assert found.tolist() == [[[0.25, 0.75, 0, 0], [0, 0, 0, 0]]]


def test_smoothing_reaches_neighbours_only_and_keeps_bridges_whole() -> None:
    found = soft_labels(np.array([[[1.0, 0, 0, 0], [0, 0, 0, 1]], [[0, 1, 0, 0]] * 2]), 0.1)
    assert found[0].tolist() == pytest.approx(np.array([[0.9, 0.1, 0, 0], [0, 0, 0, 1]]))
    assert found[1, 0].tolist() == pytest.approx([0.05, 0.9, 0.05, 0])


def test_the_loss_of_a_sure_right_answer_is_nearly_nothing() -> None:
    target = soft_labels(np.array([[[0.0, 0, 1, 0], [1, 0, 0, 0]]]), 0.0)
    right = torch.tensor([[-20.0, 20, 20, -20, -40]])
    assert grade_loss(right, target) < 1e-3
    assert grade_loss(-right, target) > 10


def test_a_far_grade_costs_more_than_a_near_one() -> None:
    target = soft_labels(np.array([[[1.0, 0, 0, 0], [0, 0, 0, 0]]]), 0.0)
    squaring = torch.tensor([[-9.0, 2, -2, 0, 0]])
    spur = torch.tensor([[-9.0, 5, 2, 0, 0]])
    assert grade_loss(squaring, target) < grade_loss(spur, target)


def test_corners_without_votes_do_not_count() -> None:
    logits = torch.tensor([[0.3, 1.0, -1.0, 5.0, 3.0]])
    half = soft_labels(np.array([[[0.0, 1, 0, 0], [0, 0, 0, 0]]]), 0.0)
    other = logits.clone()
    other[:, 3:] = -5
    assert grade_loss(logits, half) == pytest.approx(float(grade_loss(other, half)))


def test_a_grade_without_example_ends_the_run() -> None:
    with pytest.raises(TrainingError, match="no example of grade 2, 3"):
        refuse_unlearnable(crops([[[1, 0, 0, 0], [0, 1, 0, 0]]]), FOUR)
    with pytest.raises(TrainingError, match="no example of grade 0, 1, 2, 3"):
        refuse_unlearnable(crops([]), FOUR)


def test_training_without_validation_corners_is_refused() -> None:
    with pytest.raises(TrainingError, match="No validation patient"):
        refuse_unlearnable(FOUR, crops([]))


def test_the_papers_subsets_are_balanced_and_rotate_through_all() -> None:
    recipe = replace(RECIPES["paper"], rotating=5)
    classes = np.repeat([0, 1, 2, 3], [50, 20, 5, 10])
    steps = 5 * 4 // 2
    seen = []
    for epoch in range(10):
        drawn = [rotating_subset(classes, recipe, epoch * steps + k, 2) for k in range(steps)]
        subset = np.concatenate(drawn)
        assert np.bincount(classes[subset]).tolist() == [5, 5, 5, 5]
        seen.append(subset)
    assert set(np.concatenate(seen).tolist()) == set(range(85))


def test_calibration_finds_the_shift_and_scale_that_were_lost() -> None:
    random = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(6000, 5, generator=random)
    logits[:, [2, 4]] = logits[:, [1, 3]] - 2
    logits[:, 0] -= 3
    corners = torch.distributions.Categorical(
        logits=torch.stack([torch.zeros(6000), logits[:, 1], 2 * logits[:, 1] - 2], dim=1)
    )
    torch.manual_seed(0)
    votes = torch.nn.functional.one_hot(corners.sample(), 4).float()
    targets = torch.stack([votes, torch.zeros_like(votes)], dim=1)
    fitted = fit_calibration(2 * logits + 1.5, targets, Calibration())
    raw, better = (
        grade_loss(2 * logits + 1.5, targets),
        grade_loss(2 * logits + 1.5, targets, fitted),
    )
    assert better < 0.8 * raw
    assert fitted.scale[1] < 0.8
    assert fitted.shift[1] < 0


def test_a_handful_of_corners_hardly_moves_the_calibration() -> None:
    around = Calibration((1.2, 1.0, 1.0), (0.5, 0.0, 0.0))
    targets = soft_labels(np.array([[[0.0, 1, 0, 0], [1, 0, 0, 0]]]), 0.0)
    fitted = fit_calibration(torch.zeros(1, 5), targets, around)
    assert np.abs(np.array(fitted.shift) - around.shift).max() < 0.6
    assert all(math.isfinite(value) for value in fitted.scale)

"""Labels, loss, sampling and calibration of the grader."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.corner_grades import Calibration, log_probabilities
from inference.corner_regions import CropRecipe
from training.batches import Crops
from training.calibration import fit_calibration, prior_shift
from training.corner_grades import in_bfloat16, refuse_unlearnable, rotating_subset
from training.grader_recipes import RECIPES, GraderRecipe
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


@pytest.mark.parametrize("has_it", [True, False])
def test_crops_are_judged_in_bfloat16_on_gpus_that_have_it_alone(
    monkeypatch: pytest.MonkeyPatch, *, has_it: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: has_it)
    assert in_bfloat16(torch.device("cuda")) == has_it
    assert not in_bfloat16(torch.device("cpu"))


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


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipes_pooling_divides_its_features(recipe: GraderRecipe) -> None:
    """ONNX knows no pooling of uneven windows: such a grader would be served the slow way."""
    features = recipe.crop.size // 2 ** (recipe.architecture.stages + 1)
    assert all(features % side == 0 for side in recipe.architecture.pool)


def test_a_grade_without_example_ends_the_run() -> None:
    with pytest.raises(TrainingError, match="no example of grade 2, 3"):
        refuse_unlearnable(crops([[[1, 0, 0, 0], [0, 1, 0, 0]]]), FOUR)
    with pytest.raises(TrainingError, match="no example of grade 0, 1, 2, 3"):
        refuse_unlearnable(crops([]), FOUR)


def test_a_grade_that_nobody_gave_is_no_example_where_readers_are_weighed() -> None:
    weighed = replace(FOUR, votes=np.tile([0.899, 0.1, 0.0005, 0.0005], (2, 2, 1)))
    weighed.votes[0, 0] = [0.1, 0.899, 0.0005, 0.0005]
    with pytest.raises(TrainingError, match="no example of grade 2, 3"):
        refuse_unlearnable(weighed, FOUR)


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


def discs_of(*numbers: int) -> Crops:
    """So many discs with grade 0, 1, 2 and 3 at both corners."""
    graded = [
        [int(g == grade) for g in range(4)] for grade, n in enumerate(numbers) for _ in "x" * n
    ]
    return crops([[one, one] for one in graded])


def test_the_prior_shift_is_the_ratio_of_the_odds_of_clinic_and_training() -> None:
    train, val = discs_of(60, 20, 10, 10), discs_of(70, 10, 10, 10)
    equal = np.repeat(0.25 / np.array([60, 20, 10, 10]), [60, 20, 10, 10])  # every grade alike
    # 200 validation corners and the training patients' shares as 100 more: 200, 40, 30, 30 of 300
    bridge, any_change, spur = prior_shift(train, equal, val)
    assert bridge == pytest.approx(math.log((30 / 270) / (1 / 3)), abs=1e-4)
    assert any_change == pytest.approx(math.log((70 / 200) / (2 / 1)), abs=1e-4)
    assert spur == pytest.approx(math.log((30 / 240) / (1 / 2)), abs=1e-4)


def test_a_network_that_knows_only_the_sampling_says_the_clinics_prevalence_once_corrected() -> (
    None
):
    train, val = discs_of(60, 20, 10, 10), discs_of(70, 10, 10, 10)
    equal = np.repeat(0.25 / np.array([60, 20, 10, 10]), [60, 20, 10, 10])
    knows_nothing = torch.tensor([[math.log(1 / 3), *[math.log(2), math.log(1 / 2)] * 2]])
    shift = Calibration(shift=prior_shift(train, equal, val))
    said = log_probabilities(knows_nothing, shift).exp()[0, 0].tolist()
    assert said[3] == pytest.approx(30 / 300, abs=1e-3)
    assert said[0] == pytest.approx(200 / 300, abs=1e-3)


def test_without_selection_there_is_nothing_to_correct() -> None:
    same = discs_of(60, 20, 10, 10)
    assert prior_shift(same, np.full(100, 0.01), same) == pytest.approx((0, 0, 0), abs=1e-6)


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

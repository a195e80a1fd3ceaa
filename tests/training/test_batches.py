"""Batches follow from seed and step, and keep labels with their crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from inference.corner_regions import LEVELS, CropRecipe
from tests.training.dotted_film import film
from training.batches import CropAugmentation, augmented_crops, cut_crops, middle

RECIPE = CropRecipe(size=64)
STILL = CropAugmentation(rotation=0, shift=0, scale=0, contrast=0, noise=0, blur=0)


def test_only_discs_with_a_graded_corner_are_cut(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    assert [LEVELS[level] for level in crops.levels] == ["C2/C3", "C5/C6"]
    assert crops.votes.tolist() == [
        [[0, 2, 0, 0], [0, 0, 1, 1]],
        [[1, 0, 0, 0], [0, 0, 0, 0]],
    ]
    assert crops.worst().tolist() == [2, 0]


def test_no_graded_disc_gives_an_empty_set(tmp_path: Path) -> None:
    assert len(cut_crops([], RECIPE)) == 0


def test_without_perturbation_a_crop_is_what_serving_cuts(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    chosen = np.array([0, 1])
    still = augmented_crops(crops, chosen, STILL, np.random.default_rng(0))
    assert still.shape == (2, 1, 64, 64)
    assert np.abs(still.numpy() - middle(crops, chosen).numpy()).max() < 0.02


def test_perturbed_crops_follow_from_the_seed(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    chosen = np.array([0, 1, 0])

    def draw(seed: int) -> np.ndarray:
        how = CropAugmentation(clahe=0.5)
        return augmented_crops(crops, chosen, how, np.random.default_rng(seed)).numpy()

    assert np.array_equal(draw(3), draw(3))
    assert not np.array_equal(draw(3), draw(4))
    assert draw(3).min() >= 0
    assert draw(3).max() <= 1


def test_a_crop_is_never_mirrored(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    chosen = np.zeros(50, np.int64)
    how = CropAugmentation(contrast=0, noise=0, blur=0)
    many = augmented_crops(crops, chosen, how, np.random.default_rng(0)).numpy()[:, 0]
    # The anterior dot of the crop lies left of its middle column, the centre dot right of it
    weights = many.sum(axis=1) @ (np.arange(64) - 31.5)
    plain = middle(crops, chosen[:1]).numpy()[0, 0].sum(axis=0) @ (np.arange(64) - 31.5)
    assert (np.sign(weights) == np.sign(plain)).mean() > 0.9


def test_a_device_gets_everything_that_its_pictures_need(tmp_path: Path) -> None:
    """On the device without memory, a picture or number left behind on the CPU would raise."""
    crops, nowhere = cut_crops([film(tmp_path)], RECIPE), torch.device("meta")
    how = CropAugmentation(clahe=0.5)
    there = augmented_crops(crops, np.array([0, 1]), how, np.random.default_rng(0), nowhere)
    assert (there.device, there.shape) == (nowhere, (2, 1, 64, 64))


def test_grain_is_normal_and_differs_from_picture_to_picture(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    crops.images[:] = 128
    how = replace(STILL, noise=0.05)
    seen = augmented_crops(crops, np.zeros(200, int), how, np.random.default_rng(0)).numpy()
    spread = seen.std(axis=(1, 2, 3))
    assert 0.04 < spread.max() < 0.06
    rest = (seen - 128 / 255) / spread[:, None, None, None]
    assert abs((rest**4).mean() - 3) < 0.1  # the kurtosis of a normal distribution
    assert abs(np.corrcoef(rest[0].ravel(), rest[1].ravel())[0, 1]) < 0.05

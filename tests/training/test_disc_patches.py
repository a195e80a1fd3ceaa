"""Patches show the disc they were cut for, and their points move as the picture does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.disc_patches import PATCH
from training.batches import CropAugmentation
from training.disc_patches import Patches, augmented_patches, cut_patches, plain_patches, together
from training.snapshot import read

PLAIN = CropAugmentation(contrast=0, noise=0, blur=0)


@pytest.fixture(scope="module")
def dots() -> Patches:
    """Wide patches that are black but for two dots at their points."""
    side = PATCH.widened(1.5).size
    random = np.random.default_rng(4)
    points = random.uniform(0.42, 0.58, (12, 2, 2)) * side
    points[:, 0, 0] -= 0.1 * side
    rows, cols = np.mgrid[:side, :side]
    images = np.zeros((12, side, side))
    for image, ends in zip(images, points, strict=True):
        for x, y in ends:
            image += np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 8)
    return Patches((200 * images.clip(0, 1)).astype(np.uint8), points)


@pytest.mark.parametrize("plain", [True, False])
def test_the_points_stay_on_what_they_mark(dots: Patches, plain: bool) -> None:
    chosen = np.arange(len(dots))
    if plain:
        seen, points = plain_patches(dots, chosen)
    else:
        seen, points = augmented_patches(dots, chosen, PLAIN, np.random.default_rng(1))
    assert seen.shape == (12, 1, PATCH.size, PATCH.size)
    for picture, ends in zip(seen[:, 0].numpy(), points, strict=True):
        for x, y in ends:
            near = picture[int(y) - 4 : int(y) + 6, int(x) - 4 : int(x) + 6]
            weights = near.clip(0.05, None) - 0.05
            row = (weights.sum(1) @ np.arange(len(near))) / weights.sum() + int(y) - 4
            col = (weights.sum(0) @ np.arange(len(near))) / weights.sum() + int(x) - 4
            assert (col, row) == pytest.approx((x, y), abs=0.35)


def test_every_disc_of_a_film_is_cut_with_both_points_inside(phantoms: Path) -> None:
    films = read(phantoms).split("train")
    patches = together([cut_patches(film, film.picture()) for film in films])
    assert len(patches) == sum(len(film.discs) for film in films)
    _, points = plain_patches(patches, np.arange(len(patches)))
    assert points.min() > 0
    assert points.max() < PATCH.size
    assert (points[:, 1, 0] < points[:, 0, 0]).all()  # anterior is left, also of mirrored films


def test_no_films_make_no_patches() -> None:
    assert len(together([])) == 0


def test_the_same_stream_makes_the_same_batch(dots: Patches) -> None:
    one, two = (
        augmented_patches(dots, np.array([3, 5]), CropAugmentation(), np.random.default_rng(9))
        for _ in range(2)
    )
    assert torch.equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])

"""Batches follow from seed and step, keep labels with their crops and points with their films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.corner_regions import LEVELS, CropRecipe, DiscPoints, to_crop
from inference.film_views import COLS, ROWS, quarter_turn
from inference.picture import write_picture
from training.batches import (
    CropAugmentation,
    FilmAugmentation,
    SmallFilm,
    augmented_crops,
    augmented_films,
    cut_crops,
    middle,
    plain_films,
    small_film,
)
from training.snapshot import SnapshotError, SnapshotFilm

RECIPE = CropRecipe(size=64)
STILL = CropAugmentation(rotation=0, shift=0, scale=0, contrast=0, noise=0, blur=0)


def film(folder: Path, facing: int = -1) -> SnapshotFilm:
    """Six discs down the middle, a bright dot on every centre and anterior point."""
    pixels = np.full((900, 600), 500, np.uint16)
    discs = {}
    for level, disc in enumerate(LEVELS[:6]):
        center, anterior = (300.0, 150.0 + 110 * level), (300.0 + facing * 50, 150.0 + 110 * level)
        discs[disc] = DiscPoints(disc, center, anterior)
        for x, y in (center, anterior):
            pixels[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5] = 4000
    path = folder / f"f{facing}.jls"
    write_picture(path, pixels)
    corners = {"C2_INF": (0, 2, 0, 0), "C3_SUP": (0, 0, 1, 1), "C5_INF": (1, 0, 0, 0)}
    return SnapshotFilm("f", path, "p", "train", 0, "C", "here", "A", 0.2, "", discs, corners)


def test_only_discs_with_a_graded_corner_are_cut(tmp_path: Path) -> None:
    crops = cut_crops([film(tmp_path)], RECIPE)
    assert [LEVELS[level] for level in crops.levels] == ["C2/C3", "C5/C6"]
    assert crops.votes.tolist() == [
        [[0, 2, 0, 0], [0, 0, 1, 1]],
        [[1, 0, 0, 0], [0, 0, 0, 0]],
    ]
    assert crops.worst().tolist() == [2, 0]


def test_points_that_define_no_crop_are_told_with_the_name_of_their_film(tmp_path: Path) -> None:
    whole = film(tmp_path)
    apart = replace(whole, discs={disc: whole.discs[disc] for disc in ("C2/C3", "C5/C6")})
    with pytest.raises(SnapshotError, match=r"^Film f: Place the points of at least two"):
        cut_crops([apart], RECIPE)


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


def small(one: SnapshotFilm) -> SmallFilm:
    return small_film(one, one.picture())


def brightness_at(views: np.ndarray, points: np.ndarray) -> list[float]:
    found = []
    for view, places in zip(views, points, strict=True):
        for x, y in places[np.isfinite(places[:, 0])]:
            row, col = round(y), round(x)
            if 2 < row < ROWS - 3 and 2 < col < COLS - 3:
                found.append(float(view[0, row - 1 : row + 2, col - 1 : col + 2].max()))
    return found


@pytest.mark.parametrize("facing", [-1, 1])
def test_points_stay_on_their_places_in_turned_and_mirrored_films(
    tmp_path: Path, facing: int
) -> None:
    films = [small(film(tmp_path, facing))]
    how = FilmAugmentation(turned=0, exposure=STILL)
    views, points = augmented_films(films, np.zeros(12, np.int64), how, np.random.default_rng(1))
    found = brightness_at(views.numpy(), points)
    assert len(found) > 100
    assert min(found) > 0.5


@pytest.mark.parametrize("closer", [False, True])
def test_both_looks_of_serving_hold_all_points(tmp_path: Path, closer: bool) -> None:
    views, points = plain_films([small(film(tmp_path))], np.zeros(1, np.int64), closer)
    known = points[0][:12]
    assert np.isfinite(known).all()
    assert (known > 0).all()
    assert (known < [COLS, ROWS]).all()
    assert min(brightness_at(views.numpy(), points)) > 0.5


def test_the_other_regions_points_are_unknown(tmp_path: Path) -> None:
    assert np.isnan(small(film(tmp_path)).points[12:]).all()


def test_a_device_gets_everything_that_its_pictures_need(tmp_path: Path) -> None:
    """On the device without memory, a picture or number left behind on the CPU would raise."""
    crops, nowhere = cut_crops([film(tmp_path)], RECIPE), torch.device("meta")
    how = CropAugmentation(clahe=0.5)
    there = augmented_crops(crops, np.array([0, 1]), how, np.random.default_rng(0), nowhere)
    assert (there.device, there.shape) == (nowhere, (2, 1, 64, 64))
    films = [small(film(tmp_path))]
    views, _ = augmented_films(
        films, np.array([0, 0]), FilmAugmentation(), np.random.default_rng(0), nowhere
    )
    assert (views.device, views.shape) == (nowhere, (2, 1, ROWS, COLS))


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


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_film_that_lies_on_its_side_is_kept_upright(tmp_path: Path, turns: int) -> None:
    upright = film(tmp_path)
    turn = quarter_turn(upright.picture().shape, turns)
    discs = {
        disc: replace(
            ends,
            center=tuple(to_crop(turn, ends.center)),
            anterior=tuple(to_crop(turn, ends.anterior)),
        )
        for disc, ends in upright.discs.items()
    }
    found = small_film(
        replace(upright, discs=discs), np.ascontiguousarray(np.rot90(upright.picture(), turns))
    )
    plain = small(upright)
    np.testing.assert_array_equal(found.grey, plain.grey)
    np.testing.assert_allclose(found.points, plain.points, atol=1e-6)


def test_a_training_film_that_is_turned_shows_no_point(tmp_path: Path) -> None:
    how = FilmAugmentation(turned=1, exposure=STILL)
    _, points = augmented_films(
        [small(film(tmp_path))], np.zeros(60, np.int64), how, np.random.default_rng(1)
    )
    turned = np.isnan(points).all(axis=(1, 2))
    assert 10 < turned.sum() < 40  # the whole looks; the closer ones follow points and are upright

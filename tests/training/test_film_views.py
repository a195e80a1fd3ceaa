"""Points stay with their films, whatever way these are seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.corner_regions import to_crop
from inference.film_views import COLS, ROWS, quarter_turn
from tests.training.dotted_film import film
from training.batches import CropAugmentation
from training.film_views import (
    FilmAugmentation,
    SmallFilm,
    augmented_films,
    plain_films,
    small_film,
)
from training.snapshot import SnapshotFilm

STILL = CropAugmentation(rotation=0, shift=0, scale=0, contrast=0, noise=0, blur=0)


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


def test_a_device_gets_everything_that_its_views_need(tmp_path: Path) -> None:
    """On the device without memory, a picture or number left behind on the CPU would raise."""
    films, nowhere = [small(film(tmp_path))], torch.device("meta")
    views, _ = augmented_films(
        films, np.array([0, 0]), FilmAugmentation(), np.random.default_rng(0), nowhere
    )
    assert (views.device, views.shape) == (nowhere, (2, 1, ROWS, COLS))


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

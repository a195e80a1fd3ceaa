"""Both looks of the key point network keep proportions and lead back to the film."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.corner_regions import to_crop, to_film, warp
from inference.film_views import (
    COLS,
    ROWS,
    letterbox,
    look_at,
    overview,
    quarter_turn,
    spine_box,
    through,
    windowed,
)
from inference.picture import Window


@given(st.integers(200, 4000), st.integers(200, 4000))
def test_the_whole_film_fits_and_touches_the_frame(rows: int, cols: int) -> None:
    corners = to_crop(letterbox(rows, cols), [(-0.5, -0.5), (cols - 0.5, rows - 0.5)])
    assert corners.min() >= -0.5 - 1e-6
    assert corners[1, 0] <= COLS - 0.5 + 1e-6
    assert corners[1, 1] <= ROWS - 0.5 + 1e-6
    size = corners[1] - corners[0]
    assert max(size[0] / COLS, size[1] / ROWS) == pytest.approx(1)


def test_a_look_shows_the_middle_of_its_box_in_the_middle() -> None:
    transform = look_at((100, 200, 300, 600))
    assert to_film(transform, ((COLS - 1) / 2, (ROWS - 1) / 2)) == pytest.approx([200, 400])


def test_the_box_around_the_spine_leaves_a_margin() -> None:
    box = spine_box(np.array([[100.0, 100.0], [150.0, 600.0]]), 100)
    assert box == pytest.approx((-20, -20, 270, 720))


def test_windowing_uses_all_grey_values_whatever_the_films_range() -> None:
    ramp = np.tile(np.linspace(1000, 3000, 600), (500, 1)).astype(np.uint16)
    grey = windowed(ramp)
    assert grey.dtype == np.uint8
    assert grey.min() < 10
    assert grey.max() > 245


@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 3))
def test_a_quarter_turn_moves_points_as_rot90_moves_pixels(
    rows: int, cols: int, turns: int
) -> None:
    film = np.arange(rows * cols).reshape(rows, cols)
    turned = np.rot90(film, turns)
    for y, x in np.ndindex(rows, cols):
        u, v = to_crop(quarter_turn(film.shape, turns), (x, y)).astype(int)
        assert turned[v, u] == film[y, x]


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=2))
def test_through_two_affines_is_one_after_the_other(point: list[float]) -> None:
    first, second = quarter_turn((300, 200), 1), look_at((10, 20, 110, 220))
    assert to_crop(through(second, first), point) == pytest.approx(
        to_crop(second, to_crop(first, point))
    )


@pytest.mark.parametrize("shape", [(3001, 2403), (1761, 1480), (1439, 900), (300, 200)])
def test_an_overview_shows_what_the_whole_film_would(shape: tuple[int, int]) -> None:
    y, x = np.indices(shape) / max(shape)
    film = (1800 + 900 * np.sin(110 * x) * np.cos(90 * y)).astype(np.uint16)  # 4 greys a pixel
    seen, whole = overview(film), windowed(film)
    assert max(seen.grey.shape) < 1440
    for look in (letterbox(*shape), look_at((20.5, 41, 0.7 * shape[1], 0.8 * shape[0]))):
        expected = warp(whole, look, ROWS, COLS).astype(int)
        # Not at the frame: the films end within a pixel of each other
        assert np.abs(seen.view(look).astype(int) - expected)[20:-20, 10:-10].max() <= 2


def test_an_overview_leads_back_to_the_film() -> None:
    film = np.zeros((3000, 2400), np.uint16)
    film[1700:1704, 804:808] = 4000
    seen = overview(film, Window(2000, 4000))
    rows, cols = np.nonzero(seen.grey > 200)
    assert to_crop(seen.to_film, (cols.mean(), rows.mean())) == pytest.approx([805.5, 1701.5])

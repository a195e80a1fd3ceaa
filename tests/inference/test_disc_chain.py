"""Six maps read together: hidden discs stay in line, and a shift by one level is seen."""

from __future__ import annotations

import numpy as np
import pytest

from inference.disc_chain import level_margin, likeliest_places, near

STEP = 7.0
WAY = np.array([[20 + 0.5 * i, 8 + STEP * i] for i in range(6)])


def bell(x: float, y: float, mass: float = 1.0) -> np.ndarray:
    rows, cols = np.mgrid[:64, :48]
    one = np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * 1.5**2))
    return (mass * one / one.sum()).astype(np.float32)


def maps(places: np.ndarray = WAY) -> np.ndarray:
    return np.stack([bell(x, y) for x, y in places])


def test_warm_maps_are_read_where_they_are_warm() -> None:
    assert likeliest_places(maps()) == pytest.approx(np.round(WAY), abs=1)


@pytest.mark.parametrize("hidden", [0, 2, 5])
def test_a_map_that_peaks_on_its_neighbour_is_put_in_line(hidden: int) -> None:
    neighbour = hidden - 1 if hidden else 1
    odd = maps()
    odd[hidden] = bell(*WAY[neighbour], 0.6) + bell(*WAY[hidden], 0.2)
    row, col = np.unravel_index(odd[hidden].argmax(), odd[hidden].shape)
    assert (col, row) == pytest.approx(WAY[neighbour], abs=1)
    assert likeliest_places(odd) == pytest.approx(np.round(WAY), abs=1)


def test_maps_without_any_mass_still_give_six_places() -> None:
    assert likeliest_places(np.zeros((6, 64, 48), np.float32)).shape == (6, 2)


def test_sure_maps_fit_no_other_level() -> None:
    assert level_margin(maps(), WAY) > 25


@pytest.mark.parametrize("shift", [-1, 1])
def test_places_one_level_off_fit_worse_than_the_right_ones(shift: int) -> None:
    assert level_margin(maps(), WAY + np.array([0, shift * STEP])) < 0


def test_maps_that_cannot_decide_between_two_levels_leave_no_margin() -> None:
    torn = np.stack([bell(x, y, 0.5) + bell(x + 0.5, y + STEP, 0.5) for x, y in WAY])
    assert abs(level_margin(torn, WAY)) < 3


def test_nothing_lies_outside_of_a_map() -> None:
    assert near(bell(3, 3), np.array([-1.0, 3.0])) == 0
    assert near(bell(3, 3), np.array([3.0, 3.0])) > 0.3

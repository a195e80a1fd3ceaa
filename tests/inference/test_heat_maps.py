"""Heat maps to points: sub-cell places and honest confidence."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.heat_maps import SIGMA, decode, mass_of, place_log_mass
from inference.key_points import N_MAPS, STRIDE


def bell(x: float, y: float, sigma: float = 1.5) -> np.ndarray:
    """Heat [1, 64, 48] of mass one around a place given in input pixels."""
    cx, cy = (x - (STRIDE - 1) / 2) / STRIDE, (y - (STRIDE - 1) / 2) / STRIDE
    rows, cols = np.mgrid[:64, :48]
    one = np.exp(-((cols - cx) ** 2 + (rows - cy) ** 2) / (2 * sigma**2))
    return (one / one.sum())[None].astype(np.float32)


@given(st.floats(30, 160), st.floats(30, 220))
def test_a_bell_is_found_at_its_place_to_a_fraction_of_a_cell(x: float, y: float) -> None:
    found = decode(bell(x, y), STRIDE)[0]
    assert found[:2] == pytest.approx([x, y], abs=0.3)
    assert found[2] > 0.9


def test_mass_that_lies_nowhere_is_no_confidence() -> None:
    assert decode(0.1 * bell(100, 100), STRIDE)[0, 2] == pytest.approx(0.1, abs=0.01)


def test_two_rival_places_halve_the_confidence() -> None:
    found = decode(0.55 * bell(60, 60) + 0.45 * bell(60, 140), STRIDE)[0]
    assert found[:2] == pytest.approx([60, 60], abs=0.5)
    assert found[2] == pytest.approx(0.53, abs=0.03)


def test_a_plain_bell_of_height_one_is_mass_one() -> None:
    """The official HRNet's target: sigma 2, height 1."""
    heights = torch.from_numpy(bell(81.5, 81.5, SIGMA["height"]))
    heights = 0.7 * heights / heights.max()
    found = decode(mass_of(heights[None], "height")[0], STRIDE)[0]
    assert found[:2] == pytest.approx([81.5, 81.5], abs=0.3)
    # six sevenths of a bell of sigma 2 lie within the cells that decide
    assert found[2] == pytest.approx(0.6, abs=0.05)


def test_empty_heat_has_no_confidence() -> None:
    assert decode(np.zeros((2, 64, 48), np.float32), STRIDE)[:, 2].tolist() == [0, 0]


def test_the_mass_of_a_map_and_of_nowhere_is_one() -> None:
    maps = torch.randn(2, N_MAPS, 64, 48)
    assert place_log_mass(maps).exp().sum(dim=2) == pytest.approx(1, abs=1e-4)


def test_strongly_negative_maps_mean_nowhere() -> None:
    maps = torch.full((1, N_MAPS, 64, 48), -20.0)
    assert mass_of(maps, "mass").max() < 1e-6

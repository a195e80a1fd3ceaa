"""Crops show the disc level, anterior left and cranial up, and lead back to the film exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.corner_regions import (
    PAPER_CROP,
    CropRecipe,
    DiscPoints,
    RegionError,
    crop_transform,
    crop_transforms,
    cut,
    disc_spacing,
    implausible,
    is_mirrored,
    to_crop,
    to_film,
    warp,
)
from inference.msasss import DISCS


def spine(facing: str = "left", turned: float = 0.0, gap: float = 100.0) -> dict[str, DiscPoints]:
    """Six level discs straight down the film, then turned about the origin by some degrees."""
    side = -1.0 if facing == "left" else 1.0
    cos, sin = math.cos(math.radians(turned)), math.sin(math.radians(turned))

    def turn(x: float, y: float) -> tuple[float, float]:
        return (cos * x - sin * y + 1000, sin * x + cos * y + 1000)

    return {
        disc: DiscPoints(disc, turn(0, gap * i), turn(side * 0.45 * gap, gap * i))
        for i, disc in enumerate(DISCS["C"])
    }


points = st.tuples(st.floats(0, 3000), st.floats(0, 3000))


@given(points, st.floats(0, 360), st.floats(5, 80), st.floats(20, 400), st.booleans(), points)
def test_a_point_goes_to_the_crop_and_back_within_a_tenth_of_a_pixel(
    center: tuple[float, float],
    angle: float,
    depth: float,
    spacing: float,
    mirrored: bool,
    probe: tuple[float, float],
) -> None:
    turn = math.radians(angle)
    disc = DiscPoints(
        "C3/C4", center, (center[0] + depth * math.cos(turn), center[1] + depth * math.sin(turn))
    )
    transform = crop_transform(disc, spacing, CropRecipe(), mirrored)
    assert np.abs(to_film(transform, to_crop(transform, probe)) - probe).max() < 0.1
    assert np.abs(to_crop(transform, to_film(transform, probe)) - probe).max() < 0.1


@pytest.mark.parametrize("turned", [0.0, 20.0, 90.0, 180.0, -75.0])
@pytest.mark.parametrize("facing", ["left", "right"])
def test_every_crop_has_anterior_left_and_cranial_up(facing: str, turned: float) -> None:
    discs = spine(facing, turned)
    recipe = CropRecipe()
    transforms = crop_transforms(discs, recipe)
    for disc, above in [("C3/C4", "C2/C3"), ("C7/T1", "C6/C7")]:
        center = to_crop(transforms[disc], discs[disc].center)
        anterior = to_crop(transforms[disc], discs[disc].anterior)
        higher = to_crop(transforms[disc], discs[above].center)
        assert anterior[0] < center[0]
        assert anterior[1] == pytest.approx(center[1])
        assert higher[1] < center[1] - 0.5 * recipe.size


def test_an_upright_film_facing_right_is_seen_as_mirrored() -> None:
    assert not is_mirrored(spine("left"))
    assert is_mirrored(spine("right"))
    assert is_mirrored([spine("right")["C4/C5"]])


def test_the_paper_crop_is_centred_on_the_disc_centre() -> None:
    discs = spine()
    transform = crop_transforms(discs, PAPER_CROP)["C4/C5"]
    assert to_crop(transform, discs["C4/C5"].center) == pytest.approx([111.5, 111.5])


def test_the_extent_is_measured_in_disc_spacings() -> None:
    discs = spine(gap=80)
    transform = crop_transforms(discs, CropRecipe(size=100, extent=2.0))["C4/C5"]
    width = math.dist(to_film(transform, (0, 0)), to_film(transform, (100, 0)))
    assert width == pytest.approx(160.0)


def test_a_widened_recipe_keeps_the_resolution() -> None:
    recipe = CropRecipe(size=128, extent=1.28)
    wide = recipe.widened(1.25)
    assert wide.size == 160
    assert wide.extent == pytest.approx(1.6)


def test_the_spacing_survives_one_lost_disc() -> None:
    discs = spine()
    del discs["C4/C5"]
    assert disc_spacing(discs) == pytest.approx(100)


def test_points_that_coincide_are_refused_with_a_sentence() -> None:
    disc = DiscPoints("C3/C4", (10, 10), (10, 10))
    with pytest.raises(RegionError, match=r"C3/C4 coincide: move one"):
        crop_transform(disc, 50, CropRecipe())


def test_a_single_disc_has_no_spacing() -> None:
    with pytest.raises(RegionError, match="two neighbouring discs"):
        disc_spacing([spine()["C4/C5"]])


def test_a_bright_dot_on_the_film_is_found_at_its_place_in_the_crop() -> None:
    film = np.zeros((1200, 1200), np.uint16)
    film[597:604, 497:504] = 4000
    discs = {
        "C2/C3": DiscPoints("C2/C3", (540, 400), (450, 400)),
        "C3/C4": DiscPoints("C3/C4", (540, 600), (450, 600)),
    }
    recipe = CropRecipe(high_percentile=100)
    transform = crop_transforms(discs, recipe)["C3/C4"]
    crop = cut(film, transform, recipe)
    rows, cols = np.nonzero(crop > 0.5)
    assert [cols.mean(), rows.mean()] == pytest.approx(to_crop(transform, (500, 600)), abs=0.5)
    assert crop.dtype == np.float32
    assert (crop.min(), crop.max()) == (0.0, 1.0)


def test_contrast_is_the_crops_own_and_blind_to_the_films_scale() -> None:
    random = np.random.default_rng(0)
    film = (1000 * random.random((400, 400))).astype(np.uint16)
    transform = np.array([[0.5, 0, 0], [0, 0.5, 0]], float)
    recipe = CropRecipe()
    assert np.allclose(
        cut(film, transform, recipe), cut(film * 7 + 200, transform, recipe), atol=0.01
    )


def test_shrinking_averages_instead_of_skipping_lines() -> None:
    film = np.zeros((400, 400), np.uint16)
    film[:, ::4] = 4000  # one bright line in four
    small = warp(film, np.array([[0.25, 0, 0], [0, 0.25, 0]], float), 100, 100)
    assert small[10:90, 10:90].std() < 50
    assert small[10:90, 10:90].mean() == pytest.approx(1000, rel=0.05)


def test_a_normal_spine_is_plausible_either_way_round() -> None:
    for facing in ("left", "right"):
        assert implausible(spine(facing, 15), "C") is None


def test_a_missing_disc_is_named() -> None:
    discs = spine()
    del discs["C7/T1"]
    assert implausible(discs, "C") == "No points were found for C7/T1."


def test_two_discs_on_one_level_are_implausible() -> None:
    discs = spine()
    same = discs["C4/C5"]
    discs["C5/C6"] = DiscPoints("C5/C6", (same.center[0], same.center[1] + 10), same.anterior)
    assert "times the usual one" in str(implausible(discs, "C"))


def test_a_disc_that_jumps_back_up_the_spine_is_out_of_order() -> None:
    discs = spine()
    discs["C4/C5"], discs["C5/C6"] = (
        DiscPoints("C4/C5", discs["C5/C6"].center, discs["C5/C6"].anterior),
        DiscPoints("C5/C6", discs["C4/C5"].center, discs["C4/C5"].anterior),
    )
    assert implausible(discs, "C") is not None


def test_an_anterior_point_behind_the_spine_is_implausible() -> None:
    discs = spine()
    center = discs["C4/C5"].center
    discs["C4/C5"] = DiscPoints("C4/C5", center, (center[0] + 45, center[1]))
    assert implausible(discs, "C") == (
        "The anterior point of C4/C5 lies on the other side of the spine."
    )


def test_a_disc_axis_that_stands_askew_is_implausible() -> None:
    discs = spine()
    center = discs["C4/C5"].center
    discs["C4/C5"] = DiscPoints("C4/C5", center, (center[0] - 10, center[1] + 44))
    assert "differ too much" in str(implausible(discs, "C"))

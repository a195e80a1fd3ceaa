"""Discs behind the shoulders and between screws get no grades; their neighbours do."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.corner_regions import CropRecipe, crop_transforms, warp
from inference.disc_sight import ends_of, gradable, metal_on_both_sides
from inference.msasss import DISCS, Region
from training.phantom import oddities, take
from training.phantom_snapshot import manifest_entry
from training.snapshot import film_of

RECIPE = CropRecipe()


def crops(region: Region, traits: oddities.Traits, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Level crops of one phantom with these traits, at the film's own points."""
    monkeypatch.setattr(oddities, "traits", lambda *_: traits)
    film = take(8, 0, region, seed=5, scale=0.25)
    discs = film_of(Path(), manifest_entry(film, "test")).discs
    return {
        disc: warp(film.bone_bright, transform, RECIPE.size, RECIPE.size)
        for disc, transform in crop_transforms(discs, RECIPE).items()
    }


@pytest.mark.parametrize("region", ["C", "L"])
def test_the_disc_between_screws_alone_is_left_out(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = crops(region, oddities.Traits(), monkeypatch)
    assert gradable(healthy, ends_of(healthy, RECIPE), RECIPE) == set(DISCS[region])
    screwed = crops(region, oddities.Traits(hardware=3), monkeypatch)
    seen = gradable(screwed, ends_of(screwed, RECIPE), RECIPE)
    assert seen == set(DISCS[region]) - {DISCS[region][3]}


def test_metal_is_found_at_any_brightness_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure has the film's own unit, and the crop's own length."""
    film = crops("L", oddities.Traits(hardware=3), monkeypatch)
    dull = {disc: crop // 2 + 500 for disc, crop in film.items()}
    found, halved = (metal_on_both_sides(one, ends_of(one, RECIPE), RECIPE) for one in (film, dull))
    assert found == pytest.approx(halved, abs=0.02)

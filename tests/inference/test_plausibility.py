"""Points that a person must see first are told apart, each with its own sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inference.corner_regions import DiscPoints
from inference.msasss import DISCS, Region
from inference.plausibility import LEAST_MARGIN, doubt
from inference.point_finder import Found

SHAPE = (1000, 800)


def found(region: Region = "L", **other: object) -> Found:
    """Six discs of a straight spine in the middle of the film, as sure as can be."""
    discs = {
        disc: DiscPoints(disc, (400.0, 150.0 + 120 * i), (345.0, 150.0 + 120 * i), 0.95)
        for i, disc in enumerate(DISCS[region])
    }
    return replace(Found(discs, region, 40.0, 0.05), **other)  # type: ignore[arg-type]


def with_disc(one: Found, disc: str, **other: object) -> Found:
    changed = replace(one.discs[disc], **other)  # type: ignore[arg-type]
    return replace(one, discs={**one.discs, disc: changed})


def test_good_points_are_not_doubted() -> None:
    assert doubt(found(), "L", SHAPE) is None
    assert doubt(found("C"), "C", SHAPE) is None


def test_the_other_region_is_named() -> None:
    assert doubt(found("C"), "L", SHAPE) == "The film is filed as lumbar but looks cervical."


def test_points_without_confidence_are_no_spine() -> None:
    one = found()
    for disc in one.discs:
        one = with_disc(one, disc, confidence=0.2)
    assert doubt(one, "L", SHAPE) == "No spine of this region was found with any confidence."


@pytest.mark.parametrize(
    "other", [{"confidence": 0.01}, {"center": (400.0, 1100.0), "anterior": (345.0, 1100.0)}]
)
def test_a_film_that_ends_before_the_last_disc_says_which_is_missing(other: dict) -> None:
    said = doubt(with_disc(found(), "L5/S1", **other), "L", SHAPE)
    assert said == "L5/S1 was not found: the film may end before it, or something hides it."


def test_levels_that_fit_one_off_nearly_as_well_are_doubted() -> None:
    said = doubt(found(margin=LEAST_MARGIN - 0.1), "L", SHAPE)
    assert said == "The discs may be counted one level too high or too low."


def test_looks_that_disagree_about_the_levels_are_doubted() -> None:
    said = doubt(found(apart=1.02), "L", SHAPE)
    assert said == "The discs may be counted one level too high or too low."


def test_odd_geometry_is_doubted_in_its_own_words() -> None:
    said = doubt(with_disc(found(), "L2/L3", center=(400.0, 470.0)), "L", SHAPE)
    assert "times the usual one" in str(said) or "order" in str(said)

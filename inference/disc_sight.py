"""Whether a level crop shows a disc that can be graded: it is seen, and lies between no screws.

A disc that fails gets points and no grades, and goes to the readers. Both rules look at the crops
as cut, before each is stretched to its own contrast, and compare them with the film's others. Their
bounds are chosen on validation phantoms, at a cost of less than one in a hundred of the discs that
can be graded (benchmarks/results/accuracy.json, `hidden`). No torch here.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from inference.corner_regions import CropRecipe, Ends, Picture, contrast_ends

# Of the film's median crop: below, a disc is behind something, and a grade is a guess, mostly 0
LEAST_CONTRAST = 0.6
# Metal stands out of its surroundings by this much, and half as much of the bone, in units of the
# film's median contrast
METAL_STANDS_OUT = 0.35
# In S. Wider than a screw or a rod, narrower than a body: a pedicle screw has 0.2 S
_WIDER_THAN_METAL = 0.27
_LEAST_METAL = 0.04  # of the bodies' halves; a screw's shaft covers three times that
# Where a crop shows the bodies and nothing before or behind them, in S. Bridges and dense corners
# stand out too, but in front: judged on the whole crop, one bridge in twenty was taken for metal
_HALF_DEPTH, _INSIDE = 0.45, 0.25


def gradable(
    crops: Mapping[str, Picture], ends: Mapping[str, Ends], recipe: CropRecipe
) -> set[str]:
    """The discs of a film that can be graded.

    By its crops as `corner_regions.warp` cuts them, and by what is black and white in each.
    """
    contrast, metal = relative_contrast(ends), metal_on_both_sides(crops, ends, recipe)
    return {
        disc
        for disc in crops
        if contrast[disc] >= LEAST_CONTRAST and metal[disc] < METAL_STANDS_OUT
    }


def ends_of(crops: Mapping[str, Picture], recipe: CropRecipe) -> dict[str, Ends]:
    """Per disc what `corner_regions.stretch` makes black and white."""
    return {disc: contrast_ends(crop, recipe) for disc, crop in crops.items()}


def relative_contrast(ends: Mapping[str, Ends]) -> dict[str, float]:
    """Per disc the range of its crop, in units of the film's median crop.

    Behind the shoulders there is hardly any; stretching makes it look like any other crop.
    """
    usual = _usual(ends)
    return {disc: (high - low) / usual for disc, (low, high) in ends.items()}


def metal_on_both_sides(
    crops: Mapping[str, Picture], ends: Mapping[str, Ends], recipe: CropRecipe
) -> dict[str, float]:
    """Per disc how far something brighter than bone stands out, in the bodies above and below.

    The lesser of the two sides: a disc beside screwed bodies has metal on one. Bone is what is
    bright in the film's dullest crop, so that screws in two bodies, which three crops show, do not
    count as bone; and shoulders, which are bright too, do not stand out of their surroundings.
    """
    usual, bone = _usual(ends), min(high for _, high in ends.values())
    wide = round(_WIDER_THAN_METAL * recipe.size / recipe.extent)
    element = cv2.getStructuringElement(cv2.MORPH_RECT, (wide, wide))
    found = {}
    for disc, crop in crops.items():
        smooth = cv2.blur(crop.astype(np.float32), (3, 3))  # a grain is no metal
        stands_out = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, element)
        metal = np.minimum(stands_out, 2 * (smooth - bone)) / usual
        halves = np.array_split(metal[:, _bodies(recipe)], 2)
        found[disc] = min(float(np.quantile(half, 1 - _LEAST_METAL)) for half in halves)
    return found


def _bodies(recipe: CropRecipe) -> slice:
    """The columns of a crop that lie inside the bodies, whose middle is the disc's centre."""
    reach = ((recipe.shift * _HALF_DEPTH + side * _INSIDE) / recipe.extent for side in (-1, 1))
    first, last = (round((0.5 + share) * recipe.size) for share in reach)
    return slice(first, last)


def _usual(ends: Mapping[str, Ends]) -> float:
    """The median range of a film's crops."""
    return max(float(np.median([high - low for low, high in ends.values()])), 1e-6)

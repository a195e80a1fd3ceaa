"""A second opinion from the pixels: region, polarity, which way up, and whether it is one film.

A film shrunk to 12 x 10 blocks of brightness ranks is compared with two mean pictures: the neck,
narrow between skull and shoulders with air on both sides, and the trunk, lungs above and pelvis
below, with air behind. Ranks do not know a vendor's contrast. The mean pictures come from 240
phantom films (benchmarks/film_doubts.py makes them and measures the rates): for patients' films
they are a guess. Hence an opinion never decides anything, it only brings a film to a person, and
only when it is clear.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.film_tags import Region
from inference.picture import Picture, shrink

Blocks = NDArray[np.float64]
Turn = Literal["up", "down", "side"]

ROWS, COLS = 12, 10
# The longest side to which a film is shrunk before it is ranked, by areas.
_LOOK_AT = 512
# Sampled per block and side before ranking.
_FINER = 4
# Below this side a picture is no film to have an opinion of.
_LEAST_SIDE = 200
# Correlation from which a film resembles a mean picture at all: 99 % of phantoms reach 0.7.
_RESEMBLES = 0.6
# Lead over the rival from which an opinion is clear: no good phantom of 200 is doubted, and 0 to
# 2 % of those with the wrong region or turn pass (benchmarks/results/film_doubts.json).
_CLEAR = 0.1
# Longest side to shortest: a 30 x 40 cm film has 1.3, one cropped to the lumbar spine up to 1.9,
# two stitched ones 2.4 or more.
_STITCHED = 2.2

STITCHED = (
    "The film is more than twice as long as wide, like a stitched one; send the cervical and the "
    "lumbar film alone."
)
NEGATIVE = (
    "Bone looks dark and air bright: the header's polarity seems wrong; if so, invert the film "
    "before you let it in."
)
UPSIDE_DOWN = "The head seems to point down; if so, turn the film before you let it in."
ON_ITS_SIDE = "The film seems to lie on its side; if so, turn it before you let it in."
NAMES: dict[Region, str] = {"C": "cervical", "L": "lumbar"}

# Correlation weights times 100, of films that face left.
_MEAN: dict[Region, tuple[tuple[int, ...], ...]] = {
    "C": (
        (-4, 3, 8, 10, 10, 9, 8, 5, -1, -8),
        (-5, 2, 10, 11, 12, 12, 9, 3, -7, -12),
        (-4, 3, 6, 4, 6, 5, 2, -3, -11, -12),
        (-3, 5, 3, 1, 5, 2, -3, -9, -14, -12),
        (-8, -3, -3, -2, 4, 0, -5, -12, -14, -11),
        (-13, -10, -5, -2, 4, 0, -5, -13, -14, -11),
        (-13, -13, -6, -2, 5, 1, -4, -13, -15, -12),
        (-13, -13, -7, 0, 7, 4, -1, -9, -16, -13),
        (-12, -11, -3, 1, 8, 8, 5, -1, -11, -12),
        (-11, -2, 7, 7, 12, 13, 13, 11, 3, -8),
        (-7, 7, 14, 15, 17, 18, 18, 17, 14, 1),
        (-3, 6, 9, 10, 11, 12, 12, 12, 10, 4),
    ),
    "L": (
        (-7, -9, -6, -3, -2, -2, -2, -5, -9, -7),
        (-10, -12, -6, -1, 1, 2, -1, -8, -12, -9),
        (-11, -9, 0, 5, 7, 9, 1, -9, -13, -9),
        (-10, -3, 4, 6, 7, 10, 2, -9, -13, -8),
        (-9, 0, 4, 5, 8, 9, 0, -11, -13, -8),
        (-8, 1, 5, 6, 10, 8, -1, -12, -12, -8),
        (-7, 2, 7, 8, 12, 9, 0, -12, -13, -8),
        (-7, 4, 10, 12, 15, 14, 6, -9, -14, -9),
        (-7, 4, 12, 16, 17, 17, 11, -3, -13, -9),
        (-9, 2, 12, 15, 16, 16, 13, 1, -11, -10),
        (-9, 0, 11, 15, 16, 16, 13, 4, -9, -10),
        (-7, -2, 6, 9, 10, 10, 8, 2, -6, -8),
    ),
}  # fmt: skip


def doubts(pixels: Picture, region: Region | None) -> tuple[str, ...]:
    """Sentences on uint16 [rows, cols], bone bright; `region` is what the tags say."""
    rows, cols = pixels.shape
    if max(rows, cols) < _LEAST_SIDE:
        return ()
    if max(rows, cols) > _STITCHED * min(rows, cols):
        return (STITCHED,)
    pixels = shrink(pixels, _LOOK_AT)
    alike = likeness(pixels)
    best = max(alike.values())
    if _best_of_negatives(pixels) >= max(_RESEMBLES, best + _CLEAR):
        return (NEGATIVE,)
    if best < _RESEMBLES:
        return ()
    upright = max(alike["C", "up"], alike["L", "up"])
    if best >= upright + _CLEAR:
        down = max(alike["C", "down"], alike["L", "down"])
        return (UPSIDE_DOWN if down == best else ON_ITS_SIDE,)
    return _of_region(alike, region)


def _best_of_negatives(pixels: Picture) -> float:
    """Turned round whole, or all but the black border, which many devices write at the end."""
    negative = pixels.max() - pixels
    shuttered = np.where(pixels == 0, 0, negative).astype(np.uint16)
    return max(max(likeness(own).values()) for own in (negative, shuttered))


def likeness(pixels: Picture) -> dict[tuple[Region, Turn], float]:
    """Correlation with each region's mean picture, either facing; -1 to 1."""
    upright, across = blocks_of(pixels), blocks_of(np.rot90(pixels))
    seen: dict[Turn, tuple[Blocks, ...]] = {
        "up": (upright,),
        "down": (upright[::-1, ::-1],),
        "side": (across, across[::-1, ::-1]),
    }
    return {
        (region, turn): max(
            float((blocks * form).sum()) for blocks in all_ways for form in (mean, mean[:, ::-1])
        )
        for region, mean in _MEANS.items()
        for turn, all_ways in seen.items()
    }


def blocks_of(pixels: Picture) -> Blocks:
    """Mean brightness rank of 12 x 10 blocks, centred, of length one; 0 where a shutter is.

    The black border of a collimator is black in a negative film too, and says nothing.
    """
    size = (COLS * _FINER, ROWS * _FINER)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    seen = small > 0
    ranks = np.zeros(small.shape)
    ranks[seen] = np.argsort(np.argsort(small[seen], kind="stable"), kind="stable")
    ranks[seen] -= ranks[seen].mean() if seen.any() else 0
    return unit(ranks.reshape(ROWS, _FINER, COLS, _FINER).mean(axis=(1, 3)))


def unit(blocks: Blocks) -> Blocks:
    """Of length one: the sum of products of two is their correlation."""
    return blocks / max(float(np.linalg.norm(blocks)), 1e-9)


_MEANS = {region: unit(np.array(rows, dtype=np.float64)) for region, rows in _MEAN.items()}


def _of_region(alike: dict[tuple[Region, Turn], float], region: Region | None) -> tuple[str, ...]:
    looks: Region = "C" if alike["C", "up"] > alike["L", "up"] else "L"
    lead = abs(alike["C", "up"] - alike["L", "up"])
    if looks == region or lead < _CLEAR:
        return ()
    if region is None:
        return (f"The picture looks like a {NAMES[looks]} spine.",)
    return (other_region(region, looks),)


def other_region(region: Region, looks: Region) -> str:
    """The sentence for a film that is filed as one region and looks like the other."""
    return (
        f"The header says {NAMES[region]} spine, the picture looks like a {NAMES[looks]} one; "
        "choose the region."
    )

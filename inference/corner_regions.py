"""From the key points of a film to level crops of its discs, and back.

A crop always shows one disc level, the anterior side LEFT and the cranial side UP, whatever way
the film faces or is turned; so the two facing corners lie at the same place in every crop, the
cranial-side corner in the upper half. Lengths are in units of S, the mean distance between
neighbouring disc centres of the film, so no pixel spacing has to be known.

Coordinates are (x, y) in pixels with pixel centres at integers. No torch here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import cv2
import numpy as np
import numpy.typing as npt

from inference.msasss import DISCS, Region

LEVELS: tuple[str, ...] = DISCS["C"] + DISCS["L"]  # the 12 disc levels, in reading order
Point = tuple[float, float]
Affine = npt.NDArray[np.float64]  # [2, 3], maps (x, y, 1) to (x', y')
Ends = tuple[float, float]  # grey values of a crop that become 0 and 1
Picture = npt.NDArray[np.uint16] | npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class DiscPoints:
    """The two key points of one disc space, in film pixels.

    `anterior` is the middle of the disc's anterior edge, between the two facing corners.
    """

    disc: str
    center: Point
    anterior: Point
    confidence: float = 1.0


@dataclass(frozen=True)
class CropRecipe:
    """How a level crop is cut; part of every grader's metadata."""

    version: str = "crop/1"
    size: int = 128  # pixels per side
    extent: float = 1.3  # side in S: both corners, half of each anterior wall, room for a spur
    shift: float = 0.75  # crop centre, from the disc centre (0, as in the paper) to anterior (1)
    low_percentile: float = 0.5  # the crop's own contrast: these two become 0 and 1
    high_percentile: float = 99.5

    def widened(self, margin: float) -> CropRecipe:
        """The same crop with room around it at the same resolution, for augmentation."""
        size = 2 * round(self.size * margin / 2)
        return replace(self, size=size, extent=self.extent * size / self.size)


PAPER_CROP = CropRecipe(version="crop/paper", size=224, extent=1.5, shift=0.0)


class RegionError(ValueError):
    """The points do not define a crop; the sentence says which and why."""


def disc_spacing(discs: Mapping[str, DiscPoints] | Sequence[DiscPoints]) -> float:
    """S in pixels: the median distance of neighbouring disc centres; one bad point moves it little.

    Raises RegionError when no two neighbouring discs are known.
    """
    ordered = _in_order(discs)
    gaps = [
        math.dist(a.center, b.center)
        for a, b in pairwise(ordered)
        if _level(b.disc) - _level(a.disc) == 1
    ]
    if not gaps or not np.median(gaps) > 0:
        raise RegionError("Place the points of at least two neighbouring discs first.")
    return float(np.median(gaps))


def is_mirrored(discs: Mapping[str, DiscPoints] | Sequence[DiscPoints]) -> bool:
    """True when the anterior side is on the right of a film held cranial side up.

    Decided by the points alone: the turn from "anterior" to "caudal", summed over the discs,
    so it also holds for films that lie on their side or upside down.
    """
    ordered = _in_order(discs)
    if len(ordered) == 1:
        return ordered[0].anterior[0] > ordered[0].center[0]
    down = _step(ordered[0].center, ordered[-1].center)
    return sum(_cross(_step(disc.center, disc.anterior), down) for disc in ordered) > 0


def crop_transform(
    points: DiscPoints, spacing_px: float, recipe: CropRecipe, mirrored: bool | None = None
) -> Affine:
    """The affine film -> crop of one disc. `spacing_px` is S in film pixels.

    `mirrored` comes from `is_mirrored` of the whole film; without it the film is taken as upright.
    """
    depth = math.dist(points.center, points.anterior)
    if not (depth > 0 and spacing_px > 0 and math.isfinite(depth * spacing_px)):
        raise RegionError(
            f"The centre and the anterior point of {points.disc} coincide: move one of them."
        )
    if mirrored is None:
        mirrored = is_mirrored([points])
    # Unit vectors of the crop in the film: `back` runs posterior (crop +x), `down` caudal (crop +y)
    back = ((points.center[0] - points.anterior[0]) / depth,
            (points.center[1] - points.anterior[1]) / depth)  # fmt: skip
    sign = -1.0 if mirrored else 1.0
    down = (-sign * back[1], sign * back[0])
    middle = (
        points.center[0] + recipe.shift * (points.anterior[0] - points.center[0]),
        points.center[1] + recipe.shift * (points.anterior[1] - points.center[1]),
    )
    scale = recipe.size / (recipe.extent * spacing_px)
    linear = scale * np.array([back, down])
    offset = (recipe.size - 1) / 2 - linear @ np.array(middle)
    return np.column_stack([linear, offset])


def crop_transforms(discs: Mapping[str, DiscPoints], recipe: CropRecipe) -> dict[str, Affine]:
    """`crop_transform` of every disc of a film, with the film's own S and facing."""
    spacing, mirrored = disc_spacing(discs), is_mirrored(discs)
    return {
        name: crop_transform(points, spacing, recipe, mirrored) for name, points in discs.items()
    }


def to_crop(transform: Affine, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Film points [..., 2] in crop pixels."""
    return np.asarray(points, float) @ transform[:, :2].T + transform[:, 2]


def to_film(transform: Affine, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Crop points [..., 2] in film pixels; the exact inverse of `to_crop`."""
    shifted = np.asarray(points, float) - transform[:, 2]
    return shifted @ np.linalg.inv(transform[:, :2]).T


def warp(pixels: Picture, transform: Affine, rows: int, cols: int) -> Picture:
    """The picture seen through an affine film -> output, averaged where it shrinks.

    Sampled k times finer than asked and then area-averaged, because plain interpolation of a
    film that shrinks threefold skips the thin cortical lines that the grade depends on.
    """
    shrink = 1.0 / math.sqrt(abs(np.linalg.det(transform[:, :2])))
    k = max(1, math.ceil(shrink - 0.25))
    fine = transform * k
    fine[:, 2] += (k - 1) / 2  # pixel centres at integers: u' = (u + 0.5) k - 0.5
    warped = cv2.warpAffine(
        pixels, fine, (cols * k, rows * k), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if k > 1:
        warped = cv2.resize(warped, (cols, rows), interpolation=cv2.INTER_AREA)
    return warped  # type: ignore[return-value]  # cv2 keeps the dtype of what it was given


def cut(pixels: Picture, transform: Affine, recipe: CropRecipe) -> npt.NDArray[np.float32]:
    """The level crop [size, size], 0..1, its contrast set from the crop itself."""
    crop = warp(pixels, transform, recipe.size, recipe.size)
    return stretch(crop, contrast_ends(crop, recipe))


def contrast_ends(crop: Picture, recipe: CropRecipe) -> Ends:
    """The grey values that shall be black and white: the recipe's two percentiles of the crop."""
    low, high = np.percentile(crop, [recipe.low_percentile, recipe.high_percentile])
    return float(low), float(high)


def stretch(crop: Picture, ends: Ends) -> npt.NDArray[np.float32]:
    """The crop with these grey values at 0 and 1, and nothing beyond."""
    low, high = ends
    scaled: npt.NDArray[np.float32] = crop.astype(np.float32)
    scaled = (scaled - np.float32(low)) / np.float32(max(high - low, 1e-6))
    return scaled.clip(0, 1)


def implausible(discs: Mapping[str, DiscPoints], region: Region) -> str | None:
    """Why these points cannot be the six discs of the region, as a sentence, or None.

    Order, spacing and angle, in units that need no calibration. The bounds are wide of the
    spread measured on real films (spacing 0.9..1.23 S; half depth 0.39..0.51 S; neighbouring
    disc axes turn by less than 35 degrees): they catch jumps of a level, not odd spines.
    """
    missing = [disc for disc in DISCS[region] if disc not in discs]
    if missing:
        return f"No points were found for {', '.join(missing)}."
    ordered = [discs[disc] for disc in DISCS[region]]
    return next(chain(_odd_steps(ordered), _odd_axes(ordered)), None)


def _odd_steps(ordered: list[DiscPoints]) -> Iterator[str]:
    """What is wrong with the way from centre to centre down the spine."""
    spacing = disc_spacing(ordered)
    for a, b in pairwise(ordered):
        gap = math.dist(a.center, b.center) / spacing
        if not 0.7 < gap < 1.5:
            yield f"The distance from {a.disc} to {b.disc} is {gap:.1f} times the usual one."
    for a, b, c in zip(ordered, ordered[1:], ordered[2:], strict=False):
        if _turn(_step(a.center, b.center), _step(b.center, c.center)) > 60:
            yield f"The discs around {b.disc} are not in order down the spine."


def _odd_axes(ordered: list[DiscPoints]) -> Iterator[str]:
    """What is wrong with the lines from the centres to the anterior points."""
    spacing, mirrored = disc_spacing(ordered), is_mirrored(ordered)
    down = _step(ordered[0].center, ordered[-1].center)
    for disc in ordered:
        depth = math.dist(disc.center, disc.anterior) / spacing
        if not 0.2 < depth < 0.9:
            yield f"The points of {disc.disc} are {depth:.1f} disc distances apart."
        if (_cross(_step(disc.center, disc.anterior), down) > 0) != mirrored:
            yield f"The anterior point of {disc.disc} lies on the other side of the spine."
    for a, b in pairwise(ordered):
        if _turn(_step(a.center, a.anterior), _step(b.center, b.anterior)) > 55:
            yield f"The disc axes of {a.disc} and {b.disc} differ too much."


def _in_order(discs: Mapping[str, DiscPoints] | Sequence[DiscPoints]) -> list[DiscPoints]:
    values = discs.values() if isinstance(discs, Mapping) else discs
    return sorted(values, key=lambda points: _level(points.disc))


_LEVELS = {disc: level for names in DISCS.values() for level, disc in enumerate(names)}


def _level(disc: str) -> int:
    return _LEVELS[disc]


def _step(a: Point, b: Point) -> Point:
    return (b[0] - a[0], b[1] - a[1])


def _cross(a: Point, b: Point) -> float:
    return a[0] * b[1] - a[1] * b[0]


def _turn(a: Point, b: Point) -> float:
    """Angle between two directions, degrees, 0..180."""
    return abs(math.degrees(math.atan2(_cross(a, b), a[0] * b[0] + a[1] * b[1])))

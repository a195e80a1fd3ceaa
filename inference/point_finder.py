"""From a film to the points of its six discs: up to three looks, each closer than the last.

The whole film, from another side when it shows no spine that way up; the part that holds the six
discs; and each disc space on the full-resolution film. Films go through the networks together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from inference.corner_regions import (
    Affine,
    DiscPoints,
    Point,
    RegionError,
    disc_spacing,
    to_film,
)
from inference.disc_chain import level_margin, likeliest_places
from inference.disc_patches import PATCH_STRIDE, patch, patch_transforms
from inference.film_views import (
    Overview,
    letterbox,
    look_at,
    overview,
    quarter_turn,
    spine_box,
    through,
)
from inference.heat_maps import decode, mass_of, place_at
from inference.key_points import STRIDE, KeyPointNet
from inference.msasss import DISCS, Region
from inference.picture import Picture, Window

SURE = 0.7  # mean confidence of the first look below which the film may lie on its side
_CLEARLY = 0.2  # more confidence is asked of a turned film than of an upright one
_FAR = 0.3  # S: a third look that moves a point further looks at something else
_NEAREST, _FARTHEST = 0.15, 0.9  # S from a disc's centre to its anterior point


@dataclass(frozen=True)
class Film:
    """A film to look at: uint16 [rows, cols], bone bright, and its automatic window if known."""

    pixels: Picture
    region: Region
    window: Window | None = None


@dataclass(frozen=True)
class Found:
    """The six discs of the asked region, and what speaks for their levels.

    `margin`: nats by which the maps fit these levels better than a shift by one, of the look that
    is less sure. `apart`: S between the centres that the first two looks give, the largest.
    """

    discs: dict[str, DiscPoints]
    seen: Region
    margin: float
    apart: float


@dataclass(frozen=True)
class _Sight:
    """One look: the points it gives, in film pixels."""

    discs: dict[str, DiscPoints]
    seen: Region
    margin: float

    @property
    def confidence(self) -> float:
        return sum(disc.confidence for disc in self.discs.values()) / len(self.discs)


class KeyPointFinder:
    """A trained network with everything around it: film in, disc points out."""

    def __init__(self, network: KeyPointNet, device: torch.device) -> None:
        self.architecture = network.architecture
        network = network.to(device).eval()
        self.network: Callable[[torch.Tensor], torch.Tensor] = network
        self.closer: Callable[[torch.Tensor], torch.Tensor] | None = network.closer
        self.device = device

    def find(self, pixels: Picture, region: Region) -> Found:
        """Points of the region's six discs on a film [rows, cols], upright or turned."""
        (found,) = self.find_many([Film(pixels, region)])
        return found

    def find_many(self, films: Sequence[Film]) -> list[Found]:
        """`find` for every film; the network looks at all of them at once."""
        if not films:
            return []
        views = [overview(film.pixels, film.window) for film in films]
        regions = [film.region for film in films]
        upright = [np.eye(2, 3)] * len(films)
        first = self._whole(views, upright, regions)
        self._turn_unsure(views, upright, regions, first)
        if self.architecture.looks == 1:
            return [Found(s.discs, s.seen, s.margin, 0.0) for s in first]
        boxes = [
            through(look_at(spine_box(*_extent(sight, turn))), turn)
            for sight, turn in zip(first, upright, strict=True)
        ]
        second = self._look(views, boxes, regions)
        found = [_agreed(one, two) for one, two in zip(first, second, strict=True)]
        if self.closer is None:
            return found
        closer = self._closer([film.pixels for film in films], [f.discs for f in found])
        return [replace(f, discs=discs) for f, discs in zip(found, closer, strict=True)]

    def _whole(
        self,
        films: Sequence[Overview],
        upright: Sequence[Affine],
        regions: Sequence[Region],
    ) -> list[_Sight]:
        """The first look, through the turn that makes each film upright."""
        looks = []
        for film, turn in zip(films, upright, strict=True):
            sides = np.abs(turn[:, :2] @ np.array(film.shape[::-1], dtype=float))
            looks.append(through(letterbox(round(sides[1]), round(sides[0])), turn))
        return self._look(films, looks, regions)

    def _turn_unsure(
        self,
        films: Sequence[Overview],
        upright: list[Affine],
        regions: Sequence[Region],
        first: list[_Sight],
    ) -> None:
        """Look at films that show no spine from the other three sides; keep what shows one."""
        for number in [n for n, sight in enumerate(first) if sight.confidence < SURE]:
            turns = [quarter_turn(films[number].shape, k) for k in (1, 2, 3)]
            seen = self._whole([films[number]] * 3, turns, [regions[number]] * 3)
            best = max(range(3), key=lambda k: seen[k].confidence)
            if seen[best].confidence > first[number].confidence + _CLEARLY:
                first[number], upright[number] = seen[best], turns[best]

    @torch.inference_mode()
    def _look(
        self,
        films: Sequence[Overview],
        transforms: Sequence[Affine],
        regions: Sequence[Region],
    ) -> list[_Sight]:
        """What the network sees of each film through an affine film -> upright view."""
        views = np.stack([film.view(one) for film, one in zip(films, transforms, strict=True)])
        shown = torch.from_numpy(views[:, None]).to(self.device).float() / 255
        masses = mass_of(self.network(shown), self.architecture.heat)
        return [
            _sight(mass, transform, region)
            for mass, transform, region in zip(masses, transforms, regions, strict=True)
        ]

    @torch.inference_mode()
    def _closer(
        self, films: Sequence[Picture], found: Sequence[dict[str, DiscPoints]]
    ) -> list[dict[str, DiscPoints]]:
        """The third look: every disc of every film again, in its own patch."""
        named: list[tuple[int, str, Affine]] = []
        for number, discs in enumerate(found):
            try:
                named += [(number, disc, t) for disc, t in patch_transforms(discs).items()]
            except RegionError:
                continue  # points that coincide: plausibility will say so
        refined = [dict(discs) for discs in found]
        if not named or self.closer is None:
            return refined
        patches = np.stack([patch(films[number], t) for number, _, t in named])
        maps = self.closer(torch.from_numpy(patches)[:, None].to(self.device))
        for (number, disc, transform), mass in zip(named, mass_of(maps, "mass"), strict=True):
            places = decode(mass, PATCH_STRIDE)
            places[:, :2] = to_film(transform, places[:, :2])
            refined[number][disc] = _moved(found[number], disc, places)
        return refined


def _sight(mass: npt.NDArray[np.float32], transform: Affine, region: Region) -> _Sight:
    """Mass [24, h, w] of an upright view -> the points of the region's discs in film pixels."""
    half = len(mass) // 2
    own = mass[:half] if region == "C" else mass[half:]
    centers, anterior = own[0::2], own[1::2]
    cells = likeliest_places(centers)
    usual = float(np.median(np.hypot(*np.diff(cells, axis=0).T)))
    discs = {}
    for index, disc in enumerate(DISCS[region]):
        cell = (int(cells[index, 0]), int(cells[index, 1]))
        ends = np.array(
            [
                place_at(centers[index], cell, STRIDE),
                place_at(anterior[index], _beside(anterior[index], cell, usual), STRIDE),
            ]
        )
        discs[disc] = _disc(disc, np.column_stack([to_film(transform, ends[:, :2]), ends[:, 2]]))
    return _Sight(discs, _seen(mass), level_margin(centers, cells))


def _beside(one: npt.NDArray[np.float32], center: tuple[int, int], usual: float) -> tuple[int, int]:
    """The warmest cell of an anterior map at a possible distance from the disc's centre."""
    rows, cols = np.indices(one.shape)
    away = np.hypot(cols - center[0], rows - center[1]) / max(usual, 1e-6)
    possible = np.where((away > _NEAREST) & (away < _FARTHEST), one, 0)
    row, col = np.unravel_index(int(possible.argmax()), one.shape)
    return int(col), int(row)


def _seen(mass: npt.NDArray[np.float32]) -> Region:
    """The region whose maps are warmer."""
    warm = decode(mass, STRIDE)[:, 2]
    half = len(mass) // 2
    return "C" if warm[:half].mean() >= warm[half:].mean() else "L"


def _disc(disc: str, ends: npt.NDArray[np.float64]) -> DiscPoints:
    """[2, 3]: x, y, confidence of centre and anterior point."""
    (cx, cy, sure), (ax, ay, also) = ends.tolist()
    return DiscPoints(disc, (cx, cy), (ax, ay), min(sure, also))


def _extent(sight: _Sight, upright: Affine) -> tuple[npt.NDArray[np.float64], float]:
    """The points of a look on the upright film, and their S."""
    places = np.array([p for d in sight.discs.values() for p in (d.center, d.anterior)])
    try:
        spacing = disc_spacing(sight.discs)
    except RegionError:  # all in one place: the second look will find nothing either
        spacing = 1.0
    return places @ upright[:, :2].T + upright[:, 2], spacing


def _agreed(first: _Sight, second: _Sight) -> Found:
    """The second look is finer, but it depends on the first: keep the surer of the two."""
    kept = second if second.confidence >= 0.8 * first.confidence else first
    apart = max(
        math.dist(first.discs[disc].center, second.discs[disc].center) for disc in first.discs
    )
    try:
        apart /= disc_spacing(kept.discs)
    except RegionError:
        apart = math.inf
    return Found(kept.discs, first.seen, min(first.margin, second.margin), apart)


def _moved(
    discs: Mapping[str, DiscPoints], disc: str, places: npt.NDArray[np.float64]
) -> DiscPoints:
    """A disc at the places [2, 3] of the third look.

    If they lie too far from the second look's, one of the two sees something else: the disc stays
    where it was, without any confidence, and a person must look.
    """
    before, spacing = discs[disc], disc_spacing(discs)
    center: Point = (float(places[0, 0]), float(places[0, 1]))
    anterior: Point = (float(places[1, 0]), float(places[1, 1]))
    jump = max(math.dist(before.center, center), math.dist(before.anterior, anterior))
    if jump > _FAR * spacing:
        return replace(before, confidence=0.0)
    sure = min(before.confidence, float(places[:, 2].min()))
    return DiscPoints(disc, center, anterior, sure)

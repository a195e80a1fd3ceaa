"""Films as the key point network sees them, mirrored and askew, with their points.

Small films are made once and kept in memory as bytes. A film may be mirrored, as a crop may not:
the points of a mirrored film are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference import film_views
from inference.corner_regions import LEVELS, Affine, disc_spacing, to_crop, warp
from training.batches import CPU, Bytes, CropAugmentation, Floats, Random, other_exposure
from training.snapshot import SnapshotFilm

FILM_SIDE = 768  # films are kept at this longest side: the closer look never needs more
_WHOLE_LOOK = 0.4  # share of training films seen whole; the rest as in the closer look


@dataclass(frozen=True)
class SmallFilm:
    """A film in memory: grey bytes, the points [24, 2] in its pixels (NaN: unknown), and S."""

    grey: Bytes
    points: Floats
    spacing: float


def small_film(film: SnapshotFilm, pixels: npt.NDArray[np.uint16]) -> SmallFilm:
    """A film with the points of two discs or more, upright, windowed and shrunk for key points."""
    points = np.full((2 * len(LEVELS), 2), np.nan)
    for disc, ends in film.discs.items():
        level = LEVELS.index(disc)
        points[2 * level], points[2 * level + 1] = ends.center, ends.anterior
    turns = _turns_upright(points)
    upright = film_views.quarter_turn(pixels.shape, turns)
    pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    scale = min(1.0, FILM_SIDE / max(pixels.shape))
    rows, cols = (max(1, round(scale * side)) for side in pixels.shape)
    shrink = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])
    grey = warp(film_views.windowed(pixels), shrink, rows, cols).astype(np.uint8)
    places = to_crop(film_views.through(shrink, upright), points)
    return SmallFilm(grey, places, scale * disc_spacing(film.discs))


def _turns_upright(points: Floats) -> int:
    """Quarter turns counter-clockwise after which the known centres run down the film."""
    known = points[0::2][np.isfinite(points[0::2, 0])]
    across, down = known[-1] - known[0]
    return round(math.atan2(across, down) / (math.pi / 2)) * -1 % 4


@dataclass(frozen=True)
class FilmAugmentation:
    """Perturbations of a film for the key points."""

    rotation: float = 10.0  # degrees, SD: patients lean, films lie askew
    mirror: float = 0.5  # archives hold films of either facing
    turned: float = 0.15  # of the whole looks show a film on its side or head down: no point there
    exposure: CropAugmentation = field(
        default_factory=lambda: CropAugmentation(contrast=0.25, noise=0.04, blur=0.4)
    )


def augmented_films(
    films: Sequence[SmallFilm],
    chosen: npt.NDArray[np.int64],
    how: FilmAugmentation,
    random: Random,
    device: torch.device = CPU,
    *,
    closer: bool = True,
) -> tuple[Tensor, Floats]:
    """Views [n, 1, 256, 192] in 0..1, exposed on the device, and the points [n, 24, 2] in them.

    `closer`: serving will look closer too, and so some views are closer looks.
    """
    views, points = [], []
    for index in chosen:
        film, whole = films[index], not closer or random.random() < _WHOLE_LOOK
        if whole and random.random() < how.turned:
            film = _turned(film, int(random.integers(1, 4)))
        transform = _random_look(film, how, random, whole=whole)
        views.append(warp(film.grey, transform, film_views.ROWS, film_views.COLS))
        points.append(to_crop(transform, film.points))
    seen = torch.from_numpy(np.stack(views)[:, None]).to(device).float() / 255
    return other_exposure(seen, how.exposure, random), np.stack(points)


def plain_films(
    films: Sequence[SmallFilm], chosen: npt.NDArray[np.int64], closer: bool
) -> tuple[Tensor, Floats]:
    """The first (whole) or the second (closer) look of serving, not perturbed; for validation."""
    views, points = [], []
    for index in chosen:
        film = films[index]
        transform = film_views.letterbox(*film.grey.shape)
        if closer:
            known = film.points[np.isfinite(film.points[:, 0])]
            transform = film_views.look_at(film_views.spine_box(known, film.spacing))
        views.append(warp(film.grey, transform, film_views.ROWS, film_views.COLS))
        points.append(to_crop(transform, film.points))
    return torch.from_numpy(np.stack(views)[:, None]).float() / 255, np.stack(points)


def _turned(film: SmallFilm, turns: int) -> SmallFilm:
    """A film that is not upright: serving turns it until points are found, so here are none."""
    grey = np.ascontiguousarray(np.rot90(film.grey, turns))
    return SmallFilm(grey, np.full_like(film.points, np.nan), film.spacing)


def _random_look(film: SmallFilm, how: FilmAugmentation, random: Random, *, whole: bool) -> Affine:
    """Film -> view: whole or closer, leaning, maybe mirrored, a little off."""
    if whole:
        look = film_views.letterbox(*film.grey.shape)
        zoom, off = math.exp(random.normal(0, 0.08)), random.normal(0, 6.0, 2)
    else:
        known = film.points[np.isfinite(film.points[:, 0])]
        look = film_views.look_at(film_views.spine_box(known, film.spacing))
        zoom, off = math.exp(random.normal(-0.08, 0.15)), random.normal(0, 8.0, 2)
    turn = math.radians(random.normal(0, how.rotation))
    flip = -1.0 if random.random() < how.mirror else 1.0
    linear = zoom * np.array(
        [[flip * math.cos(turn), -flip * math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    center = np.array([(film_views.COLS - 1) / 2, (film_views.ROWS - 1) / 2])
    offset = linear @ (look[:, 2] - center) + center + off
    return np.column_stack([linear @ look[:, :2], offset])

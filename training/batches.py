"""From the films of a snapshot to augmented batches, each decided by its seed and number alone.

Crops and small films are cut once and kept in memory as bytes; augmentation then costs less than
a tenth of the network. No augmentation mirrors a crop: left and right, above and below carry the
meaning of a label. Films may be mirrored, because the points of a mirrored film are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from inference import film_views
from inference.corner_regions import (
    LEVELS,
    Affine,
    CropRecipe,
    contrast_ends,
    crop_transforms,
    disc_spacing,
    stretch,
    to_crop,
    warp,
)
from inference.msasss import SITES
from training.snapshot import SnapshotFilm, naming

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Random = np.random.Generator
CPU = torch.device("cpu")
MARGIN = 1.25  # crops are kept this much wider than the network sees, room to turn and to shift
FILM_SIDE = 768  # films are kept at this longest side: the closer look never needs more
_WHOLE_LOOK = 0.4  # share of training films seen whole; the rest as in the closer look


@dataclass(frozen=True)
class Crops:
    """Level crops in memory: images [n, wide, wide]; levels [n]; votes [n, 2 corners, 4 grades].

    `film` [n] is the position of the film each crop was cut from.
    """

    images: Bytes
    levels: npt.NDArray[np.int64]
    votes: Floats
    film: npt.NDArray[np.int64]
    recipe: CropRecipe

    def __len__(self) -> int:
        return len(self.images)

    def worst(self) -> npt.NDArray[np.int64]:
        """The worse of the two corners' most voted grades [n]: the class that sampling balances."""
        worst: npt.NDArray[np.int64] = self.votes.argmax(axis=2).max(axis=1)
        return worst


def cut_crops(
    films: Sequence[SnapshotFilm], recipe: CropRecipe, tick: Callable[[int], None] = lambda _: None
) -> Crops:
    """Cut every disc that has at least one graded corner. `tick` hears the films done."""
    wide = recipe.widened(MARGIN)
    images, levels, votes, film_of = [], [], [], []
    for number, film in enumerate(films):
        graded = {
            disc: [film.corners.get(site.code, (0, 0, 0, 0)) for site in SITES if site.disc == disc]
            for disc in film.discs
        }
        graded = {disc: both for disc, both in graded.items() if np.sum(both) > 0}
        if graded:
            with naming(film):
                transforms = crop_transforms(film.discs, wide)
            pixels = film.picture()
            for disc, both in graded.items():
                images.append(as_bytes(pixels, transforms[disc], wide, recipe.size))
                levels.append(LEVELS.index(disc))
                votes.append(both)
                film_of.append(number)
        tick(number + 1)
    return Crops(
        np.stack(images) if images else np.zeros((0, wide.size, wide.size), np.uint8),
        np.array(levels, np.int64),
        np.array(votes, float).reshape(-1, 2, 4),
        np.array(film_of, np.int64),
        recipe,
    )


def as_bytes(
    pixels: npt.NDArray[np.uint16], transform: Affine, wide: CropRecipe, size: int
) -> Bytes:
    """The wide crop under the contrast of its middle, which is all that serving will see."""
    crop = warp(pixels, transform, wide.size, wide.size)
    edge = (wide.size - size) // 2
    seen = stretch(crop, contrast_ends(crop[edge : edge + size, edge : edge + size], wide))
    return np.rint(seen * 255).astype(np.uint8)


def middle(crops: Crops, chosen: npt.NDArray[np.int64]) -> Tensor:
    """The crops as serving cuts them, float [n, 1, size, size] in 0..1."""
    edge = (crops.images.shape[1] - crops.recipe.size) // 2
    inner = slice(edge, edge + crops.recipe.size)
    return torch.from_numpy(crops.images[chosen][:, None, inner, inner]).float() / 255


@dataclass(frozen=True)
class CropAugmentation:
    """Perturbations of a crop; the first three stand for the errors of the key points."""

    rotation: float = 6.0  # degrees, SD
    shift: float = 0.03  # of the crop's side, SD
    scale: float = 0.05  # SD of the logarithm
    contrast: float = 0.2  # SD of the logarithm of gamma, and half of it of the gain
    noise: float = 0.03  # largest SD of added noise
    blur: float = 0.3  # chance of a blur or an edge enhancement, the vendors' difference
    clahe: float = 0.0  # chance of local equalisation, as in the paper


def augmented_crops(
    crops: Crops,
    chosen: npt.NDArray[np.int64],
    how: CropAugmentation,
    random: Random,
    device: torch.device = CPU,
) -> Tensor:
    """Perturbed crops, float [n, 1, size, size] in 0..1, turned and exposed on the device.

    Which perturbations is decided here, so every device gives the same picture, up to rounding.
    """
    images = crops.images[chosen]
    if how.clahe > 0:
        equal = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4))
        images = np.stack(
            [equal.apply(i) if random.random() < how.clahe else i for i in images]
        ).astype(np.uint8)
    n, size, wide = len(chosen), crops.recipe.size, images.shape[1]
    turn = np.radians(random.normal(0, how.rotation, n).clip(-3 * how.rotation, 3 * how.rotation))
    zoom = np.exp(random.normal(0, how.scale, n)) * size / wide
    theta = np.zeros((n, 2, 3), np.float32)
    theta[:, 0, 0] = theta[:, 1, 1] = zoom * np.cos(turn)
    theta[:, 1, 0] = zoom * np.sin(turn)
    theta[:, 0, 1] = -theta[:, 1, 0]
    theta[:, :, 2] = random.normal(0, 2 * how.shift * size / wide, (n, 2))
    turned = torch.from_numpy(theta).to(device)
    grid = functional.affine_grid(turned, [n, 1, size, size], align_corners=False)
    wide_images = torch.from_numpy(images)[:, None].to(device).float() / 255
    seen = functional.grid_sample(wide_images, grid, padding_mode="border", align_corners=False)
    return other_exposure(seen, how, random)


def other_exposure(seen: Tensor, how: CropAugmentation, random: Random) -> Tensor:
    """Gamma, gain, sharpness and noise of another machine; 0..1 stays 0..1."""
    n = len(seen)

    def each(values: npt.NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).view(n, 1, 1, 1).to(seen.device)

    seen = seen ** each(np.exp(random.normal(0, how.contrast, n)))
    gain = each(np.exp(random.normal(0, how.contrast / 2, n)))
    seen = 0.5 + (seen - 0.5) * gain + each(random.normal(0, how.contrast / 6, n))
    soft = functional.avg_pool2d(seen, 3, stride=1, padding=1, count_include_pad=False)
    # Positive: towards the blurred picture; negative: away from it, an unsharp mask
    amount = random.uniform(-0.8, 0.9, n) * (random.random(n) < how.blur)
    seen = seen + each(amount) * (soft - seen)
    grain = _grain(seen, random)
    return (seen + each(random.uniform(0, how.noise, n)) * grain).clamp(0, 1)


def _grain(seen: Tensor, random: Random) -> Tensor:
    """Standard normal noise of the shape of `seen`, every picture's from another place."""
    noise, pixels = _noise(seen.device), seen[0].numel()
    places = random.integers(len(noise) - pixels, size=len(seen)).tolist()
    return torch.stack([noise[place : place + pixels] for place in places]).view(seen.shape)


@cache
def _noise(device: torch.device) -> Tensor:
    """Noise, drawn once: drawing it anew takes longer than all other perturbations together."""
    drawn = np.random.default_rng(0).standard_normal(2**22, dtype=np.float32)
    return torch.from_numpy(drawn).to(device)


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

"""From the films of a snapshot to augmented crops, each batch decided by seed and number alone.

Crops are cut once and kept in memory as bytes; augmentation then costs less than a tenth of the
network. None mirrors a crop: left and right, above and below carry the meaning of a label. How a
film looks under another machine's exposure is the same for films and patches (see `film_views` and
`disc_patches`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from inference.corner_regions import (
    LEVELS,
    Affine,
    CropRecipe,
    contrast_ends,
    crop_transforms,
    stretch,
    warp,
)
from inference.msasss import SITES
from training.snapshot import SnapshotFilm

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Random = np.random.Generator
CPU = torch.device("cpu")
MARGIN = 1.25  # crops are kept this much wider than the network sees, room to turn and to shift


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
    films: Sequence[SnapshotFilm], recipe: CropRecipe, tick: Callable[[], None] = lambda: None
) -> Crops:
    """Cut every disc that has at least one graded corner. `tick` is called after each film."""
    wide = recipe.widened(MARGIN)
    images, levels, votes, film_of = [], [], [], []
    for number, film in enumerate(films):
        graded = {
            disc: [film.corners.get(site.code, (0, 0, 0, 0)) for site in SITES if site.disc == disc]
            for disc in film.discs
        }
        graded = {disc: both for disc, both in graded.items() if np.sum(both) > 0}
        if graded:
            pixels, transforms = film.picture(), crop_transforms(film.discs, wide)
            for disc, both in graded.items():
                images.append(as_bytes(pixels, transforms[disc], wide, recipe.size))
                levels.append(LEVELS.index(disc))
                votes.append(both)
                film_of.append(number)
        tick()
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

"""Patches of disc spaces for the third look, cut once and perturbed as the second look errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from inference.corner_regions import crop_transforms, to_crop
from inference.disc_patches import PATCH
from training.batches import CPU, Bytes, CropAugmentation, Floats, Random, as_bytes, other_exposure
from training.snapshot import SnapshotFilm

MARGIN = 1.5  # patches are kept this much wider than the network sees
TURN, SHIFT, ZOOM = 6.0, 0.08, 0.08  # SDs: degrees, S, logarithm; wide of the second look's errors


@dataclass(frozen=True)
class Patches:
    """Wide patches in memory: images [n, wide, wide]; centre and anterior [n, 2, 2] in them."""

    images: Bytes
    points: Floats

    def __len__(self) -> int:
        return len(self.images)


def cut_patches(film: SnapshotFilm, pixels: npt.NDArray[np.uint16]) -> Patches:
    """Every disc of a film with the points of two discs or more."""
    wide = PATCH.widened(MARGIN)
    transforms = crop_transforms(film.discs, wide)
    ends = {disc: [film.discs[disc].center, film.discs[disc].anterior] for disc in transforms}
    return Patches(
        np.stack([as_bytes(pixels, t, wide, PATCH.size) for t in transforms.values()]),
        np.stack([to_crop(t, ends[disc]) for disc, t in transforms.items()]),
    )


def together(parts: Sequence[Patches]) -> Patches:
    """The patches of many films as one."""
    wide = PATCH.widened(MARGIN).size
    none = Patches(np.zeros((0, wide, wide), np.uint8), np.zeros((0, 2, 2)))
    return Patches(
        np.concatenate([none.images, *(part.images for part in parts)]),
        np.concatenate([none.points, *(part.points for part in parts)]),
    )


def augmented_patches(
    patches: Patches,
    chosen: npt.NDArray[np.int64],
    exposure: CropAugmentation,
    random: Random,
    device: torch.device = CPU,
) -> tuple[Tensor, Floats]:
    """Patches [n, 1, 112, 112] in 0..1 and their points [n, 2, 2] in them."""
    n, size = len(chosen), PATCH.size
    turn = np.radians(random.normal(0, TURN, n).clip(-3 * TURN, 3 * TURN))
    zoom = np.exp(random.normal(0, ZOOM, n).clip(-0.25, 0.25))
    per_s = size / PATCH.extent
    shift = random.normal(0, SHIFT * per_s, (n, 2)).clip(-3 * SHIFT * per_s, 3 * SHIFT * per_s)
    seen = _resampled(patches.images[chosen], turn, zoom, shift, size, device)
    points = _moved(patches.points[chosen], turn, zoom, shift, patches.images.shape[1], size)
    return other_exposure(seen, exposure, random), points


def plain_patches(patches: Patches, chosen: npt.NDArray[np.int64]) -> tuple[Tensor, Floats]:
    """Patches turned, scaled and shifted a little, the same at every call: for validation."""
    random = np.random.default_rng(len(patches))
    n, size = len(chosen), PATCH.size
    turn, zoom = np.radians(random.normal(0, 2.0, n)), np.ones(n)
    shift = random.normal(0, 0.03 * size, (n, 2))
    seen = _resampled(patches.images[chosen], turn, zoom, shift, size)
    return seen, _moved(patches.points[chosen], turn, zoom, shift, patches.images.shape[1], size)


def _resampled(
    images: Bytes,
    turn: Floats,
    zoom: Floats,
    shift: Floats,
    size: int,
    device: torch.device = CPU,
) -> Tensor:
    """The middle of wide patches, seen turned by `turn`, `zoom` wider and off by `shift` pixels."""
    n, wide = len(images), images.shape[1]
    theta = np.zeros((n, 2, 3), np.float32)
    theta[:, 0, 0] = theta[:, 1, 1] = zoom * size / wide * np.cos(turn)
    theta[:, 1, 0] = zoom * size / wide * np.sin(turn)
    theta[:, 0, 1] = -theta[:, 1, 0]
    theta[:, :, 2] = 2 * shift / wide
    moved = torch.from_numpy(theta).to(device)
    grid = functional.affine_grid(moved, [n, 1, size, size], align_corners=False)
    pictures = torch.from_numpy(images)[:, None].to(device).float() / 255
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _moved(
    points: Floats, turn: Floats, zoom: Floats, shift: Floats, wide: int, size: int
) -> Floats:
    """Points [n, 2, 2] of wide patches in the pixels of what `_resampled` makes of them."""
    off = points - (wide - 1) / 2 - shift[:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x = (cos * off[..., 0] + sin * off[..., 1]) / zoom[:, None]
    y = (-sin * off[..., 0] + cos * off[..., 1]) / zoom[:, None]
    return np.stack([x, y], axis=-1) + (size - 1) / 2

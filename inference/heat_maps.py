"""Raw maps of a network -> where the mass lies, and a map's mass -> a place with its confidence."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Heat = Literal["mass", "height"]
# Cells: SD of the bell that a map is taught, one per kind because it is read as it was taught. The
# official HRNet's has height 1
SIGMA: dict[str, float] = {"mass": 1.5, "height": 2.0}
REACH = 3  # cells around the peak that decide its place: two sigmas of a map of mass


def place_log_mass(maps: Tensor) -> Tensor:
    """Raw maps [n, k, h, w] -> log P [n, k, h * w + 1]; the last cell is "not in the picture"."""
    flat = maps.float().flatten(2)
    return torch.log_softmax(torch.cat([flat, flat.new_zeros(*flat.shape[:2], 1)], dim=2), dim=2)


def mass_of(maps: Tensor, heat: str) -> npt.NDArray[np.float32]:
    """Raw maps -> non-negative mass of the same shape; a map that is sure sums to about one.

    "height" maps are bells of height 1: divided by a bell's volume they are mass too.
    """
    if heat == "mass":
        values = place_log_mass(maps)[..., :-1].exp().reshape(maps.shape)
    else:
        values = maps.float().clamp(min=0) / (2 * math.pi * SIGMA["height"] ** 2)
    found: npt.NDArray[np.float32] = values.detach().cpu().numpy()
    return found


def decode(mass: npt.NDArray[np.float32], stride: int) -> npt.NDArray[np.float64]:
    """Mass [k, h, w] -> [k, 3]: x, y in input pixels, sub-cell, and the confidence 0..1."""
    peaks = [np.unravel_index(int(one.argmax()), one.shape) for one in mass]
    return np.array(
        [
            place_at(one, (int(col), int(row)), stride)
            for one, (row, col) in zip(mass, peaks, strict=True)
        ]
    )


def place_at(
    one: npt.NDArray[np.float32], cell: tuple[int, int], stride: int
) -> tuple[float, float, float]:
    """x, y in input pixels and confidence of the place at a cell (x, y) of one map [h, w].

    The centre of the mass around the cell, and how much of the mass lies there.
    """
    col, row = cell
    top, left = max(row - REACH, 0), max(col - REACH, 0)
    window = one[top : row + REACH + 1, left : col + REACH + 1].astype(np.float64)
    mass = float(window.sum())
    if mass <= 0:
        return (stride * col + (stride - 1) / 2, stride * row + (stride - 1) / 2, 0.0)
    x = left + float(window.sum(axis=0) @ np.arange(window.shape[1])) / mass
    y = top + float(window.sum(axis=1) @ np.arange(window.shape[0])) / mass
    # A cell covers `stride` input pixels; its middle is (stride - 1) / 2 beyond its first
    return (stride * x + (stride - 1) / 2, stride * y + (stride - 1) / 2, min(mass, 1.0))

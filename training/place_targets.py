"""Where a point is, as a network shall say it, and what it costs to say something else."""

from __future__ import annotations

import torch
from torch import Tensor

from inference.film_views import COLS, ROWS
from inference.heat_maps import place_log_mass
from inference.key_points import STRIDE
from training.batches import Floats

CELLS = (ROWS // STRIDE, COLS // STRIDE)


def place_targets(
    points: Floats, sigma: float, cells: tuple[int, int] = CELLS, stride: int = STRIDE
) -> Tensor:
    """Points [n, k, 2] in view pixels -> mass per map [n, k, cells + 1], each summing to one.

    A Gaussian around the point; a point outside the view, or of the other region (NaN), puts all
    its mass into the last cell, "not in the picture".
    """
    rows, cols = cells
    cell = torch.from_numpy((points - (stride - 1) / 2) / stride).float()  # [n, k, 2]
    x, y = cell[..., 0], cell[..., 1]
    inside = (x >= -0.5) & (x <= cols - 0.5) & (y >= -0.5) & (y <= rows - 0.5)  # NaN: False
    across = _bell(x.nan_to_num(), cols, sigma)
    along = _bell(y.nan_to_num(), rows, sigma)
    mass = (along[..., :, None] * across[..., None, :]).flatten(2) * inside[..., None]
    return torch.cat([mass, (~inside)[..., None].float()], dim=2)


def _bell(center: Tensor, cells: int, sigma: float) -> Tensor:
    """Gaussian over `cells` along a new last axis, summing to one."""
    return torch.softmax(-((torch.arange(cells) - center[..., None]) ** 2) / (2 * sigma**2), dim=-1)


def place_loss(maps: Tensor, targets: Tensor, heat: str) -> Tensor:
    """Raw maps [n, 24, h, w] against `place_targets`.

    "mass": cross-entropy over the cells, which learns from the first step on. "height": squared
    error to a Gaussian of height 1, as in the official HRNet.
    """
    if heat == "mass":
        return -(targets * place_log_mass(maps)).sum(dim=2).mean()
    bells = targets[..., :-1]
    peaks = bells.amax(dim=2, keepdim=True).clamp(min=1e-6)
    return ((maps.float().flatten(2) - bells / peaks) ** 2).mean()

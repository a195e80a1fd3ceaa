"""The third look at a disc: a small patch of the full-resolution film, level, around its points.

The first two looks at a lumbar film see more than a millimetre per pixel. A patch shows one disc
space at about half a millimetre (a quarter in the neck), always anterior left and cranial up, so
that a light network is enough to say where centre and anterior point lie.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from inference.corner_regions import Affine, CropRecipe, DiscPoints, crop_transforms, cut
from inference.picture import Picture

# All four corners of the disc space: its centre is their middle
PATCH = CropRecipe(version="patch/1", size=112, extent=1.45, shift=0.15)
PATCH_STRIDE = 2  # patch pixels per heat map cell
_WIDTHS = (24, 48, 96, 96)  # channels at strides 2, 4, 8, 16


class DiscPatchNet(nn.Module):
    """Patches [n, 1, 112, 112] in 0..1 -> raw maps [n, 2, 56, 56]: centre, anterior.

    A small U-net (Ronneberger et al. 2015): the coarse stages tell bodies from disc, the fine one
    says where.
    """

    def __init__(self) -> None:
        super().__init__()
        before = (1, *_WIDTHS)
        self.down = nn.ModuleList(
            nn.Sequential(_layer(inputs, width, 2), _layer(width, width))
            for inputs, width in zip(before, _WIDTHS, strict=False)
        )
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(deep, fine, 1), nn.Upsample(scale_factor=2, mode="bilinear"))
            for fine, deep in itertools.pairwise(_WIDTHS)
        )
        self.fuse = nn.ModuleList(_layer(width, width) for width in _WIDTHS[:-1])
        self.final_layer = nn.Conv2d(_WIDTHS[0], 2, 1)

    def forward(self, patches: Tensor) -> Tensor:
        """See the class."""
        seen, stages = (patches - 0.5) / 0.25, []
        for stage in self.down:
            seen = stage(seen)
            stages.append(seen)
        for level in reversed(range(len(self.up))):
            seen = self.fuse[level](stages[level] + self.up[level](seen))
        maps: Tensor = self.final_layer(seen)
        return maps


def patch_transforms(discs: Mapping[str, DiscPoints]) -> dict[str, Affine]:
    """Film -> patch of every disc. Raises RegionError for points that define none."""
    return crop_transforms(discs, PATCH)


def patch(pixels: Picture, transform: Affine) -> npt.NDArray[np.float32]:
    """The patch [112, 112], 0..1, its contrast set from itself."""
    return cut(pixels, transform, PATCH)


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )

"""HRNet on the whole film: two key points per disc space, found coarse to fine.

Network: timm's HighResolutionNet (Sun et al. 2019), input 256 x 192, heat maps at stride 4, as in
Koo et al. 2022. 24 maps: 12 discs x (centre, anterior), both regions in one network, so the
network also says which region it sees. The same network looks twice: at the whole film, then at
the part of it that holds the six discs, where a heat map cell is a fraction of a disc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference import checkpoint
from inference.checkpoint import Checkpoint, CheckpointError
from inference.corner_regions import LEVELS, Affine, DiscPoints, disc_spacing, to_film, warp
from inference.film_views import COLS, ROWS, letterbox, look_at, spine_box, windowed
from inference.msasss import DISCS, Region
from inference.picture import Picture

TASK = "key_points"
STRIDE = 4  # input pixels per heat map cell
N_MAPS = 2 * len(LEVELS)  # map 2i is the centre of disc i, map 2i + 1 its anterior point
_REACH = 3  # cells around the peak that decide its place: two sigmas of the training target


@dataclass(frozen=True)
class KeyPointArchitecture:
    """All that is needed to build the network again."""

    backbone: str = "hrnet_w18_small"
    branches: bool = True  # read all four resolutions; False: the finest alone, as in the paper
    heat: str = (
        "mass"  # a map is where the point is or "nowhere"; "height": plain heat, as in paper
    )


class KeyPointNet(nn.Module):
    """Films [n, 1, 256, 192] in 0..1 -> raw maps [n, 24, 64, 48]."""

    def __init__(self, architecture: KeyPointArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        # features_only with an empty location gives the fused branches at strides 4, 8, 16, 32
        self.trunk = timm.create_model(
            architecture.backbone,
            pretrained=False,
            features_only=True,
            feature_location="",
            in_chans=1,
            out_indices=(1, 2, 3, 4),
        )
        widths = list(self.trunk.feature_info.channels())  # type: ignore[union-attr, operator]
        read = widths if architecture.branches else widths[:1]
        # One 1x1 convolution over all branches side by side, but taken apart: 24 maps are
        # cheaper to enlarge than all the channels
        self.final_layer = nn.ModuleList(nn.Conv2d(width, N_MAPS, 1) for width in read)

    def forward(self, films: Tensor) -> Tensor:
        """See the class."""
        branches = self.trunk((films - 0.5) / 0.25)
        maps: Tensor = self.final_layer[0](branches[0])
        for branch, read in zip(branches[1:], self.final_layer[1:], strict=False):
            maps = maps + functional.interpolate(read(branch), maps.shape[-2:], mode="bilinear")
        return maps


def place_log_mass(maps: Tensor) -> Tensor:
    """Raw maps [n, k, h, w] -> log P [n, k, h * w + 1]; the last cell is "not in the picture"."""
    flat = maps.float().flatten(2)
    return functional.log_softmax(
        torch.cat([flat, flat.new_zeros(*flat.shape[:2], 1)], dim=2), dim=2
    )


def heat(maps: Tensor, architecture: KeyPointArchitecture) -> npt.NDArray[np.float32]:
    """Raw maps -> non-negative heat of the same shape, ready for `decode`."""
    if architecture.heat == "mass":
        values = place_log_mass(maps)[..., :-1].exp().reshape(maps.shape)
    else:
        values = maps.float().clamp(min=0)
    found: npt.NDArray[np.float32] = values.detach().cpu().numpy()
    return found


def decode(heat_maps: npt.NDArray[np.float32], kind: str) -> npt.NDArray[np.float64]:
    """Heat [k, h, w] -> [k, 3]: x, y in input pixels, sub-cell, and the confidence 0..1.

    The place is the centre of the heat around the peak; the confidence is how much of the mass
    lies there, or the height of the peak.
    """
    found = np.zeros((len(heat_maps), 3))
    for k, one in enumerate(heat_maps):
        row, col = np.unravel_index(int(one.argmax()), one.shape)
        top, left = max(row - _REACH, 0), max(col - _REACH, 0)
        window = one[top : row + _REACH + 1, left : col + _REACH + 1].astype(np.float64)
        mass = window.sum()
        confidence = mass if kind == "mass" else one[row, col]
        if mass <= 0:
            continue
        x = left + (window.sum(axis=0) @ np.arange(window.shape[1])) / mass
        y = top + (window.sum(axis=1) @ np.arange(window.shape[0])) / mass
        # A cell covers STRIDE input pixels; its middle is (STRIDE - 1) / 2 beyond its first
        place = STRIDE * np.array([x, y]) + (STRIDE - 1) / 2
        found[k] = [*place, min(float(confidence), 1.0)]
    return found


class KeyPointFinder:
    """A trained network with everything around it: film in, disc points out."""

    def __init__(self, network: KeyPointNet, device: torch.device) -> None:
        self.architecture = network.architecture
        self.network: Callable[[Tensor], Tensor] = network.to(device).eval()
        self.device = device

    def find(self, pixels: Picture, region: Region) -> tuple[dict[str, DiscPoints], Region]:
        """Points of the region's six discs on a film [rows, cols], and the region it looks like."""
        (found,) = self.find_many([(windowed(pixels), region)])
        return found

    def find_many(
        self, films: Sequence[tuple[npt.NDArray[np.uint8], Region]]
    ) -> list[tuple[dict[str, DiscPoints], Region]]:
        """`find` for every windowed film, the network looking at all of them at once."""
        whole = self._look([(grey, letterbox(*grey.shape)) for grey, _ in films])
        firsts = [_discs(points, region) for points, (_, region) in zip(whole, films, strict=True)]
        boxes = [_box(first) for first in firsts]
        near = [number for number, box in enumerate(boxes) if box is not None]
        closer = self._look([(films[n][0], look_at(box)) for n in near if (box := boxes[n])])
        found = list(firsts)
        for number, points in zip(near, closer, strict=True):
            second = _discs(points, films[number][1])
            # The second look is finer, but it depends on the first: keep the surer of the two
            if _confidence(second) >= 0.8 * _confidence(firsts[number]):
                found[number] = second
        return [(discs, _region_of(points)) for discs, points in zip(found, whole, strict=True)]

    @torch.inference_mode()
    def _look(
        self, views: Sequence[tuple[npt.NDArray[np.uint8], Affine]]
    ) -> list[npt.NDArray[np.float64]]:
        """[24, 3] per view: x, y in film pixels and confidence, seen through its transform."""
        if not views:
            return []
        seen = np.stack([warp(grey, transform, ROWS, COLS) for grey, transform in views])
        films = torch.from_numpy(seen[:, None]).to(self.device).float() / 255
        maps = heat(self.network(films), self.architecture)
        found = []
        for (_, transform), heat_maps in zip(views, maps, strict=True):
            points = decode(heat_maps, self.architecture.heat)
            points[:, :2] = to_film(transform, points[:, :2])
            found.append(points)
        return found


def build(stored: Checkpoint) -> KeyPointNet:
    """The network of a weights file, in evaluation mode. Raises CheckpointError on a misfit."""
    try:
        described = KeyPointArchitecture(**stored.metadata["architecture"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"The weights' description is incomplete: {error}.") from error
    network = KeyPointNet(described)
    checkpoint.fill(network, stored)
    return network.eval()


def metadata(architecture: KeyPointArchitecture) -> dict[str, Any]:
    """What `build` needs to read, in the form it reads."""
    return {
        "task": TASK,
        "architecture": asdict(architecture),
        "classes": [f"{disc} {end}" for disc in LEVELS for end in ("center", "anterior")],
    }


def _region_of(points: npt.NDArray[np.float64]) -> Region:
    half = N_MAPS // 2
    return "C" if points[:half, 2].mean() >= points[half:, 2].mean() else "L"


def _discs(points: npt.NDArray[np.float64], region: Region) -> dict[str, DiscPoints]:
    found = {}
    for disc in DISCS[region]:
        center, anterior = points[2 * LEVELS.index(disc)], points[2 * LEVELS.index(disc) + 1]
        found[disc] = DiscPoints(
            disc,
            (float(center[0]), float(center[1])),
            (float(anterior[0]), float(anterior[1])),
            float(min(center[2], anterior[2])),
        )
    return found


def _box(discs: Mapping[str, DiscPoints]) -> tuple[float, float, float, float] | None:
    """Where the second look goes; None when the first gives no spacing."""
    try:
        spacing = disc_spacing(discs)
    except ValueError:
        return None
    return spine_box(np.array([p for d in discs.values() for p in (d.center, d.anterior)]), spacing)


def _confidence(discs: Mapping[str, DiscPoints]) -> float:
    return sum(disc.confidence for disc in discs.values()) / len(discs)

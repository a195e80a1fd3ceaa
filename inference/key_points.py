"""HRNet on the whole film: two key points per disc space, found coarse to fine.

Network: timm's HighResolutionNet (Sun et al. 2019), input 256 x 192, heat maps at stride 4, as in
Koo et al. 2022. 24 maps: 12 discs x (centre, anterior), both regions in one network, so the
network also says which region it sees. The same network looks twice: at the whole film, then at
the part of it that holds the six discs. A light third look at each disc, on the full-resolution
film, says where its two points lie to a fraction of a millimetre (`inference.disc_patches`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import timm
from torch import Tensor, nn
from torch.nn import functional

from inference import checkpoint
from inference.checkpoint import Checkpoint, CheckpointError
from inference.corner_regions import LEVELS
from inference.disc_patches import DiscPatchNet

TASK = "key_points"
# By name alone: a word that a weights file says must not send the library looking for a network
BACKBONES = ("hrnet_w18_small", "hrnet_w18_small_v2", "hrnet_w18", "hrnet_w32", "hrnet_w48")
STRIDE = 4  # input pixels per heat map cell
N_MAPS = 2 * len(LEVELS)  # map 2i is the centre of disc i, map 2i + 1 its anterior point


@dataclass(frozen=True)
class KeyPointArchitecture:
    """All that is needed to build the network again."""

    backbone: str = "hrnet_w18_small"
    branches: bool = True  # read all four resolutions; False: the finest alone, as in the paper
    # "mass": a map is where the point is, or nowhere; "height": plain heat, as in the paper
    heat: str = "mass"
    looks: int = 2  # 1: the whole film alone, as in the paper; 3: also at every disc


class KeyPointNet(nn.Module):
    """Films [n, 1, 256, 192] in 0..1 -> raw maps [n, 24, 64, 48]; see `forward` for the patches."""

    def __init__(self, architecture: KeyPointArchitecture) -> None:
        super().__init__()
        if architecture.backbone not in BACKBONES:
            raise CheckpointError(f"The backbone must be one of {', '.join(BACKBONES)}.")
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
        self.closer = DiscPatchNet() if architecture.looks == 3 else None

    def forward(self, films: Tensor | None, patches: Tensor | None = None) -> Any:
        """Maps of the films; with patches [n, k, 1, 112, 112] also, or only, [n, k, 2, 56, 56]."""
        if films is None:
            return None, self._closer(patches)
        branches = self.trunk((films - 0.5) / 0.25)
        maps: Tensor = self.final_layer[0](branches[0])
        for branch, read in zip(branches[1:], self.final_layer[1:], strict=False):
            maps = maps + functional.interpolate(read(branch), maps.shape[-2:], mode="bilinear")
        return maps if patches is None else (maps, self._closer(patches))

    def _closer(self, patches: Tensor | None) -> Tensor:
        if patches is None or self.closer is None:
            raise ValueError("Patches are for a network with a third look.")
        maps: Tensor = self.closer(patches.flatten(0, 1))
        return maps.reshape(*patches.shape[:2], *maps.shape[1:])


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

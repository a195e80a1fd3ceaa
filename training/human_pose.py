"""Transfer learning as in Koo et al. 2022: HRNet's weights for human pose, when the file is here.

`pose_hrnet_w32_256x192.pth` of the official repository (leoxiaobin/deep-high-resolution-net, MIT).
Of its 1754 tensors 1752 have their place in timm's network under the same names; the other two are
the last layer, of human joints.
"""

from __future__ import annotations

from pathlib import Path

from inference.key_points import KeyPointNet
from training import pretrained
from training.pretrained import PretrainedError

FILE = "pose_hrnet_w32_256x192.pth"
BACKBONE = "hrnet_w32"
_HEAD = ("final_layer.",)


def file_of(backbone: str) -> Path | None:
    """The official weights of this backbone, or None when there are none or they are not here."""
    return pretrained.found([FILE]) if backbone == BACKBONE else None


def fill(network: KeyPointNet, path: Path) -> int:
    """Put the weights into the network's trunk; returns how many tensors were taken.

    What the file does not know (the branches that human pose does not read, the last layer) stays.
    Raises PretrainedError when the file is no plain weights or of another network.
    """
    given = pretrained.read(path, network.trunk, _HEAD)
    own = network.trunk.state_dict()
    odd = [n for n, t in given.items() if n not in own or own[n].shape != t.shape]
    if odd or not given:
        raise PretrainedError(
            f"{path.name} is of another network: {odd[0] if odd else 'nothing'} does not fit."
        )
    network.trunk.load_state_dict(given, strict=False)
    return len(given)

"""Transfer learning as in Koo et al. 2022: HRNet's weights for human pose, when the file is here.

`pose_hrnet_w32_256x192.pth` of the official repository (leoxiaobin/deep-high-resolution-net, MIT)
lies in the folder SYNDESMO_PRETRAINED, or in torch's cache, under its own name; nothing is
downloaded. Of its 1754 tensors 1752 have their place in timm's network under the same names; the
other two are the last layer, of human joints. The file is a pickle of tensors and is read as such,
never as code; what this program writes itself stays safetensors.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from inference.key_points import KeyPointNet
from training.loop import TrainingError

FILE = "pose_hrnet_w32_256x192.pth"
BACKBONE = "hrnet_w32"
_HEAD = "final_layer."


def file_of(backbone: str) -> Path | None:
    """The official weights of this backbone, or None when there are none or they are not here."""
    if backbone != BACKBONE:
        return None
    named = os.environ.get("SYNDESMO_PRETRAINED")
    folders = [*([Path(named)] if named else []), Path(torch.hub.get_dir()) / "checkpoints"]
    return next((place for folder in folders if (place := folder / FILE).is_file()), None)


def fill(network: KeyPointNet, path: Path) -> int:
    """Put the weights into the network's trunk; returns how many tensors were taken.

    The first convolution's three colours are summed: a grey film is the same in all of them. What
    the file does not know (the branches that human pose does not read, the last layer) stays.
    Raises TrainingError when the file is no plain weights or of another network.
    """
    given = _plain(path)
    own = network.trunk.state_dict()
    for name, tensor in given.items():
        if name in own and own[name].ndim == 4 and (own[name].shape[1], tensor.shape[1]) == (1, 3):
            given[name] = tensor.sum(dim=1, keepdim=True)
    odd = [n for n, t in given.items() if n not in own or own[n].shape != t.shape]
    if odd or not given:
        raise TrainingError(
            f"{path.name} is of another network: {odd[0] if odd else 'nothing'} does not fit."
        )
    network.trunk.load_state_dict(given, strict=False)
    return len(given)


def _plain(path: Path) -> dict[str, Tensor]:
    """The tensors of the file by their names in the trunk, without the last layer."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if isinstance(stored, dict) and isinstance(stored.get("state_dict"), dict):
            stored = stored["state_dict"]  # training checkpoints of the official code
        named = {name.removeprefix("module."): tensor for name, tensor in stored.items()}
        return {
            n: t.float() if t.is_floating_point() else t
            for n, t in named.items()
            if not n.startswith(_HEAD)
        }
    except Exception as error:  # torch raises anything from EOFError to UnpicklingError
        raise TrainingError(f"{path.name} holds no plain weights: fetch it again.") from error

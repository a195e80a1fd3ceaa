"""ImageNet weights of torchvision's backbones, when their file lies on this machine.

The file comes from the address in torchvision's own list, under its own name.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import torchvision
from torch import nn

from training import pretrained
from training.pretrained import PretrainedError

_HEAD = ("fc.", "classifier.")  # of a thousand ImageNet classes, of no use here


def file_of(backbone: str) -> Path | None:
    """The newest ImageNet weights of this backbone that are here, or None."""
    known = [
        Path(urlsplit(w.url).path).name for w in torchvision.models.get_model_weights(backbone)
    ]
    return pretrained.found(known[::-1])


def fill(trunk: nn.Module, path: Path) -> None:
    """Put the weights of `path` into a backbone with one grey channel, without its head.

    Stages that `trunk` lacks are left out. Raises PretrainedError when the file is of another
    network or no plain weights.
    """
    given = pretrained.read(path, trunk, _HEAD)
    expected = {
        name: tensor
        for name, tensor in trunk.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    for name, tensor in expected.items():
        if name not in given or given[name].shape != tensor.shape:
            raise PretrainedError(f"{path.name} is of another network: {name} does not fit.")
    trunk.load_state_dict({name: given[name] for name in expected}, strict=False)

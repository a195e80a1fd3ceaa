"""ImageNet weights of torchvision's backbones, when their file lies on this machine.

Nothing is downloaded: training machines often see no network, and a run must not depend on one.
The file comes from the address in torchvision's own list, under its own name, in the folder
SYNDESMO_PRETRAINED or in torch's cache, where torchvision itself would put it.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import torch
import torchvision
from torch import Tensor, nn

_HEAD = ("fc.", "classifier.")  # of a thousand ImageNet classes, of no use here


class PretrainedError(ValueError):
    """A file of ImageNet weights that does not fit; the sentence says why."""


def folders() -> tuple[Path, ...]:
    """Where the file is looked for, in order."""
    named = os.environ.get("SYNDESMO_PRETRAINED")
    return (*([Path(named)] if named else []), Path(torch.hub.get_dir()) / "checkpoints")


def file_of(backbone: str) -> Path | None:
    """The newest ImageNet weights of this backbone that are here, or None."""
    known = [
        Path(urlsplit(w.url).path).name for w in torchvision.models.get_model_weights(backbone)
    ]
    found = (folder / name for folder in folders() for name in reversed(known))
    return next((path for path in found if path.is_file()), None)


def fill(trunk: nn.Module, path: Path) -> None:
    """Put the weights of `path` into a backbone with one grey channel, without its head.

    The first convolution's three colours are summed: a grey film is the same in all of them.
    Stages that `trunk` lacks are left out. Raises PretrainedError when the file is of another
    network. The official files are pickles of tensors: read as tensors alone, never as code.
    """
    try:
        given: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        given = {name: t.float() for name, t in given.items() if not name.startswith(_HEAD)}
    except Exception as error:  # torch raises anything from EOFError to UnpicklingError
        raise PretrainedError(f"{path.name} holds no plain weights: fetch it again.") from error
    expected = {
        name: tensor
        for name, tensor in trunk.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    for name, tensor in expected.items():
        if name in given and tensor.ndim == 4 and (tensor.shape[1], given[name].shape[1]) == (1, 3):
            given[name] = given[name].sum(dim=1, keepdim=True)
        if name not in given or given[name].shape != tensor.shape:
            raise PretrainedError(f"{path.name} is of another network: {name} does not fit.")
    trunk.load_state_dict({name: given[name] for name in expected}, strict=False)

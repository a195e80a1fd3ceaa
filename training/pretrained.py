"""Files of published weights, when they lie on this machine.

Nothing is downloaded: training machines often see no network, and a run must not depend on one. A
file lies under its own name in the folder SYNDESMO_PRETRAINED, or in torch's cache. Published files
are pickles of tensors: they are read as tensors alone, never as code. What this program writes
itself stays safetensors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn


class PretrainedError(ValueError):
    """A file of published weights that does not fit; the sentence says why."""


def folders() -> tuple[Path, ...]:
    """Where a file is looked for, in order."""
    named = os.environ.get("SYNDESMO_PRETRAINED")
    return (*([Path(named)] if named else []), Path(torch.hub.get_dir()) / "checkpoints")


def found(names: Sequence[str]) -> Path | None:
    """The first file of one of these names, or None when none is here."""
    places = (folder / name for folder in folders() for name in names)
    return next((place for place in places if place.is_file()), None)


def read(path: Path, trunk: nn.Module, head: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors of a file by their names in `trunk`, as numbers of 32 bits, without its `head`.

    The first convolution's three colours are summed where the trunk has one grey channel: a grey
    film is the same in all of them. Raises PretrainedError when the file holds anything else.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        stored = stored.get("state_dict", stored)  # training checkpoints hold more beside it
        named = {name.removeprefix("module."): tensor for name, tensor in stored.items()}
        given = {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in named.items()
            if not name.startswith(head)
        }
    except Exception as error:  # torch raises anything from EOFError to UnpicklingError
        raise PretrainedError(f"{path.name} holds no plain weights: fetch it again.") from error
    for name, own in trunk.state_dict().items():
        colours = given[name].shape[1:2] if name in given else ()
        if own.ndim == 4 and (*own.shape[1:2], *colours) == (1, 3):
            given[name] = given[name].sum(dim=1, keepdim=True)
    return given

"""Whether there is a GPU that answers: a driver that has lost its card goes on naming it."""

from __future__ import annotations

import logging

import torch
from torch import distributed

log = logging.getLogger(__name__)


def answers() -> bool:
    """True where there is a GPU and it does what it is told.

    After a lost card every call of this process fails, until the process is started again.
    """
    if not torch.cuda.is_available():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        log.warning("The GPU does not answer, so the processor works: %s", first_line(error))
        return False
    return True


def is_lost(error: RuntimeError) -> bool:
    """A driver's error, however torch wraps it: the card fell off the bus, or NCCL lost a peer."""
    lost = (torch.AcceleratorError, distributed.DistBackendError)
    return isinstance(error, lost) or "CUDA error" in str(error) or "CUDA driver" in str(error)


def first_line(error: RuntimeError) -> str:
    """What the driver said, without its advice to programmers."""
    return str(error).partition("\n")[0]

"""The processes of one run, one per GPU, as torchrun starts them; or the one process there is.

Every process draws the same batch of a step and takes its own share of it, so that several
processes descend as one does. Only the first reports, judges and writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

_LONGEST_WAIT = timedelta(hours=2)  # for the first, which validates while the others wait


@dataclass(frozen=True)
class Group:
    """This process among `size` ones. Alone, every method is the identity."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process reports, validates and writes."""
        return self.rank == 0

    def share(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """This process's rows of a batch; the shares differ by one row at most."""
        rows = len(batch[0])
        begin, end = (rows * rank // self.size for rank in (self.rank, self.rank + 1))
        return tuple(part[begin:end] for part in batch)

    def wrapped(self, network: nn.Module) -> nn.Module:
        """The same network; after each backward its gradients are the mean over the processes."""
        if self.size == 1:
            return network
        if next(network.parameters()).is_cuda:  # torch has it for GPUs only
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(network)

    def total(self, value: Tensor) -> Tensor:
        """The sum over the processes."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def most(self, count: int, device: torch.device) -> int:
        """The largest count among the processes."""
        if self.size == 1:
            return count
        shared = torch.tensor(count, device=device)
        distributed.all_reduce(shared, distributed.ReduceOp.MAX)
        return int(shared)

    def from_first(self, value: float, device: torch.device) -> float:
        """What the first process has."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(shared, 0)
        return float(shared)


ALONE = Group()


def _kind(device: str) -> str:
    """The device as torch names it, one that is there."""
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda" if there else "cpu"
    if re.fullmatch(r"cpu|cuda(:\d+)?", device) is None:
        raise ValueError(f"There is no device {device}: choose auto, cpu, cuda or cuda:NUMBER.")
    if device != "cpu" and not there:
        raise ValueError("There is no GPU that torch can use: look at nvidia-smi, or use the CPU.")
    if int(device.partition(":")[2] or 0) >= there > 0:
        raise ValueError(f"There is no {device}: this machine has {there}, counted from cuda:0.")
    return device


@contextmanager
def joined(device: str = "auto") -> Iterator[tuple[Group, torch.device]]:
    """Join the processes that torchrun started, each with its own GPU; else this one alone.

    "auto" takes GPUs where there are any. Raises ValueError for a device that is not there.
    """
    kind = _kind(device)
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE, torch.device(kind)
        return
    if kind.startswith("cuda"):
        kind = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(kind)
    distributed.init_process_group("gloo" if kind == "cpu" else "nccl", timeout=_LONGEST_WAIT)
    try:
        yield Group(distributed.get_rank(), size), torch.device(kind)
    finally:
        distributed.destroy_process_group()

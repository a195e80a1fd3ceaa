"""Batches prepared in threads while the network works on the one before.

Batch k follows from the seed and from k alone, so it does not matter who made it, or when.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import torch

AHEAD = 3  # batches held ready: a slow one is made up for, and memory stays bounded
# A GPU leaves the processor free. On a CPU the network needs the cores itself.
_THREADS = {"cuda": 4, "cpu": 1}


class MakesBatches(Protocol):
    """What is asked of a task here."""

    def batch(self, step: int, size: int) -> Any:
        """The tensors of one step; safe to call from several threads."""


@contextmanager
def ahead(task: MakesBatches, steps: int, device: torch.device) -> Iterator[None]:
    """Inside, the task's batches of the steps below `steps` are begun before their turn.

    What making a batch raises is raised at its turn.
    """
    whole = torch.get_num_threads()  # asking also fixes this thread's own number
    pool = ThreadPoolExecutor(
        _THREADS.get(device.type, 1),
        thread_name_prefix="batches",
        initializer=torch.set_num_threads,
        initargs=(1,),
    )
    make, begun = task.batch, dict[int, Future[Any]]()

    def batch(step: int, size: int) -> Any:
        for near in range(step, max(min(step + 1 + AHEAD, steps), step + 1)):
            if near not in begun:
                begun[near] = pool.submit(make, near, size)
        return begun.pop(step).result()

    task.batch = batch  # type: ignore[method-assign]
    try:
        yield
    finally:
        task.batch = make  # type: ignore[method-assign]
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(whole)

"""The fastest way to run a network on this machine, found by measuring when it is loaded.

Every way is held to the plain network: one whose probabilities differ by 0.01 or more, or that
this machine cannot do, is passed over with a line in the log.
"""

from __future__ import annotations

import copy
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from inference.precision import knows_bfloat16

log = logging.getLogger(__name__)
LARGEST_DIFFERENCE = 0.01  # of a probability
_SECONDS = 2.0  # per network, after which no further way is tried
_RUNS = 3

Run = Callable[..., Tensor]


@dataclass
class Runtime:
    """The way that won, and what each measured way took for the example."""

    run: Run
    name: str
    milliseconds: dict[str, float] = field(default_factory=dict)


def plain(network: nn.Module) -> Runtime:
    """The network as PyTorch runs it, not measured."""
    return Runtime(network, "plain")


def fastest(
    network: nn.Module,
    example: tuple[Tensor, ...],
    probabilities: Callable[[Tensor], Tensor],
    *,
    compile_too: bool | None = None,
) -> Runtime:
    """Measure the ways to run `network` on `example`, float pictures first, and take the fastest.

    `compile_too`: also torch.compile, which takes a minute at every start and a C++ compiler;
    without a word the environment decides (SYNDESMO_COMPILE=1).
    """
    if compile_too is None:
        compile_too = os.environ.get("SYNDESMO_COMPILE") == "1"
    best = plain(network)
    expected, took = _measured(network, example)
    best.milliseconds["plain"] = shortest = took
    deadline = time.monotonic() + _SECONDS
    for name, make in _ways(network, example[0].device, compile_too=compile_too):
        if time.monotonic() > deadline and name != "compiled":  # that one was asked for
            log.info("No time to try %s.", name)
            continue
        try:
            run = make()
            found, took = _measured(run, example)
        except (RuntimeError, ValueError, TypeError, OSError) as problem:
            log.warning("The network cannot run %s here: %s", name, str(problem).partition("\n")[0])
            continue
        off = float((probabilities(found) - probabilities(expected)).abs().max())
        if not off < LARGEST_DIFFERENCE:
            log.warning("Run %s the probabilities differ by %.3f: passed over.", name, off)
            continue
        best.milliseconds[name] = took
        if took < shortest:
            best.run, best.name, shortest = run, name, took
    log.info("%s runs %s (%s).", type(network).__name__, best.name, best.milliseconds)
    return best


def _ways(
    network: nn.Module, device: torch.device, *, compile_too: bool
) -> Iterator[tuple[str, Callable[[], Run]]]:
    """Names, and what makes each way; the likeliest to win first."""
    yield "folded", lambda: folded(network)
    if knows_bfloat16(device):
        yield "bfloat16", lambda: _in_bfloat16(folded(network), device)
    yield "channels last", lambda: _channels_last(copy.deepcopy(network))
    if compile_too:
        yield "compiled", lambda: torch.compile(folded(network), dynamic=True)


def folded(network: nn.Module) -> Run:
    """A copy whose batch norms are folded into the convolutions before them, channels last."""
    mine = copy.deepcopy(network)
    mine.trunk = fuse(mine.get_submodule("trunk"))
    return _channels_last(mine)


def _channels_last(network: nn.Module) -> Run:
    network = network.to(memory_format=torch.channels_last)

    def run(pictures: Tensor, *others: Tensor) -> Tensor:
        found: Tensor = network(pictures.contiguous(memory_format=torch.channels_last), *others)
        return found

    return run


def _in_bfloat16(run: Run, device: torch.device) -> Run:
    def mixed(*inputs: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return run(*inputs).float()

    return mixed


@torch.inference_mode()
def _measured(run: Run, example: tuple[Tensor, ...]) -> tuple[Tensor, float]:
    """What it says, and the milliseconds of the shortest of a few runs after the first."""
    found, spent = run(*example), []
    for _ in range(_RUNS):
        _wait(example)
        started = time.perf_counter()
        found = run(*example)
        _wait(example)
        spent.append(time.perf_counter() - started)
    return found, round(1000 * min(spent), 2)


def _wait(example: tuple[Tensor, ...]) -> None:
    if example[0].device.type == "cuda":
        torch.cuda.synchronize()

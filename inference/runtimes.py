"""The fastest way to run a network on this machine, found by measuring when it is loaded.

Every way is held to the plain network: one whose probabilities differ by 0.01 or more, or that
this machine cannot do, is passed over with a line in the log.
"""

from __future__ import annotations

import copy
import logging
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from inference.precision import knows_bfloat16

log = logging.getLogger(__name__)
LARGEST_DIFFERENCE = 0.01  # of a probability
_SECONDS = 4.0  # per network, after which no further way is tried
_RUNS, _ENOUGH = 3, 1.0  # runs of one way; seconds after which no further one is made

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
    for name, make in _ways(network, example, compile_too=compile_too):
        if time.monotonic() > deadline and name != "compiled":  # that one was asked for
            log.info("No time to try %s.", name)
            continue
        try:
            run = make()
            found, took = _measured(run, example)
        except Exception as problem:  # noqa: BLE001 - every library has its own; none may stop us
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
    network: nn.Module, example: tuple[Tensor, ...], *, compile_too: bool
) -> Iterator[tuple[str, Callable[[], Run]]]:
    """Names, and what makes each way; the likeliest to win first."""
    device = example[0].device
    if device.type == "cpu":
        yield "exported", lambda: exported(network, example)
    yield "folded", lambda: folded(network)
    if knows_bfloat16(device):
        yield "bfloat16", lambda: _in_bfloat16(folded(network), device)
    yield "channels last", lambda: _channels_last(copy.deepcopy(network))
    if compile_too:
        yield "compiled", lambda: torch.compile(folded(network), dynamic=True)


def exported(network: nn.Module, example: tuple[Tensor, ...]) -> Run:
    """The network as ONNX Runtime runs it, for any number of pictures like those of the example.

    Every thread gets a session of its own, on as many cores as torch has where this is called:
    threads that shared one would share its cores too. Raises RuntimeError.
    """
    import onnxruntime  # a third of a second, and the only place that needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    names = [f"input_{number}" for number in range(len(example))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), _silent():
        # The exporter that replaces this one takes half a minute for HRNet, at every start
        warnings.simplefilter("ignore")
        file = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            example,
            file,
            dynamo=False,
            input_names=names,
            dynamic_axes={name: {0: "pictures"} for name in names},
        )
        written = file.read_bytes()
    own = threading.local()

    def run(*inputs: Tensor) -> Tensor:
        if not hasattr(own, "session"):
            own.session = onnxruntime.InferenceSession(
                written, options, providers=["CPUExecutionProvider"]
            )
        given = dict(zip(names, (tensor.numpy() for tensor in inputs), strict=True))
        # The export leaves out what the network does not look at
        given = {one.name: given[one.name] for one in own.session.get_inputs()}
        return torch.from_numpy(own.session.run(None, given)[0])

    return run


@contextmanager
def _silent() -> Iterator[None]:
    """Standard output closed: of a network that it fails on, the exporter prints the whole graph.

    It prints from C++, so `sys.stdout` does not see it, and turns its own switch on by itself.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def folded(network: nn.Module) -> Run:
    """A copy whose batch norms are folded into the convolutions before them, channels last."""
    mine = copy.deepcopy(network)
    if hasattr(mine, "trunk"):  # what stands around a trunk has no batch norm
        mine.trunk = fuse(mine.get_submodule("trunk"))
    else:
        mine = fuse(mine)
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
        if sum(spent) > _ENOUGH:
            break
    return found, round(1000 * min(spent), 2)


def _wait(example: tuple[Tensor, ...]) -> None:
    if example[0].device.type == "cuda":
        torch.cuda.synchronize()

"""Networks to serve in `benchmarks.inference`: the starter's, and those of the recipes, full size.

The full-size networks have the shapes of their recipes and random weights, with batch norms that
have settled on noise: speed does not depend on what they say. But a path does: films on which no
spine is found are not graded. So the answers of the starter's networks are taken instead. They are
asked in a rehearsal and remembered by picture: the path that is timed runs the large ones alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from inference import film_batches
from inference.corner_grades import Calibration, CornerGradeNet
from inference.disc_patches import PATCH
from inference.film_views import COLS, ROWS
from inference.key_points import KeyPointNet
from inference.point_finder import KeyPointFinder
from inference.predict import Grader
from training import corner_grades, key_points

NETWORKS = ("starter", "best", "paper")  # smallest first
Run = Callable[..., Tensor]


def bare(name: str) -> Grader:
    """The networks of the starter weights or of a recipe, as PyTorch runs them plain."""
    if name == "starter":
        return Grader.from_files()
    torch.manual_seed(0)
    grading, pointing = corner_grades.RECIPES[name], key_points.RECIPES[name]
    finder = KeyPointNet(pointing.architecture)
    grader = CornerGradeNet(grading.architecture)
    size = grading.crop.size
    _settle(finder, torch.rand(4, 1, ROWS, COLS))
    if finder.closer is not None:
        _settle(finder.closer, torch.rand(4, 1, PATCH.size, PATCH.size))
    _settle(grader, torch.rand(4, 1, size, size), torch.arange(4))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Grader(KeyPointFinder(finder, device), grader, grading.crop, Calibration())


def served(name: str) -> tuple[Grader, Grader]:
    """The networks run the fastest way: in the path, to be rehearsed on its films, and bare."""
    own = film_batches.prepare(bare(name))
    if name == "starter":
        return own, own
    known = film_batches.prepare(bare("starter"))
    looking = bare(name)
    looking.runtimes = own.runtimes
    looking.finder.architecture = replace(
        own.finder.architecture, heat=known.finder.architecture.heat
    )
    looking.finder.network = _answered(own.finder.network, known.finder.network)
    if own.finder.closer is not None and known.finder.closer is not None:
        looking.finder.closer = _answered(own.finder.closer, known.finder.closer)
    looking.network = own.network
    return looking, own


def weights(grader: Grader) -> float:
    """Millions of weights of both networks of a plain grader."""
    networks = (cast(nn.Module, grader.finder.network), cast(nn.Module, grader.network))
    return sum(p.numel() for network in networks for p in network.parameters()) / 1e6


def _answered(large: Run, known: Run) -> Run:
    """Runs `large` and says what `known` says, which is run once for every picture it sees."""
    remembered: dict[bytes, Tensor] = {}

    def run(pictures: Tensor) -> Tensor:
        large(pictures)
        keys = [hashlib.sha1(one.cpu().numpy().tobytes()).digest() for one in pictures]  # noqa: S324 - a key
        if any(key not in remembered for key in keys):
            remembered.update(zip(keys, known(pictures).clone(), strict=True))
        return torch.stack([remembered[key] for key in keys])

    return run


@torch.no_grad()
def _settle(network: nn.Module, *noise: Tensor) -> None:
    """Let the batch norms see noise, or a deep network of random weights runs out of numbers."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean of what was seen
    network.train()
    network(*noise)
    network.eval()

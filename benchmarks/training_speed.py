"""Samples per second of `training.loop`, beside the bare steps on a batch that lies ready.

A part of `benchmarks.inference`. Recipe `starter` of both networks; on a GPU also `best`.
"""

from __future__ import annotations

import copy
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

from inference.corner_grades import Calibration, CornerGradeNet
from inference.key_points import KeyPointNet
from inference.precision import knows_bfloat16
from training import corner_grades, key_points, snapshot
from training.ahead import AHEAD
from training.loop import Schedule, Task, train
from training.phantom_snapshot import write_phantoms

Rates = tuple[float, float]  # samples a second of the clock, and of processor time
_TURNS = 3
_SKIPPED = 2  # steps of a turn that only warm up


def training_figures(steps: int, seed: int) -> dict[str, Any]:
    """Per network and recipe: both rates and their ratio, medians of turns taken alternately."""
    cv2.setNumThreads(1)  # as `python -m training` does
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found: dict[str, Any] = {"turns": _TURNS, "steps_per_turn": steps}
    with tempfile.TemporaryDirectory(prefix="syndesmo-benchmark-") as name:
        folder = Path(name) / "phantoms"
        parts = [("train", "trial", seed, 12), ("val", "trial", seed + 1, 2)]
        write_phantoms(folder, [*parts, ("test", "trial", seed + 2, 1)], scale=0.5)
        films = snapshot.read(folder)
        for recipe in ("starter", "best") if device.type == "cuda" else ("starter",):
            grading, pointing = corner_grades.RECIPES[recipe], key_points.RECIPES[recipe]
            found[f"corner_grades {recipe}"] = _row(
                CornerGradeNet(grading.architecture),
                corner_grades.GraderTask(films, grading, Calibration(), lambda line: None),
                grading.schedule,
                steps,
                device,
            )
            found[f"key_points {recipe}"] = _row(
                KeyPointNet(pointing.architecture),
                key_points.KeyPointTask(films, pointing, lambda line: None),
                pointing.schedule,
                steps,
                device,
            )
    return found


def _row(
    network: nn.Module, task: Task, whole: Schedule, steps: int, device: torch.device
) -> dict[str, Any]:
    task.device = device  # type: ignore[attr-defined]
    # While so many steps are timed, as many batches are made: the last ones lie ready by then
    schedule = replace(whole, steps=_SKIPPED + steps + AHEAD)
    through: list[Rates] = []
    bare: list[Rates] = []
    for _ in range(_TURNS):
        through.append(_through(copy.deepcopy(network), task, schedule, device))
        bare.append(_bare(copy.deepcopy(network), task, schedule, device))
    (loops, in_loop), (steps_alone, in_step) = (
        (statistics.median(column) for column in zip(*rates, strict=True))
        for rates in (through, bare)
    )
    return {
        "batch": schedule.batch,
        "samples_per_second": round(loops, 2),
        "bare_samples_per_second": round(steps_alone, 2),
        "by_bare": round(loops / steps_alone, 3),
        # On a CPU, where nothing hides behind anything: the same, whatever else the machine does
        "by_bare_in_processor_time": round(in_loop / in_step, 3),
    }


def _now() -> tuple[float, float]:
    """Seconds of the clock, and of all cores for this process."""
    return time.perf_counter(), time.process_time()


def _rates(samples: int, begin: tuple[float, float], end: tuple[float, float]) -> Rates:
    return samples / (end[0] - begin[0]), samples / (end[1] - begin[1])


def _through(network: nn.Module, task: Task, schedule: Schedule, device: torch.device) -> Rates:
    """Samples per second between two progress lines of the loop, validation left out."""
    heard: dict[int, tuple[float, float]] = {}

    def report(line: dict[str, Any]) -> None:
        if line["phase"] == "train":
            heard[line["step"]] = _now()

    alone = replace(schedule, validate_every=schedule.steps, report_every_s=0.0)
    train(network, task, alone, device, report)
    first, last = _SKIPPED, schedule.steps - AHEAD
    return _rates((last - first) * schedule.batch, heard[first], heard[last])


def _bare(network: nn.Module, task: Task, schedule: Schedule, device: torch.device) -> Rates:
    """Forward, backward and optimizer step on one batch that lies on the device."""
    network = network.to(device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate)
    batch = tuple(part.to(device) for part in task.batch(0, schedule.batch))
    batch = (torch.rand_like(batch[0]), *batch[1:])
    bfloat16 = schedule.bfloat16 and knows_bfloat16(device)
    started, steps = _now(), schedule.steps - AHEAD
    for step in range(steps):
        if step == _SKIPPED:
            _wait(device)
            started = _now()
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            loss = task.loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    _wait(device)
    return _rates((steps - _SKIPPED) * schedule.batch, started, _now())


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()

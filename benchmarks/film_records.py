"""What a benchmark writes down of each film, patient by patient, so that a cut run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import torch

Record = dict[str, Any]


def kept(
    file: Path, patients: int, measure: Callable[[int], list[Record]], workers: int
) -> list[Record]:
    """The records of patients 0 .. patients - 1: those in the file, and the missing ones measured.

    `measure` must be importable by a worker process and decided by the patient alone.
    """
    done = {patient: records for patient, records in _lines(file) if patient < patients}
    missing = [patient for patient in range(patients) if patient not in done]
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        file.open("a", encoding="utf-8") as stream,
        ProcessPoolExecutor(workers, initializer=_one_thread) as pool,
    ):
        for patient, records in zip(missing, pool.map(measure, missing), strict=True):
            done[patient] = records
            stream.write(json.dumps([patient, records]) + "\n")
            stream.flush()
    return [record for patient in range(patients) for record in done[patient]]


def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _lines(file: Path) -> Iterator[tuple[int, list[Record]]]:
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            patient, records = json.loads(line)
        except ValueError:  # the line that the end of the run cut
            continue
        yield patient, records

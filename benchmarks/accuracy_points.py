"""Part of `benchmarks.accuracy`: the key points alone, on many small and some full-size films."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.film_records import Record, kept
from inference import checkpoint, key_points
from inference.plausibility import doubt
from inference.point_finder import KeyPointFinder
from training.evaluation import point_errors
from training.phantom import PhantomFilm, generate
from training.phantom_snapshot import manifest_entry
from training.snapshot import film_of

# The bounds of `inference.plausibility` were set when 1,384 films of 907 had shown two shifts that
# nobody noticed; nothing was chosen on 917
LEVELS_SEED, FRESH_SEED, FULL_SIZE_SEED = 907, 917, 909
SMALL = 0.25  # levels need no full-resolution film, and 2,000 of them would take an hour
NEAR_MM = 2.0


def levels(weights: Path, films: int, work: Path, workers: int, seed: int) -> dict[str, Any]:
    """Level shifts: how often a film's discs are counted wrong, and whether it is noticed."""
    measure = partial(_patient, weights, SMALL, seed)
    records = kept(work / f"levels-{seed}.jsonl", films // 2, measure, workers)
    whole = [record for record in records if record["whole"]]
    shifted = [record for record in records if record["levels_off"] > 0]
    return {
        "phantom": {"preset": "clinic", "seed": seed, "scale": SMALL, "mishaps": True},
        "films": len(records),
        "with_a_disc_off_by_a_level": len(shifted),
        "of_these_undetected": sum(record["reason"] is None for record in shifted),
        "aim": "none undetected in 2,000 films",
        "upper_95_limit_of_the_undetected_rate": _most(shifted, len(records)),
        "good_films_refused": sum(record["reason"] is not None for record in whole),
        "good_films": len(whole),
        "turned_films_found": sum(r["turns"] > 0 and r["reason"] is None for r in whole),
        "turned_films": sum(record["turns"] > 0 for record in whole),
        "cut_short_and_refused": sum(
            not record["whole"] and record["reason"] is not None for record in records
        ),
        "cut_short": len(records) - len(whole),
    }


def full_size(weights: Path, films: int, work: Path, workers: int) -> dict[str, Any]:
    """Distances on films at full size, millimetres at the detector, of all films not refused."""
    measure = partial(_patient, weights, 1.0, FULL_SIZE_SEED)
    records = kept(work / "full_size.jsonl", films // 2, measure, workers)
    return {
        "phantom": {"preset": "clinic", "seed": FULL_SIZE_SEED, "scale": 1.0, "mishaps": True},
        "films": len(records),
        "all": _distances(records),
        "cervical": _distances([record for record in records if record["region"] == "C"]),
        "lumbar": _distances([record for record in records if record["region"] == "L"]),
        "median_seconds_per_film": float(np.median([record["seconds"] for record in records])),
    }


@cache
def _finder(weights: Path) -> KeyPointFinder:
    network = key_points.build(checkpoint.load(weights, key_points.TASK))
    return KeyPointFinder(network, torch.device("cpu"))


def _patient(weights: Path, scale: float, seed: int, patient: int) -> list[Record]:
    films = generate(1, 1, "clinic", seed, scale, first=patient, mishaps=True)
    return [_film(_finder(weights), film) for film in films]


def _film(finder: KeyPointFinder, film: PhantomFilm) -> Record:
    pixels, started = film.bone_bright, time.perf_counter()
    found = finder.find(pixels, film.region)
    seconds = time.perf_counter() - started
    known = film_of(Path(), manifest_entry(film, "test"))
    errors = point_errors(known, found.discs)
    return {
        "file": film.file,
        "region": film.region,
        "turns": film.turns,
        "whole": len(known.discs) == 6,
        "reason": doubt(found, film.region, pixels.shape),
        "margin": found.margin,
        "apart": found.apart,
        "levels_off": max(error["levels_off"] for error in errors),
        "center_mm": [error["center_px"] * film.spacing_mm for error in errors],
        "anterior_mm": [error["anterior_px"] * film.spacing_mm for error in errors],
        "seconds": seconds,
    }


def _distances(records: Sequence[Record]) -> dict[str, float | int]:
    graded = [record for record in records if record["reason"] is None]
    center = np.concatenate([record["center_mm"] for record in graded])
    anterior = np.concatenate([record["anterior_mm"] for record in graded])
    return {
        "discs": len(center),
        "both_within_2_mm": float((np.maximum(center, anterior) <= NEAR_MM).mean()),
        "centers_within_2_mm": float((center <= NEAR_MM).mean()),
        "anterior_points_within_2_mm": float((anterior <= NEAR_MM).mean()),
        "median_center_mm": float(np.median(center)),
        "median_anterior_mm": float(np.median(anterior)),
    }


def _most(shifted: Sequence[Record], films: int) -> float | None:
    """The rule of three: no event in n films still allows a rate of 3 / n."""
    undetected = sum(record["reason"] is None for record in shifted)
    return 3 / films if undetected == 0 and films else None

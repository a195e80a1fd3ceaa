"""Part of `benchmarks.accuracy`: grades, totals and changes of a clinic cohort, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.services.agreement import icc
from benchmarks.film_records import Record, kept
from inference import checkpoint
from inference.msasss import likeliest, total
from inference.predict import Grader
from training import metrics
from training.evaluation import point_errors
from training.phantom import PhantomFilm, generate, readers
from training.phantom_snapshot import manifest_entry
from training.snapshot import film_of

SEED = 900  # of nobody else: the starter trains on 101-104
VISITS = 2
RESAMPLES = 1000
Floats = npt.NDArray[np.float64]
Visit = tuple[int, int]  # patient, days


def measured(
    files: Sequence[Path], patients: int, scale: float, work: Path, workers: int
) -> dict[str, Any]:
    """Figures of the weights and of a synthetic reader on the same films."""
    records = tested(files, patients, scale, work, workers)
    return {
        "phantom": {"preset": "clinic", "seed": SEED, "patients": patients, "visits": VISITS,
                    "scale": scale, "mishaps": True},
        "model": figures(records, "model"),
        "synthetic_reader": figures(records, "reader"),
        "films": _films(records),
    }  # fmt: skip


def tested(
    files: Sequence[Path], patients: int, scale: float, work: Path, workers: int
) -> list[Record]:
    """What the weights make of every film; kept in `work`, under the checksums of both files."""
    sums = "-".join(checkpoint.load(file).sha256[:12] for file in files)
    measure = partial(_patient, tuple(files), scale)
    return kept(work / sums / f"grades-{scale}.jsonl", patients, measure, workers)


@cache
def grader_of(files: tuple[Path, ...]) -> Grader:
    """The networks of two weights files, loaded once in a process."""
    return Grader.from_files(*files, device="cpu")


def _patient(files: tuple[Path, ...], scale: float, patient: int) -> list[Record]:
    grader = grader_of(files)
    films = generate(1, VISITS, "clinic", SEED, scale, first=patient, mishaps=True)
    return [_film(grader, film) for film in films]


def _film(grader: Grader, film: PhantomFilm) -> Record:
    found = grader.grade_film(film.bone_bright, film.region)
    known = film_of(Path(), manifest_entry(film, "test"))
    return {
        "patient": film.patient_index,
        "days": film.visit_days,
        "region": film.region,
        "scanner": film.vendor,
        "turns": film.turns,
        "whole": len(known.discs) == 6,
        "reason": found.reason,
        "truth": {code: c.grade for code, c in film.corners.items() if c.assessable},
        "model": {code: likeliest(shares) for code, shares in found.corners.items()},
        "reader": readers.read(film.corners, 7, film=film.file),
        "worst_mm": [
            max(e["center_px"], e["anterior_px"]) * film.spacing_mm
            for e in point_errors(known, found.discs)
        ],
        "levels_off": max(e["levels_off"] for e in point_errors(known, found.discs)),
    }


def figures(records: Sequence[Record], who: str) -> dict[str, Any]:
    """Every figure with its 95 % interval over resampled patients."""
    tables, pairs, changes = by_patient(records, who)
    people = sorted(tables)
    index = {patient: place for place, patient in enumerate(people)}
    stacked = np.stack([tables[patient] for patient in people])
    values = _values(stacked.sum(axis=0), pairs, changes)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
        table = np.tensordot(times, stacked, axes=1)
        again = [
            np.repeat(rows, times[[index[int(p)] for p in rows[:, 0]]], axis=0)
            for rows in (pairs, changes)
        ]
        drawn.append(_values(table, *again))
    table = stacked.sum(axis=0)
    return {
        "corners": int(table.sum()),
        "confusion": table.astype(int).tolist(),
        "visits_with_both_totals": len(pairs),
        **{
            name: {
                "value": value,
                "ci95": np.nanpercentile([one[name] for one in drawn], [2.5, 97.5]).tolist(),
            }
            for name, value in values.items()
        },
        "limits_of_agreement": _limits(pairs),
        "by_scanner": {
            scanner: _accuracy([r for r in records if r["scanner"] == scanner], who)
            for scanner in ("A", "B")
        },
    }


def by_patient(records: Sequence[Record], who: str) -> tuple[dict[int, Floats], Floats, Floats]:
    """Per patient a confusion table; rows (patient, actual, given) of totals and of changes."""
    tables: dict[int, Floats] = defaultdict(lambda: np.zeros((4, 4)))
    truth: dict[Visit, dict[str, int | None]] = defaultdict(dict)
    given: dict[Visit, dict[str, int | None]] = defaultdict(dict)
    for record in records:
        visit = (record["patient"], record["days"])
        for code, grade in record["truth"].items():
            said = record[who].get(code)
            truth[visit][code], given[visit][code] = grade, said
            if said is not None:
                tables[record["patient"]][grade, said] += 1
        tables[record["patient"]] += 0
    pairs = [
        (patient, days, actual, said)
        for patient, days in sorted(truth)
        if (actual := total(truth[patient, days]).total) is not None
        and (said := total(given[patient, days]).total) is not None
    ]
    rows = np.array(pairs, dtype=float).reshape(-1, 4)
    changes = [
        (rows[i, 0], *(rows[i + 1, 2:] - rows[i, 2:]))
        for i in range(len(rows) - 1)
        if rows[i, 0] == rows[i + 1, 0]
    ]
    return tables, rows[:, [0, 2, 3]], np.array(changes, dtype=float).reshape(-1, 3)


def _values(table: Floats, pairs: Floats, changes: Floats) -> dict[str, float]:
    counted = table.astype(np.int64)
    grades = metrics.per_grade(counted)
    zero = pairs[pairs[:, 1] == 0]
    found = {
        "mean_accuracy_ovr": grades.mean.accuracy_ovr,
        "mean_sensitivity": grades.mean.sensitivity,
        "mean_specificity": grades.mean.specificity,
        **{f"sensitivity_of_grade_{g}": one.sensitivity for g, one in enumerate(grades)},
        "multiclass_accuracy": metrics.multiclass_accuracy(counted),
        "kappa_quadratic": metrics.kappa(counted),
        "icc_of_totals": _icc(pairs),
        "icc_of_change": _icc(changes),
        "bias": float((pairs[:, 2] - pairs[:, 1]).mean()) if len(pairs) else np.nan,
        "total_given_to_true_zeros": float(zero[:, 2].mean()) if len(zero) else np.nan,
    }
    return {name: np.nan if value is None else value for name, value in found.items()}


def _icc(rows: Floats) -> float:
    found = icc(rows[:, 1:])["ICC(2,1)"].value if len(rows) > 2 else None
    return np.nan if found is None else float(found)


def _limits(pairs: Floats) -> list[float]:
    difference = pairs[:, 2] - pairs[:, 1]
    spread = 1.96 * difference.std(ddof=1)
    return [float(difference.mean() - spread), float(difference.mean() + spread)]


def _accuracy(records: Sequence[Record], who: str) -> float | None:
    said = [
        record[who][code] == grade
        for record in records
        for code, grade in record["truth"].items()
        if record[who].get(code) is not None
    ]
    return float(np.mean(said)) if said else None


def _films(records: Sequence[Record]) -> dict[str, Any]:
    """What became of the films: refused ones, turned ones, levels."""

    def refused(which: Callable[[Mapping[str, Any]], bool]) -> list[int]:
        chosen = [record for record in records if which(record)]
        return [sum(record["reason"] is not None for record in chosen), len(chosen)]

    graded = [record for record in records if record["reason"] is None]
    worst = np.concatenate([record["worst_mm"] for record in graded])
    return {
        "films": len(records),
        "refused_of_good_ones": refused(lambda r: r["whole"]),
        "refused_of_turned_ones": refused(lambda r: r["turns"] > 0 and r["whole"]),
        "refused_of_those_cut_short": refused(lambda r: not r["whole"]),
        "graded_with_a_disc_off_by_a_level": sum(r["levels_off"] > 0 for r in graded),
        "both_points_within_2_mm": float((worst <= 2).mean()),
        "reasons": sorted({record["reason"] for record in records if record["reason"]}),
    }

"""Part of `benchmarks.accuracy`: discs that nobody can assess, and limbus vertebrae.

`inference.predict.LEAST_CONTRAST`, under which a disc gets no grades, was chosen on the validation
people; what it is worth is measured on the test people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.accuracy_grades import grader_of
from benchmarks.film_records import Record, kept
from inference.corner_regions import crop_transforms, relative_contrast, warp
from inference.msasss import DISCS, facing, sites_of
from inference.predict import LEAST_CONTRAST, Grader
from training.phantom import PhantomFilm, generate, oddities, severity, take

VALIDATION_SEED, TEST_SEED, LIMBUS_SEED = 931, 933, 941  # of nobody else
SCALE = 0.5
THRESHOLDS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)


def hidden(files: Sequence[Path], patients: int, work: Path, workers: int) -> dict[str, Any]:
    """Of hidden discs, and of all others of every tenth patient: how many get no grades."""
    found: dict[str, Any] = {
        "phantom": {"preset": "clinic", "scale": SCALE, "mishaps": True, "patients": patients},
        "threshold": LEAST_CONTRAST,
    }
    for name, seed in (("validation", VALIDATION_SEED), ("test", TEST_SEED)):
        measure = partial(_patient, tuple(files), seed)
        records = kept(work / f"hidden-{seed}.jsonl", patients, measure, workers)
        discs = [
            disc for r in records for disc in r["discs"] if r["sample"] or not all(disc["seen"])
        ]
        found[name] = {
            "seed": seed,
            "films_looked_at": len(records),
            "of_these_refused": sum(record["reason"] is not None for record in records),
            "not_graded": _below(discs, LEAST_CONTRAST),
        }
        if name == "validation":
            found[name]["not_graded_by_threshold"] = {str(t): _below(discs, t) for t in THRESHOLDS}
    return found


def _below(discs: Sequence[Record], threshold: float) -> dict[str, list[int]]:
    """Per kind of disc: how many lie below the threshold, of how many."""
    kinds: dict[str, list[float]] = {
        "behind_the_shoulders": [], "one_corner_hidden": [], "between_screws": [], "assessable": [],
    }  # fmt: skip
    for disc in discs:
        if all(disc["seen"]):
            kind = "assessable"
        elif any(disc["seen"]):
            kind = "one_corner_hidden"
        else:
            kind = "between_screws" if disc["screws"] else "behind_the_shoulders"
        kinds[kind].append(disc["contrast"])
    return {
        kind: [int((np.array(values) < threshold).sum()), len(values)]
        for kind, values in kinds.items()
    }


def _patient(files: tuple[Path, ...], seed: int, patient: int) -> list[Record]:
    """The neck if it hides a disc; of every tenth patient both films, whatever they show."""
    sample = patient % 10 == 0
    films = generate(
        1,
        1,
        "clinic",
        seed,
        SCALE,
        first=patient,
        mishaps=True,
        regions=("C", "L") if sample else ("C",),
    )
    return [
        {**_film(grader_of(files), film), "sample": sample}
        for film in films
        if sample or not all(corner.assessable for corner in film.corners.values())
    ]


def _film(grader: Grader, film: PhantomFilm) -> Record:
    found = grader.grade_film(film.bone_bright, film.region)
    record: Record = {"region": film.region, "reason": found.reason, "discs": []}
    if found.reason is not None:
        return record
    size, recipe = grader.recipe.size, grader.recipe
    crops = {
        disc: warp(film.bone_bright, transform, size, size)
        for disc, transform in crop_transforms(found.discs, recipe).items()
    }
    first = severity.latents("clinic", film.seed, film.patient_index, (0, 0))[film.region][0]
    screws = oddities.traits(film.seed, film.patient_index, film.region, first).hardware
    for cranial in sites_of(film.region)[::2]:
        both = [film.corners[site.code] for site in (cranial, facing(cranial))]
        record["discs"].append(
            {
                "disc": cranial.disc,
                "contrast": relative_contrast(crops, recipe)[cranial.disc],
                "confidence": found.discs[cranial.disc].confidence,
                "seen": [corner.assessable for corner in both],
                "screws": screws is not None and DISCS[film.region][screws] == cranial.disc,
            }
        )
    return record


def limbus(files: Sequence[Path], people: int, work: Path, workers: int) -> dict[str, Any]:
    """Grades given to corners with a limbus, all of them healthy, and to the same without it."""
    chosen = list(islice((p for p in count() if _limbus_of(p) is not None), people))
    records = kept(
        work / "limbus.jsonl", people, partial(_with_and_without, tuple(files), chosen), workers
    )
    given: dict[str, Counter[int]] = {"with": Counter(), "without": Counter()}
    for record in records:
        given[record["limbus"]][record["grade"]] += 1
    return {
        "phantom": {"preset": "clinic", "seed": LIMBUS_SEED, "scale": SCALE, "people": people},
        **{f"grades_0_to_3_{name}": [had[g] for g in range(4)] for name, had in given.items()},
    }


def _with_and_without(files: tuple[Path, ...], chosen: Sequence[int], number: int) -> list[Record]:
    records, own, place = [], oddities.traits, _limbus_of(chosen[number])
    for name in ("with", "without"):
        drop = (lambda *who: replace(own(*who), limbus=None)) if name == "without" else own
        with mock.patch.object(oddities, "traits", drop):
            film = take(chosen[number], 0, "L", seed=LIMBUS_SEED, scale=SCALE)
        found = grader_of(files).grade_film(film.bone_bright, "L")
        if found.reason is None and place is not None:
            site = f"{DISCS['L'][place].split('/')[1]}_SUP"
            if site in found.corners:
                records.append({"limbus": name, "grade": int(np.argmax(found.corners[site]))})
    return records


def _limbus_of(patient: int) -> int | None:
    latent = severity.latents("clinic", LIMBUS_SEED, patient, (0, 0))["L"][0]
    return oddities.traits(LIMBUS_SEED, patient, "L", latent).limbus

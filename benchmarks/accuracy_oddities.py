"""Part of `benchmarks.accuracy`: discs that nobody can assess, and limbus vertebrae.

The bounds of `inference.disc_sight`, beyond which a disc gets no grades, were chosen on the
validation people; what they are worth is measured on the test people.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.accuracy_grades import grader_of
from benchmarks.film_records import Record, kept
from inference.corner_regions import CropRecipe, crop_transforms, warp
from inference.disc_sight import (
    LEAST_CONTRAST,
    METAL_STANDS_OUT,
    ends_of,
    metal_on_both_sides,
    relative_contrast,
)
from inference.msasss import DISCS, facing, likeliest, sites_of
from inference.predict import Grader
from training.phantom import PhantomFilm, generate, oddities, severity, take
from training.phantom.severity import REGIONS
from training.phantom_snapshot import manifest_entry
from training.snapshot import film_of

VALIDATION_SEED, TEST_SEED, LIMBUS_SEED = 931, 933, 941  # of nobody else
SCALE = 0.5
CROP = CropRecipe()  # the starter's
CONTRASTS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
METALS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


def hidden(files: Sequence[Path], patients: int, work: Path, workers: int) -> dict[str, Any]:
    """Of hidden discs, and of all others of every tenth patient: how many get no grades."""
    found: dict[str, Any] = {
        "phantom": {"preset": "clinic", "scale": SCALE, "mishaps": True, "patients": patients},
        "least_contrast": LEAST_CONTRAST,
        "metal_stands_out": METAL_STANDS_OUT,
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
            "not_graded": _refused(discs, LEAST_CONTRAST, METAL_STANDS_OUT),
        }
        if name == "validation":
            found[name]["not_graded_by_contrast"] = {
                str(bound): _refused(discs, bound, math.inf) for bound in CONTRASTS
            }
            found[name]["not_graded_by_metal"] = {
                str(bound): _refused(discs, 0.0, bound) for bound in METALS
            }
    return found


def _refused(
    discs: Sequence[Record], least_contrast: float, metal_stands_out: float
) -> dict[str, list[int]]:
    """Per kind of disc: how many would get no grades under these bounds, of how many."""
    kinds: dict[str, list[bool]] = {
        "behind_the_shoulders": [], "one_corner_hidden": [], "between_screws": [], "assessable": [],
        "assessable_and_bridged": [],
    }  # fmt: skip
    for disc in discs:
        refused = disc["contrast"] < least_contrast or disc["metal"] >= metal_stands_out
        if all(disc["seen"]):
            kind = "assessable"
        elif any(disc["seen"]):
            kind = "one_corner_hidden"
        else:
            kind = "between_screws" if disc["screws"] else "behind_the_shoulders"
        kinds[kind].append(refused)
        if kind == "assessable" and disc["bridged"]:  # a rule that spares these least would bias
            kinds["assessable_and_bridged"].append(refused)
    return {kind: [sum(those), len(those)] for kind, those in kinds.items()}


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
    ends = ends_of(crops, recipe)
    contrast, metal = relative_contrast(ends), metal_on_both_sides(crops, ends, recipe)
    first = severity.latents("clinic", film.seed, film.patient_index, (0, 0))[film.region][0]
    screws = oddities.traits(film.seed, film.patient_index, film.region, first).hardware
    for cranial in sites_of(film.region)[::2]:
        both = [film.corners[site.code] for site in (cranial, facing(cranial))]
        record["discs"].append(
            {
                "disc": cranial.disc,
                "contrast": contrast[cranial.disc],
                "metal": metal[cranial.disc],
                "confidence": found.discs[cranial.disc].confidence,
                "bridged": both[0].grade == 3,
                "seen": [corner.assessable for corner in both],
                "screws": screws is not None and DISCS[film.region][screws] == cranial.disc,
            }
        )
    return record


def screws(people: int, work: Path, workers: int) -> dict[str, Any]:
    """Of discs between screws, and of others by their worse grade: how many count as such.

    At the films' own points. Of `people` in each set every operated one, every twentieth other.
    """
    found: dict[str, Any] = {
        "phantom": {"preset": "clinic", "scale": SCALE, "people": people},
        "metal_stands_out": METAL_STANDS_OUT,
    }
    for name, seed in (("validation", VALIDATION_SEED), ("test", TEST_SEED)):
        records = kept(work / f"screws-{seed}.jsonl", people, partial(_metal, seed), workers)
        kinds: dict[str, list[bool]] = {
            kind: [] for kind in ("between_screws", *(f"others_of_grade_{g}" for g in range(4)))
        }
        for record in records:
            kinds[record["kind"]].append(record["metal"] >= METAL_STANDS_OUT)
        found[name] = {"seed": seed, **{k: [sum(those), len(those)] for k, those in kinds.items()}}
    return found


def _metal(seed: int, person: int) -> list[Record]:
    records: list[Record] = []
    for region in REGIONS:
        latent = severity.latents("clinic", seed, person, (0, 0))[region][0]
        place = oddities.traits(seed, person, region, latent).hardware
        if place is None and person % 20:
            continue
        film = take(person, 0, region, seed=seed, scale=SCALE)
        discs = film_of(Path(), manifest_entry(film, "test")).discs
        crops = {
            disc: warp(film.bone_bright, transform, CROP.size, CROP.size)
            for disc, transform in crop_transforms(discs, CROP).items()
        }
        for disc, metal in metal_on_both_sides(crops, ends_of(crops, CROP), CROP).items():
            here = DISCS[region].index(disc)
            grade = int(severity.grades(latent)[here].max())
            kind = "between_screws" if here == place else f"others_of_grade_{grade}"
            records.append({"kind": kind, "metal": metal})
    return records


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
                records.append({"limbus": name, "grade": likeliest(found.corners[site])})
    return records


def _limbus_of(patient: int) -> int | None:
    latent = severity.latents("clinic", LIMBUS_SEED, patient, (0, 0))["L"][0]
    return oddities.traits(LIMBUS_SEED, patient, "L", latent).limbus

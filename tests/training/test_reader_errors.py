"""Readers' errors are found from their reads alone, and weigh what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.msasss import sites_of
from training.corner_grades import labelled
from training.grader_recipes import RECIPES
from training.reader_errors import estimate, weighed
from training.snapshot import Snapshot, SnapshotFilm

SITES = [site.code for site in sites_of("L")]
SLIPS = {"careful": 0.03, "usual": 0.1, "careless": 0.4}


def films(n: int = 60, readers: tuple[str, ...] = tuple(SLIPS)) -> tuple[list[SnapshotFilm], Any]:
    """Films of known grades, read with known error rates."""
    random = np.random.default_rng(5)
    made, truth = [], []
    for number in range(n):
        grades = random.choice(4, 12, p=[0.6, 0.2, 0.1, 0.1])
        reads = {
            reader: {
                site: int(random.integers(4)) if random.random() < SLIPS[reader] else int(g)
                for site, g in zip(SITES, grades, strict=True)
            }
            for reader in readers
        }
        votes = {s: tuple(sum(r[s] == g for r in reads.values()) for g in range(4)) for s in SITES}
        made.append(
            SnapshotFilm(
                str(number),
                Path("f"),
                f"p{number}",
                "train",
                0,
                "L",
                "c",
                "s",
                0.2,
                "",
                {},
                votes,
                reads,  # type: ignore[arg-type]
            )
        )
        truth.append(dict(zip(SITES, grades.tolist(), strict=True)))
    return made, truth


def test_each_readers_error_rate_is_found_without_the_truth() -> None:
    found = estimate(films()[0])
    assert found is not None
    for reader, slip in SLIPS.items():
        right = np.average(np.diag(found.errors[reader]), weights=found.prevalence)
        assert right == pytest.approx(1 - 0.75 * slip, abs=0.05)
    assert found.prevalence == pytest.approx([0.6, 0.2, 0.1, 0.1], abs=0.05)


def test_weighed_labels_are_nearer_to_the_truth_than_votes() -> None:
    made, truth = films()
    found = estimate(made)
    assert found is not None

    def said(held: Any) -> float:
        shares = [
            np.array(f.corners[s], float)[t[s]] / sum(f.corners[s])
            for f, t in zip(held, truth, strict=True)
            for s in SITES
        ]
        return float(np.mean(shares))

    assert said(weighed(made, found)) > said(made) + 0.05


def test_a_reader_of_whom_nothing_is_known_is_believed_as_readers_usually_are() -> None:
    made, _ = films()
    found = estimate(made)
    assert found is not None
    strange = replace(made[0], reads={"new": dict.fromkeys(SITES, 3)})
    (weighed_film,) = weighed([strange], found)
    assert weighed_film.corners["L1_INF"][3] > 0.7
    both = replace(made[0], reads={"careful": dict.fromkeys(SITES, 0)} | strange.reads)
    (weighed_film,) = weighed([both], found)
    assert weighed_film.corners["L1_INF"][0] > 0.9  # the careful one weighs more


def test_an_adjudicated_corner_keeps_its_decision() -> None:
    made, _ = films()
    decided = replace(
        made[0], corners={**made[0].corners, "L1_INF": (0, 0, 1, 0)},
        adjudicated=frozenset({"L1_INF"}),
    )  # fmt: skip
    found = estimate([decided, *made[1:]])
    assert found is not None
    assert weighed([decided], found)[0].corners["L1_INF"] == (0, 0, 1, 0)


def test_reads_that_never_overlap_weigh_nobody() -> None:
    made, _ = films(readers=("careful",))
    assert estimate(made) is None
    said: list[Any] = []
    snapshot = Snapshot(Path(), "s", "", "", tuple(made), "")
    assert labelled(snapshot, RECIPES["best"], said.append) is snapshot
    assert "every vote counts alike" in said[0]["phase"]


def test_the_papers_recipe_learns_one_grade_per_corner() -> None:
    made, _ = films()
    snapshot = Snapshot(Path(), "s", "", "", tuple(made), "")
    corners = labelled(snapshot, RECIPES["paper"], lambda _: None).films[0].corners
    assert {sum(votes) for votes in corners.values()} == {1.0}
    assert {max(votes) for votes in corners.values()} == {1.0}

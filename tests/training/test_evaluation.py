"""Figures of a candidate on a few hand-made films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inference.corner_regions import LEVELS, DiscPoints
from training.evaluation import consensus, grade_figures, point_figures
from training.snapshot import SnapshotFilm

DISCS = {
    disc: DiscPoints(disc, (100.0, 100.0 + 80 * level), (60.0, 100.0 + 80 * level))
    for level, disc in enumerate(LEVELS[:6])
}
FILM = SnapshotFilm(
    "f", Path("f.jls"), "p", "test", 0, "C", "here", "A", 0.5, "", DISCS,
    {"C2_INF": (2, 0, 0, 0), "C3_SUP": (0, 0, 1, 0), "C3_INF": (0, 0, 0, 0)},
)  # fmt: skip
SURE = {grade: [float(grade == g) for g in range(4)] for grade in range(4)}


def test_the_consensus_is_the_most_voted_grade() -> None:
    assert consensus([0, 3, 1, 0]) == 1
    assert consensus([1, 1, 0, 0]) == 0
    assert consensus([0, 0, 0, 0]) is None


def test_only_corners_graded_on_both_sides_count() -> None:
    found = grade_figures([FILM], [{"C2_INF": SURE[0], "C3_SUP": SURE[1], "C3_INF": SURE[3]}])
    assert found["corners"] == 2
    assert found["confusion"] == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert found["multiclass_accuracy"] == 0.5


def test_totals_are_summed_per_patient_and_visit() -> None:
    later = replace(FILM, visit_days=730)
    sure = {"C2_INF": SURE[1], "C3_SUP": SURE[2]}
    found = grade_figures([FILM, later], [sure, sure])
    assert found["total"]["n"] == 2
    assert found["total"]["bias"] == pytest.approx(1.0)
    assert found["patients"] == 1


def test_a_corner_that_two_films_of_a_visit_show_counts_once_in_its_total() -> None:
    """A repeated exposure would make a neck of 36 units one of 72."""
    again = replace(FILM, film="again", corners={"C2_INF": (0, 1, 0, 0)})
    sure = {"C2_INF": SURE[2], "C3_SUP": SURE[2]}
    found = grade_figures([FILM, again], [sure, sure])
    assert found["corners"] == 3
    assert found["total"]["n"] == 1
    assert found["total"]["bias"] == 1.0  # 2 for a 1, and the other corner right


def test_the_expected_total_uses_all_probabilities() -> None:
    unsure = {"C2_INF": [0.6, 0.4, 0.0, 0.0], "C3_SUP": SURE[2]}
    found = grade_figures([FILM], [unsure])
    assert found["total"]["bias"] == 0
    assert found["total"]["bias_of_expected"] == pytest.approx(0.4)


def test_no_test_film_gives_no_figures_instead_of_an_error() -> None:
    found = grade_figures([], [])
    assert found["corners"] == 0
    assert found["kappa_quadratic"] is None


def test_point_errors_are_in_millimetres_and_in_disc_spacings() -> None:
    off = {
        disc: replace(points, center=(points.center[0], points.center[1] + 2))
        for disc, points in DISCS.items()
    }
    found = point_figures([FILM], [off])
    assert found["mean_error_mm"] == pytest.approx(0.5)
    assert found["mean_error_in_disc_spacings"] == pytest.approx(1 / 80)
    assert found["within_2_mm"] == 1.0
    assert found["off_by_a_level"] == 0.0


def test_discs_that_stand_where_a_model_found_them_are_told_and_judged_apart() -> None:
    film = replace(FILM, by_model=frozenset([*DISCS][1:]))
    off = next(iter(DISCS))
    far = {**DISCS, off: replace(DISCS[off], center=(DISCS[off].center[0], 999.0))}
    found = point_figures([film], [far])
    assert (found["discs"], found["discs_by_model"]) == (6, 5)
    assert (found["within_2_mm"], found["within_2_mm_by_readers"]) == (pytest.approx(5 / 6), 0.0)
    assert point_figures([FILM], [DISCS])["discs_by_model"] == 0
    own = replace(FILM, by_model=frozenset(DISCS))
    assert point_figures([own], [DISCS])["within_2_mm_by_readers"] is None


def test_a_shift_by_one_level_is_counted() -> None:
    shifted = {
        disc: replace(points, center=(points.center[0], points.center[1] + 80))
        for disc, points in DISCS.items()
    }
    assert point_figures([FILM], [shifted])["off_by_a_level"] == pytest.approx(5 / 6)


def test_an_unknown_spacing_leaves_the_millimetres_open() -> None:
    found = point_figures([replace(FILM, spacing_mm=None)], [DISCS])
    assert found["mean_error_mm"] is None
    assert found["mean_error_in_disc_spacings"] == 0.0

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics import confusion, kappa, multiclass_accuracy, per_grade, totals

REFERENCE = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
KOO = REFERENCE["koo_table_1"]
COHEN = REFERENCE["cohen_1968"]
FIGURES = ["sensitivity", "specificity", "ppv", "npv", "f1", "accuracy_ovr"]

grades = st.sampled_from([0, 1, 2, 3])
pairs_of_grades = st.lists(st.tuples(grades, grades), min_size=1, max_size=60)


@pytest.mark.parametrize("grade", [0, 1, 2, 3])
@pytest.mark.parametrize("figure", FIGURES)
def test_per_grade_gives_the_figures_of_the_published_table(grade: int, figure: str) -> None:
    expected = KOO["per_grade"][str(grade)][figure]
    assert getattr(per_grade(KOO["matrix"])[grade], figure) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_mean_weighs_every_grade_alike(figure: str) -> None:
    mean = getattr(per_grade(KOO["matrix"]).mean, figure)
    assert mean == pytest.approx(KOO["macro"][figure], abs=1e-12)


@pytest.mark.parametrize(("figure", "printed"), KOO["printed"].items())
def test_the_means_round_to_the_printed_digits(figure: str, printed: float) -> None:
    assert round(getattr(per_grade(KOO["matrix"]).mean, figure), 5) == printed


def test_multiclass_accuracy_is_not_the_mean_one_vs_rest_accuracy() -> None:
    assert multiclass_accuracy(KOO["matrix"]) == pytest.approx(KOO["accuracy_multiclass"])


def test_a_grade_that_is_never_predicted_has_no_ppv_and_spoils_the_mean() -> None:
    table = np.array(KOO["matrix"])
    table[:, 0] += table[:, 2]
    table[:, 2] = 0
    figures = per_grade(table)
    assert figures[2].ppv is None
    assert figures.mean.ppv is None
    assert figures[2].sensitivity == 0
    assert figures.mean.sensitivity is not None


def test_an_empty_table_has_no_figures() -> None:
    figures = per_grade(np.zeros((4, 4)))
    assert all(getattr(grade, figure) is None for grade in figures for figure in FIGURES)
    assert multiclass_accuracy(np.zeros((4, 4))) is None
    assert kappa(np.zeros((4, 4))) is None


@given(pairs_of_grades)
def test_every_share_lies_between_0_and_1(pairs: list[tuple[int, int]]) -> None:
    for figures in per_grade(confusion(*zip(*pairs, strict=True))):
        shares = [getattr(figures, figure) for figure in FIGURES]
        assert all(share is None or 0 <= share <= 1 for share in shares)


@given(pairs_of_grades)
def test_confusion_counts_every_pair_once_rows_actual(pairs: list[tuple[int, int]]) -> None:
    table = confusion(*zip(*pairs, strict=True))
    assert table.sum() == len(pairs)
    assert all(table[a, p] == pairs.count((a, p)) for a, p in pairs)


def test_confusion_leaves_out_what_either_side_did_not_grade() -> None:
    table = confusion([0, None, 2, 3], [1, 1, float("nan"), 3])
    assert table.sum() == 2
    assert table[0, 1] == table[3, 3] == 1


@pytest.mark.parametrize("actual", [[0, 4], [0, 0.5], [0, -1]])
def test_confusion_refuses_what_is_no_grade(actual: list[float]) -> None:
    with pytest.raises(ValueError, match="must be 0, 1, 2 or 3"):
        confusion(actual, [0, 0])


def test_confusion_refuses_lists_of_different_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        confusion([0, 1], [0])


@pytest.mark.parametrize("table", [[[1, 2, 3]], [[1, -1], [0, 1]], [[float("nan"), 0], [0, 1]]])
def test_what_is_no_confusion_table_is_refused(table: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="confusion table"):
        per_grade(table)


@pytest.mark.parametrize(
    ("weights", "figure"),
    [("none", "kappa"), ("linear", "kappa_linear"), ("quadratic", "kappa_quadratic")],
)
def test_kappa_of_the_published_table(weights: str, figure: str) -> None:
    assert kappa(KOO["matrix"], weights) == pytest.approx(KOO[figure], abs=1e-12)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_kappa_of_cohens_example(weights: str) -> None:
    assert kappa(COHEN["matrix"], weights) == pytest.approx(COHEN[weights], abs=1e-12)
    assert kappa(COHEN["matrix"], "none") == pytest.approx(COHEN["kappa"], abs=1e-12)


def test_kappa_takes_cohens_own_weights() -> None:
    own = np.array(COHEN["weights"])
    assert kappa(COHEN["matrix"], own) == pytest.approx(COHEN["weighted"], abs=1e-12)


def test_kappa_without_variation_is_undefined() -> None:
    assert kappa(confusion([0] * 10, [0] * 10)) is None


def test_kappa_is_0_when_one_rater_varies_and_the_other_does_not() -> None:
    assert kappa(confusion([0, 0, 0, 0], [0, 1, 2, 3])) == pytest.approx(0)


@given(pairs_of_grades)
def test_kappa_does_not_care_who_is_called_first(pairs: list[tuple[int, int]]) -> None:
    table = confusion(*zip(*pairs, strict=True))
    value = kappa(table)
    assert value == pytest.approx(kappa(table.T))
    assert value is None or value <= 1


def test_kappa_refuses_weights_of_another_size_or_name() -> None:
    with pytest.raises(ValueError, match="4 x 4"):
        kappa(np.eye(4), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="cubic"):
        kappa(np.eye(4), "cubic")


def test_totals_give_bias_spread_and_what_true_zeros_receive() -> None:
    error = totals([0, 0, 10, 20], [1, 3, 9, 23])
    assert (error.n, error.bias, error.mae, error.false_total) == (4, 1.5, 2.0, 2.0)
    sd = np.std([1, 3, -1, 3], ddof=1)
    assert error.sd == pytest.approx(sd)
    assert error.limits == pytest.approx((1.5 - 1.96 * sd, 1.5 + 1.96 * sd))


def test_totals_of_one_film_have_no_spread() -> None:
    error = totals([5], [6])
    assert (error.bias, error.sd, error.limits, error.false_total) == (1, None, None, None)


@given(st.lists(st.integers(0, 72), min_size=2), st.integers(-5, 5))
def test_a_model_that_is_off_by_a_constant_has_that_bias_and_no_spread(
    actual: list[int], shift: int
) -> None:
    error = totals(actual, [score + shift for score in actual])
    assert (error.bias, error.mae, error.sd) == (shift, abs(shift), 0)


@pytest.mark.parametrize("actual", [[], [1, 2], [[1]], [float("nan")]])
def test_totals_refuse_what_they_cannot_compare(actual: list[float]) -> None:
    with pytest.raises(ValueError, match=r"one length|not scored"):
        totals(actual, [1] if actual else [])

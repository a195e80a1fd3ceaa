import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.services.agreement import icc
from annotation.services.kappa import NO_PAIRS, NO_VARIATION, ordinal_alpha, weighted_kappa

REFERENCE = json.loads((Path(__file__).parents[2] / "reference_values.json").read_text())
TEN = REFERENCE["ten_corners"]
UNUSED = REFERENCE["unused_grade"]

grade = st.none() | st.sampled_from([0, 1, 2, 3])
three_readers = st.lists(st.tuples(grade, grade, grade), min_size=1, max_size=30)


def as_table(rows: list) -> np.ndarray:
    return np.array(rows, dtype=float)


@pytest.mark.parametrize(("weights", "name"), [("none", "kappa"), ("linear",) * 2])
def test_kappa_of_ten_corners(weights: str, name: str) -> None:
    assert weighted_kappa(TEN["a"], TEN["b"], weights).value == pytest.approx(TEN[name])


def test_kappa_is_quadratic_unless_told_otherwise() -> None:
    result = weighted_kappa(TEN["a"], TEN["b"])
    assert (result.value, result.n) == (pytest.approx(TEN["quadratic"]), 10)


def test_a_grade_that_nobody_used_is_still_a_step_of_the_scale() -> None:
    value = weighted_kappa(UNUSED["a"], UNUSED["b"]).value
    assert value == pytest.approx(UNUSED["quadratic"])
    assert value != pytest.approx(UNUSED["by_labels_present"], abs=0.01)


def test_corners_without_a_grade_are_left_out() -> None:
    result = weighted_kappa([*TEN["a"], None, 3], [*TEN["b"], 3, None])
    assert result == weighted_kappa(TEN["a"], TEN["b"])


def test_a_spine_of_zeros_has_no_kappa() -> None:
    result = weighted_kappa([0] * 24, [0] * 24)
    assert (result.value, result.n, result.undefined) == (None, 24, NO_VARIATION)


def test_readers_without_a_common_corner_have_no_kappa() -> None:
    result = weighted_kappa([0, None], [None, 1])
    assert (result.value, result.n, result.undefined) == (None, 0, NO_PAIRS)


def test_quadratic_kappa_of_many_corners_is_close_to_the_icc_of_agreement() -> None:
    table = np.array(REFERENCE["koo_table_1"]["matrix"])
    a, b = (np.repeat(index.ravel(), table.ravel()) for index in np.indices(table.shape))
    icc_2_1 = icc(np.stack([a, b], axis=1))["ICC(2,1)"].value
    assert weighted_kappa(a, b).value == pytest.approx(icc_2_1, abs=5e-5)


def test_alpha_of_krippendorffs_example_with_missing_reads() -> None:
    example = REFERENCE["krippendorff_2011"]
    result = ordinal_alpha(as_table(example["coders"]).T, levels=(1, 2, 3, 4, 5))
    assert (result.value, result.n) == (pytest.approx(example["ordinal_alpha"]), 11)


def test_alpha_of_ten_corners() -> None:
    result = ordinal_alpha(np.stack([TEN["a"], TEN["b"]], axis=1))
    assert result.value == pytest.approx(TEN["ordinal_alpha"])


def test_alpha_without_variation_is_undefined() -> None:
    assert ordinal_alpha([[0, 0], [0, 0]]).undefined == NO_VARIATION


def test_alpha_without_a_corner_read_twice_is_undefined() -> None:
    assert ordinal_alpha([[0, None], [None, 1]]).undefined == NO_PAIRS


def test_alpha_of_perfect_agreement_is_1() -> None:
    assert ordinal_alpha([[0, 0, None], [3, 3, 3], [1, None, 1]]).value == 1


@pytest.mark.parametrize("ratings", [[0, 1], [[0, 4]], [[0, 1.5]]])
def test_alpha_refuses_what_is_no_table_of_grades(ratings: list) -> None:
    with pytest.raises(ValueError, match=r"one row per corner|must be one of"):
        ordinal_alpha(ratings)


@given(three_readers, st.randoms(use_true_random=False))
def test_alpha_does_not_care_about_the_order_of_corners_and_readers(
    rows: list, random: Random
) -> None:
    table = as_table(rows)
    shuffled = table[random.sample(range(len(table)), len(table))][:, random.sample(range(3), 3)]
    one, other = ordinal_alpha(table), ordinal_alpha(shuffled)
    assert one.n == other.n
    assert one.value == (None if other.value is None else pytest.approx(other.value))


@given(three_readers, st.sampled_from([0, 1, 2, 3]))
def test_alpha_ignores_corners_read_once(rows: list, lone: int) -> None:
    assert ordinal_alpha(as_table([*rows, (lone, None, None)])) == ordinal_alpha(as_table(rows))


@given(three_readers)
def test_alpha_of_the_upside_down_scale_is_the_same(rows: list) -> None:
    table = as_table(rows)
    one, other = ordinal_alpha(table), ordinal_alpha(3 - table)
    assert one.value == (None if other.value is None else pytest.approx(other.value))

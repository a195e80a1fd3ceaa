import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from annotation.services.agreement import (
    FORMS,
    NO_INTERVAL,
    NO_SPREAD,
    NO_VARIATION,
    TOO_FEW,
    icc,
    mean_squares,
)

REFERENCE = json.loads((Path(__file__).parents[2] / "reference_values.json").read_text())
SHROUT_FLEISS = REFERENCE["shrout_fleiss"]
TWELVE = REFERENCE["twelve_patients"]

tables = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12).filter(lambda s: s[0] >= 3),
    elements=st.integers(0, 72),
)


@pytest.mark.parametrize("form", FORMS)
def test_icc_gives_the_published_example(form: str) -> None:
    result = icc(SHROUT_FLEISS["data"])[form]
    expected = SHROUT_FLEISS["forms"][form]
    assert result.value == pytest.approx(expected["value"], abs=1e-9)
    assert result.ci95 == pytest.approx(expected["ci95"], abs=1e-9)


def test_mean_squares_give_the_published_example() -> None:
    ms = mean_squares(np.array(SHROUT_FLEISS["data"], dtype=float))
    for name, expected in SHROUT_FLEISS["mean_squares"].items():
        assert getattr(ms, name) == pytest.approx(expected)


@pytest.mark.parametrize("visit", ["baseline", "follow_up"])
def test_icc_of_status_is_high_on_the_twelve_patients(visit: str) -> None:
    result = icc(np.transpose(TWELVE[visit]))
    assert result["ICC(2,1)"].value == pytest.approx(TWELVE["icc_2_1"][visit])


def test_icc_of_change_is_modest_on_the_same_twelve_patients() -> None:
    change = np.subtract(TWELVE["follow_up"], TWELVE["baseline"]).T
    result = icc(change)["ICC(2,1)"]
    assert result.value == pytest.approx(TWELVE["icc_2_1"]["change"])
    assert result.ci95 == pytest.approx(TWELVE["icc_2_1_change_ci95"], abs=5e-5)


def test_a_table_lists_its_six_forms_and_its_size() -> None:
    table = icc(SHROUT_FLEISS["data"])
    assert tuple(table) == FORMS
    assert len(table) == 6
    assert (table.n_targets, table.n_readers, table.n_left_out) == (6, 4, 0)


def test_a_film_without_every_score_is_left_out_and_counted() -> None:
    table = icc([*SHROUT_FLEISS["data"], [5, None, 5, 5]])
    assert table.n_left_out == 1
    assert dict(table) == dict(icc(SHROUT_FLEISS["data"]))


def test_perfect_agreement_is_1_without_a_nan_in_the_interval() -> None:
    table = icc([[0, 0], [13.2, 13.2], [40, 40]])
    assert {(form.value, form.ci95) for form in table.values()} == {(1.0, (1.0, 1.0))}


@pytest.mark.parametrize("score", [0, 7, 13.2])
def test_identical_scores_have_no_icc_neither_0_nor_1(score: float) -> None:
    table = icc(np.full((20, 3), score))
    assert all(form.value is None and form.ci95 is None for form in table.values())
    assert {form.undefined for form in table.values()} == {NO_VARIATION}


def test_readers_that_give_every_film_their_own_number_have_no_icc() -> None:
    assert icc([[0, 1]] * 5)["ICC(2,1)"].undefined == NO_VARIATION


def test_a_constant_shift_between_readers_is_forgiven_by_consistency_only() -> None:
    table = icc([[1, 2], [2, 3], [5, 6]])
    assert table["ICC(3,1)"].value == 1
    assert table["ICC(2,1)"].value == pytest.approx(26 / 29)
    low, high = table["ICC(2,1)"].ci95
    assert 0 < low < 26 / 29 < high < 1


def test_more_disagreement_than_spread_gives_a_negative_icc_as_it_is() -> None:
    table = icc([[0, 3], [3, 0], [1, 2], [2, 1], [0, 2]])
    assert table["ICC(3,1)"].value == pytest.approx(-14 / 15)
    assert table["ICC(2,k)"].undefined == NO_SPREAD


def test_films_of_equal_means_have_no_reliability_of_a_mean() -> None:
    table = icc([[0, 1], [1, 0], [0, 1], [1, 0]])
    assert (table["ICC(3,1)"].value, table["ICC(3,1)"].ci95) == (-1, None)
    assert table["ICC(3,k)"].value is None


def test_opposed_readers_have_a_value_but_no_interval_instead_of_nan() -> None:
    form = icc([[0, 1], [0, 1], [1, 0]])["ICC(2,1)"]
    assert form.value < 0
    assert (form.ci95, form.undefined) == (None, NO_INTERVAL)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_films_are_refused_with_a_sentence(n: int) -> None:
    table = icc(np.arange(n * 2).reshape(n, 2))
    assert all((form.value, form.undefined) == (None, TOO_FEW) for form in table.values())


@pytest.mark.parametrize("ratings", [[1, 2, 3], [[1], [2], [3]], []])
def test_a_table_without_two_readers_is_an_error(ratings: list) -> None:
    with pytest.raises(ValueError, match="one column per reader"):
        icc(ratings)


def test_an_infinite_score_is_an_error() -> None:
    with pytest.raises(ValueError, match="infinite"):
        icc([[1, 2], [2, float("inf")], [3, 3]])


def same(one: float | None, other: float | None) -> bool:
    return one == other if one is None else one == pytest.approx(other, abs=1e-6)


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_films_and_of_readers_does_not_matter(
    ratings: np.ndarray, random: Random
) -> None:
    rows = random.sample(range(len(ratings)), len(ratings))
    columns = random.sample(range(ratings.shape[1]), ratings.shape[1])
    other = icc(ratings[rows][:, columns])
    assert all(same(form.value, other[name].value) for name, form in icc(ratings).items())


@given(tables, st.integers(-100, 100), st.integers(1, 7))
def test_the_unit_and_the_zero_of_the_scale_do_not_matter(
    ratings: np.ndarray, shift: int, factor: int
) -> None:
    other = icc(factor * ratings + shift)
    assert all(same(form.value, other[name].value) for name, form in icc(ratings).items())


@given(tables, st.data())
def test_consistency_does_not_see_that_a_reader_scores_higher(
    ratings: np.ndarray, data: st.DataObject
) -> None:
    k = ratings.shape[1]
    shifts = data.draw(st.lists(st.integers(-30, 30), min_size=k, max_size=k))
    before, after = icc(ratings)["ICC(3,1)"], icc(ratings + np.array(shifts))["ICC(3,1)"]
    assert same(before.value, after.value)
    assert (before.ci95 is None) == (after.ci95 is None)


@given(tables)
def test_values_are_at_most_1_and_lie_in_their_intervals(ratings: np.ndarray) -> None:
    for form in icc(ratings).values():
        assert form.value is None or form.value <= 1
        if form.ci95 is not None and form.value is not None:
            low, high = form.ci95
            assert low - 1e-9 <= form.value <= high + 1e-9
            assert high <= 1


@given(tables)
def test_what_is_missing_is_explained(ratings: np.ndarray) -> None:
    for form in icc(ratings).values():
        assert (form.value is None or form.ci95 is None) == (form.undefined is not None)


@given(tables)
def test_agreement_is_at_most_consistency_when_the_films_differ(ratings: np.ndarray) -> None:
    ms = mean_squares(ratings.astype(float))
    assume(ms.readers >= ms.residual and ms.targets >= ms.residual and ms.targets > 0)
    table = icc(ratings)
    assert table["ICC(2,1)"].value <= table["ICC(3,1)"].value + 1e-9


@given(tables)
def test_the_mean_of_the_readers_is_the_spearman_brown_of_one(ratings: np.ndarray) -> None:
    table, k = icc(ratings), ratings.shape[1]
    for kind in "123":
        single, average = table[f"ICC({kind},1)"].value, table[f"ICC({kind},k)"].value
        if single is not None and average is not None and single > 0:
            assert average == pytest.approx(k * single / (1 + (k - 1) * single), abs=1e-9)

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.services.change import (
    TOO_FEW,
    bland_altman,
    progression,
    smallest_detectable_change,
)

REFERENCE = json.loads((Path(__file__).parents[2] / "reference_values.json").read_text())
PEAK_FLOW = REFERENCE["peak_flow"]
TWELVE = REFERENCE["twelve_patients"]
CHANGE = np.subtract(TWELVE["follow_up"], TWELVE["baseline"]).T

changes = st.lists(st.tuples(st.integers(-5, 20), st.integers(-5, 20)), min_size=3, max_size=40)


def test_bland_altman_of_the_published_example() -> None:
    result = bland_altman(PEAK_FLOW["wright"], PEAK_FLOW["mini"])
    assert (result.n, result.bias, result.sd) == (
        17,
        pytest.approx(PEAK_FLOW["bias"]),
        pytest.approx(PEAK_FLOW["sd"]),
    )
    assert result.loa == pytest.approx(PEAK_FLOW["loa"], abs=1e-3)
    assert result.bias_ci95 == pytest.approx(PEAK_FLOW["bias_ci95"], abs=5e-3)


def test_the_ends_of_the_limits_have_their_own_interval() -> None:
    result = bland_altman(PEAK_FLOW["wright"], PEAK_FLOW["mini"])
    t_of_16_degrees = 2.119905
    half = t_of_16_degrees * PEAK_FLOW["se_of_limit"]
    low, high = result.loa
    assert result.loa_low_ci95 == pytest.approx((low - half, low + half), abs=1e-2)
    assert result.loa_high_ci95 == pytest.approx((high - half, high + half), abs=1e-2)


def test_bland_altman_of_change() -> None:
    result = bland_altman(CHANGE[:, 0], CHANGE[:, 1])
    assert result.bias == pytest.approx(TWELVE["bias"], abs=1e-6)
    assert result.loa == pytest.approx(TWELVE["loa"], abs=1e-6)


def test_the_share_of_small_differences_is_told() -> None:
    result = bland_altman([0, 0, 0, 0], [0, 1, -2, 5])
    assert (result.within_1, result.within_2) == (0.5, 0.75)


def test_films_that_are_not_scored_by_both_are_left_out() -> None:
    assert bland_altman([1, None, 3, 4, 5], [1, 2, None, 5, 5]).n == 3


@pytest.mark.parametrize("n", [0, 1, 2])
def test_two_films_have_no_limits_and_say_so(n: int) -> None:
    result = bland_altman([1] * n, [2] * n)
    assert (result.n, result.bias, result.loa, result.undefined) == (n, None, None, TOO_FEW)


def test_readers_of_different_films_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        bland_altman([1, 2, 3], [1, 2])


@given(changes)
def test_swapping_the_readers_turns_the_bias_around(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    one, other = bland_altman(first, second), bland_altman(second, first)
    assert one.bias == pytest.approx(-other.bias)
    assert one.loa == pytest.approx((-other.loa[1], -other.loa[0]))
    assert (one.within_1, one.within_2) == (other.within_1, other.within_2)


def test_the_smallest_detectable_change_of_the_twelve_patients() -> None:
    result = smallest_detectable_change(CHANGE)
    for name in ("sem", "sdc", "sdc_single", "sdc80"):
        assert getattr(result, name) == pytest.approx(TWELVE[name], abs=1e-9)


def test_two_patients_have_no_smallest_detectable_change() -> None:
    result = smallest_detectable_change([[1, 2], [2, 2]])
    assert (result.n, result.n_readers, result.sdc, result.undefined) == (2, 2, None, TOO_FEW)


@given(changes, st.integers(-5, 5))
def test_a_reader_who_always_sees_more_change_does_not_raise_the_sdc(
    pairs: list[tuple[int, int]], shift: int
) -> None:
    before = smallest_detectable_change(pairs).sdc
    after = smallest_detectable_change([(a + shift, b) for a, b in pairs]).sdc
    assert after == pytest.approx(before, abs=1e-9)


@given(changes)
def test_for_two_readers_the_sdc_is_the_spread_of_their_difference(
    pairs: list[tuple[int, int]],
) -> None:
    spread = np.std([a - b for a, b in pairs], ddof=1)
    assert smallest_detectable_change(pairs).sdc == pytest.approx(1.96 * spread / 2, abs=1e-9)


def test_progression_of_the_twelve_patients() -> None:
    result = progression(CHANGE)
    assert result.mean == pytest.approx(TWELVE["mean_change"])
    assert result.sd == pytest.approx(TWELVE["sd_change"])
    assert result.srm == pytest.approx(TWELVE["srm"], abs=1e-6)
    assert (result.n, result.n_any, result.n_at_least, result.n_above_sdc) == (12, 11, 4, 7)


def test_the_threshold_of_progression_belongs_to_the_study() -> None:
    assert progression([[1, 1], [2, 2], [3, 3]], at_least=3).n_at_least == 1


def test_progression_needs_a_patient() -> None:
    with pytest.raises(ValueError, match="No patient"):
        progression(np.empty((0, 2)))


@given(changes, st.floats(0, 20))
def test_a_higher_threshold_never_finds_more_patients(
    pairs: list[tuple[int, int]], at_least: float
) -> None:
    low, high = progression(pairs, at_least), progression(pairs, at_least + 1)
    assert 0 <= high.n_at_least <= low.n_at_least <= low.n == len(pairs)

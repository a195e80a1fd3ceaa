import numpy as np
import pytest

from annotation.services.bootstrap import NEVER_DEFINED, TOO_FEW, patient_bootstrap

RANDOM = np.random.default_rng(5)
PATIENTS = np.repeat([f"p{i}" for i in range(30)], 24).tolist()
SEVERITY = np.repeat(RANDOM.normal(size=30), 24) + 0.2 * RANDOM.normal(size=720)


def mean(rows: np.ndarray) -> float:
    return float(SEVERITY[rows].mean())


def test_the_same_seed_gives_the_same_interval() -> None:
    one = patient_bootstrap(PATIENTS, mean, replicates=200)
    assert one == patient_bootstrap(PATIENTS, mean, replicates=200)
    assert one.low < SEVERITY.mean() < one.high


def test_another_seed_gives_another_interval_and_is_kept() -> None:
    one = patient_bootstrap(PATIENTS, mean, replicates=200, seed=1)
    two = patient_bootstrap(PATIENTS, mean, replicates=200, seed=2)
    assert (one.seed, two.seed) == (1, 2)
    assert one.low != two.low


def test_patients_together_give_a_wider_interval_than_corners_alone() -> None:
    by_patient = patient_bootstrap(PATIENTS, mean, replicates=500)
    by_corner = patient_bootstrap(range(720), mean, replicates=500)
    assert by_patient.high - by_patient.low > 2 * (by_corner.high - by_corner.low)


def test_the_interval_of_a_mean_has_the_width_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=400)
    result = patient_bootstrap(range(400), lambda rows: float(values[rows].mean()))
    expected = 2 * 1.96 * values.std(ddof=1) / np.sqrt(400)
    assert result.high - result.low == pytest.approx(expected, rel=0.08)


def test_a_patient_comes_with_all_rows_or_with_none() -> None:
    def whole_patients(rows: np.ndarray) -> float:
        counts = np.bincount(rows, minlength=720).reshape(30, 24)
        assert (counts == counts[:, :1]).all()
        assert len(rows) == 720
        return 1.0

    assert patient_bootstrap(PATIENTS, whole_patients, replicates=20).low == 1


def test_the_order_of_the_patients_does_not_matter() -> None:
    rows = np.random.default_rng(3).permutation(720)
    shuffled = SEVERITY[rows]
    other = patient_bootstrap(
        [PATIENTS[i] for i in rows], lambda drawn: float(shuffled[drawn].mean()), replicates=50
    )
    one = patient_bootstrap(PATIENTS, mean, replicates=50)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))


def test_undefined_resamples_are_skipped_and_counted() -> None:
    def defined_with_patient_0(rows: np.ndarray) -> float | None:
        return 0.5 if 0 in rows else None

    result = patient_bootstrap([0, 1], defined_with_patient_0, replicates=400)
    assert (result.low, result.high) == (0.5, 0.5)
    assert result.skipped == pytest.approx(100, abs=40)


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_figure_that_is_never_defined_has_no_interval(nothing: float | None) -> None:
    result = patient_bootstrap([0, 1, 2], lambda rows: nothing, replicates=10)
    assert (result.low, result.skipped, result.undefined) == (None, 10, NEVER_DEFINED)


@pytest.mark.parametrize("patients", [[], ["p1"] * 12])
def test_one_patient_has_no_interval(patients: list[str]) -> None:
    result = patient_bootstrap(patients, lambda rows: 1.0)
    assert (result.low, result.high, result.undefined) == (None, None, TOO_FEW)

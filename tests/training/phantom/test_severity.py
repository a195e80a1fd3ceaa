import numpy as np
import pytest

from inference.msasss import Region
from training.phantom import severity

PATIENTS = 3000


@pytest.fixture(scope="module")
def clinic() -> np.ndarray:
    """Grades [patients, 2 visits, 2 regions, 6 discs, 2 sides] of the clinic preset."""
    return _grades("clinic", PATIENTS)


def _grades(preset: str, patients: int) -> np.ndarray:
    made = [severity.latents(preset, 3, patient, (0, 730)) for patient in range(patients)]
    return severity.grades(np.array([[one[r] for r in ("C", "L")] for one in made]).swapaxes(1, 2))


@pytest.mark.parametrize("preset", sorted(severity.PRESETS))
def test_the_share_of_each_grade_is_the_presets(preset: str) -> None:
    first = _grades(preset, 1500)[:, 0]
    for number, region in enumerate(severity.REGIONS):
        found = [float(np.mean(first[:, number] == grade)) for grade in (1, 2, 3)]
        # patients are few and their corners alike: three standard errors are about 0.02
        assert found == pytest.approx(severity.PRESETS[preset].prevalence[region], abs=0.02)


def test_the_clinic_cohort_has_the_published_spread(clinic: np.ndarray) -> None:
    totals = clinic[:, 0].sum(axis=(1, 2, 3))
    assert totals.mean() == pytest.approx(13.6, abs=1.0)
    assert totals.std() == pytest.approx(17.1, abs=1.0)
    assert np.mean(totals == 0) == pytest.approx(0.22, abs=0.03)
    any_syndesmophyte = (clinic[:, 0] >= 2).any(axis=(1, 2, 3))
    assert any_syndesmophyte.mean() == pytest.approx(0.58, abs=0.03)


def test_facing_corners_are_bridged_together(clinic: np.ndarray) -> None:
    bridged = clinic == 3
    assert bridged.any()
    np.testing.assert_array_equal(bridged[..., 0], bridged[..., 1])


def test_corners_of_one_disc_are_more_alike_than_corners_of_two_regions(clinic: np.ndarray) -> None:
    first = clinic[:, 0].astype(float)
    same_disc = np.corrcoef(first[:, 0, 3, 0], first[:, 0, 3, 1])[0, 1]
    far = np.corrcoef(first[:, 0, 3, 0], first[:, 1, 3, 0])[0, 1]
    assert same_disc > 0.8
    assert 0.25 < far < 0.55


def test_nobody_improves_and_few_progress(clinic: np.ndarray) -> None:
    assert (clinic[:, 1] >= clinic[:, 0]).all()
    change = (clinic[:, 1] - clinic[:, 0]).sum(axis=(1, 2, 3))
    assert change.mean() == pytest.approx(0.95, abs=0.25)
    assert 0.15 < np.mean(change >= 2) < 0.28
    syndesmophytes = clinic >= 2
    new = (syndesmophytes[:, 1] & ~syndesmophytes[:, 0]).any(axis=(1, 2, 3))
    assert new.mean() == pytest.approx(0.2, abs=0.03)


def test_the_latent_never_falls_between_visits() -> None:
    for patient in range(50):
        for latent in severity.latents("trial", 1, patient, (0, 700, 1500, 4000)).values():
            assert (np.diff(latent, axis=0) >= -1e-9).all()


def test_a_visit_does_not_depend_on_the_visits_beside_it() -> None:
    alone = severity.latents("clinic", 1, 7, (730,))["L"][0]
    among = severity.latents("clinic", 1, 7, (0, 730, 1460))["L"][1]
    np.testing.assert_allclose(alone, among)


@pytest.mark.parametrize(
    ("latent", "grade"), [(-3.0, 0), (0.999, 0), (1.0, 1), (1.99, 1), (2.0, 2), (3.0, 3), (3.9, 3)]
)
def test_the_grade_is_the_floor_of_the_latent(latent: float, grade: int) -> None:
    assert severity.grades(np.array([latent])).tolist() == [grade]


@pytest.mark.parametrize("region", ["C", "L"])
def test_the_cuts_rise_with_the_grade(region: Region) -> None:
    cut = severity.cuts("clinic", region)
    assert cut.one < cut.two


def test_an_unknown_preset_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="clinic, early, trial"):
        severity.preset("severe")

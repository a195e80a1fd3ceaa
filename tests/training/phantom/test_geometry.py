import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.msasss import Region
from training.phantom import geometry

HEALTHY = np.full((6, 2), -1.0)
seeds = st.integers(0, 10_000)
regions = st.sampled_from(["C", "L"])


def _spine(region: Region, seed: int, latent: np.ndarray = HEALTHY) -> geometry.Spine:
    person, visit = np.random.default_rng((seed, 1)), np.random.default_rng((seed, 2))
    return geometry.build(region, person, visit, latent)


@settings(max_examples=60, deadline=None)
@given(region=regions, seed=seeds)
def test_discs_follow_each_other_downward_and_are_open(region: Region, seed: int) -> None:
    spine = _spine(region, seed)
    discs = [spine.disc(index) for index in range(6)]
    centers = np.array([disc.center for disc in discs])
    assert (np.diff(centers[:, 1]) > 0).all()
    for disc in discs:
        gap = np.hypot(*(disc.caudal - disc.cranial)) / spine.s_mm
        assert 0.1 < gap < 0.85


@settings(max_examples=60, deadline=None)
@given(region=regions, seed=seeds)
def test_the_anterior_margin_lies_left_of_the_centre_midway_between_the_corners(
    region: Region, seed: int
) -> None:
    spine = _spine(region, seed)
    for index in range(6):
        disc = spine.disc(index)
        assert disc.anterior[0] < disc.center[0]
        np.testing.assert_allclose(disc.anterior, (disc.cranial + disc.caudal) / 2)


def test_the_same_person_and_visit_give_the_same_spine() -> None:
    np.testing.assert_array_equal(_spine("L", 4).center_line(), _spine("L", 4).center_line())


def test_posture_changes_between_visits_but_vertebrae_keep_their_size() -> None:
    one = geometry.build("C", np.random.default_rng(1), np.random.default_rng(2), HEALTHY)
    two = geometry.build("C", np.random.default_rng(1), np.random.default_rng(3), HEALTHY)
    assert [v.height for v in one.vertebrae] == [v.height for v in two.vertebrae]
    assert not np.allclose(one.center_line(), two.center_line())


@pytest.mark.parametrize("region", ["C", "L"])
def test_spacing_and_anterior_gap_match_the_measured_films(region: Region) -> None:
    spines = [_spine(region, seed) for seed in range(200)]
    inner = slice(1, 5)
    spacing = np.array([np.hypot(*np.diff(s.center_line(), axis=0).T) / s.s_mm for s in spines])
    start = len(spines[0].above)
    measured = np.array(geometry.ANATOMY[region].spacing)[inner]
    np.testing.assert_allclose(
        spacing[:, start : start + 6].mean(axis=0)[inner], measured, atol=0.03
    )
    gaps = [
        [np.hypot(*(s.disc(i).caudal - s.disc(i).cranial)) / s.s_mm for i in range(1, 5)]
        for s in spines
    ]
    # CSXA 0.30-0.33, BUU 0.28-0.44 of S (SD 0.05-0.16)
    assert 0.24 < np.mean(gaps) < 0.46


def test_a_long_standing_bridge_narrows_its_disc() -> None:
    bridged = HEALTHY.copy()
    bridged[2] = 3.9
    free, stiff = _spine("L", 5), _spine("L", 5, bridged)
    assert np.hypot(*(stiff.disc(2).caudal - stiff.disc(2).cranial)) < np.hypot(
        *(free.disc(2).caudal - free.disc(2).cranial)
    )


@pytest.mark.parametrize("angle", [-0.6, 0.0, 0.4])
def test_a_body_keeps_its_size_when_it_turns(angle: float) -> None:
    body = _spine("L", 1).vertebrae[2]
    turned = geometry.Vertebra(**{**vars(body), "angle": angle})
    wall = turned.corner(True) - turned.corner(False)
    assert np.hypot(*wall) == pytest.approx(body.height)

"""What archives hold beside plain films, and that none of it moves a grade."""

import numpy as np
import pytest

from inference.msasss import DISCS, SITE, Region
from training import phantom
from training.phantom import oddities, severity
from training.phantom.canvas import Canvas
from training.phantom.geometry import Points, Spine, build
from training.phantom.odd_bone import draw_odd
from training.phantom.oddities import Traits

PEOPLE = 1500


def _first(patient: int, region: Region) -> np.ndarray:
    return severity.latents("clinic", 3, patient, (0,))[region][0]


def _film(wanted: str, region: Region) -> phantom.PhantomFilm:
    """The first film of a cohort with this mishap."""
    for patient in range(400):
        found = oddities.mishaps(3, patient, 0, region)
        if getattr(found, wanted):
            return phantom.take(patient, 0, region, seed=3, scale=0.125, mishaps=True)
    raise AssertionError(wanted)


def test_mishaps_are_rare_and_of_every_kind() -> None:
    found = [oddities.mishaps(3, p, 0, r) for p in range(PEOPLE) for r in ("C", "L")]
    assert {m.turns for m in found} == {0, 1, 2, 3}
    # domain: one film in twenty lies on its side or upside down
    assert np.mean([m.turns > 0 for m in found]) == pytest.approx(0.05, abs=0.015)
    assert np.mean([m.cropped for m in found]) == pytest.approx(oddities.CROPPED, abs=0.01)
    assert np.mean([m.letters != "" for m in found]) == pytest.approx(oddities.LETTERS, abs=0.01)


def test_dish_stands_only_before_healthy_discs_and_is_rare() -> None:
    flowing = 0
    for patient in range(PEOPLE):
        latent = _first(patient, "L")
        found = oddities.traits(3, patient, "L", latent)
        assert (latent[list(found.dish)] < 1).all()
        flowing += bool(found.dish)
    assert 0.01 < flowing / PEOPLE < 0.04


def test_a_trial_shows_dish_more_often() -> None:
    first = {p: severity.latents("trial", 3, p, (0,))["L"][0] for p in range(PEOPLE)}
    shares = {
        name: np.mean([bool(oddities.traits(3, p, "L", first[p], name).dish) for p in first])
        for name in ("clinic", "trial")
    }
    assert shares["trial"] > 3 * shares["clinic"] > 0


def test_traits_stay_when_the_disease_goes_on() -> None:
    operated = next(
        p for p in range(200) if oddities.traits(3, p, "L", _first(p, "L")).hardware is not None
    )
    one, two = (phantom.take(operated, visit, "L", seed=3, scale=0.125) for visit in (0, 1))
    hidden = [{c for c, t in film.corners.items() if not t.assessable} for film in (one, two)]
    assert hidden[0] == hidden[1]
    assert len({SITE[code].disc for code in hidden[0]}) == 1


def test_a_turned_film_is_the_upright_one_turned_and_so_is_its_truth() -> None:
    turned = _film("turns", "C")
    upright = phantom.take(turned.patient_index, 0, "C", seed=3, scale=0.125)
    np.testing.assert_array_equal(np.rot90(upright.bone_bright, turned.turns), turned.bone_bright)
    for disc in DISCS["C"]:
        x, y = (round(v) for v in upright.discs[disc].center)
        u, v = (round(v) for v in turned.discs[disc].center)
        assert turned.bone_bright[v, u] == upright.bone_bright[y, x]
    assert turned.orientation == ""


@pytest.mark.parametrize("region", ["C", "L"])
def test_a_film_cut_short_lacks_its_last_disc_and_nothing_else(region: Region) -> None:
    film = _film("cropped", region)
    last = DISCS[region][-1]
    outside = {
        code
        for code, corner in film.corners.items()
        if not (0 <= corner.x <= film.pixels.shape[1] and 0 <= corner.y <= film.pixels.shape[0])
    }
    assert outside == {code for code in film.corners if SITE[code].disc == last}
    assert not any(film.corners[code].assessable for code in outside)


def test_letters_are_white_pixels_that_the_plain_film_does_not_have() -> None:
    spoilt = _film("letters", "L")
    plain = phantom.take(spoilt.patient_index, 0, "L", seed=3, scale=0.125)
    differing = np.rot90(plain.bone_bright, spoilt.turns) != spoilt.bone_bright
    assert 20 < differing.sum() < 0.05 * differing.size
    assert (spoilt.bone_bright[differing] == 4095).all()


def _spine() -> Spine:
    return build("L", np.random.default_rng(1), np.random.default_rng(2), np.full((6, 2), -1.0))


def _limbus_places(spine: Spine) -> tuple[Points, Points]:
    return spine.vertebrae[4].center, spine.vertebrae[4].corner(caudal=False)


def _drawn(odd: Traits) -> Canvas:
    spine = _spine()
    matrix = np.array([[2.0, 0, 150], [0, 2.0, 60]])
    canvas = Canvas(np.zeros((560, 300), dtype=np.float32), matrix, 2.0)
    draw_odd(canvas, spine, odd)
    return canvas


def test_screws_are_denser_than_any_bone() -> None:
    assert _drawn(Traits(hardware=3)).bone.max() > 2.5


def test_flowing_bone_is_no_denser_than_a_bridge() -> None:
    assert 0.5 < _drawn(Traits(dish=(1, 2))).bone.max() < 1.0


def test_a_limbus_is_rare_lumbar_and_healthy_and_changes_nobody_else() -> None:
    """The corner below its disc is cut off by a lucent line, with denser bone beside it."""
    first = {p: _first(p, "L") for p in range(PEOPLE)}
    found = {p: oddities.traits(3, p, "L", latent) for p, latent in first.items()}
    limbus = {p: one.limbus for p, one in found.items() if one.limbus is not None}
    assert 0 < len(limbus) / PEOPLE < oddities.LIMBUS + 0.02
    assert all(first[p][disc].max() < oddities.HEALTHY_BELOW for p, disc in limbus.items())
    assert all(oddities.traits(3, p, "C", _first(p, "C")).limbus is None for p in limbus)


def test_a_limbus_cuts_an_upper_corner_off_its_body_and_touches_nothing_else() -> None:
    plain, cut = np.ones((560, 300), np.float32), np.ones((560, 300), np.float32)
    spine, matrix = _spine(), np.array([[2.0, 0, 150], [0, 2.0, 60]])
    draw_odd(Canvas(cut, matrix, 2.0), spine, Traits(limbus=3))
    rows, columns = np.nonzero(cut != plain)
    body, corner = (2 * place + [150, 60] for place in _limbus_places(spine))
    assert cut.min() < 0.5
    assert cut.max() > 1.05
    assert np.hypot(columns - corner[0], rows - corner[1]).max() < 40  # 20 mm
    across = np.linspace(corner, body, 200).astype(int)
    dark = cut[across[:, 1], across[:, 0]] < 0.6
    assert dark.any()
    assert not dark[[0, -1]].any()

"""The chain from film to corners, with the weights that ship."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.corner_regions import DiscPoints, disc_spacing
from inference.film_content import NO_SPINE, conflict
from inference.msasss import DISCS, facing, sites_of
from inference.point_finder import Film
from inference.predict import STARTER, Grader
from tests.inference.drawn_films import KINDS, drawn
from training.phantom import PhantomFilm, generate


@pytest.fixture(scope="module")
def grader() -> Grader:
    torch.set_num_threads(1)
    return Grader.from_files(device="cpu")


@pytest.fixture(scope="module")
def films() -> list[PhantomFilm]:
    """A cervical and a lumbar film of patients that no training saw."""
    return list(generate(2, 1, "trial", 777, 0.5))


def points(film: PhantomFilm) -> dict[str, DiscPoints]:
    return {disc: DiscPoints(disc, ends.center, ends.anterior) for disc, ends in film.discs.items()}


def test_the_shipped_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in STARTER.glob("*.safetensors")) < 12e6


def test_a_film_gets_six_discs_and_twelve_corners(grader: Grader, films: list[PhantomFilm]) -> None:
    for film in films:
        found = grader.grade_film(film.bone_bright, film.region)
        assert found.plausible, found.reason
        assert tuple(found.discs) == DISCS[film.region]
        assert list(found.corners) == [site.code for site in sites_of(film.region)]


def test_probabilities_sum_to_one_and_bridges_stand_on_both_corners(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    corners = grader.grade_film(films[0].bone_bright, films[0].region).corners
    for site, shares in corners.items():
        assert sum(shares) == pytest.approx(1, abs=1e-9)
        assert shares[3] == pytest.approx(corners[facing(site).code][3], abs=1e-6)


def test_the_contrast_of_a_crop_is_looked_for_once(
    grader: Grader, films: list[PhantomFilm], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the disc is seen and how its crop is stretched follow from the same two greys."""
    asked: list[int] = []
    percentile = np.percentile
    monkeypatch.setattr(np, "percentile", lambda *a: (asked.append(1), percentile(*a))[1])
    found = grader.grade_film(films[0].bone_bright, films[0].region, points(films[0]))
    assert len(asked) == len(found.discs) == 6


def test_the_points_lie_where_the_discs_are(grader: Grader, films: list[PhantomFilm]) -> None:
    for film in films:
        found = grader.grade_film(film.bone_bright, film.region).discs
        errors = [
            np.hypot(*np.subtract(found[disc].center, ends.center)) * film.spacing_mm
            for disc, ends in film.discs.items()
        ]
        assert np.median(errors) < 2.5


def test_the_readers_points_are_taken_as_they_are(grader: Grader, films: list[PhantomFilm]) -> None:
    film = films[1]
    given = points(film)
    found = grader.grade_film(film.bone_bright, film.region, discs=given)
    assert found.discs == given
    assert len(found.corners) == 12


def test_a_disc_without_contrast_gets_points_and_no_grades(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    """As behind the shoulders: what is left of the bone is a fifth of its contrast."""
    film, given = films[0], points(films[0])
    hidden = film.bone_bright.astype(float)
    around = slice(round(given["C7/T1"].center[1] - 0.6 * disc_spacing(given)), None)
    hidden[around] = 0.2 * hidden[around] + 0.8 * hidden[around].mean()
    found = grader.grade_film(hidden.astype(np.uint16), "C", discs=given)
    assert found.plausible
    assert set(found.discs) == set(DISCS["C"])
    assert {site.code for site in sites_of("C")} - set(found.corners) == {"C7_INF", "T1_SUP"}
    plain = grader.grade_film(film.bone_bright, "C", discs=given)
    assert found.corners["C3_SUP"] == pytest.approx(plain.corners["C3_SUP"], abs=1e-4)


def test_a_mirrored_film_gets_the_same_grades(grader: Grader, films: list[PhantomFilm]) -> None:
    film = films[0]
    width = film.bone_bright.shape[1]
    mirrored = {
        disc: replace(
            p,
            center=(width - 1 - p.center[0], p.center[1]),
            anterior=(width - 1 - p.anterior[0], p.anterior[1]),
        )
        for disc, p in points(film).items()
    }
    flipped = np.ascontiguousarray(film.bone_bright[:, ::-1])
    straight = grader.grade_film(film.bone_bright, film.region, discs=points(film))
    turned = grader.grade_film(flipped, film.region, discs=mirrored)
    for site, shares in straight.corners.items():
        assert shares == pytest.approx(turned.corners[site], abs=0.02)


def test_a_film_of_the_other_region_goes_to_a_person(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    film = films[0]
    found = grader.grade_film(film.bone_bright, "L" if film.region == "C" else "C")
    assert not found.plausible
    assert found.corners == {}
    assert "looks cervical" in str(found.reason)


def test_a_film_without_a_spine_goes_to_a_person(grader: Grader) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 4095, (600, 500)).astype(np.uint16)
    found = grader.grade_film(noise, "C")
    assert not found.plausible
    assert found.reason


def test_unusable_points_of_a_reader_are_answered_with_a_sentence(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    film = films[0]
    disc = DISCS[film.region][0]
    found = grader.grade_film(
        film.bone_bright, film.region, discs={disc: DiscPoints(disc, (10, 10), (5, 10))}
    )
    assert not found.plausible
    assert found.reason == "Place the points of at least two neighbouring discs first."


def test_a_good_film_shows_what_it_is_filed_as_and_a_mirrored_one_does_not(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    for film in films:
        for pixels, front in (
            (film.bone_bright, film.facing),
            (film.bone_bright[:, ::-1], "right" if film.facing == "left" else "left"),
        ):
            shows = grader.grade_film(np.ascontiguousarray(pixels), film.region).shows
            assert shows is not None
            assert (shows.region, shows.facing, shows.turn) == (film.region, front, "up")


@pytest.mark.parametrize("kind", KINDS)
def test_another_film_shows_no_spine_of_either_region(grader: Grader, kind: str) -> None:
    pixels = drawn(kind)
    for found in grader.grade_films([Film(pixels, "C"), Film(pixels, "L")]):
        assert found.shows is not None
        assert found.shows.region is None
        assert conflict(found.shows, "C", None) == NO_SPINE


def test_a_film_that_is_turned_or_of_the_other_region_is_seen_as_such(
    grader: Grader, films: list[PhantomFilm]
) -> None:
    for film in films:
        other = "L" if film.region == "C" else "C"
        turned = np.ascontiguousarray(film.bone_bright[::-1, ::-1])
        wrong, upside_down = grader.grade_films(
            [Film(film.bone_bright, other), Film(turned, film.region)]
        )
        assert wrong.shows is not None
        assert upside_down.shows is not None
        assert wrong.shows.region == film.region
        assert upside_down.shows.turn == "down"

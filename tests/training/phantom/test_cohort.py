import itertools

import numpy as np
import pytest

from inference.msasss import DISCS, SITE, Region, facing
from training import phantom
from training.phantom import oddities, severity

SCALE = 0.25


@pytest.fixture(scope="module")
def films() -> list[phantom.PhantomFilm]:
    return list(phantom.generate(12, 2, "trial", seed=5, scale=SCALE))


def _same(one: phantom.PhantomFilm, two: phantom.PhantomFilm) -> bool:
    return bool(np.array_equal(one.pixels, two.pixels)) and one.corners == two.corners


def test_the_same_seed_gives_the_same_film(films: list[phantom.PhantomFilm]) -> None:
    again = phantom.take(0, 1, "L", preset="trial", seed=5, scale=SCALE)
    assert again.file == films[3].file
    assert _same(again, films[3])


def test_another_seed_patient_or_visit_gives_another_film(films: list[phantom.PhantomFilm]) -> None:
    for patient, visit, seed in ((0, 0, 6), (1, 0, 5), (0, 1, 5)):
        other = phantom.take(patient, visit, "C", preset="trial", seed=seed, scale=SCALE)
        assert other.pixels.shape != films[0].pixels.shape or not _same(other, films[0])


def test_a_patient_does_not_depend_on_how_many_are_made(films: list[phantom.PhantomFilm]) -> None:
    apart = next(iter(phantom.generate(1, 1, "trial", seed=5, scale=SCALE, first=4)))
    assert _same(apart, next(f for f in films if f.patient_index == 4))


def test_every_patient_has_both_films_at_every_visit(films: list[phantom.PhantomFilm]) -> None:
    made = {(f.patient_index, f.visit, f.region) for f in films}
    assert made == set(itertools.product(range(12), range(2), "CL"))
    assert len({f.file for f in films}) == len(films)


def test_visits_are_about_two_years_apart(films: list[phantom.PhantomFilm]) -> None:
    assert {f.visit_days for f in films if f.visit == 0} == {0}
    assert all(680 < f.visit_days < 780 for f in films if f.visit == 1)


def test_truth_names_every_disc_and_corner_of_the_region(films: list[phantom.PhantomFilm]) -> None:
    for film in films:
        assert tuple(film.discs) == DISCS[film.region]
        assert all(SITE[code].region == film.region for code in film.corners)
        assert len(film.corners) == 12


def test_every_true_point_lies_inside_its_film(films: list[phantom.PhantomFilm]) -> None:
    for film in films:
        rows, columns = film.pixels.shape
        points = [(c.x, c.y) for c in film.corners.values()]
        points += [p for d in film.discs.values() for p in (d.center, d.anterior)]
        for x, y in points:
            assert 2 < x < columns - 3
            assert 2 < y < rows - 3


def test_anterior_is_on_the_side_the_patient_faces(films: list[phantom.PhantomFilm]) -> None:
    assert {f.facing for f in films} == {"left", "right"}
    for film in films:
        for disc in film.discs.values():
            assert (disc.anterior[0] > disc.center[0]) == (film.facing == "right")


def test_the_grade_is_the_floor_of_the_latent_and_bridges_face_each_other(
    films: list[phantom.PhantomFilm],
) -> None:
    for film in films:
        for code, corner in film.corners.items():
            assert corner.grade == min(max(int(np.floor(corner.latent)), 0), 3)
            assert (corner.grade == 3) == (film.corners[facing(code).code].grade == 3)


def test_only_low_cervical_corners_are_hidden_and_only_sometimes(
    films: list[phantom.PhantomFilm],
) -> None:
    unassessable = [
        (film, code) for film in films for code, c in film.corners.items() if not c.assessable
    ]
    hidden = [code for film, code in unassessable if SITE[code].disc != _operated(film)]
    assert hidden
    assert set(hidden) <= {"C5_INF", "C6_SUP", "C6_INF", "C7_SUP", "C7_INF", "T1_SUP"}
    assert hidden.count("T1_SUP") < 0.6 * sum(f.region == "C" for f in films)


def _operated(film: phantom.PhantomFilm) -> str | None:
    """The disc between this person's screws."""
    first = severity.latents("trial", film.seed, film.patient_index, (0,))[film.region][0]
    found = oddities.traits(film.seed, film.patient_index, film.region, first, "trial").hardware
    return None if found is None else DISCS[film.region][found]


def test_pixels_are_twelve_bit_and_use_the_range(films: list[phantom.PhantomFilm]) -> None:
    for film in films:
        assert film.pixels.dtype == np.uint16
        assert film.pixels.max() <= 4095
        assert np.ptp(film.pixels) > 3000


def test_bone_is_brighter_than_the_disc_spaces_whatever_the_polarity(
    films: list[phantom.PhantomFilm],
) -> None:
    assert {f.photometric for f in films} == {"MONOCHROME1", "MONOCHROME2"}
    for film in films:
        names = list(film.discs)[:4]
        centers = np.array([film.discs[name].center for name in names])
        bodies = 0.5 * (centers[1:] + centers[:-1])
        gap = 0.25 * np.hypot(*(centers[1] - centers[0]))
        brighter = [
            _around(film, body, gap / 3) > _around(film, disc, gap / 8)
            for body, disc in zip(bodies, centers[1:], strict=True)
        ]
        assert sum(brighter) >= len(brighter) - 1  # gas may darken a body


def _around(film: phantom.PhantomFilm, point: np.ndarray, reach: float) -> float:
    x, y, r = round(point[0]), round(point[1]), max(1, round(reach))
    return float(np.mean(film.bone_bright[y - r : y + r + 1, x - r : x + r + 1]))


@pytest.mark.parametrize("region", ["C", "L"])
def test_scale_shrinks_the_picture_at_equal_field_of_view(region: Region) -> None:
    small = phantom.take(2, 0, region, seed=5, scale=0.125)
    large = phantom.take(2, 0, region, seed=5, scale=0.25)
    assert large.spacing_mm * 2 == pytest.approx(small.spacing_mm)
    assert large.pixels.shape[0] == pytest.approx(2 * small.pixels.shape[0], abs=2)
    assert large.corners.keys() == small.corners.keys()


def test_both_vendors_appear_and_differ_in_pixel_size(films: list[phantom.PhantomFilm]) -> None:
    spacing = {(f.vendor, f.region): f.spacing_mm for f in films}
    assert {vendor for vendor, _ in spacing} == {"A", "B"}
    assert spacing["A", "L"] != spacing["B", "L"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"patients": 1, "preset": "worst"}, "no preset"),
        ({"patients": -1}, "are not negative"),
        ({"patients": 1, "visits": 0}, "at least one visit"),
        ({"patients": 1, "scale": 9.0}, "between 0.05 and 2"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(asked: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        list(phantom.generate(**asked))

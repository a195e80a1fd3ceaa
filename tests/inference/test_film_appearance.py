"""A second opinion on phantom films: silent over good ones, a sentence over spoilt ones.

The rates on 200 other films stand in benchmarks/results/film_doubts.json.
"""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from inference.dicom import read_film
from inference.film_appearance import (
    NEGATIVE,
    ON_ITS_SIDE,
    STITCHED,
    UPSIDE_DOWN,
    blocks_of,
    doubts,
)
from tests.inference.dicom_files import as_bytes
from tests.inference.phantoms import films, named, spread
from training.phantom import PhantomFilm, encode
from training.phantom.film import WHITE

every_film = pytest.mark.parametrize("film", films(), ids=named)


def test_the_films_are_of_every_kind() -> None:
    assert spread() == {"C", "L", "A", "B", "left", "right", "1", "2"}


@every_film
def test_a_good_film_raises_no_doubt_whichever_way_it_faces(film: PhantomFilm) -> None:
    assert doubts(film.bone_bright, film.region) == ()
    assert doubts(film.bone_bright[:, ::-1], film.region) == ()


@every_film
def test_another_region_in_the_header_is_a_conflict_for_a_person(film: PhantomFilm) -> None:
    (sentence,) = doubts(film.bone_bright, "L" if film.region == "C" else "C")
    assert "choose the region" in sentence


@every_film
def test_a_silent_header_gets_the_pictures_opinion(film: PhantomFilm) -> None:
    (sentence,) = doubts(film.bone_bright, None)
    assert ("cervical" if film.region == "C" else "lumbar") in sentence


@every_film
def test_a_film_with_its_head_down_is_seen(film: PhantomFilm) -> None:
    assert doubts(film.bone_bright[::-1, ::-1], film.region) == (UPSIDE_DOWN,)


@every_film
@pytest.mark.parametrize("turns", [1, 3])
def test_a_film_on_its_side_is_seen(film: PhantomFilm, turns: int) -> None:
    assert doubts(np.rot90(film.bone_bright, turns), film.region) == (ON_ITS_SIDE,)


def test_a_wrong_polarity_is_seen_on_all_but_one_film() -> None:
    said = [doubts(WHITE - film.bone_bright, film.region) for film in films()]
    assert sum(sentences == (NEGATIVE,) for sentences in said) >= len(said) - 1


@pytest.mark.parametrize("shape", [(2000, 800), (800, 2000)])
def test_a_stitched_film_is_set_aside(shape: tuple[int, int]) -> None:
    assert doubts(np.zeros(shape, np.uint16), "L") == (STITCHED,)


def test_a_film_cropped_to_the_spine_is_not_called_stitched() -> None:
    """1100 x 2074 pixels: the cropped lumbar films of the source paper's cohort."""
    assert STITCHED not in doubts(np.zeros((2074, 1100), np.uint16), "L")


def test_noise_and_a_speck_are_no_films_to_have_an_opinion_of() -> None:
    noise = np.random.default_rng(1).integers(0, 4096, (600, 500)).astype(np.uint16)
    assert doubts(noise, "C") == ()
    assert doubts(films()[0].bone_bright[:150, :150], "L") == ()


def test_contrast_does_not_change_the_opinion() -> None:
    pixels = films()[0].bone_bright
    softer = np.sqrt(pixels.astype(np.float64) / WHITE) * 900
    assert (blocks_of(pixels) * blocks_of(softer.astype(np.uint16))).sum() > 0.97


def test_the_opinion_needs_no_torch() -> None:
    script = "import sys, inference.film_appearance; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_file_is_looked_at_with_its_header_and_after_its_polarity() -> None:
    negative = next(film for film in films() if film.photometric == "MONOCHROME1")
    assert read_film(encode(negative)).doubts == ()
    ds = dcmread(BytesIO(encode(negative)))
    ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    assert read_film(as_bytes(ds)).doubts == (NEGATIVE,)

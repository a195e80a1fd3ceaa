"""Letters near the edge are suspected; lead markers, bones and noise are not."""

import cv2
import numpy as np
import pytest

from inference.film_text import SUSPECTED, text_suspected
from inference.picture import Picture
from tests.inference.phantoms import films, named
from training.phantom import PhantomFilm
from training.phantom.film import WHITE

every_film = pytest.mark.parametrize("film", films(), ids=named)


def written(pixels: Picture, said: str, value: int, at: tuple[float, float]) -> Picture:
    """The film with a line of 14 pixels' height at (x, y), as shares of its size."""
    spoilt = pixels.copy()
    rows, cols = pixels.shape
    place = (int(at[0] * cols), int(at[1] * rows))
    mask = np.zeros(pixels.shape, np.uint8)
    cv2.putText(mask, said, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
    spoilt[mask > 127] = value
    return spoilt


@every_film
def test_a_film_with_its_lead_marker_is_not_suspected(film: PhantomFilm) -> None:
    assert text_suspected(film.bone_bright) is None
    assert text_suspected(WHITE - film.bone_bright) is None


@every_film
def test_a_name_in_white_on_black_is_suspected(film: PhantomFilm) -> None:
    spoilt = film.bone_bright.copy()
    spoilt[:40] = 0
    assert text_suspected(written(spoilt, "DOE JANE", WHITE, (0.05, 0.04))) == SUSPECTED


@every_film
def test_a_name_in_black_on_a_white_label_is_suspected(film: PhantomFilm) -> None:
    spoilt = film.bone_bright.copy()
    spoilt[-40:, :220] = WHITE
    assert text_suspected(written(spoilt, "4711-22", 0, (0.03, 0.97))) == SUSPECTED


@pytest.mark.parametrize("marker", ["L", "R", "R JS"])
def test_a_marker_with_initials_is_not_suspected(marker: str) -> None:
    blank = np.full((600, 480), 300, np.uint16)
    assert text_suspected(written(blank, marker, WHITE, (0.05, 0.1))) is None


def test_letters_of_different_brightness_are_no_line() -> None:
    film = np.full((600, 480), 300, np.uint16)
    for number, value in enumerate((1200, 2000, 2900, 4000)):
        film = written(film, "H", value, (0.05 + 0.05 * number, 0.1))
    assert text_suspected(film) is None


def test_noise_and_a_speck_bear_no_text() -> None:
    noise = np.random.default_rng(1).integers(0, 4096, (600, 480)).astype(np.uint16)
    assert text_suspected(noise) is None
    assert text_suspected(noise[:100, :100]) is None

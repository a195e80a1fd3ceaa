"""Letters near the edge are suspected, however turned; markers, bones and noise are not."""

import cv2
import numpy as np
import pytest

from inference.film_text import SUSPECTED, text_suspected
from inference.picture import Picture
from tests.inference.phantoms import films, named
from training.phantom import PhantomFilm
from training.phantom.film import WHITE

every_turn = pytest.mark.parametrize("turned", [0, 1, 2, 3], ids=lambda turned: f"{90 * turned}")
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


def turned_by(pixels: Picture, quarters: int) -> Picture:
    return np.rot90(pixels, quarters).copy()


@every_turn
@every_film
def test_a_film_with_its_lead_marker_is_not_suspected(film: PhantomFilm, turned: int) -> None:
    pixels = turned_by(film.bone_bright, turned)
    assert text_suspected(pixels) is None
    assert text_suspected(WHITE - pixels) is None


@every_turn
@every_film
def test_a_name_in_white_on_black_is_suspected(film: PhantomFilm, turned: int) -> None:
    """The film is upright, the line runs along any of its sides."""
    pixels = turned_by(film.bone_bright, -turned)
    pixels[:40] = 0
    spoilt = turned_by(written(pixels, "DOE JANE", WHITE, (0.05, 0.04)), turned)
    assert text_suspected(spoilt) == SUSPECTED


@every_turn
@every_film
def test_a_name_in_black_on_a_white_label_is_suspected(film: PhantomFilm, turned: int) -> None:
    pixels = turned_by(film.bone_bright, -turned)
    pixels[-40:, :220] = WHITE
    spoilt = turned_by(written(pixels, "4711-22", 0, (0.03, 0.97)), turned)
    assert text_suspected(spoilt) == SUSPECTED


@every_turn
def test_the_marks_of_a_ruler_and_the_steps_of_a_wedge_are_no_letters(turned: int) -> None:
    film = np.full((1000, 800), 300, np.uint16)
    for top in range(50, 950, 15):
        film[top : top + 4, 60 : 60 + (24 if top % 75 == 50 else 15)] = WHITE
    for step in range(8):
        film[100 + 30 * step : 120 + 30 * step, 700:720] = WHITE
    assert text_suspected(turned_by(film, turned)) is None


@every_turn
def test_lead_markers_one_below_the_other_are_no_line(turned: int) -> None:
    film = np.full((1000, 800), 300, np.uint16)
    for number, marker in enumerate(("L", "R JS", "MA", "12")):
        film = written(film, marker, WHITE, (0.05, 0.1 + 0.05 * number))
    assert text_suspected(turned_by(film, turned)) is None


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

"""A film on the screen, photographed and held against the picture that was computed of it."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.end_to_end.conftest import Person
from tests.end_to_end.strange_films import Film

TOLERANCE = 1
"""Grey levels of 255: rounded once to the stored picture's values, once to the screen's."""
SIDE = 240
"""Of the square in the middle of the film that is compared, in film pixels."""


def opens(person: Person, film: Film) -> None:
    """The film, shown over the whole range of its stored picture."""
    page = person.page
    person.goes_to(f"/rounds/{film.round}")
    painted(page)
    picture = page.get_by_test_id("film-pane").get_attribute("data-painted")
    kept = [[picture, {"center": film.top / 2, "width": film.top}, "9999-01-01T00:00:00Z"]]
    page.evaluate("kept => localStorage.setItem('windows', JSON.stringify(kept))", kept)
    page.reload()
    painted(page)


def painted(page: Page) -> None:
    expect(page.get_by_test_id("film-pane")).to_have_attribute("data-painted", re.compile("^/"))


def is_pydicoms(page: Page, film: Film) -> None:
    """The middle of the film at actual size, photographed, is what pydicom says."""
    page.keyboard.press("z")
    page.keyboard.press("o")
    expect(page.locator("[data-testid=film-pane] .overlay")).to_have_attribute("data-hidden", "")
    is_shown(page, film.grey)
    page.keyboard.press("o")


def is_shown(page: Page, grey: NDArray[np.float64]) -> None:
    """The middle of the pane is the middle of a picture from 0 black to 1 white."""
    shot = photographed(page)
    rows, cols = grey.shape
    top, left = (rows - SIDE) // 2, (cols - SIDE) // 2
    expected = np.rint(255 * grey[top : top + SIDE, left : left + SIDE])
    assert len(np.unique(expected)) > 50  # a picture, and not a flat patch of it
    off = min(
        np.abs(shot[y : y + SIDE, x : x + SIDE] - expected).max()
        for y in around(shot.shape[0])
        for x in around(shot.shape[1])
    )
    assert off <= TOLERANCE


def is_sharp(page: Page, grey: NDArray[np.float64], scale: float) -> None:
    """The middle of the pane is the picture itself, at its full size, between its pixels' centres.

    Drawn from a picture of half its size it would have lost its edges.
    """
    shot = photographed(page)
    square = shot[around(shot.shape[0])[2] :, around(shot.shape[1])[2] :][:SIDE, :SIDE]
    film = (255 * grey).astype(np.float32)
    drawn = [enlarged(film, scale, dx / 8, dy / 8) for dy in range(-8, 9) for dx in range(-8, 9)]
    nearest = min(drawn, key=lambda one: float(np.abs(one - square).mean()))
    assert np.abs(nearest - square).mean() < 1
    assert edges(square) == pytest.approx(edges(nearest), rel=0.03)
    rows, cols = grey.shape
    half = cv2.resize(film, (cols // 2, rows // 2), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(half, (cols, rows), interpolation=cv2.INTER_LINEAR)
    assert edges(enlarged(soft, scale, 0, 0)) < 0.9 * edges(nearest)  # it would have been seen


def enlarged(film: cv2.typing.MatLike, scale: float, dx: float, dy: float) -> NDArray[np.float64]:
    """The middle of a picture, bilinear, its grid moved by so many pixels of the screen."""
    middle = [(side - 1) / 2 for side in film.shape]
    steps = (np.arange(SIDE) - (SIDE - 1) / 2) / scale
    cols = (middle[1] + steps + dx / scale).astype(np.float32)
    rows = (middle[0] + steps + dy / scale).astype(np.float32)
    maps = np.tile(cols, (SIDE, 1)), np.repeat(rows[:, None], SIDE, axis=1)
    return np.asarray(cv2.remap(film, *maps, cv2.INTER_LINEAR), np.float64)


def edges(picture: NDArray[np.float64]) -> float:
    """How much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture)).mean())


def around(extent: int) -> range:
    """Where the square may begin: the grids are laid on each other by half a pixel at most."""
    return range((extent - SIDE) // 2 - 2, (extent - SIDE) // 2 + 3)


def photographed(page: Page) -> NDArray[np.float64]:
    """The film pane as it is on the screen; its middle is grey."""
    image = picture_of(page)
    # Without its rim: where a pixel belongs to two panes, a photograph takes it as well.
    middle = image[image.shape[0] // 4 : -image.shape[0] // 4, 4:-4]
    assert (middle == middle[..., :1]).all()
    return image[..., 0].astype(np.float64)


def picture_of(page: Page) -> NDArray[np.uint8]:
    """The film pane in colour, once what was asked for is painted."""
    page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    png = page.get_by_test_id("film-pane").screenshot()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def extent(page: Page) -> tuple[int, int]:
    """Width and height of the film on the screen, through the middle of the pane."""
    page.get_by_test_id("film-pane").evaluate("pane => (pane.style.background = 'red')")
    image = picture_of(page)
    grey = (image == image[..., :1]).all(axis=-1)  # beside the film the pane is red
    rows, cols = grey.shape
    return int(grey[rows // 2].sum()), int(grey[:, cols // 2].sum())

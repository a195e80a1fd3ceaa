"""What Chromium shows of a film, pixel for pixel against pydicom; and films that are bad input.

A film is opened at one film pixel to one pixel of the display, its window laid over the whole range
of the stored picture, and photographed from the screen. The same is done with WebGL: Chromium has
no graphics card here, so its renderer is passed off as one.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route, expect

from inference.msasss import DISCS
from tests.end_to_end.conftest import Person, Product, SignIn
from tests.end_to_end.reading_screen import at_server, grades, saved
from tests.end_to_end.strange_films import Film, imported

pytestmark = pytest.mark.timeout(300)

TOLERANCE = 1
"""Grey levels of 255: rounded once to the stored picture's values, once to the screen's."""
SIDE = 240
"""Of the square in the middle of the film that is compared, in film pixels."""
A_CARD = """
const asked = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  return name === 0x9246 ? "A graphics card" : asked.call(this, name);
};
"""
PAINTERS = {"processor": "", "card": A_CARD}
SMALL = ("twelve_bits", "monochrome1", "voi_lut", "sigmoid", "window", "eight_bits")


@pytest.fixture(scope="module")
def films(product: Product, chromium: Browser) -> Iterator[dict[str, Film]]:
    """One film of each kind, in a study of its own."""
    product.manage("load_demo", "--patients", "0")
    context = chromium.new_context()
    page = context.new_page()
    office = Person(page, product)
    office.signs_in("coordinator")
    yield imported(product, office)
    context.close()


def opens(person: Person, film: Film) -> None:
    """The film, shown over the whole range of its stored picture."""
    page = person.page
    person.goes_to(f"/rounds/{film.round}")
    painted(page)
    picture = page.get_by_test_id("film-pane").get_attribute("data-painted")
    kept = [[picture, {"center": film.top / 2, "width": film.top}]]
    page.evaluate("kept => localStorage.setItem('windows', JSON.stringify(kept))", kept)
    page.reload()
    painted(page)


def painted(page: Page) -> None:
    expect(page.get_by_test_id("film-pane")).to_have_attribute("data-painted", re.compile("^/"))


def is_pydicoms(page: Page, film: Film) -> None:
    """The middle of the film at actual size, photographed, is what pydicom says."""
    page.keyboard.press("z")
    page.get_by_test_id("tool-overlay").click()
    page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    shot = photographed(page)
    page.get_by_test_id("tool-overlay").click()
    rows, cols = film.grey.shape
    top, left = (rows - SIDE) // 2, (cols - SIDE) // 2
    expected = np.rint(255 * film.grey[top : top + SIDE, left : left + SIDE])
    assert len(np.unique(expected)) > 50  # a picture, and not a flat patch of it
    off = min(
        np.abs(shot[y : y + SIDE, x : x + SIDE] - expected).max()
        for y in around(shot.shape[0])
        for x in around(shot.shape[1])
    )
    assert off <= TOLERANCE


def around(extent: int) -> range:
    """Where the square may begin: the grids are laid on each other by half a pixel at most."""
    return range((extent - SIDE) // 2 - 2, (extent - SIDE) // 2 + 3)


def photographed(page: Page) -> NDArray[np.float64]:
    png = page.get_by_test_id("film-pane").screenshot()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    middle = image[image.shape[0] // 4 : -image.shape[0] // 4]
    assert (middle == middle[..., :1]).all()  # grey
    return image[..., 0].astype(np.float64)


@pytest.mark.parametrize("painter", PAINTERS)
def test_films_of_every_kind_are_shown_as_pydicom_shows_them(
    films: dict[str, Film], sign_in: SignIn, painter: str
) -> None:
    reader = sign_in("reader", script=PAINTERS[painter])
    for kind in SMALL:
        opens(reader, films[kind])
        is_pydicoms(reader.page, films[kind])
    is_gl = reader.page.locator("[data-testid=film-pane] canvas").first.evaluate(
        "canvas => !!canvas.getContext('webgl2')"
    )
    assert is_gl == (painter == "card")


@pytest.mark.parametrize(("painter", "ratio"), [("processor", 2), ("card", 3)])
def test_actual_size_is_sharp_on_fine_displays(
    films: dict[str, Film], sign_in: SignIn, painter: str, ratio: float
) -> None:
    reader = sign_in("reader", script=PAINTERS[painter], device_scale_factor=ratio)
    page = reader.page
    opens(reader, films["twelve_bits"])
    is_pydicoms(page, films["twelve_bits"])
    pane = page.get_by_test_id("film-pane")
    pane.hover()
    page.keyboard.down("m")
    lens = pane.get_by_test_id("lens")
    expect(lens).to_be_visible()
    shown, drawn = lens.bounding_box(), lens.evaluate("canvas => canvas.width")
    assert shown
    assert drawn == pytest.approx(shown["width"] * ratio, abs=0.01)
    page.keyboard.up("m")


def test_the_card_is_lost_and_the_film_stays(films: dict[str, Film], sign_in: SignIn) -> None:
    reader = sign_in("reader", script=A_CARD)
    page = reader.page
    opens(reader, films["twelve_bits"])
    page.locator("[data-testid=film-pane] canvas").first.evaluate(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    expect(page.locator("[data-testid=film-pane] canvas")).not_to_have_count(0)
    page.wait_for_timeout(200)
    is_pydicoms(page, films["twelve_bits"])


def test_a_film_of_30_megapixels_is_read_like_any_other(
    films: dict[str, Film], sign_in: SignIn
) -> None:
    reader = sign_in("reader")
    opens(reader, films["large"])
    is_pydicoms(reader.page, films["large"])
    reader.shows("reading-30-megapixels")
    grades(reader.page, "012")
    saved(reader.page)
    assert at_server(reader).rstrip("-") == "012"


def test_a_broken_picture_is_told_and_costs_no_grade(
    films: dict[str, Film], sign_in: SignIn, product: Product
) -> None:
    film = films["voi_lut"]
    reader = sign_in("reader2")
    opens(reader, film)
    grades(reader.page, "01")
    saved(reader.page)
    path = product.data / "pictures" / f"{film.radiograph}.jls"
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"no picture at all", b""):
        path.write_bytes(broken)
        again = sign_in("reader2")  # another browser: this one has the picture in its cache
        again.goes_to(f"/rounds/{film.round}")
        banner = again.page.get_by_test_id("error-banner")
        expect(banner).to_contain_text("cannot be decoded")
        assert at_server(again).rstrip("-") == "01"
    again.shows("reading-broken-picture")
    path.write_bytes(whole)
    again = sign_in("reader2")
    opens(again, film)
    expect(again.page.get_by_test_id("done")).to_contain_text("2 of 12")
    is_pydicoms(again.page, film)


def test_a_film_that_shows_four_discs_is_finished(films: dict[str, Film], sign_in: SignIn) -> None:
    film = films["monochrome1"]
    rows, cols = film.grey.shape
    four = [
        {
            "disc": disc,
            "center": [cols * 0.5, rows * (0.2 + 0.15 * number)],
            "anterior": [cols * 0.4, rows * (0.2 + 0.15 * number)],
            "confidence": 0.9,
            "source": "model",
            "model": None,
        }
        for number, disc in enumerate(DISCS["L"][:4])
    ]

    def only_four(route: Route) -> None:
        body = (answer := route.fetch()).json()
        body["reading"]["discs"] = four
        route.fulfill(response=answer, json=body)

    reader = sign_in("reader2")
    page = reader.page
    page.route(re.compile("/next$"), only_four)
    opens(reader, film)
    assert page.locator("[data-testid^=point-][data-testid$=-center]").count() == len(four)
    grades(page, "01201200")
    expect(page.get_by_test_id("place-points")).to_be_visible()
    reader.shows("reading-four-discs")
    page.keyboard.press("x")
    page.keyboard.press("x")
    saved(page)
    assert at_server(reader) == "01201200nnnn"
    number = page.get_by_test_id("reading").get_attribute("data-reading")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_be_visible()
    answer = page.request.get(f"{reader.product.address}/api/v1/readings/{number}").json()
    assert answer["state"] == "committed"


def test_a_clock_that_jumps_changes_no_order(films: dict[str, Film], sign_in: SignIn) -> None:
    reader = sign_in("reader")
    page = reader.page
    opens(reader, films["sigmoid"])
    first = page.locator("[data-testid^=corner-]").first
    page.context.set_offline(True)
    page.clock.set_system_time(datetime(2041, 5, 4, tzinfo=UTC))
    grades(page, "01")
    page.clock.set_system_time(datetime(1999, 12, 31, tzinfo=UTC))
    first.click()
    page.keyboard.press("2")
    expect(first).to_have_attribute("data-grade", "2")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-waiting", "3")
    page.context.set_offline(False)
    saved(page)
    assert at_server(reader).rstrip("-") == "21"

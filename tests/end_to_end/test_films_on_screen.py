"""What Chromium shows of a film, pixel for pixel against pydicom; and films that are bad input.

A film is opened at one film pixel to one of the display, its window over the whole range, and
photographed. WebGL too: Chromium has no graphics card here, so its renderer is passed off as one.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from inference.msasss import DISCS
from tests import browser
from tests.end_to_end.conftest import FLAGS, Person, Product, SignIn
from tests.end_to_end.film_photographs import (
    extent,
    is_pydicoms,
    is_sharp,
    is_shown,
    opens,
    painted,
)
from tests.end_to_end.reading_screen import at_server, grades, saved
from tests.end_to_end.strange_films import Film, imported

pytestmark = pytest.mark.timeout(900)

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
    context = chromium.new_context()
    page = context.new_page()
    office = Person(page, product)
    office.signs_in("coordinator")
    yield imported(product, office)
    context.close()


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


def test_keys_change_the_picture_as_they_say(films: dict[str, Film], sign_in: SignIn) -> None:
    """Each picture against the window that the page keeps, by the formula of PS3.3 C.11.2.1.3.2."""
    film = films["twelve_bits"]
    reader = sign_in("reader")
    page = reader.page
    opens(reader, film)
    for key in ("z", "o"):
        page.keyboard.press(key)
    windows = []
    for key in ("a", "b", "t", ".", ",", "]", "["):
        page.keyboard.press(key)
        window = page.evaluate("JSON.parse(localStorage.getItem('windows'))[0][1]")
        windows.append((window["center"], window["width"]))
        share = (film.grey * film.top - window["center"]) / window["width"] + 0.5
        is_shown(page, share.clip(0, 1))
    auto, bone, soft, brighter, darker, more, less = windows
    assert len({auto, bone, soft, brighter, more}) == 5
    assert darker == pytest.approx(soft)  # each key takes its opposite back
    assert less == pytest.approx(soft)
    page.keyboard.press("i")
    is_shown(page, 1 - share.clip(0, 1))
    turns_zooms_and_fits(page, film)


def test_a_film_is_sharp_at_every_zoom(films: dict[str, Film], sign_in: SignIn) -> None:
    film = films["twelve_bits"]
    reader = sign_in("reader2")
    page = reader.page
    opens(reader, film)
    for key in ("z", "o"):
        page.keyboard.press(key)
    for times in range(1, 9):
        page.keyboard.press("+")
        is_sharp(page, film.grey, 1.25**times)
    page.keyboard.press("z")
    page.keyboard.press("-")
    is_sharp(page, film.grey, 0.8)


def test_the_window_goes_with_the_reader_to_another_machine(
    films: dict[str, Film], sign_in: SignIn
) -> None:
    film = films["eight_bits"]
    reader = sign_in("reader2")
    opens(reader, film)
    reader.page.keyboard.press("b")
    grades(reader.page, "0")
    saved(reader.page)
    window = reader.page.evaluate("JSON.parse(localStorage.getItem('windows'))[0][1]")
    share = (film.grey * film.top - window["center"]) / window["width"] + 0.5
    elsewhere = sign_in("reader2")
    elsewhere.goes_to(f"/rounds/{film.round}")
    painted(elsewhere.page)
    for key in ("z", "o"):
        elsewhere.page.keyboard.press(key)
    is_shown(elsewhere.page, share.clip(0, 1))
    elsewhere.page.keyboard.press("t")
    grades(elsewhere.page, "0")
    saved(elsewhere.page)
    newer = elsewhere.page.evaluate("JSON.parse(localStorage.getItem('windows'))[0][1]")
    reader.page.reload()  # the window of this machine is the older one now
    painted(reader.page)
    for key in ("z", "o"):
        reader.page.keyboard.press(key)
    share = (film.grey * film.top - newer["center"]) / newer["width"] + 0.5
    is_shown(reader.page, share.clip(0, 1))


def turns_zooms_and_fits(page: Page, film: Film) -> None:
    """How large the film lies in the pane."""
    rows, cols = film.grey.shape
    pane = page.get_by_test_id("film-pane").bounding_box()
    assert pane
    page.keyboard.press("f")
    scale = min((pane["width"] - 16) / cols, (pane["height"] - 16) / rows)
    fitted = (scale * cols, scale * rows)
    assert extent(page) == pytest.approx(fitted, abs=2)
    page.keyboard.press("-")
    assert extent(page) == pytest.approx([0.8 * side for side in fitted], abs=2)
    page.keyboard.press("+")
    assert extent(page) == pytest.approx(fitted, abs=2)
    page.keyboard.press("d")
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert extent(page) == pytest.approx([0.64 * side for side in fitted[::-1]], abs=2)
    expect(page.get_by_text("Rotated or flipped")).to_be_visible()
    page.get_by_test_id("tool-flip").click()
    page.keyboard.press("f")
    expect(page.get_by_text("Rotated or flipped")).to_have_count(0)


@pytest.mark.parametrize(
    ("painter", "ratio"), [("card", 1.25), ("processor", 1.5), ("card", 2), ("processor", 3)]
)
def test_actual_size_is_sharp_on_fine_displays(
    films: dict[str, Film], product: Product, chromium: Browser, painter: str, ratio: float
) -> None:
    """A browser of its own: one that emulates such a display rounds to other pixels."""
    size = f"--window-size={1024 * ratio:.0f},{768 * ratio:.0f}"
    flags = [*FLAGS.split(), f"--force-device-scale-factor={ratio}", size]
    with chromium.browser_type.launch(
        executable_path=browser.executable(), args=flags, timeout=180_000
    ) as fine:
        context = fine.new_context(no_viewport=True)
        context.add_init_script(PAINTERS[painter] or ";")
        reader = Person(context.new_page(), product)
        reader.signs_in("reader")
        page = reader.page
        opens(reader, films["twelve_bits"])
        assert page.evaluate("devicePixelRatio") == ratio
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
    lost = page.locator("[data-testid=film-pane] canvas").first.element_handle()
    lost.evaluate(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    page.wait_for_function("lost => !lost.isConnected", arg=lost)  # another one took its place
    expect(page.locator("[data-testid=film-pane] canvas")).not_to_have_count(0)
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
    expect(page.locator("[data-testid^=point-][data-testid$=-center]")).to_have_count(len(four))
    grades(page, "01201200")
    expect(page.get_by_test_id("place-points")).to_be_visible()
    reader.shows("reading-four-discs")
    missing = DISCS["L"][4]
    page.get_by_test_id("place-points").click()  # near its neighbours, to be dragged
    expect(page.get_by_test_id(f"point-{missing.replace('/', '-')}-center")).to_be_visible()
    expect(page.get_by_test_id("place-points")).to_have_count(0)
    saved(page)
    root = reader.product.address
    number = page.get_by_test_id("reading").get_attribute("data-reading")
    discs = page.request.get(f"{root}/api/v1/readings/{number}").json()["discs"]
    assert {disc["disc"]: disc["source"] for disc in discs}[missing] == "reader"
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

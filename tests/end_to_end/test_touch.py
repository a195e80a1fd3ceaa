"""A tablet: fingers and a pen, through Chromium's own input pipeline, grade, drag and pinch."""

from collections.abc import Iterator
from math import dist

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from annotation.management.commands.load_demo import PASSWORD
from tests.end_to_end.blind_studies import blind_study_of_four
from tests.end_to_end.conftest import Product
from tests.end_to_end.reading_screen import eventually, takes_keys

pytestmark = pytest.mark.timeout(900)
At = tuple[float, float]
STUDY = "Read on a tablet"
TABLET = {"width": 1180, "height": 820}


@pytest.fixture(scope="module", autouse=True)
def films(product: Product, chromium: Browser) -> None:
    # The other reader has seen the answers of some films in a calibration deck
    blind_study_of_four(product, chromium, STUDY, readers=["reader"])


class Fingers:
    """Touches as the digitizer reports them: all that are down, at every moment."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)

    def report(self, kind: str, *points: At) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def go(self, *ways: tuple[At, At], steps: int = 8) -> None:
        """Each finger from its start to its end, together."""
        self.report("touchStart", *(start for start, _ in ways))
        for step in range(1, steps + 1):
            share = step / steps
            self.report(
                "touchMove",
                *((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in ways),
            )
        self.report("touchEnd")


class Pen:
    """A pen as the digitizer reports it: where its tip is, and whether it is down."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)

    def report(self, kind: str, at: At) -> None:
        down = kind != "mouseReleased"
        event = {"type": kind, "x": at[0], "y": at[1], "pointerType": "pen", "force": 0.5 * down}
        more = {"button": "left", "buttons": int(down), "clickCount": 1}
        self.cdp.send("Input.dispatchMouseEvent", event | more)

    def go(self, start: At, end: At, steps: int = 8) -> None:
        self.report("mousePressed", start)
        for step in range(1, steps + 1):
            share = step / steps
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            self.report("mouseMoved", (x, y))
        self.report("mouseReleased", end)

    def tap(self, control: Locator) -> None:
        box = control.bounding_box()
        assert box
        at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.go(at, at, steps=0)


@pytest.fixture
def tablet(product: Product, chromium: Browser) -> Iterator[Page]:
    """The reading page of a reader who has no mouse and no keyboard."""
    context = chromium.new_context(viewport=TABLET, has_touch=True)
    page = context.new_page()
    page.goto(product.address)
    page.get_by_label("User name").fill("reader")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_test_id("sign-in-form").get_by_role("button").tap()
    page.locator("tr, li", has_text=STUDY).get_by_role("link").first.tap()
    takes_keys(page)  # and fingers
    yield page
    context.close()


def center_of(page: Page, disc: int) -> At:
    """Where the centre point of a disc is on the screen."""
    box = page.locator(".overlay .point.center").nth(disc).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def all_points_are_tapped(page: Page, left: float, top: float, width: float, height: float) -> None:
    """Guided from the top down: a centre and an anterior edge for each disc."""
    page.get_by_test_id("place-all").tap()
    for disc in range(6):
        y = top + height * (0.3 + 0.09 * disc)
        page.touchscreen.tap(left + width * 0.55, y)
        page.touchscreen.tap(left + width * 0.48, y)
    expect(page.get_by_test_id("guide")).to_have_count(0)


def test_points_are_tapped_and_dragged_the_film_pinched_and_panned(tablet: Page) -> None:
    pane = tablet.get_by_test_id("film-pane").bounding_box()
    assert pane
    all_points_are_tapped(tablet, pane["x"], pane["y"], pane["width"], pane["height"])
    fingers = Fingers(tablet)
    x, y = center_of(tablet, 2)
    fingers.go(((x, y), (x + 25, y + 8)))
    assert eventually(tablet, lambda: dist(center_of(tablet, 2), (x + 25, y + 8)) < 3)
    expect(tablet.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    reading = tablet.get_by_test_id("reading").get_attribute("data-reading")
    root = tablet.url.split("/rounds")[0]
    discs = tablet.request.get(f"{root}/api/v1/readings/{reading}").json()["discs"]
    assert [disc["source"] for disc in discs] == ["reader"] * 6

    apart = dist(center_of(tablet, 0), center_of(tablet, 4))
    cx, cy = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2
    first = ((cx - 90, cy - 60), (cx - 180, cy - 120))
    second = ((cx + 90, cy + 60), (cx + 180, cy + 120))
    fingers.go(first, second)
    twice = pytest.approx(2 * apart, rel=0.05)
    assert eventually(tablet, lambda: dist(center_of(tablet, 0), center_of(tablet, 4)) == twice)

    before = center_of(tablet, 2)
    fingers.go(((cx + 150, cy - 130), (cx + 120, cy - 90)))
    there = pytest.approx((before[0] - 30, before[1] + 40), abs=2)
    assert eventually(tablet, lambda: center_of(tablet, 2) == there)


def test_a_film_is_graded_by_touch_alone(tablet: Page) -> None:
    done = tablet.get_by_test_id("done")
    for number in range(12):
        expect(done).to_contain_text(f"{number} of 12")
        if number == 11:
            tablet.get_by_test_id("grade-na").tap()
            tablet.get_by_test_id("reason-obscured").tap()
        else:
            tablet.get_by_test_id(f"grade-{number % 3}").tap()
    expect(tablet.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    film = tablet.get_by_test_id("reading").get_attribute("data-reading")
    tablet.get_by_test_id("commit").tap()
    expect(tablet.get_by_test_id("reading")).not_to_have_attribute("data-reading", str(film))
    expect(tablet.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    root = tablet.url.split("/rounds")[0]
    answer = tablet.request.get(f"{root}/api/v1/readings/{film}").json()
    assert answer["state"] == "committed"
    assert [mark["grade"] for mark in answer["marks"].values()].count(2) == 3


def test_a_pen_places_drags_and_grades(tablet: Page) -> None:
    tablet.evaluate(
        """() => { window.pointers = new Set();
        addEventListener("pointerdown", (event) => pointers.add(event.pointerType), true); }"""
    )
    pen = Pen(tablet)
    pane = tablet.get_by_test_id("film-pane").bounding_box()
    assert pane
    pen.tap(tablet.get_by_test_id("place-all"))
    for disc in range(6):
        y = pane["y"] + pane["height"] * (0.3 + 0.09 * disc)
        for share in (0.55, 0.48):
            at = pane["x"] + pane["width"] * share, y
            pen.go(at, at, steps=0)
    expect(tablet.get_by_test_id("guide")).to_have_count(0)
    x, y = center_of(tablet, 3)
    pen.go((x, y), (x - 20, y + 12))
    assert eventually(tablet, lambda: dist(center_of(tablet, 3), (x - 20, y + 12)) < 3)
    done = tablet.get_by_test_id("done")
    for number in range(12):
        expect(done).to_contain_text(f"{number} of 12")
        pen.tap(tablet.get_by_test_id(f"grade-{number % 3}"))
    expect(tablet.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    assert tablet.evaluate("[...pointers]") == ["pen"]
    film = tablet.get_by_test_id("reading").get_attribute("data-reading")
    pen.tap(tablet.get_by_test_id("commit"))
    expect(tablet.get_by_test_id("reading")).not_to_have_attribute("data-reading", str(film))
    expect(tablet.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    root = tablet.url.split("/rounds")[0]
    answer = tablet.request.get(f"{root}/api/v1/readings/{film}").json()
    assert answer["state"] == "committed"
    assert [mark["grade"] for mark in answer["marks"].values()].count(1) == 4

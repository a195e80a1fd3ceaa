"""From film to film: the page goes on by itself, and the server has the last word."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.conftest import Person, Product, SignIn
from tests.end_to_end.reading_screen import grades, saved, sites
from tests.end_to_end.strange_films import blind_study

pytestmark = pytest.mark.timeout(300)
FILMS = ("--patients", "2", "--visits", "1", "--scale", "0.25")
FIRST, SECOND = "011010200100", "000010000002"


@pytest.fixture(scope="module")
def round_(product: Product, chromium: Browser) -> int:
    """Four small films that two readers read blind."""
    product.manage("load_demo", *FILMS)
    context = chromium.new_context()
    office = Person(context.new_page(), product)
    office.signs_in("coordinator")
    url = f"{product.address}/api/v1/radiographs?state=ready"
    films = [film["id"] for film in office.page.request.get(url).json()["results"]]
    made = blind_study(office, "Blind", films)
    context.close()
    return made


def opens(person: Person, round_: int) -> None:
    person.goes_to(f"/rounds/{round_}")
    painted(person.page)
    person.page.wait_for_load_state("networkidle")  # the two films to come are here


def painted(page: Page) -> None:
    expect(page.get_by_test_id("film-pane")).to_have_attribute("data-painted", re.compile("^/"))


def number(page: Page) -> str:
    """The reading on the screen."""
    return str(page.get_by_test_id("reading").get_attribute("data-reading"))


def goes_on(page: Page) -> str:
    """Enter; the next film is on the screen, painted. Its number."""
    before = number(page)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("reading")).not_to_have_attribute("data-reading", before)
    now = number(page)
    pane = page.get_by_test_id("film-pane")
    expect(pane).to_have_attribute("data-painted", re.compile(f"/{now}/"))
    return now


def at_server(person: Person, reading: str) -> tuple[str, str]:
    """The state of a reading, and its grades from the top down."""
    url = f"{person.product.address}/api/v1/readings/{reading}"
    answer: dict[str, Any] = person.page.request.get(url).json()
    marks = (answer["marks"].get(site) for site in answer["sites"])
    return answer["state"], "".join("-" if m is None else str(m["grade"]) for m in marks)


def test_without_a_line_the_films_in_the_browser_are_read_on(round_: int, sign_in: SignIn) -> None:
    reader = sign_in("reader")
    page = reader.page
    opens(reader, round_)
    first = number(page)
    page.context.set_offline(True)
    grades(page, FIRST)
    second = goes_on(page)
    grades(page, SECOND)
    third = goes_on(page)
    grades(page, "01")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "offline")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-waiting", "28")
    reader.shows("reading-on-offline")
    page.context.set_offline(False)
    saved(page)
    assert at_server(reader, first) == ("committed", FIRST)
    assert at_server(reader, second) == ("committed", SECOND)
    assert at_server(reader, third) == ("leased", "01" + 10 * "-")
    assert number(page) == third
    page.reload()
    painted(page)
    assert number(page) == third
    expect(page.get_by_test_id("done")).to_contain_text("2 of 12")


def test_a_refused_commit_leads_back_to_its_film(round_: int, sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens(reader, round_)
    first = number(page)
    missing = sites(page)[3]
    sentence = "A corner has no grade."
    error = {"name": "incomplete", "sentence": sentence, "detail": {"missing": [missing]}}

    def refused(route: Route) -> None:
        page.wait_for_timeout(700)  # meanwhile the reader has gone on
        route.fulfill(status=409, json={"error": error})

    page.route(re.compile("/commit$"), refused)
    grades(page, FIRST)
    saved(page)
    goes_on(page)
    grades(page, "2")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert number(page) == first
    expect(page.get_by_test_id("refused")).to_contain_text(sentence)
    reader.shows("reading-led-back")
    assert at_server(reader, first) == ("leased", FIRST)
    page.unroute(re.compile("/commit$"))
    page.keyboard.press("Escape")
    goes_on(page)
    saved(page)
    assert at_server(reader, first) == ("committed", FIRST)

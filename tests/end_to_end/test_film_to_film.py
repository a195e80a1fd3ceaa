"""From film to film: the page goes on by itself, and the server has the last word."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.blind_studies import blind_study, blind_study_of_four, demo_films
from tests.end_to_end.conftest import Person, Product, SignIn
from tests.end_to_end.film_photographs import picture_of
from tests.end_to_end.reading_screen import (
    eventually,
    grades,
    held_back,
    pictures_are_here,
    saved,
    sites,
)

pytestmark = pytest.mark.timeout(900)
FIRST, SECOND = "011010200100", "000010000002"


@pytest.fixture(scope="module")
def round_(product: Product, chromium: Browser) -> int:
    return blind_study_of_four(product, chromium, "Blind")


def opens(person: Person, round_: int) -> None:
    with person.page.expect_response(re.compile("/next$")) as opened:
        person.goes_to(f"/rounds/{round_}")
    painted(person.page)
    if opened.value.json()["reading"]:
        pictures_are_here(person.page, opened.value.json())


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


def test_a_light_preview_shows_before_the_film(round_: int, sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    held: list[Route] = []
    page.route(re.compile("/picture$"), lambda route: held.append(route))
    reader.goes_to(f"/rounds/{round_}")
    preview = page.get_by_test_id("film-pane").locator("img.preview")
    expect(preview).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 100", arg=preview.element_handle())
    assert eventually(page, lambda: len(held) > 0)
    assert eventually(page, lambda: len(np.unique(picture_of(page))) > 100)
    expect(page.get_by_test_id("film-pane")).to_have_attribute("data-painted", "")
    for route in held:
        route.continue_()
    painted(page)
    expect(preview).to_have_count(0)


def test_a_refused_commit_leads_back_to_its_film(round_: int, sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens(reader, round_)
    first = number(page)
    missing = sites(page)[3]
    sentence = "A corner has no grade."
    error = {"name": "incomplete", "sentence": sentence, "detail": {"missing": [missing]}}
    held = held_back(page, "/commit$")
    grades(page, FIRST)
    saved(page)
    goes_on(page)
    grades(page, "2")
    assert eventually(page, lambda: len(held) > 0)
    held[0].fulfill(status=409, json={"error": error})
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page.get_by_test_id("reading")).to_have_attribute("data-reading", first)
    expect(page.get_by_test_id("refused")).to_contain_text(sentence)
    reader.shows("reading-led-back")
    assert at_server(reader, first) == ("leased", FIRST)
    page.unroute(re.compile("/commit$"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    goes_on(page)
    saved(page)
    assert at_server(reader, first) == ("committed", FIRST)


def test_a_film_is_read_by_mouse_alone(round_: int, sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens(reader, round_)
    film = number(page)
    page.evaluate("addEventListener('keydown', () => { throw Error('a key was pressed') }, true)")
    pane = page.get_by_test_id("film-pane")
    box = pane.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = pane.screenshot()
    page.mouse.move(*middle)
    page.mouse.wheel(0, -500)
    beside = box["x"] + 0.08 * box["width"]  # where no film has a point: one would be taken up
    page.mouse.move(beside, middle[1])
    page.mouse.down(button="right")
    page.mouse.move(beside + 40, middle[1] + 30, steps=4)
    page.mouse.up(button="right")
    page.mouse.down()
    page.mouse.move(beside, middle[1] + 60, steps=4)
    page.mouse.up()
    assert eventually(page, lambda: pane.screenshot() != whole)
    for corner, grade in enumerate(FIRST):
        expect(page.get_by_test_id("done")).to_contain_text(f"{corner} of 12")
        page.get_by_test_id(f"grade-{grade}").click()
    page.get_by_test_id(f"corner-{sites(page)[4]}").click()
    page.get_by_test_id("grade-na").click()
    page.get_by_test_id("reason-rotated").click()
    page.get_by_test_id("undo").click()
    page.get_by_test_id("redo").click()
    page.get_by_test_id("undo").click()
    saved(page)
    page.get_by_test_id("commit").click()
    expect(page.get_by_test_id("reading")).not_to_have_attribute("data-reading", film)
    saved(page)
    assert at_server(reader, film) == ("committed", FIRST)


def test_findings_under_grade_1_have_keys_of_their_own(round_: int, sign_in: SignIn) -> None:
    office, reader = sign_in("coordinator"), sign_in("reader")
    asked = blind_study(office, "Findings", demo_films(office, "L")[:1], finding_flags=True)
    page = reader.page
    opens(reader, asked)
    first, second = sites(page)[:2]
    page.keyboard.press("e")
    page.keyboard.press("q")
    page.keyboard.press("e")  # taken back
    page.keyboard.press("1")  # keeps what was found, and goes on
    expect(page.get_by_test_id("current-corner")).to_have_attribute("data-site", second)
    page.keyboard.press("s")
    expect(page.get_by_test_id("finding-sclerosis")).to_have_attribute("aria-pressed", "true")
    saved(page)
    answer = f"{office.product.address}/api/v1/readings/{number(page)}"
    marks = page.request.get(answer).json()["marks"]
    assert {site: (mark["grade"], mark["findings"]) for site, mark in marks.items()} == {
        first: (1, ["squaring"]),
        second: (1, ["sclerosis"]),
    }
    page.keyboard.press("2")
    saved(page)
    assert page.request.get(answer).json()["marks"][second]["findings"] == []


def test_a_hold_that_was_freed_is_told_with_both_versions(round_: int, sign_in: SignIn) -> None:
    office, reader = sign_in("coordinator"), sign_in("reader")
    page = reader.page
    opens(reader, round_)
    film = number(page)
    before = at_server(reader, film)[1]
    request, address = office.page.request, office.product.address
    reading = page.request.get(f"{address}/api/v1/readings/{film}").json()
    token = request.get(f"{address}/api/v1/session").json()["csrf_token"]
    free = f"{address}/api/v1/studies/{reading['study']['id']}/holds/{film}/free"
    assert request.post(free, headers={"X-CSRFToken": token, "Referer": address}).ok
    last = sites(page)[-1]
    page.get_by_test_id(f"corner-{last}").click()
    page.keyboard.press("2")
    refused = page.get_by_test_id("refused")
    expect(refused).to_contain_text("grade 2")
    expect(page.get_by_test_id(f"corner-{last}")).to_have_attribute("data-grade", "none")
    page.keyboard.press("1")  # nothing more can be saved to it
    reader.shows("reading-freed")
    assert at_server(reader, film)[1] == before
    page.get_by_test_id("error-banner").get_by_role("button").click()
    expect(page.get_by_test_id("error-banner")).to_have_count(0)
    page.get_by_test_id(f"corner-{last}").click()
    page.keyboard.press("1")
    saved(page)
    assert at_server(reader, film) == ("leased", before[:-1] + "1")
    refused.get_by_role("button", name="I have seen it").click()
    expect(refused).to_have_count(0)


def test_a_study_that_is_closed_in_the_middle_keeps_both_versions(
    sign_in: SignIn,
) -> None:
    office, reader = sign_in("coordinator"), sign_in("reader")
    page, address = reader.page, office.product.address
    closing = blind_study(office, "Closed in the middle", demo_films(office)[:2])
    opens(reader, closing)
    film = number(page)
    study = page.request.get(f"{address}/api/v1/readings/{film}").json()["study"]["id"]
    grades(page, "01")
    saved(page)
    page.context.set_offline(True)
    grades(page, "22")
    office.goes_to(f"/studies/{study}")
    office.page.get_by_test_id("close-study").click()
    office.page.get_by_test_id("confirm-yes").click()
    expect(office.page.get_by_test_id("reopen-study")).to_be_visible()
    office.shows("study-closed")
    page.context.set_offline(False)
    refused = page.get_by_test_id("refused")
    expect(refused.get_by_text("This study is closed")).to_have_count(2)
    expect(page.get_by_test_id("done")).to_contain_text("2 of 12")  # what the server has
    page.keyboard.press("3")  # nothing more can be saved to it
    reader.shows("reading-closed")
    assert at_server(reader, film)[1] == "01" + 10 * "-"
    page.get_by_test_id("error-banner").get_by_role("button").click()
    expect(page.get_by_test_id("empty-state")).to_contain_text("This study is closed")
    expect(refused).to_contain_text("grade 2")
    expect(refused.get_by_test_id("send-again")).to_have_count(0)
    reader.shows("reading-closed-nothing-to-read")
    office.page.get_by_test_id("reopen-study").click()
    expect(office.page.get_by_test_id("close-study")).to_be_visible()
    opens(reader, closing)  # a new page of the browser
    assert number(page) == film
    expect(page.get_by_test_id("done")).to_contain_text("2 of 12")
    refused.get_by_test_id("send-again").click()
    expect(page.get_by_test_id("done")).to_contain_text("4 of 12")
    expect(refused).to_have_count(0)
    saved(page)
    assert at_server(reader, film) == ("leased", "0122" + 8 * "-")


def test_the_worklist_counts_a_film_whose_commit_arrives_late(sign_in: SignIn) -> None:
    office, reader = sign_in("coordinator"), sign_in("reader")
    page = reader.page
    late = blind_study(office, "Late", demo_films(office)[:2])
    opens(reader, late)
    grades(page, FIRST)
    saved(page)
    held = held_back(page, "/commit$")
    goes_on(page)
    assert eventually(page, lambda: len(held) > 0)
    page.get_by_test_id("leave").click()
    row = page.get_by_test_id(f"round-{late}")
    expect(row.locator("progress")).to_have_attribute("value", "0")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "sending")
    reader.shows("worklist-before-the-commit")
    held[0].continue_()
    expect(row.locator("progress")).to_have_attribute("value", "1")
    saved(page)
    reader.shows("worklist-after-the-commit")

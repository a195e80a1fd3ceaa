"""What a radiologist does at the reading screen, key by key, on the film that the screen shows."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from inference.msasss import sites_of
from tests.end_to_end.conftest import Person
from training import phantom
from training.phantom.readers import read

SLIP = 0.15  # careless readers, so that there is something to adjudicate

Truth = dict[str, phantom.PhantomFilm]  # by the checksum of the stored picture
Given = dict[str, dict[str, int | None]]  # by film file and site


def everything_is_read(reader: Person, truth: Truth, seed: int) -> Given:
    """By keyboard, from the worklist to its end; what the reader gave, by film file."""
    page = reader.page
    given: Given = {}
    reader.goes_to("/worklist")
    reader.shows("worklist")
    page.get_by_role("link", name=re.compile("reading", re.IGNORECASE)).first.click()
    for number in range(len(truth)):
        expect(page.get_by_test_id("position")).to_contain_text(f"{number + 1} of {len(truth)}")
        expect(page.get_by_test_id("reading")).to_have_attribute("aria-busy", "false")
        film = truth[film_on_screen(reader)]
        grades = read(film.corners, seed, film=film.file, slip=SLIP)
        if number == 0:
            reader.shows("reading-first-film")
            a_bridge_is_set_and_taken_back(reader)
        type_grades(reader, grades)
        if number == 0:
            reader.shows("reading-graded")
        page.keyboard.press("Enter")
        given[film.file] = grades
    expect(page.locator(".empty")).to_be_visible()  # the server says so: the last commit is there
    reader.shows("reading-finished")
    read_in_turn = list(given)  # each visit in one go: its neck, then its lower back
    assert [file.replace("_C.", "_L.") for file in read_in_turn[::2]] == read_in_turn[1::2]
    assert all("_C." in file for file in read_in_turn[::2])
    return given


def film_on_screen(reader: Person) -> str:
    """The checksum of the picture that the open reading shows: readers are told no film's name."""
    reading = reader.page.get_by_test_id("reading").get_attribute("data-reading")
    answer = reader.page.request.get(f"{reader.product.address}/api/v1/readings/{reading}/picture")
    assert answer.ok, answer.text()
    return hashlib.sha256(answer.body()).hexdigest()


def a_bridge_is_set_and_taken_back(reader: Person) -> None:
    """3 on one corner is 3 on both; undo takes both back, and nothing is left over."""
    page = reader.page
    first, second = (page.get_by_test_id(f"corner-{site}") for site in facing_pair(reader))
    for key, grade in (
        ("3", "3"),
        ("Control+z", "none"),
        ("Control+Shift+Z", "3"),
        ("Backspace", "none"),
    ):
        page.keyboard.press(key)
        expect(first).to_have_attribute("data-grade", grade)
        expect(second).to_have_attribute("data-grade", grade)
    current = page.get_by_test_id("current-corner")
    for key, corner in zip(("ArrowDown", "ArrowUp"), reversed(facing_pair(reader)), strict=True):
        page.keyboard.press(key)
        expect(current).to_have_attribute("data-site", corner)


def facing_pair(reader: Person) -> tuple[str, str]:
    """The first two corners of the open film."""
    site = reader.page.get_by_test_id("current-corner").get_attribute("data-site")
    region = "C" if site == "C2_INF" else "L"
    return sites_of(region)[0].code, sites_of(region)[1].code


def type_grades(reader: Person, grades: dict[str, int | None]) -> None:
    """One key per corner down the spine, as a radiologist would; a bridge answers for two."""
    page = reader.page
    current = page.get_by_test_id("current-corner")
    for site, grade in grades.items():
        mark = page.get_by_test_id(f"corner-{site}")
        # What the key before has set is seen first: a bridge is on this corner too.
        if grade == 3 and mark.get_attribute("data-grade") == "3":
            continue  # its facing corner has set it
        expect(current).to_have_attribute("data-site", site)
        if grade is None:
            page.keyboard.press("n")
            expect(page.get_by_test_id("reason-obscured")).to_be_visible()
            page.keyboard.press("o")
        else:
            page.keyboard.press(str(grade))
        expect(mark).to_have_attribute("data-grade", "na" if grade is None else str(grade))
    expect(page.get_by_test_id("done")).to_contain_text("12 of 12")
    expect(page.get_by_test_id("saved-state")).to_contain_text("Saved")


def opens_next(page: Page) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1/worklist", page.url))
    page.get_by_role("link", name=re.compile("reading", re.IGNORECASE)).first.click()
    takes_keys(page)


def takes_keys(page: Page) -> None:
    """The place is painted, and the server has opened it: no key is lost."""
    expect(page.get_by_test_id("film-pane").first).to_have_attribute(
        "data-painted", re.compile(".")
    )
    expect(page.get_by_test_id("reading")).to_have_attribute("aria-busy", "false")


def sites(page: Page) -> list[str]:
    """The corners of the open film, from the top down."""
    strip = page.locator("[data-testid^=corner-]")
    return [
        str(id_).removeprefix("corner-")
        for id_ in strip.evaluate_all("corners => corners.map((corner) => corner.dataset.testid)")
    ]


def grades(page: Page, keys: str) -> None:
    """One key per corner, each seen at its corner before the next; none before the film is seen."""
    expect(page.get_by_test_id("reading")).to_have_attribute("aria-busy", "false")
    for key in keys:
        done = page.get_by_test_id("done").inner_text()
        page.keyboard.press(key)
        expect(page.get_by_test_id("done")).not_to_have_text(done)


def eventually(page: Page, holds: Callable[[], bool]) -> bool:
    """The page paints when its machine has time: look until it holds, for a minute."""
    for _ in range(600):
        if holds():
            return True
        page.wait_for_timeout(100)
    return False


def pictures_are_here(page: Page, opened: Any) -> None:
    """Of the film that an answer of the server has opened, and of those to come."""
    reading = opened["reading"]
    films = [reading, *reading["upcoming"]]
    page.wait_for_function(
        """addresses => addresses.every((one) => {
          const [asked] = performance.getEntriesByName(new URL(one, location).href);
          return asked && asked.responseEnd > 0;
        })""",
        arg=[film["picture_url"] for film in films],
        timeout=60_000,
    )


def held_back(page: Page, path: str) -> list[Route]:
    """Requests to a path wait here until they are let go."""
    held: list[Route] = []
    page.route(re.compile(path), lambda route: held.append(route))
    return held


def saved(page: Page) -> None:
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")


def at_server(person: Person) -> str:
    """What the server holds of the open film, a character per corner from the top down."""
    reading = person.page.get_by_test_id("reading").get_attribute("data-reading")
    answer = person.page.request.get(f"{person.product.address}/api/v1/readings/{reading}").json()
    marks = (answer["marks"].get(site) for site in answer["sites"])
    return "".join(
        "-" if m is None else "n" if m["grade"] is None else str(m["grade"]) for m in marks
    )


def commits(page: Page) -> None:
    """And goes on to the next film; where the model's grades come first, past them too."""
    _goes_on(page)
    if page.get_by_test_id("second-look").count():
        _goes_on(page)


def _goes_on(page: Page) -> None:
    """Not before the server has answered: a page that is left earlier takes its commit along.

    The next film may be there before that, and may be worked on; what tells is the saved state.
    """
    room = page.get_by_test_id("reading")
    reading = str(room.get_attribute("data-reading"))
    page.keyboard.press("Enter")
    expect(room).not_to_have_attribute("data-reading", reading)
    expect(room).to_have_attribute("aria-busy", "false")
    saved(page)

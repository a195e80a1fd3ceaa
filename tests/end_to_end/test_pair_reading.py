"""Studies that show more than a film alone, in a real browser: pairs, the model, known answers."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from inference.msasss import sites_of
from tests.end_to_end.blind_studies import demo_films
from tests.end_to_end.conftest import Person, Product, SignIn
from tests.end_to_end.reading_screen import eventually, held_back, opens_next, takes_keys

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("graded_films")]
CREATE = """async (design) => {
    const session = await (await fetch("/api/v1/session")).json();
    const headers = {"Content-Type": "application/json", "X-CSRFToken": session.csrf_token};
    const body = JSON.stringify(design);
    const answer = await fetch("/api/v1/studies", {method: "POST", headers, body});
    return {status: answer.status, ...(await answer.json())};
}"""


@pytest.fixture(scope="module")
def graded_films(product: Product) -> None:
    """Every film went through the networks, as some of these studies show their grades."""
    product.manage("pregrade", "--all")


def pairs(coordinator: Person, chronology: str, **design: Any) -> str:
    """Make a study of lumbar pairs; its name."""
    name = f"Pairs, {chronology}"
    whole = {
        "name": name,
        "readers": ["reader"],
        "region": "L",
        "radiographs": demo_films(coordinator, "L") + demo_films(coordinator, "L", last=True),
        "rounds": [{"washout_days": 0}],
        "chronology": chronology,
    }
    made = coordinator.page.evaluate(CREATE, whole | design)
    assert made["status"] == 201, made
    return name


def opens(person: Person, name: str) -> Page:
    person.goes_to("/worklist")
    row = person.page.locator("tr, li", has_text=name).last
    row.get_by_role("link", name=re.compile("reading", re.IGNORECASE)).click()
    panes = person.page.get_by_test_id("film-pane")
    expect(panes).to_have_count(2)
    for pane in panes.all():
        expect(pane).to_have_attribute("data-painted", re.compile("."))
    takes_keys(person.page)
    return person.page


def active(page: Page, letter: str) -> None:
    expect(page.get_by_test_id(f"film-{letter}")).to_have_attribute("data-active", "")


def test_a_pair_is_graded_film_by_film_and_committed_as_one(sign_in: SignIn) -> None:
    name = pairs(sign_in("coordinator"), "paired_known")
    reader = sign_in("reader")
    page = opens(reader, name)
    reader.shows("pair-first")
    intervals = page.get_by_test_id("interval")
    expect(intervals.nth(0)).to_have_text("first time point")
    expect(intervals.nth(1)).to_contain_text("years later")
    active(page, "A")
    page.keyboard.press("2")
    expect(page.get_by_test_id("corner-T12_INF")).to_have_attribute("data-grade", "2")
    expect(page.get_by_test_id("corner-T12_INF-B")).to_have_attribute("data-grade", "none")
    page.keyboard.press("v")
    active(page, "B")
    expect(page.get_by_test_id("current-corner")).to_have_attribute("data-site", "L1_SUP")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("missing-dialog")).to_be_visible()
    reader.shows("pair-missing")
    page.get_by_test_id("missing-L5_INF").click()
    active(page, "A")
    for letter in ("A", "B"):
        for site in (site.code for site in sites_of("L")):
            corner = page.get_by_test_id(f"corner-{site}" + ("-B" if letter == "B" else ""))
            corner.click()
            page.keyboard.press("1")
            expect(corner).to_have_attribute("data-grade", "1")
    expect(page.get_by_test_id("done")).to_contain_text("24 of 24")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    reader.shows("pair-graded")
    the_levels_of_both_move_and_come_back(page)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("position")).to_contain_text("2 of 3")
    expect(page.get_by_test_id("done")).to_contain_text("0 of 24")


def centers(page: Page) -> list[list[float]]:
    """Where the centres of both films' discs are, from the top down, without the last disc's: one
    that the move left behind is guessed."""
    reading = page.get_by_test_id("reading").get_attribute("data-reading")
    found = page.request.get(f"{page.url.split('/rounds')[0]}/api/v1/readings/{reading}").json()
    films = sorted((found, *found["paired"]), key=lambda film: film["time_point"]["slot"])
    return [[disc["center"][1] for disc in film["discs"][:-1]] for film in films]


def the_levels_of_both_move_and_come_back(page: Page) -> None:
    before = centers(page)
    page.keyboard.press("l")
    page.get_by_test_id("towards-caudal").check()
    page.get_by_test_id("levels-confirm").click()
    expect(page.get_by_test_id("done")).to_contain_text("20 of 24")
    for corner in ("corner-T12_INF", "corner-T12_INF-B"):
        expect(page.get_by_test_id(corner)).to_have_attribute("data-grade", "none")
    for key, done in (
        ("Backspace", 24),
        ("Control+Shift+Z", 20),
        ("reload", 20),
        ("Backspace", 24),
    ):
        if key == "reload":  # the page forgets what it did; the server does not
            page.reload()
        else:
            page.keyboard.press(key)
        expect(page.get_by_test_id("done")).to_contain_text(f"{done} of 24")
        expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    for now, then in zip(centers(page), before, strict=True):
        assert now == pytest.approx(then, abs=0.1)  # a point is sent to a tenth of a pixel


def test_panes_move_together_and_the_order_stays_hidden(sign_in: SignIn) -> None:
    name = pairs(sign_in("coordinator"), "paired_blinded")
    reader = sign_in("reader")
    page = opens(reader, name)
    expect(page.get_by_test_id("interval")).to_have_count(0)
    first, second = page.get_by_test_id("film-pane").all()
    whole = [pane.screenshot() for pane in (first, second)]
    first.hover()
    page.mouse.wheel(0, -600)
    for pane, before in zip((first, second), whole, strict=True):
        assert eventually(page, lambda pane=pane, before=before: pane.screenshot() != before)
    zoomed = at_rest(second)  # what still moves must not be taken for the window's work
    reader.shows("pair-zoomed")
    page.keyboard.press("b")
    assert eventually(page, lambda: second.screenshot() != zoomed)
    reader.shows("pair-bone")


def at_rest(pane: Locator) -> bytes:
    """How it looks when two looks are the same."""
    shots = [pane.screenshot()]

    def rests() -> bool:
        shots.append(pane.screenshot())
        return shots[-2] == shots[-1]

    assert eventually(pane.page, rests)
    return shots[-1]


def test_the_model_stands_beside_the_reading_where_the_study_says_so(sign_in: SignIn) -> None:
    name = pairs(sign_in("coordinator"), "paired_known", assist_mode="concurrent", name="Beside")
    assert name
    reader = sign_in("reader")
    page = opens(reader, "Beside")
    expect(page.get_by_test_id("model-beside")).to_contain_text("starter")
    reader.shows("pair-concurrent")
    all_are_0(page)
    held = held_back(page, "/commit$")
    shows_next(page, held, "model-beside")


def all_are_0(page: Page) -> None:
    """Every corner of the place, one key each, once the server has opened it."""
    expect(page.get_by_test_id("reading")).to_have_attribute("aria-busy", "false")
    corners = page.locator("[data-testid^=corner-]").count()
    for done in range(corners):
        expect(page.get_by_test_id("done")).to_contain_text(f"{done} of {corners}")
        page.keyboard.press("0")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")


def shows_next(page: Page, held: list[Route], told: str = "") -> None:
    """Enter: the next film is painted before the server has opened it, and takes no grade until
    then; `told` is what only the server can tell of it."""
    before = page.get_by_test_id("reading").get_attribute("data-reading")
    page.keyboard.press("Enter")
    reading = page.get_by_test_id("reading")
    expect(reading).not_to_have_attribute("data-reading", str(before))
    now = reading.get_attribute("data-reading")
    pane = page.get_by_test_id("film-pane").first
    expect(pane).to_have_attribute("data-painted", re.compile(f"/{now}/"))
    expect(reading).to_have_attribute("aria-busy", "true")
    page.keyboard.press("2")
    if told:
        expect(page.get_by_test_id(told)).to_have_count(0)
    assert eventually(page, lambda: len(held) > 0)
    held[0].continue_()
    expect(reading).to_have_attribute("aria-busy", "false")
    expect(page.get_by_test_id("done")).to_contain_text("0 of")
    if told:
        expect(page.get_by_test_id(told)).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_test_id("done")).to_contain_text("1 of")


def test_a_second_look_keeps_the_first_grades_and_the_next_film_does_not_wait(
    sign_in: SignIn,
) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens_next(page)
    a_point_is_moved_and_reset(reader)
    all_are_0(page)
    first = page.get_by_test_id("reading").get_attribute("data-reading")
    page.keyboard.press("Enter")
    table = page.get_by_test_id("second-look")
    expect(table).to_be_visible()
    site = page.get_by_test_id("current-corner").get_attribute("data-site")
    look = page.get_by_test_id("reading").get_attribute("data-reading")
    takes_keys(page)
    expect(page.get_by_test_id("undo")).to_be_disabled()
    page.keyboard.press("2")
    expect(table.locator("tr.here [data-grade]").nth(0)).to_have_attribute("data-grade", "0")
    expect(table.locator("tr.here [data-grade]").nth(1)).to_have_attribute("data-grade", "2")
    reader.shows("second-look")
    held = held_back(page, "/commit$")
    with page.expect_request(re.compile("/commit$")):
        page.keyboard.press("Enter")
    expect(page.get_by_test_id("reading")).not_to_have_attribute("data-reading", str(look))
    expect(table).to_have_count(0)
    page.keyboard.press("0")
    expect(page.get_by_test_id("done")).to_contain_text("1 of")
    assert eventually(page, lambda: len(held) > 0)
    held[0].continue_()
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    for reading, grade in ((first, 0), (look, 2)):
        url = f"{reader.product.address}/api/v1/readings/{reading}"
        found = page.request.get(url).json()
        assert (found["state"], found["marks"][site]["grade"]) == ("committed", grade)
    office = sign_in("coordinator")
    studies = office.page.request.get(f"{office.product.address}/api/v1/studies").json()
    mine = [one["id"] for one in studies if one["assist_mode"] == "second_look"]
    office.goes_to(f"/agreement/{mine[-1]}")
    row = office.page.get_by_test_id("second-looks").get_by_role("row").nth(1)
    expect(row).to_contain_text(re.compile(r"reader2\s*1\s*12\s*1"))
    office.shows("agreement-second-looks")


def a_point_is_moved_and_reset(reader: Person) -> None:
    """The centre of the current disc goes ten pixels by the keyboard, and back to the model's."""
    page = reader.page
    number = page.get_by_test_id("reading").get_attribute("data-reading")
    url = f"{reader.product.address}/api/v1/readings/{number}"

    def first_center() -> list[float]:
        expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
        return [round(at, 1) for at in page.request.get(url).json()["discs"][0]["center"]]

    models, reset = first_center(), page.get_by_test_id("reset-points")
    expect(reset).to_be_disabled()
    with page.expect_request(re.compile("/disc_points$")):  # when the point rests
        page.locator("[data-current] .point.center").press("Shift+ArrowDown")
    assert first_center()[1] > models[1]
    expect(reset).to_be_enabled()
    page.keyboard.press("r")
    assert first_center() == models
    expect(reset).to_be_disabled()


def test_a_calibration_deck_tells_its_answers_film_by_film(sign_in: SignIn) -> None:
    """Its films are of the second visit, which this reader reads in no study."""
    office, reader = sign_in("coordinator"), sign_in("reader2")
    address = office.product.address
    films = office.page.request.get(f"{address}/api/v1/radiographs?state=ready&region=C").json()
    last = {film["patient"]: film["id"] for film in sorted(films["results"], key=visited)}
    table = "".join(f"{film},{site.code},0\n" for film in last.values() for site in sites_of("C"))
    token = office.page.request.get(f"{address}/api/v1/session").json()["csrf_token"]
    deck = {"name": "Deck", "labels": "film,corner,grade\n" + table, "readers": ["reader2"]}
    headers = {"X-CSRFToken": token, "Referer": address}
    made = office.page.request.post(f"{address}/api/v1/decks", data=deck, headers=headers)
    assert made.ok, made.text()
    page = reader.page
    reader.goes_to("/calibration")
    page.locator("main a.primary").click()
    for film in range(len(last)):
        expect(page.get_by_test_id("position")).to_contain_text(f"{film + 1} of {len(last)}")
        all_are_0(page)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("answers")).to_contain_text("12")
        reader.shows("calibration-answers")
        page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_be_visible()
    expect(page.get_by_test_id("refused")).to_have_count(0)


def visited(film: dict[str, Any]) -> str:
    return str(film["visit_date"])

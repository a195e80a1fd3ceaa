"""Two time points of one spine side by side, in a real browser: graded apart, moved together."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inference.msasss import sites_of
from tests.end_to_end.conftest import Person, Product, SignIn

pytestmark = pytest.mark.timeout(300)
FILMS = ("--patients", "2", "--visits", "2", "--scale", "0.25")
CREATE = """async (design) => {
    const session = await (await fetch("/api/v1/session")).json();
    const headers = {"Content-Type": "application/json", "X-CSRFToken": session.csrf_token};
    const body = JSON.stringify(design);
    const answer = await fetch("/api/v1/studies", {method: "POST", headers, body});
    return {status: answer.status, ...(await answer.json())};
}"""


@pytest.fixture(scope="module", autouse=True)
def films(product: Product) -> None:
    product.manage("load_demo", *FILMS)


def pairs(coordinator: Person, chronology: str, **design: Any) -> str:
    """Make a study of lumbar pairs; its name."""
    name = f"Pairs, {chronology}"
    whole = {
        "name": name,
        "readers": ["reader"],
        "region": "L",
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
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("position")).to_contain_text("2 of 2")
    expect(page.get_by_test_id("done")).to_contain_text("0 of 24")


def test_panes_move_together_and_the_order_stays_hidden(sign_in: SignIn) -> None:
    name = pairs(sign_in("coordinator"), "paired_blinded")
    reader = sign_in("reader")
    page = opens(reader, name)
    expect(page.get_by_test_id("interval")).to_have_count(0)
    first, second = page.get_by_test_id("film-pane").all()
    whole = [pane.screenshot() for pane in (first, second)]
    first.hover()
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(300)
    zoomed = [pane.screenshot() for pane in (first, second)]
    assert all(before != after for before, after in zip(whole, zoomed, strict=True))
    reader.shows("pair-zoomed")
    page.keyboard.press("b")
    page.wait_for_timeout(300)
    reader.shows("pair-bone")
    assert second.screenshot() != zoomed[1]


def test_the_model_stands_beside_the_reading_where_the_study_says_so(
    product: Product, sign_in: SignIn
) -> None:
    product.manage("pregrade", "--all")
    name = pairs(sign_in("coordinator"), "paired_known", assist_mode="concurrent", name="Beside")
    assert name
    reader = sign_in("reader")
    page = opens(reader, "Beside")
    expect(page.get_by_test_id("model-beside")).to_contain_text("starter")
    reader.shows("pair-concurrent")

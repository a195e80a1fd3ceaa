"""Bad days in the reading room, in a real browser: every acknowledged grade is there afterwards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from annotation.management.commands.load_demo import PASSWORD
from inference.msasss import DISCS
from tests.end_to_end.conftest import Person, Product, SignIn, running
from tests.end_to_end.reading_screen import (
    at_server,
    commits,
    eventually,
    grades,
    opens_next,
    saved,
    sites,
    takes_keys,
)

pytestmark = pytest.mark.timeout(900)
FILMS = ("--patients", "3", "--visits", "1", "--scale", "0.25")
GUIDED_MS = 60_000  # the time a reader may need to place all points of a film


@pytest.fixture(scope="module")
def product(data: Path) -> Iterator[Product]:
    """Its own: the web is killed in it, and every film of its study is counted."""
    with running(data) as own:
        yield own


@pytest.fixture(scope="module", autouse=True)
def films(product: Product) -> None:
    """Six small films, and a study in which two readers read them."""
    product.manage("load_demo", *FILMS)


@pytest.fixture
def ada(sign_in: SignIn) -> Person:
    """The reader, at the next film that is not read yet."""
    person = sign_in("reader")
    opens_next(person.page)
    return person


def test_the_network_is_cut_in_the_middle_and_comes_back(ada: Person) -> None:
    page = ada.page
    grades(page, "0110")
    saved(page)
    page.context.set_offline(True)
    grades(page, "20010")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "offline")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-waiting", "5")
    ada.shows("reading-offline")
    assert at_server(ada).rstrip("-") == "0110"
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    saved(page)
    assert page.evaluate("dispatchEvent(new Event('beforeunload', {cancelable: true}))")
    grades(page, "002")
    saved(page)
    assert at_server(ada) == "011020010002"
    commits(page)


def test_two_tabs_do_not_fight_for_a_film(ada: Person) -> None:
    first = ada.page
    grades(first, "01")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_test_id("error-banner")).to_contain_text("another tab")
    second.keyboard.press("2")  # writes nothing
    grades(first, "2")
    saved(first)
    assert at_server(ada).rstrip("-") == "012"
    first.close()
    second.reload()
    expect(second.get_by_test_id("done")).to_contain_text("3 of 12")
    grades(second, "0" * 9)
    saved(second)
    assert at_server(Person(second, ada.product)) == "012000000000"
    commits(second)


def test_the_session_ends_in_the_middle(ada: Person) -> None:
    page = ada.page
    grades(page, "01" + "2" * 9)
    saved(page)
    page.context.clear_cookies()
    film = page.get_by_test_id("film-pane").element_handle()
    page.get_by_test_id("corner-" + sites(page)[-1]).click()
    page.keyboard.press("2")
    form = page.get_by_test_id("sign-in-form")
    expect(form).to_be_visible()
    for _ in range(4):  # Chromium lets no page cancel every one
        page.keyboard.press("Escape")
    expect(form).to_be_visible()
    form.get_by_label("User name").fill("reader")
    form.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(form).to_have_count(0)
    saved(page)
    assert film.evaluate("pane => pane.isConnected")  # the page is not drawn anew
    assert at_server(ada) == "01" + "2" * 10
    commits(page)


def test_the_server_is_restarted_in_the_middle(ada: Person) -> None:
    page = ada.page
    grades(page, "011")
    saved(page)
    with ada.product.without_web():
        grades(page, "0102")
        expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "offline")
    saved(page)
    grades(page, "00100")
    saved(page)
    assert at_server(ada) == "011010200100"
    commits(page)


def without_points(route: Route) -> None:
    """The film as it comes where no model found its discs."""
    answer = route.fetch()
    body = answer.json()
    if body.get("reading"):
        body["reading"]["discs"] = []
    route.fulfill(response=answer, body=json.dumps(body))


def test_a_film_without_points_gets_them_all_by_clicks(sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    page.route(re.compile("/next$"), without_points)
    opens_next(page)
    expect(page.get_by_test_id("place-points")).to_be_visible()
    reader.shows("reading-no-points")
    began = page.evaluate("performance.now()")
    page.keyboard.press("p")
    discs = DISCS["C" if sites(page)[0] == "C2_INF" else "L"]
    pane = page.get_by_test_id("film-pane").bounding_box()
    assert pane
    for number, disc in enumerate(discs):
        expect(page.get_by_test_id("guide")).to_have_attribute("data-disc", disc)
        y = pane["y"] + pane["height"] * (0.3 + 0.09 * number)
        page.mouse.click(pane["x"] + pane["width"] * 0.55, y)
        if number == 2:
            reader.shows("reading-guided")
            pane_now = page.get_by_test_id("film-pane").bounding_box()
            assert pane_now == pane
        page.mouse.click(pane["x"] + pane["width"] * 0.48, y)
    expect(page.get_by_test_id("guide")).to_have_count(0)
    saved(page)
    assert page.evaluate("performance.now()") - began < GUIDED_MS
    number = page.get_by_test_id("reading").get_attribute("data-reading")
    answer = page.request.get(f"{reader.product.address}/api/v1/readings/{number}")
    stored = answer.json()["discs"]
    assert {disc["disc"] for disc in stored if disc["source"] == "reader"} == set(discs)
    the_crop_follows(page)
    saved(page)
    reader.shows("reading-placed")
    page.get_by_test_id(f"corner-{sites(page)[-1]}").click()
    page.keyboard.press("x")
    expect(page.get_by_test_id("done")).to_contain_text("2 of 12")
    saved(page)
    assert at_server(reader) == "-" * 10 + "nn"


def the_crop_follows(page: Page) -> None:
    """While the point is still in the hand."""
    crop = page.get_by_test_id("crop-pane")
    before = crop.screenshot()
    box = page.locator("[data-current] .point.center").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 8, y + 20, steps=3)
    assert eventually(page, lambda: crop.screenshot() != before)
    page.mouse.up()


def test_a_reader_has_keys_of_their_own(sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens_next(page)
    page.keyboard.press("?")
    page.get_by_test_id("change-grade1").click()
    page.keyboard.press("n")
    expect(page.get_by_test_id("help-dialog").get_by_role("alert")).to_contain_text("taken by")
    reader.shows("reading-keys")
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help-dialog")).to_have_count(0)
    page.reload()
    takes_keys(page)
    page.get_by_test_id(f"corner-{sites(page)[0]}").click()
    page.keyboard.press("j")
    saved(page)
    assert at_server(reader).startswith("1")
    pane = page.get_by_test_id("crop-pane")
    pane.hover()
    page.keyboard.down("m")
    expect(pane.get_by_test_id("lens")).to_be_visible()
    reader.shows("reading-magnifier")
    page.keyboard.up("m")
    expect(pane.get_by_test_id("lens")).to_be_hidden()


def test_a_film_is_read_in_korean(ada: Person) -> None:
    page = ada.page
    page.goto(ada.product.address + "/worklist")
    page.get_by_test_id("language").select_option("ko")
    expect(page.get_by_role("heading", level=1)).to_have_text("판독 목록")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    ada.shows("worklist-korean")
    page.get_by_role("link", name=re.compile("판독 (시작|계속)")).first.click()
    takes_keys(page)
    expect(page).to_have_title("판독 · Syndesmo")
    grades(page, "01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="다음 모서리에 아직 등급이 필요합니다")).to_be_visible()
    ada.shows("reading-korean-missing")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_test_id(f"corner-{sites(page)[2]}").click()
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_role("button", name="가려짐").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="단축키")).to_contain_text("2등급: 인대골극")
    ada.shows("reading-korean-keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    grades(page, "0" * 9)
    saved(page)
    expect(page.get_by_test_id("saved-state")).to_contain_text("저장됨")
    ada.shows("reading-korean")
    assert at_server(ada) == "01n000000000"
    commits(page)
    page.goto(ada.product.address + "/worklist")
    page.get_by_role("button", name="로그아웃").click()
    expect(page.get_by_label("비밀번호")).to_be_visible()
    ada.shows("sign-in-korean")


def test_the_page_speaks_the_browser_s_language(product: Product, chromium: Browser) -> None:
    for wanted, heading in (("ko-KR", "로그인"), ("en-US", "Sign in"), ("de-DE", "Sign in")):
        page = chromium.new_page(locale=wanted)
        page.goto(product.address)
        expect(page.get_by_role("button", name=heading)).to_be_visible()
        page.close()


def test_levels_that_were_counted_wrong_are_moved_and_taken_back(sign_in: SignIn) -> None:
    reader = sign_in("reader2")
    page = reader.page
    opens_next(page)
    grades(page, "0121")
    saved(page)
    before = at_server(reader)
    points = centers_at_server(reader)
    page.keyboard.press("l")
    expect(page.get_by_test_id("levels-dialog")).to_be_visible()
    page.get_by_test_id("towards-cranial").check()
    expect(page.get_by_test_id("levels-dropped")).to_be_visible()
    reader.shows("reading-levels")
    page.get_by_test_id("towards-caudal").check()
    page.get_by_test_id("levels-confirm").click()
    saved(page)
    moved = at_server(reader)
    assert moved == "--" + before[:-2]
    discs = list(points)
    after = centers_at_server(reader)
    assert [after[disc] for disc in discs[1:]] == [points[disc] for disc in discs[:-1]]
    page.keyboard.press("Backspace")
    saved(page)
    assert (at_server(reader), centers_at_server(reader)) == (before, points)
    for towards in ("caudal", "cranial"):
        page.get_by_test_id("levels").click()
        page.get_by_test_id(f"towards-{towards}").check()
        page.get_by_test_id("levels-confirm").click()
        saved(page)
    assert at_server(reader) == before[:-2] + "--"


def centers_at_server(person: Person) -> dict[str, list[float]]:
    """Each disc's centre, to the pixel, from the top down."""
    reading = person.page.get_by_test_id("reading").get_attribute("data-reading")
    answer = person.page.request.get(f"{person.product.address}/api/v1/readings/{reading}").json()
    found = {disc["disc"]: [round(at) for at in disc["center"]] for disc in answer["discs"]}
    return {disc: found[disc] for disc in DISCS[answer["region"]] if disc in found}

"""Every page in both themes and both languages: axe finds nothing serious, the focus is seen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import Person, Product, SignIn
from tests.end_to_end.reading_screen import grades, saved, takes_keys

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Contrast goes with the theme and names go with the language: two looks show all four.
LOOKS = [("light", "en"), ("dark", "ko")]
AUDIT = """() => axe.run(document, {resultTypes: ["violations"], runOnly: [
  "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})"""
TARGET = 24  # CSS pixels, WCAG 2.2 success criterion 2.5.8

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(look))
def look(request: pytest.FixtureRequest) -> tuple[str, str]:
    theme, language = request.param
    return theme, language


def turned(page: Page, look: tuple[str, str]) -> None:
    """Theme and language as this browser keeps them."""
    theme, language = look
    kept = f'{{"theme": "{theme}", "language": "{language}"}}'
    page.evaluate("kept => localStorage.setItem('preferences', kept)", kept)
    page.add_init_script(path=AXE)


def is_settled(page: Page, look: tuple[str, str]) -> None:
    theme, language = look
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", theme)
    expect(html).to_have_attribute("lang", language)
    expect(page.locator("main, .desk").first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile("…$"))).to_have_count(0)
    faded(page)


def faded(page: Page) -> None:
    """Every colour has come to its end."""
    page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          await frame(), await frame();
          const fading = document.getAnimations().filter((one) => one instanceof CSSTransition);
          await Promise.allSettled(fading.map((one) => one.finished));
        }"""
    )


def audited(page: Page, where: str) -> list[str]:
    """What axe calls serious or critical, a line each."""
    found = page.evaluate(AUDIT)["violations"]
    return [
        f"{where}: {rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def too_small(page: Page, where: str) -> list[str]:
    """What can be pressed and is smaller than a finger or a pen needs."""
    small = page.evaluate(
        """least => [...document.querySelectorAll('button, a.button, select, input, [role=button]')]
          .map((target) => [target, target.getBoundingClientRect()])
          .filter(([target, box]) => box.width && !target.closest('.visually-hidden, .skip')
            && !(target.matches('input') && target.closest('label'))
            && (box.width < least || box.height < least))
          .map(([target, box]) => `${target.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)""",
        TARGET,
    )
    return [f"{where}: {one}" for one in small]


def too_wide(page: Page, where: str) -> list[str]:
    """The displays on which the page is wider than it: what is wide scrolls within the page."""
    found = []
    for width, height in ((1024, 768), (3840, 2160), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{where}: {over} pixels wider than {width}"] * (over > 0)
    return found


def checked(person: Person, look: tuple[str, str], *paths: str) -> list[str]:
    page = person.page
    turned(page, look)
    found = []
    for path in paths:
        person.goes_to(path)
        is_settled(page, look)
        found += audited(page, path) + too_small(page, path) + too_wide(page, path)
        person.shows(f"{look[0]}-{look[1]}{path.replace('/', '-')}")
    return found


def test_sign_in(product: Product, chromium: Browser, look: tuple[str, str]) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(product.address)
    person = Person(page, product)
    assert checked(person, look, "/") == []
    context.close()


def test_the_reading_room(sign_in: SignIn, look: tuple[str, str]) -> None:
    reader = sign_in("reader")
    page = reader.page
    found = checked(reader, look, "/calibration", "/worklist")
    page.get_by_test_id("worklist").get_by_role("link").first.click()
    takes_keys(page)
    is_settled(page, look)
    found += audited(page, "reading") + too_small(page, "reading") + too_wide(page, "reading")
    reader.shows(f"{look[0]}-{look[1]}-reading")
    for key, dialog in (("?", "keys"), ("n", "reason"), ("Enter", "missing")):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        found += audited(page, dialog) + too_small(page, dialog)
        reader.shows(f"{look[0]}-{look[1]}-{dialog}")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_test_id("guide")).to_be_visible()
    found += audited(page, "guide")
    assert found == []


def test_adjudication(sign_in: SignIn, look: tuple[str, str]) -> None:
    judge = sign_in("adjudicator")
    found = checked(judge, look, "/adjudication")
    judge.page.get_by_role("link", name=re.compile("Settle|조정 시작")).first.click()
    expect(judge.page.get_by_test_id("film-pane")).to_have_attribute(
        "data-painted", re.compile(".")
    )
    is_settled(judge.page, look)
    found += audited(judge.page, "case") + too_small(judge.page, "case")
    judge.shows(f"{look[0]}-{look[1]}-case")
    assert found == []


def test_the_office(sign_in: SignIn, look: tuple[str, str]) -> None:
    office = sign_in("admin")
    found = checked(
        office, look,
        "/radiographs", "/studies", "/studies/1", "/agreement/1", "/decks", "/models",
        "/datasets", "/nowhere",
    )  # fmt: skip
    office.goes_to("/studies")
    office.page.get_by_role("button", name=re.compile("New study|새 연구")).click()
    is_settled(office.page, look)
    found += audited(office.page, "new study") + too_small(office.page, "new study")
    office.shows(f"{look[0]}-{look[1]}-new-study")
    assert found == []


def test_the_back_office(product: Product, chromium: Browser, look: tuple[str, str]) -> None:
    """Django's pages, in a browser whose console is not read: our policy refuses a style there."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    admin = Person(context.new_page(), product)
    admin.signs_in("admin")
    admin.page.evaluate("theme => localStorage.setItem('theme', theme)", look[0])
    admin.page.add_init_script(path=AXE)
    found: list[str] = []
    for path in ("/admin/", "/admin/auth/user/", "/admin/auth/user/1/change/"):
        admin.goes_to(path)
        expect(admin.page.locator("html")).to_have_attribute("data-theme", look[0])
        expect(admin.page.locator("#site-name")).to_have_text("Syndesmo")
        faded(admin.page)
        found += audited(admin.page, path)
    context.close()
    assert found == []


def focused(page: Page) -> Iterator[tuple[str, str]]:
    """Tab by tab, until the focus comes round: what has it, and how its outline is drawn."""
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const it = document.activeElement, style = getComputedStyle(it);
              const inner = it.querySelector?.('.target');
              const drawn = inner ? getComputedStyle(inner).strokeWidth : style.outlineWidth;
              return [it.outerHTML.slice(0, 120),
                      style.outlineStyle === 'none' && !inner ? '0px' : drawn]; }"""
        )
        if name in seen or name.startswith("<body"):
            return
        seen.add(name)
        yield name, outline


def test_the_focus_is_seen_wherever_it_goes(sign_in: SignIn) -> None:
    reader = sign_in("reader")
    reader.goes_to("/worklist")
    expect(reader.page.get_by_test_id("worklist").get_by_role("link").first).to_be_visible()
    stops = dict(focused(reader.page))
    assert len(stops) >= 5
    reader.page.get_by_test_id("worklist").get_by_role("link").first.click()
    takes_keys(reader.page)
    stops |= dict(focused(reader.page))
    assert len(stops) >= 30
    assert {
        name for name, outline in stops.items() if float(outline.removesuffix("px")) < 2
    } == set()


def test_nothing_jumps_while_a_page_fills(sign_in: SignIn) -> None:
    """Layout shift of a page with a table and of the reading page; up to 0.1 is called good."""
    reader = sign_in("reader")
    reader.page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
          if (!entry.hadRecentInput) window.shift += entry.value;
        })).observe({type: "layout-shift", buffered: true});"""
    )
    reader.goes_to("/worklist")
    link = reader.page.get_by_test_id("worklist").get_by_role("link").first
    expect(link).to_be_visible()
    assert reader.page.evaluate("window.shift") < 0.1
    reader.goes_to(str(link.get_attribute("href")))
    takes_keys(reader.page)
    grades(reader.page, "0")
    saved(reader.page)
    assert reader.page.evaluate("window.shift") < 0.1

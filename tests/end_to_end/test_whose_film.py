"""The radiographs page: a decision is undone, and two people with one number are told apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.end_to_end.conftest import Person, Product, SignIn, running


@pytest.fixture(scope="module")
def product(data: Path) -> Iterator[Product]:
    """Its own: it begins with no film."""
    with running(data) as own:
        yield own


@pytest.fixture(scope="module")
def films(product: Product, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three films of one person; the third comes from another hospital."""
    folder = tmp_path_factory.mktemp("films")
    arguments = ("--patients", "1", "--visits", "2", "--seed", "29", "--preset", "trial")
    product.manage("phantom", str(folder), *arguments, "--scale", "0.4", "--plain")
    paths = sorted(folder.rglob("*.dcm"))[:3]
    other = dcmread(paths[2])
    other.InstitutionName, other.SOPInstanceUID = "Another hospital", generate_uid()
    other.save_as(paths[2])
    return paths


@pytest.mark.timeout(900)
def test_a_film_is_set_aside_discarded_and_comes_again(
    product: Product, sign_in: SignIn, films: list[Path]
) -> None:
    admin = sign_in("admin")
    admin.goes_to("/radiographs")
    sends(admin, films[0])
    page, rows = admin.page, admin.page.get_by_test_id("film-row")
    expect(rows).to_have_count(1)
    graded = rows.get_by_text("Pre-graded").or_(rows.get_by_text("Points in doubt"))
    expect(graded).to_be_visible(timeout=240_000)
    admin.shows("whose-film-list")

    rows.get_by_role("button", name="Set aside").click()
    dialog = page.get_by_test_id("undo-decision")
    done = dialog.get_by_role("button", name="Set aside")
    expect(done).to_be_disabled()
    dialog.get_by_label("Why").fill("The marker reads backwards: the film is mirrored.")
    admin.shows("whose-film-set-aside")
    done.click()
    waiting = page.get_by_test_id("quarantined-film")
    expect(waiting).to_contain_text("the film is mirrored")
    waiting.get_by_test_id("decide").click()
    decision = page.get_by_test_id("decide-film")
    decision.get_by_role("button", name="Mirror").click()
    decision.get_by_test_id("accept-film").click()
    expect(waiting).to_have_count(0)
    expect(rows).to_have_count(2)  # points and grades of the old one were of another picture
    expect(rows.last).to_contain_text("Discarded, may come again")
    admin.shows("whose-film-replaced")

    rows.first.get_by_role("button", name="Set aside").click()
    dialog.get_by_label("Why").fill("Another patient's.")
    done.click()
    waiting.get_by_test_id("decide").click()
    decision.get_by_role("button", name="Discard").click()
    page.get_by_test_id("confirm-yes").click()
    rows.first.get_by_role("button", name="Let it come again").click()
    admin.shows("whose-film-forget")
    page.get_by_test_id("confirm-yes").click()
    expect(rows.first).to_contain_text("Discarded, may come again")
    sends(admin, films[0])
    expect(rows).to_have_count(3)
    admin.shows("whose-film-came-again")


@pytest.mark.timeout(900)
def test_another_person_with_the_same_number_becomes_a_patient(
    sign_in: SignIn, films: list[Path]
) -> None:
    admin = sign_in("admin")
    admin.goes_to("/radiographs")
    sends(admin, films[1])
    sends(admin, films[2])
    page = admin.page
    waiting = page.get_by_test_id("quarantined-film")
    expect(waiting).to_contain_text("same person")
    before = patient(waiting)
    number = waiting.locator("strong").inner_text().split()[-1]
    admin.shows("whose-film-waits")
    waiting.get_by_test_id("decide").click()
    dialog = page.get_by_test_id("decide-film")
    choice = dialog.get_by_test_id("person-choice")
    expect(choice.locator("input:checked")).to_have_count(0)
    expect(dialog.get_by_test_id("accept-film")).to_be_disabled()
    admin.shows("whose-film-asked")
    choice.get_by_label("Another person").check()
    admin.shows("whose-film-answered")
    dialog.get_by_test_id("accept-film").click()
    expect(waiting).to_have_count(0)
    row = page.get_by_test_id("film-row").filter(has=page.get_by_text(number, exact=True))
    expect(row).to_contain_text("P")
    expect(row).not_to_contain_text(before)

    row.get_by_role("button", name="Ask again whose").click()
    undo = page.get_by_test_id("undo-decision")
    expect(undo).to_contain_text(f"Film {number} goes out of use")
    undo.get_by_label("Why").fill("Both films are of one person.")
    admin.shows("whose-film-ask-again")
    undo.get_by_role("button", name="Ask again whose").click()
    expect(waiting).to_contain_text("same person")
    assert patient(waiting) == before
    waiting.get_by_test_id("decide").click()
    choice.get_by_label("The same person").check()
    dialog.get_by_test_id("accept-film").click()
    expect(waiting).to_have_count(0)
    expect(row).to_contain_text(before)
    admin.shows("whose-film-the-same")


def sends(admin: Person, file: Path) -> None:
    admin.page.get_by_test_id("file-input").set_input_files(file)


def patient(waiting: Locator) -> str:
    return waiting.locator(".quiet").first.inner_text().split()[0]

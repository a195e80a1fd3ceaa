"""The proof: films come in, are graded twice, compared, routed, learned from, and leave."""

import csv
import hashlib
import io
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, Response, expect

from annotation.services.agreement import icc
from tests.end_to_end.conftest import Person, Product, SignIn, running
from tests.end_to_end.reading_screen import (
    Given,
    Truth,
    eventually,
    everything_is_read,
    pictures_are_here,
)
from training import phantom

PATIENTS, SEED, SCALE = 7, 11, 0.4  # seven patients: one of each block is val, one is test
FILMS = 2 * PATIENTS
STUDY = "Two readers, one round"
BATCH = 6


@pytest.fixture(scope="module")
def product(data: Path) -> Iterator[Product]:
    """Its own: it begins with no film, and promotes what it trains."""
    with running(data) as own:
        yield own


@pytest.mark.timeout(1200)
def test_the_whole_loop(product: Product, sign_in: SignIn, tmp_path: Path) -> None:
    truth = films_come_in(sign_in("admin"), product, tmp_path)
    films_are_pregraded(sign_in("admin"))
    a_study_is_created(sign_in("coordinator"))
    ada = everything_is_read(sign_in("reader"), truth, seed=1)
    ben = everything_is_read(sign_in("reader2"), truth, seed=2)
    the_icc_is_that_of_their_grades(sign_in("coordinator"), truth, ada, ben)
    differences_are_adjudicated(sign_in("adjudicator"))
    a_batch_of_doubtful_corners_is_opened(sign_in("coordinator"))
    the_batch_is_read(sign_in("reader"))
    a_candidate_is_trained_and_promoted(sign_in("admin"))
    the_dataset_leaves(sign_in("data"), product)


def films_come_in(admin: Person, product: Product, folder: Path) -> Truth:
    """Through the upload page: every film is stored, and what is no film is refused by name."""
    arguments = ("--patients", str(PATIENTS), "--visits", "1", "--seed", str(SEED))
    product.manage(
        "phantom", str(folder), *arguments, "--preset", "trial", "--scale", str(SCALE), "--plain"
    )
    letter = folder / "letter.dcm"
    letter.write_text("Dear colleague, the film will follow.")
    answers: list[Response] = []  # read when all are here: to read one takes its time
    admin.page.on("response", lambda answer: answers.append(answer))
    admin.goes_to("/radiographs")
    admin.shows("radiographs-empty")
    files = sorted(folder.rglob("*.dcm"))
    assert len(files) == FILMS + 1
    admin.page.get_by_test_id("file-input").set_input_files(files)
    rows = admin.page.get_by_test_id("upload-row")
    expect(rows).to_have_count(FILMS + 1)
    expect(rows.filter(has_text="letter.dcm")).to_contain_text("no DICOM", ignore_case=True)
    expect(admin.page.get_by_test_id("upload-summary")).to_contain_text(
        f"Imported: {FILMS}", timeout=240_000
    )
    admin.shows("radiographs-uploaded")
    by_file = {film.file: film for film in made_films()}
    results = [
        answer.json()
        for answer in answers
        if answer.url.endswith("/radiographs") and answer.request.method == "POST"
    ]
    stored = {
        str(result["path"]): int(result["radiograph"])
        for result in results
        if result["status"] == "imported"
    }
    assert len(stored) == FILMS
    pictures = product.data / "pictures"
    return {
        hashlib.sha256((pictures / f"{pk}.jls").read_bytes()).hexdigest(): by_file[name]
        for name, pk in stored.items()
    }


def made_films() -> Iterator[phantom.PhantomFilm]:
    """What `manage.py phantom` wrote, with the truth: a film follows from its seed."""
    return phantom.generate(PATIENTS, 1, "trial", SEED, SCALE)


def films_are_pregraded(admin: Person) -> None:
    """By the GPU worker's networks, without anybody asking."""
    admin.goes_to("/models")
    expect(admin.page.get_by_role("heading", name="starter-corner_grades")).to_be_visible()
    admin.shows("models-starter")
    wait_for_pregrading(admin)


def wait_for_pregrading(admin: Person) -> None:
    """Until every film was seen by the serving versions."""
    for _ in range(600):
        answer = admin.page.request.get(f"{admin.product.address}/api/v1/radiographs?state=ready")
        if all(film["pregraded"] for film in answer.json()["results"]):
            return
        admin.page.wait_for_timeout(1000)
    pytest.fail("The films were not pre-graded within ten minutes.")


def a_study_is_created(coordinator: Person) -> None:
    """On the studies page, for two readers and an adjudicator."""
    page = coordinator.page
    coordinator.goes_to("/studies")
    coordinator.shows("studies-empty")
    page.get_by_test_id("new-study-button").click()
    page.get_by_test_id("study-name").fill(STUDY)
    readers = page.get_by_role("group", name="Readers")
    readers.get_by_label("Ada Reader").check()
    readers.get_by_label("Ben Reader").check()
    page.get_by_role("group", name="Adjudicators").get_by_label("Cleo Adjudicator").check()
    coordinator.shows("study-design")
    page.get_by_test_id("create-study").click()
    expect(page.get_by_text(STUDY).first).to_be_visible()


def the_icc_is_that_of_their_grades(coordinator: Person, truth: Truth, *readers: Given) -> None:
    """The page's ICC(2,1) of cervical scores is the one of the grades that were typed."""
    page = coordinator.page
    coordinator.goes_to("/agreement")
    page.get_by_test_id("agreement-study").select_option(label=STUDY)
    row = page.get_by_test_id("totals-lumbar").first
    expect(row).to_be_visible()
    lumbar = sorted(film.file for film in truth.values() if film.region == "L")
    scores = np.array([[sum(r[file].values()) for r in readers] for file in lumbar])  # type: ignore[arg-type]
    expected = icc(scores)["ICC(2,1)"].value
    assert expected is not None
    expect(row).to_contain_text(f"{expected:.3f}" if expected < 0.9995 else ">0.999")
    coordinator.shows("agreement")


def differences_are_adjudicated(adjudicator: Person) -> None:
    """The adjudicator sees A and B and decides the first corner; the next one comes."""
    page = adjudicator.page
    adjudicator.goes_to("/adjudication")
    adjudicator.shows("adjudications")
    page.locator("[data-testid^=adjudicate-]").first.click()
    # Keys count from the moment the film is painted: nobody decides on what is not there yet.
    expect(page.get_by_test_id("adjudication")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_test_id("current-corner")).not_to_be_empty()
    adjudicator.shows("adjudication")
    page.keyboard.press("1")
    expect(page.get_by_test_id("finding-dialog")).to_be_visible()
    adjudicator.shows("adjudication-finding")
    with page.expect_response(re.compile("/decision$")) as decided:
        page.keyboard.press("e")
        page.keyboard.press("Enter")
    assert decided.value.ok


def a_batch_of_doubtful_corners_is_opened(coordinator: Person) -> None:
    """The study page ranks what the model confuses, and a batch goes to one reader."""
    page = coordinator.page
    coordinator.goes_to("/studies")
    page.get_by_role("link", name=STUDY).click()
    expect(page.get_by_text(re.compile(r"\d vs \d")).first).to_be_visible()
    coordinator.shows("study")
    form = page.get_by_test_id("relabel-batch")
    page.get_by_test_id("batch-size").fill(str(BATCH))
    form.get_by_label("reader2", exact=True).uncheck()
    form.get_by_label("reader", exact=True).check()
    page.get_by_test_id("open-batch").click()
    expect(page.get_by_test_id("batch-opened")).to_be_visible()
    coordinator.shows("study-batch-opened")


def the_batch_is_read(reader: Person) -> None:
    """One corner after another; the round then is finished."""
    page = reader.page
    reader.goes_to("/worklist")
    with page.expect_response(re.compile("/next$")) as opened:
        page.get_by_role("link", name=re.compile("reading", re.IGNORECASE)).first.click()
    for number in range(BATCH):
        expect(page.get_by_test_id("position")).to_contain_text(f"{number + 1} of {BATCH}")
        if number == 0:
            reader.shows("relabelling")
            one_corner_of_twelve_is_asked(page)
            pictures_are_here(page, opened.value.json())
            page.context.set_offline(True)  # the next crop is here before it is asked for
            page.keyboard.press("1")
            shows_crop(page, f"2 of {BATCH}")
            page.context.set_offline(False)
            expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
            continue
        expect(page.get_by_test_id("reading")).to_have_attribute("aria-busy", "false")
        page.wait_for_timeout(160)  # a key that comes sooner has bounced
        with page.expect_response(re.compile(r"/commit$")) as committed:
            page.keyboard.press("1")
        assert committed.value.ok
    expect(page.get_by_role("link", name=re.compile("Worklist|worklist")).first).to_be_visible()


def shows_crop(page: Page, position: str) -> None:
    """The crop of this place is painted: its middle has many greys."""
    expect(page.get_by_test_id("position")).to_contain_text(position)

    def greys() -> int:
        png = np.frombuffer(page.get_by_test_id("crop-pane").screenshot(), np.uint8)
        crop = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
        assert crop is not None
        rows, cols = crop.shape
        return len(np.unique(crop[rows // 4 : -rows // 4, cols // 4 : -cols // 4]))

    assert eventually(page, lambda: greys() > 100)


def one_corner_of_twelve_is_asked(page: Page) -> None:
    """The strip shows which; a key shows the neighbouring levels."""
    expect(page.get_by_test_id("film-pane")).to_have_attribute("data-painted", re.compile("."))
    expect(page.locator("nav [data-queried=true]")).to_have_count(1)
    expect(page.locator("nav [data-queried=false]")).to_have_count(11)
    crop = page.get_by_test_id("crop-pane")
    alone = crop.screenshot()
    page.keyboard.press("c")
    assert eventually(page, lambda: crop.screenshot() != alone)
    page.keyboard.press("c")


def a_candidate_is_trained_and_promoted(admin: Person) -> None:
    """Live progress, figures beside the serving version, promotion, new pre-grading, roll-back."""
    page = admin.page
    admin.goes_to("/models")
    page.get_by_test_id("train-study").select_option(label=STUDY)
    page.get_by_test_id("train-recipe").select_option("tiny")
    page.get_by_test_id("start-training").click()
    job = page.get_by_test_id("job").first
    expect(job).to_have_attribute("data-state", re.compile("running|succeeded"), timeout=240_000)
    admin.shows("models-training")
    expect(job).to_have_attribute("data-state", "succeeded", timeout=600_000)
    candidate = page.get_by_test_id("candidate").first
    expect(candidate).to_contain_text("starter-corner_grades")
    admin.shows("models-candidate")
    candidate.get_by_test_id("promote").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("candidate")).to_have_count(0)
    wait_for_pregrading(admin)
    admin.goes_to("/models")
    admin.shows("models-promoted")
    serving = page.get_by_test_id("serving-corner_grades")
    expect(serving).not_to_contain_text("starter-corner_grades")
    page.get_by_test_id("serve-again").click()  # back, at one click
    expect(serving).to_contain_text("starter-corner_grades")


def the_dataset_leaves(scientist: Person, product: Product) -> None:
    """By download and by token; every read and every consensus is counted."""
    page = scientist.page
    scientist.goes_to("/datasets")
    with page.expect_download() as download:
        page.get_by_test_id("download-reads.csv").first.click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    full = [row for row in rows if row["kind"] == "full"]
    again = {(row["radiograph"], row["site"]) for row in rows if row["kind"] == "relabel"}
    assert len(full) == FILMS * 12 * 2
    assert len(again) == BATCH
    page.get_by_test_id("create-token").click()
    token = page.get_by_test_id("token-value").input_value()
    scientist.shows("datasets")
    study = json.loads(fetch(f"{product.address}/api/v1/export/studies", token))[0]["id"]
    address = f"{product.address}/api/v1/export/studies/{study}"
    assert len(json.loads(fetch(f"{address}/reads.json", token))) == len(rows)
    consensus = json.loads(fetch(f"{address}/consensus.json", token))
    agreed = count_agreed(full)
    assert sum(row["rule"] == "agreed" for row in consensus) >= agreed - BATCH
    assert sum(row["rule"] == "adjudicated" for row in consensus) >= 1


def fetch(address: str, token: str) -> bytes:
    request = urllib.request.Request(address, headers={"Authorization": f"Token {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - this machine
        return bytes(answer.read())


def count_agreed(rows: list[dict[str, str]]) -> int:
    """Corners on which both readers gave the same mark."""
    marks: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows:
        corner = marks.setdefault((row["radiograph"], row["site"]), set())
        corner.add((row["grade"], row["not_assessable"]))
    return sum(len(given) == 1 for given in marks.values())

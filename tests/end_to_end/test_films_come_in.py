"""The radiographs page: many films at once, a line that breaks, what a person decides."""

import base64
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from inference.dicom import read_film
from inference.picture import read_picture
from tests.end_to_end.conftest import Person, Product, SignIn, running
from tests.end_to_end.cut_line import CutLine
from tests.inference.dicom_files import as_bytes, film
from training.phantom import take

Place = tuple[int, int]

PATIENTS, SEED, SCALE = 3, 23, 0.4
# A drop as the browser makes it: a DataTransfer with files whose bytes come from the test.
DROP = """(zone, files) => {
  const dropped = new DataTransfer();
  for (const { name, bytes } of files)
    dropped.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
  const how = { dataTransfer: dropped, bubbles: true, cancelable: true };
  zone.dispatchEvent(new DragEvent("drop", how));
}"""


@pytest.fixture(scope="module")
def product(data: Path) -> Iterator[Product]:
    """Its own: it begins with no film."""
    with running(data) as own:
        yield own


@pytest.fixture(scope="module")
def films(product: Product, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    arguments = ("--patients", str(PATIENTS), "--visits", "1", "--seed", str(SEED))
    product.manage("phantom", str(folder), *arguments, "--preset", "trial", "--scale", str(SCALE))
    return sorted(folder.rglob("*.dcm"))


@pytest.mark.timeout(900)
def test_dropped_films_survive_a_broken_line_and_a_zip_is_its_files(
    product: Product, sign_in: SignIn, films: list[Path], tmp_path: Path
) -> None:
    half = sum(path.stat().st_size for path in films) // 2
    with CutLine(product.address) as line:
        admin = sign_in("admin", line.address)
        admin.page.goto(line.address + "/radiographs")
        expect(admin.page.get_by_test_id("drop-zone")).to_be_visible()
        line.cut_after(half)
        drop(admin.page, [*films[::2], together(tmp_path / "disk.zip", films[1::2])])
        assert line.is_cut.wait(240)
        expect(admin.page.get_by_text("sent again by itself").first).to_be_visible()
        admin.shows("radiographs-line-cut")
        line.mend()
        rows = admin.page.get_by_test_id("upload-row")
        summary = admin.page.get_by_test_id("upload-summary")
        underway = re.compile("Not sent|Sending")
        expect(summary).not_to_contain_text(underway, timeout=240_000)
        expect(admin.page.get_by_test_id("film-count")).to_have_text(f"{len(films)} films")
        admin.shows("radiographs-line-mended")

        bundle = zipped(tmp_path / "films.zip", films[0])
        admin.page.get_by_test_id("file-input").set_input_files(bundle)
        told = {
            "disk/again.dcm": "Already here This film is already here.",
            "disk/new.dcm": "Imported Stored as film",
            "disk/letter.dcm": "Refused The file is no DICOM file.",
            "disk/damaged.dcm": "Refused The archive is damaged here: the file cannot be read.",
        }
        for name, sentence in told.items():
            expect(rows.filter(has_text=name)).to_contain_text(sentence)
        expect(rows).to_have_count(len(films) + len(told))
        admin.shows("radiographs-zip")


def together(path: Path, films: list[Path]) -> Path:
    """As a hospital sends them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for film in films:
            archive.write(film, f"disk/{film.parent.name}/{film.name}")
    return path


def zipped(path: Path, known: Path) -> Path:
    """A film that is here, one that is not, a letter, a member with wrong bytes, a hidden file."""
    new = dcmread(known)
    new.SOPInstanceUID = generate_uid()
    new.PixelData = (new.pixel_array ^ 1).tobytes()
    with BytesIO() as file, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        new.save_as(file)
        archive.write(known, "disk/again.dcm")
        archive.writestr("disk/new.dcm", file.getvalue())
        archive.writestr("disk/letter.dcm", "Dear colleague")
        archive.writestr("disk/damaged.dcm", b"wound me", zipfile.ZIP_STORED)
        archive.writestr("__MACOSX/._again.dcm", "hidden")
    path.write_bytes(path.read_bytes().replace(b"wound me", b"wounded!"))
    return path


@pytest.mark.timeout(900)
def test_a_waiting_film_is_set_right_as_it_is_seen(
    product: Product, sign_in: SignIn, films: list[Path], tmp_path: Path
) -> None:
    came, cut = tmp_path / "mirrored.dcm", tmp_path / "cut.dcm"
    ds = dcmread(films[0])
    ds.BodyPartExamined, ds.SOPInstanceUID = "SPINE", generate_uid()
    for word in ("AnatomicRegionSequence", "SeriesDescription", "StudyDescription", "ProtocolName"):
        if word in ds:
            delattr(ds, word)
    pixels = ds.pixel_array
    ds.PixelData = np.ascontiguousarray(np.flipud(np.fliplr(pixels)))[:, ::-1].tobytes()
    ds.save_as(came)
    other = dcmread(films[1])
    other.SOPInstanceUID = generate_uid()  # a damaged copy of a film that is here would not wait
    other.save_as(cut)
    cut.write_bytes(cut.read_bytes()[:-5000])
    admin = sign_in("admin")
    admin.goes_to("/radiographs")
    admin.page.get_by_test_id("file-input").set_input_files([came, cut])
    waiting = admin.page.get_by_test_id("quarantined-film").filter(has_text="which part")
    expect(waiting).to_have_count(1)
    number = int(waiting.locator("strong").inner_text().split()[-1])
    admin.shows("radiographs-quarantine")
    waiting.get_by_test_id("decide").click()
    decides(admin)
    expect(waiting).to_have_count(0)
    corrected = read_picture(product.data / "pictures" / f"{number}.corrected.jls")
    assert np.array_equal(corrected, np.rot90(read_film(came).pixels[:, ::-1], 2))

    unreadable = admin.page.get_by_test_id("unreadable-film")
    expect(unreadable).to_contain_text("bytes of pixels")
    unreadable.get_by_role("button", name="Wait no longer").click()
    admin.page.get_by_test_id("confirm-yes").click()
    expect(unreadable).to_have_count(0)


@pytest.mark.timeout(900)
def test_a_name_burnt_in_is_read_and_blacked_out(
    product: Product, sign_in: SignIn, tmp_path: Path
) -> None:
    named = take(1, 0, "L", seed=SEED, scale=0.4).bone_bright.copy()
    rows, cols = named.shape
    x, y, width, height = 20, 30, 330, 40
    mask = np.zeros(named.shape, np.uint8)
    cv2.putText(mask, "DOE^JANE 1961", (x, y + 30), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 2)
    named[mask > 127] = 4095
    came = tmp_path / "named.dcm"
    ds = film(named, BodyPartExamined="LSPINE", SOPInstanceUID=generate_uid(), PatientID="a name")
    came.write_bytes(as_bytes(ds))
    admin = sign_in("admin")
    admin.goes_to("/radiographs")
    admin.page.get_by_test_id("file-input").set_input_files(came)
    waiting = admin.page.get_by_test_id("quarantined-film").filter(has_text="text in the picture")
    number = int(waiting.locator("strong").inner_text().split()[-1])
    waiting.get_by_test_id("decide").click()
    dialog = admin.page.get_by_test_id("decide-film")
    expect(dialog.get_by_test_id("decide-picture")).to_have_attribute("data-painted", "true")
    admin.shows("radiographs-named")
    dialog.get_by_role("button", name="Turn left").click()
    expect(dialog.get_by_test_id("decide-picture")).not_to_have_attribute("data-turned", "0")
    dialog.get_by_test_id("black-out").click()
    areas = dialog.get_by_test_id("area")
    # Turned a quarter to the left: the film's column x is the row cols - 1 - x.
    drags(dialog, (rows, cols), (y, cols - 1 - x), (y + height, cols - 1 - x - width))
    drags(dialog, (rows, cols), (rows // 2, cols // 2), (rows // 2 + 60, cols // 2 + 60))
    expect(areas).to_have_count(2)
    admin.shows("radiographs-blacked-out")
    dialog.get_by_test_id("remove-area").nth(1).click()
    expect(areas).to_have_count(1)
    dialog.get_by_test_id("accept-film").click()
    expect(waiting).to_have_count(0)

    pictures = product.data / "pictures"
    assert not (pictures / f"{number}.jls").exists()
    assert not (pictures / f"{number}.jpg").exists()
    upright = np.rot90(read_picture(pictures / f"{number}.corrected.jls"), -1)
    inside = np.s_[
        y + 3 : y + height - 3, x + 3 : x + width - 3
    ]  # a drag is as exact as its pixels
    assert (upright[inside] == named.min()).all()
    around = np.ones(named.shape, bool)
    around[y - 3 : y + height + 4, x - 3 : x + width + 4] = False
    assert np.array_equal(upright[around], named[around])
    preview = cv2.imread(str(pictures / f"{number}.corrected.jpg"), cv2.IMREAD_GRAYSCALE)
    assert preview is not None
    assert np.rot90(preview, -1)[inside].max() < 32  # black, as JPEG has it


def drags(dialog: Locator, film: tuple[int, int], start: Place, end: Place) -> None:
    """From one place to another of a film shown whole, in its pixels (x, y) as it stands."""
    pane = dialog.get_by_test_id("decide-picture").bounding_box()
    assert pane is not None
    across, down = film
    scale = min((pane["width"] - 16) / across, (pane["height"] - 16) / down)
    mouse = dialog.page.mouse

    def at(place: Place) -> tuple[float, float]:
        return (
            pane["x"] + pane["width"] / 2 + (place[0] - (across - 1) / 2) * scale,
            pane["y"] + pane["height"] / 2 + (place[1] - (down - 1) / 2) * scale,
        )

    mouse.move(*at(start))
    mouse.down()
    mouse.move(*at(end), steps=4)
    mouse.up()


def decides(admin: Person) -> None:
    """Mirror, turn twice, name the region and the front, let it in."""
    page = admin.page
    dialog = page.get_by_test_id("decide-film")
    expect(dialog.get_by_test_id("accept-film")).to_be_disabled()
    admin.shows("radiographs-decide")
    dialog.get_by_role("button", name="Mirror").click()
    for _ in range(2):
        dialog.get_by_role("button", name="Turn right").click()
    picture = dialog.get_by_test_id("decide-picture")
    expect(picture).to_have_attribute("data-turned", "2")
    expect(picture).to_have_attribute("data-mirrored", "true")
    dialog.get_by_label("Cervical").check()
    dialog.get_by_label("On the left").check()
    admin.shows("radiographs-decide-set-right")
    dialog.get_by_test_id("accept-film").click()


def drop(page: Page, files: list[Path]) -> None:
    content = [
        {"name": path.name, "bytes": base64.b64encode(path.read_bytes()).decode()} for path in files
    ]
    page.get_by_test_id("drop-zone").evaluate(DROP, content)

"""The real import in a process of its own: bombs, lies, large films; within 1.5 GB, to the end."""

import json
import zipfile
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from annotation.models import Radiograph
from tests.annotation.own_process import HOME, environment
from tests.inference.dicom_encodings import LOSSLESS, LOSSY, encoded_as
from tests.inference.dicom_files import as_bytes, film
from tests.own_memory import run_measured

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

MOST_MB = 1500
ROWS, COLS = 6000, 5000
SYNTAXES = (*LOSSLESS, *LOSSY)


def large_film(number: int, syntax: str) -> bytes:
    """Thirty megapixels of steps, quick to encode; no two numbers give the same film."""
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    steps = np.arange(ROWS, dtype=np.uint16)[:, None] // 64 + np.arange(COLS, dtype=np.uint16) // 64
    pixels = ((steps + 16 * number) % 256 << (bits - 8)).astype(f"u{1 if bits == 8 else 2}")
    return encoded_as(film(pixels, bits, SOPInstanceUID=f"1.2.3.{number}"), syntax)


def three_gigabytes_claimed(*, by_the_element: bool) -> bytes:
    """By the length of the pixel data, or by rows and columns; what follows is a few bytes."""
    whole = as_bytes(film(np.ones((8, 8), np.uint16), SOPInstanceUID="1.2.4"))
    if not by_the_element:
        ds = film(np.ones((8, 8), np.uint16), SOPInstanceUID="1.2.5")
        ds.Rows, ds.Columns = 40_000, 40_000
        return as_bytes(ds)
    length = (128).to_bytes(4, "little") + np.ones(4, "<u2").tobytes()
    assert whole.count(length) == 1
    return whole.replace(length, (3_000_000_000).to_bytes(4, "little") + length[4:])


def compressed_claims_more() -> bytes:
    """A JPEG 2000 frame of 30,000 x 50,000 pixels behind a header of 8 x 8."""
    data = encoded_as(film(np.ones((64, 64), np.uint16), SOPInstanceUID="1.2.6"), JPEG2000Lossless)
    at = data.index(b"\xff\x4f\xff\x51") + 8
    return data[:at] + b"\0\0\x75\x30\0\0\xc3\x50" + data[at + 8 :]


def deflated_bomb() -> bytes:
    ds = film(np.ones((8, 8), np.uint16), SOPInstanceUID="1.2.7")
    ds.PixelData = bytes(210_000_000)
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return as_bytes(ds)


def zip_bomb(path: Path) -> None:
    """Twenty members of 150 MB that are all the same bytes of the archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        out.writestr("0.dcm", bytes(150_000_000))
        for number in range(1, 20):
            again = copy(out.filelist[0])
            again.filename = f"{number}.dcm"
            out.filelist.append(again)


def zeros(path: Path) -> None:
    """One honest member of nothing: as attributes of no length, it would be read for a minute."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        out.writestr("0.dcm", bytes(190_000_000))


def lying_zip(path: Path) -> None:
    """One member of 60 MB that says it has 1000 bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        out.writestr("a.dcm", bytes(60_000_000))
    honest = (60_000_000).to_bytes(4, "little")
    data = path.read_bytes()
    assert data.count(honest) == 2
    path.write_bytes(data.replace(honest, (1000).to_bytes(4, "little")))


def batch(folder: Path) -> None:
    folder.mkdir()
    (folder / "claim-a.dcm").write_bytes(three_gigabytes_claimed(by_the_element=True))
    (folder / "claim-b.dcm").write_bytes(three_gigabytes_claimed(by_the_element=False))
    (folder / "claim-c.dcm").write_bytes(compressed_claims_more())
    (folder / "deflated.dcm").write_bytes(deflated_bomb())
    with (folder / "hole.dcm").open("wb") as hole:  # 3 GB without a byte on the disk
        hole.truncate(3_000_000_000)
    lying_zip(folder / "lying.zip")
    zeros(folder / "zeros.zip")
    zip_bomb(folder / "zip-bomb.zip")
    for number, syntax in enumerate(SYNTAXES):
        (folder / f"zz-{number:02}.dcm").write_bytes(large_film(number, syntax))
    last = film(np.arange(64, dtype=np.uint16).reshape(8, 8), SOPInstanceUID="1.2.8")
    (folder / "zzz-good.dcm").write_bytes(as_bytes(last))


def imported(folder: Path, data: Path) -> tuple[int, dict[str, Any], float]:
    """Exit status, the JSON object, and the most memory the process ever held, in MB."""
    (data / "pictures").mkdir()
    with (data / "out").open("w") as out, (data / "errors").open("w") as errors:
        code, peak = run_measured(
            ["manage.py", "import_dicom", str(folder), "--json"], data / "peak",
            cwd=HOME, env=environment(data), stdout=out, stderr=errors,
        )  # fmt: skip
    assert not (data / "errors").read_text()
    return code, json.loads((data / "out").read_text()), peak


def test_bombs_lies_and_large_films_stay_within_memory_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    batch(tmp_path / "films")
    code, given, peak = imported(tmp_path / "films", tmp_path)
    said = {Path(one["path"]).name: one for one in given["files"]}
    assert code == 1
    for name, status, sentence in (
        ("claim-a.dcm", "quarantined", "claims 3000000000 bytes of pixels"),
        ("claim-b.dcm", "refused", "claims 40000 x 40000 pixels"),
        ("claim-c.dcm", "quarantined", "have another size than the header claims"),
        ("deflated.dcm", "refused", "larger than 200 MB"),
        ("hole.dcm", "refused", "larger than 200 MB"),
        ("lying.zip!a.dcm", "refused", "The archive is damaged here"),
        ("zeros.zip!0.dcm", "refused", "The file is no DICOM file."),
        ("zip-bomb.zip", "refused", "would unpack to an absurd size"),
        ("zzz-good.dcm", "imported", ""),
    ):
        assert said[name]["status"] == status, said[name]
        assert sentence in (said[name]["reason"] or "")
    for number, syntax in enumerate(SYNTAXES):
        one = said[f"zz-{number:02}.dcm"]
        assert one["radiograph"] is not None, (UID(syntax).name, one)
    assert Radiograph.objects.count() == len(SYNTAXES) + 1
    assert peak < MOST_MB, f"{peak:.0f} MB"

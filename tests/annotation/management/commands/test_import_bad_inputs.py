"""One folder of all that an archive should not send: a line for each file, and the rest goes on."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from pydicom.uid import JPEG2000Lossless

from annotation.models import Radiograph, UnreadableFilm
from tests.inference.dicom_encodings import encoded_as
from tests.inference.dicom_files import as_bytes, bundled, film, stored

pytestmark = pytest.mark.django_db

NAME = "<script>alert(1)</script>"
BUNDLED = {
    "dicomdir": ("dicomdirtests/DICOMDIR", "a table of contents"),
    "sr": ("reportsi.dcm", "Basic Text SR"),
    "rt": ("rtplan.dcm", "RT Plan"),
    "waveform": ("waveform_ecg.dcm", "Waveform"),
    "colour": ("SC_rgb_rle.dcm", "colour"),
    "frames": ("SC_rgb_rle_2frame.dcm", "several frames"),
}
OTHERS = {
    "zero-byte": "The file is empty.",
    "text": "The file is no DICOM file.",
    "pdf": "This is Encapsulated PDF Storage, no radiograph.",
    "raw": "raw detector data",
    "truncated-header": "The header does not say how the pixels are stored.",
    "claimed": "The header claims 30000 x 50000 pixels",
    "leads-out.zip!../../a.dcm": "The name leads out of the archive.",
}
SET_ASIDE = {
    "truncated": "claims 6144 bytes of pixels and holds",
    "wrong-length": "The header claims 12288 bytes of pixels, the file holds 6144.",
    "lying-depth": "Bits stored by the header: 10, but the pixels use 12.",
    "lying-frame": "have another size than the header claims",
}
GOOD = ("no-preamble", "no-meta", "script", "zzz-good")


def numbered(number: int, **attributes: Any) -> Any:
    return film(
        stored(seed=number), SOPInstanceUID=f"1.2.826.0.1.3680043.8.498.{number}", **attributes
    )


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    settings.PICTURES = tmp_path / "pictures"
    made = tmp_path / "films"
    made.mkdir()
    for name, (source, _) in BUNDLED.items():
        (made / name).write_bytes(bundled(source).read_bytes())
    whole = as_bytes(numbered(1))
    data_set = whole.index(b"\x08\0\x16\0UI")  # SOP class, the first of its attributes
    lying = encoded_as(numbered(8), JPEG2000Lossless)
    at = lying.index(b"\xff\x4f\xff\x51") + 8
    contents = {
        "zero-byte": b"",
        "text": b"Radiograph of Jane Doe",
        "pdf": as_bytes(numbered(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")),
        "raw": as_bytes(numbered(3, PresentationIntentType="FOR PROCESSING")),
        "truncated-header": whole[: whole.index(b"Doe^Jane") + 8],
        "claimed": as_bytes(numbered(4, Rows=30_000, Columns=50_000)),
        "truncated": as_bytes(numbered(5))[:-4000],
        "wrong-length": as_bytes(numbered(6, Rows=128)),
        "lying-depth": as_bytes(numbered(7, BitsStored=10, HighBit=9)),
        "lying-frame": lying[:at] + b"\0\0\x75\x30" + lying[at + 4 :],
        "no-preamble": whole[132:],
        "no-meta": as_bytes(numbered(9))[data_set:],
        "script": as_bytes(numbered(10, PatientName=NAME, PatientID="10")),
        "zzz-good": as_bytes(numbered(11)),
    }
    for name, content in contents.items():
        (made / name).write_bytes(content)
    with zipfile.ZipFile(made / "leads-out.zip", "w") as out:
        out.writestr("../../a.dcm", whole)
    return made


def test_each_bad_file_is_named_with_its_reason_and_the_good_ones_are_in(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("import_dicom", str(folder), "--json")
    given = json.loads(capsys.readouterr().out)
    assert left.value.code == 1
    said = {one["path"].removeprefix(f"{folder}/"): one for one in given["files"]}
    refused = OTHERS | {name: why for name, (_, why) in BUNDLED.items()}
    for wanted, status in ((refused, "refused"), (SET_ASIDE, "quarantined")):
        for name, why in wanted.items():
            one = said.pop(name)
            assert (one["status"], one["radiograph"]) == (status, None), (name, one)
            assert why in one["reason"], (name, one)
            assert "\n" not in one["reason"]
            assert "Doe" not in one["reason"]
    assert {name: one["status"] for name, one in said.items()} == dict.fromkeys(GOOD, "imported")
    counts = {name: given[name] for name in ("imported", "duplicates", "quarantined", "refused")}
    assert counts == {
        "imported": len(GOOD), "duplicates": 0, "quarantined": len(SET_ASIDE),
        "refused": len(refused),
    }  # fmt: skip
    assert Radiograph.objects.ready().count() == len(GOOD)
    assert UnreadableFilm.objects.count() == len(SET_ASIDE)


def test_without_json_the_same_is_one_line_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call_command("import_dicom", str(folder))
    *lines, _ = capsys.readouterr().out.splitlines()
    assert len(lines) == len(BUNDLED) + len(OTHERS) + len(SET_ASIDE)
    assert all(
        line.startswith((f"refused: {folder}/", f"quarantined: {folder}/")) for line in lines
    )

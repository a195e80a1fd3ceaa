"""A small file that pydicom would make millions of objects of is refused before it does."""

import struct
import zlib
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from inference.dicom import read_film
from inference.dicom_header import parse
from inference.film_kinds import FilmRefused
from tests.inference.dicom_files import as_bytes, film, lut, stored
from tests.own_memory import run_measured

UNDEFINED = 0xFFFFFFFF
ITEM, END = struct.pack("<HHI", 0xFFFE, 0xE000, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def element(tag: int, value: bytes, length: int | None = None) -> bytes:
    """Implicit VR Little Endian."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length or len(value)) + value


def implicit(*, before: int, added: bytes) -> bytes:
    """A film with something put in before the element of that tag."""
    ds = film()
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    data = as_bytes(ds)
    at = data.index(struct.pack("<HH", before >> 16, before & 0xFFFF), 300)
    return data[:at] + added + data[at:]


def bombs(count: int) -> dict[str, bytes]:
    """Each of eight bytes or less to an object."""
    items = ITEM * count
    numbers = (b"1\\" * count)[:-1] + b" "
    within = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + b"".join(
        element(0x00090000 + number % 0xFFFF, b"") for number in range(count)
    )
    region, other = 0x00082218, 0x00209222
    return {
        "numbers": implicit(before=0x7FE00010, added=element(0x00281050, numbers)),
        "items": implicit(before=0x00280002, added=element(other, items + END, UNDEFINED)),
        "items asked for": implicit(before=0x00100010, added=element(region, items)),
        "tables": implicit(before=0x7FE00010, added=element(0x00283010, items[:900_000])),
        "elements": implicit(before=0x00280002, added=element(other, within, UNDEFINED)),
        "endless value": implicit(
            before=0x00100010,
            added=element(region, ITEM[:4] + b"\xff" * 4
                          + element(0x00080100, b"1\\" * count + END, UNDEFINED), UNDEFINED),
        ),
    }  # fmt: skip


def deflated(bomb: bytes) -> bytes:
    ds = film()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data = as_bytes(ds, enforce_file_format=True)
    start = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    plain = zlib.decompress(data[start:], -zlib.MAX_WBITS)
    at = plain.index(struct.pack("<HH2s", 0x0028, 0x0002, b"US"))
    packed = packer.compress(plain[:at] + bomb + plain[at:]) + packer.flush()
    return data[:start] + packed


def test_each_bomb_is_refused_and_takes_no_memory(tmp_path: Path) -> None:
    """In a process of its own, so that its peak is theirs; a million objects take a gigabyte."""
    files = bombs(100_000)
    sequence = struct.pack("<HH2sHI", 0x0020, 0x9222, b"SQ", 0, UNDEFINED)
    files["deflated"] = deflated(sequence + ITEM * 1_000_000 + END)
    for name, data in files.items():
        (tmp_path / f"{name}.dcm").write_bytes(data)
    script = (
        "import sys; from pathlib import Path; from inference.dicom import *\n"
        "for path in Path(sys.argv[1]).glob('*.dcm'):\n"
        "    try: read_film(path); print(path.stem, 'was read')\n"
        "    except FilmRefused as error: print(path.stem, 'longer than' in str(error))\n"
    )
    with (tmp_path / "out").open("w") as out:
        code, peak = run_measured(
            ["-c", script, str(tmp_path)], tmp_path / "peak", stdout=out, timeout=100
        )
    assert code == 0
    said = set((tmp_path / "out").read_text().splitlines())
    assert said == {f"{name} True" for name in files}
    assert peak < 300


def test_what_nobody_looks_into_may_be_long() -> None:
    """Private elements, icons and overlays."""
    whole = read_film(as_bytes(film())).pixel_sha256
    ds = film(IconImageSequence=[film()])
    ds.private_block(0x0029, "MAKER", create=True).add_new(1, "OB", bytes(300_000))
    ds.add_new(0x60003000, "OW", bytes(300_000))
    assert read_film(as_bytes(ds)).pixel_sha256 == whole


def test_a_look_up_table_of_all_codes_is_no_bomb() -> None:
    table = lut(list(range(1 << 16))[:-1], 0, 16)
    ds = film(stored(bits=16), bits=16, VOILUTSequence=[table] * 4)
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert read_film(as_bytes(ds)).pixels.shape == (64, 48)


def test_half_a_deflated_film_is_no_film() -> None:
    data = deflated(b"")
    parse(data, pixels=True)
    with pytest.raises(FilmRefused, match="cannot be inflated"):
        parse(data[:-200], pixels=True)

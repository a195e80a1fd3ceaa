"""Whole files: every transfer syntax gives one picture, every bad file one sentence."""

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from inference.dicom import FilmRefused, FilmUndecodable, pixel_sha256, read_film
from tests.inference.dicom_files import (
    as_bytes,
    as_radiograph,
    big_endian,
    bundled,
    film,
    stored,
)
from tests.own_memory import run_measured

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def encoded(syntax: str) -> bytes:
    ds = film()
    if syntax == "big endian":
        return big_endian(ds)
    if syntax == DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    elif syntax == ImplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    else:
        ds.compress(syntax)
    return as_bytes(ds)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
        "big endian",
        RLELossless,
        JPEGLSLossless,
        JPEG2000Lossless,
    ],
)
def test_every_lossless_encoding_gives_the_same_picture(syntax: str) -> None:
    assert read_film(encoded(syntax)).pixel_sha256 == read_film(as_bytes(film())).pixel_sha256


def test_a_real_signed_ct_keeps_pydicoms_values() -> None:
    own = read_film(as_radiograph("CT_small.dcm")).pixels.astype(int)
    assert np.array_equal(own - 32768, dcmread(bundled("CT_small.dcm")).pixel_array)


def test_a_deflated_secondary_capture_is_read() -> None:
    film = read_film(bundled("image_dfl.dcm"))
    assert np.array_equal(film.pixels, dcmread(bundled("image_dfl.dcm")).pixel_array)


@pytest.mark.parametrize("name", ["CR1/6154", "CR2/6247", "CR3/6278"])
def test_the_real_computed_radiographs_of_pydicom_are_read(name: str) -> None:
    path = bundled(f"dicomdirtests/77654033/{name}")
    ds, own = dcmread(path), read_film(path)
    assert ds.PhotometricInterpretation == "MONOCHROME1"
    order = np.argsort(ds.pixel_array.ravel())
    assert (np.diff(own.pixels.ravel()[order].astype(int)) <= 0).all()
    assert own.region == "C"


def test_a_file_without_preamble_or_meta_header_is_read() -> None:
    whole = as_bytes(film())
    bare = BytesIO()
    ds = dcmread(BytesIO(whole))
    del ds.file_meta
    ds.save_as(bare, implicit_vr=True, little_endian=True)
    assert read_film(bare.getvalue()).pixel_sha256 == read_film(whole).pixel_sha256


def test_one_frame_is_one_however_it_is_written() -> None:
    ds = film()
    ds["NumberOfFrames"] = DataElement("NumberOfFrames", "IS", "01")
    assert read_film(as_bytes(ds)).pixel_sha256 == read_film(as_bytes(film())).pixel_sha256


def test_a_path_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(as_bytes(film()))
    assert read_film(tmp_path / "a.dcm").pixel_sha256 == read_film(as_bytes(film())).pixel_sha256


def test_the_film_says_what_it_is() -> None:
    ds = film(ImagerPixelSpacing=[0.2, 0.2], PatientOrientation=["P", "F"])
    own = read_film(as_bytes(ds))
    assert (own.region, own.facing, own.spacing_mm, own.spacing_plane, own.recipe) == (
        "C", "left", 0.2, "detector", "film/1",
    )  # fmt: skip
    assert own.pixels.dtype == np.uint16
    assert own.pixel_sha256 == pixel_sha256(stored())
    assert "PixelData" not in own.header


def test_an_upside_down_film_is_turned_and_says_so() -> None:
    own = read_film(as_bytes(film(PatientOrientation=["A", "H"])))
    assert (own.facing, own.turned) == ("left", 2)
    assert np.array_equal(own.pixels, stored()[::-1, ::-1])


def test_a_film_on_its_side_is_turned() -> None:
    """F to the right, A downwards: a clockwise quarter turn brings the feet down."""
    own = read_film(as_bytes(film(PatientOrientation=["F", "A"])))
    assert np.array_equal(own.pixels, np.rot90(stored(), -1))


def test_the_checksum_knows_the_shape() -> None:
    flat = np.arange(12, dtype=np.uint16)
    assert pixel_sha256(flat.reshape(3, 4)) != pixel_sha256(flat.reshape(4, 3))


REFUSED = [
    (b"", "empty"),
    (b"\0", "no DICOM"),
    (b"%PDF-1.7 a report, not a film" * 40, "no DICOM"),
    (b"\0" * 128 + b"DICM", "no radiograph"),
    ("DICOMDIR", "DICOMDIR"),
    ("test-SR.dcm", "Comprehensive SR"),
    ("reportsi.dcm", "Basic Text SR"),
    ("rtplan.dcm", "RT Plan"),
    ("rtstruct.dcm", "RT Structure Set"),
    ("waveform_ecg.dcm", "Waveform"),
    ("CT_small.dcm", "CT Image Storage"),
    ("SC_rgb_rle.dcm", "colour"),
    ("SC_rgb_rle_2frame.dcm", "several frames"),
    ("SC_ybr_full_422_uncompressed.dcm", "colour"),
    ("no_meta.dcm", "no DICOM"),
]


@pytest.mark.parametrize(("source", "why"), REFUSED)
def test_what_is_no_film_is_refused_with_its_reason(source: bytes | str, why: str) -> None:
    with pytest.raises(FilmRefused, match=why):
        read_film(source if isinstance(source, bytes) else bundled(source))


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"}, "For Processing"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "For Processing"),
        ({"SOPClassUID": "1.2.3.4.5"}, "no radiograph"),
        ({"Rows": 40000, "Columns": 40000}, "40000 x 40000"),
        ({"Rows": 0}, "0 x 48"),
        ({"BitsAllocated": 32}, "header: 32;"),
        ({"Rows": None}, "how the pixels are stored"),
        ({"PixelData": None}, "no pixels"),
        ({"SamplesPerPixel": 3}, "colour"),
        ({"NumberOfFrames": 7}, "several frames"),
    ],
)
def test_a_film_that_cannot_be_one_is_refused(attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(FilmRefused, match=why):
        read_film(as_bytes(film(**attributes)))


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"Rows": 65}, "claims 6240 bytes of pixels, the file holds 6144"),
        ({"Rows": 63}, "claims 6048 bytes of pixels, the file holds 6144"),
        ({"BitsStored": 17}, "contradicts itself"),
        ({"HighBit": 3}, "contradicts itself"),
        ({"PixelData": b"\0" * 6144}, "blank"),
    ],
)
def test_a_film_that_contradicts_itself_is_set_aside(attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(FilmUndecodable, match=why):
        read_film(as_bytes(film(**attributes)))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_film_gives_no_half_picture(syntax: str, kept: float) -> None:
    data = encoded(syntax)
    with pytest.raises((FilmRefused, FilmUndecodable)):
        read_film(data[: int(len(data) * kept)])


def test_a_truncated_plain_film_is_told() -> None:
    data = as_bytes(film())
    with pytest.raises(FilmUndecodable):
        read_film(data[:-1000])


def test_a_frame_of_another_size_than_the_header_claims_reaches_no_decoder() -> None:
    ds = film()
    ds.compress(JPEG2000Lossless)
    ds.Rows = 80
    with pytest.raises(FilmUndecodable, match="another size"):
        read_film(as_bytes(ds))


def test_a_deflate_bomb_is_refused_before_it_unfolds() -> None:
    meta = bundled("image_dfl.dcm").read_bytes()
    start = 144 + int.from_bytes(meta[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 24)) for _ in range(16)) + packer.flush()
    with pytest.raises(FilmRefused, match="larger than"):
        read_film(meta[:start] + bomb)


def test_no_sentence_and_no_warning_quotes_the_patient() -> None:
    ds = film(BitsStored=17, PatientName="Geheim^Anna", PatientID="GEHEIM-1")
    with pytest.raises(FilmUndecodable) as caught:
        read_film(as_bytes(ds))
    assert "geheim" not in str(caught.value).lower()


def test_three_gigabytes_that_are_only_claimed_take_no_memory(tmp_path: Path) -> None:
    """In a process of its own, so that its peak is that of this one film."""
    script = (
        "import sys; from inference.dicom import *\n"
        "try: read_film(sys.stdin.buffer.read())\n"
        "except FilmUndecodable as error: print(str(error)[:35])\n"
    )
    data = as_bytes(film())
    at = data.index(b"\xe0\x7f\x10\x00OW") + 8
    (tmp_path / "film").write_bytes(
        data[:at] + (3_000_000_000).to_bytes(4, "little") + data[at + 4 :]
    )
    with (tmp_path / "film").open() as source, (tmp_path / "out").open("w") as out:
        code, peak = run_measured(
            ["-c", script], tmp_path / "peak", stdin=source, stdout=out, timeout=100
        )
    assert code == 0
    assert (tmp_path / "out").read_text() == "The file claims 3000000000 bytes of\n"
    assert peak < 500


SEEDS = [path.read_bytes() for path in sorted((Path(__file__).parent / "films").glob("*.dcm"))]
SEEDS += [encoded(s) for s in (ImplicitVRLittleEndian, RLELossless, JPEGLSLossless)] + [
    encoded(JPEG2000Lossless),
    encoded(DeflatedExplicitVRLittleEndian),
    as_bytes(film()),
]


@settings(max_examples=400, deadline=30_000)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)),
             min_size=1, max_size=6),
    st.floats(0.02, 1),
)  # fmt: skip
def test_damaged_bytes_give_a_film_or_a_sentence_and_nothing_else(
    seed: bytes, hits: list[tuple[float, bytes]], kept: float
) -> None:
    data = bytearray(seed)
    for at, junk in hits:
        start = int(at * len(data))
        data[start : start + len(junk)] = junk
    try:
        read_film(bytes(data[: max(1, int(len(data) * kept))]))
    except (FilmRefused, FilmUndecodable):
        return

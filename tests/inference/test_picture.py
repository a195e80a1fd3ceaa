"""The stored picture comes back bit for bit, and display contrast ignores what is no anatomy."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.picture import (
    Window,
    automatic_window,
    decode_picture,
    encode_picture,
    preview_jpeg,
    read_picture,
    write_picture,
)


def noise(rows: int, cols: int, top: int, seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, top, (rows, cols)).astype(np.uint16)


def anatomy(rows: int = 600, cols: int = 400) -> NDArray[np.uint16]:
    """Soft structure between 900 and 2200, as bone and soft tissue lie in a 12-bit film."""
    field = cv2.GaussianBlur(noise(rows, cols, 4096).astype(np.float32), (0, 0), 12)
    field = (field - field.min()) / (field.max() - field.min())
    return (900 + 1300 * field).astype(np.uint16)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 90), st.integers(1, 90), st.sampled_from([2, 256, 1024, 4096, 65536]), st.data()
)
def test_every_picture_comes_back_bit_for_bit(
    rows: int, cols: int, top: int, data: st.DataObject
) -> None:
    pixels = noise(rows, cols, top, data.draw(st.integers(0, 9)))
    back = decode_picture(encode_picture(pixels))
    assert back.dtype == np.uint16
    assert np.array_equal(back, pixels)


def test_a_dark_picture_still_takes_two_bytes_a_sample() -> None:
    data = encode_picture(np.zeros((40, 50), np.uint16))
    frame = data.index(b"\xff\xf7")  # SOF55: length, precision, rows, cols
    assert data[frame + 4] == 16
    assert data[frame + 5 : frame + 9] == bytes([0, 40, 0, 50])


def test_pydicom_reads_the_same_stream(tmp_path: Path) -> None:
    """The stored bytes are a plain JPEG-LS stream: another program's decoder agrees."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLSLossless

    pixels = noise(64, 48, 1 << 16)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless
    ds.Rows, ds.Columns, ds.SamplesPerPixel = 64, 48, 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.PixelData = encapsulate([encode_picture(pixels)])
    assert np.array_equal(ds.pixel_array, pixels)


def test_a_written_picture_is_read_again_and_leaves_no_part_file(tmp_path: Path) -> None:
    pixels = anatomy()
    write_picture(tmp_path / "new" / "1.jls", pixels)
    assert np.array_equal(read_picture(tmp_path / "new" / "1.jls"), pixels)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["1.jls"]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"no picture at all" * 9 + b"\xff\xd9"])
def test_bytes_that_hold_no_picture_are_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="no JPEG-LS picture"):
        decode_picture(data)


@pytest.mark.timeout(30)  # the decoder alone would look for an end for minutes
def test_a_truncated_picture_is_told_at_once() -> None:
    data = encode_picture(anatomy())
    for cut in (data[:2000], data[:-2], data[:2000] + b"\xff\xd9"):
        with pytest.raises(ValueError, match="no JPEG-LS picture"):
            decode_picture(cut)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16), np.zeros((0, 4), np.uint16)],
)
def test_what_is_no_16_bit_picture_is_not_encoded(pixels: NDArray[np.uint16]) -> None:
    with pytest.raises(ValueError, match="uint16"):
        encode_picture(pixels)


def test_the_window_covers_the_anatomy() -> None:
    window = automatic_window(anatomy())
    assert 900 < window.low < 1250
    assert 1850 < window.high < 2250


@pytest.mark.parametrize("border", [0, 4095])
def test_a_collimated_border_does_not_set_the_range(border: int) -> None:
    plain = automatic_window(anatomy())
    film = np.full((900, 700), border, np.uint16)
    film[150:750, 150:550] = anatomy()
    window = automatic_window(film)
    assert abs(window.low - plain.low) < 100
    assert abs(window.high - plain.high) < 100


def test_direct_exposure_and_a_lead_marker_do_not_set_the_range() -> None:
    plain = automatic_window(anatomy())
    film = anatomy()
    film[:, :100] = noise(600, 100, 60)  # air beside the neck, with quantum noise
    film[20:50, 200:215] = 4095
    window = automatic_window(film)
    assert abs(window.low - plain.low) < 150
    assert abs(window.high - plain.high) < 150


def test_direct_exposure_inside_a_collimated_border_does_not_set_the_range() -> None:
    plain = automatic_window(anatomy())
    film = np.zeros((760, 560), np.uint16)
    film[80:680, 80:480] = anatomy()
    film[80:680, 80:180] = 300 + noise(600, 100, 30)
    window = automatic_window(film)
    assert abs(window.low - plain.low) < 150
    assert abs(window.high - plain.high) < 150


@pytest.mark.parametrize("under", [0, 1500, 4095])
def test_what_was_covered_by_hand_does_not_set_the_range_whatever_it_is(under: int) -> None:
    plain = automatic_window(anatomy())
    film, covered = anatomy(), np.zeros((600, 400), bool)
    covered[40:240, 60:340] = covered[500:, :100] = True
    film[covered] = under
    window = automatic_window(film, covered)
    assert abs(window.low - plain.low) < 100
    assert abs(window.high - plain.high) < 100
    film[covered] = 77
    assert automatic_window(film, covered) == window


def test_a_blank_picture_still_has_a_window() -> None:
    assert automatic_window(np.full((50, 50), 7, np.uint16)) == Window(7.0, 1.0)


def test_a_preview_shows_the_window_black_to_white() -> None:
    ramp = np.repeat(np.arange(0, 4096, 4, dtype=np.uint16)[None], 64, axis=0)
    data = preview_jpeg(ramp, Window(center=2048, width=2048), longest=512, quality=95)
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert grey.shape == (32, 512)
    assert grey[:, :100].max() <= 3
    assert grey[:, -100:].min() >= 252
    assert abs(int(grey[16, 256]) - 128) <= 4

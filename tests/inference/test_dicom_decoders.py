"""Files encoded by other programs: what their encoders wrote is what is read."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from inference.dicom import FilmUndecodable, read_film
from tests.inference.dicom_files import as_bytes, as_radiograph, bundled, film, stored


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_expb.dcm", "MR_small.dcm"),
    ],
)
def test_files_encoded_by_other_programs_give_one_picture(name: str, plain: str) -> None:
    assert np.array_equal(
        read_film(as_radiograph(name)).pixels, read_film(as_radiograph(plain)).pixels
    )


@pytest.mark.parametrize("name", ["jpeg_lossless_57.dcm", "jpeg_lossless_70.dcm"])
def test_jpeg_lossless_of_another_program_gives_the_same_picture(name: str) -> None:
    own = read_film(Path(__file__).parent / "films" / name)
    assert np.array_equal(own.pixels, stored())


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_12_bit_jpeg_extended_gives_the_values_that_pydicom_tests_for(name: str) -> None:
    """pydicom 3 tests/pixels/pixels_reference.py: these two pixels of these two files."""
    ds = dcmread(bundled(name))
    for keyword in ("WindowCenter", "WindowWidth"):
        if keyword in ds:
            delattr(ds, keyword)
    pixels = read_film(as_bytes(ds)).pixels
    assert (pixels[420, 140], pixels[230, 120]) == (244, 95)


SMOOTH = cv2.GaussianBlur(stored(bits=8).astype(np.uint8), (9, 9), 0)


def baseline(*frame: bytes) -> bytes:
    """The smooth film, with that for its compressed frame."""
    ds = film(SMOOTH, bits=8, PixelData=encapsulate([b"".join(frame)]))
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return as_bytes(ds)


def jpeg(*, is_progressive: bool) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_PROGRESSIVE, int(is_progressive)]
    done, data = cv2.imencode(".jpg", SMOOTH, options)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("is_progressive", [False, True])
def test_8_bit_jpeg_is_read_in_one_scan_or_in_several(is_progressive: bool) -> None:
    """Baseline has one; gateways that write progressive JPEG (SOF2) under its name are met."""
    frame = jpeg(is_progressive=is_progressive)
    assert frame.count(b"\xff\xda") == (6 if is_progressive else 1)
    own = read_film(baseline(frame)).pixels
    assert np.array_equal(own, cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_UNCHANGED))
    assert np.abs(own.astype(int) - SMOOTH).max() <= 2


def test_a_jpeg_of_thousands_of_scans_is_not_gone_through() -> None:
    """Each costs the decoder a walk over the whole picture."""
    frame = jpeg(is_progressive=True)
    last = frame[frame.rindex(b"\xff\xda") : -2]
    with pytest.raises(FilmUndecodable, match="more parts than any encoder"):
        read_film(baseline(frame[:-2], last * 5000, b"\xff\xd9"))

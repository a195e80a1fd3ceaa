"""Files encoded by other programs: what their encoders wrote is what is read."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from inference.dicom import read_film
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


def test_8_bit_jpeg_baseline_is_read() -> None:
    grey = stored(bits=8).astype(np.uint8)
    done, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert done
    ds = film(grey, bits=8, PixelData=encapsulate([data.tobytes()]))
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    own = read_film(as_bytes(ds)).pixels
    assert np.array_equal(own, cv2.imdecode(data, cv2.IMREAD_UNCHANGED))

"""The hash of the exposure: one for all the ways of showing it, another for another exposure."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import FileDataset

from inference.dicom import read_film
from tests.inference.dicom_files import as_bytes, film, lut, stored


def exposure(ds: FileDataset) -> str:
    return read_film(as_bytes(ds)).codes_sha256


@pytest.mark.parametrize(
    "shown",
    [
        {"WindowCenter": 2000, "WindowWidth": 1000},
        {"VOILUTSequence": [lut(list(range(0, 4096, 2)), 1000, 12)]},
        {"RescaleSlope": 2, "WindowCenter": 2000, "WindowWidth": 1000},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PatientOrientation": ["A", "H"]},
        {"PatientOrientation": ["F", "A"]},
    ],
)
def test_however_it_is_shown_it_is_the_same_exposure(shown: dict[str, Any]) -> None:
    plain, other = film(), film(**shown)
    assert exposure(other) == exposure(plain)
    assert read_film(as_bytes(other)).pixel_sha256 != read_film(as_bytes(plain)).pixel_sha256


@given(center=st.integers(-500, 4600), width=st.integers(2, 9000))
def test_no_window_makes_another_exposure(center: int, width: int) -> None:
    assert exposure(film(WindowCenter=center, WindowWidth=width)) == exposure(film())


def test_one_other_pixel_is_another_exposure() -> None:
    pixels = stored()
    pixels[3, 5] ^= 1
    assert exposure(film(pixels)) != exposure(film())
    assert exposure(film(stored().reshape(48, 64))) != exposure(film())


def test_the_same_values_in_more_bits_are_the_same_exposure() -> None:
    assert exposure(film(BitsStored=16, HighBit=15)) == exposure(film())
    signed = stored().astype(np.int16) - 2048
    assert exposure(film(signed, BitsStored=16, HighBit=15)) == exposure(film(signed))


def test_a_negative_value_is_no_large_one_of_the_same_bits() -> None:
    signed = film(stored(bits=16).view(np.int16), bits=16)
    assert exposure(signed) != exposure(film(stored(bits=16), bits=16))
    assert exposure(film(stored().astype(np.int16), bits=16)) == exposure(film())


def test_overlay_bits_are_no_part_of_the_exposure() -> None:
    drawn = film(stored() | np.uint16(1 << 14))
    for number, value in ((0x0100, 16), (0x0102, 14)):
        drawn.add_new((0x6000, number), "US", value)
    assert exposure(drawn) == exposure(film())

"""One image in every transfer syntax is one picture, bit for bit; lossy ones are close to it."""

import numpy as np
import pytest
from pydicom.uid import UID, JPEGBaseline8Bit, JPEGLSNearLossless

from inference.dicom import FilmUndecodable, read_film
from tests.inference.dicom_encodings import LOSSLESS, LOSSY, encoded_as
from tests.inference.dicom_files import film, stored
from tests.inference.phantoms import films


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: UID(uid).name)
def test_every_lossless_encoding_is_the_same_picture_bit_for_bit(syntax: str, bits: int) -> None:
    pixels = stored(62, 47, bits).astype(np.uint8 if bits == 8 else np.uint16)
    own = read_film(encoded_as(film(pixels, bits), syntax))
    assert np.array_equal(own.pixels, pixels)
    assert own.header.file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: UID(uid).name)
def test_a_whole_film_is_the_same_in_every_lossless_encoding(syntax: str) -> None:
    phantom = films()[1]
    own = read_film(encoded_as(film(phantom.pixels, 12, BodyPartExamined="LSPINE"), syntax))
    assert np.array_equal(own.pixels, phantom.pixels)


@pytest.mark.parametrize("syntax", LOSSY, ids=lambda uid: UID(uid).name)
def test_a_lossy_film_is_read_with_all_its_bits(syntax: str) -> None:
    """An error is a few steps; a film read at the wrong depth is off by hundreds.

    What rings beyond white at an edge is white: three of these encoders are told of 16 bits.
    """
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    true = (films()[1].pixels >> (12 - bits)).astype(np.uint8 if bits == 8 else np.uint16)
    own = read_film(encoded_as(film(true, bits, BodyPartExamined="LSPINE"), syntax))
    error = np.abs(own.pixels.astype(int) - true)
    assert error.mean() < 2 ** (bits - 8) * 0.7
    assert own.pixels.max() < 2**bits
    assert own.pixels.max() >= true.max() * 0.98


def test_values_far_beyond_the_stored_bits_are_a_lie_in_a_lossy_film_too() -> None:
    true = films()[1].pixels // 2 * 3
    with pytest.raises(
        FilmUndecodable, match="Bits stored by the header: 12, but the pixels use 13"
    ):
        read_film(encoded_as(film(true, 12), JPEGLSNearLossless))

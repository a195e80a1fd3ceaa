"""The stored pixels of one film, by one decoder per transfer syntax.

One each, and chosen for how they take damage: GDCM, which pydicom asks first, ends the whole
process on some damaged JPEG 2000 and JPEG Lossless frames. libjpeg-turbo 3 (through imagecodecs)
takes every JPEG of the standard, 12 bits and lossless included. All licences are permissive.
"""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from inference.codestream import claim_of
from inference.dicom_pixels import FilmUndecodable
from inference.film_kinds import FilmRefused

_JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1})
_PLUGINS = {
    RLELossless: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
}
# What a sender is offered: the plain ones first, then what loses nothing, then what does.
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGLosslessSV1,
    JPEGLossless,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    RLELossless,
    JPEGLSNearLossless,
    JPEG2000,
    HTJ2K,
    JPEGExtended12Bit,
    JPEGBaseline8Bit,
)
# A progressive JPEG goes over all its pixels once for each scan, and 65 bytes make a scan of 40
# million pixels: 0.1 s each. Encoders write six for one component, and up to a dozen.
_MOST_SCANS = 20
_UNDEFINED_LENGTH = 0xFFFFFFFF


def decode(film: FileDataset) -> NDArray[np.integer]:
    """Raw pixels [rows, cols] of 8 or 16 bits as they were stored, unused bits untouched.

    Raises FilmRefused when there are none, FilmUndecodable when they cannot be had.
    """
    if "PixelData" not in film:
        raise FilmRefused("The file holds no pixels.")
    film.HighBit = film.get("HighBit", int(film.BitsStored) - 1)
    syntax = film.file_meta.TransferSyntaxUID
    if syntax not in SYNTAXES:
        raise FilmUndecodable(
            "No decoder is known for this transfer syntax. Send the film uncompressed."
        )
    _check_length(film)
    if not syntax.is_compressed or syntax.is_deflated:
        return _by_plugin(film, syntax)
    frame = _frame(film, syntax)
    return _jpeg(film, frame) if syntax in _JPEG else _by_plugin(film, syntax)


def _by_plugin(film: FileDataset, syntax: UID) -> NDArray[np.integer]:
    options: Any = {"correct_unused_bits": False}  # they are looked at in codes_of
    if syntax in _PLUGINS:
        options["decoding_plugin"] = _PLUGINS[syntax]
    try:
        raw, _ = get_decoder(syntax).as_array(film, raw=True, **options)
    except BaseException as error:
        # The RLE decoder is written in Rust; its panic is no Exception.
        if not isinstance(error, RuntimeError) and type(error).__name__ != "PanicException":
            raise
        raise FilmUndecodable(_not_decoded(syntax)) from error
    return raw.reshape(film.Rows, film.Columns)


def _jpeg(film: FileDataset, frame: bytes) -> NDArray[np.integer]:
    try:
        raw = imagecodecs.jpeg8_decode(frame)
    except (imagecodecs.Jpeg8Error, ValueError) as error:
        raise FilmUndecodable(_not_decoded(film.file_meta.TransferSyntaxUID)) from error
    if 8 * raw.dtype.itemsize > film.BitsAllocated:
        raise FilmUndecodable("The compressed pixels have more bits than the header claims.")
    return raw.astype(f"u{film.BitsAllocated // 8}", copy=False).reshape(film.Rows, film.Columns)


def _not_decoded(syntax: UID) -> str:
    return f"The pixels cannot be decoded ({syntax.name}). Send the film uncompressed."


def _check_length(film: FileDataset) -> None:
    """Raise FilmUndecodable unless the pixels are as long as the element and the header claim."""
    element, held = film.get_item("PixelData"), len(film.PixelData)
    claimed = element.length if isinstance(element, RawDataElement) else _UNDEFINED_LENGTH
    if claimed not in (held, _UNDEFINED_LENGTH):
        raise FilmUndecodable(f"The file claims {claimed} bytes of pixels and holds {held}.")
    syntax = film.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        return
    expected = film.Rows * film.Columns * film.BitsAllocated // 8
    if held not in (expected, expected + expected % 2):
        raise FilmUndecodable(
            f"The header claims {expected} bytes of pixels, the file holds {held}."
        )


def _frame(film: FileDataset, syntax: UID) -> bytes:
    """The one compressed frame, whole and of the header's size, else FilmUndecodable."""
    frames = list(generate_frames(film.PixelData, number_of_frames=1))
    if len(frames) != 1:
        raise FilmUndecodable("The pixels are not one compressed frame.")
    if syntax == RLELossless:
        return frames[0]
    claim = claim_of(frames[0])
    if claim is None:
        raise FilmUndecodable("The compressed pixels are not of the kind that the header claims.")
    if (claim.rows, claim.cols, claim.components) != (film.Rows, film.Columns, 1):
        raise FilmUndecodable("The compressed pixels have another size than the header claims.")
    if claim.scans > _MOST_SCANS:
        raise FilmUndecodable("The compressed pixels are in more parts than any encoder writes.")
    if not claim.is_whole:
        raise FilmUndecodable("The compressed pixels end too early: the file was cut short.")
    return frames[0]

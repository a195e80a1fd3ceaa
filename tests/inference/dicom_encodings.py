"""One film in every transfer syntax, by encoders that are not the product's decoders where we can.

JPEG, JPEG Lossless, HTJ2K and what loses something come from imagecodecs (libjpeg-turbo, OpenJPH,
CharLS, OpenJPEG), the rest from pydicom.
"""

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
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

from tests.inference.dicom_files import as_bytes, big_endian

Encoder = Callable[[NDArray[Any], int], bytes]


def _jpeg_lossless(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=bits))


def _another_predictor(pixels: NDArray[Any], bits: int) -> bytes:
    """Process 14 with selection value 6; libjpeg-turbo writes 1."""
    return bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=bits))


def _htj2k(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))


def _jpeg(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=bits))


def _htj2k_lossy(pixels: NDArray[Any], bits: int) -> bytes:
    """The irreversible wavelet; the step is a share of the range of 16 bits."""
    return bytes(imagecodecs.htj2k_encode(pixels, level=0.00002, reversible=False))


def _near_lossless(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels, level=2))


def _jpeg2000_lossy(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels, level=60, codecformat="j2k", reversible=False, bitspersample=bits
        )
    )


_ENCODERS: dict[str, Encoder] = {
    JPEGLosslessSV1: _jpeg_lossless,
    JPEGLossless: _another_predictor,
    HTJ2KLossless: _htj2k,
    HTJ2KLosslessRPCL: _htj2k,
    JPEGBaseline8Bit: _jpeg,
    JPEGExtended12Bit: _jpeg,
    JPEGLSNearLossless: _near_lossless,
    JPEG2000: _jpeg2000_lossy,
    HTJ2K: _htj2k_lossy,
}
_PLUGINS = {RLELossless: "pylibjpeg", JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg"}
PLAIN = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)  # fmt: skip
LOSSLESS = (
    *PLAIN, RLELossless, JPEGLosslessSV1, JPEGLossless, JPEGLSLossless, JPEG2000Lossless,
    HTJ2KLossless, HTJ2KLosslessRPCL,
)  # fmt: skip
LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, HTJ2K)


def encoded_as(ds: FileDataset, syntax: str) -> bytes:
    """The file of an uncompressed little endian film of one plane in another syntax."""
    if syntax == ExplicitVRBigEndian:
        return big_endian(ds)
    if syntax in _ENCODERS:
        kind = f"<u{ds.BitsAllocated // 8}"
        pixels = np.frombuffer(ds.PixelData, kind)[: ds.Rows * ds.Columns]
        frame = _ENCODERS[syntax](pixels.reshape(ds.Rows, ds.Columns), int(ds.BitsStored))
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
    elif syntax not in PLAIN:
        # Named, because pydicom prefers GDCM where it is installed, which aborts on some films.
        ds.compress(syntax, encoding_plugin=_PLUGINS[syntax])
        return as_bytes(ds)
    ds.file_meta.TransferSyntaxUID = syntax
    return as_bytes(ds)

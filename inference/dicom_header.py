"""The header of a DICOM file from its bytes, whatever they are: bounded in time and memory.

A file may lack preamble or meta header, hold nothing but zeros, or inflate beyond all bounds.
"""

import zlib
from io import BytesIO

from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from inference.film_kinds import FilmRefused

# Uncompressed, a film of the most pixels takes 80 MB.
MAX_BYTES = 200_000_000

# A film's header has one or two hundred attributes at its top.
_MOST_ATTRIBUTES = 10_000
# PS3.3 C.7.6.3, and the two of floats.
_PIXELS = (0x7FE00010, 0x7FE00009, 0x7FE00008)


def too_large() -> str:
    """The sentence."""
    return f"The file is larger than {MAX_BYTES // 1_000_000} MB, no single film is."


def parse(data: bytes, *, pixels: bool, looked_at: bool = False) -> FileDataset:
    """The dataset with a transfer syntax, also of a file that lacks preamble or meta header.

    `looked_at` says that it was parsed before, so that it is no bomb. A deflated dataset comes with
    its pixels always: to inflate it twice costs more than to keep them.
    """
    if not looked_at and _is_deflated(data):
        pixels = True
    try:
        ds = read_partial(BytesIO(data), _Stop(pixels=pixels))
    except InvalidDicomError:
        try:
            ds = read_partial(BytesIO(data), _Stop(pixels=pixels), force=True)
        except Exception as error:
            raise FilmRefused("The file is no DICOM file.") from error
        if "SOPClassUID" not in ds and "MediaStorageSOPClassUID" not in ds.file_meta:
            raise FilmRefused("The file is no DICOM file.") from None
    except Exception as error:
        raise FilmRefused("The file is damaged: its header cannot be read.") from error
    if "TransferSyntaxUID" not in ds.file_meta:
        implicit, little = ds.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return ds


class _Stop:
    """Ends the reading at the pixels, unless they are wanted, and where no header goes on so long.

    A file of zeros, which a zip makes of nothing, would be read as millions of empty attributes.
    """

    def __init__(self, *, pixels: bool) -> None:
        self._ends = () if pixels else _PIXELS
        self._left = _MOST_ATTRIBUTES

    def __call__(self, tag: BaseTag, *_: object) -> bool:
        self._left -= 1
        if self._left < 0:
            raise FilmRefused("The file is damaged: its header cannot be read.")
        return tag in self._ends


def _is_deflated(data: bytes) -> bool:
    """Whether pydicom will inflate it, whole: FilmRefused when that would go beyond all bounds."""
    if data[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in data[:4096]:
        return False
    file = BytesIO(data)
    file.seek(132)
    try:
        meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag.group != 2)
    except Exception as error:
        raise FilmRefused("The file is damaged: its header cannot be read.") from error
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return False
    inflate, left = zlib.decompressobj(-zlib.MAX_WBITS), MAX_BYTES
    packed = data[file.tell() :]
    try:
        while packed and not inflate.eof and left > 0:
            left -= len(inflate.decompress(packed, 1 << 20))
            packed = inflate.unconsumed_tail
    except zlib.error as error:
        raise FilmRefused("The file is damaged: it cannot be inflated.") from error
    if left <= 0:
        raise FilmRefused(too_large())
    return True

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
        ds = read_partial(BytesIO(data), _Stop(() if pixels else _PIXELS))
    except InvalidDicomError:
        try:
            ds = read_partial(BytesIO(data), _Stop(() if pixels else _PIXELS), force=True)
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
    """Ends the reading before some tags or beyond some groups, and where no header is so long."""

    def __init__(self, tags: tuple[int, ...] = (), groups: tuple[int, ...] = ()) -> None:
        self._tags, self._groups = tags, groups
        self._left = _MOST_ATTRIBUTES

    def __call__(self, tag: BaseTag, *_: object) -> bool:
        self._left -= 1
        if self._left < 0:
            raise FilmRefused("The file is damaged: its header cannot be read.")
        return tag in self._tags or bool(self._groups and tag.group not in self._groups)


def _is_deflated(data: bytes) -> bool:
    """Whether pydicom will inflate it, whole: FilmRefused when that would go beyond all bounds.

    FilmRefused also where zeros follow: pydicom takes them for the commands of a network.
    """
    file = BytesIO(data)
    file.seek(132 if data[128:132] == b"DICM" else 0)
    try:
        meta = read_dataset(file, False, True, stop_when=_Stop(groups=(2,)))
    except FilmRefused:
        raise
    except Exception:  # noqa: BLE001  # pydicom raises anything, and may read it after all
        return False
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        _refuse_bomb(data[file.tell() :])
        return True
    if file.read(2) == b"\0\0":
        raise FilmRefused("The file is no DICOM file.")
    return False


def _refuse_bomb(packed: bytes) -> None:
    inflate, left = zlib.decompressobj(-zlib.MAX_WBITS), MAX_BYTES
    try:
        while packed and not inflate.eof and left > 0:
            left -= len(inflate.decompress(packed, 1 << 20))
            packed = inflate.unconsumed_tail
    except zlib.error as error:
        raise FilmRefused("The file is damaged: it cannot be inflated.") from error
    if left <= 0:
        raise FilmRefused(too_large())

"""The header of a DICOM file from its bytes, whatever they are: bounded in time and memory.

A file may lack preamble or meta header, hold nothing but zeros, inflate beyond all bounds, or be
small and hold millions of numbers or of empty items, each of which pydicom makes an object of.
"""

import contextlib
import math
import zlib
from collections.abc import Callable
from io import BytesIO

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_partial, read_sequence
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

# A film's header has one or two hundred elements, those of its sequences counted in. For each one
# pydicom reads up to four times a few bytes (tag, kind, length, a short value), for an item once.
_MOST_READS = 20_000
_FEW_BYTES = 12
# The longest value that the standard allows in an attribute with a name, a comment of 10,240
# letters, takes 40 kB.
_LONGEST_VALUE = 1 << 16
# Several tables of 2^16 entries.
_LONGEST_TABLES = 1 << 20
_TABLES = (0x00283000, 0x00283010)
_ANATOMIC_REGION = 0x00082218
# PS3.3 C.7.6.3, and the two of floats.
_PIXELS = (0x7FE00010, 0x7FE00009, 0x7FE00008)
_META_GROUP = 2
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# Curves, waveforms, overlays and pixels are of this group or above.
_FIRST_BULK_GROUP = 0x5000


def too_large() -> str:
    """The sentence."""
    return f"The file is larger than {MAX_BYTES // 1_000_000} MB, no single film is."


def is_zip(beginning: bytes) -> bool:
    """Whether a file that begins so is a zip archive."""
    return beginning.startswith(_ZIP)


def parse(data: bytes, *, pixels: bool) -> FileDataset:
    """The dataset with a transfer syntax, also of a file that lacks preamble or meta header.

    A deflated dataset comes with its pixels always: to inflate it twice costs more than to keep
    them.
    """
    if is_zip(data):
        raise FilmRefused(
            "This is a zip archive, no film; drop it on the page of the radiographs, or unpack it."
        )
    deflated, start = _deflated_meta(data)
    if deflated is not None:
        file = _Bounded(_inflated(data[start:]))
        ds = _guarded(file, lambda: _plain_dataset(file, deflated))
    else:
        file = _Bounded(data, () if pixels else _PIXELS)
        ds = _guarded(file, lambda: _any_dataset(file))
    for tag in (*_TABLES, _ANATOMIC_REGION):
        _refuse_endless(ds.get_item(tag))
    if "TransferSyntaxUID" not in ds.file_meta:
        implicit, little = ds.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return ds


class _Bounded(BytesIO):
    """A file from which pydicom may read so much and so often; every depth of it reads here.

    pydicom reads a value as soon as it meets it, and looks into it when somebody asks for it. What
    nobody asks for (private elements, icons, overlays) may be as long as it likes.
    """

    def __init__(self, data: bytes, until: tuple[int, ...] = ()) -> None:
        super().__init__(data)
        self._until, self._reads = until, _MOST_READS
        self._bytes: float = 2 * _LONGEST_VALUE
        self.is_spent = False

    def stop(self, tag: BaseTag, *_: object) -> bool:
        """Before each element of the top: how long it may be, and whether to end before it."""
        self._bytes = 2 * _longest(tag)  # its parts and the beginning of the next are read too
        return tag in self._until

    def read(self, size: int | None = -1) -> bytes:
        """Raises FilmRefused where no film's header goes on."""
        count = MAX_BYTES if size is None or size < 0 else size
        self._bytes -= count
        self._reads -= count <= _FEW_BYTES
        if self._bytes < 0 or self._reads < 0:
            self.is_spent = True
            raise _beyond_all_bounds()
        return super().read(size)


def _longest(tag: BaseTag) -> float:
    """Bytes that the value of an element at the top may have."""
    if tag in _TABLES:
        return _LONGEST_TABLES
    if tag.is_private or tag.group >= _FIRST_BULK_GROUP:
        return math.inf
    try:
        kind = dictionary_VR(tag)
    except KeyError:
        return math.inf
    is_bulk = kind.startswith(("SQ", "UN", "UT", "O"))
    return math.inf if is_bulk and tag != _ANATOMIC_REGION else _LONGEST_VALUE


def _beyond_all_bounds() -> FilmRefused:
    return FilmRefused("The file is damaged: its header is longer than that of any film.")


def _guarded(file: _Bounded, read: Callable[[], FileDataset]) -> FileDataset:
    """What `read` gives, or FilmRefused: pydicom raises anything on damaged bytes."""
    try:
        return read()
    except FilmRefused:
        raise
    except Exception as error:
        if file.is_spent:  # pydicom wraps what is raised within a sequence
            raise _beyond_all_bounds() from error
        raise FilmRefused("The file is damaged: its header cannot be read.") from error


def _any_dataset(file: _Bounded) -> FileDataset:
    """Of a file in any syntax that is not deflated, with or without preamble."""
    with contextlib.suppress(InvalidDicomError):
        return read_partial(file, file.stop)
    file.seek(0)
    try:
        ds = read_partial(file, file.stop, force=True)
    except Exception as error:
        raise FilmRefused("The file is no DICOM file.") from error
    if "SOPClassUID" not in ds and "MediaStorageSOPClassUID" not in ds.file_meta:
        raise FilmRefused("The file is no DICOM file.")
    return ds


def _plain_dataset(file: _Bounded, meta: Dataset) -> FileDataset:
    """Of an inflated one, as pydicom's `read_partial` makes it of a deflated one."""
    plain = read_dataset(file, False, True, stop_when=file.stop)
    ds = FileDataset(file, plain, file_meta=FileMetaDataset(meta), is_implicit_VR=False)
    ds.set_original_encoding(False, True, plain._character_set)
    return ds


def _deflated_meta(data: bytes) -> tuple[Dataset | None, int]:
    """The meta header of a deflated dataset, None of any other, and where it ends.

    FilmRefused where zeros follow: pydicom takes them for the commands of a network.
    """
    file = _Bounded(data)
    file.seek(132 if data[128:132] == b"DICM" else 0)
    try:
        meta = read_dataset(
            file, False, True, stop_when=lambda tag, *_: file.stop(tag) or tag.group != _META_GROUP
        )
        is_deflated = meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    except Exception as error:  # pydicom raises anything, and may read it after all
        if file.is_spent:
            raise _beyond_all_bounds() from error
        return None, 0
    start = file.tell()
    if not is_deflated and data[start : start + 2] == b"\0\0":
        raise FilmRefused("The file is no DICOM file.")
    return (meta if is_deflated else None), start


def _refuse_endless(element: DataElement | RawDataElement | None) -> None:
    """Read a sequence that will be asked for, as pydicom does when it is, but with an end."""
    if not isinstance(element, RawDataElement) or not element.value:
        return
    file = _Bounded(element.value)
    file.stop(element.tag)
    with contextlib.suppress(Exception):  # a broken one is told when it is asked for
        read_sequence(
            file, element.is_implicit_VR, element.is_little_endian, len(element.value), "iso8859"
        )
    if file.is_spent:
        raise _beyond_all_bounds()


def _inflated(packed: bytes) -> bytes:
    inflate, parts, left = zlib.decompressobj(-zlib.MAX_WBITS), [], MAX_BYTES
    try:
        while packed and not inflate.eof and left > 0:
            parts.append(inflate.decompress(packed, 1 << 20))
            left -= len(parts[-1])
            packed = inflate.unconsumed_tail
    except zlib.error as error:
        raise FilmRefused("The file is damaged: it cannot be inflated.") from error
    if left <= 0:
        raise FilmRefused(too_large())
    if not inflate.eof:
        raise FilmRefused("The file is damaged: it cannot be inflated.")
    return b"".join(parts)

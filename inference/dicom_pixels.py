"""From stored pixel codes to the calibrated picture: modality LUT, VOI, polarity, in that order.

A film stores at most 2^16 different codes, so the whole chain is worked out once per code, in
double precision, and the picture is one table look-up: exact, fast and without a float copy of
the film. PS3.3 C.11.1 (modality), C.11.2 (VOI), C.7.6.3.1.2 (photometric interpretation).
"""

import hashlib
import math
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import HTJ2K, JPEG2000, JPEGExtended12Bit, JPEGLSNearLossless

Codes = NDArray[np.uint16]
Values = NDArray[np.float64]

# Of the film's pixels: a window that shows fewer than this between black and white is no window
# for this film (a default of another examination, a placeholder of 1).
_LEAST_SHOWN = 0.02
# Of the range: how far beyond its end a lossy codec may ring.
_OVERSHOOT = 1 / 16
_LOSSY = (JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, HTJ2K)


class FilmUndecodable(ValueError):
    """A film that cannot be shown as it is; the sentence says why. A person must look at it."""

    header: Dataset | None = None
    """As it came, where it could be read; it identifies the patient."""


@dataclass(frozen=True)
class Scale:
    """What one step of the chain gives for every code: whole values from 0 to `top`."""

    values: Values
    top: int


def codes_of(raw: NDArray[np.integer], header: Dataset) -> Codes:
    """The stored bits of each pixel as a code 0 .. 2^BitsStored - 1, overlay bits removed.

    Raises FilmUndecodable when pixels use more bits than the header admits, unless the header
    declares overlays there.
    """
    bits, high = int(header.BitsStored), int(header.HighBit)
    native = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    words = native.view(np.dtype(f"u{raw.dtype.itemsize}")).astype(np.uint16, copy=False)
    shift = high + 1 - bits
    codes: Codes = (words >> np.uint16(shift)) & np.uint16((1 << bits) - 1)
    if bits < 16 and shift == 0 and not _has_overlay_bits(header):
        spare = words >> bits
        signed = bool(header.PixelRepresentation)
        allocated = 8 * raw.dtype.itemsize
        extension = (1 << (allocated - bits)) - 1  # what a negative value leaves in spare bits
        wrong = (spare != 0) & (spare != extension if signed else True)
        if wrong.any() and _overshoots(words, header):
            return np.minimum(words, np.uint16((1 << bits) - 1))
        if wrong.any():
            used = int(words.max()).bit_length()
            raise FilmUndecodable(f"Bits stored by the header: {bits}, but the pixels use {used}.")
    return codes


def codes_sha256(codes: Codes, header: Dataset) -> str:
    """Hex digest of the exposure itself: shape and stored values, before anything shows them.

    The same exposure has the same under another window, look-up table, polarity or orientation,
    and in fewer or more bits. A negative value is no large positive one of the same bits.
    """
    bits = int(header.BitsStored)
    values, kind = codes, ""
    if header.PixelRepresentation and (codes >> np.uint16(bits - 1)).any():
        sign = np.uint16(1 << (bits - 1))
        values, kind = (codes ^ sign) - sign, "signed"  # two's complement in 16 bits
    digest = hashlib.sha256(f"{kind}{codes.shape[0]}x{codes.shape[1]}:".encode())
    digest.update(np.ascontiguousarray(values, dtype="<u2").data)
    return digest.hexdigest()


def _overshoots(words: Codes, header: Dataset) -> bool:
    """Whether a codec that loses something went a little beyond white: no lie of the header.

    At a hard edge it may, where it was told of more bits than are stored.
    """
    if header.PixelRepresentation or header.file_meta.TransferSyntaxUID not in _LOSSY:
        return False
    return int(words.max()) < (1 << int(header.BitsStored)) * (1 + _OVERSHOOT)


def calibrate(codes: Codes, header: Dataset) -> Codes:
    """The picture of the codes, uint16 [rows, cols], bone bright.

    Raises FilmUndecodable for a look-up table that cannot be read.
    """
    scale = _voi(_modality(header), codes, header)
    table = np.rint(scale.values)
    if _is_inverse(header):
        table = scale.top - table
    table[_padding(header)] = 0
    return _through(table.astype(np.uint16), codes)


def _through(table: Codes, codes: Codes) -> Codes:
    """Every code's entry; OpenCV wants an entry for each of the 2^16 codes, and is four times as
    fast as an index."""
    whole = np.zeros(1 << 16, np.uint16)
    whole[: table.size] = table
    return np.asarray(cv2.LUT(codes, whole), np.uint16)


def _stored(header: Dataset) -> Values:
    """The stored value of every code: two's complement when signed."""
    bits = int(header.BitsStored)
    values = np.arange(1 << bits, dtype=np.float64)
    if header.PixelRepresentation:
        values[values >= 1 << (bits - 1)] -= 1 << bits
    return values


def _modality(header: Dataset) -> Scale:
    """Stored values through the modality LUT, or rescaled; `top` is the number of steps."""
    stored, top = _stored(header), (1 << int(header.BitsStored)) - 1
    if header.get("ModalityLUTSequence"):
        return _look_up(stored, header.ModalityLUTSequence[0], header)
    slope = _number(header, "RescaleSlope") or 1.0  # 0 is a placeholder that some devices write
    return Scale(stored * slope + (_number(header, "RescaleIntercept") or 0.0), top)


def _voi(modality: Scale, codes: Codes, header: Dataset) -> Scale:
    """Through the VOI LUT, else the first window that fits the film, else the full range."""
    if header.get("VOILUTSequence"):
        return _look_up(np.rint(modality.values), header.VOILUTSequence[0], header)
    for center, width in _windows(header):
        scale = _windowed(modality, center, width, str(header.get("VOILUTFunction") or "LINEAR"))
        if scale is None:
            continue
        shown = _through(((scale.values > 0) & (scale.values < scale.top)).astype(np.uint16), codes)
        if cv2.countNonZero(shown) >= _LEAST_SHOWN * codes.size:
            return scale
    low, high = modality.values.min(), modality.values.max()
    if header.get("ModalityLUTSequence") or high == low:
        return modality
    return Scale((modality.values - low) / (high - low) * modality.top, modality.top)


def _windowed(modality: Scale, center: float, width: float, function: str) -> Scale | None:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3; None for a width that the function does not allow.

    The output has at least as many levels as the window, so that a wide one merges none.
    """
    values, function = modality.values, function.strip().upper()
    if width <= 0 or (function == "LINEAR" and width <= 1):
        return None
    if function == "SIGMOID":
        top = (1 << 16) - 1
        power = np.clip(-4 * (values - center) / width, -700, 700)  # exp stays finite
        return Scale(top / (1 + np.exp(power)), top)
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    step = (values.max() - values.min()) / max(modality.top, 1) or 1.0
    levels = math.ceil(math.log2(max(width / step, 2)))
    top = (1 << min(16, max(modality.top.bit_length(), levels))) - 1
    return Scale(np.clip((values - center) / width + 0.5, 0, 1) * top, top)


def _look_up(values: Values, item: Dataset, header: Dataset) -> Scale:
    """Values through a LUT item; outside its range the first or last entry (PS3.3 C.11.1.1)."""
    try:
        entries, first, bits = (int(number) for number in item.LUTDescriptor)
        lut = _lut_data(item, entries or 1 << 16, header)
    except (AttributeError, TypeError, ValueError) as error:
        raise FilmUndecodable("The film's look-up table cannot be read.") from error
    if not 1 <= bits <= 16 or lut.size == 0:
        raise FilmUndecodable("The film's look-up table cannot be read.")
    if values.min() < 0 and first >= 1 << 15:
        first -= 1 << 16  # an ambiguous VR, read as unsigned, over signed values
    index = np.clip(values - first, 0, lut.size - 1).astype(np.intp)
    top = (1 << bits) - 1
    return Scale((lut & top)[index].astype(np.float64), top)


def _lut_data(item: Dataset, entries: int, header: Dataset) -> NDArray[np.uint16]:
    """LUT entries as uint16 [entries], whether they came as numbers, words or packed bytes."""
    data = item.LUTData
    if isinstance(data, bytes):
        packed = len(data) < 2 * entries
        order = "<" if header.file_meta.TransferSyntaxUID.is_little_endian else ">"
        lut = np.frombuffer(data, dtype=np.uint8 if packed else f"{order}u2")
    else:
        lut = np.atleast_1d(np.asarray(data, dtype=np.int64)) & 0xFFFF
    if lut.size < entries:
        raise ValueError("fewer entries than the descriptor says")
    return lut[:entries].astype(np.uint16)


def _windows(header: Dataset) -> Iterator[tuple[float, float]]:
    """(centre, width) of every window, in the header's order."""
    yield from zip(_numbers(header, "WindowCenter"), _numbers(header, "WindowWidth"), strict=False)


def _is_inverse(header: Dataset) -> bool:
    """Whether a low value is bright.

    DX demands INVERSE together with MONOCHROME1 (PS3.3 C.8.11.3.1.2): both say the same once.
    """
    shape = str(header.get("PresentationLUTShape") or "").strip().upper()
    return bool(header.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE")


def _padding(header: Dataset) -> NDArray[np.bool_]:
    """Mask over the codes: those that stand for no image (PS3.3 C.7.5.1.1.2)."""
    stored = _stored(header)
    value = _number(header, "PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = _number(header, "PixelPaddingRangeLimit")
    low, high = sorted(_as_stored(v, header) for v in (value, value if limit is None else limit))
    return (stored >= low) & (stored <= high)


def _as_stored(value: float, header: Dataset) -> float:
    """A padding value as the pixels have it: devices write -2000 as 63536, and the other way."""
    bits, value = int(header.BitsStored), value % (1 << 16)
    if not header.PixelRepresentation:
        return value
    if value >= 1 << 15:
        return value - (1 << 16)
    return value - (1 << bits) if 1 << (bits - 1) <= value < 1 << bits else value


def _has_overlay_bits(header: Dataset) -> bool:
    """Whether an overlay lies in unused bits of the pixels (retired, still met)."""
    return any(
        (group, 0x0102) in header and (group, 0x3000) not in header
        for group in range(0x6000, 0x6020, 2)
    )


def _number(header: Dataset, keyword: str) -> float | None:
    numbers = _numbers(header, keyword)
    return numbers[0] if numbers else None


def _numbers(header: Dataset, keyword: str) -> list[float]:
    """The finite numbers of an attribute; empty when it is absent or no number."""
    value = header.get(keyword)
    many = value if isinstance(value, MutableSequence) else [value]
    try:
        numbers = [float(number) for number in many]
    except (TypeError, ValueError):
        return []
    return [number for number in numbers if math.isfinite(number)]

"""The stored 16-bit picture: one file format for the store, the browser and the snapshot folder.

JPEG-LS lossless (ISO/IEC 14495-1): a browser decodes it in WebAssembly, a film of 2000 x 2500
pixels at 12 bits takes about a third of its raw size, and what was written is what is read, bit
for bit. Display contrast is chosen here too, because it never changes the stored values.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint16]

# A sample of at least nine bits takes two bytes in every decoder: the reader never has to ask.
# What is written says 16 bits, whatever the film holds.
_LEAST_BITS = 9
# JPEG-LS codes a side in 16 bits.
_LONGEST_SIDE = 65535
# End of image (ITU-T T.81 table B.1).
_END = b"\xff\xd9"
# The side on which the automatic window looks: averaging removes quantum noise, so that a flat
# collimated border is flat.
_LOOK_AT = 256
# Of the picture's range: how far an even region may stray from its value at the edge.
_EVEN = 0.015
# Share of the picture from which an even region at the edge is a border or bare exposure.
_LEAST_REGION = 0.02
# Below this share of the picture the mask has gone wrong; then the whole picture counts.
_LEAST_ANATOMY = 0.10


@dataclass(frozen=True)
class Window:
    """A linear display window in stored values: centre and full width."""

    center: float
    width: float

    @property
    def low(self) -> float:
        """The stored value shown black."""
        return self.center - self.width / 2

    @property
    def high(self) -> float:
        """The stored value shown white."""
        return self.center + self.width / 2


def encode_picture(pixels: Picture) -> bytes:
    """JPEG-LS bytes of uint16 [rows, cols]; other threads run meanwhile.

    Raises ValueError for another shape or type.
    """
    if pixels.dtype != np.uint16 or pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"A picture is uint16 [rows, cols], not {pixels.dtype} {pixels.shape}.")
    rows, cols = pixels.shape
    if max(rows, cols) > _LONGEST_SIDE:
        raise ValueError(f"A picture of {rows} x {cols} pixels is too long for JPEG-LS.")
    # Noise grows when it is coded: room for it, which the encoder would not give itself.
    room = pixels.nbytes + pixels.nbytes // 8 + 4096
    try:
        return bytes(imagecodecs.jpegls_encode(np.ascontiguousarray(pixels), out=room))
    except imagecodecs.JpeglsError as error:
        raise ValueError(f"This {rows} x {cols} picture cannot be encoded: {error}") from error


def decode_picture(data: bytes) -> Picture:
    """uint16 [rows, cols] of JPEG-LS bytes. Raises ValueError when they hold no 16-bit picture."""
    if not data.endswith(_END):
        # CharLS looks for a marker for a quarter of a minute beyond the end of a cut stream.
        raise ValueError("These bytes are no JPEG-LS picture: its end is missing.")
    try:
        # CharLS through imagecodecs, which lets other threads run meanwhile
        pixels: NDArray[Any] = imagecodecs.jpegls_decode(data)
    except RuntimeError as error:
        raise ValueError(f"These bytes are no JPEG-LS picture: {error}") from error
    if pixels.ndim != 2 or pixels.dtype != np.uint16:  # nine bits and more are two bytes
        raise ValueError("This JPEG-LS picture is not a single 16-bit channel.")
    return pixels


def write_picture(path: str | os.PathLike[str], pixels: Picture) -> None:
    """Write uint16 [rows, cols] to `path`, whole or not at all."""
    write_whole(path, encode_picture(pixels))


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """Read what `write_picture` wrote. Raises OSError, or ValueError for a damaged file."""
    return decode_picture(Path(path).read_bytes())


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write bytes so that a reader, or the next start after a crash, sees all of them or none."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def automatic_window(pixels: Picture, covered: NDArray[np.bool_] | None = None) -> Window:
    """The first display window of uint16 [rows, cols]: the 1st to 99th percentile of the anatomy.

    Even regions that touch the edge (collimator, direct exposure, digitiser border) and the few
    pixels of a lead marker do not set the range, nor does what was `covered` by hand.
    """
    small = np.ascontiguousarray(shrink(pixels, _LOOK_AT), dtype=np.float32)
    seen = np.ones(small.shape, dtype=bool)
    if covered is not None:
        seen = shrink(covered * np.uint16(65535), _LOOK_AT) == 0
        small[~seen] = np.median(small[seen])
    anatomy = _anatomy(small) & seen
    low, high = np.percentile(small[anatomy if anatomy.any() else seen], [1.0, 99.0])
    margin = 0.02 * (high - low)
    width = max(float(high - low + 2 * margin), 1.0)
    return Window(center=float(low + high) / 2, width=width)


def preview_jpeg(pixels: Picture, window: Window, longest: int = 1024, quality: int = 85) -> bytes:
    """An 8-bit greyscale JPEG of the windowed picture, its longer side at most `longest` pixels."""
    small = shrink(pixels, longest).astype(np.float32)
    small -= window.low
    small *= 255.0 / window.width
    grey = np.rint(np.clip(small, 0, 255)).astype(np.uint8)
    done, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("The preview could not be encoded as JPEG.")
    return data.tobytes()


def shrink(pixels: Picture, longest: int) -> Picture:
    """Area average to at most `longest` pixels on the longer side; never enlarges."""
    rows, cols = pixels.shape
    scale = longest / max(rows, cols)
    if scale >= 1:
        return pixels
    size = (max(1, round(cols * scale)), max(1, round(rows * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint16, copy=False)


def _anatomy(small: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mask of what is no even region at the edge or inside such a border; all if little is left."""
    everything = np.ones(small.shape, dtype=bool)
    low, high = np.percentile(small, [0.5, 99.5])
    tolerance = max(float(high - low) * _EVEN, 0.5)
    edge = everything.copy()
    edge[1:-1, 1:-1] = False
    outside = _even_regions(small, edge, tolerance)
    if outside.any():  # bare exposure lies inside the collimator's border, not at the edge
        outside |= _even_regions(small, _grown(outside) & ~outside, tolerance)
    anatomy = ~_grown(outside)
    return anatomy if anatomy.mean() >= _LEAST_ANATOMY else everything


def _even_regions(
    small: NDArray[np.float32], seeds: NDArray[np.bool_], tolerance: float
) -> NDArray[np.bool_]:
    """Mask of the large regions around every fourth seed that keep to the seed's value."""
    taken = np.zeros((small.shape[0] + 2, small.shape[1] + 2), np.uint8)  # as floodFill wants it
    flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    for y, x in np.argwhere(seeds)[::4].tolist():
        if taken[y + 1, x + 1]:
            continue
        grown = taken.copy()
        area = cv2.floodFill(small, grown, (x, y), (0.0,), (tolerance,), (tolerance,), flags)[0]
        if area >= _LEAST_REGION * small.size:
            taken = grown
    return taken[1:-1, 1:-1] > 0


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and two pixels around it, over which a region's own edge is blurred."""
    wider = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2)
    return np.asarray(wider > 0)

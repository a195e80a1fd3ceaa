"""What a compressed frame says of itself, read before a decoder sees it.

A decoder allocates what the frame claims, not what the DICOM header claims, and some decoders
give a half-grey picture for half a frame. Both are found here in a few bytes.
"""

from dataclasses import dataclass

# Start-of-frame markers of JPEG and JPEG-LS (ITU-T T.81 B.1.1.3, T.87 C.1.1).
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xF7})
# Markers without a length (T.81 table B.1): TEM, RSTn, SOI, EOI.
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})
_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
_SOI = b"\xff\xd8"
_J2K = b"\xff\x4f\xff\x51"
_JP2 = b"\x00\x00\x00\x0cjP  "


@dataclass(frozen=True)
class Claim:
    """Size, components and scans of a frame, and whether its end marker is there."""

    rows: int
    cols: int
    components: int
    is_whole: bool
    scans: int = 1


def claim_of(frame: bytes) -> Claim | None:
    """What a JPEG, JPEG-LS or JPEG 2000 frame claims; None when it is none of them, or torn."""
    try:
        if frame.startswith(_SOI):
            return _jpeg(frame)
        if frame.startswith((_J2K, _JP2)):
            return _jpeg2000(frame)
    except IndexError:
        return None
    return None


def _is_whole(frame: bytes) -> bool:
    # Frames are padded to even length, by some devices to more.
    return _END in frame[-64:]


def _jpeg(frame: bytes) -> Claim | None:
    at = 2
    while True:
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF or marker in _BARE:  # fill byte, or a marker without a segment
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            rows, cols = (_number(frame, at + place, 2) for place in (5, 7))
            # Among coded pixels no such bytes can stand (T.81 F.1.2.3, T.87 A.1).
            return Claim(rows, cols, frame[at + 9], _is_whole(frame), frame.count(_SCAN, at))
        at += 2 + _number(frame, at + 2, 2)


def _jpeg2000(frame: bytes) -> Claim | None:
    start = frame.find(_J2K, 0, 4096)  # a JP2 file wraps the codestream in boxes
    if start < 0:
        return None
    size = start + 8  # SOC, SIZ, Lsiz, Rsiz (ITU-T T.800 A.5.1)
    right, bottom, left, above = (_number(frame, size + 4 * i, 4) for i in range(4))
    components = _number(frame, size + 32, 2)
    return Claim(bottom - above, right - left, components, _is_whole(frame))


def _number(frame: bytes, at: int, length: int) -> int:
    if at + length > len(frame):
        raise IndexError
    return int.from_bytes(frame[at : at + length], "big")

"""What a film's header says of it: region, facing, view, spacing. Often empty, sometimes wrong.

Only words of known vocabularies are taken. A free text (a study description with a name in it)
is searched for them and never handed on, so nothing that this file returns identifies a patient.
"""

import re
from collections.abc import Iterator
from typing import Literal

from pydicom.dataset import Dataset

Region = Literal["C", "L"]
Facing = Literal["left", "right"]
Plane = Literal["detector", "calibrated"]

# BodyPartExamined without blanks and dashes (PS3.16 Annex L and what vendors write instead).
_BODY_PARTS: dict[str, Region] = {
    "CSPINE": "C", "CERVICALSPINE": "C", "CERVICAL": "C", "CERVSPINE": "C", "HWS": "C",
    "LSPINE": "L", "LUMBARSPINE": "L", "LUMBAR": "L", "LUMBSPINE": "L", "LSSPINE": "L",
    "LUMBOSACRALSPINE": "L", "LWS": "L",
}  # fmt: skip
# What says no more than that it is the spine, so that a description may say which part.
_ANY_PART = frozenset({"", "SPINE", "WHOLESPINE", "VERTEBRALCOLUMN", "WS", "RACHIS"})
# AnatomicRegionSequence, SNOMED CT and the older SRT codes (PS3.16 CID 4031).
_ANATOMIC_CODES: dict[str, Region] = {
    "122494005": "C", "T-11501": "C",
    "122496007": "L", "T-11503": "L", "1217253001": "L", "T-D04FF": "L",
}  # fmt: skip
_WORDS: dict[Region, re.Pattern[str]] = {
    "C": re.compile(r"\b(c[\s_-]?spine|cervical|hws|halswirbel|nek|rachis cervical)", re.I),
    "L": re.compile(r"\b(l[\s_-]?s?[\s_-]?spine|lumbar|lumbal|lumbosacral|lws|lendenwirbel)", re.I),
}
_TEXTS = ("SeriesDescription", "ProtocolName", "StudyDescription")
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_FRONTAL = frozenset({"AP", "PA"})
_OBLIQUE = frozenset({"RAO", "LAO", "RPO", "LPO"})


def region_of(header: Dataset) -> tuple[Region | None, str]:
    """The region that the tags agree on, or None and the sentence that says why not.

    A description is of the whole study: on a chest film of a study of the lumbar spine, it is
    wrong.
    """
    if _names_another_part(header):
        return None, "The header names a body part that is neither cervical nor lumbar spine."
    found = set(_coded_regions(header)) or set(_described_regions(header))
    if len(found) == 1:
        return found.pop(), ""
    if found:
        return None, "The header names both the cervical and the lumbar spine."
    return None, "The header does not say which part of the spine this is."


def _names_another_part(header: Dataset) -> bool:
    part = _plain(header, "BodyPartExamined")
    text = str(header.get("BodyPartExamined") or "")
    known = part in _ANY_PART or part in _BODY_PARTS
    return not known and not any(pattern.search(text) for pattern in _WORDS.values())


def not_lateral(header: Dataset) -> str | None:
    """Why the header's view is not a lateral one, as a sentence, or None."""
    view = _plain(header, "ViewPosition")
    if view in _FRONTAL:
        return "The header says that this is a frontal view; mSASSS needs a lateral one."
    if view in _OBLIQUE:
        return "The header says that this is an oblique view; mSASSS needs a lateral one."
    return None


def burnt_in_text(header: Dataset) -> str | None:
    """Why text may be burnt into the picture, as a sentence, or None.

    A digitised or captured film usually shows its label; a detector's film says so where it does.
    """
    stated = _plain(header, "BurnedInAnnotation")
    captured = str(header.get("SOPClassUID") or "").startswith(_SECONDARY_CAPTURE)
    if stated == "YES":
        return "The header says that text is burnt into the picture; look for a name."
    if captured and stated != "NO":
        return "A captured or digitised film may show a name; look before you let it in."
    return None


def orientation_of(header: Dataset) -> tuple[Facing | None, int]:
    """Where the front of the patient lies, and the turn that brings the head up.

    PatientOrientation (0020,0020) names the direction of a row (to the right) and of a column
    (downwards): ``P\\F`` is anterior left, head up. The turn is counted in quarter turns
    anticlockwise, as numpy.rot90 counts; it never mirrors, so that a marker stays legible.
    """
    values = header.get("PatientOrientation") or []
    letters = [str(value)[:1].upper() for value in values] if len(values) == 2 else []
    right, down = letters if len(letters) == 2 else ("", "")
    if down in "FH" and right in "AP" and right and down:
        front = {"A": "right", "P": "left"}[right]
        if down == "F":
            return _facing(front), 0
        return _facing({"left": "right", "right": "left"}[front]), 2
    if right in "FH" and down in "AP" and right and down:
        # Clockwise takes what points right to down, and what points down to left.
        if right == "F":
            return _facing("left" if down == "A" else "right"), 3
        return _facing("right" if down == "A" else "left"), 1
    return None, 0


def _facing(side: str) -> Facing:
    return "left" if side == "left" else "right"


def spacing_of(header: Dataset) -> tuple[float | None, Plane | None]:
    """Millimetres per pixel and the plane at which they hold; None where unknown or not square.

    ImagerPixelSpacing (or the digitiser's) holds at the detector, where the patient is magnified
    by 1.05 to 1.3. PixelSpacing that differs from it, or says how it was calibrated, holds in the
    patient; alone and unexplained its plane is unknown.
    """
    detector = _square(header, "ImagerPixelSpacing") or _square(
        header, "NominalScannedPixelSpacing"
    )
    stated = _square(header, "PixelSpacing")
    if stated is None:
        return (detector, "detector") if detector else (None, None)
    if header.get("PixelSpacingCalibrationType"):
        return stated, "calibrated"
    if detector is None:
        return stated, None
    same = abs(stated - detector) < 1e-4 * detector
    return (detector, "detector") if same else (stated, "calibrated")


def _square(header: Dataset, keyword: str) -> float | None:
    try:
        down, across = (float(value) for value in header.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    if not 0.01 <= down <= 5 or abs(down - across) > 0.01 * down:
        return None
    return down


def _plain(header: Dataset, keyword: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", str(header.get(keyword) or "").upper())


def _coded_regions(header: Dataset) -> Iterator[Region]:
    body_part = _plain(header, "BodyPartExamined")
    if body_part in _BODY_PARTS:
        yield _BODY_PARTS[body_part]
    for item in header.get("AnatomicRegionSequence") or []:
        code = str(item.get("CodeValue") or "")
        if code in _ANATOMIC_CODES:
            yield _ANATOMIC_CODES[code]


def _described_regions(header: Dataset) -> Iterator[Region]:
    for keyword in _TEXTS:
        text = str(header.get(keyword) or "")
        for region, pattern in _WORDS.items():
            if pattern.search(text):
                yield region

"""Which DICOM objects are films at all, told from the header before any pixel is touched."""

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from inference.dicom_pixels import FilmUndecodable

# The largest film: a stitched whole spine at 100 um is about 27 million pixels.
MAX_PIXELS = 40_000_000

FILM_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray, for presentation",
    "1.2.840.10008.5.1.4.1.1.12.2": "X-Ray Radiofluoroscopic",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "Grayscale Byte Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.3": "Grayscale Word Secondary Capture",
}
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
UNSAID = "The header does not say how the pixels are stored."
_DICOMDIR = "1.2.840.10008.1.3.10"


class FilmRefused(ValueError):
    """The file is no lateral film that this product takes; the sentence says why."""


def refuse_other_kinds(header: FileDataset) -> None:
    """Raise FilmRefused for what is no single greyscale radiograph, with what it is instead."""
    sop_class = UID(str(header.get("SOPClassUID") or ""))
    stored_as = str(header.file_meta.get("MediaStorageSOPClassUID") or "")
    if _DICOMDIR in (sop_class, stored_as) or "DirectoryRecordSequence" in header:
        raise FilmRefused("This is a DICOMDIR, a table of contents; import the films beside it.")
    intent = str(header.get("PresentationIntentType") or "").upper()
    if sop_class == FOR_PROCESSING or intent == "FOR PROCESSING":
        raise FilmRefused("This is raw detector data (For Processing); send For Presentation.")
    if sop_class not in FILM_CLASSES:
        known = sop_class.name != sop_class  # an unknown UID is its own name
        raise FilmRefused(
            f"This is {sop_class.name}, no radiograph." if known else "This is no radiograph."
        )
    if str(header.get("NumberOfFrames") or "1").strip().lstrip("0") != "1":
        raise FilmRefused("This has several frames; a film is a single one.")
    photometric = str(header.get("PhotometricInterpretation") or "")
    if not photometric or header.get("SamplesPerPixel") is None:  # cut short, most likely
        raise FilmRefused(UNSAID)
    if header.get("SamplesPerPixel") != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise FilmRefused("This is a colour image, no greyscale film.")


def refuse_impossible_sizes(header: Dataset) -> None:
    """Before anything is allocated: what the header claims must be a film, and hold together."""
    try:
        rows, cols = int(header.Rows), int(header.Columns)
        allocated, stored = int(header.BitsAllocated), int(header.BitsStored)
        high = int(header.get("HighBit", stored - 1))
        signed = int(header.PixelRepresentation)
    except (AttributeError, TypeError, ValueError) as error:
        raise FilmRefused(UNSAID) from error
    if rows * cols <= 0 or rows * cols > MAX_PIXELS:
        raise FilmRefused(f"The header claims {rows} x {cols} pixels; no film has that many.")
    if allocated not in (8, 16):
        raise FilmRefused(f"Bits per pixel by the header: {allocated}; a film has 8 or 16.")
    if not 1 <= stored <= high + 1 <= allocated or signed not in (0, 1):
        raise FilmUndecodable(f"The header contradicts itself: {stored} of {allocated} bits.")

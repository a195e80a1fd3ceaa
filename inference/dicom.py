"""One DICOM file to one calibrated 16-bit picture, or a sentence that says why not.

No sentence of this file quotes a value of the header: a header identifies a patient, and the
sentences are stored and shown. The same film gives the same picture, bit for bit, whichever
lossless transfer syntax carried it.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from inference import film_appearance, film_text
from inference.dicom_decoders import decode
from inference.dicom_header import MAX_BYTES, is_zip, parse, too_large
from inference.dicom_pixels import Codes, FilmUndecodable, calibrate, codes_of, codes_sha256
from inference.film_kinds import FilmRefused, refuse_impossible_sizes, refuse_other_kinds
from inference.film_tags import (
    Facing,
    Plane,
    Region,
    burnt_in_text,
    not_lateral,
    orientation_of,
    region_of,
    spacing_of,
)
from inference.picture import Window, automatic_window, shrink

__all__ = [
    "MAX_BYTES",
    "Calibrated",
    "Film",
    "FilmRefused",
    "FilmUndecodable",
    "Identifiers",
    "described",
    "identifiers",
    "is_zip",
    "pixel_sha256",
    "quietly",
    "read_calibrated",
    "read_film",
]

RECIPE = "film/1"
"""Version of everything between the file and the picture; a change of the picture changes it."""

# pydicom's log lines quote the values that they complain of.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Calibrated:
    """The calibrated picture of a film, nothing decided yet about what it shows."""

    pixels: NDArray[np.uint16]
    """[rows, cols], bone bright, head up where the header knows."""
    facing: Facing | None
    turned: int
    """Quarter turns anticlockwise that were applied to bring the head up."""
    header: Dataset
    """As it came, without PixelData: it identifies the patient and must not be stored."""
    pixel_sha256: str
    codes_sha256: str
    """Of the exposure, however it is shown; see `dicom_pixels.codes_sha256`."""


@dataclass(frozen=True)
class Film(Calibrated):
    """A calibrated film, and what its header and its pixels say of it."""

    spacing_mm: float | None
    spacing_plane: Plane | None
    window: Window
    region: Region | None
    doubts: tuple[str, ...]
    """What a person has to settle before the film is read: region, view, burnt-in text."""
    glance: NDArray[np.uint16]
    """The picture, at most 1024 pixels long."""
    recipe: str = RECIPE


@dataclass(frozen=True)
class Identifiers:
    """UIDs of an object as it came, empty where it has none; they identify a patient."""

    sop_class: str
    instance: str
    study: str


def read_film(source: str | os.PathLike[str] | bytes) -> Film:
    """Read a DICOM file or its bytes.

    Raises FilmRefused when it is no film, FilmUndecodable when it is one that cannot be shown and
    a person must look at it, OSError when the path cannot be read.
    """
    return described(read_calibrated(source))


def read_calibrated(source: str | os.PathLike[str] | bytes) -> Calibrated:
    """The first half of `read_film`: the picture, exact to the bit. Raises what that raises.

    A FilmUndecodable of a film whose header could be read carries that header.
    """
    data, header = _bytes(source), None
    with quietly():
        try:
            header = parse(data, pixels=False)
            refuse_other_kinds(header)
            refuse_impossible_sizes(header)
            film = header if "PixelData" in header else parse(data, pixels=True)
            del data
            raw = decode(film)
            del film.PixelData
            codes = codes_of(raw, film)
            return _calibrated(calibrate(codes, film), film, codes_sha256(codes, film))
        except FilmRefused:
            raise
        except FilmUndecodable as error:
            error.header = header
            raise
        except Exception as error:  # pydicom and the decoders raise anything on damaged bytes
            raise _damaged(error, header) from error


def described(film: Calibrated) -> Film:
    """The second half of `read_film`: what the header and the pixels say the film is."""
    with quietly():
        try:
            return _described(film)
        except Exception as error:  # pydicom raises anything on a broken value
            raise _damaged(error, film.header) from error


def _damaged(error: Exception, header: Dataset | None) -> FilmUndecodable:
    """Whatever was raised, as a film that a person must look at."""
    told = FilmUndecodable(
        "The film needs more memory than this machine has."
        if isinstance(error, MemoryError)
        else "The file is damaged: its pixels cannot be read."
    )
    told.header = header
    return told


def identifiers(data: bytes) -> Identifiers:
    """What the object in these bytes says it is, film or not; the pixels are not looked at.

    Raises FilmRefused when the header cannot be read.
    """
    with quietly():
        header = parse(_bytes(data), pixels=False)
        try:
            return Identifiers(
                *(
                    str(header.get(name) or "")
                    for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")
                )
            )
        except Exception as error:  # pydicom raises anything on a broken value
            raise FilmRefused("The file is damaged: its header cannot be read.") from error


def _calibrated(pixels: Codes, header: Dataset, exposure: str) -> Calibrated:
    facing, turned = orientation_of(header)
    pixels = np.ascontiguousarray(np.rot90(pixels, turned))
    if pixels.max() == pixels.min():
        raise FilmUndecodable("The film is blank: every pixel has the same value.")
    return Calibrated(pixels, facing, turned, header, pixel_sha256(pixels), exposure)


def _described(film: Calibrated) -> Film:
    header = film.header
    spacing, plane = spacing_of(header)
    region, of_region = region_of(header)
    by_tags = (of_region, not_lateral(header), burnt_in_text(header))
    glance = shrink(film.pixels, film_text.LOOK_AT)
    by_pixels = (*film_appearance.doubts(glance, region), film_text.text_suspected(glance))
    return Film(
        **vars(film),
        spacing_mm=spacing,
        spacing_plane=plane,
        window=automatic_window(glance),
        region=region,
        doubts=tuple(doubt for doubt in (*by_tags, *by_pixels) if doubt),
        glance=glance,
    )


def pixel_sha256(pixels: NDArray[np.uint16]) -> str:
    """Hex digest of shape and values; the same picture in any file has the same."""
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode())
    digest.update(np.ascontiguousarray(pixels, dtype="<u2").data)
    return digest.hexdigest()


@contextmanager
def quietly() -> Iterator[None]:
    """Silence pydicom's warnings: they quote header values to the terminal and the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _bytes(source: str | os.PathLike[str] | bytes) -> bytes:
    if not isinstance(source, bytes):
        if Path(source).stat().st_size > MAX_BYTES:
            raise FilmRefused(too_large())
        source = Path(source).read_bytes()
    if not source:
        raise FilmRefused("The file is empty.")
    if len(source) > MAX_BYTES:
        raise FilmRefused(too_large())
    return source

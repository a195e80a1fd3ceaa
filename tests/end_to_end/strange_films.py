"""Films as scanners write them, in a running product, each with what pydicom makes of its file."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from tests.end_to_end.blind_studies import blind_study
from tests.end_to_end.conftest import Person, Product
from tests.inference.dicom_files import lut
from training import phantom
from training.phantom.dicom_file import dataset

TOP = 4095  # of 12 bits
LARGE = (6000, 5000)  # rows and columns: 30 megapixels


@dataclass(frozen=True)
class Film:
    """A film that a reader has in a round of its own."""

    round: int
    radiograph: int
    top: int
    """The largest value of the stored picture."""
    grey: NDArray[np.float64]
    """The picture by pydicom, 0 black to 1 white."""


def twelve_bits(ds: Dataset) -> None:
    """As stored, no window."""


def monochrome1(ds: Dataset) -> None:
    """Low is bright."""
    ds.PixelData = (TOP - ds.pixel_array).astype("<u2").tobytes()
    ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME1", "INVERSE"


def voi_lut(ds: Dataset) -> None:
    """A curve that no window has."""
    ds.VOILUTSequence = [lut([round(TOP * (i / TOP) ** 0.6) for i in range(TOP + 1)], 0, 12)]


def sigmoid(ds: Dataset) -> None:
    """A window with soft ends."""
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 1800, 2200, "SIGMOID"


def window(ds: Dataset) -> None:
    """A linear window of rescaled values that cuts both ends off."""
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 0.5, -20, "US"
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 900, 1200, "LINEAR"


def eight_bits(ds: Dataset) -> None:
    """As digitised films often are."""
    ds.PixelData = (ds.pixel_array >> 4).astype(np.uint8).tobytes()
    ds["PixelData"].VR = "OW"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7


def large(ds: Dataset) -> None:
    """30 megapixels."""
    pixels = cv2.resize(ds.pixel_array, LARGE[::-1], interpolation=cv2.INTER_CUBIC)
    ds.Rows, ds.Columns = LARGE
    ds.PixelData = pixels.clip(0, TOP).astype("<u2").tobytes()


KINDS: tuple[Callable[[Dataset], None], ...] = (
    twelve_bits,
    monochrome1,
    voi_lut,
    sigmoid,
    window,
    eight_bits,
    large,
)


def imported(product: Product, coordinator: Person) -> dict[str, Film]:
    """One film of each kind, through the product's own door, in a blind study of its own."""
    made = phantom.generate(len(KINDS), 1, "clinic", seed=4, scale=0.25)
    lumbar = [film for film in made if film.region == "L"]
    with tempfile.TemporaryDirectory() as folder:
        for kind, film in zip(KINDS, lumbar, strict=True):
            ds = _plain(film)
            kind(ds)
            ds.save_as(Path(folder) / f"{kind.__name__}.dcm", enforce_file_format=True)
        answer = json.loads(product.manage("import_dicom", folder, "--json"))
        films: dict[str, Film] = {}
        for file in answer["files"]:
            path = Path(file["path"])
            assert file["status"] == "imported", file
            round_ = blind_study(coordinator, path.stem, [file["radiograph"]])
            grey, top = pydicoms(path)
            films[path.stem] = Film(round_, file["radiograph"], top, grey)
    return films


def _plain(film: phantom.PhantomFilm) -> Dataset:
    """The film at 12 bits, low dark, as stored: nothing turns it."""
    ds = dataset(film)
    if ds.PhotometricInterpretation == "MONOCHROME1":
        ds.PixelData = (TOP - ds.pixel_array).astype("<u2").tobytes()
    ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    ds.PatientOrientation = None
    del ds.WindowCenter, ds.WindowWidth, ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType
    return ds


def pydicoms(path: Path) -> tuple[NDArray[np.float64], int]:
    """pydicom's modality and VOI steps, their range laid over 0 to 1; the stored picture's top."""
    ds = dcmread(path)
    stored = (1 << ds.BitsStored) - 1
    shown = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds).astype(np.float64)
    ends = apply_modality_lut(np.array([0, stored]), ds)
    low, high = (0, TOP) if "VOILUTSequence" in ds else (float(ends.min()), float(ends.max()))
    share = (shown - low) / (high - low)
    is_soft = ds.get("VOILUTFunction") == "SIGMOID"
    grey = 1 - share if ds.PhotometricInterpretation == "MONOCHROME1" else share
    return grey, 65535 if is_soft else stored

"""Write a phantom film as a DICOM file, as a CR or DX system hands it over for presentation."""

import csv
import datetime
import hashlib
import io
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from inference.msasss import SITE
from training.phantom.cohort import PhantomFilm
from training.phantom.film import VENDORS

COLUMNS = (
    "file",
    "patient",
    "visit_days",
    "region",
    "site",
    "grade",
    "latent",
    "assessable",
    "corner_x",
    "corner_y",
    "disc",
    "center_x",
    "center_y",
    "anterior_x",
    "anterior_y",
    "vendor",
)
UID_ROOT = "2.25."  # UUID-derived, needs no registration


def uid(*parts: object) -> str:
    """A UID that follows from the parts: the same film has the same UID everywhere."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:16]
    return UID_ROOT + str(int.from_bytes(digest, "big"))


def dataset(film: PhantomFilm) -> Dataset:
    """Complete DICOM dataset with file meta; pixel data uncompressed, 12 bits stored."""
    vendor = VENDORS[film.vendor]
    person = np.random.default_rng((film.seed, film.patient_index, 6))
    born = datetime.date(1950, 1, 1) + datetime.timedelta(days=int(person.integers(0, 16000)))
    start = datetime.date(2012, 1, 1) + datetime.timedelta(days=int(person.integers(0, 2000)))
    taken = start + datetime.timedelta(days=film.visit_days)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = f"PHANTOM^{film.patient_index:04d}"
    ds.PatientID = film.patient
    ds.PatientBirthDate = born.strftime("%Y%m%d")
    ds.PatientSex = "MF"[int(person.random() < 0.3)]
    ds.InstitutionName = "Synthetic Hospital"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = taken.strftime("%Y%m%d")
    ds.StudyTime = ds.ContentTime = f"{9 + film.patient_index % 8:02d}{film.visit % 60:02d}00"
    ds.AccessionNumber = f"P{film.seed}.{film.patient_index}.{film.visit}"
    ds.StudyID = str(film.visit + 1)
    ds.Modality = vendor.modality
    ds.Manufacturer = vendor.name
    ds.ManufacturerModelName = vendor.model
    ds.BodyPartExamined = "CSPINE" if film.region == "C" else "LSPINE"
    ds.ViewPosition = "LL" if film.facing == "left" else "RL"
    ds.SeriesDescription = (
        "Cervical spine lateral" if film.region == "C" else "Lumbar spine lateral"
    )
    ds.PatientOrientation = film.orientation.split("\\") if film.orientation else None
    ds.ImagerPixelSpacing = [round(film.spacing_mm, 6)] * 2
    ds.KVP = 75 if film.region == "C" else 88
    ds.BurnedInAnnotation = "NO"
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.SeriesNumber = 1 if film.region == "C" else 2
    ds.InstanceNumber = 1
    _add_uids(ds, film, vendor.modality)
    _add_pixels(ds, film)
    return ds


def encode(film: PhantomFilm) -> bytes:
    """The film as the bytes of a DICOM file."""
    buffer = io.BytesIO()
    dataset(film).save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write(out: Path, films: Iterable[PhantomFilm]) -> int:
    """Write each film and `truth.csv` into the folder `out`; returns the number of films."""
    films = iter(films)
    first = list(itertools.islice(films, 1))  # a wish that cannot be met leaves nothing behind
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    with (out / "truth.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for film in itertools.chain(first, films):
            (out / film.file).write_bytes(encode(film))
            writer.writerows(truth_rows(film))
            count += 1
    return count


def truth_rows(film: PhantomFilm) -> list[dict[str, object]]:
    """The twelve rows of `truth.csv` of one film; pixels as stored in the file."""
    rows: list[dict[str, object]] = []
    for code, corner in film.corners.items():
        disc = film.discs[SITE[code].disc]
        values = (
            film.file,
            film.patient,
            film.visit_days,
            film.region,
            code,
            corner.grade,
            round(corner.latent, 4),
            int(corner.assessable),
            *(round(value, 2) for value in (corner.x, corner.y)),
            SITE[code].disc,
            *(round(value, 2) for value in (*disc.center, *disc.anterior)),
            film.vendor,
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _add_uids(ds: Dataset, film: PhantomFilm, modality: str) -> None:
    storage = (
        DigitalXRayImageStorageForPresentation
        if modality == "DX"
        else ComputedRadiographyImageStorage
    )
    size = film.pixels.shape  # films of another scale are other films
    ds.SOPClassUID = storage
    ds.StudyInstanceUID = uid("study", film.seed, film.patient_index, film.visit)
    ds.SeriesInstanceUID = uid("series", film.seed, film.patient_index, film.visit, film.region)
    ds.SOPInstanceUID = uid("film", film.seed, film.patient_index, film.visit, film.region, *size)
    if modality == "DX":
        ds.PresentationIntentType = "FOR PRESENTATION"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = storage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def _add_pixels(ds: Dataset, film: PhantomFilm) -> None:
    ds.Rows, ds.Columns = film.pixels.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = film.photometric
    ds.PresentationLUTShape = "IDENTITY" if film.photometric == "MONOCHROME2" else "INVERSE"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.PixelData = film.pixels.astype("<u2", copy=False).tobytes()

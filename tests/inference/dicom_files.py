"""DICOM files made for tests: a film with known stored values, and the same in other encodings."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

CR = "1.2.840.10008.5.1.4.1.1.1"


def stored(rows: int = 64, cols: int = 48, bits: int = 12, seed: int = 0) -> NDArray[np.uint16]:
    """Every stored value once or more, then noise: a wrong step anywhere shows."""
    values = np.random.default_rng(seed).integers(0, 1 << bits, rows * cols)
    ramp = np.arange(1 << bits)[:: max(1, (2 << bits) // (rows * cols))]
    values[: ramp.size] = ramp
    return values.reshape(rows, cols).astype(np.uint16)


def film(pixels: NDArray[Any] | None = None, bits: int = 12, **attributes: Any) -> FileDataset:
    """A computed radiograph; pass attributes by keyword to set them, None to leave them out."""
    pixels = stored(bits=bits) if pixels is None else pixels
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID(CR)
    meta.MediaStorageSOPInstanceUID = UID("1.2.826.0.1.3680043.8.498.1")
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = UID(CR), meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "CR", "CSPINE", "LL"
    ds.PatientID, ds.PatientName, ds.StudyDate = "4711", "Doe^Jane", "20140305"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * pixels.dtype.itemsize, bits, bits - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", UID(CR))
    return ds


def lut(values: list[int], first: int, bits: int) -> Dataset:
    """One item of a modality or VOI LUT sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(values), first, bits])
    item.add_new("LUTData", "US", values)
    return item


def as_bytes(ds: Dataset, **options: Any) -> bytes:
    """The file."""
    out = BytesIO()
    dcmwrite(out, ds, **options)
    return out.getvalue()


def big_endian(ds: FileDataset) -> bytes:
    """The same film in the retired explicit big endian syntax."""
    ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    return as_bytes(ds, implicit_vr=False, little_endian=False, force_encoding=True)


def bundled(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert path, f"pydicom ships {name}"
    return Path(path)


def as_radiograph(name: str) -> bytes:
    """One of pydicom's files with its SOP class changed, so that only its encoding matters."""
    ds = dcmread(bundled(name))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CR
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        if keyword in ds:
            delattr(ds, keyword)
    return as_bytes(ds)

"""Films that hospitals send under one patient number, by the door of the import."""

from typing import Any

from annotation.services.dicom_import import FileResult, import_film
from tests.inference.dicom_files import as_bytes, film, stored


def bring(seed: int, centre: str = "Berlin", sex: str = "M", **attributes: Any) -> FileResult:
    """What the import says of a film of its own UID; other header fields by their keywords."""
    attributes = {"SOPInstanceUID": f"1.2.3.{seed}", "PatientSex": sex, **attributes}
    ds = film(stored(seed=seed), PatientID="1001", **attributes)
    return import_film(as_bytes(ds), name="a", centre=centre)

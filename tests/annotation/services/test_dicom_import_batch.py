"""What nobody foresaw costs one file of a batch, never the batch."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from annotation.services.deidentify import deidentify
from annotation.services.dicom_import import Status, import_paths
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db


def test_what_nobody_foresaw_is_logged_without_the_header(
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.PICTURES = tmp_path

    def fails(header: Any, *args: Any, **options: Any) -> Any:
        if header.SOPInstanceUID == "1.2.3.1":
            raise KeyError(str(header.PatientName))
        return deidentify(header, *args, **options)

    monkeypatch.setattr("annotation.services.dicom_import.deidentify", fails)
    paths = [tmp_path / f"{number}.dcm" for number in (1, 2)]
    for number, path in enumerate(paths, start=1):
        ds = film(stored(seed=number), SOPInstanceUID=f"1.2.3.{number}")
        path.write_bytes(as_bytes(ds))
    refused, imported = import_paths(paths)
    assert (refused.status, imported.status) == (Status.REFUSED, Status.IMPORTED)
    assert refused.reason.startswith("The file cannot be read")
    assert "KeyError" in caplog.text
    assert "in _deidentified" in caplog.text
    assert "Doe" not in caplog.text

"""Windows as pydicom computes them: the table that the browser's tests are held to as well.

`python -m tests.inference.test_windows_by_pydicom` writes the table anew.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from inference.dicom_pixels import calibrate
from tests.inference.dicom_files import film

TABLE = Path(__file__).with_name("windows_by_pydicom.json")
TOP = 4095
CASES = [
    ("LINEAR", 2048, 4096),  # the example of PS3.3 C.11.2.1.2.1
    ("LINEAR", 2048, 1024),
    ("LINEAR", 2000.5, 2),
    ("LINEAR_EXACT", 2048, 1024),
    ("LINEAR_EXACT", 300.5, 3),
    ("SIGMOID", 2048, 1024),
    ("SIGMOID", 1800, 2200),
]


def by_pydicom(function: str, center: float, width: float) -> dict[str, Any]:
    """Some stored values of 12 bits about the window, with pydicom's grey from 0 to 255, and the
    values of the picture that the product stores of such a film."""
    edges = [center + share * width for share in (-0.5, -0.25, 0, 0.25, 0.5)]
    near = {round(edge) + by for edge in edges for by in (-1, 0, 1)} | {0, TOP}
    stored = np.array(sorted(value for value in near if 0 <= value <= TOP), np.uint16)
    ds = Dataset()
    ds.PhotometricInterpretation, ds.PixelRepresentation = "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored = 16, 12
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = center, width, function
    header = film(bits=12, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    # Every pixel lies on the window's slope, so that it counts as a window for this film.
    whole = np.concatenate([stored, np.full(stored.size, round(center), np.uint16)])
    return {
        "function": function,
        "center": center,
        "width": width,
        "stored": stored.tolist(),
        "grey": np.round(apply_windowing(stored, ds) / TOP * 255, 4).tolist(),
        "picture": calibrate(whole, header)[: stored.size].tolist(),
        "picture_top": 65535 if function == "SIGMOID" else TOP,
    }


def test_the_table_is_pydicoms() -> None:
    assert json.loads(TABLE.read_text())["cases"] == [by_pydicom(*case) for case in CASES]


def test_the_pictures_are_within_a_step_of_pydicoms() -> None:
    for case in json.loads(TABLE.read_text())["cases"]:
        steps = np.array(case["grey"]) / 255 * case["picture_top"]
        assert np.abs(steps - case["picture"]).max() <= 0.51 + case["picture_top"] * 5e-5 / 255


if __name__ == "__main__":
    source = f"pydicom {pydicom.__version__}, apply_windowing; PS3.3 C.11.2.1.2 and C.11.2.1.3"
    record = {"source": source, "cases": [by_pydicom(*case) for case in CASES]}
    TABLE.write_text(json.dumps(record, indent=1) + "\n")

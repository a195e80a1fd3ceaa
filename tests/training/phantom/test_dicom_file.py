import csv
import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from training import phantom
from training.phantom import dicom_file

SCALE = 0.125


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom")
    phantom.write(out, phantom.generate(4, 2, "trial", seed=9, scale=SCALE))
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_film_reads_back_as_twelve_bit_grey(folder: Path) -> None:
    files = sorted(folder.glob("*.dcm"))
    assert len(files) == 16
    for file in files:
        ds = pydicom.dcmread(file)
        assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit) == (16, 12, 11)
        assert ds.pixel_array.max() <= 4095
        assert ds.BodyPartExamined == ("CSPINE" if "_C" in file.name else "LSPINE")
        assert ds.Modality in ("CR", "DX")
        assert ds.BurnedInAnnotation == "NO"


def test_the_file_holds_the_films_pixels_and_spacing() -> None:
    film = phantom.take(1, 0, "L", seed=9, scale=SCALE)
    ds = pydicom.dcmread(io.BytesIO(phantom.encode(film)))
    np.testing.assert_array_equal(ds.pixel_array, film.pixels)
    assert ds.PhotometricInterpretation == film.photometric
    assert [float(v) for v in ds.ImagerPixelSpacing] == pytest.approx([film.spacing_mm] * 2)


def test_the_header_names_a_synthetic_person_to_be_removed(folder: Path) -> None:
    ds = pydicom.dcmread(next(iter(sorted(folder.glob("*.dcm")))), stop_before_pixels=True)
    assert str(ds.PatientName) == "PHANTOM^0000"
    assert ds.PatientID.startswith("PHANTOM")
    assert ds.PatientBirthDate


def test_uids_follow_from_the_film_and_differ_between_films(folder: Path) -> None:
    found = [pydicom.dcmread(f, stop_before_pixels=True) for f in folder.glob("*.dcm")]
    assert len({ds.SOPInstanceUID for ds in found}) == len(found)
    assert len({ds.StudyInstanceUID for ds in found}) == 8
    again = dicom_file.dataset(phantom.take(0, 0, "C", preset="trial", seed=9, scale=SCALE))
    assert again.SOPInstanceUID in {ds.SOPInstanceUID for ds in found}
    assert again.SOPInstanceUID.is_valid


def test_study_dates_are_the_visits_apart(folder: Path, rows: list[dict[str, str]]) -> None:
    first = pydicom.dcmread(folder / "PHANTOM009-00000_v0_C.dcm", stop_before_pixels=True)
    second = pydicom.dcmread(folder / "PHANTOM009-00000_v1_C.dcm", stop_before_pixels=True)
    days = {row["file"]: int(row["visit_days"]) for row in rows}
    apart = np.datetime64(_iso(second.StudyDate)) - np.datetime64(_iso(first.StudyDate))
    assert apart.astype(int) == days["PHANTOM009-00000_v1_C.dcm"]


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def test_patient_orientation_follows_the_facing_most_of_the_time() -> None:
    films = [phantom.take(p, 0, "C", seed=1, scale=0.05) for p in range(60)]
    right = [f.orientation == ("A\\F" if f.facing == "right" else "P\\F") for f in films]
    assert 0.75 < np.mean(right) < 1.0
    empty = next(f for f in films if f.orientation == "")
    assert not dicom_file.dataset(empty).PatientOrientation


def test_truth_has_twelve_rows_per_film_in_the_agreed_columns(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 16 * 12
    assert ",".join(rows[0]) == (
        "file,patient,visit_days,region,site,grade,latent,assessable,corner_x,corner_y,disc,"
        "center_x,center_y,anterior_x,anterior_y,vendor"
    )
    assert {row["assessable"] for row in rows} <= {"0", "1"}


def test_the_anterior_point_is_midway_between_the_two_corners_in_the_file(
    rows: list[dict[str, str]],
) -> None:
    for cranial, caudal in zip(rows[::2], rows[1::2], strict=True):
        assert cranial["disc"] == caudal["disc"]
        for axis in "xy":
            middle = 0.5 * (float(cranial[f"corner_{axis}"]) + float(caudal[f"corner_{axis}"]))
            assert float(cranial[f"anterior_{axis}"]) == pytest.approx(middle, abs=0.02)

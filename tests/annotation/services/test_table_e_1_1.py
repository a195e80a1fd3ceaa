"""Every attribute that the standard calls identifying, planted in one film, leaves nothing behind.

The oracle is table E.1-1 of PS3.15 itself, not a list of ours: README.md says where it comes from.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core import serializers
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag

from annotation.models import Patient, Radiograph, Visit
from annotation.services.deidentify import KEPT, deidentify
from annotation.services.dicom_import import Status, import_film
from tests.inference.dicom_files import as_bytes, film

KEY = b"a secret of this test"
with (Path(__file__).parent / "table_e_1_1.csv").open(newline="") as lines:
    TABLE = [(row["tag"], row["action"], row["keyword"]) for row in csv.DictReader(lines)]
TAGS = [BaseTag(int(tag.replace("x", "0"), 16)) for tag, _, _ in TABLE]
ACTION = {keyword: action for _, action, keyword in TABLE if keyword}

# What stands in a clean dataset although the table names it, and what entitles it to.
REPLACED = {
    "SOPInstanceUID": "U", "StudyInstanceUID": "U", "SeriesInstanceUID": "U",
    "PatientName": "Z", "PatientID": "Z/D", "InstitutionName": "X/Z/D",
    "DeviceSerialNumber": "X/Z/D",
    "StudyDate": "Z",  # C under Retain Longitudinal Modified Dates, else a dummy
    "PatientSex": "Z",  # K under Retain Patient Characteristics, else gone
}  # fmt: skip


def vr_of(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:  # newer than pydicom's dictionary
        return "LO"


def value_of(number: int, vr: str) -> object:
    """A value of this VR that no other attribute has."""
    day = date(1931, 1, 1) + timedelta(days=number)
    mark = f"E11M{number:04d}"
    if vr == "SQ":
        item = Dataset()
        item.TextValue = mark
        return [item]
    values: dict[str, object] = {
        "UI": f"1.2.999.77.{number}", "DA": day.strftime("%Y%m%d"), "AS": f"{number % 120:03d}Y",
        "TM": f"171717.{number:06d}", "DT": day.strftime("%Y%m%d") + f"171717.{number:06d}",
        "OB": mark.encode(), "OW": mark.encode(), "UN": mark.encode(), "US": 41000 + number,
        "DS": str(7770000 + number), "IS": str(7770000 + number),
    }  # fmt: skip
    return values.get(vr, mark)


def planted() -> FileDataset:
    ds = film(PatientOrientation=["P", "F"])
    for number, tag in enumerate(TAGS):
        vr = vr_of(tag)
        vr = "OB" if "or" in vr else vr
        ds[tag] = DataElement(tag, vr, value_of(number, vr), validation_mode=IGNORE)
    ds.PatientSex = "F"  # the one value that stays by choice
    ds.private_block(0x0029, "E11M PRIVATE", create=True).add_new(1, "LO", "E11M9999")
    return ds


def marks() -> list[str]:
    """Every planted text, identifier, day and time; bare numbers are looked for in the dataset."""
    days = [date(1931, 1, 1) + timedelta(days=number) for number in range(len(TAGS))]
    dates = [day.strftime(form) for day in days for form in ("%Y%m%d", "%Y-%m-%d")]
    return ["E11M", "1.2.999.77", "171717", *dates]


def test_the_table_is_whole() -> None:
    """PS3.15 has had more than 600 rows since 2023."""
    assert len(TABLE) == len(set(TAGS)) > 600
    assert (ACTION["PatientName"], ACTION["StudyInstanceUID"], ACTION["PatientAge"]) == (
        "Z", "U", "X",
    )  # fmt: skip


def test_the_allow_list_names_nothing_that_the_table_names() -> None:
    assert sorted(set(KEPT) & set(ACTION)) == []


def test_what_is_replaced_may_be_replaced() -> None:
    assert {keyword: ACTION[keyword] for keyword in REPLACED} == REPLACED


def test_of_all_attributes_of_the_table_only_replacements_are_left() -> None:
    ds = planted()
    left = {element.tag: element for element in deidentify(ds, KEY).iterall()}
    of_table = [element for tag, element in left.items() if tag in set(TAGS)]
    assert sorted(element.keyword for element in of_table) == sorted(REPLACED)
    kept = [e.keyword for e in of_table if e.value == ds[e.tag].value]
    assert kept == ["PatientSex"]
    assert not any(tag.is_private for tag in left)


def test_without_the_two_options_sex_and_every_true_date_are_gone() -> None:
    ds = planted()
    clean = deidentify(ds, KEY, retain_characteristics=False, retain_intervals=False)
    assert "PatientSex" not in clean
    assert not [e for e in clean.iterall() if e.tag in set(TAGS) and e.value == ds[e.tag].value]


@pytest.mark.django_db
@pytest.mark.parametrize("option", [True, False])
def test_nothing_of_the_table_reaches_a_stored_table_or_file(
    settings: LazySettings, tmp_path: Path, caplog: pytest.LogCaptureFixture, option: bool
) -> None:
    settings.PICTURES = tmp_path
    settings.RETAIN_INTERVALS = settings.RETAIN_PATIENT_CHARACTERISTICS = option
    ds = planted()
    outside = [element for element in ds if element.tag.group in (0, 2)]
    for element in outside:  # of the network's messages, and of the file's own meta header
        del ds[element.tag]
        if element.tag.group == 2:
            ds.file_meta[element.tag] = element
    data = as_bytes(ds, enforce_file_format=True)
    numbers = set(range(len(TAGS))) - {TAGS.index(element.tag) for element in outside}
    assert sum(f"E11M{number:04d}".encode() in data for number in numbers) > 350
    result = import_film(data, name="x")
    assert result.status == Status.IMPORTED
    models = apps.get_app_config("annotation").get_models()
    rows = [serializers.serialize("json", model._default_manager.all()) for model in models]
    files = [file.name.encode() + file.read_bytes() for file in tmp_path.iterdir()]
    assert Radiograph.objects.count() == 1
    assert len(files) == 2
    stored = "".join(rows) + result.reason + caplog.text
    assert [mark for mark in marks() if mark in stored] == []
    assert [mark for mark in marks() if any(mark.encode() in file for file in files)] == []
    assert (Patient.objects.get().sex, Visit.objects.get().date.year < 1900) == (
        ("F", False) if option else ("", True)
    )

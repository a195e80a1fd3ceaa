"""The export: every committed read, every consensus, counted and readable by standard tools."""

import csv
import io
import json
import re
import uuid
from pathlib import Path

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from annotation.models import GradeEvent, Radiograph, Study
from annotation.services import dataset_export
from annotation.services.dicom_import import import_film
from tests.annotation.conftest import MakeStudy, MakeUser, Read
from tests.annotation.services.test_deidentify import PLANTED, planted
from tests.inference.dicom_files import as_bytes


@pytest.fixture
def read_study(study: MakeStudy, read: Read, reader: MakeUser) -> Study:
    made = study(films=2)
    for name in ("ada", "ben"):
        for _ in range(2):
            read(made.rounds.get(), reader(name), None, {"L1_INF": 2, "S1_SUP": "obscured"})
    return made


def test_every_corner_of_every_committed_read_is_a_row(read_study: Study) -> None:
    rows = list(dataset_export.reads(read_study))
    assert len(rows) == 2 * 2 * 12
    assert {row["reader"] for row in rows} == {"ada", "ben"}
    assert {row["site"]: row["site_number"] for row in rows}["T12_INF"] == 13


def test_an_open_reading_does_not_leave(study: MakeStudy) -> None:
    assert list(dataset_export.reads(study(films=1))) == []


def test_not_assessable_leaves_as_a_reason_and_never_as_0(read_study: Study) -> None:
    hidden = [row for row in dataset_export.reads(read_study) if row["site"] == "S1_SUP"]
    assert {(row["grade"], row["not_assessable"]) for row in hidden} == {(None, "obscured")}


def test_a_corner_that_is_blank_again_does_not_leave(read_study: Study) -> None:
    event = GradeEvent.objects.filter(site="S1_SUP").last()
    assert event is not None
    key = uuid.uuid4()
    GradeEvent.objects.create(reading=event.reading, site="S1_SUP", idempotency_key=key)
    assert len(list(dataset_export.reads(read_study))) == 2 * 2 * 12 - 1


def test_every_settled_corner_is_a_consensus_row(read_study: Study) -> None:
    rows = list(dataset_export.consensus(read_study))
    assert len(rows) == 2 * 12
    assert {row["rule"] for row in rows} == {"agreed"}


def test_no_row_holds_what_the_deidentification_removed(read_study: Study) -> None:
    columns = set(next(iter(dataset_export.reads(read_study))))
    assert columns.isdisjoint({"sop_uid", "pixel_sha256", "patient_name", "birth_date"})


def test_a_row_names_centre_device_and_model_and_nothing_that_identifies(
    study: MakeStudy, read: Read, reader: MakeUser, settings: LazySettings, tmp_path: Path
) -> None:
    settings.PICTURES = tmp_path
    ds = planted()
    ds.Manufacturer, ds.ManufacturerModelName = "GE", "XR656"
    number = import_film(as_bytes(ds), name="a").radiograph
    made = study(films=[Radiograph.objects.get(pk=number)])
    read(made.rounds.get(), reader("ada"), None, {})
    (row, *_), text = list(dataset_export.reads(made)), str(list(dataset_export.reads(made)))
    assert re.fullmatch("centre-[0-9a-f]{8}", row["centre"])
    assert re.fullmatch("device-[0-9a-f]{8}", row["device"])
    assert row["scanner"] == "XR656"
    assert [mark for mark in (*PLANTED.values(), "PLANTED") if mark in text] == []


def test_csv_and_json_tell_the_same(read_study: Study) -> None:
    table = list(
        csv.DictReader(
            io.StringIO("".join(dataset_export.as_csv(dataset_export.reads(read_study))))
        )
    )
    array = json.loads("".join(dataset_export.as_json(dataset_export.reads(read_study))))
    assert [row["event"] for row in table] == [str(row["event"]) for row in array]
    assert [row["grade"] for row in table] == [
        "" if row["grade"] is None else str(row["grade"]) for row in array
    ]


def test_an_empty_table_is_an_empty_array() -> None:
    assert json.loads("".join(dataset_export.as_json([]))) == []


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.integers()}), min_size=1))
def test_whatever_a_cell_holds_json_reads_back(rows: list[dict[str, object]]) -> None:
    assert json.loads("".join(dataset_export.as_json(rows))) == rows


@given(st.lists(st.text(alphabet='ab",;\n'), min_size=1))
def test_whatever_a_cell_holds_csv_reads_back(cells: list[str]) -> None:
    text = "".join(dataset_export.as_csv([{"cell": cell, "end": "."} for cell in cells]))
    assert [row["cell"] for row in csv.DictReader(io.StringIO(text, newline=""))] == cells

"""What the header says of a film, and that it is not believed further than it goes."""

from typing import Any

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from inference.film_tags import (
    burnt_in_text,
    not_lateral,
    orientation_of,
    region_of,
    spacing_of,
)


def header(**attributes: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        ds[keyword] = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE)
    return ds


def anatomic(code: str) -> Dataset:
    return header(CodeValue=code, CodingSchemeDesignator="SCT", CodeMeaning="x")


@pytest.mark.parametrize(
    ("attributes", "region"),
    [
        ({"BodyPartExamined": "CSPINE"}, "C"),
        ({"BodyPartExamined": "C-SPINE"}, "C"),
        ({"BodyPartExamined": "LSPINE"}, "L"),
        ({"BodyPartExamined": "LSSPINE"}, "L"),
        ({"AnatomicRegionSequence": [anatomic("122494005")]}, "C"),
        ({"AnatomicRegionSequence": [anatomic("122496007")]}, "L"),
        ({"BodyPartExamined": "SPINE", "SeriesDescription": "HWS seitlich"}, "C"),
        ({"StudyDescription": "XR Lumbar spine 2 views"}, "L"),
        ({"BodyPartExamined": "C SPINE LAT", "SeriesDescription": "HWS seitlich"}, "C"),
    ],
)
def test_the_region_is_read_from_codes_or_words(attributes: dict[str, Any], region: str) -> None:
    assert region_of(header(**attributes)) == (region, "")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"BodyPartExamined": "SPINE"},
        {"BodyPartExamined": "CHEST"},
        {"BodyPartExamined": "TSPINE"},
        {"BodyPartExamined": "CSPINE", "AnatomicRegionSequence": [anatomic("122496007")]},
        {"StudyDescription": "cervical and lumbar spine"},
        {"BodyPartExamined": "CHEST", "StudyDescription": "LUMBAR SPINE AND CHEST"},
        {"BodyPartExamined": "TSPINE", "StudyDescription": "C-SPINE T-SPINE"},
        {"BodyPartExamined": "PELVIS", "AnatomicRegionSequence": [anatomic("122496007")]},
    ],
)
def test_a_region_that_is_not_certain_is_left_to_a_person(attributes: dict[str, Any]) -> None:
    region, doubt = region_of(header(**attributes))
    assert region is None
    assert doubt.endswith(".")


def test_no_sentence_quotes_the_header() -> None:
    _, doubt = region_of(header(BodyPartExamined="MUELLER ANNA", StudyDescription="Mueller"))
    assert "mueller" not in doubt.lower()


@pytest.mark.parametrize(
    ("orientation", "facing", "turns"),
    [
        (["P", "F"], "left", 0),
        (["A", "F"], "right", 0),
        (["A", "H"], "left", 2),
        (["P", "H"], "right", 2),
        (["F", "A"], "left", 3),
        (["F", "P"], "right", 3),
        (["H", "A"], "right", 1),
        (["H", "P"], "left", 1),
        (["PL", "FA"], "left", 0),
        (["L", "F"], None, 0),
        (["P"], None, 0),
        (None, None, 0),
    ],
)
def test_the_turn_brings_the_head_up_and_says_where_the_front_is(
    orientation: list[str] | None, facing: str | None, turns: int
) -> None:
    ds = header(PatientOrientation=orientation) if orientation else header()
    assert orientation_of(ds) == (facing, turns)


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, "detector")),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, "detector")),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, "detector")),
        ({"PixelSpacing": [0.17, 0.17], "ImagerPixelSpacing": [0.2, 0.2]}, (0.17, "calibrated")),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"},
         (0.2, "calibrated")),
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, None)),
        ({"ImagerPixelSpacing": [0.2, 0.3]}, (None, None)),
        ({"ImagerPixelSpacing": [0, 0]}, (None, None)),
        ({}, (None, None)),
    ],
)  # fmt: skip
def test_spacing_says_at_which_plane_it_holds(
    attributes: dict[str, Any], spacing: tuple[float | None, str | None]
) -> None:
    assert spacing_of(header(**attributes)) == spacing


@pytest.mark.parametrize("view", ["AP", "PA", "RAO"])
def test_a_frontal_or_oblique_view_is_told(view: str) -> None:
    assert "lateral" in (not_lateral(header(ViewPosition=view)) or "")


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", ""])
def test_a_lateral_or_unstated_view_passes(view: str) -> None:
    assert not_lateral(header(ViewPosition=view)) is None


@pytest.mark.parametrize(
    ("sop_class", "stated", "suspected"),
    [
        ("1.2.840.10008.5.1.4.1.1.1", "YES", True),
        ("1.2.840.10008.5.1.4.1.1.1", None, False),
        ("1.2.840.10008.5.1.4.1.1.7", None, True),
        ("1.2.840.10008.5.1.4.1.1.7.3", None, True),
        ("1.2.840.10008.5.1.4.1.1.7", "NO", False),
    ],
)
def test_burnt_in_text_is_suspected_where_it_is_usual(
    sop_class: str, stated: str | None, suspected: bool
) -> None:
    ds = header(SOPClassUID=sop_class, BurnedInAnnotation=stated)
    assert (burnt_in_text(ds) is not None) == suspected

"""What identifies a patient does not stay; what ties films together does, under a key."""

from datetime import datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from annotation.services.deidentify import (
    KEPT,
    CannotDeidentify,
    centre_pseudonym,
    date_shift,
    deidentify,
    device_pseudonym,
    keyed_uid,
    pseudonym,
)
from inference.dicom import read_calibrated
from tests.inference.dicom_files import as_bytes, film

KEY, OTHER_KEY = b"a secret of this test", b"another secret"

# Marks planted in a header; each must be gone. DICOM attribute, mark.
PLANTED = {
    "PatientName": "PLANTED01^ANNA",
    "PatientID": "PLANTED02",
    "OtherPatientNames": "PLANTED03",
    "PatientBirthDate": "19610717",
    "PatientAddress": "PLANTED05 street",
    "PatientTelephoneNumbers": "PLANTED06",
    "PatientMotherBirthName": "PLANTED07",
    "AccessionNumber": "PLANTED08",
    "ReferringPhysicianName": "PLANTED09",
    "PerformingPhysicianName": "PLANTED10",
    "OperatorsName": "PLANTED11",
    "InstitutionName": "PLANTED12 clinic",
    "InstitutionAddress": "PLANTED13",
    "StationName": "PLANTED14",
    "DeviceSerialNumber": "PLANTED15",
    "StudyDescription": "PLANTED16 hws",
    "SeriesDescription": "PLANTED17",
    "ProtocolName": "PLANTED18",
    "ImageComments": "PLANTED19",
    "PatientComments": "PLANTED20",
    "StudyID": "PLANTED21",
    "RequestedProcedureDescription": "PLANTED22",
    "AdmittingDiagnosesDescription": "PLANTED23",
    "DetectorID": "PLANTED24",
    "StudyDate": "20140305",
    "StudyTime": "091731",
    "StudyInstanceUID": "1.2.999.1",
    "SeriesInstanceUID": "1.2.999.2",
    "SOPInstanceUID": "1.2.999.3",
    "FrameOfReferenceUID": "1.2.999.4",
}


def planted() -> Dataset:
    ds = film(ImagerPixelSpacing=[0.2, 0.2], Manufacturer="Philips", PatientSex="F")
    ds.ManufacturerModelName = "DigitalDiagnost"
    for keyword, mark in PLANTED.items():
        setattr(ds, keyword, mark)
    ds.OriginalAttributesSequence = [Dataset()]
    ds.OriginalAttributesSequence[0].ReasonForTheAttributeModification = "PLANTED25"
    ds.RequestAttributesSequence = [Dataset()]
    ds.RequestAttributesSequence[0].ScheduledProcedureStepDescription = "PLANTED26"
    ds.private_block(0x0009, "PLANTED27", create=True).add_new(1, "LO", "PLANTED28")
    ds.file_meta.SourceApplicationEntityTitle = "PLANTED29"
    return ds


def written(ds: Dataset) -> bytes:
    out = BytesIO()
    ds.save_as(out, implicit_vr=True, little_endian=True)
    return out.getvalue()


def test_thirty_planted_identifiers_are_all_gone() -> None:
    marks = [*PLANTED.values(), "PLANTED"]
    assert all(mark.encode() in as_bytes(planted()) for mark in marks)
    left = written(deidentify(planted(), KEY))
    assert [mark for mark in marks if mark.encode() in left] == []


def test_the_patients_name_is_not_kept_in_an_attribute_that_may_stay() -> None:
    ds = planted()
    ds.ManufacturerModelName = "Planted01 special"
    assert "ManufacturerModelName" not in deidentify(ds, KEY)


def test_nothing_stays_that_is_not_named() -> None:
    added = {
        "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientName",
        "InstitutionName", "DeviceSerialNumber", "StudyDate", "PatientSex",
        "PatientIdentityRemoved",
        "LongitudinalTemporalInformationModified", "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
    }  # fmt: skip
    assert {element.keyword for element in deidentify(planted(), KEY)} <= added | set(KEPT)


def test_the_picture_and_the_device_are_still_known() -> None:
    clean = deidentify(planted(), KEY)
    assert (clean.Manufacturer, clean.ManufacturerModelName) == ("Philips", "DigitalDiagnost")
    assert list(clean.ImagerPixelSpacing) == [0.2, 0.2]
    assert clean.BodyPartExamined == "CSPINE"


def test_a_free_text_in_a_coded_attribute_does_not_stay() -> None:
    ds = planted()
    ds["BodyPartExamined"] = DataElement(
        "BodyPartExamined", "CS", "spine of Mrs X", validation_mode=IGNORE
    )
    assert "BodyPartExamined" not in deidentify(ds, KEY)


def test_the_dataset_says_what_was_done_to_it() -> None:
    clean = deidentify(planted(), KEY)
    assert clean.PatientIdentityRemoved == "YES"
    codes = [item.CodeValue for item in clean.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]


def test_patient_characteristics_stay_only_when_asked() -> None:
    assert deidentify(planted(), KEY).PatientSex == "F"
    clean = deidentify(planted(), KEY, retain_characteristics=False)
    assert "PatientSex" not in clean
    codes = [item.CodeValue for item in clean.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107"]


def test_a_later_film_joins_its_patient_and_keeps_the_interval() -> None:
    first, later = planted(), planted()
    later.StudyDate, later.SOPInstanceUID = "20160305", "1.2.999.9"
    a, b = deidentify(first, KEY), deidentify(later, KEY)
    assert a.PatientID == b.PatientID
    assert a.SOPInstanceUID != b.SOPInstanceUID
    days = [datetime.strptime(ds.StudyDate, "%Y%m%d") for ds in (a, b)]  # noqa: DTZ007
    assert (days[1] - days[0]).days == 731
    assert a.StudyDate != "20140305"


def test_another_key_gives_other_names() -> None:
    a, b = deidentify(planted(), KEY), deidentify(planted(), OTHER_KEY)
    for keyword in ("PatientID", "SOPInstanceUID", "InstitutionName", "StudyDate"):
        assert a[keyword].value != b[keyword].value


def test_spelling_does_not_make_another_patient_or_hospital() -> None:
    assert pseudonym(" p-17 ", KEY) == pseudonym("P-17", KEY)
    assert centre_pseudonym("Klinik A, Bern", KEY) == centre_pseudonym("KLINIK A BERN", KEY)
    assert centre_pseudonym("", KEY) == "centre-unknown"


@given(st.text(min_size=1, max_size=64))
def test_keyed_uids_are_valid_and_stable(uid: str) -> None:
    own = UID(keyed_uid(uid, KEY))
    assert own.is_valid
    assert own == keyed_uid(uid, KEY)


@given(st.text(min_size=1, max_size=64))
def test_dates_move_by_one_to_3650_days(patient: str) -> None:
    assert 1 <= date_shift(patient, KEY).days <= 3650


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"PatientID": ""}, "no PatientID"),
        ({"PatientID": None}, "no PatientID"),
        ({"SOPInstanceUID": ""}, "no SOPInstanceUID"),
        ({"StudyDate": ""}, "no valid date"),
    ],
)
def test_what_cannot_be_tied_to_a_patient_and_a_day_is_told(
    attributes: dict[str, str | None], why: str
) -> None:
    with pytest.raises(CannotDeidentify, match=why):
        deidentify(film(**attributes), KEY)


def test_another_date_serves_when_the_study_has_none() -> None:
    assert (
        deidentify(film(StudyDate="", AcquisitionDate="20140305"), KEY).StudyDate
        == deidentify(film(), KEY).StudyDate
    )


def test_two_devices_of_one_model_are_told_apart_and_one_is_known_again() -> None:
    one, other = film(DeviceSerialNumber="S1"), film(DeviceSerialNumber="S2")
    assert device_pseudonym(one, KEY) == device_pseudonym(film(DeviceSerialNumber="s1 "), KEY)
    assert device_pseudonym(one, KEY) != device_pseudonym(other, KEY)
    assert device_pseudonym(film(), KEY) == "device-unknown"


def test_a_station_is_a_device_of_its_hospital() -> None:
    here, there = (film(StationName="XR1", InstitutionName=name) for name in ("A", "B"))
    assert device_pseudonym(here, KEY) != device_pseudonym(there, KEY)


def test_without_intervals_the_day_tells_days_apart_and_nothing_else() -> None:
    def day(of: str) -> str:
        clean = deidentify(film(StudyDate=of), KEY, retain_intervals=False)
        assert clean.LongitudinalTemporalInformationModified == "REMOVED"
        return str(clean.StudyDate)

    assert day("20140305") == day("20140305")
    assert day("20140305") != day("20160305")
    assert "1800" <= day("20140305")[:4] < "1895"


@pytest.mark.parametrize("spacing", [b"0.2\\0.\xff2", b"0.2\\1e999999", b"0.2\\    ", b"abc\\0.2"])
def test_a_number_that_is_none_does_not_stay_and_stops_nothing(spacing: bytes) -> None:
    """Found by benchmarks/intake_fuzz.py."""
    data = as_bytes(film(ImagerPixelSpacing=[0.25, 0.125]))
    whole = b"0.25\\0.125"
    assert whole in data
    broken = data.replace(whole, spacing.ljust(len(whole))[: len(whole)])
    header = read_calibrated(broken).header
    assert "ImagerPixelSpacing" not in deidentify(header, KEY)


@pytest.mark.parametrize(
    ("institution", "maker", "kept"),
    [
        ("Asan Medical Center", "GE MEDICAL SYSTEMS", "GE MEDICAL SYSTEMS"),
        ("Mercy Health", "Carestream Health", "Carestream Health"),
        ("Philips Clinic", "Philips Medical Systems", "Philips Medical Systems"),
        ("Asan Medical Center", "GE of Asan", None),
        ("University Hospital Gent", "Agfa Gent", None),
    ],
)
def test_a_hospitals_own_words_take_the_makers_name_away_and_general_words_do_not(
    institution: str, maker: str, kept: str | None
) -> None:
    clean = deidentify(film(InstitutionName=institution, Manufacturer=maker), KEY)
    assert clean.get("Manufacturer") == kept


def test_a_spine_centres_films_keep_their_body_part() -> None:
    clean = deidentify(film(InstitutionName="Spine Center", BodyPartExamined="SPINE"), KEY)
    assert clean.BodyPartExamined == "SPINE"


@pytest.mark.parametrize("kind", ["LO", "UC", "CS"])
def test_a_makers_name_is_one_of_at_most_64_letters(kind: str) -> None:
    ds = film()
    values = ["7" * 70, "B" * 40]
    ds["Manufacturer"] = DataElement("Manufacturer", kind, values, validation_mode=IGNORE)
    assert deidentify(ds, KEY).Manufacturer == "7" * 64

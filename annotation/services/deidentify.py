"""De-identification by an allow-list: what is not named here does not stay.

PS3.15 Annex E basic profile with, by choice, Retain Longitudinal Temporal Information with Modified
Dates and Retain Patient Characteristics (of which the sex alone is kept). Deny-lists leave things
behind (descriptions, private tags, serial numbers, AE titles); an allow-list cannot. Pseudonyms,
UIDs and date shifts come from one secret key, so that a later film of the same patient joins the
same patient without any table that leads back.
"""

import hashlib
import hmac
import re
from datetime import date, timedelta
from typing import Final

from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

# Facts of the picture and the device that no action of table E.1-1 names.
KEPT: Final = (
    "SOPClassUID", "Modality", "Manufacturer", "ManufacturerModelName", "BodyPartExamined",
    "ViewPosition", "PatientOrientation", "ImageLaterality", "PresentationIntentType",
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelSpacing", "ImagerPixelSpacing",
    "NominalScannedPixelSpacing", "PixelSpacingCalibrationType", "DistanceSourceToDetector",
    "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "RescaleSlope", "RescaleIntercept", "PresentationLUTShape",
    "PixelPaddingValue", "LossyImageCompression", "BurnedInAnnotation",
)  # fmt: skip
REPLACED_UIDS: Final = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
# The first that holds a date is the day of the visit.
_DATES = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
# Words of these must not reappear in what stays, whichever attribute they strayed into.
_IDENTIFYING = (
    "PatientName", "PatientID", "OtherPatientIDs", "PatientBirthName", "AccessionNumber",
    "PatientMotherBirthName", "InstitutionName", "ReferringPhysicianName", "OperatorsName",
)  # fmt: skip
# They stand in the names of hospitals, of makers and of parts of the body, and are nobody's own:
# "Asan Medical Center" forbids the word Asan, and not "GE MEDICAL SYSTEMS".
_GENERAL_WORDS = """
AND CARE CENTER CENTRAL CENTRE CLINIC CLINICAL COMPANY CORP CORPORATION DEPARTMENT DIAGNOSTIC
DIAGNOSTICS DIGITAL ELECTRIC FOR GENERAL GMBH GROUP HEALTH HEALTHCARE HEALTHINEERS HOSPITAL
IMAGING INC INSTITUTE KLINIK KLINIKUM LIMITED LTD MEDICAL MEDICINE RADIOLOGY SYSTEM
SYSTEMS TECHNOLOGIES TECHNOLOGY THE UNIVERSITY XRAY
CERVICAL CSPINE JOINT LSPINE LUMBAR LUMBOSACRAL ORTHOPAEDIC ORTHOPEDIC SPINAL
SPINE THORACIC TSPINE
AGFA ARCOMA CANON CARESTREAM DRGEM EOS FUJI FUJIFILM GEMSS GEVAERT HITACHI HOLOGIC KODAK
KONICA LISTEM MINDRAY MINOLTA NEUSOFT PHILIPS RAYENCE SAMSUNG SEDECAL SHIMADZU SIEMENS
SWISSRAY TOSHIBA TRIXELL VAREX VIEWORKS
"""
_NOBODYS = frozenset(_GENERAL_WORDS.split())
_LONGEST_SHIFT_DAYS = 3650
# Dummy days end before the first radiograph was taken (1895): nobody takes one for a true day.
_FIRST_DUMMY = date(1800, 1, 1)
_DUMMY_DAYS = 34_000
_TEXT = re.compile(r"[^A-Za-z0-9 ._+/()-]")
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
# PS3.5 6.2: what a value of each kind may be made of; a damaged one does not stay.
_FORMS: Final = {
    "DS": re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?|[+-]?[0-9]+\."),
    "IS": _WHOLE,
    "US": _WHOLE,
    "SS": _WHOLE,
    "UI": re.compile(r"[0-9.]{1,64}"),
}
# PS3.16 CID 7050.
_PROFILE = ("113100", "Basic Application Confidentiality Profile")
_LONGITUDINAL = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")


class CannotDeidentify(ValueError):
    """The header lacks what ties a film to a patient and a day; the sentence says what to do."""


def pseudonym(patient_id: str, key: bytes) -> str:
    """The patient's stable name in this installation: P and 16 hex digits."""
    return "P" + _keyed("patient", patient_id.strip().upper(), key)[:16]


def another_pseudonym(number: str, own: str, key: bytes) -> str:
    """The name of another person under the same number; `own` tells the people under it apart.

    `number` is the number's pseudonym: the number itself is not needed again.
    """
    return "P" + _keyed("another patient", f"{number}\0{own}", key)[:16]


def keyed_uid(uid: str, key: bytes) -> str:
    """Another valid UID, always the same for this one under this key (PS3.5 B.2)."""
    return f"2.25.{int(_keyed('uid', uid.strip(), key)[:32], 16)}"


def centre_pseudonym(institution: str, key: bytes) -> str:
    """The hospital's stable name; letter case and punctuation do not make another hospital."""
    plain = re.sub(r"[\W_]+", "", institution).upper()
    return "centre-" + _keyed("centre", plain, key)[:8] if plain else "centre-unknown"


def device_pseudonym(header: Dataset, key: bytes) -> str:
    """The one device's stable name, from its serial number, else from its station at the hospital.

    Two devices of one model differ (age, calibration, protocol); the model name alone hides that.
    """
    serial = _text(header, "DeviceSerialNumber")
    at = serial or _text(header, "StationName")
    if not at:
        return "device-unknown"
    maker = _text(header, "Manufacturer") if serial else _text(header, "InstitutionName")
    return "device-" + _keyed("device", f"{maker}\0{at}".upper(), key)[:8]


def date_shift(patient_id: str, key: bytes) -> timedelta:
    """How far all of this patient's dates move into the past: 1 to 3650 days, never told.

    One shift per patient keeps the intervals between visits, which progression is read from. Two
    people under one number share a shift. That does no harm: it is as secret and as constant for
    both, and nothing that leaves tells that they share the number.
    """
    drawn = int(_keyed("dates", patient_id.strip().upper(), key), 16)
    return timedelta(days=1 + drawn % _LONGEST_SHIFT_DAYS)


def dummy_day(patient_id: str, day: date, key: bytes) -> date:
    """A day of the 19th century that tells films of one day from films of another, no more."""
    drawn = int(_keyed("dummy", f"{patient_id.strip().upper()}\0{day}", key), 16)
    return _FIRST_DUMMY + timedelta(days=drawn % _DUMMY_DAYS)


def deidentify(
    header: Dataset,
    key: bytes,
    *,
    retain_intervals: bool = True,
    retain_characteristics: bool = True,
) -> Dataset:
    """A new dataset with the allowed attributes, pseudonyms for the rest of what is needed.

    Without `retain_intervals` the day is a dummy, and neither order nor distance of visits is left.

    PatientID, UIDs, StudyDate, InstitutionName and DeviceSerialNumber are replaced. Raises
    CannotDeidentify when the header has no patient number, no SOP instance UID or no valid date.
    """
    patient_id = _text(header, "PatientID")
    if not patient_id:
        raise CannotDeidentify("The header has no PatientID; fill it in at the sender.")
    if not _text(header, "SOPInstanceUID"):
        raise CannotDeidentify("The header has no SOPInstanceUID; export the film again.")
    clean = Dataset()
    forbidden = _identifying_words(header)
    for keyword in KEPT:
        if element := _element(header, keyword):
            _keep(clean, element, forbidden)
    for keyword in REPLACED_UIDS:
        if uid := _text(header, keyword):
            setattr(clean, keyword, keyed_uid(uid, key))
    clean.PatientID = clean.PatientName = pseudonym(patient_id, key)
    clean.InstitutionName = centre_pseudonym(_text(header, "InstitutionName"), key)
    clean.DeviceSerialNumber = device_pseudonym(header, key)
    day = _day(header)
    shifted = day - date_shift(patient_id, key)
    kept = shifted if retain_intervals else dummy_day(patient_id, day, key)
    clean.StudyDate = kept.strftime("%Y%m%d")
    sex = _text(header, "PatientSex").upper()
    if retain_characteristics and sex in ("M", "F", "O"):
        clean.PatientSex = sex
    _declare(clean, retain_intervals, retain_characteristics)
    return clean


def _declare(clean: Dataset, retain_intervals: bool, retain_characteristics: bool) -> None:
    """Say in the dataset itself what was done (PS3.15 E.1.1)."""
    clean.PatientIdentityRemoved = "YES"
    clean.LongitudinalTemporalInformationModified = "MODIFIED" if retain_intervals else "REMOVED"
    clean.DeidentificationMethod = "Syndesmo allow-list"
    options = ((_LONGITUDINAL, retain_intervals), (_CHARACTERISTICS, retain_characteristics))
    done = [_PROFILE, *(option for option, chosen in options if chosen)]
    clean.DeidentificationMethodCodeSequence = [_code(value, meaning) for value, meaning in done]


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _element(header: Dataset, keyword: str) -> DataElement | None:
    """The attribute, or None where it is absent or its value is broken: it is read only here."""
    try:
        return header.get(Tag(keyword))  # by tag: the attribute, by keyword it were its value
    except Exception:  # noqa: BLE001  # pydicom raises anything on a broken value
        return None


def _keep(clean: Dataset, element: DataElement, forbidden: frozenset[str]) -> None:
    """Copy one attribute when its value is of the kind that its name promises."""
    values = list(element.value) if isinstance(element.value, MultiValue) else [element.value]
    if dictionary_VM(element.tag) == "1":  # a backslash in a maker's name makes two of it
        values = values[:1]
    if element.VR == "CS" and dictionary_VR(element.tag) == "CS":
        values = [v for v in values if _CODE.fullmatch(str(v))]
    elif dictionary_VR(element.tag) == "LO":
        values = [_TEXT.sub("", str(v))[:64].strip() for v in values]
    elif element.VR not in _FORMS or not all(_FORMS[element.VR].fullmatch(str(v)) for v in values):
        return
    if any(word in forbidden for v in values for word in _words(str(v))):
        return
    if values:
        setattr(clean, element.keyword, values if len(values) > 1 else values[0])


def _identifying_words(header: Dataset) -> frozenset[str]:
    words = {word for keyword in _IDENTIFYING for word in _words(_text(header, keyword))}
    return frozenset(word for word in words if len(word) > 2) - _NOBODYS


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text.upper()) if word]


def _text(header: Dataset, keyword: str) -> str:
    element = _element(header, keyword)
    value = element.value if element else None
    return "" if value is None else str(value).strip("\0 ")


def _day(header: Dataset) -> date:
    for keyword in _DATES:
        digits = _text(header, keyword).replace(".", "")  # ACR-NEMA wrote 2001.05.30
        try:
            day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            continue
        if day.year >= 1900:
            return day
    raise CannotDeidentify("The header has no valid date; without one no change can be read.")


def _keyed(purpose: str, value: str, key: bytes) -> str:
    """64 hex digits; the purpose keeps a patient's number from meeting a UID of the same text."""
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()

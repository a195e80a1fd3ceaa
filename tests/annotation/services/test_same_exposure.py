"""The same exposure is one film, whatever window, polarity or orientation it comes under."""

from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotation.models import AuditRecord, Radiograph
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.quarantine import discard
from inference.dicom import read_film
from inference.picture import read_picture
from tests.annotation.conftest import MakeFilm, MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]
WINDOW = {"WindowCenter": 2000, "WindowWidth": 1000}
OTHERWISE = "It came with another window, polarity or orientation than before"


def bring(seed: int = 0, uid: str = "1", **attributes: Any) -> FileResult:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.3.{uid}", **attributes)
    return import_film(as_bytes(ds), name="a.dcm")


@pytest.mark.parametrize("uid", ["1", "2"])
@pytest.mark.parametrize(
    "shown",
    [WINDOW, {"PhotometricInterpretation": "MONOCHROME1"}, {"PatientOrientation": ["A", "H"]}],
)
def test_it_is_a_duplicate_that_says_so_and_the_first_picture_stays(
    uid: str, shown: dict[str, Any]
) -> None:
    first, again = bring(), bring(uid=uid, **shown)
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)
    assert OTHERWISE in again.reason
    own = Radiograph.objects.get()
    assert np.array_equal(read_picture(own.picture_path), stored())
    record = AuditRecord.objects.get(action="radiograph.came_shown_otherwise")
    other = read_film(as_bytes(film(stored(), **shown))).pixel_sha256
    assert (record.subject, record.detail) == (f"Radiograph {own.pk}", {"pixel_sha256": other})


def test_the_same_file_again_came_as_before() -> None:
    bring()
    assert bring().reason == "This film is already here."
    assert not AuditRecord.objects.filter(action="radiograph.came_shown_otherwise").exists()


def test_under_another_patient_both_are_said() -> None:
    bring()
    again = bring(uid="2", PatientID="another", **WINDOW)
    assert "another patient or day" in again.reason
    assert OTHERWISE in again.reason


def test_one_identifier_with_another_exposure_is_a_conflict_still() -> None:
    bring()
    again = bring(seed=1, **WINDOW)
    assert again.status == Status.QUARANTINED
    assert "same identifier" in again.reason


def test_inverted_codes_under_the_other_polarity_are_met_by_the_picture() -> None:
    first = bring()
    negative = film(4095 - stored(), PhotometricInterpretation="MONOCHROME1")
    again = import_film(as_bytes(negative), name="b")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)
    assert OTHERWISE not in again.reason


def test_what_was_discarded_stays_out_under_another_window_too(
    admin: MakeUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    number = bring(ViewPosition="AP").radiograph
    assert number is not None
    with django_capture_on_commit_callbacks(execute=True):
        discard(radiograph=number, actor=admin())
    again = bring(uid="2", **WINDOW)
    assert (again.status, again.radiograph) == (Status.DUPLICATE, number)
    assert "stays out" in again.reason


def test_a_film_kept_out_for_its_identifier_comes_in_under_its_own_with_its_own_picture_only(
    admin: MakeUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bring()
    number = bring(seed=1).radiograph
    assert number is not None
    with django_capture_on_commit_callbacks(execute=True):
        discard(radiograph=number, actor=admin())
    assert bring(seed=1, uid="2", **WINDOW).status == Status.DUPLICATE
    assert bring(seed=1, uid="2").status == Status.IMPORTED
    own = Radiograph.objects.get(pk=number)
    assert np.array_equal(read_picture(own.picture_path), stored(seed=1))


def test_the_database_knows_an_exposure_once_and_never_changes_it(film: MakeFilm) -> None:
    old, other, own = film(), film(), film(codes_sha256="c" * 64)  # two from before it was kept
    assert (old.codes_sha256, other.codes_sha256) == ("", "")
    with pytest.raises(IntegrityError, match="film_once_by_codes"), transaction.atomic():
        film(codes_sha256="c" * 64)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Radiograph.objects.filter(pk=own.pk).update(codes_sha256="d" * 64)


def test_a_film_from_before_the_hash_was_kept_is_known_by_its_picture(film_of: MakeFilm) -> None:
    film_of(pixel_sha256=read_film(as_bytes(film())).pixel_sha256)
    assert bring().status == Status.DUPLICATE


@pytest.fixture
def film_of(request: pytest.FixtureRequest) -> MakeFilm:
    """The factory of rows, which has the same name here as that of files."""
    made: MakeFilm = request.getfixturevalue("film")
    return made

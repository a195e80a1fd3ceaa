"""A film whose identifier another film has comes in when it is sent again under its own."""

from typing import Any

import numpy as np
import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotation.models import AuditRecord, Radiograph
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.quarantine import discard
from inference.picture import read_picture
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]


def bring(seed: int, uid: str, **attributes: Any) -> FileResult:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.3.{uid}", **attributes)
    return import_film(as_bytes(ds), name="a.dcm")


@pytest.fixture
def rival() -> int:
    """Of a film that waits: the first one has its identifier."""
    assert bring(1, "1").status == Status.IMPORTED
    number = bring(2, "1").radiograph
    assert number is not None
    return number


def test_a_film_that_waits_is_let_in_under_its_own_identifier(rival: int) -> None:
    again = bring(2, "2")
    assert (again.status, again.reason, again.radiograph) == (Status.IMPORTED, "", rival)
    own = Radiograph.objects.get(pk=rival)
    assert (own.state, own.reason) == ("ready", "")
    assert np.array_equal(read_picture(own.picture_path), stored(seed=2))
    record = AuditRecord.objects.get(action="radiograph.came_under_own_identifier")
    assert record.subject == f"Radiograph {rival}"
    assert bring(2, "2").status == Status.DUPLICATE


def test_a_film_that_was_discarded_for_it_is_let_in_with_its_picture(
    rival: int,
    admin: MakeUser,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        discard(radiograph=rival, actor=admin())
    own = Radiograph.objects.get(pk=rival)
    assert not own.picture_path.exists()
    assert bring(2, "2").status == Status.IMPORTED
    assert np.array_equal(read_picture(own.picture_path), stored(seed=2))
    assert own.preview_path.exists()


def test_what_else_is_doubtful_still_waits(rival: int) -> None:
    again = bring(2, "2", ViewPosition="AP")
    assert (again.status, again.radiograph) == (Status.QUARANTINED, rival)
    assert "identifier" not in again.reason
    assert "frontal" in again.reason


@pytest.mark.parametrize(("uid", "attributes"), [("1", {}), ("2", {"PatientID": "x"}), ("3", {})])
def test_under_a_taken_identifier_or_another_patient_it_stays_out(
    rival: int, uid: str, attributes: dict[str, str]
) -> None:
    bring(3, "3")
    again = bring(2, uid, **attributes)
    assert (again.status, again.radiograph) == (Status.DUPLICATE, rival)
    assert Radiograph.objects.get(pk=rival).state == "quarantined"


def test_what_a_person_discarded_for_another_reason_stays_out(admin: MakeUser) -> None:
    number = bring(1, "1", ViewPosition="AP").radiograph
    assert number is not None
    discard(radiograph=number, actor=admin())
    assert bring(1, "2").status == Status.DUPLICATE

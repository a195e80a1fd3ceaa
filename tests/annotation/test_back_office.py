"""The back office: what may be put right there, and that it is recorded."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import AuditRecord, Patient, PatientNumber, Radiograph
from annotation.services.dicom_import import import_film
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db
URL = "/admin/annotation/patientnumber/"


@pytest.fixture
def office(admin: MakeUser) -> Client:
    User.objects.filter(pk=admin().pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=admin().pk))
    return client


def bring(seed: int) -> Radiograph:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}")
    return Radiograph.objects.get(pk=import_film(as_bytes(ds), name="a").radiograph)


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: object) -> None:
    settings.PICTURES = tmp_path


@pytest.mark.parametrize("by_action", [True, False])
def test_a_number_that_is_wrongly_known_is_deleted_and_the_next_film_asks(
    office: Client, by_action: bool
) -> None:
    first = bring(0)
    row = PatientNumber.objects.get()
    if by_action:
        form = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        office.post(URL, form)
    else:
        office.post(f"{URL}{row.pk}/delete/", {"post": "yes"})
    assert not PatientNumber.objects.exists()
    record = AuditRecord.objects.get(action="patient_number.deleted")
    assert record.actor is not None
    assert record.detail["patient"] == first.visit.patient.pseudonym
    asked = bring(1).person_asked
    assert asked.number == first.visit.patient.pseudonym
    assert Patient.objects.count() == 1


def test_nobody_writes_or_changes_a_number_by_hand(office: Client) -> None:
    bring(0)
    assert office.get(URL).status_code == 200
    assert office.get(f"{URL}add/").status_code == 403
    form = {"number": "P1"}
    assert office.post(f"{URL}{PatientNumber.objects.get().pk}/change/", form).status_code == 403

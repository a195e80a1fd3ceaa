"""The back office: what is only shown there."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import PatientNumber, Radiograph
from annotation.services.dicom_import import import_film
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]
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


def test_nobody_writes_changes_or_deletes_a_number_by_hand(office: Client) -> None:
    bring(0)
    assert office.get(URL).status_code == 200
    assert office.get(f"{URL}add/").status_code == 403
    row = f"{URL}{PatientNumber.objects.get().pk}"
    assert office.post(f"{row}/change/", {"number": "P1"}).status_code == 403
    assert office.post(f"{row}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": row.rpartition("/")[2], "post": "yes"}
    office.post(URL, form)
    assert PatientNumber.objects.exists()

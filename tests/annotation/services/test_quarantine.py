"""A person's decision on a film that waits."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import AuditRecord, Radiograph
from annotation.services.dicom_import import Status, import_film
from annotation.services.quarantine import accept, discard
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> None:
    settings.PICTURES = tmp_path


def brought(seed: int = 0, body_part: str = "SPINE") -> int:
    ds = film(stored(seed=seed), BodyPartExamined=body_part)
    number = import_film(as_bytes(ds), name="a").radiograph
    assert number is not None
    return number


def test_an_accepted_film_is_ready_with_the_region_given(admin: MakeUser) -> None:
    own = accept(radiograph=brought(), region="L", actor=admin())
    own.refresh_from_db()
    assert (own.state, own.region, own.reason) == ("ready", "L", "")
    record = AuditRecord.objects.get(action="radiograph.accepted")
    assert (record.actor, record.detail["region"]) == (admin(), "L")


def test_a_discarded_film_keeps_its_hash_and_loses_its_picture(
    admin: MakeUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    number = brought()
    with django_capture_on_commit_callbacks(execute=True):
        own = discard(radiograph=number, actor=admin())
    assert own.state == "discarded"
    assert not own.picture_path.exists()
    assert not own.preview_path.exists()
    again = import_film(as_bytes(film(BodyPartExamined="CSPINE")), name="again")
    assert again.status == Status.DUPLICATE
    assert "discarded" in again.reason


def test_a_film_with_the_identifier_of_another_in_use_cannot_be_let_in(admin: MakeUser) -> None:
    brought(seed=0, body_part="CSPINE")
    rival = brought(seed=1, body_part="CSPINE")
    with pytest.raises(Conflict, match="same identifier"):
        accept(radiograph=rival, region="C", actor=admin())
    assert Radiograph.objects.get(pk=rival).state == "quarantined"


def test_only_a_waiting_film_can_be_decided(admin: MakeUser) -> None:
    ready = brought(body_part="CSPINE")
    with pytest.raises(Conflict):
        discard(radiograph=ready, actor=admin())
    with pytest.raises(NotFound):
        accept(radiograph=999_999, region="C", actor=admin())
    with pytest.raises(BadInput):
        accept(radiograph=ready, region="T", actor=admin())

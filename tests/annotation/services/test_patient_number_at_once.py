"""Two films under one number that come at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from annotation.models import Patient, PersonAsked
from annotation.services import patient_number
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.patient_number import Came
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> None:
    settings.PICTURES = tmp_path


def bring(seed: int, sex: str) -> FileResult:
    ds = film(stored(seed=seed), PatientID="1", SOPInstanceUID=f"1.2.{seed}", PatientSex=sex)
    return import_film(as_bytes(ds), name="a", centre="Berlin")


def test_of_two_films_of_one_person_at_once_nobody_asks_whose_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first is stored between the two questions of the second: who is it, and who else."""
    order: list[str] = []

    def then_the_other_comes(name: str, asks: Callable[..., Any]) -> Callable[..., Any]:
        def asked(came: Any) -> Any:
            found = asks(came)
            order.append(name)
            if len(order) == 1:
                with ThreadPoolExecutor(1) as sender:
                    assert sender.submit(comes, 0, "F").result().status == Status.IMPORTED
            return found

        return asked

    for name in ("known", "people"):
        asks = then_the_other_comes(name, getattr(patient_number, name))
        monkeypatch.setattr(patient_number, name, asks)
    assert comes(1, "F").status == Status.IMPORTED
    assert Patient.objects.count() == 1


def comes(seed: int, sex: str) -> FileResult:
    try:
        return bring(seed, sex)
    finally:
        connection.close()


def test_a_man_and_a_woman_at_once_are_not_both_the_person_of_unknown_sex(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert bring(0, "").status == Status.IMPORTED
    known, both_know, asked = patient_number.known, Barrier(2, timeout=30), set[str]()

    def known_before_either_is_stored(came: Came) -> Patient | None:
        patient = known(came)
        if came.sex not in asked:
            asked.add(came.sex)
            both_know.wait()
        return patient

    monkeypatch.setattr(patient_number, "known", known_before_either_is_stored)
    with ThreadPoolExecutor(2) as senders:
        results = list(senders.map(comes, (1, 2), "FM"))
    assert {one.status for one in results} == {Status.IMPORTED, Status.QUARANTINED}
    assert PersonAsked.objects.get().radiograph.state == "quarantined"

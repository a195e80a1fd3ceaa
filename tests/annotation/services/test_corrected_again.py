"""A film that was set right, let in and set aside may be set right again; nothing of it is lost."""

from pathlib import Path

import numpy as np
import pytest
from django.db import DatabaseError

from annotation.models import Radiograph
from annotation.services import audit
from annotation.services.dicom_import import import_film
from annotation.services.picture_sweep import sweep
from annotation.services.quarantine import accept
from annotation.services.undone_decisions import set_aside
from inference.correction import Correction
from inference.picture import read_picture
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]

FILM = stored(seed=3)


def waiting_film() -> int:
    number = import_film(as_bytes(film(FILM, BodyPartExamined="SPINE")), name="a").radiograph
    assert number is not None
    return number


def test_a_second_correction_that_fails_leaves_the_first(
    admin: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = waiting_film()
    accept(radiograph=number, region="C", actor=admin(), correction=Correction(mirrored=True))
    set_aside(radiograph=number, reason="Look again.", actor=admin())

    def fails(**_: object) -> None:
        raise DatabaseError("the connection was lost")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(DatabaseError):
        accept(radiograph=number, region="C", actor=admin(), correction=Correction(turned=1))
    own = Radiograph.objects.get(pk=number)
    assert np.array_equal(read_picture(own.picture_path), FILM[:, ::-1])


@pytest.mark.django_db(transaction=True)
def test_an_old_picture_that_cannot_be_deleted_takes_no_new_one_with_it(
    admin: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = waiting_film()
    unlink = Path.unlink

    def refuses_the_old(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == f"{number}.jls":
            raise PermissionError
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuses_the_old)
    with pytest.raises(PermissionError):
        accept(radiograph=number, region="C", actor=admin(), correction=Correction(mirrored=True))
    monkeypatch.undo()
    own = Radiograph.objects.get(pk=number)
    assert own.state == "ready"
    assert np.array_equal(read_picture(own.picture_path), FILM[:, ::-1])
    assert sweep(older_than=-60).removed == (f"{number}.jls", f"{number}.jpg")

"""A person's decision on a film that waits."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from django.db import DatabaseError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import AuditRecord, Radiograph
from annotation.services import audit
from annotation.services.dicom_import import Status, import_film
from annotation.services.quarantine import accept, discard
from inference.correction import Correction, Rectangle
from inference.picture import automatic_window, read_picture
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]


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


FILM = stored(seed=3)


def waiting_film(**attributes: object) -> int:
    number = import_film(as_bytes(film(FILM, BodyPartExamined="SPINE", **attributes)), name="a")
    assert number.radiograph is not None
    return number.radiograph


def test_a_film_is_set_right_before_it_is_let_in(
    admin: MakeUser,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    number = waiting_film()
    with django_capture_on_commit_callbacks(execute=True):
        accept(
            radiograph=number, region="C", actor=admin(), facing="left",
            correction=Correction(inverted=True, mirrored=True, turned=1),
        )  # fmt: skip
    own = Radiograph.objects.get(pk=number)
    expected = np.rot90((4095 - FILM)[:, ::-1])
    assert np.array_equal(read_picture(own.picture_path), expected)
    assert (own.height, own.width) == expected.shape
    assert (own.inverted, own.mirrored, own.turned, own.corrected, own.facing) == (
        True, True, 1, True, "left",
    )  # fmt: skip
    assert own.window_center == automatic_window(expected.astype(np.uint16)).center
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{number}.corrected.jls", f"{number}.corrected.jpg",
    }  # fmt: skip
    record = AuditRecord.objects.get(action="radiograph.accepted")
    assert {key: record.detail[key] for key in ("inverted", "mirrored", "turned", "facing")} == {
        "inverted": True, "mirrored": True, "turned": 1, "facing": "left",
    }  # fmt: skip


def test_what_is_blacked_out_is_gone_from_every_file(
    admin: MakeUser,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    named = FILM.copy()
    named[20:30, 5:44] = 4095
    number = import_film(as_bytes(film(named, BodyPartExamined="SPINE")), name="a").radiograph
    assert number is not None
    blacked = (Rectangle(left=0, top=18, width=46, height=14),)
    with django_capture_on_commit_callbacks(execute=True):
        own = accept(
            radiograph=number, region="C", actor=admin(),
            correction=Correction(blacked=blacked),
        )  # fmt: skip
    picture = read_picture(own.picture_path)
    covered = np.zeros(FILM.shape, bool)
    covered[18:32, :46] = True
    assert (picture[covered] == named.min()).all()
    assert np.array_equal(picture[~covered], named[~covered])
    small = cv2.imread(str(own.preview_path), cv2.IMREAD_GRAYSCALE)
    assert small is not None
    assert small.shape == FILM.shape
    assert small[20:30, 2:44].max() < 16  # black, as JPEG has it
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{number}.corrected.jls", f"{number}.corrected.jpg",
    }  # fmt: skip
    window = automatic_window(picture, covered)
    assert (own.window_center, own.window_width) == (window.center, window.width)
    assert window != automatic_window(picture)


def test_row_and_audit_record_tell_how_the_picture_came_from_what_was_sent(
    admin: MakeUser,
) -> None:
    number = waiting_film(PatientOrientation=["F", "A"])
    waiting = Radiograph.objects.get(pk=number)
    assert waiting.turned % 2 == 1
    accept(
        radiograph=number, region="C", actor=admin(),
        correction=Correction(True, True, 2, (Rectangle(3, 5, 20, 10), Rectangle(1, 1, 2, 4))),
    )  # fmt: skip
    own = Radiograph.objects.get(pk=number)
    record = AuditRecord.objects.get(action="radiograph.accepted")
    blacked = tuple(Rectangle(*one) for one in record.detail["blacked"])
    assert len(blacked) == 2
    told = Correction(own.inverted, own.mirrored, own.turned, blacked)
    assert np.array_equal(told.of(FILM), read_picture(own.picture_path))


@pytest.mark.parametrize(
    ("blacked", "sentence"),
    [
        ((Rectangle(0, 0, 100_000, 5),), "not lie on"),
        ((Rectangle(0, 0, FILM.shape[1], FILM.shape[0] // 2),), "third"),
        ((Rectangle(0, 0, 1, 1),) * 21, "At most 20"),
    ],
)
def test_too_much_black_is_refused_and_the_film_waits_on(
    admin: MakeUser, blacked: tuple[Rectangle, ...], sentence: str
) -> None:
    number = waiting_film()
    with pytest.raises(BadInput, match=sentence):
        accept(radiograph=number, region="C", actor=admin(), correction=Correction(blacked=blacked))
    own = Radiograph.objects.get(pk=number)
    assert (own.state, own.corrected) == ("quarantined", False)
    assert np.array_equal(read_picture(own.picture_path), FILM)


def test_a_corrected_film_is_known_again_as_it_came(admin: MakeUser) -> None:
    number = waiting_film()
    accept(radiograph=number, region="C", actor=admin(), correction=Correction(mirrored=True))
    again = import_film(as_bytes(film(FILM, BodyPartExamined="SPINE")), name="again")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, number)


def test_a_correction_is_recorded_together_with_the_headers_turn(admin: MakeUser) -> None:
    """The header said upside down, wrongly: turned back, the picture is as it came."""
    number = waiting_film(PatientOrientation=["A", "H"])
    accept(radiograph=number, region="C", actor=admin(), correction=Correction(turned=2))
    own = Radiograph.objects.get(pk=number)
    assert np.array_equal(read_picture(own.picture_path), FILM)
    assert (own.turned, own.facing, own.corrected) == (0, "right", True)


@pytest.mark.parametrize(
    ("correction", "facing"),
    [
        (Correction(), "left"),
        (Correction(mirrored=True), "right"),
        (Correction(turned=2), "right"),
        (Correction(mirrored=True, turned=2), "left"),
        (Correction(turned=1), ""),
    ],
)
def test_the_facing_moves_with_the_picture(
    admin: MakeUser, correction: Correction, facing: str
) -> None:
    number = waiting_film(PatientOrientation=["P", "F"])
    own = accept(radiograph=number, region="C", actor=admin(), correction=correction)
    assert own.facing == facing


def test_a_failure_while_a_film_is_set_right_leaves_it_as_it_was(
    admin: MakeUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = waiting_film()

    def fails(**_: object) -> None:
        raise DatabaseError("the connection was lost")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(DatabaseError):
        accept(radiograph=number, region="C", actor=admin(), correction=Correction(turned=1))
    own = Radiograph.objects.get(pk=number)
    assert (own.state, own.corrected) == ("quarantined", False)
    assert np.array_equal(read_picture(own.picture_path), FILM)
    assert {path.name for path in tmp_path.iterdir()} == {f"{number}.jls", f"{number}.jpg"}


def test_the_database_lets_nobody_turn_a_film_that_is_in_use(admin: MakeUser) -> None:
    number = waiting_film()
    accept(radiograph=number, region="C", actor=admin())
    for change in ({"turned": 1}, {"mirrored": True}, {"inverted": True}, {"width": 7}):
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            Radiograph.objects.filter(pk=number).update(**change)


def test_a_lost_picture_cannot_be_set_right(admin: MakeUser) -> None:
    number = waiting_film()
    Radiograph.objects.get(pk=number).picture_path.unlink()
    with pytest.raises(Conflict, match="restore it"):
        accept(radiograph=number, region="C", actor=admin(), correction=Correction(turned=1))

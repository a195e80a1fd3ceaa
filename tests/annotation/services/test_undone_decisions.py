"""What a person decided wrongly about a film is undone, and never under a study's readings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import AuditRecord, Pregrading, Radiograph, StudyFilm, UnreadableFilm
from annotation.services import picture_sweep
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.quarantine import accept, discard
from annotation.services.studies import Design
from annotation.services.undone_decisions import forget, set_aside
from inference.correction import Correction, Rectangle
from inference.picture import read_picture
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser
from tests.annotation.services.study_at_once import while_a_study_is_made
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.usefixtures("pictures")
FILM = stored(seed=4)


def bring(data: bytes | None = None, **attributes: Any) -> FileResult:
    return import_film(data or as_bytes(film(FILM, **attributes)), name="a.dcm")


def number_of(result: FileResult) -> int:
    assert result.radiograph is not None
    return result.radiograph


@pytest.fixture
def discarded(
    admin: MakeUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> int:
    number = number_of(bring(ViewPosition="AP"))
    with django_capture_on_commit_callbacks(execute=True):
        discard(radiograph=number, actor=admin())
    return number


def test_a_forgotten_film_is_a_new_one_when_it_comes_again(discarded: int, admin: MakeUser) -> None:
    assert bring().status == Status.DUPLICATE
    forget(radiograph=discarded, actor=admin())
    again = bring()
    assert (again.status, again.reason) == (Status.IMPORTED, "")
    own = Radiograph.objects.get(pk=again.radiograph)
    assert own.pk != discarded
    assert np.array_equal(read_picture(own.picture_path), FILM)
    history = Radiograph.objects.get(pk=discarded)
    assert (history.state, history.sop_uid) == ("forgotten", own.sop_uid)
    record = AuditRecord.objects.get(action="radiograph.forgotten")
    assert (record.actor, record.subject) == (admin(), f"Radiograph {discarded}")
    assert bring().radiograph == own.pk


def test_it_can_be_discarded_and_forgotten_over_and_over(discarded: int, admin: MakeUser) -> None:
    numbers = [discarded]
    for _ in range(2):
        forget(radiograph=numbers[-1], actor=admin())
        numbers.append(number_of(bring(ViewPosition="AP", WindowCenter=9, WindowWidth=5000)))
        discard(radiograph=numbers[-1], actor=admin())
    assert len(set(numbers)) == 3


def test_a_forgotten_film_is_no_rival_and_has_no_picture_to_miss(
    discarded: int, admin: MakeUser
) -> None:
    forget(radiograph=discarded, actor=admin())
    other = import_film(as_bytes(film(stored(seed=5))), name="b")  # of the same identifier
    assert other.status == Status.IMPORTED
    assert picture_sweep.sweep(older_than=-60).missing == ()


def test_what_came_damaged_before_waits_again(discarded: int, admin: MakeUser) -> None:
    """The whole film closed the damaged one's row; forgotten, it is waited for again."""
    cut = as_bytes(film(FILM))[:-1000]
    forget(radiograph=discarded, actor=admin())
    assert bring(cut).status == Status.QUARANTINED
    whole = number_of(bring(ViewPosition="AP"))
    assert UnreadableFilm.objects.get().radiograph_id == whole
    discard(radiograph=whole, actor=admin())
    assert "stays out" in bring(cut).reason
    forget(radiograph=whole, actor=admin())
    assert UnreadableFilm.objects.get().state == "waiting"
    assert bring(cut).status == Status.QUARANTINED


def test_only_a_discarded_film_is_forgotten(admin: MakeUser, db: None) -> None:
    for own in (number_of(bring()), number_of(bring(as_bytes(film(ViewPosition="AP"))))):
        with pytest.raises(Conflict, match="not discarded"):
            forget(radiograph=own, actor=admin())
    with pytest.raises(NotFound):
        forget(radiograph=999_999, actor=admin())


@pytest.mark.parametrize("state", ["ready", "quarantined", "discarded"])
def test_the_database_brings_no_forgotten_film_back(film: MakeFilm, state: str) -> None:
    own = film(state="forgotten")
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Radiograph.objects.filter(pk=own.pk).update(state=state, reason="So.")


@pytest.mark.parametrize("state", ["ready", "quarantined"])
def test_the_database_forgets_no_film_that_was_not_discarded(film: MakeFilm, state: str) -> None:
    own = film(state=state, reason="So.")
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Radiograph.objects.filter(pk=own.pk).update(state="forgotten")


def test_a_film_in_use_is_set_aside_for_a_reason_and_let_in_again(
    admin: MakeUser, db: None
) -> None:
    number = number_of(bring())
    own = set_aside(radiograph=number, reason=" The letters are reversed.\n", actor=admin())
    own.refresh_from_db()
    assert (own.state, own.reason) == ("quarantined", "The letters are reversed.")
    record = AuditRecord.objects.get(action="radiograph.set_aside")
    assert (record.actor, record.detail) == (admin(), {"reason": "The letters are reversed."})
    own = accept(radiograph=number, region="L", actor=admin(), correction=Correction(mirrored=True))
    assert (own.state, own.region, own.reason) == ("ready", "L", "")
    assert np.array_equal(read_picture(own.picture_path), FILM[:, ::-1])


def test_under_a_wrong_patient_it_is_sent_again_with_the_right_header(
    admin: MakeUser, db: None
) -> None:
    wrong = number_of(bring(PatientID="wrong"))
    set_aside(radiograph=wrong, reason="Another patient's.", actor=admin())
    discard(radiograph=wrong, actor=admin())
    forget(radiograph=wrong, actor=admin())
    right = bring(PatientID="right")
    assert right.status == Status.IMPORTED
    own, old = (Radiograph.objects.get(pk=pk) for pk in (number_of(right), wrong))
    assert own.visit.patient != old.visit.patient


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501])
def test_nothing_is_set_aside_without_a_reason(admin: MakeUser, db: None, reason: str) -> None:
    number = number_of(bring())
    with pytest.raises(BadInput, match="Write why"):
        set_aside(radiograph=number, reason=reason, actor=admin())
    assert Radiograph.objects.get().state == "ready"


def test_what_a_study_or_a_deck_has_is_not_set_aside(admin: MakeUser, study: MakeStudy) -> None:
    made = study(films=1, name="Spring")
    for purpose in ("reading", "calibration"):
        type(made).of_any_purpose.filter(pk=made.pk).update(purpose=purpose)
        with pytest.raises(Conflict, match="'Spring' has this film"):
            set_aside(radiograph=made.films.get().pk, reason="Wrong.", actor=admin())
    assert Radiograph.objects.get().state == "ready"


def test_only_a_film_in_use_is_set_aside(discarded: int, admin: MakeUser) -> None:
    with pytest.raises(Conflict, match="not in use"):
        set_aside(radiograph=discarded, reason="Wrong.", actor=admin())


@pytest.fixture
def graded(admin: MakeUser, model_version: MakeModel) -> int:
    """Set aside after a model, which serves no more, has graded it."""
    number = number_of(bring())
    points = model_version("points", task="key_points", state="retired")
    Pregrading.objects.create(
        radiograph_id=number, key_points=points, corner_grades=model_version(), plausible=True
    )
    set_aside(radiograph=number, reason="Wrong.", actor=admin())
    return number


@pytest.mark.parametrize(
    ("region", "correction"),
    [
        ("L", Correction()),
        ("C", Correction(turned=1)),
        ("C", Correction(blacked=(Rectangle(0, 0, 9, 5),))),
    ],
)
def test_a_film_that_was_in_use_and_is_changed_comes_in_as_a_new_one(
    graded: int,
    admin: MakeUser,
    region: str,
    correction: Correction,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        new = accept(radiograph=graded, region=region, actor=admin(), correction=correction)
    old = Radiograph.objects.get(pk=graded)
    assert (old.state, old.region, old.pregradings.count()) == ("forgotten", "C", 1)
    assert old.reason == f"Film {new.pk} stands in its place."
    assert (new.state, new.region, new.pregradings.count()) == ("ready", region, 0)
    assert np.array_equal(read_picture(new.picture_path), correction.of(FILM))
    assert {path.name for path in tmp_path.iterdir()} == {
        new.picture_path.name, new.preview_path.name,
    }  # fmt: skip
    again = bring()
    assert (again.status, again.radiograph) == (Status.DUPLICATE, new.pk)
    assert AuditRecord.objects.get(action="radiograph.replaced").detail == {"by": new.pk}


def test_a_film_that_was_in_use_and_is_let_in_as_it_was_is_the_same(
    graded: int, admin: MakeUser
) -> None:
    assert accept(radiograph=graded, region="C", actor=admin()).pk == graded
    assert Radiograph.objects.get().state == "ready"


def test_a_film_is_changed_again_and_again(
    admin: MakeUser,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    number, expected = number_of(bring()), FILM
    for correction in (Correction(turned=1), Correction(inverted=True), Correction(mirrored=True)):
        expected = correction.of(expected)
        with django_capture_on_commit_callbacks(execute=True):
            set_aside(radiograph=number, reason="Wrong.", actor=admin())
            own = accept(radiograph=number, region="C", actor=admin(), correction=correction)
        number = own.pk
        assert np.array_equal(read_picture(own.picture_path), expected)
        assert set(tmp_path.iterdir()) == {own.picture_path, own.preview_path}
    assert picture_sweep.sweep(older_than=-60).removed == ()
    own.refresh_from_db()
    assert (own.inverted, own.mirrored, own.turned) == (True, True, 3)
    assert np.array_equal(Correction(True, True, 3).of(FILM), expected)


@pytest.mark.django_db(transaction=True)
def test_a_study_that_takes_a_film_at_that_moment_keeps_it(
    film: MakeFilm, admin: MakeUser, reader: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, refused = film(), list[Conflict]()

    def an_admin_sets_it_aside() -> None:
        try:
            set_aside(radiograph=own.pk, reason="Wrong.", actor=admin())
        except Conflict as error:
            refused.append(error)

    while_a_study_is_made(
        Design(name="Now", readers=[reader()]),
        by=admin(),
        meanwhile=an_admin_sets_it_aside,
        monkeypatch=monkeypatch,
    )
    assert len(refused) == 1
    assert StudyFilm.objects.get().radiograph.state == "ready"

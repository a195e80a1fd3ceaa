"""The registry: one serves per task, promotion and roll-back are the admin's, nothing is lost."""

import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from pytest_django.fixtures import Settings
from safetensors.numpy import save_file

from annotation.errors import Conflict
from annotation.models import AuditRecord, ModelVersion, Snapshot
from annotation.services import model_versions
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights file of the shape that inference.checkpoint writes."""
    path = tmp_path / "corner_grades.safetensors"
    header = {"format": "syndesmo-checkpoint/1", "recipe": "quick", "metrics": {"corners": 24}}
    save_file({"w": np.zeros((2, 2), np.float32)}, path, {"syndesmo": json.dumps(header)})
    return path


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Path:
    settings.WEIGHTS = tmp_path / "store"
    return tmp_path / "store"


def test_nothing_serves_before_something_was_installed(db: None) -> None:
    with pytest.raises(Conflict, match="install_starter_weights"):
        model_versions.serving("corner_grades")


def test_starter_weights_serve_where_nothing_serves_yet(
    db: None, settings: Settings, store: Path, weights: Path
) -> None:
    (weights.parent / "key_points.safetensors").write_bytes(weights.read_bytes())
    settings.STARTER_WEIGHTS = weights.parent
    installed = model_versions.install_starter()
    assert [version.task for version in installed] == ["key_points", "corner_grades"]
    version = model_versions.serving("corner_grades")
    assert version.metrics == {"corners": 24}
    assert version.weights_sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert version.weights_path.read_bytes() == weights.read_bytes()
    assert model_versions.install_starter() == []


def test_a_file_that_holds_no_description_is_refused_whole(
    db: None, settings: Settings, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "key_points.safetensors").write_bytes(b"\x80\x04 a pickle")
    settings.STARTER_WEIGHTS = tmp_path
    with pytest.raises(Conflict, match="no weights file of this program"):
        model_versions.install_starter()
    assert not ModelVersion.objects.exists()
    assert not store.exists()


def test_promotion_retires_the_version_that_served(
    model_version: MakeModel, admin: MakeUser
) -> None:
    old = model_version("old")
    new = model_version(
        "new", state="candidate", compared_with=old, comparison={"verdict": "better"}
    )
    model_versions.promote(version_id=new.pk, actor=admin())
    old.refresh_from_db()
    assert (old.state, model_versions.serving("corner_grades")) == ("retired", new)
    record = AuditRecord.objects.get(action="model_version.promoted")
    assert (record.actor, record.detail) == (
        admin(),
        {"retired": ["old"], "verdict": "better"},
    )


def test_a_roll_back_to_a_retired_version_is_audited_as_one(
    model_version: MakeModel, admin: MakeUser
) -> None:
    old = model_version("old")
    new = model_version("new", state="candidate", compared_with=old)
    model_versions.promote(version_id=new.pk, actor=admin())
    model_versions.promote(version_id=old.pk, actor=admin())
    assert model_versions.serving("corner_grades") == old
    record = AuditRecord.objects.get(action="model_version.rolled_back_to")
    assert (record.actor, record.detail) == (admin(), {"retired": ["new"]})


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"others")])
def test_what_serves_stays_when_the_weights_to_come_are_lost_or_others(
    model_version: MakeModel, admin: MakeUser, damage: Callable[[Path], object]
) -> None:
    old = model_version("old", state="retired")
    now = model_version("now")
    damage(old.weights_path)
    with pytest.raises(Conflict, match="The weights file of old is lost or is not the one"):
        model_versions.promote(version_id=old.pk, actor=admin())
    assert model_versions.serving("corner_grades") == now
    assert not AuditRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_promote_at_once_the_second_meets_the_gate(
    model_version: MakeModel, admin: MakeUser
) -> None:
    now = model_version("now")
    one, two = (model_version(n, state="candidate", compared_with=now) for n in ("one", "two"))
    one_is_through, two_waits = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            model_versions.promote(version_id=one.pk, actor=admin("eve"))
            one_is_through.set()
            two_waits.wait(1)  # never set where the second waits for us, as it must

    def second() -> None:
        one_is_through.wait()
        with pytest.raises(Conflict, match="two was compared with now, but one serves now"):
            model_versions.promote(version_id=two.pk, actor=admin("adam"))
        two_waits.set()

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as admins:
        list(admins.map(closing, (first, second)))
    assert model_versions.serving("corner_grades") == one


def test_promoting_one_task_leaves_the_other_alone(
    model_version: MakeModel, admin: MakeUser
) -> None:
    points = model_version("points", task="key_points")
    grader = model_version("grader", state="candidate")
    model_versions.promote(version_id=grader.pk, actor=admin())
    assert model_versions.serving("key_points") == points


def test_what_serves_cannot_be_promoted_again(model_version: MakeModel, admin: MakeUser) -> None:
    with pytest.raises(Conflict, match="serving already"):
        model_versions.promote(version_id=model_version().pk, actor=admin())


def test_a_rejected_version_stays_out(model_version: MakeModel, admin: MakeUser) -> None:
    candidate = model_version("new", state="candidate")
    model_versions.reject(version_id=candidate.pk, actor=admin())
    with pytest.raises(Conflict, match="was rejected"):
        model_versions.promote(version_id=candidate.pk, actor=admin())


def test_only_a_candidate_is_rejected(model_version: MakeModel, admin: MakeUser) -> None:
    with pytest.raises(Conflict, match="only a candidate"):
        model_versions.reject(version_id=model_version().pk, actor=admin())


def test_the_database_lets_one_version_serve_per_task(model_version: MakeModel) -> None:
    model_version("one")
    with pytest.raises(IntegrityError, match="one_serving_per_task"), transaction.atomic():
        model_version("two")


def test_the_database_refuses_other_weights_under_a_known_version(
    model_version: MakeModel,
) -> None:
    version = model_version()
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(weights_sha256="1" * 64)


def test_a_candidate_that_stands_beside_another_is_not_promoted(
    model_version: MakeModel, admin: MakeUser
) -> None:
    first = model_version("first", state="retired")
    model_version("second")
    beside_first = model_version("new", state="candidate", compared_with=first)
    beside_none = model_version("other", state="candidate")
    with pytest.raises(Conflict, match="with first, but second serves now"):
        model_versions.promote(version_id=beside_first.pk, actor=admin())
    with pytest.raises(Conflict, match="compared with nothing"):
        model_versions.promote(version_id=beside_none.pk, actor=admin())
    assert model_versions.serving("corner_grades").name == "second"


def test_a_new_comparison_opens_the_gate(
    model_version: MakeModel, admin: MakeUser, study: MakeStudy
) -> None:
    first, second = model_version("first", state="retired"), model_version("second")
    frozen = Snapshot.objects.create(study=study(), name="s", sha256="0" * 64, counts={})
    new = model_version("new", state="candidate", compared_with=first, snapshot=frozen)
    model_versions.store_comparison(
        version=new,
        metrics={"corners": 1},
        compared_with=second,
        compared_metrics={"corners": 1},
        comparison={"verdict": "not_worse"},
    )
    model_versions.promote(version_id=new.pk, actor=admin())
    assert model_versions.serving("corner_grades") == new
    record = AuditRecord.objects.get(action="model_version.compared")
    assert record.detail == {"compared_with": "second", "verdict": "not_worse"}


def test_only_a_candidate_with_a_snapshot_is_compared_again(model_version: MakeModel) -> None:
    with pytest.raises(Conflict, match="only a candidate is compared"):
        model_versions.comparable(model_version().pk)


def test_weights_that_are_not_the_registered_ones_are_not_used(
    db: None, settings: Settings, store: Path, weights: Path
) -> None:
    (weights.parent / "key_points.safetensors").write_bytes(weights.read_bytes())
    settings.STARTER_WEIGHTS = weights.parent
    version = model_versions.install_starter()[0]
    assert model_versions.sound_weights(version) == version.weights_path
    version.weights_path.write_bytes(b"others")
    with pytest.raises(Conflict, match="is not the one that was registered"):
        model_versions.sound_weights(version)
    version.weights_path.unlink()
    with pytest.raises(Conflict, match="is lost"):
        model_versions.sound_weights(version)


@pytest.mark.parametrize("said", [{"code": "0.0.9+1b1d67361a0f"}, {}])
def test_a_version_carries_the_code_that_trained_it_and_no_other(
    db: None, settings: Settings, store: Path, tmp_path: Path, said: dict[str, str]
) -> None:
    header = {"format": "syndesmo-checkpoint/1", "recipe": "quick", **said}
    for task in ("key_points", "corner_grades"):
        tensors = {"w": np.zeros((2, 2), np.float32)}
        save_file(tensors, tmp_path / f"{task}.safetensors", {"syndesmo": json.dumps(header)})
    settings.STARTER_WEIGHTS = tmp_path
    codes = {version.code_version for version in model_versions.install_starter()}
    assert codes == {said.get("code", "")}


@pytest.mark.parametrize("leaving", ["retired", "rejected", "deleted"])
def test_no_task_is_ever_left_without_a_serving_version(
    model_version: MakeModel, leaving: str
) -> None:
    only = ModelVersion.objects.filter(pk=model_version("only").pk)

    @transaction.atomic
    def leave() -> None:
        only.delete() if leaving == "deleted" else only.update(state=leaving)
        connection.check_constraints()  # as the commit does

    with pytest.raises(InternalError, match="No model version serves corner_grades any more"):
        leave()
    assert model_versions.serving("corner_grades") == only.get()

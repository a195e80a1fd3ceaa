"""The registry: register, promote, reject. Exactly one version serves per task."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from safetensors import SafetensorError, safe_open

from annotation.errors import Conflict
from annotation.models import ModelVersion, Snapshot
from annotation.services import audit, named_locks


def serving(task: str) -> ModelVersion:
    """The version that pre-grades now. Raises Conflict when none was installed yet."""
    version = ModelVersion.objects.filter(task=task, state=ModelVersion.State.SERVING).first()
    if version is None:
        raise Conflict("No model is serving. Run `manage.py install_starter_weights`.")
    return version


def serving_pair() -> dict[str, ModelVersion]:
    """The two versions that pre-grade now, as the services of a pre-grading take them."""
    return {
        "key_point_version": serving(ModelVersion.Task.KEY_POINTS),
        "grade_version": serving(ModelVersion.Task.CORNER_GRADES),
    }


@transaction.atomic
def install_starter() -> list[ModelVersion]:
    """Put the weights that ship with the product to work, where nothing serves yet.

    Of two at once the second finds them serving.
    """
    named_locks.hold("starter weights")
    installed = []
    for task in ModelVersion.Task.values:
        if ModelVersion.objects.filter(task=task, state=ModelVersion.State.SERVING).exists():
            continue
        source = Path(settings.STARTER_WEIGHTS) / f"{task}.safetensors"
        version = _register(
            task=task,
            source=source,
            name=f"starter-{task}",
            state=ModelVersion.State.SERVING,
        )
        audit.record(actor=None, action="model_version.installed", subject=version)
        installed.append(version)
    return installed


@transaction.atomic
def register_candidate(
    *,
    task: str,
    weights: Path,
    snapshot: Snapshot,
    metrics: Mapping[str, Any],
    compared_with: ModelVersion,
    compared_metrics: Mapping[str, Any],
    comparison: Mapping[str, Any],
) -> ModelVersion:
    """Keep a trained network as a candidate. It serves nobody until an admin promotes it."""
    # The next number of the task: two at once queue here.
    list(ModelVersion.objects.select_for_update(no_key=True).filter(task=task).order_by("pk"))
    version = _register(
        task=task,
        source=weights,
        name=f"{task}-{ModelVersion.objects.filter(task=task).count() + 1}",
        state=ModelVersion.State.CANDIDATE,
        snapshot=snapshot,
        metrics=metrics,
        compared_with=compared_with,
        compared_metrics=compared_metrics,
        comparison=comparison,
    )
    audit.record(
        actor=None,
        action="model_version.registered",
        subject=version,
        snapshot=snapshot.name,
        weights_sha256=version.weights_sha256,
    )
    return version


@transaction.atomic
def store_comparison(
    *,
    version: ModelVersion,
    metrics: Mapping[str, Any],
    compared_with: ModelVersion,
    compared_metrics: Mapping[str, Any],
    comparison: Mapping[str, Any],
) -> None:
    """Put a candidate beside what serves now, in place of what served when it was trained.

    Raises Conflict when somebody has decided on it meanwhile: what they saw stays.
    """
    version = comparable(version.pk, locked=True)
    version.metrics, version.compared_metrics = metrics, compared_metrics
    version.compared_with, version.comparison = compared_with, comparison
    version.save(update_fields=["metrics", "compared_with", "compared_metrics", "comparison"])
    audit.record(
        actor=None,
        action="model_version.compared",
        subject=version,
        compared_with=compared_with.name,
        verdict=comparison.get("verdict"),
    )


def sound_weights(version: ModelVersion) -> Path:
    """The weights file, with the content that was registered. Raises Conflict for another."""
    path = version.weights_path
    if not path.is_file() or _sha256(path) != version.weights_sha256:
        raise Conflict(
            f"The weights file of {version.name} is lost or is not the one that was registered: "
            "restore it from the backup."
        )
    return path


def read_header(weights: Path) -> dict[str, Any]:
    """The description inside a weights file, read without torch. Raises Conflict for another file.

    ``inference.checkpoint`` writes it; the web process may read it, but not load the network.
    """
    try:
        with safe_open(weights, framework="numpy") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {})["syndesmo"])
    except (SafetensorError, OSError, KeyError, ValueError) as problem:
        raise Conflict(
            f"{weights.name} is no weights file of this program. Train it with "
            "`python -m training`, or copy the file again."
        ) from problem
    return header


def trained_elsewhere(weights: Path) -> tuple[str, Snapshot]:
    """The task of a weights file from outside, and the snapshot of ours that it was trained on.

    Raises Conflict for weights of other labels, and for some that are registered already.
    """
    header = read_header(weights)
    known = ModelVersion.objects.filter(weights_sha256=_sha256(weights)).first()
    if known:
        raise Conflict(f"These weights are registered already, as {known.name}.")
    sha256 = header.get("snapshot", {}).get("sha256")
    snapshot = Snapshot.objects.filter(sha256=sha256).first()
    if snapshot is None or header.get("task") not in ModelVersion.Task.values:
        raise Conflict(
            f"{weights.name} was trained on no snapshot of this product. Freeze one with "
            "`manage.py freeze_snapshot` and train on that."
        )
    return header["task"], snapshot


def _register(*, task: str, source: Path, name: str, **fields: Any) -> ModelVersion:
    """Copy the weights under their checksum, then write the row."""
    header = read_header(source)
    digest = _sha256(source)
    target = Path(settings.WEIGHTS) / f"{task}-{digest[:16]}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        partial = target.with_suffix(".partial")
        shutil.copyfile(source, partial)
        partial.rename(target)
    fields.setdefault("metrics", header.get("metrics", {}))
    return ModelVersion.objects.create(
        task=task,
        name=name,
        recipe=header["recipe"],
        weights=target.name,
        weights_sha256=digest,
        code_version=header.get("code", ""),
        **fields,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def promote(*, version_id: int, actor: User | None) -> ModelVersion:
    """Let a candidate, or a retired version (roll-back), serve. The serving one retires.

    The gate: a candidate must stand beside what serves now, on the same test patients; who decides
    has then seen the verdict, and it is kept. Raises Conflict when it stands beside another, or
    when its weights are not those that were registered. No actor: the program, within a study's
    bounds.
    """
    version, before = _held_with_serving(version_id)
    if version == before:
        raise Conflict(f"{version.name} is serving already.")
    if version.state == ModelVersion.State.REJECTED:
        raise Conflict(f"{version.name} was rejected. Train again instead of promoting it.")
    _refuse_unjudged(version, before)
    sound_weights(version)  # what cannot be loaded would leave every film ungraded
    again = version.state == ModelVersion.State.RETIRED
    if before:
        before.state = ModelVersion.State.RETIRED
        before.save(update_fields=["state"])
    version.state = ModelVersion.State.SERVING
    version.save(update_fields=["state"])
    # The verdict of long ago was on another rival
    verdict = {} if again else {"verdict": version.comparison.get("verdict")}
    audit.record(
        actor=actor,
        action=f"model_version.{'rolled_back_to' if again else 'promoted'}",
        subject=version,
        retired=[before.name] if before else [],
        **verdict,
    )
    return version


def _held_with_serving(version_id: int) -> tuple[ModelVersion, ModelVersion | None]:
    """A version and what serves its task, the whole task locked: two admins decide in turn.

    To lock the serving row alone is not enough: who waits for it finds it retired, and no other.
    """
    task = ModelVersion.objects.get(pk=version_id).task
    locked = ModelVersion.objects.select_for_update().filter(task=task).order_by("pk")
    held = {version.pk: version for version in locked}
    serving = (one for one in held.values() if one.state == ModelVersion.State.SERVING)
    return held[version_id], next(serving, None)


def _refuse_unjudged(version: ModelVersion, serving: ModelVersion | None) -> None:
    if version.state != ModelVersion.State.CANDIDATE or serving is None:
        return  # what has served before needs no judge to serve again
    if version.compared_with_id != serving.pk:
        beside = version.compared_with.name if version.compared_with else "nothing"
        raise Conflict(
            f"{version.name} was compared with {beside}, but {serving.name} serves now. "
            "Compare it again before you promote it."
        )


def comparable(version_id: int, *, locked: bool = False) -> ModelVersion:
    """A candidate that can be judged again. Raises Conflict for another."""
    versions = ModelVersion.objects.select_for_update() if locked else ModelVersion.objects
    version = versions.get(pk=version_id)
    if version.state != ModelVersion.State.CANDIDATE or version.snapshot is None:
        raise Conflict(f"{version.name} is {version.state}; only a candidate is compared.")
    return version


@transaction.atomic
def reject(*, version_id: int, actor: User) -> ModelVersion:
    """Set a candidate aside for good."""
    version = ModelVersion.objects.select_for_update().get(pk=version_id)
    if version.state != ModelVersion.State.CANDIDATE:
        raise Conflict(f"{version.name} is {version.state}; only a candidate can be rejected.")
    version.state = ModelVersion.State.REJECTED
    version.save(update_fields=["state"])
    audit.record(actor=actor, action="model_version.rejected", subject=version)
    return version

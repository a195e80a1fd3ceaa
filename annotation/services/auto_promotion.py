"""Whether a scheduled candidate may serve without a person: a study's bounds, off unless set."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import Conflict
from annotation.models import ModelVersion, PromotionBounds, Study
from annotation.services import audit, model_versions

BOUNDS = ("enabled", "most_kappa_lost", "least_recall_2", "most_bias", "least_patients")


def bounds_of(study: Study) -> PromotionBounds:
    """The study's bounds; switched off until an admin switches them on."""
    return PromotionBounds.objects.get_or_create(study=study)[0]


@transaction.atomic
def change_bounds(*, actor: User, study: Study, **changes: object) -> PromotionBounds:
    """Store what the admin set."""
    row = PromotionBounds.objects.select_for_update().get(pk=bounds_of(study).pk)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    set_to = {name: getattr(row, name) for name in BOUNDS}
    audit.record(actor=actor, action="promotion_bounds.changed", subject=row, **set_to)
    return row


def objections(version: ModelVersion, bounds: PromotionBounds) -> list[str]:
    """Why this candidate must wait for a person, each a sentence; none: it may serve.

    A figure that was not measured is an objection.
    """
    figures = {one["name"]: one for one in version.comparison.get("figures", ())}
    interval = figures.get("kappa_quadratic", {}).get("ci95")
    recall = figures.get("sensitivity.2", {}).get("candidate")
    bias = _number(version.metrics.get("total"), "bias")
    patients = version.comparison.get("patients", 0)
    found = []
    if patients < bounds.least_patients:
        found.append(
            f"It was judged on too few test patients: {patients}, not {bounds.least_patients}."
        )
    if interval is None or interval[0] < -bounds.most_kappa_lost:
        low = "unknown" if interval is None else f"{interval[0]:+.3f}"
        found.append(
            f"Its quadratic kappa may be lower by more than {bounds.most_kappa_lost:g} (lower "
            f"limit of the difference {low})."
        )
    if recall is None or recall < bounds.least_recall_2:
        share = "unknown" if recall is None else f"{recall:.3f}"
        found.append(
            f"It finds too few of the true grade 2: {share}, not {bounds.least_recall_2:g}."
        )
    if bias is None or abs(bias) > bounds.most_bias:
        units = "unknown" if bias is None else f"{bias:+.2f}"
        found.append(f"Its totals are off by {units} units, not by {bounds.most_bias:g} at most.")
    return found


@transaction.atomic
def promote_within_bounds(version: ModelVersion, study: Study) -> str:
    """Promote a scheduled candidate if the study lets it; returns a sentence on what was done."""
    bounds = PromotionBounds.objects.filter(study=study, enabled=True).first()
    if bounds is None or version.task != ModelVersion.Task.CORNER_GRADES:
        return f"{version.name} is trained and waits for you. Promote or reject it."
    against = objections(version, bounds)
    if not against:
        try:
            model_versions.promote(version_id=version.pk, actor=None)
        except Conflict as clash:  # an admin promoted another one while it was trained
            against = [clash.text]
    audit.record(
        actor=None,
        action="model_version.judged_by_bounds",
        subject=version,
        objections=against,
        **{name: getattr(bounds, name) for name in BOUNDS},
    )
    if against:
        return f"{version.name} is trained and waits for you. " + " ".join(against)
    return f"{version.name} is trained and serves now, within the bounds of {study.name}."


def _number(record: Any, name: str) -> float | None:
    value = record.get(name) if isinstance(record, Mapping) else None
    return value if isinstance(value, int | float) else None

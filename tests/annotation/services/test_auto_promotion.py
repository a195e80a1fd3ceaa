"""The program promotes within a study's bounds alone, off unless set, and writes down why not."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from annotation.models import AuditRecord, ModelVersion, PromotionBounds, Study
from annotation.services import auto_promotion, model_versions
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser

GOOD: dict[str, Any] = {
    "metrics": {"total": {"bias": -0.2}},
    "comparison": {
        "verdict": "not_worse",
        "patients": 60,
        "figures": [
            {"name": "kappa_quadratic", "candidate": 0.91, "ci95": [-0.005, 0.02]},
            {"name": "sensitivity.2", "candidate": 0.85, "ci95": [-0.1, 0.1]},
        ],
    },
}


@pytest.fixture
def serving(model_version: MakeModel) -> ModelVersion:
    return model_version("old")


@pytest.fixture
def candidate(model_version: MakeModel, serving: ModelVersion) -> ModelVersion:
    return model_version("new", state="candidate", compared_with=serving, **GOOD)


@pytest.fixture
def allowing(study: MakeStudy, admin: MakeUser) -> Study:
    made = study(films=1)
    auto_promotion.change_bounds(actor=admin(), study=made, enabled=True)
    return made


def test_no_study_promotes_by_itself_until_an_admin_says_so(
    study: MakeStudy, candidate: ModelVersion, serving: ModelVersion
) -> None:
    made = study(films=1)
    assert not auto_promotion.bounds_of(made).enabled
    assert "Promote or reject it" in auto_promotion.promote_within_bounds(candidate, made)
    assert model_versions.serving("corner_grades") == serving


def test_a_candidate_within_every_bound_serves_and_the_bounds_are_kept(
    allowing: Study, candidate: ModelVersion
) -> None:
    assert "serves now, within the bounds" in auto_promotion.promote_within_bounds(
        candidate, allowing
    )
    assert model_versions.serving("corner_grades") == candidate
    promoted = AuditRecord.objects.get(action="model_version.promoted")
    assert promoted.actor is None
    judged = AuditRecord.objects.get(action="model_version.judged_by_bounds")
    assert judged.detail["objections"] == []
    assert judged.detail["most_kappa_lost"] == 0.01


@pytest.mark.parametrize(
    ("bound", "value", "sentence"),
    [
        ("most_kappa_lost", 0.004, "kappa may be lower by more than 0.004"),
        ("least_recall_2", 0.86, "too few of the true grade 2: 0.850, not 0.86"),
        ("most_bias", 0.1, "off by -0.20 units, not by 0.1"),
        ("least_patients", 61, "too few test patients: 60, not 61"),
    ],
)
def test_one_bound_that_fails_leaves_the_candidate_to_a_person(
    allowing: Study,
    candidate: ModelVersion,
    serving: ModelVersion,
    admin: MakeUser,
    bound: str,
    value: float,
    sentence: str,
) -> None:
    auto_promotion.change_bounds(actor=admin(), study=allowing, **{bound: value})
    told = auto_promotion.promote_within_bounds(candidate, allowing)
    assert "waits for you" in told
    assert sentence in told
    assert model_versions.serving("corner_grades") == serving
    judged = AuditRecord.objects.get(action="model_version.judged_by_bounds")
    assert len(judged.detail["objections"]) == 1


def test_what_was_not_measured_is_an_objection(
    allowing: Study, model_version: MakeModel, serving: ModelVersion
) -> None:
    bare = model_version("bare", state="candidate", compared_with=serving)
    assert len(auto_promotion.objections(bare, auto_promotion.bounds_of(allowing))) == 4
    assert "waits for you" in auto_promotion.promote_within_bounds(bare, allowing)


def test_a_candidate_whose_rival_was_replaced_meanwhile_waits(
    allowing: Study, candidate: ModelVersion, model_version: MakeModel, admin: MakeUser
) -> None:
    other = model_version("other", state="candidate", compared_with=candidate.compared_with)
    model_versions.promote(version_id=other.pk, actor=admin())
    assert "other serves now" in auto_promotion.promote_within_bounds(candidate, allowing)
    assert model_versions.serving("corner_grades") == other


def test_a_change_of_the_bounds_is_audited(allowing: Study) -> None:
    record = AuditRecord.objects.get(action="promotion_bounds.changed")
    assert record.detail["enabled"] is True
    assert record.actor is not None


def test_the_database_refuses_bounds_that_bound_nothing(allowing: Study) -> None:
    with pytest.raises(IntegrityError, match="are_shares"), transaction.atomic():
        PromotionBounds.objects.update(least_recall_2=-1)

"""A study's conventions may be corrected until its first grade is in; then they are fixed."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import DesignFixed
from annotation.models import GradeEvent, Study
from annotation.services import audit


def is_fixed(study: Study) -> bool:
    """Whether a grade was made under the design."""
    return GradeEvent.objects.filter(reading__round__study=study).exists()


@transaction.atomic
def change(*, study: Study, actor: User, **conventions: Any) -> Study:
    """Set some of the study's conventions by name. Raises DesignFixed after the first grade.

    The database refuses it then in any case (`models.fixed_design`); here it gets its sentence.
    """
    locked = Study.objects.select_for_update().get(pk=study.pk)
    if is_fixed(locked):
        raise DesignFixed
    before = {name: getattr(locked, name) for name in conventions}
    for name, value in conventions.items():
        setattr(locked, name, value)
    locked.validate_constraints()
    locked.save(update_fields=list(conventions))
    audit.record(
        actor=actor, action="study.design_changed", subject=locked, before=before, after=conventions
    )
    return locked

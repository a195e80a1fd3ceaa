"""A study's conventions may be corrected until its first grade is in; then they are fixed."""

from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from annotation.errors import DesignFixed
from annotation.models import GradeEvent, Study
from annotation.services import audit


def is_fixed(study: Study) -> bool:
    """Whether a grade was made under the design."""
    return GradeEvent.objects.filter(reading__round__study=study).exists()


@transaction.atomic
def change(*, study: Study, actor: User, **conventions: Any) -> Study:
    """Set some of the study's conventions by name. Raises DesignFixed after the first grade.

    The database refuses it then in any case, and waits for grades that are being saved
    (`models.fixed_design`); here the refusal gets its sentence.
    """
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if is_fixed(locked):
        raise DesignFixed
    before = {name: getattr(locked, name) for name in conventions}
    for name, value in conventions.items():
        setattr(locked, name, value)
    locked.validate_constraints()
    try:
        with transaction.atomic():
            locked.save(update_fields=list(conventions))
    except IntegrityError as refused:
        if not is_fixed(locked):
            raise
        raise DesignFixed from refused
    audit.record(
        actor=actor, action="study.design_changed", subject=locked, before=before, after=conventions
    )
    return locked

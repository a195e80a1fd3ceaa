"""A study's conventions may be corrected until its first grade is in; then they are fixed."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import DesignFixed
from annotation.models import GradeEvent, Reading, Study
from annotation.services import audit


def is_fixed(study: Study) -> bool:
    """Whether a grade was made under the design."""
    return GradeEvent.objects.filter(reading__round__study=study).exists()


@transaction.atomic
def change(*, study: Study, actor: User, **conventions: Any) -> Study:
    """Set some of the study's conventions by name. Raises DesignFixed after the first grade.

    The database refuses it then in any case (`models.fixed_design`); here it gets its sentence.
    """
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _wait_for_grades(locked)
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


def _wait_for_grades(study: Study) -> None:
    """A first grade that is being saved is seen by nobody yet; whoever saves one has its place."""
    open_now = Reading.objects.filter(round__study=study, opened_at__isnull=False).pending()
    # As a place is locked: its films by their slots.
    in_turn = open_now.order_by("slot", "pk").select_for_update(of=("self",), no_key=True)
    list(in_turn.values_list("pk"))

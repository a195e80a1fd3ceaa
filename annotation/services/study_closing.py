"""A study takes no more grades, and takes them again: what was saved stays as it is either way."""

from django.contrib.auth.models import User
from django.db import transaction

from annotation.models import Study
from annotation.services import audit


@transaction.atomic
def close(*, study: Study, actor: User) -> Study:
    """From now on no place is opened and no grade saved; closing a closed study does nothing."""
    return _set(study, actor, is_open=False, action="study.closed")


@transaction.atomic
def reopen(*, study: Study, actor: User) -> Study:
    """Every reader goes on where they were; opening an open study does nothing."""
    return _set(study, actor, is_open=True, action="study.reopened")


def _set(study: Study, actor: User, *, is_open: bool, action: str) -> Study:
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if locked.is_open != is_open:
        locked.is_open = is_open
        locked.save(update_fields=["is_open"])
        audit.record(actor=actor, action=action, subject=locked)
    return locked

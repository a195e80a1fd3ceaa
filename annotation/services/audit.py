"""Write down who did what. Every service that carries out a person's decision calls this."""

from typing import Any

from django.contrib.auth.models import User
from django.db import models

from annotation.models import AuditRecord


def record(*, actor: User | None, action: str, subject: models.Model, **detail: Any) -> None:
    """Add one record in the caller's transaction, so that act and record stand together.

    ``action`` is 'noun.past_verb' (``model_version.promoted``); ``actor`` None is the program.
    """
    AuditRecord.objects.create(
        actor=actor,
        action=action,
        subject=f"{type(subject).__name__} {subject.pk}",
        detail=detail,
    )

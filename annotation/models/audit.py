"""Who did what to what, when. Append-only."""

from django.conf import settings
from django.db import models

from annotation.models.append_only import append_only


class AuditRecord(models.Model):
    """One decision of a person, or of the program on a person's behalf."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    action = models.CharField(max_length=64, help_text="'model_version.promoted'")
    subject = models.CharField(max_length=120, help_text="'ModelVersion 7'")
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = append_only()
        ordering = ["-id"]

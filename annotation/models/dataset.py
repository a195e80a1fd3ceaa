"""Frozen snapshots of films and labels, which training reads without a database."""

from pathlib import Path

from django.conf import settings
from django.db import models

from annotation.models.append_only import append_only
from annotation.models.study import Study


class Snapshot(models.Model):
    """A folder below the snapshot store, its checksum, and what it counted when it was frozen."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snapshots")
    name = models.CharField(max_length=64, unique=True)
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(help_text="films, corners and patients per split")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = append_only()
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """Where the snapshot lies."""
        return Path(settings.SNAPSHOTS) / self.name

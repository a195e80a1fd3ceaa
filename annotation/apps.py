"""The one Django app of the product."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Registers the models; services and tasks are imported by their callers."""

    name = "annotation"
    verbose_name = "Syndesmo"

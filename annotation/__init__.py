"""The product. The Celery application loads with it, so that every process queues to one broker."""

from annotation.celery import app as celery_app

__all__ = ["celery_app"]

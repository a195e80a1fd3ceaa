"""The Celery application. A message is only the hint to look: work and its state are job rows."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
app = Celery("syndesmo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["annotation"])
# The scheduler writes these into its table at every start: change the rhythm here.
app.conf.beat_schedule = {
    "look for jobs that nobody works on": {
        "task": "annotation.tasks.look_for_left_behind_jobs",
        "schedule": 15.0,
    },
    "grade corrected films": {
        "task": "annotation.tasks.grade_corrected_films",
        "schedule": 30.0,
    },
    "retrain when due": {"task": "annotation.tasks.retrain_when_due", "schedule": 300.0},
    "sweep pictures": {"task": "annotation.tasks.sweep_pictures", "schedule": 3600.0},
}

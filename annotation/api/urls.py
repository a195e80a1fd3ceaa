"""Every route of the API. A route without a row in the role table of the tests fails there."""

from django.urls import path

from annotation.api.datasets import ExportStudiesView, ExportView, TokenView
from annotation.api.health import HealthView
from annotation.api.jobs import JobCancelView, JobsView, JobView, PregradeView
from annotation.api.model_versions import (
    ModelVersionsView,
    PromoteView,
    RejectView,
    RetrainingScheduleView,
    TrainingRunsView,
)
from annotation.api.relabel import RankingView, RelabelBatchesView
from annotation.api.session import SessionView

urlpatterns = [
    path("session", SessionView.as_view()),
    path("health", HealthView.as_view()),
    # routing
    path("studies/<int:study>/ranking", RankingView.as_view()),
    path("studies/<int:study>/relabel_batches", RelabelBatchesView.as_view()),
    # models
    path("pregrade", PregradeView.as_view()),
    path("jobs", JobsView.as_view()),
    path("jobs/<int:job>", JobView.as_view()),
    path("jobs/<int:job>/cancel", JobCancelView.as_view()),
    path("model_versions", ModelVersionsView.as_view()),
    path("model_versions/<int:version>/promote", PromoteView.as_view()),
    path("model_versions/<int:version>/reject", RejectView.as_view()),
    path("training_runs", TrainingRunsView.as_view()),
    path("retraining_schedule", RetrainingScheduleView.as_view()),
    # dataset
    path("export/token", TokenView.as_view()),
    path("export/studies", ExportStudiesView.as_view()),
    path("export/studies/<int:study>/<str:table>.<str:form>", ExportView.as_view()),
]

"""Every route of the API. A route without a row in the role table of the tests fails there."""

from django.urls import path

from annotation.api.adjudication import (
    AdjudicationsView,
    CasePictureView,
    DecisionView,
    NextCaseView,
)
from annotation.api.agreement import AgreementView
from annotation.api.asked_again import AskedAgainView
from annotation.api.calibration import (
    CalibrationTriesView,
    CalibrationView,
    DeckReadersView,
    DecksView,
)
from annotation.api.consensus import ConsensusRulesView
from annotation.api.datasets import ExportStudiesView, ExportView, TokenView
from annotation.api.dicomweb import StudiesView as DicomwebStudiesView
from annotation.api.health import HealthView
from annotation.api.jobs import JobAgainView, JobCancelView, JobsView, JobView, PregradeView
from annotation.api.level_shifts import LevelCorrectionsView, LevelShiftView
from annotation.api.model_versions import (
    CompareView,
    ModelVersionsView,
    PromoteView,
    PromotionBoundsView,
    RejectView,
    ReportView,
    RetrainingScheduleView,
    TrainingRunsView,
)
from annotation.api.radiographs import (
    RadiographsView,
    RadiographView,
    ThumbnailView,
    WaitingPictureView,
)
from annotation.api.reading import (
    CommitView,
    DiscPointsView,
    GradesView,
    NextView,
    ReadingPictureView,
    ReadingView,
    RedoView,
    RenewView,
    ReturnView,
    UndoView,
    WorklistView,
)
from annotation.api.relabel import RankingView, RelabelBatchesView
from annotation.api.session import SessionView
from annotation.api.studies import (
    ChosenFilmsView,
    CloseView,
    FreeView,
    ReopenView,
    StudiesView,
    StudyView,
)
from annotation.api.unreadable_films import UnreadableFilmsView, UnreadableFilmView
from annotation.api.users import UsersView

urlpatterns = [
    path("session", SessionView.as_view()),
    path("health", HealthView.as_view()),
    # radiographs
    path("radiographs", RadiographsView.as_view()),
    path("radiographs/<int:radiograph>", RadiographView.as_view()),
    path("radiographs/<int:radiograph>/asked_again", AskedAgainView.as_view()),
    path("radiographs/<int:radiograph>/thumbnail", ThumbnailView.as_view()),
    path("radiographs/<int:pk>/picture", WaitingPictureView.as_view()),
    path("unreadable_films", UnreadableFilmsView.as_view()),
    path("unreadable_films/<int:film>", UnreadableFilmView.as_view()),
    path("dicomweb/studies", DicomwebStudiesView.as_view()),
    path("dicomweb/studies/<str:uid>", DicomwebStudiesView.as_view()),
    # studies
    path("users", UsersView.as_view()),
    path("studies", StudiesView.as_view()),
    path("studies/films", ChosenFilmsView.as_view()),
    path("studies/<int:study>", StudyView.as_view()),
    path("studies/<int:study>/close", CloseView.as_view()),
    path("studies/<int:study>/reopen", ReopenView.as_view()),
    path("studies/<int:study>/holds/<int:reading>/free", FreeView.as_view()),
    path("studies/<int:study>/agreement", AgreementView.as_view()),
    path("studies/<int:study>/consensus", ConsensusRulesView.as_view()),
    path("studies/<int:study>/level_shifts", LevelCorrectionsView.as_view()),
    # reading
    path("worklist", WorklistView.as_view()),
    path("rounds/<int:pk>/next", NextView.as_view()),
    path("readings/<int:pk>", ReadingView.as_view()),
    path("readings/<int:pk>/renew", RenewView.as_view()),
    path("readings/<int:pk>/return", ReturnView.as_view()),
    path("readings/<int:pk>/grades", GradesView.as_view()),
    path("readings/<int:pk>/undo", UndoView.as_view()),
    path("readings/<int:pk>/redo", RedoView.as_view()),
    path("readings/<int:pk>/level_shift", LevelShiftView.as_view()),
    path("readings/<int:pk>/disc_points", DiscPointsView.as_view()),
    path("readings/<int:pk>/commit", CommitView.as_view()),
    path("readings/<int:pk>/picture", ReadingPictureView.as_view()),
    path("readings/<int:pk>/preview", ReadingPictureView.as_view(preview=True)),
    # calibration
    path("calibration", CalibrationView.as_view()),
    path("calibration/<int:pk>/tries", CalibrationTriesView.as_view()),
    path("decks", DecksView.as_view()),
    path("decks/<int:pk>/readers", DeckReadersView.as_view()),
    # adjudication
    path("adjudication", AdjudicationsView.as_view()),
    path("studies/<int:pk>/adjudication/next", NextCaseView.as_view()),
    path("adjudication/<int:pk>/decision", DecisionView.as_view()),
    path("adjudication/<int:pk>/picture", CasePictureView.as_view()),
    path("adjudication/<int:pk>/preview", CasePictureView.as_view(preview=True)),
    # routing
    path("studies/<int:study>/ranking", RankingView.as_view()),
    path("studies/<int:study>/relabel_batches", RelabelBatchesView.as_view()),
    # models
    path("pregrade", PregradeView.as_view()),
    path("jobs", JobsView.as_view()),
    path("jobs/<int:job>", JobView.as_view()),
    path("jobs/<int:job>/cancel", JobCancelView.as_view()),
    path("jobs/<int:job>/again", JobAgainView.as_view()),
    path("model_versions", ModelVersionsView.as_view()),
    path("model_versions/<int:version>/report", ReportView.as_view()),
    path("model_versions/<int:version>/compare", CompareView.as_view()),
    path("model_versions/<int:version>/promote", PromoteView.as_view()),
    path("model_versions/<int:version>/reject", RejectView.as_view()),
    path("training_runs", TrainingRunsView.as_view()),
    path("retraining_schedule", RetrainingScheduleView.as_view()),
    path("studies/<int:study>/promotion_bounds", PromotionBoundsView.as_view()),
    # dataset
    path("export/token", TokenView.as_view()),
    path("export/studies", ExportStudiesView.as_view()),
    path("export/studies/<int:study>/<str:table>.<str:form>", ExportView.as_view()),
]

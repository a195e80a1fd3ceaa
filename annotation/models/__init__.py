"""The tables, one file each; the reason for a constraint stands beside it."""

from annotation.models.audit import AuditRecord
from annotation.models.begun_film import BegunFilm
from annotation.models.calibration import CalibrationAnswer
from annotation.models.consensus import AdjudicationCase, Consensus
from annotation.models.dataset import Snapshot
from annotation.models.film_source import FilmSource
from annotation.models.job import Job
from annotation.models.model_version import CornerPrediction, ModelVersion, Pregrading
from annotation.models.patient_number import PatientNumber, PersonAsked
from annotation.models.preferences import Preferences
from annotation.models.radiograph import Centre, DiscPoint, Patient, Radiograph, Visit
from annotation.models.reading import GradeEvent, Reading
from annotation.models.retraining import PromotionBounds, RetrainingSchedule
from annotation.models.study import QueriedCorner, Round, Study, StudyFilm, StudyReader
from annotation.models.unreadable_film import UnreadableFilm

__all__ = [
    "AdjudicationCase",
    "AuditRecord",
    "BegunFilm",
    "CalibrationAnswer",
    "Centre",
    "Consensus",
    "CornerPrediction",
    "DiscPoint",
    "FilmSource",
    "GradeEvent",
    "Job",
    "ModelVersion",
    "Patient",
    "PatientNumber",
    "PersonAsked",
    "Preferences",
    "Pregrading",
    "PromotionBounds",
    "QueriedCorner",
    "Radiograph",
    "Reading",
    "RetrainingSchedule",
    "Round",
    "Snapshot",
    "Study",
    "StudyFilm",
    "StudyReader",
    "UnreadableFilm",
    "Visit",
]

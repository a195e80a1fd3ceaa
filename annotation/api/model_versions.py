"""The models page: what serves, what waits for a decision, training and its schedule."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import tasks
from annotation.api.jobs import JobOut
from annotation.api.users import shown_name
from annotation.models import Job, ModelVersion, PromotionBounds, RetrainingSchedule, Study
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import (
    auto_promotion,
    dataset_snapshots,
    jobs,
    model_versions,
    retraining,
)

# The recipes an admin may start; training.corner_grades defines them.
RECIPES = ("tiny", "quick", "best", "paper")
# What `training.grade_report` adds to the figures; hundreds of kilobytes for many patients.
LONG = ("strata", "readers", "calibration", "per_patient", "scores", "confusion_pairs")


class ModelVersionOut(serializers.ModelSerializer[ModelVersion]):
    """A version with the serving one's figures on the same test patients beside it."""

    created = serializers.DateTimeField(source="created_at")
    snapshot = serializers.CharField(source="snapshot.name", default=None)
    snapshot_sha256 = serializers.CharField(source="snapshot.sha256", default=None)
    metrics = serializers.SerializerMethodField()
    compared_with = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "task",
            "name",
            "recipe",
            "state",
            "created",
            "metrics",
            "snapshot",
            "weights_sha256",
            "code_version",
            "snapshot_sha256",
            "compared_with",
            "comparison",
        ]

    def get_metrics(self, version: ModelVersion) -> dict[str, Any]:
        """The figures that the list shows; the whole report is a request of its own."""
        return _short(version.metrics)

    def get_compared_with(self, version: ModelVersion) -> dict[str, Any] | None:
        """The version that this one was judged beside."""
        if version.compared_with is None:
            return None
        beside = version.compared_with
        return {
            "id": beside.pk,
            "name": beside.name,
            "metrics": _short(version.compared_metrics),
        }


def _short(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name not in LONG}


class ModelVersionsView(APIView):
    """All versions and the trainings."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """Newest first."""
        versions = ModelVersionOut(
            ModelVersion.objects.select_related("snapshot", "compared_with"), many=True
        ).data
        serving = {v["task"]: v for v in versions if v["state"] == ModelVersion.State.SERVING}
        runs = Job.objects.filter(kind__in=[Job.Kind.TRAINING, Job.Kind.COMPARE])[:20]
        return Response(
            {
                "serving": {task: serving.get(task) for task in ModelVersion.Task.values},
                "versions": versions,
                "runs": JobOut(runs, many=True).data,
            }
        )


class PromoteView(APIView):
    """Promotion and roll-back."""

    permission_classes = [role(ADMIN)]

    @transaction.atomic
    def post(self, request: Request, version: int) -> Response:
        """Let it serve; every film is pre-graded again, old predictions stay."""
        promoted = model_versions.promote(version_id=version, actor=user_of(request))
        tasks.pregrade_new_films()
        return Response(ModelVersionOut(promoted).data)


class ReportView(APIView):
    """Everything that was measured of a version."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, version: int) -> Response:
        """The whole report, readers under their names."""
        found = ModelVersion.objects.get(pk=version)
        return Response({"id": found.pk, "name": found.name, "metrics": _named(found.metrics)})


def _named(metrics: dict[str, Any]) -> dict[str, Any]:
    """The report with names instead of the numbers that a snapshot gives its readers."""
    pairs = metrics.get("readers")
    if not pairs:
        return metrics
    return {
        **metrics,
        "readers": {
            kind: [{**row, "raters": [_name(one) for one in row["raters"]]} for row in rows]
            for kind, rows in pairs.items()
        },
    }


def _name(rater: str) -> str:
    number = rater.removeprefix(dataset_snapshots.READER)
    account = User.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return shown_name(account) if account else rater


class CompareView(APIView):
    """A candidate beside what serves now."""

    permission_classes = [role(ADMIN)]

    @transaction.atomic
    def post(self, request: Request, version: int) -> Response:
        """Queue it."""
        candidate = model_versions.comparable(version)
        job = jobs.create(
            kind=Job.Kind.COMPARE,
            arguments={"model_version": candidate.pk},
            actor=user_of(request),
        )
        return Response(JobOut(tasks.hint(job)).data, status=202)


class RejectView(APIView):
    """Rejection."""

    permission_classes = [role(ADMIN)]

    def post(self, request: Request, version: int) -> Response:
        """Set it aside."""
        return Response(
            ModelVersionOut(model_versions.reject(version_id=version, actor=user_of(request))).data
        )


class TrainingInput(serializers.Serializer[Any]):
    """What to train on what."""

    study: "serializers.PrimaryKeyRelatedField[Study]" = serializers.PrimaryKeyRelatedField(
        queryset=Study.objects.all()
    )
    task = serializers.ChoiceField(choices=ModelVersion.Task.values)
    recipe = serializers.ChoiceField(choices=RECIPES)


class TrainingRunsView(APIView):
    """Start a training."""

    permission_classes = [role(ADMIN)]

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Queue it; one at a time."""
        wanted = TrainingInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        job = retraining.request_training(
            study=wanted.validated_data["study"],
            task=wanted.validated_data["task"],
            recipe=wanted.validated_data["recipe"],
            actor=user_of(request),
        )
        return Response(JobOut(tasks.hint(job)).data, status=202)


class ScheduleInOut(serializers.ModelSerializer[RetrainingSchedule]):
    """The schedule as the admin edits it."""

    recipe = serializers.ChoiceField(choices=RECIPES)
    every_hours = serializers.IntegerField(min_value=1, max_value=24 * 365)
    new_corners = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True)
    new_corners_now = serializers.SerializerMethodField()

    class Meta:
        model = RetrainingSchedule
        fields = ["enabled", "every_hours", "new_corners", "new_corners_now", "study", "recipe"]

    def get_new_corners_now(self, row: RetrainingSchedule) -> int | None:
        """Corners with a new consensus since the last start."""
        return retraining.new_consensus_corners(row) if row.study_id else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A running schedule needs a study."""
        row = self.instance
        enabled = attrs.get("enabled", row.enabled if row else False)
        study = attrs.get("study", row.study if row else None)
        if enabled and study is None:
            raise serializers.ValidationError({"study": "Choose the study to learn from."})
        return attrs


class RetrainingScheduleView(APIView):
    """Periodic retraining."""

    permission_classes = [role(ADMIN)]

    def get(self, request: Request) -> Response:
        """The schedule now."""
        return Response(ScheduleInOut(retraining.schedule()).data)

    def patch(self, request: Request) -> Response:
        """Change it."""
        change = ScheduleInOut(retraining.schedule(), data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        row = retraining.change_schedule(actor=user_of(request), **change.validated_data)
        return Response(ScheduleInOut(row).data)


class PromotionBoundsInOut(serializers.ModelSerializer[PromotionBounds]):
    """Within which bounds a scheduled candidate of a study serves by itself."""

    most_kappa_lost = serializers.FloatField(min_value=0, max_value=1)
    least_recall_2 = serializers.FloatField(min_value=0, max_value=1)
    most_bias = serializers.FloatField(min_value=0, max_value=72)
    least_patients = serializers.IntegerField(min_value=2, max_value=100_000)

    class Meta:
        model = PromotionBounds
        fields = list(auto_promotion.BOUNDS)


class PromotionBoundsView(APIView):
    """A study's bounds."""

    permission_classes = [role(ADMIN)]

    def get(self, request: Request, study: int) -> Response:
        """The bounds now."""
        bounds = auto_promotion.bounds_of(Study.objects.get(pk=study))
        return Response(PromotionBoundsInOut(bounds).data)

    def patch(self, request: Request, study: int) -> Response:
        """Change them."""
        of = Study.objects.get(pk=study)
        change = PromotionBoundsInOut(auto_promotion.bounds_of(of), data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        row = auto_promotion.change_bounds(
            actor=user_of(request), study=of, **change.validated_data
        )
        return Response(PromotionBoundsInOut(row).data)

"""The models page: what serves, what waits for a decision, training and its schedule."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import tasks
from annotation.api.jobs import JobOut
from annotation.models import Job, ModelVersion, RetrainingSchedule, Study
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import model_versions, retraining

# The recipes an admin may start; training.corner_grades defines them.
RECIPES = ("tiny", "quick", "best", "paper")


class ModelVersionOut(serializers.ModelSerializer[ModelVersion]):
    """A version with the serving one's figures on the same test patients beside it."""

    created = serializers.DateTimeField(source="created_at")
    snapshot = serializers.CharField(source="snapshot.name", default=None)
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
            "compared_with",
        ]

    def get_compared_with(self, version: ModelVersion) -> dict[str, Any] | None:
        """The version that served when this one was trained."""
        if version.compared_with is None:
            return None
        return {"name": version.compared_with.name, "metrics": version.compared_metrics}


class ModelVersionsView(APIView):
    """All versions and the trainings."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """Newest first."""
        versions = ModelVersionOut(
            ModelVersion.objects.select_related("snapshot", "compared_with"), many=True
        ).data
        serving = {v["task"]: v for v in versions if v["state"] == ModelVersion.State.SERVING}
        runs = Job.objects.filter(kind=Job.Kind.TRAINING)[:20]
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
    task = serializers.ChoiceField(choices=[ModelVersion.Task.CORNER_GRADES.value])
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
            recipe=wanted.validated_data["recipe"],
            actor=user_of(request),
        )
        return Response(JobOut(tasks.hint(job)).data, status=202)


class ScheduleInOut(serializers.ModelSerializer[RetrainingSchedule]):
    """The schedule as the admin edits it."""

    recipe = serializers.ChoiceField(choices=RECIPES)
    every_hours = serializers.IntegerField(min_value=1, max_value=24 * 365)

    class Meta:
        model = RetrainingSchedule
        fields = ["enabled", "every_hours", "study", "recipe"]

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

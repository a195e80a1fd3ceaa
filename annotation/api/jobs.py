"""Long work: what waits, runs and has ended, and stopping it."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import tasks
from annotation.api.users import shown_name
from annotation.errors import NotFound
from annotation.models import Job, Study
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import begun_films, corner_grades, jobs, retraining

NEWEST = 50


class JobOut(serializers.ModelSerializer[Job]):
    """A job as the pages show it."""

    asked_by = serializers.SerializerMethodField()
    training = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "state",
            "progress",
            "message",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "result",
            "cancel_asked",
            "asked_by",
            "training",
        ]

    def get_asked_by(self, job: Job) -> str | None:
        """Whoever asked for it; nobody: the schedule, or the program itself."""
        return shown_name(job.created_by) if job.created_by else None

    def get_training(self, job: Job) -> dict[str, Any] | None:
        """What is trained on what."""
        if job.kind != Job.Kind.TRAINING:
            return None
        study = Study.objects.filter(pk=job.arguments["study"]).values_list("name", flat=True)
        return {
            "study": study.first(),
            "task": job.arguments["task"],
            "recipe": job.arguments["recipe"],
        }


class JobsView(APIView):
    """The newest jobs, of one kind if asked."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """List."""
        found = Job.objects.all()
        if kind := request.query_params.get("kind"):
            found = found.filter(kind=kind)
        return Response(JobOut(found[:NEWEST], many=True).data)


class JobView(APIView):
    """One job."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, job: int) -> Response:
        """Its state now."""
        found = Job.objects.filter(pk=job).first()
        if found is None:
            raise NotFound
        return Response(JobOut(found).data)


class JobCancelView(APIView):
    """Stop a job."""

    permission_classes = [role(ADMIN)]

    def post(self, request: Request, job: int) -> Response:
        """Ask it to stop; a running one obeys at its next heartbeat."""
        return Response(JobOut(jobs.cancel(job_id=job, actor=user_of(request))).data)


class JobAgainView(APIView):
    """Start a failed training again."""

    permission_classes = [role(ADMIN)]

    @transaction.atomic
    def post(self, request: Request, job: int) -> Response:
        """Queue it, with the snapshot and the state that it had."""
        again = retraining.request_again(job_id=job, actor=user_of(request))
        return Response(JobOut(tasks.hint(again)).data, status=202)


class PregradeInput(serializers.Serializer[Any]):
    """Which films: ``"all"``, or ids."""

    radiographs = serializers.JSONField()

    def validate_radiographs(self, value: Any) -> list[int] | None:
        """None for all."""
        if value == "all":
            return None
        if isinstance(value, list) and all(type(film) is int for film in value):
            return value
        raise serializers.ValidationError('Give "all" or a list of radiograph ids.')


class PregradeView(APIView):
    """Start pre-grading."""

    permission_classes = [role(ADMIN)]

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Queue it."""
        wanted = PregradeInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        films = wanted.validated_data["radiographs"]
        if films is None:
            begun_films.ask_again()
            job = tasks.pregrade_new_films()
        else:
            asked = corner_grades.request_pregrading(films=films, actor=user_of(request))
            job = tasks.hint(asked)
        return Response(JobOut(job).data, status=202)

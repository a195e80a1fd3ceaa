"""The levels of a film were counted wrong: its reader, or the coordinator, moves the grades."""

from typing import Any

from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.reading import KeyInput, turned_out
from annotation.models import GradeEvent, Reading
from annotation.permissions import ADMIN, COORDINATOR, BlindReader, role, user_of
from annotation.services import level_corrections, reader_grades
from annotation.services.reader_grades import Circumstances


class ShiftInput(KeyInput):
    """Which way the grades move."""

    towards = serializers.ChoiceField(choices=[GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL])

    def validate_towards(self, value: str) -> GradeEvent.Cause:
        """As the ledger names it."""
        return GradeEvent.Cause(value)


class LevelShiftView(APIView):
    """The reader's own film in hand."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Move all its marks by one disc; undo takes it back."""
        given = ShiftInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = given.validated_data
        return turned_out(
            reader_grades.shift_levels(
                reader=user_of(request),
                reading_id=pk,
                key=data["idempotency_key"],
                towards=data["towards"],
                seen=Circumstances(client_time=data["client_time"]),
            )
        )


class CorrectionInput(ShiftInput):
    """Whose committed read of which film."""

    round = serializers.IntegerField()
    reader = serializers.CharField(max_length=150)
    radiograph = serializers.IntegerField()
    arm = serializers.ChoiceField(Reading.Arm.choices, default=Reading.Arm.MAIN)


class LevelCorrectionsView(APIView):
    """A committed read of a study."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, study: int) -> Response:
        """Move it, compare anew, and name what an adjudicator had decided."""
        given = CorrectionInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = given.validated_data
        reading = get_object_or_404(
            Reading,
            round__study=study,
            round=data["round"],
            reader__username=data["reader"],
            radiograph=data["radiograph"],
            site="",
            arm=data["arm"],
        )
        corrected = level_corrections.shift(
            actor=user_of(request),
            reading=reading,
            key=data["idempotency_key"],
            towards=data["towards"],
        )
        return Response({"corners": corrected.corners, "adjudicated": corrected.adjudicated})

"""A wrong answer to whose a film is: what taking it back would do, and doing it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.permissions import ADMIN, role, user_of
from annotation.services import asked_again
from annotation.services.asked_again import Answer


class Reason(serializers.Serializer[Any]):
    """Why the answer was wrong."""

    reason = serializers.CharField(allow_blank=True)


class AskedAgainView(APIView):
    """The answer by which a film came in."""

    permission_classes = [role(ADMIN)]

    def get(self, request: Request, radiograph: int) -> Response:
        """Whose films it says they are, which would ask again, and which a study has."""
        return Response(_shown(asked_again.answer_of(radiograph)))

    def post(self, request: Request, radiograph: int) -> Response:
        """Take it back; what became of its films."""
        given = Reason(data=request.data)
        given.is_valid(raise_exception=True)
        actor = user_of(request)
        answer = asked_again.take_back(radiograph=radiograph, actor=actor, **given.validated_data)
        return Response(_shown(answer))


def _shown(answer: Answer) -> dict[str, Any]:
    said = answer.said
    return {
        "patient": said.patient.pseudonym,
        "centre": said.centre.name,
        "sex": said.sex or None,
        "asks": [film.pk for film in answer.asks],
        "stays": [{"film": film, "study": study} for film, study in answer.stays.items()],
    }

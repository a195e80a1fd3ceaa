"""The adjudicator's screens: the corners on which readers differ, shown as A and B."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models.query import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.film_pane import (
    MarkInput,
    PictureView,
    discs_of_case,
    film_out,
    mark_from,
    mark_out,
)
from annotation.errors import NotFound
from annotation.models import AdjudicationCase, Radiograph, Study
from annotation.permissions import ADJUDICATOR, role, user_of
from annotation.services import adjudication, adjudication_leases, instrument
from inference.msasss import facing

SETTLED = "Every corner on which the readers differed is settled."
NONE_YET = "No corner to settle yet: one appears when all readers have committed a film and differ."


def _judged_by(user: User) -> QuerySet[Study]:
    """The studies in which a person judges and does not read."""
    return Study.objects.filter(adjudicators=user).exclude(readers=user)


class AdjudicationsView(APIView):
    """One's studies."""

    permission_classes = [role(ADJUDICATOR)]

    def get(self, request: Request) -> Response:
        """How many corners wait, and how many are settled."""
        rows = []
        for study in _judged_by(user_of(request)).order_by("pk"):
            waiting = adjudication.open_cases(study).count()
            rows.append(
                {
                    "study": {"id": study.pk, "name": study.name},
                    "open": waiting,
                    "settled": study.cases.count() - waiting,
                }
            )
        return Response(rows)


def case_out(case: AdjudicationCase) -> dict[str, Any]:
    """A case without the names of its readers."""
    a, b = adjudication.two_marks(case)
    return {
        "id": case.pk,
        "site": case.site,
        "facing": facing(case.site).code,
        "findings": instrument.findings_at(case.study, case.site),
        **film_out(case.radiograph, f"adjudication/{case.pk}"),
        "discs": discs_of_case(case),
        "a": mark_out(a),
        "b": mark_out(b),
    }


class NextCaseView(APIView):
    """The next corner of a study."""

    permission_classes = [role(ADJUDICATOR)]

    def post(self, request: Request, pk: int) -> Response:
        """The oldest open one that nobody else holds, and how many of the study are open."""
        study = _judged_by(user_of(request)).filter(pk=pk).first()
        if study is None:
            raise NotFound
        case = adjudication_leases.take_next(adjudicator=user_of(request), study=study)
        waiting = adjudication.open_cases(study).count()
        if case is None:
            return Response({"case": None, "open": waiting, "sentence": _why_none(study)})
        return Response({"case": case_out(case), "open": waiting, "sentence": ""})


def _why_none(study: Study) -> str:
    if free_at := adjudication_leases.next_free(study):
        return (
            "Other adjudicators hold the corners that are left. The next one is free again on "
            f"{free_at:%-d %B %Y at %H:%M UTC} at the latest."
        )
    return SETTLED if study.cases.exists() else NONE_YET


class DecisionInput(MarkInput):
    """The adjudicator's mark."""

    idempotency_key = serializers.UUIDField()


class DecisionView(APIView):
    """Settle a corner."""

    permission_classes = [role(ADJUDICATOR)]

    def post(self, request: Request, pk: int) -> Response:
        """A bridge settles the facing corner too."""
        given = DecisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        settled = adjudication.decide(
            adjudicator=user_of(request),
            case_id=pk,
            key=given.validated_data["idempotency_key"],
            mark=mark_from(given.validated_data),
        )
        return Response({"settled": settled})


class CasePictureView(PictureView):
    """The film of a case."""

    permission_classes = [role(ADJUDICATOR)]

    def film(self, request: Request, pk: int) -> Radiograph:
        """For an adjudicator of its study."""
        return adjudication.case_of(user_of(request), pk).radiograph

"""Routing: the corners that the model cannot settle, and the batches made of them."""

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Study
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import corner_routing, relabel_batches


class RankingInput(serializers.Serializer[Any]):
    """How much of the ranking to show."""

    limit = serializers.IntegerField(min_value=1, max_value=500, default=24)


class RankingView(APIView):
    """What a batch would hold now. Never for readers: it would show them the model's doubts."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, study: int) -> Response:
        """The top of the ranking."""
        wanted = RankingInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        version, corners = corner_routing.ranked_corners(
            get_object_or_404(Study, pk=study),
            size=wanted.validated_data["limit"],
            random_share=0.0,
        )
        return Response(
            {
                "model_version": version.name,
                "corners": [
                    {
                        "radiograph": chosen.candidate.film,
                        "site": chosen.candidate.site,
                        "score": chosen.score,
                        "reason": chosen.reason,
                        "p": chosen.candidate.p,
                    }
                    for chosen in corners
                ],
            }
        )


class BatchInput(serializers.Serializer[Any]):
    """How many corners, which share of them by chance, and for whom."""

    size = serializers.IntegerField(min_value=1, max_value=2000)
    random_share = serializers.FloatField(min_value=0, max_value=0.5, default=0.15)
    readers = serializers.SlugRelatedField(
        slug_field="username",
        queryset=get_user_model().objects.all(),
        many=True,
        allow_empty=False,
    )


class RelabelBatchesView(APIView):
    """Open a relabel batch: a round whose places are single corners in rank order."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, study: int) -> Response:
        """Freeze the ranking into a round."""
        wanted = BatchInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        found = get_object_or_404(Study, pk=study)
        opened = relabel_batches.open_ranked(
            study=found, actor=user_of(request), **wanted.validated_data
        )
        return Response(
            {
                "id": opened.pk,
                "number": opened.number,
                "kind": opened.kind,
                "corners": opened.queried_corners.count(),
            },
            status=201,
        )

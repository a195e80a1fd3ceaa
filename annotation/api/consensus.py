"""What the study would hold to be true under each rule, for its coordinator."""

from dataclasses import asdict

from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Study
from annotation.permissions import ADMIN, COORDINATOR, role
from annotation.services import consensus_comparison


class ConsensusRulesView(APIView):
    """Agree, mean, median and adjudicated side by side, computed anew."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, study: int) -> Response:
        """How many corners each rule settles, and how far two rules differ."""
        rules, pairs = consensus_comparison.compare(get_object_or_404(Study, pk=study))
        return Response(
            {"rules": [asdict(one) for one in rules], "pairs": [asdict(one) for one in pairs]}
        )

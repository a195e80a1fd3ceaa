"""The accounts, for whoever puts studies together."""

from django.contrib.auth.models import User
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.permissions import ADMIN, COORDINATOR, ROLES, role


class UsersView(APIView):
    """Accounts with a role."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """By name, with their roles; accounts that were switched off are not listed."""
        users = User.objects.filter(is_active=True).prefetch_related("groups").order_by("username")
        found = (
            (user, sorted({group.name for group in user.groups.all()} & set(ROLES)))
            for user in users
        )
        return Response(
            [
                {
                    "username": user.get_username(),
                    "name": user.get_full_name() or user.get_username(),
                    "roles": roles,
                }
                for user, roles in found
                if roles
            ]
        )

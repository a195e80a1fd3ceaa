"""The accounts, for whoever puts studies together."""

import re

from django.contrib.auth.models import User
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.permissions import ADMIN, COORDINATOR, ROLES, role

_HANGUL = re.compile(r"[\uac00-\ud7a3]")


def shown_name(user: User) -> str:
    """How a page calls somebody: a Korean name with the family name first and no space."""
    first, last = user.first_name, user.last_name
    if _HANGUL.search(first + last):
        return last + first
    return user.get_full_name() or user.get_username()


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
                    "name": shown_name(user),
                    "roles": roles,
                }
                for user, roles in found
                if roles
            ]
        )

"""Roles, and who may call what. Blinding itself is in the queries (``Reading.objects.of``).

A role is a Django group of the same name; a user may have several. Reader and coordinator exclude
each other where it matters: a coordinator sees everybody's grades, so a coordinator's own reads
would not be blind (``services.studies`` refuses such a reader).
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

READER = "reader"
ADJUDICATOR = "adjudicator"
COORDINATOR = "coordinator"
ADMIN = "admin"
DATA = "data"
ROLES = (READER, ADJUDICATOR, COORDINATOR, ADMIN, DATA)


def roles_of(user: User | AnonymousUser) -> frozenset[str]:
    """The user's roles; empty for strangers and for accounts that were switched off."""
    if not (user.is_authenticated and user.is_active):
        return frozenset()
    names = frozenset(user.groups.values_list("name", flat=True)) & frozenset(ROLES)
    return names | {ADMIN} if user.is_superuser else names


def user_of(request: Request) -> User:
    """The signed-in user, for views that a permission class has closed to strangers."""
    if isinstance(request.user, AnonymousUser):
        raise NotAuthenticated
    return request.user


class Nobody(BasePermission):
    """The default: a view that names no role is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse."""
        return False


class Anyone(BasePermission):
    """Open to strangers: sign-in and health only."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Allow."""
        return True


class SignedIn(BasePermission):
    """Any user with at least one role."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Allow whoever has a role."""
        return bool(roles_of(request.user))


def role(*allowed: str) -> type[BasePermission]:
    """A permission class that lets in users with one of the roles."""

    class HasRole(BasePermission):
        """Allow the named roles."""

        roles = frozenset(allowed)

        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(self.roles & roles_of(request.user))

    return HasRole

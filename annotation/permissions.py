"""Roles, and who may call what. Blinding itself is in the queries (``Reading.objects.of``).

A role is a Django group of the same name; a user may have several. Reader and coordinator exclude
each other where it matters: a coordinator sees everybody's grades, so a coordinator's own reads
would not be blind (``services.studies`` refuses such a reader).
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
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
# Whoever sees everybody's grades, in pages or in exports, does not read blind.
SEES_GRADES = frozenset({COORDINATOR, ADMIN, DATA})


# Written out, because putting it together costs three times what it takes to run.
_WITH_ROLES = """
    SELECT who.*, ARRAY(
        SELECT g.name FROM auth_group g JOIN auth_user_groups m ON m.group_id = g.id
        WHERE m.user_id = who.id
    ) AS role_names
    FROM auth_user who WHERE who.id = %s
"""


class AccountBackend(ModelBackend):
    """The account of a session with its roles, in one query: every key of a reader asks for it."""

    def get_user(self, user_id: int) -> User | None:
        """None for an account that is gone or was switched off."""
        user = next(iter(User.objects.raw(_WITH_ROLES, [user_id])), None)
        return user if user is not None and self.user_can_authenticate(user) else None


def roles_of(user: User | AnonymousUser) -> frozenset[str]:
    """The user's roles; empty for strangers and for accounts that were switched off."""
    if not (user.is_authenticated and user.is_active):
        return frozenset()
    known = getattr(user, "role_names", None)
    names = frozenset(user.groups.values_list("name", flat=True) if known is None else known)
    names &= frozenset(ROLES)
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


class BlindReader(BasePermission):
    """A reader without a role that shows everybody's grades; such a role may come after a study."""

    message = "Your other role shows you everybody's grades, so you cannot read blind."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Allow readers who see their own grades only."""
        roles = roles_of(request.user)
        return READER in roles and not roles & SEES_GRADES


def role(*allowed: str) -> type[BasePermission]:
    """A permission class that lets in users with one of the roles."""

    class HasRole(BasePermission):
        """Allow the named roles."""

        roles = frozenset(allowed)

        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(self.roles & roles_of(request.user))

    return HasRole

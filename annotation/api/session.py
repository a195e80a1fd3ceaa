"""Sign in, sign out, and who am I."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.users import shown_name
from annotation.errors import TooManyAttempts, WrongCredentials, answer
from annotation.models import Preferences
from annotation.permissions import Anyone, roles_of


def preferences_of(user: User) -> dict[str, str | None]:
    """What the user has chosen; null is left to the browser."""
    chosen = Preferences.objects.filter(user=user).first() or Preferences()
    return {"language": chosen.language or None, "theme": chosen.theme or None}


def session_of(request: Request) -> dict[str, Any]:
    """What the page needs to know about its user."""
    user = request.user
    return {
        "user": {
            "username": user.get_username(),
            "name": shown_name(user),
            "roles": sorted(roles_of(user)),
            "preferences": preferences_of(user),
        }
        if isinstance(user, User)
        else None,
        "csrf_token": get_token(request._request),
        "version": settings.VERSION,
    }


class Credentials(serializers.Serializer[Any]):
    """User name and password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class Choice(serializers.Serializer[Any]):
    """A language, a theme, or both."""

    language = serializers.ChoiceField(Preferences.Language.choices, required=False)
    theme = serializers.ChoiceField(Preferences.Theme.choices, required=False)


# Strangers have no session yet, so DRF would not check the CSRF token of a sign-in.
@method_decorator(csrf_protect, name="dispatch")
class SessionView(APIView):
    """The session of this browser."""

    permission_classes = [Anyone]

    def get(self, request: Request) -> Response:
        """Who am I."""
        return Response(session_of(request))

    def post(self, request: Request) -> Response:
        """Sign in."""
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = authenticate(request._request, **credentials.validated_data)
        if user is None:
            raise WrongCredentials
        login(request._request, user)
        request.user = user
        return Response(session_of(request))

    def patch(self, request: Request) -> Response:
        """Keep how this user wants the pages."""
        if not isinstance(request.user, User):
            raise NotAuthenticated
        choice = Choice(data=request.data)
        choice.is_valid(raise_exception=True)
        Preferences.objects.update_or_create(user=request.user, defaults=choice.validated_data)
        return Response(session_of(request))

    def delete(self, request: Request) -> Response:
        """Sign out."""
        logout(request._request)
        request.user = request._request.user
        return Response(session_of(request))


def too_many_attempts(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """What django-axes answers, here and in the admin's own sign-in, while a name is locked."""
    told = answer(TooManyAttempts(), {})
    return JsonResponse(told.data, status=told.status_code)

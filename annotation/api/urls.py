"""Every route of the API. A route without a row in the role table of the tests fails there."""

from django.urls import path

from annotation.api.health import HealthView
from annotation.api.session import SessionView

urlpatterns = [
    path("session", SessionView.as_view()),
    path("health", HealthView.as_view()),
]

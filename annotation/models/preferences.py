"""How a user wants the pages: language and light. Follows them from browser to browser."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Preferences(models.Model):
    """One row per user who has chosen something; empty means: not chosen, the browser decides."""

    class Language(models.TextChoices):
        ENGLISH = "en"
        KOREAN = "ko"

    class Theme(models.TextChoices):
        AUTOMATIC = "automatic"  # films in the dark, office work in the light
        DARK = "dark"
        LIGHT = "light"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE
    )
    language = models.CharField(max_length=2, choices=Language, blank=True, default="")
    theme = models.CharField(max_length=9, choices=Theme, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="language_is_spoken", condition=Q(language__in=["", "en", "ko"])
            ),
            models.CheckConstraint(
                name="theme_is_known", condition=Q(theme__in=["", "automatic", "dark", "light"])
            ),
        ]

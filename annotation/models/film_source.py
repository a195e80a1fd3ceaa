"""Which hospital an account sends films for."""

from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.db import models


class FilmSource(models.Model):
    """The centre of every film that this account sends by the upload page or STOW-RS.

    Without a row the institution in the film's header is used, under a pseudonym.
    """

    account = models.OneToOneField(User, on_delete=models.CASCADE, related_name="film_source")
    centre = models.CharField(
        max_length=64,
        help_text="the hospital's name in results; choose one that names it to nobody else",
        validators=[RegexValidator(r"\S")],
    )

    def __str__(self) -> str:
        return f"{self.account} for {self.centre}"

"""Films that a worker has in hand: a killed process can write nothing down any more."""

from django.db import models

from annotation.models.radiograph import Radiograph


class BegunFilm(models.Model):
    """A film that a worker began to grade. The row goes when the film has ended, however it did.

    One that stays is of a worker that was killed in the middle, perhaps by this film.
    """

    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="+")
    worker = models.CharField(max_length=120, help_text="as its job names it, for one claim")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="begun_once_per_worker", fields=["radiograph", "worker"])
        ]

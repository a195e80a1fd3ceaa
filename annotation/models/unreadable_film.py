"""Films that came and cannot be shown: what is known of them, so that they can be sent again."""

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from annotation.models.radiograph import Radiograph


class UnreadableFilm(models.Model):
    """A film that no decoder reads. Nothing of its pixels is kept.

    Nobody could look whether a name is burnt into them, and compressed frames carry comments of
    their own; the file itself is still where it came from. What is kept is de-identified as a
    film's row is, and says which film to send again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waits until the film comes again or a person gives it up"
        ARRIVED = "arrived", "the film came again and could be read"
        GIVEN_UP = "given_up"

    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.TextField()
    # Keyed hash of the file: the same file sent again is the same row.
    file_hash = models.CharField(max_length=64, unique=True)
    file_bytes = models.PositiveIntegerField()
    sop_uid = models.CharField(max_length=64, help_text="keyed, as a radiograph's")
    patient = models.CharField(max_length=32, help_text="pseudonym; the patient may have no film")
    visit_date = models.DateField(help_text="shifted as the patient's visits are")
    region = models.CharField(max_length=1, blank=True, help_text="as the header says")
    encoding = models.CharField(max_length=120, help_text="name of the transfer syntax")
    centre = models.CharField(max_length=64)
    device = models.CharField(max_length=32, blank=True)
    manufacturer = models.CharField(max_length=64, blank=True)
    scanner = models.CharField(max_length=64, blank=True)
    sent_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    came_at = models.DateTimeField(auto_now_add=True)
    radiograph = models.ForeignKey(
        Radiograph, null=True, on_delete=models.SET_NULL, help_text="as which it came again"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="unreadable_film_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="unreadable_film_state_known",
                condition=Q(state__in=["waiting", "arrived", "given_up"]),
            ),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"unreadable film {self.pk}"

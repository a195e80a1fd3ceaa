"""A wrong decision on a film is undone: one in use waits again, a discarded one may come again."""

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import BadInput, Conflict
from annotation.models import Radiograph, Study
from annotation.services import audit, unreadable_films
from annotation.services.quarantine import locked

LONGEST_REASON = 500  # characters: a sentence or two


def set_aside(*, radiograph: int, reason: str, actor: User) -> Radiograph:
    """Take a film out of use, for `reason`: it waits in the quarantine like any other.

    Raises NotFound; BadInput without a reason; Conflict when it is not in use, or when a study has
    it, whose readings are of what was read.
    """
    if not (reason := sound(reason)):
        raise BadInput(f"Write why the film is set aside, in at most {LONGEST_REASON} characters.")
    with transaction.atomic():
        film = locked(radiograph)
        if film.state != Radiograph.State.READY:
            raise Conflict("This film is not in use; reload the page.")
        if study := Study.of_any_purpose.filter(films=film).order_by("pk").first():
            raise Conflict(
                f"{study.name!r} has this film, and what a study or a deck reads stays as it is. "
                "Its readers can mark it as not assessable; leave it out of the next one."
            )
        film.state, film.reason = Radiograph.State.QUARANTINED, reason
        film.save(update_fields=["state", "reason"])
        audit.record(actor=actor, action="radiograph.set_aside", subject=film, reason=reason)
    return film


def sound(reason: str) -> str:
    """A reason as it is stored; empty where it is none, or too long."""
    reason = reason.strip()
    return reason if len(reason) <= LONGEST_REASON else ""


def forget(*, radiograph: int, actor: User) -> Radiograph:
    """Let a discarded film come again: the row stays as history, and knows nothing any more.

    Raises NotFound; Conflict when it is not discarded.
    """
    with transaction.atomic():
        film = locked(radiograph)
        if film.state != Radiograph.State.DISCARDED:
            raise Conflict("This film is not discarded; reload the page.")
        film.state = Radiograph.State.FORGOTTEN
        film.save(update_fields=["state"])
        audit.record(actor=actor, action="radiograph.forgotten", subject=film, reason=film.reason)
        unreadable_films.await_again(film)
    return film

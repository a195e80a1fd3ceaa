"""A person's decision on a film that was set aside: fix its region and let it in, or discard it."""

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import Radiograph
from annotation.services import audit


def accept(*, radiograph: int, region: str, actor: User) -> Radiograph:
    """Let a quarantined film in as 'C' or 'L'.

    Raises NotFound; Conflict when it does not wait, or another film in use has its identifier.
    """
    if region not in ("C", "L"):
        raise BadInput("The region is C (cervical) or L (lumbar).")
    with transaction.atomic():
        film = _waiting(radiograph)
        others = Radiograph.objects.ready().filter(sop_uid=film.sop_uid)
        if others.exists():
            raise Conflict(
                "A film in use has the same identifier (SOP Instance UID) with other pixels; "
                "discard this one, or send it again under its own identifier."
            )
        reason = film.reason
        film.region, film.state, film.reason = region, Radiograph.State.READY, ""
        film.save(update_fields=["region", "state", "reason"])
        audit.record(
            actor=actor, action="radiograph.accepted", subject=film, region=region, reason=reason
        )
    return film


def discard(*, radiograph: int, actor: User) -> Radiograph:
    """Keep a quarantined film out for good: its picture is deleted, its hash stays to know it by.

    Raises NotFound; Conflict when it does not wait.
    """
    with transaction.atomic():
        film = _waiting(radiograph)
        film.state = Radiograph.State.DISCARDED
        film.save(update_fields=["state"])
        audit.record(actor=actor, action="radiograph.discarded", subject=film, reason=film.reason)
        transaction.on_commit(lambda: _delete_files(film))
    return film


def _waiting(radiograph: int) -> Radiograph:
    film = Radiograph.objects.select_for_update().filter(pk=radiograph).first()
    if film is None:
        raise NotFound
    if film.state != Radiograph.State.QUARANTINED:
        raise Conflict("This film does not wait for a decision; reload the page.")
    return film


def _delete_files(film: Radiograph) -> None:
    film.picture_path.unlink(missing_ok=True)
    film.preview_path.unlink(missing_ok=True)

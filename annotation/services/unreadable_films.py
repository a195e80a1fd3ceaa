"""Films that came and cannot be shown: noted once, closed when they come again or are given up."""

import hashlib
import hmac
from datetime import date
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from pydicom.dataset import Dataset
from pydicom.uid import UID

from annotation.errors import Conflict, NotFound
from annotation.models import Radiograph, UnreadableFilm
from annotation.services import audit, named_locks
from inference.film_tags import region_of


def note(
    source: bytes | Path,
    *,
    header: Dataset,
    clean: Dataset,
    centre: str,
    reason: str,
    actor: User | None,
) -> UnreadableFilm:
    """The row of this file, a new one or that of an earlier try.

    It does not wait where a film with that identifier is here already: a damaged copy.

    `header` is as it came, and only its encoding is looked at; `clean` is what `deidentify` made of
    it. OSError when the file cannot be read.
    """  # fmt: skip
    data = source if isinstance(source, bytes) else source.read_bytes()
    file_hash = hmac.new(settings.PSEUDONYM_KEY, data, hashlib.sha256).hexdigest()
    with transaction.atomic():
        _one_copy_at_a_time(str(clean.SOPInstanceUID))
        film, is_new = UnreadableFilm.objects.get_or_create(
            file_hash=file_hash,
            defaults={
                "reason": reason,
                "file_bytes": len(data),
                "sop_uid": str(clean.SOPInstanceUID),
                "patient": str(clean.PatientID),
                "visit_date": date.fromisoformat(str(clean.StudyDate)),
                "region": region_of(clean)[0] or "",
                "encoding": _encoding(header),
                "centre": centre,
                "device": str(clean.DeviceSerialNumber),
                "manufacturer": str(clean.get("Manufacturer", "")),
                "scanner": str(clean.get("ManufacturerModelName", "")),
                "sent_by": actor,
            },
        )
        if is_new:
            audit.record(actor=actor, action="unreadable_film.noted", subject=film, reason=reason)
        elif film.state == UnreadableFilm.State.GIVEN_UP:
            film.state = UnreadableFilm.State.WAITING
            film.save(update_fields=["state"])
            audit.record(actor=actor, action="unreadable_film.reopened", subject=film)
        here = Radiograph.objects.kept().filter(sop_uid=film.sop_uid)
        if known := here.order_by("-state").first():
            arrived(known)
            film.refresh_from_db()
    return film


def _one_copy_at_a_time(*uids: str) -> None:
    """A film and a damaged copy of it that come at once would not see each other, and the copy
    would wait for ever."""
    named_locks.hold(*(f"film that comes as {uid}" for uid in uids))


def _encoding(header: Dataset) -> str:
    """The transfer syntax by its name; what the standard does not name is free text."""
    try:
        syntax = UID(str(header.file_meta.TransferSyntaxUID))
    except Exception:  # noqa: BLE001  # pydicom raises anything on a broken value
        return "unknown"
    return syntax.name[:120] if syntax.name != syntax else "unknown"


def arrived(film: Radiograph, *names: str) -> None:
    """Close what waited for this film, in the caller's transaction.

    `names` are other keyed UIDs under which the same picture came.
    """
    names = (film.sop_uid, *names)
    _one_copy_at_a_time(*names)
    waiting = UnreadableFilm.objects.filter(sop_uid__in=names, state=UnreadableFilm.State.WAITING)
    for earlier in waiting:
        earlier.state, earlier.radiograph = UnreadableFilm.State.ARRIVED, film
        earlier.save(update_fields=["state", "radiograph"])
        audit.record(
            actor=None, action="unreadable_film.arrived", subject=earlier, radiograph=film.pk
        )


def await_again(film: Radiograph) -> None:
    """Wait again for what came as this film, which may come again; in the caller's transaction."""
    for earlier in UnreadableFilm.objects.filter(radiograph=film):
        earlier.state, earlier.radiograph = UnreadableFilm.State.WAITING, None
        earlier.save(update_fields=["state", "radiograph"])
        audit.record(
            actor=None, action="unreadable_film.reopened", subject=earlier, radiograph=film.pk
        )


def give_up(*, unreadable_film: int, actor: User) -> UnreadableFilm:
    """A person waits for it no longer. Raises NotFound; Conflict when it does not wait."""
    with transaction.atomic():
        film = UnreadableFilm.objects.select_for_update().filter(pk=unreadable_film).first()
        if film is None:
            raise NotFound
        if film.state != UnreadableFilm.State.WAITING:
            raise Conflict("This film does not wait any more; reload the page.")
        film.state = UnreadableFilm.State.GIVEN_UP
        film.save(update_fields=["state"])
        audit.record(actor=actor, action="unreadable_film.given_up", subject=film)
    return film

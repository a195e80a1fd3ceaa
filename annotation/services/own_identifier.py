"""A film kept out because another one has its identifier, and sent again under one of its own."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pydicom.dataset import Dataset

from annotation.models import Radiograph
from annotation.services import audit, patient_number, unreadable_films
from annotation.services.film_pictures import FilmPictures
from annotation.services.film_row import CONFLICT, came_with, is_same_visit, judge
from inference.dicom import Calibrated, Film


def is_found(known: Radiograph, film: Calibrated, clean: Dataset, centre: str | None) -> bool:
    """Whether `known`, of the same picture, was kept out for its identifier and now has its own."""
    uid = str(clean.SOPInstanceUID)
    if known.pixel_sha256 != film.pixel_sha256:  # another picture would stand under its hash
        return False
    if not _is_kept_out(known) or uid == known.sop_uid or not is_same_visit(known, clean, centre):
        return False
    others = Radiograph.objects.kept().filter(sop_uid=uid)
    return not others.exists()


def _is_kept_out(film: Radiograph) -> bool:
    waits = film.state in (Radiograph.State.QUARANTINED, Radiograph.State.DISCARDED)
    return waits and film.reason.startswith(CONFLICT)


def give(
    known: Radiograph,
    film: Film,
    clean: Dataset,
    pictures: FilmPictures,
    *,
    centre: str | None,
    actor: User | None,
) -> Radiograph:
    """The row under its own identifier: let in, or waiting for what else a person must settle.

    IntegrityError when another film took that identifier meanwhile, or somebody has decided on it.
    """
    with transaction.atomic():
        own = Radiograph.objects.select_for_update().get(pk=known.pk)
        if not _is_kept_out(own):
            raise IntegrityError
        has_no_picture = own.state == Radiograph.State.DISCARDED
        came = came_with(clean, centre)
        _, own.known_by = patient_number.whose(came)
        judge(own, film, clean, asks_person=own.known_by is None)
        patient_number.ask(own, None if own.known_by else came)
        own.save(update_fields=["sop_uid", "state", "reason", "region", "known_by"])
        if has_no_picture:
            pictures.write(own, film.glance, film.window)
        audit.record(
            actor=actor, action="radiograph.came_under_own_identifier", subject=own,
            reason=own.reason,
        )  # fmt: skip
        unreadable_films.arrived(own)
    return own

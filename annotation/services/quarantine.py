"""Films that are set aside, and a person's decision: set it right and let it in, or discard it."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import cast

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from annotation.errors import BadInput, Conflict, NotFound
from annotation.models import AuditRecord, Pregrading, Radiograph, StudyFilm
from annotation.services import audit, patient_number, person_answers
from annotation.services.film_pictures import FilmPictures
from inference.correction import Correction, Rectangle
from inference.film_content import Shown, conflict
from inference.film_tags import Facing
from inference.msasss import Region
from inference.picture import automatic_window, read_picture

UNCHANGED = Correction()


def set_aside_misfiled(films: Mapping[int, Shown | None]) -> set[int]:
    """Set aside those that show something else than they are filed as; which they are.

    `films` says what the key point network saw on new films. One that a study reads, that a person
    let in, or that was pre-graded before, by whatever version, stays where it is. Where the header
    was silent the facing is what the picture shows.
    """
    with transaction.atomic():
        new = Radiograph.objects.ready().filter(pk__in=films, let_in=False)
        locked = list(new.select_for_update().order_by("pk"))
        # Asked once they are locked: a study that was being made may have taken some meanwhile.
        known = {
            number
            for rows in (StudyFilm.objects, Pregrading.objects)
            for number in rows.filter(radiograph__in=locked).values_list("radiograph", flat=True)
        }
        return {
            film.pk
            for film in locked
            if film.pk not in known and _is_set_aside(film, films[film.pk])
        }


def _is_set_aside(film: Radiograph, shows: Shown | None) -> bool:
    if shows is None:
        return False
    reason = conflict(shows, cast(Region, film.region), cast(Facing, film.facing) or None)
    if reason:
        film.state, film.reason = Radiograph.State.QUARANTINED, reason
        audit.record(actor=None, action="radiograph.quarantined", subject=film, reason=reason)
    facing = film.facing or shows.facing or ""
    if reason or facing != film.facing:  # most films are as their header says: nothing to write
        film.facing = facing
        film.save(update_fields=["state", "reason", "facing"])
    return bool(reason)


@contextmanager
def _one_decision() -> Iterator[None]:
    """All of it or nothing; Conflict where the database refuses what has changed meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        raise Conflict(
            "Another film, or another decision, came in between. Reload the page and decide again."
        ) from clash


def accept(
    *,
    radiograph: int,
    region: str,
    actor: User,
    correction: Correction = UNCHANGED,
    facing: str | None = None,
    person: str | None = None,
) -> Radiograph:
    """Let a quarantined film in as 'C' or 'L', after `correction` of its picture.

    `facing` is the side of the corrected picture where the patient's front is, 'left' or 'right';
    None leaves what is known, as the correction moves it. `person` says whose it is where that is
    asked; see `person_answers.answer`. A film that was in use and is changed comes in as a new one,
    see `_replaced`. Raises NotFound; Conflict when the film does not wait, or another film in use
    has its identifier, or its picture cannot be read; BadInput when too much of it would be
    blacked out.
    """
    if region not in ("C", "L"):
        raise BadInput("The region is C (cervical) or L (lumbar).")
    if facing not in ("left", "right", None):
        raise BadInput("The patient faces left or right.")
    with FilmPictures() as pictures, _one_decision():
        film = _waiting(radiograph)
        others = Radiograph.objects.ready().filter(sop_uid=film.sop_uid)
        if others.exists():
            raise Conflict(
                "A film in use has the same identifier (SOP Instance UID) with other pixels; "
                "discard this one, or send it again under its own identifier."
            )
        came = person_answers.answer(film, person=person, actor=actor)
        old, reason = film, film.reason
        if (correction or region != film.region) and _was_in_use(film):
            film = _replaced(film, actor)
        film.region, film.state, film.reason = region, Radiograph.State.READY, ""
        film.let_in = True
        film.facing = facing or _moved(film.facing, correction)
        blacked = _write(film, old, correction, pictures) if correction or film is not old else ()
        film.save()
        audit.record(
            actor=actor, action="radiograph.accepted", subject=film, region=region, reason=reason,
            facing=film.facing, inverted=correction.inverted, mirrored=correction.mirrored,
            turned=correction.turned, blacked=[astuple(one) for one in blacked],
        )  # fmt: skip
        if came:
            person_answers.settle_others(came)
    return film


def discard(*, radiograph: int, actor: User) -> Radiograph:
    """Keep a quarantined film out for good: its picture is deleted, its hash stays to know it by.

    Raises NotFound; Conflict when it does not wait.
    """
    with transaction.atomic():
        film = _waiting(radiograph)
        patient_number.ask(film, None)
        film.state = Radiograph.State.DISCARDED
        film.save(update_fields=["state"])
        audit.record(actor=actor, action="radiograph.discarded", subject=film, reason=film.reason)
        _delete_on_commit(film.picture_path, film.preview_path)
    return film


def locked(radiograph: int) -> Radiograph:
    """The film, locked until the transaction ends. Raises NotFound."""
    film = Radiograph.objects.select_for_update().filter(pk=radiograph).first()
    if film is None:
        raise NotFound
    return film


def _waiting(radiograph: int) -> Radiograph:
    film = locked(radiograph)
    if film.state != Radiograph.State.QUARANTINED:
        raise Conflict("This film does not wait for a decision; reload the page.")
    return film


def _was_in_use(film: Radiograph) -> bool:
    """Whether points and grades may be of the film as it is, or will be: a worker may have it."""
    return AuditRecord.objects.filter(
        action="radiograph.set_aside", subject=f"Radiograph {film.pk}"
    ).exists()


def _replaced(film: Radiograph, actor: User) -> Radiograph:
    """A new row for the film, which models have not seen, in place of its old one.

    The old one stays as history, with the points and grades that models gave what it was.
    """
    new = copy.copy(film)
    for state in (Radiograph.State.DISCARDED, Radiograph.State.FORGOTTEN):
        film.state = state
        film.save(update_fields=["state"])
    new.pk, new._state = None, copy.copy(film._state)
    new._state.adding = True
    new.save()
    film.reason = f"Film {new.pk} stands in its place."
    film.save(update_fields=["reason"])
    audit.record(actor=actor, action="radiograph.replaced", subject=film, by=new.pk)
    return new


def _write(
    film: Radiograph, old: Radiograph, correction: Correction, pictures: FilmPictures
) -> tuple[Rectangle, ...]:
    """The corrected picture under a name of its own; the old one goes when this one stands.

    Returns what was blacked out, in pixels of the film as it was sent.
    """
    if refusal := correction.why_not(film.height, film.width):
        raise BadInput(refusal)
    try:
        stored = read_picture(old.picture_path)
    except (OSError, ValueError) as error:
        raise Conflict("The film's picture cannot be read: restore it from the backup.") from error
    gone = old.picture_path, old.preview_path
    pixels = correction.of(stored)
    window = automatic_window(pixels, correction.covered(*stored.shape))
    sent = stored.shape[::-1] if film.turned % 2 else stored.shape
    done = correction.after(Correction(film.inverted, film.mirrored, film.turned), *sent)
    film.inverted, film.mirrored, film.turned = done.inverted, done.mirrored, done.turned
    film.corrected = film.corrected or bool(correction)
    film.height, film.width = pixels.shape
    pictures.begin(pixels)
    pictures.write(film, pixels, window)
    _delete_on_commit(*gone)
    film.window_center, film.window_width = window.center, window.width
    return done.blacked


def _moved(facing: str, correction: Correction) -> str:
    """The side on which the front is afterwards; unknown when a side became top or bottom."""
    if not facing or correction.turned % 2:
        return ""
    changes_sides = correction.mirrored != (correction.turned == 2)
    return {"left": "right", "right": "left"}[facing] if changes_sides else facing


def _delete_on_commit(*paths: Path) -> None:
    for path in paths:
        transaction.on_commit(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]

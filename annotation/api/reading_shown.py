"""A place as its reader may see it: films, the marks that stand, and what the study asks."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User

from annotation.api.film_pane import discs_out, film_out, mark_out
from annotation.models import Reading, Study
from annotation.services import calibration, reader_grades, reading_queue, worklist
from annotation.services.ledger import Marks
from annotation.services.reading_queue import Place
from inference.msasss import BRIDGE


def place_out(
    reading: Reading, reader: User, of_place: Sequence[Reading], upcoming: Iterable[Place]
) -> dict[str, Any]:
    """A place as its reader may see it, and those that come `upcoming` after it, not opened yet."""
    places = worklist.length(reader, reading.round)
    coming = [_place_alone(place[0], reader, place, places) for place in upcoming]
    return {**_place_alone(reading, reader, of_place, places), "upcoming": coming}


def _place_alone(
    reading: Reading, reader: User, of_place: Sequence[Reading], places: int
) -> dict[str, Any]:
    """A reading with those that are read together with it, `paired`, in the order of slots."""
    shown = {one.pk: reading_out(one, reader, of_place, places) for one in of_place}
    asked = shown.pop(reading.pk)
    return {**asked, "paired": list(shown.values())}


def reading_out(
    reading: Reading, reader: User, of_place: Sequence[Reading], places: int
) -> dict[str, Any]:
    """One reading of a place as its reader may see it, one of so many places."""
    study, round_ = reading.round.study, reading.round
    history = reader_grades.history_of(reading)
    return {
        "id": reading.pk,
        "study": {"id": study.pk, "name": study.name},
        "round": {"id": round_.pk, "number": round_.number, "kind": round_.kind},
        "position": reading.position,
        "places": places,
        "time_point": time_point_out(reading, of_place),
        **film_out(reading.radiograph, f"readings/{reading.pk}"),
        "sites": reading.sites,
        "discs": discs_out(reading.radiograph, reader, reading),
        "marks": marks_out(history.marks),
        "can_undo": bool(history.done),
        "can_redo": bool(history.undone),
        "state": reading_queue.state_of(reading),
        "lease_until": reading.lease_until,
        "instrument": {
            "cervical_squaring": study.cervical_squaring,
            "finding_flags": study.finding_flags,
            "assist_mode": study.assist_mode,
            "chronology": round_.chronology,
        },
        "model": model_out(reading),
        "answers": marks_out(calibration.answers_to(reading)),
    }


def time_point_out(reading: Reading, of_place: Sequence[Reading]) -> dict[str, Any] | None:
    """Which film of a pair this is; None for a film that is read by itself.

    `days` after the first time point where the order is known. Where it is not, the slots were
    drawn, and nothing here tells when a film was taken.
    """
    if len(of_place) < 2:
        return None
    days = None
    if reading.round.chronology == Study.Chronology.PAIRED_KNOWN:
        first = min(one.radiograph.visit.date for one in of_place)
        days = (reading.radiograph.visit.date - first).days
    return {"slot": reading.slot, "days": days}


def marks_out(marks: Marks) -> dict[str, Any]:
    """Standing marks by site."""
    return {site: mark_out(mark) for site, mark in marks.items()}


def model_out(reading: Reading) -> dict[str, Any] | None:
    """The model's grades where they are in sight; the version stays the one that was shown."""
    version = reading.model_version_shown
    if version is None:
        return None
    found = reading.radiograph.corner_predictions.filter(
        model_version=version, site__in=reading.sites
    )
    return {
        "version": version.name,
        "corners": {
            row.site: _predicted([row.p0, row.p1, row.p2, row.p3]) for row in found.order_by("pk")
        },
    }


def _predicted(p: list[float]) -> dict[str, Any]:
    """Bridge first, else the likeliest of 0, 1, 2: the facing corners then agree on a bridge."""
    grade = BRIDGE if p[BRIDGE] >= 0.5 else max(range(BRIDGE), key=lambda g: p[g])
    return {"p": p, "grade": grade}

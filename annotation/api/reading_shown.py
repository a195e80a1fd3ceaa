"""A place as its reader may see it: films, the marks that stand, and what the study asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from annotation.api.film_pane import discs_of_readings, film_out, mark_out, window_out
from annotation.models import Reading, Study
from annotation.services import calibration, reader_grades, reading_queue, worklist
from annotation.services.ledger import History, Marks
from annotation.services.reading_queue import Place


@dataclass(frozen=True)
class _Shown:
    """What was fetched at once for all readings of an answer, by reading."""

    places: int
    histories: Mapping[int, History]
    discs: Mapping[int, list[dict[str, Any]]]


def places_out(places: Sequence[Place], reader: User) -> list[dict[str, Any]]:
    """Places of one round as their reader may see them; what they show is fetched at once."""
    readings = [one for place in places for one in place]
    if not readings:
        return []
    shown = _Shown(
        places=worklist.length(reader, readings[0].round),
        histories=reader_grades.histories_of(readings + _revised(readings)),
        discs=discs_of_readings(readings, reader),
    )
    return [_place_alone(place, shown) for place in places]


def _revised(readings: Sequence[Reading]) -> list[Reading]:
    """The readings whose grades a second look may change; nothing of them but their ids."""
    return [Reading(pk=one.revises_id) for one in readings if one.revises_id]


def with_upcoming(places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first place with those that come `upcoming` after it, not opened yet."""
    return {**places[0], "upcoming": places[1:]}


def _place_alone(place: Place, shown: _Shown) -> dict[str, Any]:
    """The first reading with those that are read together with it, `paired`."""
    asked, *paired = (_reading_out(one, place, shown) for one in place)
    return {**asked, "paired": paired}


def _reading_out(reading: Reading, place: Place, shown: _Shown) -> dict[str, Any]:
    """One reading of a place as its reader may see it."""
    study, round_ = reading.round.study, reading.round
    history = shown.histories[reading.pk]
    return {
        "id": reading.pk,
        "study": {"id": study.pk, "name": study.name},
        "round": {"id": round_.pk, "number": round_.number, "kind": round_.kind},
        "position": reading.position,
        "places": shown.places,
        "time_point": time_point_out(reading, place),
        # The film of a second look is on the page already.
        **film_out(reading.radiograph, f"readings/{reading.revises_id or reading.pk}"),
        **_last_window(history),
        "sites": reading.sites,
        "discs": shown.discs[reading.pk],
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
        "first_marks": _first_marks(reading, shown),
        "answers": marks_out(calibration.answers_to(reading)),
    }


def _last_window(history: History) -> dict[str, Any]:
    """Instead of the film's own window that with which the reader graded last, and when."""
    last = history.window
    if last is None:
        return {"window_at": None}
    return {"window": window_out(last.center, last.width), "window_at": last.at}


def _first_marks(reading: Reading, shown: _Shown) -> dict[str, Any] | None:
    """What a second look may change; None in any other reading."""
    if reading.revises_id is None:
        return None
    return marks_out(shown.histories[reading.revises_id].marks)


def time_point_out(reading: Reading, place: Place) -> dict[str, Any] | None:
    """Which film of a pair this is; None for a film that is read by itself.

    `days` after the first time point where the order is known. Where it is not, the slots were
    drawn, and nothing here tells when a film was taken.
    """
    if len(place) < 2:
        return None
    days = None
    if reading.round.chronology == Study.Chronology.PAIRED_KNOWN:
        first = min(one.radiograph.visit.date for one in place)
        days = (reading.radiograph.visit.date - first).days
    return {"slot": reading.slot, "days": days}


def marks_out(marks: Marks) -> dict[str, Any]:
    """Standing marks by site."""
    return {site: mark_out(mark) for site, mark in marks.items()}


def model_out(reading: Reading) -> dict[str, Any] | None:
    """The model's grades where they are in sight; the versions stay those that were shown."""
    version = reading.model_version_shown
    if version is None:
        return None
    found = reading.radiograph.corner_predictions.filter(
        model_version=version,
        points_version=reading.points_version_shown_id,
        site__in=reading.sites,
    )
    return {
        "version": version.name,
        "corners": {
            row.site: {"p": [row.p0, row.p1, row.p2, row.p3], "grade": row.grade}
            for row in found.order_by("pk")
        },
    }

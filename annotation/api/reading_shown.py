"""A reading as its reader may see it: the film, the marks that stand, and what the study asks."""

from typing import Any

from django.contrib.auth.models import User

from annotation.api.film_pane import discs_out, film_out, mark_out, picture_urls
from annotation.models import Reading
from annotation.services import reader_grades, reading_queue
from annotation.services.ledger import Marks
from inference.msasss import BRIDGE


def reading_out(reading: Reading, reader: User) -> dict[str, Any]:
    """A reading as its reader may see it."""
    study, round_ = reading.round.study, reading.round
    places = Reading.objects.of(reader).filter(round=round_).count()
    history = reader_grades.history_of(reading)
    coming = reading_queue.upcoming(reading)
    return {
        "id": reading.pk,
        "study": {"id": study.pk, "name": study.name},
        "round": {"id": round_.pk, "number": round_.number, "kind": round_.kind},
        "label": f"{reading.position} of {places}",
        "position": reading.position,
        "places": places,
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
        },
        "model": model_out(reading),
        "upcoming": [picture_urls(f"readings/{coming.pk}")] if coming else [],
    }


def marks_out(marks: Marks) -> dict[str, Any]:
    """Standing marks by site."""
    return {site: mark_out(mark) for site, mark in marks.items()}


def model_out(reading: Reading) -> dict[str, Any] | None:
    """The model's grades, once a commit has shown them; the version stays the one shown."""
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

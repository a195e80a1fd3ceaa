"""Calibration: readers grade films whose answers are known, and learn how far they agree.

A deck is a study of its own purpose, and each try of a reader is a round of it with places of that
reader alone: queue, lease, ledger and commit are the same as everywhere. Nothing of it enters
agreement, consensus or training: `Study.objects` leaves decks out, `Reading.objects.blind()` their
readings, and `consensus.settle` does nothing there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from annotation.errors import Conflict, NotFound
from annotation.models import CalibrationAnswer, GradeEvent, Reading, Round, Study
from annotation.services import draws, study_films, windows
from annotation.services.bootstrap import patient_bootstrap
from annotation.services.kappa import weighted_kappa
from annotation.services.ledger import Mark

REPLICATES = 1000
"""Of the patient bootstrap: a page waits for it."""


@dataclass(frozen=True)
class Try:
    """One pass of a reader through a deck, and its agreement with the answers.

    `kappa` is quadratically weighted over `corners` graded by both, with its 95 % interval by
    resampling patients; None while there is nothing to compare or no variation.
    """

    round: int
    number: int
    films: int
    committed: int
    corners: int
    kappa: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Standing:
    """A reader's tries of a deck, oldest first."""

    deck: Study
    reader: str
    tries: tuple[Try, ...]


@dataclass(frozen=True)
class Missing:
    """What a reader lacks before the first film of a study, and the tries made so far."""

    sentence: str
    tries: tuple[Try, ...]


def tries(deck: Study, reader: User, *, interval: bool = True) -> tuple[Try, ...]:
    """The reader's passes through a deck, oldest first."""
    mine = Reading.objects.of(reader).filter(round__study_id=deck.pk)
    answers = {
        (row.radiograph_id, row.site): row.grade
        for row in CalibrationAnswer.objects.filter(deck=deck)
    }
    found: dict[int, list[Reading]] = {}
    for reading in mine.select_related("round", "radiograph__visit").order_by("round__number"):
        found.setdefault(reading.round_id, []).append(reading)
    events = GradeEvent.objects.filter(reading__in=mine.committed()).current()
    grades = {(event.reading_id, event.site): event.grade for event in events}
    return tuple(
        _try(number, readings, answers, grades, interval)
        for number, readings in enumerate(found.values(), start=1)
    )


def _try(
    number: int,
    readings: Sequence[Reading],
    answers: Mapping[tuple[int, str], int | None],
    grades: Mapping[tuple[int, str], int | None],
    interval: bool,
) -> Try:
    done = [one for one in readings if one.committed_at is not None]
    pairs = [
        (one.radiograph.visit.patient_id, own, right)
        for one in done
        for site in one.sites
        if (own := grades.get((one.pk, site))) is not None
        and (right := answers.get((one.radiograph_id, site))) is not None
    ]
    patients = [patient for patient, _, _ in pairs]
    given, known = (np.array([pair[n] for pair in pairs], dtype=np.float64) for n in (1, 2))
    agreed = weighted_kappa(given, known)
    low = high = None
    if interval and agreed.value is not None:
        limits = patient_bootstrap(
            patients,
            lambda rows: weighted_kappa(given[rows], known[rows]).value,
            replicates=REPLICATES,
        )
        low, high = limits.low, limits.high
    return Try(
        round=readings[0].round_id,
        number=number,
        films=len(readings),
        committed=len(done),
        corners=agreed.n,
        kappa=agreed.value,
        low=low,
        high=high,
    )


def missing(reader: User, study: Study) -> Missing | None:
    """What the reader still lacks to open a first film of the study; None where nothing.

    The gate stands before the first film: who has opened one has passed it.
    """
    if study.gate_deck_id is None:
        return None
    if Reading.objects.of(reader).filter(round__study=study, opened_at__isnull=False).exists():
        return None
    deck = Study.decks.get(pk=study.gate_deck_id)
    least, films = study.gate_kappa or 0, study.gate_films or 0
    made = tries(deck, reader, interval=False)
    if any(passes(one, least, films) for one in made):
        return None
    return Missing(_asked(deck.name, f"{least:.2f}", films, made[-1] if made else None), made)


def _asked(deck: str, least: str, films: int, now: Try | None) -> str:
    """What the gate asks for, and how far the newest try is."""
    if now is None or not now.committed:
        return (
            f"Before your first film, read the calibration deck “{deck}”: a weighted kappa of "
            f"{least} or more over at least {films} of its films is asked for."
        )
    kappa = "?" if now.kappa is None else f"{now.kappa:.2f}"
    if now.committed < now.films:
        return (
            f"Before your first film, reach a weighted kappa of {least} over at least {films} of "
            f"the films in the calibration deck “{deck}”: {now.committed} of {now.films} are read, "
            f"with a kappa of {kappa}."
        )
    return (
        f"Your kappa in the calibration deck “{deck}” is {kappa}, and {least} over at least "
        f"{films} of its films is asked for before your first film. Begin it again on the "
        "calibration page."
    )


def passes(one: Try, least: float, films: int) -> bool:
    """Whether a try has films enough and reaches the kappa, over all that was read in it."""
    return one.committed >= films and one.kappa is not None and one.kappa >= least


@transaction.atomic
def begin(*, deck: Study, reader: User) -> Round:
    """Draw a new pass through a deck for a reader. Raises Conflict while one is unfinished."""
    windows.one_at_a_time(reader)
    Study.decks.select_for_update().get(pk=deck.pk)  # two passes would get one number
    mine = Reading.objects.of(reader).filter(round__study_id=deck.pk)
    if mine.pending().exists():
        raise Conflict("You have not finished this deck yet. Read its films to the end first.")
    check_unread(reader, deck.films.values_list("pk", flat=True))
    last = deck.rounds.aggregate(last=Max("number"))["last"] or 0
    round_ = Round.objects.create(study=deck, number=last + 1, kind=Round.Kind.CALIBRATION)
    spines = study_films.spines(Study.Chronology.SINGLE, deck.films.values("pk"))
    places = [spine.places for spine in spines]
    seed = draws.secret_seed(settings.PSEUDONYM_KEY, deck.pk, round_.number, reader.pk)
    order = draws.order(places, repeats=0, seed=seed)
    Reading.objects.bulk_create(
        Reading(round=round_, reader=reader, radiograph_id=film, position=position)
        for position, ((film,), _) in enumerate(order, start=1)
    )
    return round_


def begin_again(*, reader: User, deck_id: int) -> Round:
    """A new pass of one's own. Raises NotFound for a deck that the reader was never given."""
    deck = Study.decks.filter(pk=deck_id, rounds__readings__reader=reader).first()
    if deck is None:
        raise NotFound
    return begin(deck=deck, reader=reader)


def check_unread(reader: User, films: Iterable[int]) -> None:
    """Raise Conflict when the reader has still to read one of these films blind in a study.

    The answers of a deck are shown after its commit; the read in the study would not be blind.
    """
    waiting = Reading.objects.of(reader).pending().filter(radiograph__in=list(films))
    waiting = waiting.exclude(round__kind=Round.Kind.CALIBRATION)
    if first := waiting.select_related("round__study").first():
        raise Conflict(
            f"{reader.get_username()} has still to read a film of this deck in the study "
            f"“{first.round.study.name}”, and the deck would tell its answers. "
            "Choose another reader, or other films."
        )


def check_films(readers: Iterable[User], films: Sequence[int]) -> None:
    """Raise Conflict for a reader whose deck tells, or will tell, the answer to one of these."""
    for reader in readers:
        told = Reading.objects.of(reader).filter(
            round__kind=Round.Kind.CALIBRATION, radiograph__in=films
        )
        if first := told.select_related("round__study").first():
            raise Conflict(
                f"{reader.get_username()} has the calibration deck “{first.round.study.name}”, "
                "which tells the answers of some of these films. Leave them out of the study, or "
                "choose another reader."
            )


def answers_to(reading: Reading) -> dict[str, Mark]:
    """The answers of a committed calibration reading by site; nothing of any other."""
    if reading.committed_at is None or reading.round.kind != Round.Kind.CALIBRATION:
        return {}
    rows = CalibrationAnswer.objects.filter(
        deck=reading.round.study_id, radiograph=reading.radiograph_id
    )
    return {row.site: Mark(row.grade, row.not_assessable) for row in rows}


def decks_of(reader: User) -> list[Standing]:
    """The decks that a reader was given, with all tries."""
    decks = Study.decks.filter(rounds__readings__reader=reader).distinct().order_by("pk")
    return [Standing(deck, reader.get_username(), tries(deck, reader)) for deck in decks]


def standings(deck: Study) -> list[Standing]:
    """Every reader of a deck with all tries, for the coordinator."""
    readers = User.objects.filter(reading__round__study_id=deck.pk).distinct()
    return [
        Standing(deck, reader.get_username(), tries(deck, reader))
        for reader in readers.order_by("username")
    ]

"""The committed, blind reads of one round, side by side, and the scores they add up to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import Exists, OuterRef
from django.db.models.query import QuerySet

from annotation.models import GradeEvent, Reading, Round
from inference.msasss import Policy, total

Scale = Literal["mSASSS", "cervical", "lumbar"]
SCALES: tuple[Scale, ...] = ("mSASSS", "cervical", "lumbar")
Grades = Mapping[str, int | None]


@dataclass(frozen=True)
class FilmRead:
    """One reader's grades of one film; None where not assessable. `whole`: not single corners."""

    film: int
    patient: int
    visit: int
    date: date
    region: str
    whole: bool
    grades: Grades


Reads = dict[str, dict[int, FilmRead]]
"""By reader's name, then by film."""


def blind_reads(round_: Round, arm: Reading.Arm = Reading.Arm.MAIN) -> Reads:
    """What every reader committed in a round without having seen a model's grades of the film.

    Hidden repeats are another arm: they say how well a reader repeats, and nothing between readers.

    Reads of different modes never mix in one statistic, so any other reading is left out whole.
    A reader who has committed nothing is there with no film.
    """
    readings = {
        reading.pk: reading
        for reading in Reading.objects.filter(round=round_, arm=arm)
        .committed()
        .filter(~Exists(_seen_with_model()))
        .select_related("reader", "radiograph__visit")
        .order_by("radiograph_id", "pk")
    }
    grades: dict[int, dict[str, int | None]] = defaultdict(dict)
    for event in GradeEvent.objects.filter(reading__in=readings).current():
        if event.grade is not None or event.not_assessable:
            grades[event.reading_id][event.site] = event.grade
    names = Reading.objects.filter(round=round_).order_by().values_list("reader__username")
    reads: Reads = {name: {} for (name,) in sorted(names.distinct())}
    for pk, reading in readings.items():
        _add(reads[reading.reader.get_username()], reading, grades[pk])
    return reads


def _seen_with_model() -> QuerySet[GradeEvent]:
    return GradeEvent.objects.filter(
        reading=OuterRef("pk"), model_version_shown__isnull=False
    ).order_by()


def _add(mine: dict[int, FilmRead], reading: Reading, grades: Grades) -> None:
    """Add a reading; the single corners of a relabel round meet on their film."""
    film = reading.radiograph
    before = mine[film.pk].grades if film.pk in mine else {}
    # A bridge marks the facing corner too; where that was asked for itself, its own read counts.
    own = {site: grade for site, grade in grades.items() if site in reading.sites}
    mine[film.pk] = FilmRead(
        film=film.pk,
        patient=film.visit.patient_id,
        visit=film.visit_id,
        date=film.visit.date,
        region=film.region,
        whole=not reading.site,
        grades={**grades, **before, **own},
    )


def scores(reads: Mapping[int, FilmRead], scale: Scale, policy: Policy) -> dict[int, float | None]:
    """One reader's scores by target: films for a segment, visits with both films for the mSASSS.

    None where too many sites are missing for the policy.
    """
    whole = [read for read in reads.values() if read.whole]
    if scale == "cervical":
        return {r.film: total(r.grades, policy).cervical for r in whole if r.region == "C"}
    if scale == "lumbar":
        return {r.film: total(r.grades, policy).lumbar for r in whole if r.region == "L"}
    visits: dict[int, dict[str, FilmRead]] = defaultdict(dict)
    for read in whole:
        visits[read.visit].setdefault(read.region, read)
    return {
        visit: total({**films["C"].grades, **films["L"].grades}, policy).total
        for visit, films in visits.items()
        if len(films) == 2
    }


def changes(reads: Mapping[int, FilmRead], scale: Scale, policy: Policy) -> dict[int, float]:
    """One reader's change from each patient's first scored visit to the last, by patient.

    Patients who were scored on one visit only have no change and are left out.
    """
    scored = scores(reads, scale, policy)
    targets = {
        (read.visit if scale == "mSASSS" else read.film): (read.patient, read.date)
        for read in reads.values()
    }
    visits: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for target, score in scored.items():
        if score is not None:
            patient, day = targets[target]
            visits[patient].append((day, score))
    return {
        patient: max(of_patient)[1] - min(of_patient)[1]
        for patient, of_patient in visits.items()
        if len({day for day, _ in of_patient}) > 1
    }

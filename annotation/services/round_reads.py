"""The committed, blind reads of one round, side by side, and the scores they add up to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

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
        .blind()
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


def changes(
    readers: Sequence[Mapping[int, FilmRead]], scale: Scale, policy: Policy
) -> dict[int, list[float]]:
    """Each patient's change from the first to the last visit, by patient, one value per reader.

    Only visits that all the readers have scored count, so that they speak of the same interval;
    patients with fewer than two of them have no change and are left out.
    """
    scored = [scores(mine, scale, policy) for mine in readers]
    by_visit = scale == "mSASSS"
    targets = {read.visit if by_visit else read.film: read for read in readers[0].values()}
    visits: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for target, read in targets.items():
        if all(column.get(target) is not None for column in scored):
            visits[read.patient].append((read.date, target))
    found: dict[int, list[float]] = {}
    for patient, of_patient in visits.items():
        (first_day, first), (last_day, last) = min(of_patient), max(of_patient)
        if first_day < last_day:
            found[patient] = [(c[last] or 0) - (c[first] or 0) for c in scored]
    return found

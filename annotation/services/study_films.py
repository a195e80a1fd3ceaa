"""Which films a study reads: chosen by query or by list, and put together into places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef
from django.db.models.query import QuerySet

from annotation.errors import BadInput
from annotation.models import CornerPrediction, Radiograph, Study, StudyFilm
from annotation.services.draws import Films


@dataclass(frozen=True)
class FilmChoice:
    """A question to the archive: ready films that fit everything that is given.

    Visits lie between two days, both included, as they stand after de-identification. `predicted`:
    whether the serving model has graded the film. `unread`: in no study yet.
    """

    region: str | None = None
    centres: Sequence[str] = ()
    scanners: Sequence[str] = ()
    predicted: bool | None = None
    visited_from: date | None = None
    visited_to: date | None = None
    unread: bool = False


EVERY_FILM = FilmChoice()


@dataclass(frozen=True)
class Spine:
    """The places that are read in one go, from the neck down, and whose they are.

    The films of a place are sorted from the oldest.
    """

    patient: int
    places: tuple[Films, ...]

    @property
    def films(self) -> Films:
        """Of all its places."""
        return tuple(film for place in self.places for film in place)


def fitting(choice: FilmChoice) -> QuerySet[Radiograph]:
    """The ready films that fit a choice."""
    films = Radiograph.objects.ready()
    wanted: dict[str, Any] = {
        "region": choice.region,
        "visit__patient__centre__name__in": choice.centres,
        "scanner__in": choice.scanners,
        "visit__date__gte": choice.visited_from,
        "visit__date__lte": choice.visited_to,
    }
    films = films.filter(**{field: value for field, value in wanted.items() if value})
    if choice.predicted is not None:
        graded = Exists(CornerPrediction.objects.serving().filter(radiograph=OuterRef("pk")))
        films = films.filter(graded if choice.predicted else ~graded)
    if choice.unread:
        films = films.filter(~Exists(StudyFilm.objects.filter(radiograph=OuterRef("pk"))))
    return films


@dataclass(frozen=True)
class Offered:
    """A value that a choice can ask for, and how many ready films have it."""

    name: str
    films: int


@dataclass(frozen=True)
class Found:
    """What a choice finds before a study is made of it, and what else could be asked for."""

    films: int
    patients: int
    places: int
    centres: list[Offered]
    scanners: list[Offered]


def found(choice: FilmChoice, chronology: str) -> Found:
    """How many films, patients and places a choice gives; all centres and scanners there are."""
    fits = fitting(choice)
    return Found(
        films=fits.count(),
        patients=fits.values("visit__patient").distinct().count(),
        places=sum(len(one.places) for one in spines(chronology, fits.values("pk"))),
        centres=_offered("visit__patient__centre__name"),
        scanners=_offered("scanner"),
    )


def _offered(field: str) -> list[Offered]:
    """The values of a column among the ready films, by name."""
    rows = Radiograph.objects.ready().order_by(field).values_list(field).annotate(Count("pk"))
    return [Offered(name, films) for name, films in rows if name]


def chosen(choice: FilmChoice, films: Sequence[int] | None) -> list[int]:
    """The ids of the films of a study, sorted: those of a list, or all that fit a choice.

    They stay ready until the caller's transaction ends. Raises BadInput, naming films of the list
    that are not ready or do not fit.
    """
    # Locked, so that nobody sets one aside before the study has it.
    locked = fitting(choice).select_for_update(of=("self",), no_key=True)
    found = locked.order_by("pk").values_list("pk", flat=True)
    if films is None:
        fits = list(found)
    else:
        fits = list(found.filter(pk__in=films))
        if odd := sorted(set(films) - set(fits)):
            raise BadInput(
                f"These films are not ready to be read, or not of this choice: {_listed(odd)}. "
                "Leave them out, or decide on them on the radiographs page."
            )
    if not fits:
        raise BadInput("No ready film fits this study. Import films first, or widen the choice.")
    return fits


def spines(chronology: str, films: Iterable[int] | QuerySet[Any]) -> list[Spine]:
    """Films put together into what is read at one place, and places into what is read in one go.

    A place is a film by itself, or all time points of one patient and region; a film without a
    second time point has nothing to be compared with and is left out of a paired study.
    """
    rows = Radiograph.objects.filter(pk__in=films).order_by("visit__date", "pk")
    together: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for film, patient, region in rows.values_list("pk", "visit__patient", "region"):
        alone = film if chronology == Study.Chronology.SINGLE else 0
        together[patient, region, alone].append(film)
    visits = dict(rows.values_list("pk", "visit"))
    found: dict[tuple[int, str | int], list[Films]] = defaultdict(list)
    for (patient, region, _), of_place in sorted(together.items()):  # "C" before "L"
        if chronology == Study.Chronology.SINGLE or len(of_place) > 1:
            part = _in_one_go(chronology, region, visits[of_place[0]])
            found[patient, part].append(tuple(of_place))
    made = [Spine(patient, tuple(places)) for (patient, _), places in found.items()]
    return sorted(made, key=lambda spine: min(spine.films))


def _in_one_go(chronology: str, region: str, visit: int) -> str | int:
    """What of a patient is read in one go: places with the same answer.

    Neck and back of one visit are one time point, and those of a pair in known order tell nothing
    new. In a drawn order a pair stays by itself: whoever sees in one region which film is the
    later one could find it again in the other by its exposure and collimation.
    """
    if chronology == Study.Chronology.PAIRED_BLINDED:
        return region
    return visit if chronology == Study.Chronology.SINGLE else ""


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (" and more" if len(ids) > 10 else "")

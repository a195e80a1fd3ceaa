"""Films under which workers die: known by the next worker, graded last and alone, then set aside.

A film that takes its process down, by its memory or in a decoder, fails in no way that can be
caught. So a film is noted before it is begun, and a note that outlives its worker is one death.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from annotation.models import BegunFilm, Job

MOST_DEATHS = 2
"""Once in company, where any film may have been the one; then alone."""

SENTENCE = (
    "Two workers died in the middle of this film, so no other one takes it up by itself. It may "
    "need more memory than a worker has: read the worker's log, then start pre-grading all films, "
    "which tries it once more."
)


def _left_behind() -> QuerySet[BegunFilm]:
    """The notes of workers that died: whoever lives holds its job."""
    alive = Job.objects.filter(
        worker=OuterRef("worker"), state=Job.State.RUNNING, lease_until__gte=timezone.now()
    )
    return BegunFilm.objects.filter(~Exists(alive))


def set_aside() -> "QuerySet[BegunFilm, int]":
    """Ids of the films that no worker takes up by itself."""
    deaths = _left_behind().values("radiograph").annotate(deaths=Count("pk"))
    return deaths.filter(deaths__gte=MOST_DEATHS).values_list("radiograph", flat=True)


def in_company(films: Sequence[int]) -> list[list[int]]:
    """In what order, and beside which others, films are graded.

    All together, then one by one those under which a worker has died: it dies alone next time.
    """
    suspects = set(_left_behind().filter(radiograph__in=films).values_list("radiograph", flat=True))
    together = [film for film in films if film not in suspects]
    return [together, *([film] for film in films if film in suspects)]


def ask_again(films: Sequence[int] | None = None) -> None:
    """A person wants these tried once more, by default all: last and alone, as after one death."""
    left = _left_behind()
    if films is not None:
        left = left.filter(radiograph__in=films)
    newest = left.values("radiograph").annotate(newest=Max("pk")).values("newest")
    left.exclude(pk__in=newest).delete()


@dataclass(frozen=True)
class Hand:
    """What one worker has begun and not ended."""

    worker: str

    def one_by_one(self, films: Sequence[int]) -> Iterator[int]:
        """Each begun when it is given, and ended when the next one is asked for."""
        for film in (film for company in in_company(films) for film in company):
            self.begin([film])
            yield film
            self.end([film])

    def begin(self, films: Sequence[int]) -> None:
        """Note them, in a transaction that ends before they are touched."""
        BegunFilm.objects.bulk_create(
            BegunFilm(radiograph_id=film, worker=self.worker) for film in films
        )

    def end(self, films: Sequence[int]) -> None:
        """A worker has outlived them: whatever became of them, and of others before."""
        BegunFilm.objects.filter(radiograph__in=films).delete()


@contextmanager
def in_hand(job: Job) -> Iterator[Hand]:
    """What this worker begins; an error, a cancel or a stop in good order is nobody's death."""
    hand = Hand(job.worker)
    try:
        yield hand
    finally:
        BegunFilm.objects.filter(worker=hand.worker).delete()

"""What a corner's grade is, given who read it: readers' errors and truth, estimated together.

Dawid & Skene, Appl Stat 1979;28:20: expectation-maximisation over one 4 x 4 table per reader. Every
corner then gets a distribution over the grades instead of a count of votes: a careful reader weighs
more than a careless one, and a reader who sees squaring everywhere is not believed about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference.msasss import GRADES
from training.resamples import Floats
from training.snapshot import SnapshotFilm

LEAST_SHARED = 0.1  # of the corners must be read twice, else nobody knows who errs
_ROUNDS = 50
# A reader's table before any read: right nine times in ten, as if seen on 20 corners per grade.
# Keeps a reader of few films near the others and a grade that nobody gave from being impossible.
_USUAL = 0.9 * np.eye(len(GRADES)) + 0.1 / 3 * (1 - np.eye(len(GRADES)))
_BEFORE = 20 * _USUAL


@dataclass(frozen=True)
class ReaderErrors:
    """`errors[reader]` [true, given]: how each reader grades; `prevalence` of the true grades."""

    errors: dict[str, Floats]
    prevalence: Floats

    def shares(self, reads: dict[str, int]) -> Floats:
        """P(grade) [4] of a corner from its reads by reader.

        A reader of whom nothing is known, as on a validation film, errs as is usual: without that
        the corner that such a reader read alone would be taken for whatever is frequent.
        """
        log = np.log(self.prevalence)
        for reader, grade in reads.items():
            log = log + np.log(self.errors.get(reader, _USUAL)[:, grade])
        shares: Floats = np.exp(log - log.max())
        shares /= shares.sum()
        return shares


def estimate(films: Sequence[SnapshotFilm]) -> ReaderErrors | None:
    """The readers' errors on these films; None when too few corners were read twice.

    A corner that an adjudicator decided has that grade for certain.
    """
    corners = [
        (reads, film.corners[site] if site in film.adjudicated else None)
        for film in films
        for site in film.corners
        if (reads := _reads(film, site))
    ]
    shared = sum(len(reads) > 1 for reads, _ in corners)
    if not corners or shared < LEAST_SHARED * len(corners):
        return None
    readers = sorted({reader for reads, _ in corners for reader in reads})
    given = np.zeros((len(readers), len(corners), len(GRADES)))
    for row, (reads, _) in enumerate(corners):
        for reader, grade in reads.items():
            given[readers.index(reader), row, grade] = 1
    known = np.array([settled or (0.0,) * len(GRADES) for _, settled in corners], float)
    certain = known.sum(axis=1) > 0
    truth = given.sum(axis=0)
    truth = np.where(certain[:, None], known, truth) / truth.sum(axis=1, keepdims=True)
    truth[certain] = known[certain] / known[certain].sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        errors = np.einsum("ct,rcg->rtg", truth, given) + _BEFORE
        errors /= errors.sum(axis=2, keepdims=True)
        prevalence = truth.sum(axis=0) + 1
        prevalence /= prevalence.sum()
        log = np.log(prevalence) + np.einsum("rcg,rtg->ct", given, np.log(errors))
        shares = np.exp(log - log.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        truth[~certain] = shares[~certain]
    return ReaderErrors(dict(zip(readers, errors, strict=True)), prevalence)


def weighed(films: Sequence[SnapshotFilm], found: ReaderErrors) -> tuple[SnapshotFilm, ...]:
    """The films with a distribution over the grades instead of votes, where the reads are known."""
    return tuple(
        replace(
            film,
            corners={
                site: _four(found.shares(reads))
                if site not in film.adjudicated and (reads := _reads(film, site))
                else votes
                for site, votes in film.corners.items()
            },
        )
        for film in films
    )


def _reads(film: SnapshotFilm, site: str) -> dict[str, int]:
    return {reader: grades[site] for reader, grades in film.reads.items() if site in grades}


def _four(shares: Floats) -> tuple[float, float, float, float]:
    a, b, c, d = (float(share) for share in shares)
    return (a, b, c, d)

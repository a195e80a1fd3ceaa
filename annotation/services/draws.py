"""Who reads which film, in which order: drawn once, from a seed. Plain arithmetic, no queries."""

import random
from collections.abc import Mapping, Sequence


def assign(
    films_of: Mapping[int, Sequence[int]],
    readers: Sequence[int],
    *,
    each: int,
    doubled: float,
    seed: str,
) -> dict[int, list[int]]:
    """The films of each reader, sorted, from the films of each patient.

    Every patient is read by `each` readers, a share `doubled` of the patients by one more. All
    films of a patient go to the same readers: a total needs both regions of a visit, a change
    needs both visits. Whoever has fewest films so far is next, by lot among equals.
    """
    draw = random.Random(seed)
    patients = sorted(films_of)
    draw.shuffle(patients)
    one_more = round(len(patients) * doubled)
    films: dict[int, list[int]] = {reader: [] for reader in readers}
    for place, patient in enumerate(patients):
        by_load = sorted(readers, key=lambda reader: (len(films[reader]), draw.random()))
        for reader in by_load[: each + (place < one_more)]:
            films[reader] += films_of[patient]
    return {reader: sorted(mine) for reader, mine in films.items()}


def order(films: Sequence[int], *, repeats: float, seed: str) -> list[tuple[int, bool]]:
    """One reader's places: the film, and whether it comes for the second time.

    A share `repeats` of the films (at most those of the first half) comes again, at least half
    the films later, so that nobody recognises it from the hour before.
    """
    draw = random.Random(seed)
    first = list(films)
    draw.shuffle(first)
    half = len(first) // 2
    again = draw.sample(range(half), min(half, round(len(first) * repeats)))
    places = [(float(at), film, False) for at, film in enumerate(first)]
    places += [(draw.uniform(at + half, len(first)), first[at], True) for at in again]
    return [(film, is_repeat) for _, film, is_repeat in sorted(places)]

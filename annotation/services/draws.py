"""Who reads which film, in which order: drawn once, from a seed. Plain arithmetic, no queries."""

import hashlib
import hmac
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

Films = tuple[int, ...]
"""The films that are read together at one place; a single film where they are read one by one."""

_Place = TypeVar("_Place")


def secret_seed(key: bytes, *numbers: int) -> str:
    """A seed that is the same when drawn again, and that nobody can compute from the numbers.

    Readers are told study, round and position, and the code is public: from those alone they could
    draw again which film of a pair is the older one, and which places come twice.
    """
    return hmac.digest(key, f"draw {numbers}".encode(), hashlib.sha256).hex()


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


def order(
    spines: Sequence[Sequence[_Place]], *, repeats: float, seed: str
) -> list[tuple[_Place, bool]]:
    """One reader's places in turn, and whether each comes for the second time.

    The places of a spine are read in one go, in their order. A share `repeats` of the spines (at
    most those of the first half) comes again, whole, at least half the places later: nobody
    recognises it from the hour before, nor by what is lacking.
    """
    draw = random.Random(seed)
    first = list(spines)
    draw.shuffle(first)
    *starts, total = accumulate(map(len, first), initial=0)
    half = total // 2
    early = [at for at, start in enumerate(starts) if start < half]
    again = draw.sample(early, min(len(early), round(len(first) * repeats)))
    drawn = [(float(start), spine, False) for start, spine in zip(starts, first, strict=True)]
    drawn += [(draw.uniform(starts[at] + half, total), first[at], True) for at in again]
    drawn.sort(key=lambda one: one[0])
    return [(place, is_repeat) for _, spine, is_repeat in drawn for place in spine]


def within(films: Films, *, seed: str) -> Films:
    """The films of one place in an order that tells nothing of their time."""
    return tuple(random.Random(seed).sample(films, len(films)))

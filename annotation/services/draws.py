"""Who reads which film, in which order: drawn once, from a seed. Plain arithmetic, no queries."""

import hashlib
import hmac
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate, repeat
from operator import itemgetter
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

    The places of a spine are read in one go, in their order. A share `repeats` of the spines comes
    again, whole, at least half the places later: nobody recognises it from the hour before, nor by
    what is lacking. How many places there are is no matter of luck, or it would tell.
    """
    draw = random.Random(seed)
    half = sum(map(len, spines)) // 2
    again = _to_repeat(spines, repeats, half, draw)
    head, rest = set(again), draw.sample(range(len(spines)), len(spines))
    room = half - sum(len(spines[spine]) for spine in again)
    for spine in (other for other in rest if other not in again):
        room -= len(spines[spine])
        if room < 0:
            break
        head.add(spine)
    first = draw.sample(sorted(head), len(head)) + [one for one in rest if one not in head]
    *starts, total = accumulate((len(spines[spine]) for spine in first), initial=0)
    turns = list(zip(map(float, starts), first, repeat(False)))
    turns += [(draw.uniform(at + half, total), one, True) for at, one, _ in turns if one in again]
    turns.sort(key=itemgetter(0))
    return [(place, is_repeat) for _, spine, is_repeat in turns for place in spines[spine]]


def _to_repeat(
    spines: Sequence[Sequence[_Place]], share: float, room: int, draw: random.Random
) -> set[int]:
    """Which spines come again: of each length the share, and no more places than there is room.

    Drawn without regard to length, they would add now more places and now fewer.
    """
    of_length: dict[int, list[int]] = defaultdict(list)
    for number, spine in enumerate(spines):
        of_length[len(spine)].append(number)
    again: set[int] = set()
    for length, alike in sorted(of_length.items()):
        count = min(round(len(alike) * share), room // length)
        again.update(draw.sample(alike, count))
        room -= count * length
    return again


def within(films: Films, *, seed: str) -> Films:
    """The films of one place in an order that tells nothing of their time."""
    return tuple(random.Random(seed).sample(films, len(films)))

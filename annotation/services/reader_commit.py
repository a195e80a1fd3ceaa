"""The reader's commit: a place is finished, and what follows from it follows at once."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotation.errors import Incomplete, KeyReused
from annotation.models import Reading
from annotation.services import consensus, reading_queue, second_look, windows
from annotation.services.reader_grades import histories_of
from annotation.services.reading_queue import Place


@transaction.atomic
def commit(*, reader: User, reading_id: int, key: UUID) -> Place:
    """Finish a place: nothing of its films changes any more, and they may be compared with others.

    Any of its readings stands for the place, and comes first in the answer. Where the model is
    shown afterwards, the second look at the place is opened at once. Raises Incomplete with
    the missing corners of every film, KeyReused, and as `grade` does.
    """
    # In the order of a take: one that waits for the place would not see the second look behind it.
    windows.one_at_a_time(reader)
    place = reading_queue.locked_place(reader, reading_id)
    reading = place[0]
    if earlier := Reading.objects.filter(commit_key=key).first():
        if earlier not in place:
            raise KeyReused
        return place
    reading_queue.keep(reading)
    _complete(place)
    now = timezone.now()
    for one in place:
        one.committed_at = now
        one.commit_key = key if one == reading else None
        one.lease_until = None
        one.save(update_fields=["committed_at", "commit_key", "lease_until"])
    # By film, whatever its slot: two readers of a pair must not wait for each other in a ring.
    for one in sorted(place, key=lambda one: one.radiograph_id):
        consensus.settle(one)
    second_look.begin(place)
    return place


def _complete(place: Place) -> None:
    """Raise Incomplete unless every corner of every film has a mark."""
    missing = []
    histories = histories_of(place)
    for reading in place:
        marks = histories[reading.pk].marks
        if sites := [site for site in reading.sites if site not in marks]:
            missing.append({"reading": reading.pk, "sites": sites})
    if missing:
        raise Incomplete(missing=missing)

"""Disc points that a reader moved: a correction is a new row, and every reader has own ones."""

from math import dist
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from annotation.errors import BadInput, KeyReused
from annotation.models import DiscPoint, Reading
from annotation.services import reading_queue
from inference.msasss import DISCS

Point = tuple[float, float]
CLOSEST = 2.0
"""Pixels: nearer points do not say which way the level faces, and no crop can be cut."""


@transaction.atomic
def correct(
    *, reader: User, reading_id: int, key: UUID, disc: str, center: Point, anterior: Point
) -> Reading:
    """Move a disc's points (film pixels) for this reader. The same key again changes nothing.

    Raises NotFound, KeyReused, AlreadyCommitted, StudyClosed, LeaseLost, BadInput.
    """
    reading = reading_queue.locked(reader, reading_id)
    point = DiscPoint(
        radiograph=reading.radiograph,
        disc=disc,
        center_x=center[0],
        center_y=center[1],
        anterior_x=anterior[0],
        anterior_y=anterior[1],
        reader=reader,
        reading=reading,
        idempotency_key=key,
    )
    if earlier := DiscPoint.objects.filter(idempotency_key=key).first():
        if _content(earlier) != _content(point):
            raise KeyReused
        return reading
    reading_queue.keep(reading)
    _check(point)
    try:
        with transaction.atomic():
            point.save()
    except IntegrityError as clash:  # the same key at the same moment, by somebody else
        raise KeyReused from clash
    return reading


def _content(point: DiscPoint) -> tuple[object, ...]:
    place = (point.center_x, point.center_y, point.anterior_x, point.anterior_y)
    return (point.radiograph_id, point.reader_id, point.disc, place)


def _check(point: DiscPoint) -> None:
    """Raise BadInput for a disc or a place that is not on the film."""
    film = point.radiograph
    if point.disc not in DISCS[film.region]:  # type: ignore[index]
        raise BadInput(f"{point.disc!r} is no disc of this film.")
    # Pixel centres lie at whole numbers: the film reaches half a pixel further.
    for x, y in ((point.center_x, point.center_y), (point.anterior_x, point.anterior_y)):
        if not (-0.5 <= x <= film.width - 0.5 and -0.5 <= y <= film.height - 0.5):
            raise BadInput("A disc point lies outside the film. Put it on the film.")
    if dist((point.center_x, point.center_y), (point.anterior_x, point.anterior_y)) < CLOSEST:
        raise BadInput("The two points of a disc lie on each other. Move the anterior one forward.")

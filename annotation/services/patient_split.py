"""Train, validation or test: drawn once per patient, in permuted blocks within the centre.

A free draw leaves a small cohort without a validation or a test patient now and then. Blocks,
as trials use them, keep the proportion from the seventh patient on and in every centre alike.
"""

import hashlib
import hmac

from annotation.models import Centre, Patient

BLOCK = (Patient.Split.TRAIN,) * 5 + (Patient.Split.VAL, Patient.Split.TEST)


def draw(centre: Centre, key: bytes) -> Patient.Split:
    """The split of the centre's next new patient; must run in the transaction that adds it.

    The order within a block follows from the secret key, so that nobody can foresee it. Two
    patients who arrive at once queue on the centre's row.
    """
    Centre.objects.select_for_update().get(pk=centre.pk)
    block, place = divmod(centre.patients.count(), len(BLOCK))
    return shuffled(f"{centre.name} {block}", key)[place]


def shuffled(block: str, key: bytes) -> list[Patient.Split]:
    """The seven places of a block in their secret order."""

    def ticket(place: int) -> bytes:
        return hmac.digest(key, f"split {block} {place}".encode(), hashlib.sha256)

    return [BLOCK[place] for place in sorted(range(len(BLOCK)), key=ticket)]

"""The split: in proportion from the first block on, by centre, unforeseeable, for good."""

from collections import Counter

import pytest
from django.db import InternalError, transaction
from hypothesis import given
from hypothesis import strategies as st

from annotation.models import Centre, Patient
from annotation.services import patient_split

KEY = b"a key"


def arrive(centre: Centre, patients: int) -> list[str]:
    """So many new patients come to the centre, one after the other."""
    for number in range(patients):
        Patient.objects.create(
            pseudonym=f"{centre}-{number}", centre=centre, split=patient_split.draw(centre, KEY)
        )
    return list(centre.patients.order_by("pk").values_list("split", flat=True))


def test_every_seven_patients_of_a_centre_hold_one_val_and_one_test_patient(db: None) -> None:
    splits = arrive(Centre.objects.create(name="a"), 21)
    for start in (0, 7, 14):
        assert Counter(splits[start : start + 7]) == {"train": 5, "val": 1, "test": 1}


def test_the_blocks_of_two_centres_are_their_own(db: None) -> None:
    first, second = (Centre.objects.create(name=name) for name in "ab")
    arrive(first, 3)
    assert Counter(arrive(second, 7)) == {"train": 5, "val": 1, "test": 1}


@given(st.binary(min_size=1, max_size=32), st.text(max_size=8))
def test_a_block_is_a_permutation_that_follows_from_the_key(key: bytes, block: str) -> None:
    order = patient_split.shuffled(block, key)
    assert Counter(order) == Counter(patient_split.BLOCK)
    assert order == patient_split.shuffled(block, key)


def test_another_key_gives_another_order() -> None:
    orders = {tuple(patient_split.shuffled("b 0", bytes([k]))) for k in range(40)}
    assert len(orders) > 20


def test_the_database_refuses_to_move_a_patient(db: None) -> None:
    arrive(Centre.objects.create(name="a"), 7)
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Patient.objects.update(split="test")

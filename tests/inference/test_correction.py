"""What a person sets right is a permutation of the pixels, and two of them are one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.correction import Correction

CORRECTIONS = st.builds(Correction, st.booleans(), st.booleans(), st.integers(0, 3))
FILM = np.arange(12, dtype=np.uint16).reshape(3, 4)


def test_a_mirrored_film_is_mirrored_before_it_is_turned() -> None:
    own = Correction(mirrored=True, turned=1).of(FILM)
    assert own.tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]


def test_a_negative_keeps_its_bits_and_turns_black_to_white() -> None:
    film = np.array([[0, 1000, 4000]], np.uint16)  # 12 bits
    assert Correction(inverted=True).of(film).tolist() == [[4095, 3095, 95]]


@given(CORRECTIONS, CORRECTIONS)
def test_two_corrections_are_one(first: Correction, second: Correction) -> None:
    film = np.append(FILM, np.uint16([4095, 0, 7])).reshape(
        3, 5
    )  # its extremes are those of 12 bits
    assert np.array_equal(second.after(first).of(film), second.of(first.of(film)))


@given(CORRECTIONS)
def test_only_the_empty_one_changes_nothing(own: Correction) -> None:
    assert bool(own) == (not np.array_equal(own.of(FILM), FILM))

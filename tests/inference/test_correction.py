"""What a person sets right moves pixels or makes them black, and two of them are one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.correction import MOST_RECTANGLES, Correction, Rectangle
from inference.picture import Picture

FILM = np.arange(12, dtype=np.uint16).reshape(3, 4)
ROWS, COLS = 6, 8


def framed() -> Picture:
    """Its extremes are those of 12 bits and stand in the corners, where nothing is blacked out."""
    film = np.arange(1000, 1000 + ROWS * COLS, dtype=np.uint16).reshape(ROWS, COLS)
    film[0, 0] = film[-1, -1] = 0
    film[0, -1] = film[-1, 0] = 4095
    return film


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    """Inside the frame of a film of 6 x 8 pixels, lying or standing."""
    left, top = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return Rectangle(left, top, draw(st.integers(1, 5 - left)), draw(st.integers(1, 5 - top)))


CORRECTIONS = st.builds(
    Correction, st.booleans(), st.booleans(), st.integers(0, 3),
    st.lists(rectangles(), max_size=3).map(tuple),
)  # fmt: skip


def test_a_mirrored_film_is_mirrored_before_it_is_turned() -> None:
    own = Correction(mirrored=True, turned=1).of(FILM)
    assert own.tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]


def test_a_negative_keeps_its_bits_and_turns_black_to_white() -> None:
    film = np.array([[0, 1000, 4000]], np.uint16)  # 12 bits
    assert Correction(inverted=True).of(film).tolist() == [[4095, 3095, 95]]


def test_rectangles_lie_on_the_film_as_it_came() -> None:
    own = Correction(mirrored=True, blacked=(Rectangle(left=0, top=1, width=2, height=2),))
    assert own.of(FILM + np.uint16(5)).tolist() == [[8, 7, 6, 5], [12, 11, 5, 5], [16, 15, 5, 5]]


def test_what_is_blacked_out_of_a_negative_is_black_afterwards() -> None:
    film = np.array([[4000, 1000, 90]], np.uint16)
    own = Correction(inverted=True, blacked=(Rectangle(2, 0, 1, 1),))
    assert own.of(film).tolist() == [[95, 3095, 95]]


def test_the_film_itself_is_left_as_it_was() -> None:
    film = framed()
    Correction(blacked=(Rectangle(1, 1, 3, 3),)).of(film)
    assert np.array_equal(film, framed())


@given(CORRECTIONS, CORRECTIONS)
def test_two_corrections_are_one(first: Correction, second: Correction) -> None:
    """But for what the first blacked out and the second would have made white."""
    film = framed()
    both, in_turn = second.after(first, ROWS, COLS), second.of(first.of(film))
    black = both.covered(ROWS, COLS)
    assert np.array_equal(both.of(film)[~black], in_turn[~black])
    assert (both.of(film)[black] == 0).all()
    assert {int(value) for value in in_turn[black]} <= {0, 4095}
    if not second.inverted:
        assert np.array_equal(both.of(film), in_turn)


@given(CORRECTIONS)
def test_only_the_empty_one_changes_nothing(own: Correction) -> None:
    assert bool(own) == (not np.array_equal(own.of(framed()), framed()))


@given(CORRECTIONS)
def test_nothing_of_what_is_blacked_out_is_left(own: Correction) -> None:
    one, other = framed(), framed()
    other[Correction(blacked=own.blacked).covered(ROWS, COLS)] = 77
    assert np.array_equal(own.of(one), own.of(other))


@pytest.mark.parametrize(
    ("blacked", "sentence"),
    [
        ([(0, 0, 8, 2)], None),
        ([(0, 0, 8, 2), (2, 1, 3, 1)], None),  # what lies in another counts once
        ([(0, 0, 8, 3)], "third"),
        ([(0, 0, 1, 1)] * MOST_RECTANGLES, None),
        ([(0, 0, 1, 1)] * (MOST_RECTANGLES + 1), "At most 20"),
        ([(7, 0, 2, 1)], "not lie on"),
        ([(0, 5, 1, 2)], "not lie on"),
        ([(-1, 0, 2, 1)], "not lie on"),
        ([(0, -1, 1, 1)], "not lie on"),
        ([(3, 3, 0, 1)], "not lie on"),
        ([(3, 3, 1, 0)], "not lie on"),
    ],
)
def test_too_much_or_what_is_not_on_the_film_is_refused(
    blacked: list[tuple[int, int, int, int]], sentence: str | None
) -> None:
    why = Correction(blacked=tuple(Rectangle(*one) for one in blacked)).why_not(ROWS, COLS)
    assert why is None if sentence is None else sentence in (why or "")

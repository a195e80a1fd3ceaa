"""A film that came negative, mirrored, turned or with a name in it, set right; none resampled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.picture import Picture

_Value = TypeVar("_Value", bound=np.generic)

# Text is a few lines; whoever would cover more than this of a film has no film to read.
MOST_RECTANGLES = 20
MOST_COVERED = 1 / 3


@dataclass(frozen=True)
class Rectangle:
    """Pixels `left` to `left + width - 1` and `top` to `top + height - 1` of a film."""

    left: int
    top: int
    width: int
    height: int

    def lies_in(self, rows: int, cols: int) -> bool:
        """Whether it has an extent and all of it is on a film of this size."""
        across = 0 <= self.left < self.left + self.width <= cols
        return across and 0 <= self.top < self.top + self.height <= rows

    def mirrored(self, cols: int) -> "Rectangle":
        """Where it is after the film of so many columns is mirrored left to right."""
        return replace(self, left=cols - self.left - self.width)

    def turned(self, cols: int) -> "Rectangle":
        """Where it is after the film of so many columns is turned a quarter anticlockwise."""
        return Rectangle(self.top, cols - self.left - self.width, self.height, self.width)


@dataclass(frozen=True)
class Correction:
    """In this order: black out, invert, mirror left to right, turn by quarters anticlockwise."""

    inverted: bool = False
    mirrored: bool = False
    turned: int = 0
    """Quarter turns, 0 to 3, as numpy.rot90 counts them."""
    blacked: tuple[Rectangle, ...] = ()
    """In pixels of the film before anything else of this correction is done to it."""

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return self != Correction()

    def of(self, pixels: Picture) -> Picture:
        """The corrected picture of uint16 [rows, cols]; a negative keeps its number of bits.

        What is blacked out has the lowest value of the corrected picture.
        """
        highest = pixels.max()
        if self.blacked:
            covered = _covered(self.blacked, *pixels.shape)
            pixels = np.where(covered, highest if self.inverted else pixels.min(), pixels)
        if self.inverted:
            pixels = np.uint16((1 << int(highest).bit_length()) - 1) - pixels
        return np.ascontiguousarray(self._placed(pixels))

    def covered(self, rows: int, cols: int) -> NDArray[np.bool_]:
        """Which pixels of the corrected picture of a film of this size are blacked out."""
        return self._placed(_covered(self.blacked, rows, cols))

    def after(self, earlier: "Correction", rows: int, cols: int) -> "Correction":
        """Both as one, of a film of this size. A mirrored picture turns the other way: M R = R' M.

        What the earlier one blacked out stays black, even when this one inverts.
        """
        turned = -earlier.turned if self.mirrored else earlier.turned
        return Correction(
            self.inverted != earlier.inverted,
            self.mirrored != earlier.mirrored,
            (turned + self.turned) % 4,
            earlier.blacked + tuple(earlier._before(one, rows, cols) for one in self.blacked),
        )

    def why_not(self, rows: int, cols: int) -> str | None:
        """Why this much cannot be blacked out of a film of this size; None when it can."""
        if len(self.blacked) > MOST_RECTANGLES:
            return (
                f"At most {MOST_RECTANGLES} areas of a film can be blacked out; draw fewer, larger "
                "ones."
            )
        if not all(one.lies_in(rows, cols) for one in self.blacked):
            return "An area to black out does not lie on the film; draw it again."
        if _covered(self.blacked, rows, cols).mean() > MOST_COVERED:
            return (
                "More than a third of the film would be black; draw smaller areas, or discard the "
                "film."
            )
        return None

    def _placed(self, pixels: NDArray[_Value]) -> NDArray[_Value]:
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.rot90(pixels, self.turned)

    def _before(self, own: Rectangle, rows: int, cols: int) -> Rectangle:
        """Where a rectangle of the corrected picture is on the film of this size."""
        for quarter in range(self.turned, 4):  # on to the full turn
            own = own.turned(rows if quarter % 2 else cols)
        return own.mirrored(cols) if self.mirrored else own


def _covered(blacked: Sequence[Rectangle], rows: int, cols: int) -> NDArray[np.bool_]:
    covered = np.zeros((rows, cols), bool)
    for one in blacked:
        covered[one.top : one.top + one.height, one.left : one.left + one.width] = True
    return covered

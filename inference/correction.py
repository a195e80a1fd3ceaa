"""A film that came negative, mirrored or turned, set right; no pixel is resampled."""

from dataclasses import dataclass

import numpy as np

from inference.picture import Picture


@dataclass(frozen=True)
class Correction:
    """In this order: invert, mirror left to right, turn by quarters anticlockwise."""

    inverted: bool = False
    mirrored: bool = False
    turned: int = 0
    """Quarter turns, 0 to 3, as numpy.rot90 counts them."""

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return self != Correction()

    def of(self, pixels: Picture) -> Picture:
        """The corrected picture of uint16 [rows, cols]; a negative keeps its number of bits."""
        if self.inverted:
            pixels = np.uint16((1 << int(pixels.max()).bit_length()) - 1) - pixels
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(np.rot90(pixels, self.turned))

    def after(self, earlier: "Correction") -> "Correction":
        """Both as one. A mirrored picture turns the other way: M R = R' M."""
        turned = -earlier.turned if self.mirrored else earlier.turned
        return Correction(
            self.inverted != earlier.inverted,
            self.mirrored != earlier.mirrored,
            (turned + self.turned) % 4,
        )

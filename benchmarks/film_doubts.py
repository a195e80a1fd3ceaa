"""How often intake doubts a good film, and how often it misses a bad one; prints one JSON.

Phantom films that derived no mean picture, as they are, and spoilt in one way at a time: letters
burnt in, level or upright, the other region named, polarity turned round, turned upside down, laid
on its side.
Phantoms are drawn by the same hand as the mean pictures: for patients' films the rates are a hope.

    python -m benchmarks.film_doubts --json > benchmarks/results/film_doubts.json
    python -m benchmarks.film_doubts --derive      # the mean pictures of inference.film_appearance
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inference.film_appearance import (
    COLS,
    NAMES,
    NEGATIVE,
    ON_ITS_SIDE,
    ROWS,
    UPSIDE_DOWN,
    blocks_of,
    doubts,
    unit,
)
from inference.film_tags import Region
from inference.film_text import text_suspected
from inference.picture import Picture
from training.phantom import PhantomFilm, generate
from training.phantom.film import WHITE

DERIVED_FROM = (("clinic", 301), ("trial", 302), ("early", 303))
SEED = 904  # derived nothing
SAID = ("MUELLER^HANS", "DOE JANE", "12.03.1961", "ID 4711-22", "KLINIKUM A", "P-100233")
Line = Callable[[str, float], NDArray[np.uint8]]
LEAST_LETTER = 9  # pixels high: below, nobody reads the name either


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--scale", type=float, default=0.25)
    parser.add_argument("--json", action="store_true", help="on one line")
    parser.add_argument("--derive", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.derive:
        print(json.dumps({region: mean_picture(region) for region in NAMES}))
        return
    films = list(generate(asked.patients, 1, "clinic", SEED, asked.scale))
    figures = {
        "films": len(films),
        "scale": asked.scale,
        "seed": SEED,
        "note": "phantom films; the rates say nothing certain of patients' films",
        "letters": letters(films),
        "appearance": appearance(films),
    }
    print(json.dumps(figures, indent=None if asked.json else 1))


def mean_picture(region: Region) -> list[list[int]]:
    """Mean blocks of 120 films, mirrored to face left, times 100."""
    total = np.zeros((ROWS, COLS))
    for preset, seed in DERIVED_FROM:
        for film in generate(40, 1, preset, seed, 0.25, regions=(region,)):
            seen = film.bone_bright if film.facing == "left" else film.bone_bright[:, ::-1]
            total += blocks_of(seen)
    rows: list[list[int]] = np.rint(100 * unit(total)).astype(int).tolist()
    return rows


def letters(films: list[PhantomFilm]) -> dict[str, object]:
    """False alarms, also beside things in a row, and misses with a line, by typeface and turn."""
    alarms = sum(text_suspected(film.bone_bright) is not None for film in films)
    return {
        "false_alarms": round(alarms / len(films), 4),
        "false_alarms_beside": {
            thing.__name__: _share(
                text_suspected(thing(film.bone_bright, rng)) is not None for film in films
            )
            for rng, thing in ((np.random.default_rng(SEED), thing) for thing in IN_A_ROW)
        },
        "missed": {name: _missed(films, line, 0) for name, line in LINES.items()},
        "missed_upright": {
            name: {"upwards": _missed(films, line, 1), "downwards": _missed(films, line, 3)}
            for name, line in LINES.items()
        },
    }


def _missed(films: list[PhantomFilm], line: Line, turned: int) -> float:
    """Share of films on which a line, turned by quarters anticlockwise, is not suspected."""
    rng = np.random.default_rng(SEED)
    spoilt = (
        np.rot90(with_letters(np.rot90(film.bone_bright, -turned), line, rng), turned)
        for film in films
    )
    return _share(text_suspected(np.ascontiguousarray(own)) is None for own in spoilt)


def ruler(pixels: Picture, rng: np.random.Generator) -> Picture:
    """The film beside an upright ruler without figures."""
    spoilt, (rows, cols) = pixels.copy(), pixels.shape
    left, long = int(cols * rng.uniform(0.05, 0.2)), rows * rng.uniform(0.015, 0.03)
    for mark, y in enumerate(np.arange(0.05, 0.95, rng.uniform(0.008, 0.02)) * rows):
        to = left + int(long if mark % 5 == 0 else 0.6 * long)
        spoilt[int(y) : int(y) + max(1, round(0.003 * rows)), left:to] = 0.9 * WHITE
    return spoilt


def step_wedge(pixels: Picture, rng: np.random.Generator) -> Picture:
    """The film beside ten blocks, each brighter than the one above."""
    spoilt, (rows, cols) = pixels.copy(), pixels.shape
    left, side = int(cols * rng.uniform(0.03, 0.1)), int(0.03 * rows)
    for step in range(10):
        top = int(0.1 * rows) + step * side
        spoilt[top : top + side - 2, left : left + side] = WHITE * (step + 1) / 10
    return spoilt


def screws(pixels: Picture, rng: np.random.Generator) -> Picture:
    """The film with a screw in each of five bodies."""
    return _slanting(pixels, rng, rng.uniform(0.55, 0.72), rng.uniform(0.04, 0.12), 0.09, 5)


def staples(pixels: Picture, rng: np.random.Generator) -> Picture:
    """The film with the staples of a wound behind the spine, narrow enough to pass for letters."""
    return _slanting(pixels, rng, rng.uniform(0.75, 0.9), 0.02, rng.uniform(0.015, 0.04), 12)


def _slanting(
    pixels: Picture, rng: np.random.Generator, x: float, long: float, apart: float, number: int
) -> Picture:
    """Bars one below the other, a little aslant; in shares of the film."""
    spoilt, (rows, cols) = pixels.copy(), pixels.shape
    left, right, thick = int(x * cols), int((x + long) * cols), max(2, round(0.005 * cols))
    for y in ((0.25 + apart * np.arange(number)) * rows).astype(int).tolist():
        ends = (left, y), (right, y + round(rng.normal(0, 0.1) * (right - left)))
        cv2.line(spoilt, *ends, 0.97 * WHITE, thick, cv2.LINE_AA)
    return spoilt


IN_A_ROW = (ruler, step_wedge, screws, staples)
Line = Callable[[str, float], NDArray[np.uint8]]


def with_letters(pixels: Picture, line: Line, rng: np.random.Generator) -> Picture:
    """The film with one line in a corner, 1.2 to 3 % of it high, white, grey or black."""
    rows, cols = pixels.shape
    height = max(rng.uniform(0.012, 0.03) * rows, LEAST_LETTER)
    mask = line(SAID[rng.integers(len(SAID))], height)[:, : int(0.9 * cols)] / 255
    y = int(rng.choice([rng.uniform(0.01, 0.1), rng.uniform(0.86, 0.94)]) * rows)
    x = int(rng.uniform(0.02, 0.08) * cols) if rng.random() < 0.5 else int(0.98 * cols)
    x = max(0, min(x, cols - mask.shape[1] - 1))
    place = np.s_[y : y + mask.shape[0], x : x + mask.shape[1]]
    value = rng.uniform(0.75, 1) * WHITE if rng.random() < 0.75 else 0
    under = float(np.median(pixels[place]))
    if abs(value - under) < 0.3 * WHITE:  # nobody could read it
        value = 0 if under > WHITE / 2 else WHITE
    spoilt = pixels.copy()
    spoilt[place] = pixels[place] * (1 - mask) + value * mask
    return spoilt


def _line_by_cv2(said: str, height: float) -> NDArray[np.uint8]:
    face, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(height / 9))
    scale = height / cv2.getTextSize("A", face, 1, 1)[0][1]
    (width, above), below = cv2.getTextSize(said, face, scale, thick)
    mask = np.zeros((above + below + 4, width + 4), np.uint8)
    cv2.putText(mask, said, (2, above + 1), face, scale, 255, thick, cv2.LINE_AA)
    return mask


def _line_by_pillow(said: str, height: float) -> NDArray[np.uint8]:
    font = ImageFont.load_default(size=1.4 * height)
    left, top, right, bottom = font.getbbox(said)
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), said, 255, font=font)
    return np.array(image)


LINES: dict[str, Line] = {"cv2": _line_by_cv2, "pillow": _line_by_pillow}


def appearance(films: list[PhantomFilm]) -> dict[str, object]:
    """Share of good films that are doubted, and of spoilt ones that pass, by vendor."""
    return {
        vendor: {
            "films": len(own),
            "false_alarms": _share(bool(doubts(f.bone_bright, f.region)) for f in own),
            "missed": {
                "other_region_named": _share(not doubts(f.bone_bright, _other(f)) for f in own),
                "negative": _share(
                    NEGATIVE not in doubts(WHITE - f.bone_bright, f.region) for f in own
                ),
                "negative_with_black_border": _share(
                    NEGATIVE not in doubts(_shuttered(f.bone_bright), f.region) for f in own
                ),
                "upside_down": _share(
                    UPSIDE_DOWN not in doubts(f.bone_bright[::-1, ::-1], f.region) for f in own
                ),
                "on_its_side": _share(
                    ON_ITS_SIDE not in doubts(np.rot90(f.bone_bright), f.region) for f in own
                ),
            },
        }
        for vendor in "AB"
        if (own := [film for film in films if film.vendor == vendor])
    }


def _shuttered(pixels: Picture) -> Picture:
    """Negative, but with the collimated border black as many devices write it."""
    return np.where(pixels == 0, 0, WHITE - pixels).astype(np.uint16)


def _other(film: PhantomFilm) -> Region:
    return "L" if film.region == "C" else "C"


def _share(happened: Iterator[bool]) -> float:
    return round(float(np.mean(list(happened))), 4)


if __name__ == "__main__":
    main()

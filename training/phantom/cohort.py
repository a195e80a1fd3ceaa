"""Synthetic patients and their films; a film follows from (seed, patient, visit, region)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from inference.msasss import DISCS, Region, sites_of
from training.phantom import film, geometry, lesions, oddities, severity
from training.phantom.geometry import Points, Spine

MIRRORED = 0.20  # share of films facing right
INVERTED = 0.15  # share stored as MONOCHROME1
ORIENTATION_RIGHT, ORIENTATION_ABSENT = 0.90, 0.97  # correct, then absent, the rest is wrong
HIDDEN_FROM = 1.15  # line integral of the shoulders above which a corner cannot be assessed

Point = tuple[float, float]


@dataclass(frozen=True)
class DiscTruth:
    """Centre and anterior margin of a disc space; film pixels (x, y), centres at integers."""

    center: Point
    anterior: Point


@dataclass(frozen=True)
class CornerTruth:
    """grade is the floor of latent within 0-3, also where the corner is not assessable."""

    grade: int
    latent: float
    assessable: bool
    x: float
    y: float


@dataclass(frozen=True)
class PhantomFilm:
    """One film with its truth. `pixels` [rows, cols] are the stored 12-bit values."""

    file: str
    seed: int
    patient_index: int
    patient: str
    visit: int
    visit_days: int
    region: Region
    vendor: str
    pixels: film.Pixels
    spacing_mm: float  # at the detector
    facing: Literal["left", "right"]  # of the upright film
    turns: int  # quarter turns counter-clockwise that the stored film was given
    letters: str  # burnt into the pixels; mostly none
    photometric: Literal["MONOCHROME2", "MONOCHROME1"]
    orientation: str  # PatientOrientation as the header says it; may be empty or wrong
    discs: dict[str, DiscTruth]
    corners: dict[str, CornerTruth]

    @property
    def bone_bright(self) -> film.Pixels:
        """Pixels with MONOCHROME1 turned round, so that bone is always bright; 0-4095."""
        return self.pixels if self.photometric == "MONOCHROME2" else film.WHITE - self.pixels


def generate(
    patients: int,
    visits: int = 1,
    preset: str = "clinic",
    seed: int = 0,
    scale: float = 1.0,
    *,
    first: int = 0,
    regions: tuple[Region, ...] = severity.REGIONS,
    mishaps: bool = False,
) -> Iterator[PhantomFilm]:
    """Films of patients first .. first + patients - 1, visit by visit, cervical then lumbar.

    A film does not depend on how many others are made, so ranges can be made apart. With
    `mishaps` some are turned, cut short or carry letters (see `oddities`), as in an archive.
    """
    severity.preset(preset)
    if patients < 0 or visits < 1 or seed < 0:
        raise ValueError("Ask for at least one visit; patients and seed are not negative.")
    for patient in range(first, first + patients):
        for visit in range(visits):
            for region in regions:
                yield take(
                    patient, visit, region, preset=preset, seed=seed, scale=scale, mishaps=mishaps
                )


def days(seed: int, patient: int, visit: int) -> int:
    """Days since the first visit: about two years apart."""
    if visit == 0:
        return 0
    jitter = np.random.default_rng((seed, patient, 2, visit)).integers(-45, 46)
    return severity.VISIT_INTERVAL_DAYS * visit + int(jitter)


def take(
    patient: int,
    visit: int,
    region: Region,
    *,
    preset: str = "clinic",
    seed: int = 0,
    scale: float = 1.0,
    mishaps: bool = False,
) -> PhantomFilm:
    """One film."""
    if not 0.05 <= scale <= 2:
        raise ValueError("The scale of a phantom film lies between 0.05 and 2.")
    number = severity.REGIONS.index(region)
    since = days(seed, patient, visit)
    first, latent = severity.latents(preset, seed, patient, (0, since))[region]
    person = np.random.default_rng((seed, patient, 3, number))
    moment = np.random.default_rng((seed, patient, 4, visit, number))
    name = "AB"[np.random.default_rng((seed, patient, 5, visit)).integers(2)]
    vendor = film.VENDORS[name]
    odd = oddities.traits(seed, patient, region, first, preset)
    mishap = oddities.mishaps(seed, patient, visit, region) if mishaps else oddities.Mishaps()
    posed = _Posed(region, latent, vendor, scale, odd, mishap.cropped)
    spine, exposure = posed.exposed(person, moment)
    mirrored = bool(moment.random() < MIRRORED)
    inverted = bool(moment.random() < INVERTED)
    letters = np.random.default_rng((seed, patient, 9, visit, number))
    pixels = _spoilt(_marked(exposure.pixels, mirrored, moment), mishap, letters)
    orientation = _orientation(mirrored, moment)
    stored = _storing(exposure.pixels.shape, mirrored, mishap.turns)
    who = f"PHANTOM{seed:03d}-{patient:05d}"
    return PhantomFilm(
        file=f"{who}_v{visit}_{region}.dcm",
        seed=seed,
        patient_index=patient,
        patient=who,
        visit=visit,
        visit_days=since,
        region=region,
        vendor=name,
        pixels=film.WHITE - pixels if inverted else pixels,
        spacing_mm=vendor.sizes[region][2] / scale,
        facing="right" if mirrored else "left",
        turns=mishap.turns,
        letters=mishap.letters,
        photometric="MONOCHROME1" if inverted else "MONOCHROME2",
        orientation=orientation if mishap.turns == 0 else "",  # nobody knew how it lay
        discs=_discs(spine, exposure, stored),
        corners=_corners(spine, exposure, latent, stored, odd),
    )


@dataclass(frozen=True)
class _Posed:
    """All that decides an exposure but the two random streams."""

    region: Region
    latent: severity.Floats
    vendor: film.Vendor
    scale: float
    odd: oddities.Traits
    cropped: bool

    def exposed(
        self, person: np.random.Generator, moment: np.random.Generator
    ) -> tuple[Spine, film.Exposure]:
        """Draw; the order of the calls is the order in which the streams are used."""
        spine = geometry.build(self.region, person, moment, self.latent)
        looks = lesions.corners(self.region, self.latent, person)
        bridges = lesions.bridges(self.region, self.latent, person)
        to_film = film.pose(spine, self.vendor, self.scale, moment, cropped=self.cropped)
        exposure = film.expose(
            spine, looks, bridges, self.vendor, self.scale, moment, to_film, self.odd
        )
        return spine, exposure


def _storing(shape: tuple[int, ...], mirrored: bool, turns: int) -> Points:
    """The affine [2, 3] from pixels of the upright film, facing left, to the stored pixels."""
    (rows, columns), place = shape, np.eye(3)
    if mirrored:
        place = np.array([[-1.0, 0, columns - 1], [0, 1, 0], [0, 0, 1]])
    for _ in range(turns):
        place = np.array([[0.0, 1, 0], [-1, 0, columns - 1], [0, 0, 1]]) @ place
        rows, columns = columns, rows
    return place[:2]


def _discs(spine: Spine, exposure: film.Exposure, stored: Points) -> dict[str, DiscTruth]:
    found: dict[str, DiscTruth] = {}
    for index, name in enumerate(DISCS[spine.region]):
        disc = spine.disc(index)
        ends = (_through(exposure.to_film, point) for point in (disc.center, disc.anterior))
        center, anterior = (_point(_through(stored, end)) for end in ends)
        found[name] = DiscTruth(center, anterior)
    return found


def _corners(
    spine: Spine,
    exposure: film.Exposure,
    latent: severity.Floats,
    stored: Points,
    odd: oddities.Traits,
) -> dict[str, CornerTruth]:
    """Not assessable: behind the shoulders, beyond the film's edge, under screws."""
    found: dict[str, CornerTruth] = {}
    grade = severity.grades(latent)
    rows, columns = exposure.pixels.shape
    for index, site in enumerate(sites_of(spine.region)):
        disc, side = divmod(index, 2)
        corner = spine.disc(disc).caudal if side else spine.disc(disc).cranial
        upright = _through(exposure.to_film, corner)
        on_film = 0 <= upright[0] <= columns - 1 and 0 <= upright[1] <= rows - 1
        seen = on_film and film.hidden_at(exposure, upright) < HIDDEN_FROM and disc != odd.hardware
        found[site.code] = CornerTruth(
            int(grade[disc, side]),
            float(latent[disc, side]),
            bool(seen),
            *_point(_through(stored, upright)),
        )
    return found


def _through(affine: Points, point: Points) -> Points:
    moved: Points = affine[:, :2] @ point + affine[:, 2]
    return moved


def _point(place: Points) -> Point:
    return float(place[0]), float(place[1])


def _marked(pixels: film.Pixels, mirrored: bool, rng: np.random.Generator) -> film.Pixels:
    """Mirrored or not, with a lead letter at full white that is not mirrored itself."""
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    rows, columns = pixels.shape
    size = rows / 1000
    x = (0.06 if rng.random() < 0.7 else 0.86) * columns
    y = rng.choice([0.12, 0.88, 0.93]) * rows
    letter = ("R" if mirrored else "L") if rng.random() < 0.9 else ("L" if mirrored else "R")
    left = int(columns - x - 0.05 * columns) if mirrored else int(x)
    stamp = np.zeros((int(0.06 * rows), int(0.06 * rows)), dtype=np.uint8)
    thickness = max(1, round(4 * size))
    cv2.putText(
        stamp, letter, (4, stamp.shape[0] - 4), cv2.FONT_HERSHEY_SIMPLEX, 1.6 * size, 255, thickness
    )
    corner = pixels[int(y) : int(y) + stamp.shape[0], left : left + stamp.shape[1]]
    corner[stamp[: corner.shape[0], : corner.shape[1]] > 127] = film.WHITE
    return pixels


def _orientation(mirrored: bool, rng: np.random.Generator) -> str:
    """PatientOrientation: where the rows and the columns run to; mostly right."""
    right, wrong = ("A\\F", "P\\F") if mirrored else ("P\\F", "A\\F")
    chance = rng.random()
    if chance < ORIENTATION_RIGHT:
        return right
    return "" if chance < ORIENTATION_ABSENT else wrong


def _spoilt(pixels: film.Pixels, mishap: oddities.Mishaps, rng: np.random.Generator) -> film.Pixels:
    """With letters burnt in, and turned."""
    if mishap.letters:
        _burn_in(pixels, mishap.letters, rng)
    return np.ascontiguousarray(np.rot90(pixels, mishap.turns))


def _burn_in(pixels: film.Pixels, letters: str, rng: np.random.Generator) -> None:
    """A line of white text near the upper or the lower edge, as old digitisers write it."""
    rows, columns = pixels.shape
    height = max(rng.uniform(0.014, 0.026) * rows, 9.0)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(height / 9))
    size = height / cv2.getTextSize("A", font, 1, 1)[0][1]
    wide, below = cv2.getTextSize(letters, font, size, thick)[0][0], 0.3 * height
    y = (0.02 * rows + height) if rng.random() < 0.5 else rows - 0.02 * rows - below
    x = rng.choice([0.02 * columns, max(0.02 * columns, 0.97 * columns - wide)])
    stamp = np.zeros(pixels.shape, dtype=np.uint8)
    cv2.putText(stamp, letters, (int(x), int(y)), font, size, 255, thick, cv2.LINE_AA)
    pixels[stamp > 127] = film.WHITE

"""Synthetic patients and their films; a film follows from (seed, patient, visit, region)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from inference.msasss import DISCS, Region, sites_of
from training.phantom import film, geometry, lesions, severity
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
    facing: Literal["left", "right"]
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
) -> Iterator[PhantomFilm]:
    """Films of patients first .. first + patients - 1, visit by visit, cervical then lumbar.

    A film does not depend on how many others are made, so ranges can be made apart.
    """
    severity.preset(preset)
    if patients < 0 or visits < 1:
        raise ValueError("Ask for at least one visit and no negative number of patients.")
    for patient in range(first, first + patients):
        for visit in range(visits):
            for region in regions:
                yield take(patient, visit, region, preset=preset, seed=seed, scale=scale)


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
) -> PhantomFilm:
    """One film."""
    if not 0.05 <= scale <= 2:
        raise ValueError("The scale of a phantom film lies between 0.05 and 2.")
    number = severity.REGIONS.index(region)
    since = days(seed, patient, visit)
    latent = severity.latents(preset, seed, patient, (since,))[region][0]
    person = np.random.default_rng((seed, patient, 3, number))
    moment = np.random.default_rng((seed, patient, 4, visit, number))
    vendor = "AB"[np.random.default_rng((seed, patient, 5, visit)).integers(2)]
    spine = geometry.build(region, person, moment, latent)
    looks = lesions.corners(region, latent, person)
    bridges = lesions.bridges(region, latent, person)
    exposure = film.expose(spine, looks, bridges, film.VENDORS[vendor], scale, moment)
    mirrored = bool(moment.random() < MIRRORED)
    inverted = bool(moment.random() < INVERTED)
    pixels = np.ascontiguousarray(exposure.pixels[:, ::-1]) if mirrored else exposure.pixels
    _mark(pixels, mirrored, moment)
    if inverted:
        pixels = film.WHITE - pixels
    name = f"PHANTOM{seed:03d}-{patient:05d}"
    return PhantomFilm(
        file=f"{name}_v{visit}_{region}.dcm",
        seed=seed,
        patient_index=patient,
        patient=name,
        visit=visit,
        visit_days=since,
        region=region,
        vendor=vendor,
        pixels=pixels,
        spacing_mm=film.VENDORS[vendor].sizes[region][2] / scale,
        facing="right" if mirrored else "left",
        photometric="MONOCHROME1" if inverted else "MONOCHROME2",
        orientation=_orientation(mirrored, moment),
        discs=_discs(spine, exposure, mirrored),
        corners=_corners(spine, exposure, latent, mirrored),
    )


def _discs(spine: Spine, exposure: film.Exposure, mirrored: bool) -> dict[str, DiscTruth]:
    found: dict[str, DiscTruth] = {}
    for index, name in enumerate(DISCS[spine.region]):
        disc = spine.disc(index)
        found[name] = DiscTruth(
            _on_film(disc.center, exposure, mirrored), _on_film(disc.anterior, exposure, mirrored)
        )
    return found


def _corners(
    spine: Spine, exposure: film.Exposure, latent: severity.Floats, mirrored: bool
) -> dict[str, CornerTruth]:
    found: dict[str, CornerTruth] = {}
    grade = severity.grades(latent)
    for index, site in enumerate(sites_of(spine.region)):
        disc, side = divmod(index, 2)
        corner = spine.disc(disc).caudal if side else spine.disc(disc).cranial
        hidden = film.hidden_at(exposure, np.array(_on_film(corner, exposure, False)))
        x, y = _on_film(corner, exposure, mirrored)
        found[site.code] = CornerTruth(
            int(grade[disc, side]), float(latent[disc, side]), hidden < HIDDEN_FROM, x, y
        )
    return found


def _on_film(point_mm: Points, exposure: film.Exposure, mirrored: bool) -> Point:
    x, y = exposure.to_film[:, :2] @ point_mm + exposure.to_film[:, 2]
    return float(exposure.pixels.shape[1] - 1 - x if mirrored else x), float(y)


def _mark(pixels: film.Pixels, mirrored: bool, rng: np.random.Generator) -> None:
    """Lead letter at full white in a free corner on the anterior side; not mirrored itself."""
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


def _orientation(mirrored: bool, rng: np.random.Generator) -> str:
    """PatientOrientation: where the rows and the columns run to; mostly right."""
    right, wrong = ("A\\F", "P\\F") if mirrored else ("P\\F", "A\\F")
    chance = rng.random()
    if chance < ORIENTATION_RIGHT:
        return right
    return "" if chance < ORIENTATION_ABSENT else wrong

"""From a film to its graded corners: the steps in a row, the one thing that others call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference import checkpoint, corner_grades, gpu, key_points, runtimes
from inference.corner_grades import Calibration, CornerGradeNet, log_probabilities
from inference.corner_regions import (
    LEVELS,
    CropRecipe,
    DiscPoints,
    RegionError,
    crop_transforms,
    stretch,
    warp,
)
from inference.disc_patches import PATCH
from inference.disc_sight import ends_of, gradable
from inference.film_content import Shown, shown
from inference.film_views import COLS, ROWS
from inference.heat_maps import place_log_mass
from inference.msasss import Region, sites_of
from inference.picture import Picture
from inference.plausibility import doubt
from inference.point_finder import Film, Found, KeyPointFinder
from inference.runtimes import Runtime

STARTER = Path(__file__).parent / "starter"
KEY_POINTS_FILE, CORNER_GRADES_FILE = "key_points.safetensors", "corner_grades.safetensors"

Probabilities = tuple[float, float, float, float]
Crop = npt.NDArray[np.float32]  # [size, size], 0..1


@dataclass(frozen=True)
class FilmPrediction:
    """Disc points by disc, P(0), P(1), P(2), P(3) by site code, and whether they can be trusted.

    An implausible film has `reason`, a sentence, and goes to a person; its corners are empty. A
    disc that cannot be seen, or lies between screws (`disc_sight`), has points and no corners.
    `shows`: what the picture is of, where the points were searched for.
    """

    discs: dict[str, DiscPoints]
    corners: dict[str, Probabilities]
    plausible: bool
    reason: str | None
    shows: Shown | None = None


class Grader:
    """Both networks, loaded once."""

    def __init__(
        self, finder: KeyPointFinder, network: CornerGradeNet, recipe: CropRecipe, fit: Calibration
    ) -> None:
        self.finder = finder
        self.network: Callable[[Tensor, Tensor], Tensor] = network.to(finder.device).eval()
        self.recipe, self.calibration = recipe, fit
        self.runtimes: dict[str, Runtime] = {}

    @classmethod
    def from_files(
        cls,
        key_points_path: str | Path = STARTER / KEY_POINTS_FILE,
        corner_grades_path: str | Path = STARTER / CORNER_GRADES_FILE,
        device: str = "auto",
    ) -> Grader:
        """Load two weights files; "auto" takes the GPU when there is one that answers.

        Raises CheckpointError when a file is not what it should be.
        """
        if device == "auto":
            device = "cuda" if gpu.answers() else "cpu"
        points = key_points.build(checkpoint.load(key_points_path, key_points.TASK))
        grades = corner_grades.build(checkpoint.load(corner_grades_path, corner_grades.TASK))
        return cls(KeyPointFinder(points, torch.device(device)), *grades)

    def choose_runtimes(self) -> None:
        """Run every network the way that is fastest here; `runtimes` says which. Seconds, once."""
        random = torch.Generator().manual_seed(0)

        def like(number: int, rows: int, cols: int) -> Tensor:
            return torch.rand(number, 1, rows, cols, generator=random).to(self.finder.device)

        finder, calibration = self.finder, self.calibration
        points = runtimes.fastest(
            cast(nn.Module, finder.network),
            (like(2, ROWS, COLS),),
            lambda maps: place_log_mass(maps).exp(),
        )
        levels = torch.arange(12).to(finder.device)
        grades = runtimes.fastest(
            cast(nn.Module, self.network),
            (like(12, self.recipe.size, self.recipe.size), levels),
            lambda logits: log_probabilities(logits, calibration).exp(),
        )
        finder.network, self.network = points.run, grades.run
        self.runtimes = {"key points": points, "grades": grades}
        if finder.closer is not None:
            closer = runtimes.fastest(
                cast(nn.Module, finder.closer),
                (like(12, PATCH.size, PATCH.size),),
                lambda maps: place_log_mass(maps).exp(),
            )
            finder.closer, self.runtimes["closer look"] = closer.run, closer

    def grade_film(
        self, pixels: Picture, region: Region, discs: Mapping[str, DiscPoints] | None = None
    ) -> FilmPrediction:
        """Grade a film uint16 [rows, cols], bone bright, of a known region.

        With `discs` (a reader's points) nothing is searched and nothing doubted but geometry.
        """
        if discs is None:
            (graded,) = self.grade_films([Film(pixels, region)])
        else:
            (graded,) = self._graded([_Pointed(pixels, region, dict(discs))])
        return graded

    def grade_films(self, films: Sequence[Film]) -> list[FilmPrediction]:
        """Grade films in one batch: each network sees all of them at once. In the given order."""
        found = self.finder.find_many(films)
        shows = self._shows(films, found)
        return self._graded(
            [
                _Pointed(
                    film.pixels,
                    film.region,
                    one.discs,
                    doubt(one, film.region, film.pixels.shape),
                    sight,
                )
                for film, one, sight in zip(films, found, shows, strict=True)
            ]
        )

    def _shows(self, films: Sequence[Film], found: Sequence[Found]) -> list[Shown]:
        """What each film shows; where another region shows, that is searched for too."""
        others = [n for n, one in enumerate(found) if one.seen != films[n].region]
        again = self.finder.find_many([replace(films[n], region=found[n].seen) for n in others])
        best = list(found)
        for number, one in zip(others, again, strict=True):
            best[number] = one
        return [shown(b.discs, one.seen) for b, one in zip(best, found, strict=True)]

    def _graded(self, films: Sequence[_Pointed]) -> list[FilmPrediction]:
        """The predictions of films whose points are known; the doubtful get no grades."""
        for film in films:
            film.cut_crops(self.recipe)
        trusted = [film for film in films if film.reason is None]
        shares = self._shares([film.crops for film in trusted])
        by_film = {id(film): both for film, both in zip(trusted, shares, strict=True)}
        return [film.prediction(by_film.get(id(film), {})) for film in films]

    @torch.inference_mode()
    def _shares(self, crops: Sequence[Mapping[str, Crop]]) -> list[dict[str, Probabilities]]:
        """Probabilities of both corners of the discs of each film, by site code."""
        discs = [disc for film in crops for disc in film]
        if not discs:
            return [{} for _ in crops]
        device = self.finder.device
        pictures = torch.from_numpy(np.stack([crop for film in crops for crop in film.values()]))
        levels = torch.tensor([LEVELS.index(disc) for disc in discs])
        logits = self.network(pictures[:, None].to(device), levels.to(device))
        shares = log_probabilities(logits, self.calibration).exp().double().cpu().numpy()
        shares /= shares.sum(axis=2, keepdims=True)  # float32 rounding: sums to one exactly
        each = iter(shares)
        return [_by_site({disc: next(each) for disc in film}) for film in crops]


@dataclass
class _Pointed:
    """A film on its way through a batch: its points, then the crops around them."""

    pixels: Picture
    region: Region
    discs: dict[str, DiscPoints]
    reason: str | None = None
    shows: Shown | None = None
    crops: dict[str, Crop] = field(default_factory=dict)

    def cut_crops(self, recipe: CropRecipe) -> None:
        """Cut the level crops of what can be graded, unless the points are doubtful."""
        if self.reason is not None:
            return
        try:
            transforms = crop_transforms(self.discs, recipe)
        except RegionError as error:
            self.reason = str(error)
            return
        whole = {d: warp(self.pixels, t, recipe.size, recipe.size) for d, t in transforms.items()}
        ends = ends_of(whole, recipe)
        seen = gradable(whole, ends, recipe)
        self.crops = {d: stretch(crop, ends[d]) for d, crop in whole.items() if d in seen}

    def prediction(self, corners: Mapping[str, Probabilities]) -> FilmPrediction:
        """What is said of the film, its corners in reading order."""
        codes = [site.code for site in sites_of(self.region) if site.code in corners]
        ordered = {code: corners[code] for code in codes}
        return FilmPrediction(self.discs, ordered, self.reason is None, self.reason, self.shows)


def _by_site(shares: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, Probabilities]:
    corners: dict[str, Probabilities] = {}
    for disc, (cranial, caudal) in shares.items():
        above, below = disc.split("/")
        corners[f"{above}_INF"] = _four(cranial)
        corners[f"{below}_SUP"] = _four(caudal)
    return corners


def _four(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Probabilities:
    p0, p1, p2, p3 = (float(share) for share in shares)
    return (p0, p1, p2, p3)

"""From a film to its graded corners: the steps in a row, the one thing that others call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from inference import checkpoint, corner_grades, key_points
from inference.corner_grades import Calibration, CornerGradeNet, log_probabilities
from inference.corner_regions import (
    LEVELS,
    CropRecipe,
    DiscPoints,
    RegionError,
    crop_transforms,
    cut,
    implausible,
)
from inference.key_points import KeyPointFinder
from inference.msasss import REGION_NAMES, Region, sites_of
from inference.picture import Picture

STARTER = Path(__file__).parent / "starter"
KEY_POINTS_FILE, CORNER_GRADES_FILE = "key_points.safetensors", "corner_grades.safetensors"
# Mean confidence of the points below which no spine was found; on phantoms it lies above 0.8
LEAST_CONFIDENCE = 0.35

Probabilities = tuple[float, float, float, float]


@dataclass(frozen=True)
class FilmPrediction:
    """Disc points by disc, P(0), P(1), P(2), P(3) by site code, and whether they can be trusted.

    An implausible film has `reason`, a sentence, and goes to a person; its corners are empty.
    """

    discs: dict[str, DiscPoints]
    corners: dict[str, Probabilities]
    plausible: bool
    reason: str | None


class Grader:
    """Both networks, loaded once."""

    def __init__(
        self, finder: KeyPointFinder, network: CornerGradeNet, recipe: CropRecipe, fit: Calibration
    ) -> None:
        self.finder = finder
        self.network = network.to(finder.device).eval()
        self.recipe, self.calibration = recipe, fit

    @classmethod
    def from_files(
        cls,
        key_points_path: str | Path = STARTER / KEY_POINTS_FILE,
        corner_grades_path: str | Path = STARTER / CORNER_GRADES_FILE,
        device: str = "auto",
    ) -> Grader:
        """Load two weights files; "auto" takes the GPU when there is one.

        Raises CheckpointError when a file is not what it should be.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        points = key_points.build(checkpoint.load(key_points_path, key_points.TASK))
        grades = corner_grades.build(checkpoint.load(corner_grades_path, corner_grades.TASK))
        return cls(KeyPointFinder(points, torch.device(device)), *grades)

    def grade_film(
        self, pixels: Picture, region: Region, discs: Mapping[str, DiscPoints] | None = None
    ) -> FilmPrediction:
        """Grade a film uint16 [rows, cols], bone bright, of a known region.

        With `discs` (a reader's points) nothing is searched and nothing doubted but geometry.
        """
        if discs is not None:
            return self._graded(pixels, region, dict(discs), None)
        found, seen = self.finder.find(pixels, region)
        return self._graded(pixels, region, found, _doubt(found, region, seen))

    def _graded(
        self, pixels: Picture, region: Region, discs: dict[str, DiscPoints], reason: str | None
    ) -> FilmPrediction:
        if reason is not None:
            return FilmPrediction(discs, {}, False, reason)
        try:
            corners = self.grade_discs(pixels, discs)
        except RegionError as error:
            return FilmPrediction(discs, {}, False, str(error))
        codes = [site.code for site in sites_of(region) if site.code in corners]
        return FilmPrediction(discs, {code: corners[code] for code in codes}, True, None)

    @torch.inference_mode()
    def grade_discs(
        self, pixels: Picture, discs: Mapping[str, DiscPoints]
    ) -> dict[str, Probabilities]:
        """Probabilities of both corners of these discs. Raises RegionError for unusable points."""
        transforms = crop_transforms(discs, self.recipe)
        crops = np.stack([cut(pixels, transform, self.recipe) for transform in transforms.values()])
        levels = torch.tensor([LEVELS.index(disc) for disc in transforms])
        device = self.finder.device
        logits = self.network(torch.from_numpy(crops)[:, None].to(device), levels.to(device))
        shares = log_probabilities(logits, self.calibration).exp().double().cpu().numpy()
        shares /= shares.sum(axis=2, keepdims=True)  # float32 rounding: sums to one exactly
        corners: dict[str, Probabilities] = {}
        for disc, (cranial, caudal) in zip(transforms, shares, strict=True):
            above, below = disc.split("/")
            corners[f"{above}_INF"] = _four(cranial)
            corners[f"{below}_SUP"] = _four(caudal)
        return corners


def _four(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Probabilities:
    p0, p1, p2, p3 = (float(share) for share in shares)
    return (p0, p1, p2, p3)


def _doubt(discs: Mapping[str, DiscPoints], region: Region, seen: Region) -> str | None:
    """Why a person must look at these points first, or None."""
    if seen != region:
        return f"The film is filed as {REGION_NAMES[region]} but looks {REGION_NAMES[seen]}."
    confidence = sum(disc.confidence for disc in discs.values()) / len(discs)
    if confidence < LEAST_CONFIDENCE:
        return "No spine of this region was found with any confidence."
    return implausible(discs, region)

"""Synthetic lateral spine radiographs with known disc points and corner grades, without torch."""

from training.phantom.cohort import CornerTruth, DiscTruth, PhantomFilm, generate, take
from training.phantom.dicom_file import COLUMNS, encode, write
from training.phantom.severity import PRESETS

__all__ = [
    "COLUMNS",
    "PRESETS",
    "CornerTruth",
    "DiscTruth",
    "PhantomFilm",
    "encode",
    "generate",
    "take",
    "write",
]

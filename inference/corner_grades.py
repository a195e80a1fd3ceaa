"""ResNet on a level crop: a bridge of the disc, else 0, 1 or 2 at each of its two corners.

The order of decisions is that of Koo et al. 2022 (bridge first, then 0-2), with the bridge as
what it is, a property of the disc: so grade 3 always stands on both facing corners. Grades 0-2
are cumulative (ordinal) logits, P(>=1) and P(>=2), because a spur that is taken for squaring is
a smaller error than one taken for normal. Trunk: torchvision's ResNet (He et al. 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from inference import checkpoint
from inference.checkpoint import Checkpoint, CheckpointError
from inference.corner_regions import LEVELS, CropRecipe

TASK = "corner_grades"
BACKBONES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")


@dataclass(frozen=True)
class GraderArchitecture:
    """All that is needed to build the network again."""

    backbone: str = "resnet18"
    stages: int = 3  # of ResNet's four; three hold 2.8M weights and see 128 px at stride 16
    pool: tuple[int, int] = (4, 2)  # rows x columns kept apart: the corners have fixed places
    levels: bool = True  # tell the head which of the 12 discs it sees: C2-C4 are normally squared
    dropout: float = 0.3


@dataclass(frozen=True)
class Calibration:
    """Scale and shift of the logits (bridge, >=1, >=2), fitted at natural prevalence.

    Undoes over-confidence (scale) and the balanced sampling of training (shift).
    """

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


class CornerGradeNet(nn.Module):
    """Crops [n, 1, size, size] in 0..1 and level indices [n] -> logits [n, 5].

    The five: bridge; cranial-side corner >=1 and >=2; caudal-side corner >=1 and >=2.
    """

    def __init__(self, architecture: GraderArchitecture) -> None:
        super().__init__()
        if architecture.backbone not in BACKBONES:
            raise CheckpointError(f"The backbone must be one of {', '.join(BACKBONES)}.")
        self.architecture = architecture
        trunk = torchvision.models.get_model(architecture.backbone, weights=None)
        width = trunk.fc.in_features >> (4 - architecture.stages)
        trunk.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        trunk.fc = nn.Identity()
        for stage in range(architecture.stages + 1, 5):
            setattr(trunk, f"layer{stage}", nn.Identity())
        rows, cols = architecture.pool
        trunk.avgpool = nn.AdaptiveAvgPool2d((rows, cols))
        self.trunk = trunk
        self.dropout = nn.Dropout(architecture.dropout)
        known = len(LEVELS) if architecture.levels else 0
        self.head = nn.Linear(width * rows * cols + known, 5)

    def forward(self, crops: Tensor, levels: Tensor) -> Tensor:
        """See the class."""
        features = self.dropout(self.trunk((crops - 0.5) / 0.25))
        if self.architecture.levels:
            named = functional.one_hot(levels, len(LEVELS)).to(features.dtype)
            features = torch.cat([features, named], dim=1)
        logits: Tensor = self.head(features)
        return logits


def log_probabilities(logits: Tensor, calibration: Calibration | None = None) -> Tensor:
    """Logits [n, 5] -> log P(grade) [n, 2 corners, 4 grades], cranial side first.

    P(3) is the disc's; P(0), P(1), P(2) share what is left. Each row sums to one.
    """
    calibration = calibration or Calibration()
    logits = logits.float()
    scale, shift = logits.new_tensor(calibration.scale), logits.new_tensor(calibration.shift)
    bridge = scale[0] * logits[:, :1] + shift[0]
    corners = scale[1:] * logits[:, 1:].reshape(-1, 2, 2) + shift[1:]
    any_change = corners[..., 0]
    # P(>=2) may not exceed P(>=1): the second threshold lies a positive step above the first
    step = functional.softplus(any_change - corners[..., 1]).clamp(min=1e-4)
    spur = any_change - step
    grades = torch.stack(
        [
            functional.logsigmoid(-any_change),
            # log(sigmoid(a) - sigmoid(b)) without cancellation
            functional.logsigmoid(any_change)
            + functional.logsigmoid(-spur)
            + torch.log(-torch.expm1(-step)),
            functional.logsigmoid(spur),
        ],
        dim=-1,
    )
    no_bridge = functional.logsigmoid(-bridge)[..., None]
    bridged = functional.logsigmoid(bridge)[..., None].expand(-1, 2, 1)
    return torch.cat([grades + no_bridge, bridged], dim=-1)


def build(stored: Checkpoint) -> tuple[CornerGradeNet, CropRecipe, Calibration]:
    """The network, in evaluation mode, with the crop and calibration its weights were made for.

    Raises CheckpointError when the metadata or the tensors do not fit.
    """
    try:
        described = _architecture(stored.metadata["architecture"])
        recipe = CropRecipe(**stored.metadata["crop"])
        fitted = stored.metadata.get("calibration", asdict(Calibration()))
        calibration = Calibration(_three(fitted["scale"]), _three(fitted["shift"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The weights' description is incomplete: {error}.") from error
    network = CornerGradeNet(described)
    checkpoint.fill(network, stored)
    return network.eval(), recipe, calibration


def metadata(
    architecture: GraderArchitecture, crop: CropRecipe, calibration: Calibration
) -> dict[str, Any]:
    """What `build` needs to read, in the form it reads."""
    return {
        "task": TASK,
        "architecture": asdict(architecture),
        "crop": asdict(crop),
        "calibration": asdict(calibration),
        "classes": [0, 1, 2, 3],
    }


def _architecture(described: Mapping[str, Any]) -> GraderArchitecture:
    rows, cols = described["pool"]
    return GraderArchitecture(**{**described, "pool": (rows, cols)})


def _three(values: list[float]) -> tuple[float, float, float]:
    a, b, c = values
    return (float(a), float(b), float(c))

"""What we store of key points, and which films still need them."""

from collections.abc import Mapping

from annotation.models import DiscPoint, ModelVersion, Radiograph
from inference.corner_regions import DiscPoints


def store_predicted(
    *, films: Mapping[int, Mapping[str, DiscPoints]], version: ModelVersion
) -> None:
    """Store a network's disc points, by film. A second run of the same version changes nothing."""
    DiscPoint.objects.bulk_create(
        (
            DiscPoint(
                radiograph_id=film,
                disc=disc,
                center_x=points.center[0],
                center_y=points.center[1],
                anterior_x=points.anterior[0],
                anterior_y=points.anterior[1],
                confidence=points.confidence,
                model_version=version,
            )
            for film, discs in films.items()
            for disc, points in discs.items()
        ),
        ignore_conflicts=True,
    )


def current(radiograph: Radiograph) -> dict[str, DiscPoints]:
    """The disc points that hold for a film: a reader's correction before a model's."""
    return {
        point.disc: DiscPoints(
            disc=point.disc,
            center=(point.center_x, point.center_y),
            anterior=(point.anterior_x, point.anterior_y),
            confidence=1.0 if point.confidence is None else point.confidence,
        )
        for point in radiograph.disc_points.current()
    }

"""What we store of a pre-grading, and which films still wait for one."""

from typing import TYPE_CHECKING

from django.db import transaction

from annotation.models import CornerPrediction, ModelVersion, Pregrading, Radiograph
from annotation.services import key_points

if TYPE_CHECKING:  # the web process may load this file, and predict loads torch
    from inference.predict import FilmPrediction


def waiting(*, key_point_version: ModelVersion, grade_version: ModelVersion) -> list[int]:
    """Ids of the ready films that these two versions have not pre-graded, oldest first."""
    done = Pregrading.objects.filter(key_points=key_point_version, corner_grades=grade_version)
    ready = Radiograph.objects.ready().exclude(pk__in=done.values("radiograph"))
    return list(ready.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def store_pregrading(
    *,
    radiograph: Radiograph,
    prediction: "FilmPrediction",
    key_point_version: ModelVersion,
    grade_version: ModelVersion,
) -> Pregrading:
    """Store points and probabilities together, keyed by corner. Repeating it changes nothing.

    An implausible film keeps its points, for a person to read it by, and gets no grades.
    """
    key_points.store_predicted(
        radiograph=radiograph, discs=prediction.discs, version=key_point_version
    )
    pregrading, _ = Pregrading.objects.get_or_create(
        radiograph=radiograph,
        key_points=key_point_version,
        corner_grades=grade_version,
        defaults={"plausible": prediction.plausible, "reason": prediction.reason or ""},
    )
    if pregrading.plausible:
        CornerPrediction.objects.bulk_create(
            (
                CornerPrediction(
                    radiograph=radiograph,
                    site=site,
                    model_version=grade_version,
                    **dict(zip(("p0", "p1", "p2", "p3"), map(float, p), strict=True)),
                )
                for site, p in prediction.corners.items()
            ),
            ignore_conflicts=True,
        )
    return pregrading

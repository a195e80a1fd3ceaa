"""When a reader sees the model's grades, and which reads know of them.

A reading that shows them says so with the versions, and goes on showing those whatever is
promoted later. Blind reads are told apart by query (`Reading.objects.blind()`).
"""

from django.db.models import OuterRef, Subquery

from annotation.models import CornerPrediction, ModelVersion, Reading, Round, Study

FIELDS = ("model_version_shown", "points_version_shown")


def to_show(reading: Reading, mode: Study.Assist) -> dict[str, ModelVersion]:
    """The fields of a reading that say which versions it shows; empty where it shows none.

    The serving ones, if the study shows the model in this mode and they have graded the film. Of
    whole films only: a batch asks for corners that the model doubts.
    """
    round_ = reading.round
    if round_.study.assist_mode != mode or round_.kind != Round.Kind.FULL:
        return {}
    graded = CornerPrediction.objects.serving().filter(radiograph=reading.radiograph_id)
    one = graded.select_related("model_version", "points_version").first()
    if one is None:
        return {}
    return dict(zip(FIELDS, (one.model_version, one.points_version), strict=True))


def known() -> Subquery:
    """For a query of readings: the version whose grades of the film its reader has seen, or none.

    Seen beside this reading or another one.
    """
    shown = Reading.objects.filter(
        reader=OuterRef("reader"),
        radiograph=OuterRef("radiograph"),
        model_version_shown__isnull=False,
    )
    return Subquery(shown.order_by("-committed_at").values("model_version_shown")[:1])

"""When a reader sees the model's grades, and which reads know of them.

A reading that shows them says so with the version, and goes on showing that version whatever is
promoted later. Blind reads are told apart by query (`Reading.objects.blind()`).
"""

from django.db.models import OuterRef, Subquery

from annotation.models import ModelVersion, Reading, Round, Study


def to_show(reading: Reading, mode: Study.Assist) -> ModelVersion | None:
    """The serving grader, if the study shows the model in this mode and it has graded the film.

    Of whole films only: a batch asks for corners that the model doubts.
    """
    round_ = reading.round
    if round_.study.assist_mode != mode or round_.kind != Round.Kind.FULL:
        return None
    return ModelVersion.objects.filter(
        task=ModelVersion.Task.CORNER_GRADES,
        state=ModelVersion.State.SERVING,
        cornerprediction__radiograph=reading.radiograph_id,
    ).first()


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

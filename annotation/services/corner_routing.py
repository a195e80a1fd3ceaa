"""Which corners of a study go back to the readers: candidates in, the pure ranking decides."""

from annotation.errors import Conflict
from annotation.models import (
    Consensus,
    CornerPrediction,
    ModelVersion,
    Patient,
    QueriedCorner,
    Reading,
    Round,
    Study,
)
from annotation.services import model_versions, ranking

Corner = tuple[int, str]  # radiograph, site

# After so many requests a corner is settled by adjudication or is not assessable; asking on only
# collects noise (uncertainty sampling otherwise chases what cannot be learned).
MOST_QUERIES = 2


def ranked_corners(
    study: Study, *, size: int, random_share: float
) -> tuple[ModelVersion, list[ranking.Ranked]]:
    """The study's most doubtful corners by the serving grader, in reading order.

    Test patients stay out: they judge the model and must not be chosen by its doubts. Raises
    Conflict when no film of the study is pre-graded, instead of an empty list that looks finished.
    """
    version = model_versions.serving(ModelVersion.Task.CORNER_GRADES)
    predictions = (
        CornerPrediction.objects.filter(
            model_version=version, radiograph__studies=study, radiograph__state="ready"
        )
        .exclude(radiograph__visit__patient__split=Patient.Split.TEST)
        .order_by("radiograph_id", "site")
        .values_list(
            "radiograph__visit__patient__pseudonym",
            "radiograph_id",
            "site",
            "p0",
            "p1",
            "p2",
            "p3",
        )
    )
    asked, settled = _times_queried(study), _waiting(study) | _before_adjudicators(study)
    candidates = [
        ranking.Candidate(patient=patient, film=film, site=site, p=(p0, p1, p2, p3))
        for patient, film, site, p0, p1, p2, p3 in predictions
        if asked.get((film, site), 0) < MOST_QUERIES and (film, site) not in settled
    ]
    if not candidates:
        raise Conflict(
            "No corner of this study can be ranked: its films are not pre-graded by the serving "
            "model yet, or belong to test patients. Start pre-grading, then try again."
        )
    return version, ranking.rank(
        candidates, size=size, random_share=random_share, seed=study.rounds.count()
    )


def _waiting(study: Study) -> set[Corner]:
    """Corners of an open batch that somebody has still to read."""
    unread = Reading.objects.filter(round__study=study, round__kind=Round.Kind.RELABEL).pending()
    return set(unread.values_list("radiograph_id", "site"))


def _before_adjudicators(study: Study) -> set[Corner]:
    """Corners that an adjudicator decides or has decided: another read would not count any more."""
    judged = (Consensus.Rule.ADJUDICATED, Consensus.Rule.WAITING)
    held = Consensus.objects.filter(study=study, rule__in=judged)
    return set(held.values_list("radiograph_id", "site"))


def _times_queried(study: Study) -> dict[Corner, int]:
    """How often each corner of the study was asked again already."""
    asked: dict[Corner, int] = {}
    queried = QueriedCorner.objects.filter(round__study=study)
    for film, site in queried.values_list("radiograph_id", "site"):
        asked[film, site] = asked.get((film, site), 0) + 1
    return asked

"""Which corners of a study go back to the readers: candidates in, the pure ranking decides."""

from collections.abc import Iterator, Sequence
from typing import cast

from django.conf import settings

from annotation.errors import Conflict
from annotation.models import (
    Consensus,
    CornerPrediction,
    ModelVersion,
    Patient,
    QueriedCorner,
    Radiograph,
    Reading,
    Round,
    Study,
)
from annotation.services import draws, model_versions, ranking
from inference.msasss import Region, sites_of

Corner = tuple[int, str]  # radiograph, site

# After so many requests a corner is settled by adjudication or is not assessable; asking on only
# collects noise (uncertainty sampling otherwise chases what cannot be learned).
MOST_QUERIES = 2


def ranked_corners(
    study: Study, *, size: int, random_share: float
) -> tuple[ModelVersion, list[ranking.Ranked]]:
    """The study's most doubtful corners by the serving grader, in reading order.

    First those that it could not see, as long as the readers have not settled them. Test patients
    stay out: they judge the model and must not be chosen by its doubts. Raises Conflict when no
    film of the study is pre-graded, instead of an empty list that looks finished.
    """
    version = model_versions.serving(ModelVersion.Task.CORNER_GRADES)
    predictions = (
        CornerPrediction.objects.serving()
        .filter(radiograph__studies=study, radiograph__state="ready")
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
    graded = [
        ranking.Candidate(patient=patient, film=film, site=site, p=(p0, p1, p2, p3))
        for patient, film, site, p0, p1, p2, p3 in predictions
    ]
    candidates = [
        one
        for one in (*graded, *_unseen(study, version, graded))
        if asked.get((int(one.film), one.site), 0) < MOST_QUERIES
        and (int(one.film), one.site) not in settled
    ]
    if not candidates:
        raise Conflict(
            "No corner of this study can be ranked: its films are not pre-graded by the serving "
            "model yet, or belong to test patients. Start pre-grading, then try again."
        )
    seed = draws.secret_seed(settings.PSEUDONYM_KEY, study.pk, study.rounds.count())
    return version, ranking.rank(
        candidates, size=size, random_share=random_share, seed=int(seed, 16)
    )


def _unseen(
    study: Study, version: ModelVersion, graded: Sequence[ranking.Candidate]
) -> Iterator[ranking.Candidate]:
    """Corners of pre-graded films that have no grade: the model could not see their discs.

    Where the readers agree already, the model has nothing to say against them.
    """
    known = {(int(one.film), one.site) for one in graded}
    standing = Consensus.objects.filter(study=study).current()
    known |= set(standing.values_list("radiograph_id", "site"))
    films = (
        Radiograph.objects.ready()
        .filter(
            studies=study,
            pregradings__corner_grades=version,
            pregradings__key_points__state=ModelVersion.State.SERVING,
            pregradings__plausible=True,
        )
        .exclude(visit__patient__split=Patient.Split.TEST)
        .distinct()
        .values_list("visit__patient__pseudonym", "pk", "region")
    )
    for patient, film, region in films.order_by("pk"):
        for site in sites_of(cast(Region, region)):
            if (film, site.code) not in known:
                yield ranking.Candidate(patient=patient, film=film, site=site.code, p=None)


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

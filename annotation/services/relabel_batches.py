"""Open a relabel batch: a round over single corners that the model cannot settle."""

from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from annotation.errors import BadInput, Conflict
from annotation.models import ModelVersion, QueriedCorner, Reading, Round, Study, StudyFilm
from annotation.services import audit, corner_routing
from annotation.services.ranking import Ranked
from annotation.services.studies import check_reads_blind

_BATCH = 5000


@transaction.atomic
def open_ranked(
    *, study: Study, size: int, random_share: float, readers: Sequence[User], actor: User
) -> Round:
    """Open a batch of the corners that `corner_routing.ranked_corners` ranks first now.

    Raises as that does, as `open_batch`, and Conflict when the study is closed.
    """
    held = _held(study)
    version, corners = corner_routing.ranked_corners(held, size=size, random_share=random_share)
    return open_batch(
        study=held, corners=corners, model_version=version, readers=readers, actor=actor
    )


def _held(study: Study) -> Study:
    """The study, locked. Raises Conflict when it is closed.

    Two batches at once would ask for the same corners under the same round number: the second
    waits here, and ranks what the first has left.
    """
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not locked.is_open:
        raise Conflict("This study is closed. Open a batch in a study that is still read.")
    return locked


@transaction.atomic
def open_batch(
    *,
    study: Study,
    corners: Sequence[Ranked],
    model_version: ModelVersion,
    readers: Sequence[User],
    actor: User,
) -> Round:
    """Open a round over ranked corners: one reading per reader and corner, in rank order.

    The caller holds the study since they were ranked. Score, stream and selection probability are
    kept; readers never see them. Raises BadInput for readers who cannot read blind or adjudicate
    here.
    """
    _check_batch(study, corners, readers)
    last = study.rounds.aggregate(last=Max("number"))["last"] or 0
    round_ = Round.objects.create(study=study, number=last + 1, kind=Round.Kind.RELABEL)
    QueriedCorner.objects.bulk_create(
        (
            QueriedCorner(
                round=round_,
                radiograph_id=int(chosen.candidate.film),
                site=chosen.candidate.site,
                rank=rank,
                score=chosen.score,
                reason=chosen.reason,
                stream=chosen.stream,
                selection_probability=chosen.selection_probability,
                model_version=model_version,
            )
            for rank, chosen in enumerate(corners, start=1)
        ),
        batch_size=_BATCH,
    )
    for reader in readers:
        Reading.objects.bulk_create(_in_rank_order(round_, reader, corners), batch_size=_BATCH)
    audit.record(
        actor=actor,
        action="study.relabel_batch_opened",
        subject=round_,
        corners=len(corners),
        model_version=model_version.name,
        readers=[reader.get_username() for reader in readers],
    )
    return round_


def _check_batch(study: Study, corners: Sequence[Ranked], readers: Sequence[User]) -> None:
    if not corners or not readers:
        raise BadInput("A relabel batch needs at least one corner and one reader.")
    adjudicators = set(study.adjudicators.all())
    for reader in readers:
        check_reads_blind(reader)
        if reader in adjudicators:
            raise BadInput(
                f"{reader.get_username()} adjudicates this study and cannot read in it. "
                "Choose another reader."
            )
    films = {int(chosen.candidate.film) for chosen in corners}
    shown = Reading.objects.filter(
        reader__in=readers, radiograph__in=films, model_version_shown__isnull=False
    )
    if names := sorted(set(shown.values_list("reader__username", flat=True))):
        raise BadInput(
            f"{', '.join(names)} saw the model's grades of films in this batch and cannot read "
            "them blind any more. Choose readers who did not."
        )
    known = StudyFilm.objects.filter(study=study, radiograph__in=films)
    if len(films) != known.count():
        raise BadInput("A ranked corner lies on a film that is not in this study.")


def _in_rank_order(round_: Round, reader: User, corners: Iterable[Ranked]) -> Iterator[Reading]:
    for rank, chosen in enumerate(corners, start=1):
        yield Reading(
            round=round_,
            reader=reader,
            radiograph_id=int(chosen.candidate.film),
            site=chosen.candidate.site,
            position=rank,
        )

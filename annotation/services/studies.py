"""Reading studies: create one with its drawn orders, open a relabel batch."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from annotation.errors import BadInput, Conflict
from annotation.models import (
    ModelVersion,
    QueriedCorner,
    Radiograph,
    Reading,
    Round,
    Study,
    StudyFilm,
)
from annotation.models.study import DESIGN
from annotation.permissions import ADJUDICATOR, READER, SEES_GRADES, roles_of
from annotation.services import audit, draws
from annotation.services.ranking import Ranked

_BATCH = 5000


@dataclass(frozen=True)
class Design:
    """What a study is made of. `radiographs` None takes every ready film (of `region`, if given).

    `washouts` has one entry per round: days between a reader's commit of a film and its next
    reading; the first round's is not used.
    """

    name: str
    readers: Sequence[User]
    adjudicators: Sequence[User] = ()
    radiographs: Sequence[int] | None = None
    region: str | None = None
    washouts: Sequence[int] = (0,)
    assist_mode: str = Study.Assist.BLIND
    cervical_squaring: str = Study.CervicalSquaring.NONE
    missing_sites: str = Study.MissingSites.R3
    finding_flags: bool = False
    adjudication_trigger: str = Study.AdjudicationTrigger.ANY
    adjudication_total: int | None = None
    settling_rule: str = Study.SettlingRule.MEDIAN
    overlap: str = Study.Overlap.ALL
    readers_per_film: int | None = None
    double_share: float | None = None
    repeat_share: float = 0


@transaction.atomic
def create(*, design: Design, actor: User) -> Study:
    """Create a study and draw every reader's order of every round, once.

    Raises BadInput with a sentence for a design that would not be blind or has nothing to read.
    """
    _check_people(design)
    _check_overlap(design)
    films = _films(design)
    _check_other_studies(design, films)
    study = Study(name=design.name, **{column: getattr(design, column) for column in DESIGN})
    study.validate_constraints()
    study.save()
    study.readers.set(design.readers)
    study.adjudicators.set(design.adjudicators)
    StudyFilm.objects.bulk_create(
        (StudyFilm(study=study, radiograph_id=film) for film in films), batch_size=_BATCH
    )
    share = _shares(design, study, films)
    for number, days in enumerate(design.washouts, start=1):
        round_ = Round.objects.create(
            study=study, number=number, washout_days=days if number > 1 else 0
        )
        for reader in design.readers:
            Reading.objects.bulk_create(_drawn(round_, reader, share[reader.pk]), batch_size=_BATCH)
    audit.record(
        actor=actor,
        action="study.created",
        subject=study,
        readers=[reader.get_username() for reader in design.readers],
        films=len(films),
        rounds=len(design.washouts),
    )
    return study


def _check_people(design: Design) -> None:
    """Raise BadInput unless the readers can read blind and the adjudicators are other people."""
    if not design.readers:
        raise BadInput("A study needs at least one reader. Choose who reads.")
    if Study.objects.filter(name=design.name).exists():
        raise BadInput(f"There is a study named {design.name!r} already. Choose another name.")
    for reader in design.readers:
        check_reads_blind(reader)
    for adjudicator in design.adjudicators:
        name = adjudicator.get_username()
        if adjudicator in design.readers:
            raise BadInput(
                f"{name} reads in this study and cannot adjudicate it: an adjudicator must not "
                "judge an own grade. Choose somebody else for one of the two."
            )
        if ADJUDICATOR not in roles_of(adjudicator):
            raise BadInput(f"{name} has not the role of an adjudicator. Give the role first.")


def _check_other_studies(design: Design, films: Sequence[int]) -> None:
    """Raise BadInput for who adjudicates these films in one study and reads them in another.

    An adjudicator sees two readers' grades; the own reads of that film would not be blind.
    """
    judged = StudyFilm.objects.filter(radiograph__in=films)
    for reader in design.readers:
        if judged.filter(study__adjudicators=reader).exists():
            raise BadInput(
                f"{reader.get_username()} adjudicates some of these films in another study and "
                "has seen grades of theirs. Choose another reader, or leave those films out."
            )
    for adjudicator in design.adjudicators:
        if Reading.objects.of(adjudicator).filter(radiograph__in=films).exists():
            raise BadInput(
                f"{adjudicator.get_username()} reads some of these films in another study and "
                "must not see others' grades of them. Choose another adjudicator."
            )


def _check_overlap(design: Design) -> None:
    """Raise BadInput when there are too few readers for the overlap."""
    wanted = design.readers_per_film or 0
    if design.overlap == Study.Overlap.SOME and wanted > len(design.readers):
        raise BadInput(
            f"{wanted} readers are to read each film, but only {len(design.readers)} are chosen. "
            "Choose more readers, or fewer for each film."
        )
    if design.overlap == Study.Overlap.DOUBLE and len(design.readers) < 2:
        raise BadInput("A second read needs a second reader. Choose at least two.")


def check_reads_blind(reader: User) -> None:
    """Raise BadInput for somebody who is no reader, or who can see everybody's grades."""
    roles, name = roles_of(reader), reader.get_username()
    if seeing := sorted(roles & SEES_GRADES):
        raise BadInput(
            f"{name} has the role {seeing[0]} and can see everybody's grades, so {name}'s own "
            "reads would not be blind. Choose another reader, or take that role away first."
        )
    if READER not in roles:
        raise BadInput(f"{name} has not the role of a reader. Give the role first.")


def _films(design: Design) -> list[int]:
    """The ids of the films of a design, sorted. Raises BadInput when one cannot be read."""
    ready = Radiograph.objects.ready()
    if design.region:
        ready = ready.filter(region=design.region)
    if design.radiographs is None:
        films = sorted(ready.values_list("pk", flat=True))
    else:
        films = sorted(set(design.radiographs))
        found = set(ready.filter(pk__in=films).values_list("pk", flat=True))
        if odd := [film for film in films if film not in found]:
            raise BadInput(
                f"These films are not ready to be read, or not of this region: {_listed(odd)}. "
                "Leave them out, or decide on them on the radiographs page."
            )
    if not films:
        raise BadInput("No ready film fits this study. Import films first, or widen the choice.")
    if not design.washouts:
        raise BadInput("A study needs at least one round.")
    return films


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (" and more" if len(ids) > 10 else "")


def _shares(design: Design, study: Study, films: list[int]) -> dict[int, list[int]]:
    """The films of each reader by the study's overlap, the same in every round."""
    readers = [reader.pk for reader in design.readers]
    of_patient: dict[int, list[int]] = defaultdict(list)
    owners = Radiograph.objects.filter(pk__in=films).values_list("pk", "visit__patient")
    for film, patient in owners:
        of_patient[patient].append(film)
    each = {
        Study.Overlap.ALL: len(readers),
        Study.Overlap.SOME: design.readers_per_film or 0,
        Study.Overlap.DOUBLE: 1,
    }[Study.Overlap(design.overlap)]
    doubled = (design.double_share or 0) if design.overlap == Study.Overlap.DOUBLE else 0
    return draws.assign(of_patient, readers, each=each, doubled=doubled, seed=f"{study.pk}")


def _drawn(round_: Round, reader: User, films: list[int]) -> Iterator[Reading]:
    """The reader's places in drawn order.

    Seeded by study, round and reader: drawn again, the order is the same. Rows are made in this
    order too, so that the ids of readings tell no more than the positions do.
    """
    order = draws.order(
        films,
        repeats=round_.study.repeat_share,
        seed=f"{round_.study_id} {round_.number} {reader.pk}",
    )
    for position, (film, is_repeat) in enumerate(order, start=1):
        arm = Reading.Arm.REPEAT if is_repeat else Reading.Arm.MAIN
        yield Reading(round=round_, reader=reader, radiograph_id=film, arm=arm, position=position)


@transaction.atomic
def relabel_batch(
    *,
    study: Study,
    corners: Sequence[Ranked],
    model_version: ModelVersion,
    readers: Sequence[User],
    actor: User,
) -> Round:
    """Open a round over ranked corners: one reading per reader and corner, in rank order.

    Score, stream and selection probability are kept; readers never see them. Raises BadInput for
    readers who cannot read blind or adjudicate here, Conflict when the study is closed.
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
    # Two batches at once would ask for the same round number: the second waits here.
    if not Study.objects.select_for_update().get(pk=study.pk).is_open:
        raise Conflict("This study is closed. Open a batch in a study that is still read.")
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

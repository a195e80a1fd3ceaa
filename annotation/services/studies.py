"""Reading studies: create one, with every reader's order drawn."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from psycopg2.errors import UniqueViolation

from annotation.errors import BadInput
from annotation.models import Reading, Round, Study, StudyFilm
from annotation.models.study import DESIGN
from annotation.permissions import ADJUDICATOR, READER, SEES_GRADES, roles_of
from annotation.services import audit, calibration, draws, study_films
from annotation.services.study_films import EVERY_FILM, FilmChoice, Spine

_BATCH = 5000
_NAME_ONCE = "annotation_study_name_key"


@dataclass(frozen=True)
class Design:
    """What a study is made of. `radiographs` None takes every ready film that fits `choice`.

    `washouts` has one entry per round: days between a reader's commit of a film and its next
    reading; the first round's is not used.
    """

    name: str
    readers: Sequence[User]
    adjudicators: Sequence[User] = ()
    radiographs: Sequence[int] | None = None
    choice: FilmChoice = EVERY_FILM
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
    chronology: str = Study.Chronology.SINGLE
    gate_deck: Study | None = None
    gate_kappa: float | None = None
    gate_films: int | None = None


@transaction.atomic
def create(*, design: Design, actor: User) -> Study:
    """Create a study and draw every reader's order of every round, once.

    Raises BadInput with a sentence for a design that would not be blind or has nothing to read.
    """
    _check_people(design)
    _check_overlap(design)
    spines = _spines(design)
    films = [film for spine in spines for film in spine.films]
    _check_other_studies(design, films)
    _check_gate(design, films)
    study = Study(name=design.name, **{column: getattr(design, column) for column in DESIGN})
    save_named(study)
    study.readers.set(design.readers)
    study.adjudicators.set(design.adjudicators)
    StudyFilm.objects.bulk_create(
        (StudyFilm(study=study, radiograph_id=film) for film in films), batch_size=_BATCH
    )
    if design.gate_deck is not None:
        for reader in design.readers:
            if not calibration.tries(design.gate_deck, reader, interval=False):
                calibration.begin(deck=design.gate_deck, reader=reader)
    share = _shares(design, study, spines)
    # All rounds before any place: a further round asks all places that there are for a grade.
    rounds = [
        Round.objects.create(study=study, number=number, washout_days=days if number > 1 else 0)
        for number, days in enumerate(design.washouts, start=1)
    ]
    for round_ in rounds:
        for reader in design.readers:
            Reading.objects.bulk_create(_drawn(round_, reader, share[reader.pk]), batch_size=_BATCH)
    audit.record(
        actor=actor,
        action="study.created",
        subject=study,
        readers=[reader.get_username() for reader in design.readers],
        films=len(films),
        places=sum(len(spine.places) for spine in spines),
        rounds=len(design.washouts),
    )
    return study


def save_named(study: Study) -> None:
    """Save a new study or deck. Raises BadInput when another one has its name.

    ValidationError, with the constraint's own sentence, for a design that contradicts itself.
    """
    study.validate_constraints()
    try:
        with transaction.atomic():
            study.save()
    except IntegrityError as clash:
        refused = clash.__cause__
        if not isinstance(refused, UniqueViolation) or refused.diag.constraint_name != _NAME_ONCE:
            raise
        raise BadInput(
            f"There is a study or a deck named {study.name!r} already. Choose another name."
        ) from clash


def _spines(design: Design) -> list[Spine]:
    """What is read together. Raises BadInput when nothing, or when a listed film has no pair."""
    if not design.washouts:
        raise BadInput("A study needs at least one round.")
    films = study_films.chosen(design.choice, design.radiographs)
    spines = study_films.spines(design.chronology, films)
    paired = {film for spine in spines for film in spine.films}
    if not spines or (design.radiographs is not None and len(paired) < len(films)):
        alone = ", ".join(str(film) for film in films if film not in paired)
        raise BadInput(
            "Films that are read in pairs need a second time point of the same patient and "
            f"region; these have none: {alone[:200]}. Leave them out, or read films one by one."
        )
    return spines


def _check_people(design: Design) -> None:
    """Raise BadInput unless the readers can read blind and the adjudicators are other people."""
    if not design.readers:
        raise BadInput("A study needs at least one reader. Choose who reads.")
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


def _check_gate(design: Design, films: Sequence[int]) -> None:
    """Raise BadInput for a deck that has fewer films than the gate asks for, or these films."""
    calibration.check_films(design.readers, films)
    if (deck := design.gate_deck) is None:
        return
    if (design.gate_films or 0) > (there := deck.films.count()):
        raise BadInput(f"Ask for no more films than the deck {deck.name!r} has: {there}.")
    if deck.films.filter(pk__in=films).exists():
        raise BadInput(
            f"Films of this study are in the deck {deck.name!r}, which tells their answers. "
            "Leave them out of the study, or choose another deck."
        )


def _check_overlap(design: Design) -> None:
    """Raise BadInput when there are too few readers for the overlap."""
    wanted = design.readers_per_film or 0
    if design.overlap == Study.Overlap.SOME and wanted > len(design.readers):
        raise BadInput(
            f"Too few readers are chosen: {len(design.readers)}, where each film is to have "
            f"{wanted}. Choose more readers, or fewer for each film."
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


def _shares(design: Design, study: Study, spines: Sequence[Spine]) -> dict[int, list[Spine]]:
    """What each reader reads by the study's overlap, the same in every round."""
    readers = [reader.pk for reader in design.readers]
    of_patient: dict[int, list[int]] = defaultdict(list)
    spine_of: dict[int, Spine] = {}
    for spine in spines:
        of_patient[spine.patient] += spine.films
        spine_of |= dict.fromkeys(spine.films, spine)
    each = {
        Study.Overlap.ALL: len(readers),
        Study.Overlap.SOME: design.readers_per_film or 0,
        Study.Overlap.DOUBLE: 1,
    }[Study.Overlap(design.overlap)]
    doubled = (design.double_share or 0) if design.overlap == Study.Overlap.DOUBLE else 0
    seed = draws.secret_seed(settings.PSEUDONYM_KEY, study.pk)
    share = draws.assign(of_patient, readers, each=each, doubled=doubled, seed=seed)
    # All films of a patient go to the same readers, so a spine is never shared out by half.
    return {
        reader: list(dict.fromkeys(spine_of[film] for film in films))
        for reader, films in share.items()
    }


def _drawn(round_: Round, reader: User, spines: list[Spine]) -> Iterator[Reading]:
    """The reader's places in drawn order, each with its films in slots.

    Seeded by study, round and reader and the secret key: drawn again, the order is the same.
    """
    study = round_.study
    key, numbers = settings.PSEUDONYM_KEY, (study.pk, round_.number, reader.pk)
    seed = draws.secret_seed(key, *numbers)
    places = [spine.places for spine in spines]
    order = draws.order(places, repeats=study.repeat_share, seed=seed)
    for position, (films, is_repeat) in enumerate(order, start=1):
        arm = Reading.Arm.REPEAT if is_repeat else Reading.Arm.MAIN
        if study.chronology == Study.Chronology.PAIRED_BLINDED:
            films = draws.within(films, seed=draws.secret_seed(key, *numbers, position))
        for slot, film in enumerate(films, start=1):
            yield Reading(
                round=round_,
                reader=reader,
                radiograph_id=film,
                arm=arm,
                position=position,
                slot=slot,
            )

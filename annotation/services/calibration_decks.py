"""Make a calibration deck: from what a study holds to be true, or from labels in a table."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import BadInput
from annotation.models import CalibrationAnswer, Consensus, Radiograph, Study, StudyFilm
from annotation.services import audit, calibration
from annotation.services.ledger import Mark
from annotation.services.studies import check_reads_blind, save_named
from inference.msasss import SITE, one_sided_bridges

Answers = Mapping[int, Mapping[str, Mark]]
"""Marks by film and site."""
HEADER = ("film", "corner", "grade")
_BATCH = 5000


@transaction.atomic
def create(
    *, name: str, answers: Answers, source: str, readers: Sequence[User], actor: User
) -> Study:
    """Create a deck and draw a first pass of every reader, all or nothing.

    Raises BadInput for films that are not ready, corners that they do not show, or a bridge on one
    side only; Conflict as `calibration.check_unread` does.
    """
    if not answers:
        raise BadInput("A deck needs at least one film with a known answer.")
    _check(answers)
    for reader in readers:
        check_reads_blind(reader)
    deck = Study(name=name, purpose=Study.Purpose.CALIBRATION)
    save_named(deck)
    StudyFilm.objects.bulk_create(
        (StudyFilm(study=deck, radiograph_id=film) for film in sorted(answers)), batch_size=_BATCH
    )
    CalibrationAnswer.objects.bulk_create(
        (
            CalibrationAnswer(
                deck=deck,
                radiograph_id=film,
                site=site,
                grade=mark.grade,
                not_assessable=mark.not_assessable,
                source=source,
            )
            for film, corners in sorted(answers.items())
            for site, mark in corners.items()
        ),
        batch_size=_BATCH,
    )
    audit.record(
        actor=actor, action="deck.created", subject=deck, films=len(answers), source=source
    )
    for reader in readers:
        calibration.begin(deck=deck, reader=reader)
    return deck


@transaction.atomic
def add_readers(*, deck: Study, readers: Sequence[User], actor: User) -> None:
    """Give a deck to more readers. Raises BadInput for one who has it already."""
    for reader in readers:
        check_reads_blind(reader)
        if deck.rounds.filter(readings__reader=reader).exists():
            raise BadInput(f"{reader.get_username()} has this deck already.")
        calibration.begin(deck=deck, reader=reader)
    names = [reader.get_username() for reader in readers]
    audit.record(actor=actor, action="deck.given", subject=deck, readers=names)


def _check(answers: Answers) -> None:
    # Locked, so that nobody sets one aside before the deck has it.
    ready = Radiograph.objects.ready().filter(pk__in=answers).select_for_update(no_key=True)
    regions = dict(ready.values_list("pk", "region"))
    for film, corners in answers.items():
        if film not in regions:
            raise BadInput(f"Film {film} is not ready to be read. Leave it out of the deck.")
        for site, mark in corners.items():
            mark.check()
            if SITE[site].region != regions[film]:
                raise BadInput(f"Film {film} does not show the corner {site}. Correct that line.")
        grades = {site: mark.grade for site, mark in corners.items()}
        if discs := one_sided_bridges(grades):
            raise BadInput(
                f"Film {film} has a bridge on one side of {discs[0]} only. A bridge stands on both "
                "facing corners: correct one of the two answers."
            )


def held_by(study: Study, films: Iterable[int] | None = None) -> Answers:
    """What a study holds to be true now, by films; of these films, where given."""
    rows = Consensus.objects.filter(study=study).current()
    if films is not None:
        rows = rows.filter(radiograph__in=list(films))
    found: dict[int, dict[str, Mark]] = defaultdict(dict)
    for row in rows:
        found[row.radiograph_id][row.site] = Mark(row.grade, row.not_assessable)
    return found


def from_table(text: str) -> Answers:
    """Answers from CSV with the columns film, corner, grade: 0 to 3, or a not-assessable reason.

    Raises BadInput with the line that cannot be read.
    """
    rows = csv.reader(io.StringIO(text.strip()))
    if tuple(word.strip().lower() for word in next(rows, [])) != HEADER:
        raise BadInput(f"The first line must name the columns: {','.join(HEADER)}.")
    found: dict[int, dict[str, Mark]] = defaultdict(dict)
    for number, row in enumerate(rows, start=2):
        film, site, mark = _line(number, [word.strip() for word in row])
        if site in found[film]:
            raise BadInput(f"Line {number}: film {film} has an answer for {site} already.")
        found[film][site] = mark
    return found


def _line(number: int, row: list[str]) -> tuple[int, str, Mark]:
    if len(row) != len(HEADER) or not row[0].isdecimal():
        raise BadInput(f"Line {number}: write film number, corner and grade, like 12,L1_INF,2.")
    film, site, value = row
    if site not in SITE:
        raise BadInput(f"Line {number}: {site!r} is no corner. Write it like L1_INF or C5_SUP.")
    mark = Mark(grade=int(value)) if value.isdecimal() else Mark(not_assessable=value)
    try:
        mark.check()
    except BadInput as problem:
        raise BadInput(f"Line {number}: {problem.text}") from problem
    return int(film), site, mark

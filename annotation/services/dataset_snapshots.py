"""Freeze films and labels of a study into a snapshot folder for training and evaluation."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from annotation.errors import TrainingRefused
from annotation.models import (
    Consensus,
    GradeEvent,
    Patient,
    QueriedCorner,
    Radiograph,
    Reading,
    Snapshot,
    Study,
)
from training import snapshot

Votes = list[int]
Corner = tuple[int, str]
"""Radiograph and site."""
Read = tuple[int, str, int | None, int]
"""Radiograph, site, grade, reader; no grade: not assessable."""
# A film that was discarded may have come under a wrong day or patient.
_IN_USE = Q(visit__patient__visits__radiographs__state="ready")
_NOBODY = {
    "train": "No training patient has a graded film yet.",
    "val": "No validation patient has a graded film yet.",
    "test": "No test patient has a graded film yet.",
}
READER = "reader-"
"""How a snapshot names a reader: this and the number of the account."""


@dataclass(frozen=True)
class Labels:
    """What committed blind reads say of a study's films, all of one moment.

    `votes` are [n0, n1, n2, n3] per radiograph and site, `reads` the grades behind them per
    radiograph, reader and site; `adjudicated` is what an adjudicator decided, None: not assessable.
    """

    votes: dict[int, dict[str, Votes]]
    reads: dict[int, dict[str, dict[str, int]]]
    adjudicated: dict[Corner, int | None]


def labels_of(study: Study) -> Labels:
    """The labels as they stand while other readers commit: every question is asked once.

    An adjudicator's decision stands for all reads of its corner. Any other consensus only says what
    the votes say, and a later relabel read is a vote too. A corner that every reader called not
    assessable has no votes and is left out, never 0.
    """
    reads = _standing_reads(study)
    settled = _adjudicated(study, reads)
    return Labels(_votes(reads, settled), _by_reader(reads), settled)


def _votes(
    reads: Sequence[Read], settled: Mapping[Corner, int | None]
) -> dict[int, dict[str, Votes]]:
    votes: dict[int, dict[str, Votes]] = defaultdict(dict)
    for film, site, grade, _ in reads:
        if grade is not None:
            votes[film].setdefault(site, [0, 0, 0, 0])[grade] += 1
    for (film, site), decided in settled.items():
        if decided is None:
            votes[film].pop(site, None)
        else:
            votes[film][site] = [int(decided == g) for g in range(4)]
    return {film: sites for film, sites in votes.items() if sites}


def _by_reader(reads: Iterable[Read]) -> dict[int, dict[str, dict[str, int]]]:
    """The grades behind the votes, per radiograph, reader and site; a later read stands.

    Readers go by number: a snapshot leaves the product, and who they are stays here.
    """
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for film, site, grade, reader in reads:
        if grade is not None:
            found[film][f"{READER}{reader}"][site] = grade
    return {film: dict(of_film) for film, of_film in found.items()}


def _adjudicated(study: Study, reads: Iterable[Read]) -> dict[Corner, int | None]:
    """What an adjudicator decided of the corners of these reads; None: not assessable."""
    settled = Consensus.objects.filter(study=study).current()
    rows = settled.values_list("radiograph_id", "site", "grade", "rule")
    standing = {(film, site) for film, site, *_ in reads}
    return {
        (film, site): grade
        for film, site, grade, rule in rows
        if rule == Consensus.Rule.ADJUDICATED and (film, site) in standing
    }


def _standing_reads(study: Study) -> list[Read]:
    """Every committed corner read blind.

    Corners that a model chose for its doubt teach, but neither judge nor calibrate: for validation
    and test patients they are left out, and only whole films and the random stream count.
    """
    queried = QueriedCorner.objects.filter(round__study=study, stream=QueriedCorner.Stream.RANKED)
    doubted = set(queried.values_list("round_id", "radiograph_id", "site"))
    return [
        (film, site, grade, reader)
        for film, site, grade, reader, round_, split in _committed_grades(study)
        if split == Patient.Split.TRAIN or (round_, film, site) not in doubted
    ]


def _committed_grades(study: Study) -> Iterable[tuple[int, str, int | None, int, int, str]]:
    """(radiograph, site, grade, reader, round, split); no grade: not assessable."""
    readings = Reading.objects.filter(
        round__study=study,
        arm=Reading.Arm.MAIN,  # a repeat is the same reader's vote again
    )
    standing = GradeEvent.objects.filter(reading__in=readings.committed().blind()).current()
    return (
        GradeEvent.objects.filter(pk__in=standing.values("pk"))
        .order_by("pk")
        .values_list(
            "reading__radiograph_id",
            "site",
            "grade",
            "reading__reader_id",
            "reading__round_id",
            "reading__radiograph__visit__patient__split",
        )
    )


def freeze(study: Study) -> Snapshot:
    """Write the snapshot folder, read it back, and keep its checksum.

    Films whose levels somebody moved stay out: grades and points move by different hands, and where
    one of them has not, every crop would carry its neighbour's grade.

    Raises TrainingRefused when there is nothing to train on or nothing to judge it by.
    """
    labels = labels_of(study)
    films = (
        Radiograph.objects.ready()
        .filter(pk__in=labels.votes)
        .select_related("visit__patient__centre")
        .annotate(first_visit=Min("visit__patient__visits__date", filter=_IN_USE))
        .order_by("pk")
    )
    name = f"study-{study.pk}-{timezone.now():%Y%m%d-%H%M%S-%f}"
    entries = [
        {
            **_entry(film, labels.votes[film.pk]),
            "reads": labels.reads.get(film.pk, {}),
            "adjudicated": sorted(
                s for (one, s), g in labels.adjudicated.items() if one == film.pk and g is not None
            ),
        }
        for film in films
    ]
    # Asked last: levels may have been moved while the points were read
    moved = {str(film) for film in _levels_moved()}
    entries = [entry for entry in entries if entry["discs"] and entry["film"] not in moved]
    counts = _counts(entries)
    _refuse_empty(counts)
    manifest = {
        "name": name,
        "created": timezone.now().isoformat(),
        "source": f"Syndesmo {settings.VERSION}, study {study.name}",
        "films": entries,
    }
    pictures = {str(film.pk): film.picture_path for film in films}
    folder = Path(settings.SNAPSHOTS) / name
    try:
        checksum = snapshot.write(folder, manifest, pictures)
        with transaction.atomic():
            return Snapshot.objects.create(study=study, name=name, sha256=checksum, counts=counts)
    except BaseException as problem:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, snapshot.SnapshotError):
            raise TrainingRefused(str(problem)) from problem
        raise


def _levels_moved() -> set[int]:
    """The films with a move of levels in any reading, whatever became of it."""
    moves = (GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL)
    events = GradeEvent.objects.filter(cause__in=moves).order_by()
    return set(events.values_list("reading__radiograph", flat=True))


def _entry(film: Radiograph, corners: dict[str, Votes]) -> dict[str, Any]:
    """One film of the manifest."""
    patient = film.visit.patient
    return {
        "film": str(film.pk),
        "file": f"films/{film.pk}.jls",
        "patient": patient.pseudonym,
        "split": patient.split,
        "visit_days": (film.visit.date - film.first_visit).days,  # type: ignore[attr-defined]
        "region": film.region,
        "centre": patient.centre.name,
        "scanner": film.scanner,
        "device": film.device,
        "spacing_mm": film.spacing_mm,
        "pixel_sha256": film.pixel_sha256,
        "discs": {
            point.disc: {
                "center": [point.center_x, point.center_y],
                "anterior": [point.anterior_x, point.anterior_y],
                # A model that is judged by its own points looks perfect
                "by_model": point.reader_id is None,
            }
            for point in film.disc_points.current()
        },
        "corners": corners,
    }


def _counts(entries: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Films, corners and patients of each split."""
    films = Counter(entry["split"] for entry in entries)
    corners = Counter[str]()
    patients = defaultdict(set)
    for entry in entries:
        corners[entry["split"]] += len(entry["corners"])
        patients[entry["split"]].add(entry["patient"])
    return {
        split: {
            "films": films[split],
            "corners": corners[split],
            "patients": len(patients[split]),
        }
        for split in Patient.Split.values
    }


def _refuse_empty(counts: dict[str, dict[str, int]]) -> None:
    """Each split needs somebody, else the run could not choose its best step or be judged."""
    said = [_NOBODY[split] for split, count in counts.items() if not count["patients"]]
    if said:
        raise TrainingRefused(
            " ".join([*said, "Import and read more films: a training needs all three."]),
            counts=counts,
        )

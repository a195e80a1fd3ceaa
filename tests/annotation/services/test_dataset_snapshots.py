"""Snapshots: what the readers said, frozen; nobody learns from what it is judged by."""

import shutil
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

import numpy as np
import pytest

from annotation.errors import TrainingRefused
from annotation.models import (
    Consensus,
    DiscPoint,
    GradeEvent,
    ModelVersion,
    Radiograph,
    Snapshot,
    Study,
)
from annotation.services import dataset_snapshots, relabel_batches
from annotation.services.ranking import Candidate, Ranked
from inference.picture import write_picture
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read
from training import snapshot

Pregraded = Callable[..., None]


@pytest.fixture
def pictured(film: MakeFilm) -> MakeFilm:
    """A film whose picture lies in the store."""

    def make(split: str) -> Radiograph:
        made = film(split=split, device=f"device-{split}")
        pixels = np.random.default_rng(made.pk).integers(0, 4000, (60, 40), dtype=np.uint16)
        made.picture_path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(made.picture_path, pixels)
        return made

    return make


@pytest.fixture
def points(model_version: MakeModel) -> ModelVersion:
    return model_version("points", task="key_points")


@pytest.fixture
def grader(model_version: MakeModel) -> ModelVersion:
    return model_version("grader")


@pytest.fixture
def films(
    pictured: MakeFilm, pregraded: Pregraded, grader: ModelVersion, points: ModelVersion
) -> list[Radiograph]:
    made = [pictured(split) for split in ("train", "val", "test")]
    for one in made:
        pregraded(one, grader, points)
    return made


@pytest.fixture
def read_study(study: MakeStudy, films: list[Radiograph], read: Read, reader: MakeUser) -> Study:
    """Ada and Ben read three films; they differ on one corner of the training film."""
    made = study(films=films)
    first = made.rounds.get()
    for one in films:
        read(first, reader("ada"), one, {"L1_INF": 2})
        read(first, reader("ben"), one, {"L1_INF": 1 if one == films[0] else 2})
    return made


def test_votes_count_every_reader(read_study: Study, films: list[Radiograph]) -> None:
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[0].pk]["L1_INF"] == [0, 1, 1, 0]


def test_equal_grades_are_two_votes(read_study: Study, films: list[Radiograph]) -> None:
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[1].pk]["L1_INF"] == [0, 0, 2, 0]


def test_an_adjudication_stands_for_all_reads_of_its_corner(
    read_study: Study, films: list[Radiograph], adjudicator: MakeUser
) -> None:
    Consensus.objects.create(
        study=read_study,
        radiograph=films[0],
        site="L1_INF",
        grade=2,
        rule=Consensus.Rule.ADJUDICATED,
        adjudicator=adjudicator(),
    )
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[0].pk]["L1_INF"] == [0, 0, 1, 0]


def test_a_relabel_read_is_a_vote_too(
    read_study: Study,
    films: list[Radiograph],
    read: Read,
    reader: MakeUser,
    coordinator: MakeUser,
    grader: ModelVersion,
) -> None:
    doubt = Candidate("p", films[0].pk, "L4_SUP", (0.5, 0.5, 0.0, 0.0))
    batch = relabel_batches.open_batch(
        study=read_study,
        corners=[Ranked(doubt, 0.5, "0 vs 1", "ranked", 1.0)],
        model_version=grader,
        readers=[reader("ada")],
        actor=coordinator(),
    )
    read(batch, reader("ada"), None, {"L4_SUP": 1})
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[0].pk]["L4_SUP"] == [2, 1, 0, 0]


def test_what_nobody_could_assess_is_left_out_and_is_not_0(
    study: MakeStudy, films: list[Radiograph], read: Read, reader: MakeUser
) -> None:
    made = study(films=films[:1])
    for name in ("ada", "ben"):
        read(made.rounds.get(), reader(name), films[0], {"S1_SUP": "obscured"})
    votes = dataset_snapshots.labels_of(made).votes
    assert "S1_SUP" not in votes[films[0].pk]
    assert len(votes[films[0].pk]) == 11


def test_an_open_reading_has_no_vote(study: MakeStudy, films: list[Radiograph]) -> None:
    assert dataset_snapshots.labels_of(study(films=films)).votes == {}


def test_corners_chosen_for_their_doubt_do_not_judge_the_model(
    read_study: Study,
    films: list[Radiograph],
    read: Read,
    reader: MakeUser,
    coordinator: MakeUser,
    grader: ModelVersion,
) -> None:
    corners = [
        Ranked(
            Candidate("p", film.pk, "L4_SUP", (0.5, 0.5, 0.0, 0.0)), 0.5, "0 vs 1", "ranked", 1.0
        )
        for film in (films[0], films[2])
    ]
    batch = relabel_batches.open_batch(
        study=read_study,
        corners=corners,
        model_version=grader,
        readers=[reader("ada")],
        actor=coordinator(),
    )
    for _ in corners:
        read(batch, reader("ada"), None, {"L4_SUP": 1})
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[2].pk]["L4_SUP"][1] == 0


def test_nor_does_their_adjudication(
    study: MakeStudy,
    films: list[Radiograph],
    read: Read,
    reader: MakeUser,
    coordinator: MakeUser,
    adjudicator: MakeUser,
    grader: ModelVersion,
) -> None:
    unread = study(films=films)  # nobody has read these films whole
    batch = relabel_batches.open_batch(
        study=unread,
        corners=[
            Ranked(Candidate("p", f.pk, "L4_SUP", (0.5, 0.5, 0, 0)), 0.5, "0 vs 1", "ranked", 1.0)
            for f in (films[0], films[2])
        ],
        model_version=grader,
        readers=[reader("ada")],
        actor=coordinator(),
    )
    for film in (films[0], films[2]):
        read(batch, reader("ada"), None, {"L4_SUP": 1})
        Consensus.objects.create(
            study=unread,
            radiograph=film,
            site="L4_SUP",
            grade=2,
            rule=Consensus.Rule.ADJUDICATED,
            adjudicator=adjudicator(),
        )
    votes = dataset_snapshots.labels_of(unread).votes
    assert votes == {films[0].pk: {"L4_SUP": [0, 0, 1, 0]}}  # the other is a test patient's


def test_a_frozen_snapshot_is_sound_and_keeps_its_checksum(
    read_study: Study, films: list[Radiograph]
) -> None:
    frozen = dataset_snapshots.freeze(read_study)
    found = snapshot.read(frozen.folder)
    assert found.checksum == frozen.sha256
    assert {film.film: film.split for film in found.films} == {
        str(film.pk): film.visit.patient.split for film in films
    }
    assert [(film.centre, film.device) for film in found.films] == [
        ("a-centre", f"device-{film.split}") for film in found.films
    ]
    assert frozen.counts["train"] == {"films": 1, "corners": 12, "patients": 1}
    assert found.films[0].corners["L1_INF"] == (0, 1, 1, 0)
    assert set(found.films[0].discs) == {"T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"}


def test_without_test_patients_nothing_is_frozen(
    study: MakeStudy, films: list[Radiograph], read: Read, reader: MakeUser
) -> None:
    made = study(films=films[:2])
    for one in films[:2]:
        read(made.rounds.get(), reader("ada"), one)
    with pytest.raises(TrainingRefused, match="No test patient has a graded film"):
        dataset_snapshots.freeze(made)
    assert not Snapshot.objects.exists()


def test_a_lost_picture_leaves_nothing_half_stored(
    read_study: Study, films: list[Radiograph]
) -> None:
    films[1].picture_path.unlink()
    before = set(Snapshot(name="x").folder.parent.glob("*"))
    with pytest.raises(OSError, match=str(films[1].pk)):
        dataset_snapshots.freeze(read_study)
    assert not Snapshot.objects.exists()
    assert set(Snapshot(name="x").folder.parent.glob("*")) == before


def test_a_snapshot_does_not_change_with_the_store(
    read_study: Study, films: list[Radiograph]
) -> None:
    frozen = dataset_snapshots.freeze(read_study)
    shutil.rmtree(films[0].picture_path.parent)
    assert snapshot.checksum(frozen.folder) == frozen.sha256
    assert len(snapshot.read(frozen.folder).films) == 3


@pytest.mark.parametrize(("stream", "votes_for_1"), [("ranked", 0), ("random", 1)])
def test_of_validation_patients_only_the_random_stream_calibrates(
    read_study: Study,
    films: list[Radiograph],
    read: Read,
    reader: MakeUser,
    coordinator: MakeUser,
    grader: ModelVersion,
    stream: Literal["ranked", "random"],
    votes_for_1: int,
) -> None:
    doubt = Candidate("p", films[1].pk, "L4_SUP", (0.5, 0.5, 0.0, 0.0))
    batch = relabel_batches.open_batch(
        study=read_study,
        corners=[Ranked(doubt, 0.5, "0 vs 1", stream, 0.3)],
        model_version=grader,
        readers=[reader("ada")],
        actor=coordinator(),
    )
    read(batch, reader("ada"), None, {"L4_SUP": 1})
    votes = dataset_snapshots.labels_of(read_study).votes
    assert votes[films[1].pk]["L4_SUP"] == [2, votes_for_1, 0, 0]


def test_a_snapshot_tells_the_readers_apart_by_number_and_knows_what_was_adjudicated(
    read_study: Study, films: list[Radiograph], reader: MakeUser, adjudicator: MakeUser
) -> None:
    Consensus.objects.create(
        study=read_study,
        radiograph=films[0],
        site="L1_INF",
        grade=2,
        rule=Consensus.Rule.ADJUDICATED,
        adjudicator=adjudicator(),
    )
    found = snapshot.read(dataset_snapshots.freeze(read_study).folder).films[0]
    ada, ben = (f"reader-{reader(name).pk}" for name in ("ada", "ben"))
    assert {name: grades["L1_INF"] for name, grades in found.reads.items()} == {ada: 2, ben: 1}
    assert found.adjudicated == {"L1_INF"}
    assert found.corners["L1_INF"] == (0, 0, 1, 0)


def test_readers_points_train(read_study: Study, films: list[Radiograph]) -> None:
    """But not where somebody moved the levels."""
    reading = films[0].readings.earliest("pk")
    DiscPoint.objects.create(
        radiograph=films[0], reader=reading.reader, reading=reading, disc="L3/L4",
        center_x=21, center_y=31, anterior_x=11, anterior_y=33,
    )  # fmt: skip
    found = snapshot.read(dataset_snapshots.freeze(read_study).folder).films[0]
    assert found.discs["L3/L4"].center == (21, 31)
    assert found.by_model == found.discs.keys() - {"L3/L4"}
    moved = {"site": "L1_INF", "grade": 2, "cause": "caudal", "idempotency_key": uuid4()}
    GradeEvent.objects.create(reading=reading, **moved)
    with pytest.raises(TrainingRefused, match="No training patient has a graded film"):
        dataset_snapshots.freeze(read_study)

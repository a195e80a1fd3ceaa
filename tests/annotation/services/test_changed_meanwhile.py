"""What was asked a moment ago has changed: the answer is of one moment, or a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings

from annotation.errors import BadInput, Conflict
from annotation.models import DiscPoint, ModelVersion, Pregrading, Radiograph, Snapshot, Study
from annotation.services import (
    calibration_decks,
    corner_grades,
    dataset_snapshots,
    dicom_import,
    model_versions,
    quarantine,
    study_films,
    undone_decisions,
)
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.ledger import Mark
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read
from tests.annotation.pregrading.conftest import FakeGrader
from tests.inference.dicom_files import as_bytes, stored
from tests.inference.dicom_files import film as dicom_film


def test_the_name_of_a_study_that_was_made_meanwhile_is_refused(
    study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click."""
    spines = study_films.spines

    def made_meanwhile(*chosen: Any) -> Any:
        Study.objects.create(name="twice")
        return spines(*chosen)

    monkeypatch.setattr(study_films, "spines", made_meanwhile)
    with pytest.raises(BadInput, match="'twice' already"):
        study(name="twice")


def test_the_name_of_a_deck_that_was_made_meanwhile_is_refused(
    film: MakeFilm, coordinator: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = calibration_decks._check

    def made_meanwhile(answers: Any) -> None:
        Study.decks.create(name="twice", purpose=Study.Purpose.CALIBRATION)
        check(answers)

    monkeypatch.setattr(calibration_decks, "_check", made_meanwhile)
    answers = {film().pk: {"L1_INF": Mark(grade=1)}}
    with pytest.raises(BadInput, match="'twice' already"):
        calibration_decks.create(
            name="twice", answers=answers, source="a table", readers=[], actor=coordinator()
        )


def brings(settings: LazySettings, folder: Path) -> Any:
    settings.PICTURES = folder

    def bring(seed: int, uid: str, **attributes: Any) -> FileResult:
        ds = dicom_film(stored(seed=seed), SOPInstanceUID=f"1.2.3.{uid}", **attributes)
        return import_film(as_bytes(ds), name="a.dcm")

    return bring


def test_of_two_films_with_one_identifier_that_are_let_in_at_once_one_waits_on(
    db: None,
    settings: LazySettings,
    tmp_path: Path,
    admin: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring = brings(settings, tmp_path)
    one, other = (bring(seed, "1", BodyPartExamined="SPINE").radiograph for seed in (1, 2))
    answer = quarantine.person_answers.answer

    def meanwhile(*film: Any, **how: Any) -> Any:
        Radiograph.objects.filter(pk=one).update(state="ready", region="L", reason="")
        return answer(*film, **how)

    monkeypatch.setattr(quarantine.person_answers, "answer", meanwhile)
    with pytest.raises(Conflict, match="came in between"):
        quarantine.accept(radiograph=other, region="L", actor=admin())
    assert Radiograph.objects.get(pk=other).state == "quarantined"


@pytest.mark.parametrize("decision", ["forgotten", "let in"])
def test_a_film_that_was_decided_on_while_it_came_again_stays_as_it_was_decided(
    db: None,
    settings: LazySettings,
    tmp_path: Path,
    admin: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    decision: str,
) -> None:
    """To look at a large film takes seconds."""
    bring = brings(settings, tmp_path)
    first, rival = bring(1, "1").radiograph, bring(2, "1").radiograph
    assert rival is not None
    described = dicom_import.described

    def decided(calibrated: Any) -> Any:
        if decision == "forgotten":
            quarantine.discard(radiograph=rival, actor=admin())
            undone_decisions.forget(radiograph=rival, actor=admin())
        else:
            undone_decisions.set_aside(radiograph=first or 0, reason="Not his.", actor=admin())
            quarantine.accept(radiograph=rival, region="C", actor=admin())
        return described(calibrated)

    monkeypatch.setattr(dicom_import, "described", decided)
    again = bring(2, "2")
    own = Radiograph.objects.get(pk=rival)
    if decision == "forgotten":
        assert (own.state, again.status) == ("forgotten", Status.IMPORTED)
        assert again.radiograph != rival
    else:
        assert (own.state, own.region, again.status) == ("ready", "C", Status.DUPLICATE)


def test_nothing_is_stored_of_a_film_that_another_worker_has_set_aside(
    film: MakeFilm, model_version: MakeModel
) -> None:
    """What a person makes of it may be another picture."""
    versions = {
        "key_point_version": model_version("points", task="key_points"),
        "grade_version": model_version("grades"),
    }
    aside, stays = film(), film()
    films = corner_grades.as_they_are([aside.pk, stays.pk])
    Radiograph.objects.filter(pk=aside.pk).update(state="quarantined", reason="It is no spine.")
    pixels = np.zeros((60, 40), np.uint16)
    predictions: Any = {one.pk: FakeGrader().grade_film(pixels, "L") for one in (aside, stays)}
    kept = corner_grades.store_pregradings(films=films, predictions=predictions, **versions)
    assert [one.radiograph_id for one in kept] == [stays.pk]
    assert not DiscPoint.objects.filter(radiograph=aside).exists()
    assert not Pregrading.objects.filter(radiograph=aside).exists()


def test_a_snapshot_is_frozen_of_one_moment_while_a_reader_commits(
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    read: Read,
    model_version: MakeModel,
    pregraded: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films = [film(split=split) for split in ("train", "val", "test")]
    grader, points = model_version(), model_version("points", task="key_points")
    for one in films:
        pregraded(one, grader, points)
    made = study(films=films)
    for one in films:
        read(made.rounds.get(), reader("ada"), one)
    asked, written = dataset_snapshots._committed_grades, dict[str, Any]()

    def then_ben_commits(study: Study) -> Any:
        found = list(asked(study))
        if made.rounds.get().readings.filter(reader=reader("ben")).committed().count() < 3:
            read(made.rounds.get(), reader("ben"))
        return found

    def write(folder: Path, manifest: dict[str, Any], pictures: Any) -> str:
        written.update(manifest)
        return "0" * 64

    monkeypatch.setattr(dataset_snapshots, "_committed_grades", then_ben_commits)
    monkeypatch.setattr(dataset_snapshots.snapshot, "write", write)
    dataset_snapshots.freeze(made)
    for one in written["films"]:
        for site, votes in one["corners"].items():
            assert sum(votes) == sum(site in grades for grades in one["reads"].values())


def test_a_comparison_that_ends_after_the_promotion_leaves_what_was_decided_on(
    model_version: MakeModel, study: MakeStudy
) -> None:
    beside = model_version("serving")
    frozen = Snapshot.objects.create(study=study(), name="s", sha256="0" * 64, counts={})
    candidate = model_version("candidate", state="candidate", snapshot=frozen)
    seen = {"verdict": "better"}
    ModelVersion.objects.filter(pk=candidate.pk).update(state="rejected", comparison=seen)
    with pytest.raises(Conflict, match="only a candidate"):
        model_versions.store_comparison(
            version=candidate,
            metrics={},
            compared_with=beside,
            compared_metrics={},
            comparison={"verdict": "worse"},
        )
    candidate.refresh_from_db()
    assert candidate.comparison == seen


def test_a_thumbnail_whose_film_was_decided_on_meanwhile_is_not_there(
    film: MakeFilm, admin: MakeUser, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = film()
    one.preview_path.parent.mkdir(parents=True, exist_ok=True)
    one.preview_path.write_bytes(b"a picture")
    opened, page = Path.open, signed_in(admin())

    def gone(path: Path, *how: Any, **more: Any) -> Any:
        if path == one.preview_path:
            path.unlink()
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", gone)
    assert page.get(f"/api/v1/radiographs/{one.pk}/thumbnail").status_code == 404

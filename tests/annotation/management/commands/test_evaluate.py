"""``manage.py evaluate``: figures of a registered version on the test patients of a folder."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from annotation.models import ModelVersion
from tests.annotation.conftest import MakeModel
from tests.annotation.training_here import run_here
from tests.training import conftest as made

phantoms, small_grader = made.phantoms, made.small_grader  # fixtures, made once for both folders


@pytest.fixture
def grader(
    small_grader: Path,
    model_version: MakeModel,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> ModelVersion:
    run_here(monkeypatch)
    settings.WEIGHTS = tmp_path
    shutil.copy(small_grader, tmp_path / "small.safetensors")
    digest = hashlib.sha256(small_grader.read_bytes()).hexdigest()
    return model_version("small", weights="small.safetensors", weights_sha256=digest)


def said(*arguments: object) -> str:
    output = io.StringIO()
    call_command("evaluate", *map(str, arguments), stdout=output)
    return output.getvalue()


def test_the_figures_are_one_json_object_beside_those_of_another_version(
    grader: ModelVersion, phantoms: Path
) -> None:
    report = json.loads(
        said("--model", "small", "--compare", grader.pk, "--snapshot", phantoms, "--json")
    )
    assert (report["model"], report["compared_with"]) == ("small", "small")
    metrics = report["metrics"]
    assert metrics["corners"] == sum(map(sum, metrics["confusion"])) > 0
    assert report["compared"]["confusion"] == metrics["confusion"]
    assert report["comparison"]["figures"]


def test_a_person_reads_both_tables_of_the_paper(grader: ModelVersion, phantoms: Path) -> None:
    lines = said("--model", "small", "--snapshot", phantoms).splitlines()
    assert lines[0].startswith("small: ")
    first = lines.index("Table 1. True grade (rows) by predicted grade")
    second = lines.index("Table 2. Each grade against the others")
    assert [line.split()[0] for line in lines[first + 2 : first + 6]] == ["0", "1", "2", "3"]
    header = " ".join(lines[second + 1].split())
    assert header == "grade tp tn fp fn sensitivity specificity ppv f1 accuracy_ovr"
    assert any(line.startswith("Quadratic kappa ") for line in lines)


def test_what_cannot_be_judged_is_said_in_a_sentence(
    grader: ModelVersion, phantoms: Path, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"There is no model version best\. There are: small"):
        said("--model", "best", "--snapshot", phantoms)
    with pytest.raises(CommandError, match=r"no manifest\.json"):
        said("--model", "small", "--snapshot", tmp_path)
    grader.weights_path.write_bytes(b"other")
    with pytest.raises(CommandError, match="restore it from the backup"):
        said("--model", "small", "--snapshot", phantoms)

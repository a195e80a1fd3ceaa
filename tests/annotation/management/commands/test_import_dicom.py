"""The command's contract: one JSON object, and an exit code that a script can trust."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from annotation.management.commands.import_dicom import Progress
from annotation.models import Centre
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> None:
    settings.PICTURES = tmp_path / "pictures"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for number, part in enumerate(["CSPINE", "LSPINE", "SPINE"]):
        ds = film(stored(seed=number), BodyPartExamined=part, SOPInstanceUID=f"1.2.{number}")
        (folder / f"{number}.dcm").write_bytes(as_bytes(ds))
    return folder


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("import_dicom", *arguments, "--json")
    except SystemExit as left:
        code = int(left.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_every_file_is_counted_and_named(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, given = answer(capsys, str(films), str(films / "0.dcm"))
    assert code == 0
    assert {key: given[key] for key in given if key != "files"} == {
        "imported": 2, "duplicates": 1, "quarantined": 1, "refused": 0,
    }  # fmt: skip
    assert [set(one) for one in given["files"]] == [{"path", "status", "reason", "radiograph"}] * 4
    assert [one["status"] for one in given["files"]] == [
        "imported", "imported", "quarantined", "duplicate",
    ]  # fmt: skip
    assert given["files"][0]["path"] == str(films / "0.dcm")
    assert given["files"][0]["reason"] is None
    assert given["files"][3]["radiograph"] == given["files"][0]["radiograph"]


def test_a_refused_file_ends_in_1_and_the_rest_is_in(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (films / "1.dcm").write_bytes(b"no film")
    code, given = answer(capsys, str(films))
    assert (code, given["imported"], given["refused"]) == (1, 1, 1)


def test_the_centre_is_the_one_named(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, str(films), "--centre", "Leuven")
    assert [centre.name for centre in Centre.objects.all()] == ["Leuven"]


def test_without_json_each_trouble_is_a_line_and_the_end_a_count(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_dicom", str(films))
    *lines, count = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"quarantined: {films}/2.dcm: ")
    assert count == "2 imported, 0 duplicates, 1 quarantined, 0 refused"


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_is_drawn_on_a_terminal_alone() -> None:
    seen, unseen = Terminal(), io.StringIO()
    for out in (seen, unseen):
        bar = Progress(4, out)
        bar.show(4)
        bar.end()
    assert "4 of 4" in seen.getvalue()
    assert seen.getvalue().endswith("\n")
    assert unseen.getvalue() == ""

"""The rules of the house that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import vulture

HOME = Path(__file__).resolve().parent.parent
PACKAGES = ("annotation", "inference", "training")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "frontend/src", "frontend/tests")
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
# A longer one says why: a file in its first line, a function in the line of its `def`.
EXCUSE = re.compile(r"(#|//|/\*|<!--) long: \w")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*endings: str, folders: tuple[str, ...] = FOLDERS) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((HOME / folder).rglob("*")):
            if path.suffix in endings and not {"migrations", "static"} & set(path.parts):
                yield path


def shown(path: Path) -> str:
    return str(path.relative_to(HOME))


def test_files_are_short_enough_to_be_read_in_one_go() -> None:
    too_long = {}
    for path in files(".py", ".ts", ".svelte", ".css"):
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST_FILE and not EXCUSE.search(lines[0]):
            too_long[shown(path)] = len(lines)
    assert not too_long, "\n".join(f"{name}: {n} lines" for name, n in too_long.items())


def test_functions_are_short_enough_to_be_seen_at_once() -> None:
    too_long = {}
    for path in files(".py"):
        text = path.read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function) and not EXCUSE.search(lines[node.lineno - 1]):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    too_long[f"{shown(path)}: {node.name}"] = length
    assert not too_long, "\n".join(f"{name}: {n} lines" for name, n in too_long.items())


def test_a_file_is_named_by_what_it_is_about() -> None:
    nothing_said = {"utils", "util", "helpers", "common", "core", "misc", "selectors"}
    assert [shown(path) for path in files(".py", ".ts") if path.stem in nothing_said] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "frontend/package-lock.json"])
def test_lock_files_name_no_registry(lock: str) -> None:
    """Where packages come from is set on each machine; the hashes say what they are."""
    text = (HOME / lock).read_text()
    assert "sha256" in text or "sha512" in text
    addresses = re.findall(
        r'"resolved"|--(?:extra-)?index-url|--find-links|@ (?:https?|file):', text
    )
    assert addresses == []


def test_every_locked_package_has_a_hash() -> None:
    text = (HOME / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text[text.index("\namqp") + 1 :])
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_no_file_talks_about_the_machine_it_was_written_on() -> None:
    elsewhere = re.compile(
        "/" + r"work/(?:main|shared|plan)|\.\./" + "shared|" + r"pypi\.org|npmjs\.org"
    )
    texts = [*files(".py", ".ts", ".svelte"), *HOME.glob("[!.]*.*"), *(HOME / "docs").rglob("*.md")]
    named = [path for path in texts if path.is_file() and elsewhere.search(path.read_text())]
    assert [shown(path) for path in named] == []


# Names that somebody else calls: Django, REST framework, Celery, torch, pydicom, gunicorn.
CALLED_BY_A_FRAMEWORK = [
    "Meta", "Command", "*Config", "*Admin", "handle", "add_arguments", "forward",
    "get", "post", "patch", "put", "delete", "delete_model", "get_*", "validate", "validate_*",
    "new_file", "receive_data_chunk", "file_complete", "upload_interrupted",
    "to_representation", "has_permission", "has_*_permission", "as_sql", "save", "clean",
]  # fmt: skip
# What the product offers to others and does not use itself; each with its reason.
OFFERED: dict[str, str] = {
    "write_picture": "the other half of read_picture, for scripts and tests",
    "grade_film": "one film, for scripts and benchmarks; the product grades batches",
}


def test_nothing_is_written_that_nobody_calls() -> None:
    looker = vulture.Vulture(
        ignore_names=CALLED_BY_A_FRAMEWORK + sorted(OFFERED),
        ignore_decorators=["@shared_task", "@admin.register*", "@receiver*", "@register_*"],
    )
    looker.scavenge([HOME / package for package in PACKAGES] + [HOME / "manage.py"])
    by_settings = named_in_strings(HOME / "annotation" / "settings.py")
    # ruff sees unused imports and variables, and a table's columns are read by their names.
    kinds = {"function", "method", "class", "property", "unreachable_code"}
    unused = [
        f"{shown(item.filename)}:{item.first_lineno} {item.name}"
        for item in looker.get_unused_code()
        if item.typ in kinds and item.name not in by_settings
    ]
    assert not unused, "\n".join(unused)


def named_in_strings(path: Path) -> set[str]:
    """The last words of dotted names in strings: settings name classes so."""
    strings = re.findall(r'"(annotation(?:\.\w+)+)"', path.read_text())
    return {dotted.rsplit(".", 1)[1] for dotted in strings}

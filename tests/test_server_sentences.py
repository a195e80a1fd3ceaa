"""Every sentence that the server can say to a person stands in the Korean table of the browser."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KOREAN = ROOT / "frontend" / "src" / "texts" / "ko" / "server.json"
WHERE = (
    "annotation/errors.py", "annotation/permissions.py", "annotation/tasks.py",
    "annotation/models/study.py", "annotation/api/*.py", "annotation/services/*.py",
    "inference/dicom*.py", "inference/film_*.py", "inference/correction.py",
    "inference/corner_regions.py", "inference/plausibility.py", "training/calibration.py",
    "training/loop.py", "training/corner_grades.py", "training/key_points.py",
    "training/__main__.py", "training/snapshot.py", "training/runs.py", "training/seen_films.py",
    "training/pretrained.py", "training/human_pose.py", "training/imagenet.py",
    "training/processes.py", "inference/checkpoint.py", "inference/key_points.py",
    "inference/corner_grades.py",
)  # fmt: skip
# What speaks to machines and to the command line, in English.
ELSEWHERE = {
    "dicomweb.py", "multipart_related.py", "health.py", "dicom_receiver.py", "imported_reads.py",
}  # fmt: skip
PROGRAMMING = {"ValueError", "KeyError", "TypeError", "RuntimeError", "JobLost", "JobCancelled"}


def template(node: ast.AST) -> str | None:
    """A text with {} for each place, or None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return "".join(map(str, parts))
    return None


def to_nobody(node: ast.AST) -> bool:
    """Docstrings, log lines, and errors that only a programmer can cause."""
    if isinstance(node, ast.Expr) and template(node.value) is not None:
        return True
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return isinstance(node.exc.func, ast.Name) and node.exc.func.id in PROGRAMMING
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return isinstance(node.func.value, ast.Name) and node.func.value.id == "log"
    return False


def said(node: ast.AST) -> Iterator[str]:
    if to_nobody(node):
        return
    text = template(node)
    if text is None:
        for child in ast.iter_child_nodes(node):
            yield from said(child)
    elif text.endswith(".") and text[:1].isprintable() and " " in text.strip():
        yield text.strip()


def sentences() -> dict[str, str]:
    """Every sentence, with the file that says it."""
    paths = sorted({path for pattern in WHERE for path in ROOT.glob(pattern)})
    return {
        text: str(path.relative_to(ROOT))
        for path in paths
        if path.name not in ELSEWHERE
        for text in said(ast.parse(path.read_text()))
    }


def test_the_sentences_are_seen() -> None:
    found = sentences()
    assert "A study needs at least one round." in found
    assert "{} is serving already." in found
    assert len(found) > 100


def test_no_sentence_counts_one_of_a_thing_as_several() -> None:
    """A count stands where no plural hangs on it; named ones are fixed above one or a fraction."""
    things = "areas|bits|characters|corners|days|films|patients|pictures|places|readers|tensors"
    counted = re.compile(rf"\{{\}} (?:[a-z]+ )?(?:{things}|workers|units)\b(?! a second)")
    fixed = {
        "At most {} areas of a film can be blacked out; draw fewer, larger ones.",
        "The header contradicts itself: {} of {} bits.",
        "Write why the answer is taken back, in at most {} characters.",
        "Write why the film is set aside, in at most {} characters.",
        "Its totals are off by {} units, not by {} at most.",
        "{} workers died on this job. Read the worker's log, then start it again.",
    }
    commands = (ROOT / "annotation" / "management" / "commands").glob("*.py")
    printed = {text for path in commands for text in said(ast.parse(path.read_text()))}
    wrong = {t for t in printed | sentences().keys() | told_of_pregrading() if counted.search(t)}
    assert wrong == fixed, wrong ^ fixed


def told_of_pregrading() -> set[str]:
    return {text for text in json.loads(KOREAN.read_text()) if text.startswith("Films pre-graded:")}


def test_every_sentence_has_its_korean() -> None:
    korean = json.loads(KOREAN.read_text())
    missing = {text: path for text, path in sentences().items() if text not in korean}
    assert not missing, f"Add these with their Korean to {KOREAN.relative_to(ROOT)}: {missing}"


def test_the_table_holds_no_sentence_that_nobody_says() -> None:
    paths = [path for pattern in (*WHERE, "inference/msasss.py") for path in ROOT.glob(pattern)]
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
    written = {(template(node) or "").strip() for node in nodes}
    korean = {text for text in json.loads(KOREAN.read_text()) if text.endswith(".")}
    # The tasks put the outcome of a pre-grading together from parts.
    left = {text for text in korean - written if not text.startswith("Films pre-graded:")}
    assert not left, f"Nobody says these any more; take them out of {KOREAN.name}: {left}"

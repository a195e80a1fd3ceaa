"""The directions of the browser program: no ring, and the viewer knows neither API nor screens."""

import graphlib
import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "frontend" / "src"
IMPORT = re.compile(r"""(?:from|import\(|import)\s*["'](\.[^"']+)["']""")


def imports() -> dict[str, set[str]]:
    """Each file of ours with the files of ours that it imports, as paths below src."""
    paths = [path for path in SOURCES.rglob("*") if path.suffix in {".ts", ".svelte"}]
    known = {path.resolve() for path in paths}
    return {name(path): set(imported_by(path, known)) for path in paths}


def imported_by(path: Path, known: set[Path]) -> list[str]:
    found = []
    for words in IMPORT.findall(path.read_text()):
        target = (path.parent / words.partition("?")[0]).resolve()
        endings = ("", ".ts", ".svelte.ts", ".svelte", "/index.ts")
        found += [Path(f"{target}{end}") for end in endings if Path(f"{target}{end}") in known]
    return [name(target) for target in found]


def name(path: Path) -> str:
    return str(path.resolve().relative_to(SOURCES))


def test_the_imports_are_seen() -> None:
    assert imports()["main.ts"]


def test_no_file_imports_itself_in_a_ring() -> None:
    graphlib.TopologicalSorter(imports()).prepare()


def test_the_viewer_knows_neither_the_server_nor_the_screens() -> None:
    viewer = {path: used for path, used in imports().items() if path.startswith("viewer/")}
    assert viewer
    foreign = {
        (path, target)
        for path, used in viewer.items()
        for target in used
        if target in {"api.ts", "outbox.ts"} or target.startswith("screens/")
    }
    assert foreign == set()

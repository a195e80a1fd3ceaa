"""Every part that is shipped stands in docs/licences.md, as the lock files name them."""

import json
import re
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
IMAGE = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
}
"""What the Dockerfile builds on; whatever else a marker asks is as here."""


def listed(heading: str) -> dict[str, str]:
    """The table under a heading: part and licence."""
    text = (ROOT / "docs" / "licences.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\S+) \| (.+) \|$", section, re.M)
    return {part: licence for part, licence in rows if part not in ("part", "package")}


def locked_python() -> set[str]:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9._-]+)==\S+(?: ; (.*?))? \\$", lock, re.M)
    return {name for name, when in pins if not when or Marker(when).evaluate(IMAGE)}


def locked_npm() -> dict[str, str]:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    return {
        path.removeprefix("node_modules/"): package["license"]
        for path, package in lock.items()
        if path and not package.get("dev") and not package.get("devOptional")
    }


def test_every_package_of_the_image_is_listed_and_no_other() -> None:
    assert len(locked_python()) > 100
    assert listed("In the image").keys() == locked_python()


def test_what_the_page_needs_is_listed_with_the_licence_of_its_lock() -> None:
    assert locked_npm().items() <= listed("In the browser").items()


def test_the_built_page_carries_the_text_of_each_licence() -> None:
    """As built by `make setup`: of the decoder's worker and its WebAssembly too."""
    built = (ROOT / "annotation" / "static" / "app" / "licences.md").read_text()
    parts = {name.lower() for name in re.findall(r"^## (\S+) - ", built, re.M)}
    assert parts == listed("In the browser").keys()
    assert {"Chris Hafey", "Jan de Vaan"} <= set(re.findall(r"Chris Hafey|Jan de Vaan", built))


def test_nothing_is_under_the_gpl() -> None:
    licences = listed("In the image") | listed("In the browser")
    assert [part for part, said in licences.items() if re.search(r"\bA?GPL", said)] == []

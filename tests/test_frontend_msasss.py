"""The browser's words are the server's: sites, facing corners, grades, findings, reasons."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from inference import msasss

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
# TypeScript's own compiler takes the types off; what is left is run, not parsed.
READ = """
const ts = require("typescript");
const source = require("fs").readFileSync("src/msasss.ts", "utf8");
const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
const module_ = { exports: {} };
const { outputText } = ts.transpileModule(source, { compilerOptions: options });
new Function("exports", "module", outputText)(module_.exports, module_);
const m = module_.exports;
const facing = Object.fromEntries(m.SITES.map((site) => [site.code, m.facing(site.code)]));
console.log(JSON.stringify({
  sites: m.SITES, discs: m.DISCS, facing, grades: m.GRADES, findings: m.FINDINGS,
  reasons: m.NOT_ASSESSABLE }));
"""


@pytest.fixture(scope="module")
def browser() -> dict[str, Any]:
    done = subprocess.run(
        ["node", "-e", READ],  # noqa: S607 - whichever node built the frontend
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        check=True,
    )
    words: dict[str, Any] = json.loads(done.stdout)
    return words


def test_the_24_sites_are_the_same_in_the_same_order(browser: dict[str, Any]) -> None:
    assert [
        (site["code"], site["vertebra"], site["edge"], site["disc"], site["region"])
        for site in browser["sites"]
    ] == [(s.code, s.vertebra, s.edge, s.disc, s.region) for s in msasss.SITES]


def test_facing_corners_are_the_same(browser: dict[str, Any]) -> None:
    assert browser["facing"] == {site.code: msasss.facing(site).code for site in msasss.SITES}


def test_discs_grades_findings_and_reasons_are_the_same(browser: dict[str, Any]) -> None:
    assert browser["discs"] == {region: list(discs) for region, discs in msasss.DISCS.items()}
    assert browser["grades"] == list(msasss.GRADES)
    assert browser["findings"] == list(msasss.FINDINGS)
    assert list(browser["reasons"]) == list(msasss.NOT_ASSESSABLE)

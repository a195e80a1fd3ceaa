"""How fast the reading workstation is: real Chromium on a running demo with full-size films.

Starts the demo in a folder of its own, imports phantom films, waits until they are pre-graded,
and lets two readers read them by keyboard. The first reader's times are taken inside the page, from
the key's own time stamp to the end of the frame that shows its effect. The second reader is traced:
Chromium's compositor says for each key when the frame was presented. A display frame lasts 16.7 ms
here, so that a key waits half a frame in the mean before anything can show. The window drag is
measured on a film of 2500 x 3000 pixels. Figures are medians and 95th percentiles.

    python -m benchmarks.workstation --json > benchmarks/results/workstation.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.workstation_demo import (
    blind_study,
    demo,
    large_film,
    manage,
    pregraded_films,
)
from tests import browser

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "annotation" / "static" / "app" / "assets"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
SIZE = {"width": 1440, "height": 900}
PASSWORD = "syndesmo-demo"  # noqa: S105 - `manage.py demo` prints it
KEYS = "010201300012"  # with a bridge, which grades two corners
AIMS = {
    "next_film_ms": 100,
    "key_to_paint_ms": 16,
    "key_to_acknowledged_ms": 50,
    "first_film_ms": 1500,
    "window_drag_repaint_ms": 16.7,
    "window_drag_frame_ms": 16.7,
    "javascript_gzip_kb": 120,
}
WATCH = (ROOT / "benchmarks" / "workstation_watch.js").read_text()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=4, help="two films each, 8 at most")
    parser.add_argument("--first-films", type=int, default=5)
    parser.add_argument("--machine", default="", help="in words, for the record")
    asked = parser.parse_args()
    load = os.getloadavg()
    with demo() as address, sync_playwright() as playwright:
        manage("load_demo", "--patients", str(asked.patients), "--visits", "1", "--scale", "1")
        chromium = playwright.chromium.launch(executable_path=browser.executable(), args=FLAGS)
        large = large_film()
        office = signed_in(chromium, address, "coordinator")
        page = office.pages[0]
        films = [film for film in pregraded_films(page, address) if film != large]
        rounds = [
            blind_study(page, address, "Benchmark", films),
            blind_study(page, address, "Large film", [large]),
        ]
        office.close()
        figures = measured(chromium, address, *rounds, asked.first_films)
    record = {
        "machine": asked.machine,
        "load_before": [round(value, 2) for value in load],
        "films": 2 * asked.patients,
        "aims": AIMS,
        **figures,
    }
    print(json.dumps(record, indent=1) if asked.json else table(record))


def signed_in(chromium: Browser, address: str, username: str) -> BrowserContext:
    """A browser of this person's own, at the first page."""
    # wait_for_function evaluates strings, which the policy of the product forbids.
    context = chromium.new_context(viewport=SIZE, bypass_csp=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()
    return context


def measured(
    chromium: Browser, address: str, round_: int, large: int, loads: int
) -> dict[str, Any]:
    """All figures, from two readers who read the round to its end."""
    firsts = [first_film(chromium, address, round_) for _ in range(loads)]
    drag = window_drag(chromium, address, large)
    context = signed_in(chromium, address, "reader")
    page = context.pages[0]
    sizes = bytes_on_the_wire(context, page)
    opens(page, address, round_)
    scripts = set(loaded_scripts(page))
    marks: dict[str, list[float]] = {"film": [], "paint": [], "saved": [], "keys": []}
    films = read_round(page, marks)
    wire = sum(sizes) / films / 1e6
    context.close()
    return {
        "next_film_ms": spread(marks["film"]),
        "key_to_paint_ms": spread(marks["paint"]),
        "key_to_acknowledged_ms": spread(marks["saved"]),
        "first_film_ms": spread(firsts),
        **drag,
        **presented(chromium, address, round_),
        "wire_mb_per_film": round(wire, 2),
        "javascript_gzip_kb": round(sum(map(zipped, scripts)) / 1000, 1),
    }


def opens(page: Page, address: str, round_: int) -> None:
    """The round, until its film is painted."""
    page.goto(f"{address}/rounds/{round_}")
    page.locator("[data-testid=film-pane][data-painted^='/']").wait_for()


def first_film(chromium: Browser, address: str, round_: int) -> float:
    """From the address to the painted film, in a browser that has nothing stored; ms."""
    context = signed_in(chromium, address, "reader")
    page = context.pages[0]
    opens(page, address, round_)
    page.wait_for_function("marks.film?.length")
    first: float = page.evaluate("marks.film[0]")  # no key was pressed: since the page began
    context.close()
    return first


def window_drag(chromium: Browser, address: str, round_: int) -> dict[str, Any]:
    """While the right button drags over the large film for about two seconds."""
    context = signed_in(chromium, address, "reader")
    page = context.pages[0]
    opens(page, address, round_)
    size = page.evaluate("""async () => {
      const id = document.querySelector("[data-testid=reading]").dataset.reading;
      const { width, height } = await (await fetch(`/api/v1/readings/${id}`)).json();
      return `${width} x ${height}`;
    }""")
    page.wait_for_timeout(1500)
    page.evaluate("void (window.endFrames = frames_())")
    box = page.get_by_test_id("film-pane").bounding_box()
    if box is None:
        sys.exit("The film pane is not shown.")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    for step in range(120):
        page.mouse.move(x + (step % 40) * 2, y + (step % 30) * 3)
    page.mouse.up(button="right")
    taken = page.evaluate("endFrames()")
    context.close()
    return {
        "window_drag_repaint_ms": {**spread(taken["repaints"]), "film": size},
        "window_drag_frame_ms": {**spread(taken["frames"]), "film": size},
    }


def presented(chromium: Browser, address: str, round_: int) -> dict[str, Any]:
    """From a key to the frame that the compositor presented, of a second reader's whole round."""
    context = signed_in(chromium, address, "reader2")
    page = context.pages[0]
    opens(page, address, round_)
    tracing = context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    ended: list[bool] = []
    tracing.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    tracing.on("Tracing.tracingComplete", lambda _: ended.append(True))
    config = {"includedCategories": ["cc", "benchmark", "input"]}
    tracing.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    read: dict[str, list[float]] = {"film": [], "paint": [], "saved": [], "keys": []}
    read_round(page, read)
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    context.close()
    keys = iter(latencies(events))
    grades: list[float] = []
    enters: list[float] = []
    for pressed in read["keys"]:
        grades += [next(keys) for _ in range(int(pressed))]
        enters.append(next(keys))
    # The last Enter of a round leads to no film.
    return {
        "key_to_presented_ms": spread(grades),
        "next_film_presented_ms": spread(enters[:-1]),
    }


def latencies(events: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of each key press in a trace, in the order of the presses."""
    begun: dict[tuple[int, str], float] = {}
    found: list[float] = []
    for event in sorted(events, key=lambda event: float(event.get("ts", 0))):
        if event.get("name") != "EventLatency":
            continue
        key = event["pid"], event["id2"]["local"]
        if event["ph"] == "e" and key in begun:
            found.append((event["ts"] - begun.pop(key)) / 1000)
        elif event.get("args", {}).get("event_latency", {}).get("event_type") == "KEY_PRESSED":
            begun[key] = event["ts"]
    return found


def read_round(page: Page, marks: dict[str, list[float]]) -> int:
    """To the end of the round, one key per corner; the number of films."""
    for film in range(1, 100):
        page.locator("[data-testid=saved-state][data-state=saved]").wait_for()
        page.evaluate("window.marks = {}")
        marks["keys"].append(sum(press(page, key) for key in KEYS))
        page.wait_for_timeout(700)  # a reader looks once more; the next film is decoded
        kept = page.evaluate("marks")
        marks["paint"] += kept.get("paint", [])
        marks["saved"] += kept.get("saved", [])
        page.evaluate("window.marks = {}")
        page.keyboard.press("Enter")
        page.wait_for_function("marks.film?.length || document.querySelector('.empty')")
        shown = page.evaluate("marks.film ?? []")
        if not shown:
            return film
        marks["film"] += shown[:1]
    return 0


def press(page: Page, key: str) -> bool:
    """A grade at the first corner without one, and its acknowledgement; False: none is left."""
    if page.locator("[data-testid^=corner-][data-grade=none]").count() == 0:
        return False
    before = page.evaluate("marks.saved?.length ?? 0")
    page.keyboard.press(key)
    page.wait_for_function("n => (marks.saved?.length ?? 0) > n", arg=before)
    page.wait_for_timeout(60)
    return True


def bytes_on_the_wire(context: BrowserContext, page: Page) -> list[float]:
    """Grows with every finished answer of the server."""
    sizes: list[float] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def loaded_scripts(page: Page) -> list[str]:
    """Names of the script files of the page and of its worker."""
    names: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map((r) => r.name).filter((n) => /js$/.test(n))"
    )
    return [name.rpartition("/")[2] for name in names]


def zipped(name: str) -> int:
    """Bytes of a script as a compressing server sends it."""
    return len(gzip.compress((STATIC / name).read_bytes(), 6))


def spread(values: list[float]) -> dict[str, Any]:
    """Median, 95th percentile and number of values."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"p50": round(statistics.median(ordered), 1), "p95": round(p95, 1), "n": len(ordered)}


def table(record: dict[str, Any]) -> str:
    """Figures beside their aims."""
    return "\n".join(f"{name:<24} {record[name]}   aim {aim}" for name, aim in AIMS.items())


if __name__ == "__main__":
    main()

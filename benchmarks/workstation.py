"""How fast the reading workstation is: real Chromium on a running demo with full-size films.

Starts the demo in a folder of its own, imports phantom films, waits until they are pre-graded,
and lets two readers read them by keyboard. Times are taken inside the page, from the key's own
time stamp to the frame that shows its effect, and given as median and 95th percentile.

    python -m benchmarks.workstation --json > benchmarks/results/workstation.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import browser

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "annotation" / "static" / "app" / "assets"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
SIZE = {"width": 1440, "height": 900}
PASSWORD = "syndesmo-demo"  # noqa: S105 - `manage.py demo` prints it
CORNERS = 12
AIMS = {
    "next_film_ms": 100,
    "key_to_paint_ms": 16,
    "key_to_acknowledged_ms": 50,
    "first_film_ms": 1500,
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
        round_ = blind_study(chromium, address)
        figures = measured(chromium, address, round_, asked.first_films)
    record = {
        "machine": asked.machine,
        "load_before": [round(value, 2) for value in load],
        "films": 2 * asked.patients,
        "aims": AIMS,
        **figures,
    }
    print(json.dumps(record, indent=1) if asked.json else table(record))


@contextmanager
def demo() -> Iterator[str]:
    """``manage.py demo`` without films in a temporary folder; its address."""
    data = Path(tempfile.mkdtemp(prefix="syndesmo-workstation-"))
    data.chmod(0o711)  # under root the database's own user has to reach its folder in it
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    os.environ |= {"SYNDESMO_DATA": str(data), "PORT": str(port)}
    log = data / "demo.log"
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--patients", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while "Syndesmo is ready" not in log.read_text():
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            shutil.rmtree(data, ignore_errors=True)


def manage(*arguments: str) -> None:
    """A management command beside the running demo."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def blind_study(chromium: Browser, address: str) -> int:
    """Wait for the pre-grading, then a blind study of all films for both readers; its round."""
    page = signed_in(chromium, address, "coordinator").pages[0]
    films = f"{address}/api/v1/radiographs?state=ready"
    while not all(film["pregraded"] for film in page.request.get(films).json()["results"]):
        time.sleep(1)
    design = {
        "name": "Benchmark",
        "readers": ["reader", "reader2"],
        "adjudicators": [],
        "region": None,
        "radiographs": "all",
        "rounds": [{"washout_days": 0}],
        "assist_mode": "blind",
        "cervical_squaring": "none",
        "missing_sites": "R3",
    }
    token = page.request.get(f"{address}/api/v1/session").json()["csrf_token"]
    headers = {"X-CSRFToken": token, "Referer": address}
    answer = page.request.post(f"{address}/api/v1/studies", data=design, headers=headers)
    if not answer.ok:
        sys.exit(answer.text())
    round_ = int(answer.json()["rounds"][0]["id"])
    page.context.close()
    return round_


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


def measured(chromium: Browser, address: str, round_: int, loads: int) -> dict[str, Any]:
    """All figures, from two readers who read the round to its end."""
    firsts = [first_film(chromium, address, round_) for _ in range(loads)]
    marks: dict[str, list[float]] = {"film": [], "paint": [], "saved": [], "frames": []}
    wire: list[float] = []
    scripts: set[str] = set()
    size = ""
    for username in ("reader", "reader2"):
        context = signed_in(chromium, address, username)
        page = context.pages[0]
        sizes = bytes_on_the_wire(context, page)
        opens(page, address, round_)
        size = page.evaluate("""async () => {
          const id = document.querySelector("[data-testid=reading]").dataset.reading;
          const { width, height } = await (await fetch(`/api/v1/readings/${id}`)).json();
          return `${width} x ${height}`;
        }""")
        marks["frames"] += window_drag(page)
        scripts |= set(loaded_scripts(page))
        films = read_round(page, marks)
        wire.append(sum(sizes) / films / 1e6)
        context.close()
    return {
        "next_film_ms": spread(marks["film"]),
        "key_to_paint_ms": spread(marks["paint"]),
        "key_to_acknowledged_ms": spread(marks["saved"]),
        "first_film_ms": spread(firsts),
        "window_drag_frame_ms": {**spread(marks["frames"]), "film": size},
        "wire_mb_per_film": round(statistics.median(wire), 2),
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


def window_drag(page: Page) -> list[float]:
    """Frame times while the right button drags over the film for about two seconds; ms."""
    page.wait_for_timeout(1500)  # the films that come are decoded meanwhile
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
    frames: list[float] = page.evaluate("endFrames()")
    return frames[1:]


def read_round(page: Page, marks: dict[str, list[float]]) -> int:
    """To the end of the round, one key per corner; the number of films."""
    for film in range(1, 100):
        page.evaluate("window.marks = {}")
        for key in "0102013000120"[:CORNERS]:
            press(page, key)
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


def press(page: Page, key: str) -> None:
    """A grade at the first corner without one, and its acknowledgement."""
    if page.locator("[data-testid^=corner-][data-grade=none]").count() == 0:
        return
    before = page.evaluate("marks.saved?.length ?? 0")
    page.keyboard.press(key)
    page.wait_for_function("n => (marks.saved?.length ?? 0) > n", arg=before)
    page.wait_for_timeout(60)


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

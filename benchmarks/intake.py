"""What the intake of a film costs, beside decoding and writing the same file and nothing else.

A phantom film of 2500 x 2000 pixels, 16 bits, in every transfer syntax that we can encode. The
whole intake is `import_paths`, which the command import_dicom runs, with a durable Postgres; the
floor is to decode the pixels with the same decoder and to write them as the store does (JPEG-LS,
synced). Both take turns on the same files in one process; medians.

    python -m benchmarks.intake --json --films 100 --machine "..." > benchmarks/results/intake.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 907
ROWS, COLS, BITS = 2500, 2000, 16
AIM = 1.5  # times the floor
Timing = dict[str, float]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="films per syntax")
    parser.add_argument("--films", type=int, default=100, help="films of the memory run, or 2000")
    parser.add_argument("--machine", default="not named", help="in words, for the reader")
    parser.add_argument("--json", action="store_true", help="on one line")
    asked = parser.parse_args()
    with product() as folder:
        base = base_film()
        memory = memory_figures(base, asked.films, folder)
        figures = {
            "machine": asked.machine,
            "film": {"rows": ROWS, "columns": COLS, "bits": BITS, "source": "phantom"},
            "aim": f"whole intake at most {AIM} times the floor; memory flat; below 1500 MB",
            "memory": memory,
            "syntaxes": speed_figures(base, asked.repeats, folder),
        }
    print(json.dumps(figures, indent=None if asked.json else 1))


@contextmanager
def product() -> Iterator[Path]:
    """The product on an empty, durable database in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="syndesmo-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # under root the database's own user has to reach its folder in it
        os.environ["SYNDESMO_DATA"] = name
        os.environ["DJANGO_SETTINGS_MODULE"] = "annotation.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        from annotation import embedded

        with embedded.running(folder):
            call_command("migrate", verbosity=0)
            try:
                yield folder
            finally:
                connections.close_all()


def base_film() -> NDArray[np.uint16]:
    """A neck of vendor B, 12 bits of picture over 4 bits of noise, as a 16-bit detector gives."""
    from training.phantom import generate

    own = next(
        film for film in generate(20, 1, "clinic", SEED, regions=("C",)) if film.vendor == "B"
    )
    noise = np.random.default_rng(SEED).integers(0, 16, (ROWS, COLS)).astype(np.uint16)
    return own.bone_bright[:ROWS, :COLS] * np.uint16(16) + noise


def film_number(base: NDArray[np.uint16], number: int, syntax: str) -> bytes:
    """The file of another film of another patient: pixels, UID and patient differ by the number."""
    from tests.inference.dicom_encodings import encoded_as
    from tests.inference.dicom_files import film

    pixels = base.copy()
    pixels[0, :2] = divmod(number, 1 << 16)
    ds = film(
        pixels, BITS, SOPInstanceUID=f"1.2.826.0.1.3680043.8.498.{number}",
        PatientID=f"benchmark-{number // 2}", Manufacturer="phantom",
    )  # fmt: skip
    return encoded_as(ds, syntax)


def memory_figures(base: NDArray[np.uint16], films: int, folder: Path) -> dict[str, Any]:
    """Resident memory after each tenth of a run over plain films, and its peak."""
    from pydicom.uid import ExplicitVRLittleEndian

    path, resident = folder / "film.dcm", []
    before = resident_mb()
    start, spent = time.perf_counter(), 0.0
    for number in range(films):
        path.write_bytes(film_number(base, number, ExplicitVRLittleEndian))
        begun = time.perf_counter()
        _import(path)
        spent += time.perf_counter() - begun
        if (number + 1) % max(1, films // 10) == 0:
            resident.append(round(resident_mb()))
    return {
        "films": films,
        "seconds": round(time.perf_counter() - start, 1),
        "films_per_second": round(films / spent, 3),
        "resident_mb_before": round(before),
        "resident_mb_after_each_tenth": resident,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def speed_figures(base: NDArray[np.uint16], repeats: int, folder: Path) -> list[dict[str, Any]]:
    """Per syntax: seconds of the whole intake and of the floor, wall and processor."""
    from pydicom.uid import UID

    from tests.inference.dicom_encodings import LOSSLESS

    found = []
    for place, syntax in enumerate(LOSSLESS):
        whole: list[Timing] = []
        floor: list[Timing] = []
        size = 0
        for number in range(repeats):
            path = folder / "film.dcm"
            path.write_bytes(film_number(base, 100_000 + 1000 * place + number, syntax))
            size = path.stat().st_size
            turns = [(floor, _floor), (whole, _import)]
            for kept, work in turns if number % 2 else reversed(turns):
                kept.append(_timed(work, path))
        found.append(
            {"syntax": UID(syntax).name, "file_mb": round(size / 1e6, 1), **_row(whole, floor)}
        )
    return found


def _row(whole: list[Timing], floor: list[Timing]) -> dict[str, Any]:
    def middle(of: list[Timing], clock: str) -> float:
        return statistics.median(timing[clock] for timing in of)

    return {
        "films_per_second": round(1 / middle(whole, "wall"), 3),
        "intake_s": round(middle(whole, "wall"), 3),
        "floor_s": round(middle(floor, "wall"), 3),
        "ratio": round(middle(whole, "wall") / middle(floor, "wall"), 2),
        "ratio_processor_time": round(middle(whole, "cpu") / middle(floor, "cpu"), 2),
        "repeats": len(whole),
    }


def _timed(work: Callable[[Path], None], path: Path) -> Timing:
    wall, cpu = time.perf_counter(), time.process_time()
    work(path)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _import(path: Path) -> None:
    from annotation.services.dicom_import import Status, import_paths

    (result,) = import_paths([path])
    if result.status not in (Status.IMPORTED, Status.QUARANTINED) or result.radiograph is None:
        raise SystemExit(f"The benchmark's own film was not stored: {result.reason}")


def _floor(path: Path) -> None:
    from pydicom import dcmread

    from inference.dicom_decoders import decode
    from inference.picture import write_picture

    pixels = decode(dcmread(path))
    # As the store has them: two bytes, the machine's order.
    write_picture(path.with_suffix(".jls"), pixels.astype(np.uint16, copy=False))


def resident_mb() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()

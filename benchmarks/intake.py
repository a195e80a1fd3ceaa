"""What the intake of a film costs, beside decoding and writing the same file and nothing else.

A phantom film of 2500 x 2000 pixels, 16 bits, in every transfer syntax that we can encode. The
whole intake is `import_paths`, which the command import_dicom runs, over a folder of such films,
with a durable Postgres; the floor is to decode the same files one after the other with the same
decoder and to write them as the store does (JPEG-LS, synced). Both take turns in one process;
medians. The memory run imports one film after the other, in one call, and takes the pictures away
again, for want of disk.

    python -m benchmarks.intake --json --films 0 > benchmarks/results/intake.json
    python -m benchmarks.intake --json --films 2000 --repeats 0 > .../intake_memory.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
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
BATCH = 6  # films that are imported by one call
AIM = 1.5  # times the floor
Timing = dict[str, float]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="batches per syntax, or 0")
    parser.add_argument("--films", type=int, default=100, help="of the memory run, or 0")
    parser.add_argument("--machine", default="not named", help="in words, for the reader")
    parser.add_argument("--json", action="store_true", help="on one line")
    asked = parser.parse_args()
    with product() as folder:
        base = base_film()
        figures: dict[str, Any] = {
            "machine": asked.machine,
            "film": {"rows": ROWS, "columns": COLS, "bits": BITS, "source": "phantom"},
            "aim": f"whole intake at most {AIM} times the floor; memory flat; below 1500 MB",
        }
        if asked.films:
            figures["memory"] = memory_figures(base, asked.films, folder)
        if asked.repeats:
            figures["syntaxes"] = speed_figures(base, asked.repeats, folder)
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
    """Resident memory in the course of one import of plain films, and its peak."""
    from annotation.services.dicom_import import import_paths

    resident = {}
    looks = {1, 10, 100, *(films * tenth // 10 for tenth in range(1, 11))}
    before, start = resident_mb(), time.perf_counter()
    paths: Any = _one_by_one(base, films, folder)
    for number, result in enumerate(import_paths(paths), start=1):
        if result.radiograph is None:
            raise SystemExit(f"The benchmark's own film was not stored: {result.reason}")
        for picture in (folder / "pictures").iterdir():
            picture.unlink()
        if number in looks:
            resident[number] = round(resident_mb())
    return {
        "films": films,
        "seconds": round(time.perf_counter() - start, 1),
        "resident_mb_before": round(before),
        "resident_mb_after_film": resident,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _one_by_one(base: NDArray[np.uint16], films: int, folder: Path) -> Iterator[Path]:
    """Each file is made when it is asked for, over one that is long imported."""
    from pydicom.uid import ExplicitVRLittleEndian

    for number in range(films):
        path = folder / f"film-{number % 4}.dcm"
        path.write_bytes(film_number(base, number, ExplicitVRLittleEndian))
        yield path


def speed_figures(base: NDArray[np.uint16], repeats: int, folder: Path) -> list[dict[str, Any]]:
    """Per syntax: seconds a film of the whole intake and of the floor, wall and processor."""
    from pydicom.uid import UID

    from tests.inference.dicom_encodings import LOSSLESS

    found = []
    for place, syntax in enumerate(LOSSLESS):
        batch = folder / f"batch-{place}"
        batch.mkdir()
        for number in range(BATCH):
            path = batch / f"{number}.dcm"
            path.write_bytes(film_number(base, 1000 * place + number, syntax))
        whole: list[Timing] = []
        floor: list[Timing] = []
        for number in range(repeats):
            turns = [(floor, _floor), (whole, _import)]
            for kept, work in turns if number % 2 else reversed(turns):
                kept.append(_timed(work, batch))
            _forget()
        row = {"syntax": UID(syntax).name, "file_mb": round(path.stat().st_size / 1e6, 1)}
        found.append(row | _row(whole, floor))
        shutil.rmtree(batch)
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
        "meets_the_aim": middle(whole, "wall") <= AIM * middle(floor, "wall"),
        "batches": len(whole),
    }


def _timed(work: Callable[[Path], None], batch: Path) -> Timing:
    wall, cpu = time.perf_counter(), time.process_time()
    work(batch)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {clock: seconds / BATCH for clock, seconds in spent.items()}


def _import(batch: Path) -> None:
    from annotation.services.dicom_import import import_paths

    for result in import_paths([batch]):
        if result.radiograph is None:
            raise SystemExit(f"The benchmark's own film was not stored: {result.reason}")


def _forget() -> None:
    """So that the same films are new ones in the next turn."""
    from annotation.models import Radiograph

    for film in Radiograph.objects.all():
        film.picture_path.unlink(missing_ok=True)
        film.preview_path.unlink(missing_ok=True)
        film.delete()


def _floor(batch: Path) -> None:
    from pydicom import dcmread

    from inference.dicom_decoders import decode
    from inference.picture import write_picture

    for path in sorted(batch.glob("*.dcm")):
        pixels = decode(dcmread(path))
        # As the store has them: two bytes, the machine's order.
        write_picture(batch.parent / "floor.jls", pixels.astype(np.uint16, copy=False))


def resident_mb() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()

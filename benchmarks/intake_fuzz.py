"""Damaged films through the whole intake, by the thousand: no crash, no hang, nothing half stored.

Seeds are real files: pydicom's computed radiographs and test files, two JPEG Lossless films of
other encoders, and a cut-out of a real slice in every transfer syntax. Each input is a
seed with one to six wounds: bits turned, bytes and lengths overwritten, parts cut out, doubled or
taken from another seed, the end cut off. It goes through `import_film` on a real Postgres, in a
process of its own that is watched from outside: a signal, a traceback or twice ten seconds
of silence is a finding. Input n is the same in every run.

    python -m benchmarks.intake_fuzz --json --inputs 20000 > benchmarks/results/intake_fuzz.json
"""

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

SEED = 20_000
HANG_SECONDS = 10.0
CUT_OUT = 96  # pixels a side: large enough for every decoder's blocks, small enough for 20,000
# What readers of lengths and counts stumble over.
_AWKWARD = (b"\0", b"\xff", b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f")
_REAL = (
    "dicomdirtests/77654033/CR1/6154",
    "dicomdirtests/77654033/CR2/6247",
    "dicomdirtests/77654033/CR3/6278",
)
_AS_RADIOGRAPHS = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "JPEG2000.dcm",
    "JPEG-lossy.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
)  # fmt: skip
_AS_THEY_ARE = ("image_dfl.dcm", "no_meta.dcm", "rtplan.dcm", "reportsi.dcm", "waveform_ecg.dcm")


def main() -> None:
    """Start the workers one after the other, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--machine", default="not named", help="in words, for the reader")
    parser.add_argument("--json", action="store_true", help="on one line")
    asked = parser.parse_args()
    if asked.worker is not None:
        work(asked.worker, asked.inputs)
        return
    from benchmarks.intake import product

    with product() as folder:
        begun = time.monotonic()
        figures = {"machine": asked.machine, "inputs": asked.inputs, **watched(asked.inputs)}
        figures["minutes"] = round((time.monotonic() - begun) / 60, 1)
        figures["half_stored"] = half_stored(folder)
    print(json.dumps(figures, indent=None if asked.json else 1))
    sound = not (figures["crashes"] or figures["hangs"] or figures["half_stored"])
    sys.exit(0 if sound else 1)


def watched(inputs: int) -> dict[str, Any]:
    """Every input in a worker; after a crash or a hang a new one goes on behind it."""
    outcomes: Counter[str] = Counter()
    found: dict[str, list[Any]] = {"crashes": [], "hangs": []}
    peak, slowest, at, suspect = 0, 0.0, 0, -1
    while at < inputs:
        command = [sys.executable, "-m", "benchmarks.intake_fuzz"]
        command += ["--worker", str(at), "--inputs", str(inputs)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE)
        begun = at
        for line in _lines(worker):
            said = json.loads(line)
            at, peak, slowest = said["at"] + 1, max(peak, said["mb"]), max(slowest, said["s"])
            outcomes[said["outcome"]] += 1
            if said["outcome"] == "crash":
                found["crashes"].append({"input": said["at"], "says": said["says"]})
        silent = worker.poll() is None
        if silent:
            worker.kill()
        code = worker.wait()
        if silent and suspect != at:
            suspect = at  # the machine may have slept: a hang is one that happens again
            continue
        if silent:
            found["hangs"].append({"input": at})
        elif code:
            found["crashes"].append({"input": at, "says": f"exit {code}"})
        if at < inputs:
            at += 1  # it answered for the one before
        if at == begun + 1 and not outcomes:
            sys.exit("The worker does not start.")
    return {
        "outcomes": dict(sorted(outcomes.items())), **found,
        "peak_mb": peak, "slowest_s": round(slowest, 2),
    }  # fmt: skip


def _lines(worker: "subprocess.Popen[bytes]") -> Any:
    """Each line as it comes; ends with the worker, or when it is silent for too long."""
    out, started = cast(IO[bytes], worker.stdout), False
    with selectors.DefaultSelector() as ready:
        ready.register(out, selectors.EVENT_READ)
        while ready.select(HANG_SECONDS if started else 120.0):
            line = out.readline()
            if not line:
                worker.wait(HANG_SECONDS)
                return
            started = True
            yield line


def work(start: int, inputs: int) -> None:
    """In a process of its own: one line of JSON after each input."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "annotation.settings"
    import django

    django.setup()
    from annotation.services.dicom_import import import_film

    seeds = all_seeds()
    for number in range(start, inputs):
        data, said, begun = wounded(seeds, number), "", time.perf_counter()
        try:
            outcome = import_film(data, name=f"input {number}").status.value
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            outcome, said = "crash", f"{type(error).__name__}: {error}"[:300]
        line = {
            "at": number, "outcome": outcome, "says": said,
            "s": round(time.perf_counter() - begun, 3),
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }  # fmt: skip
        print(json.dumps(line), flush=True)


def all_seeds() -> list[bytes]:
    """The real files, and a part of one in every syntax."""
    from pydicom import dcmread

    from tests.inference.dicom_encodings import LOSSLESS, LOSSY, encoded_as
    from tests.inference.dicom_files import as_radiograph, bundled, film

    own = Path(__file__).parent.parent / "tests" / "inference" / "films"
    seeds = [path.read_bytes() for path in sorted(own.glob("*.dcm"))]
    seeds += [bundled(name).read_bytes() for name in (*_REAL, *_AS_THEY_ARE)]
    seeds += [as_radiograph(name) for name in _AS_RADIOGRAPHS]
    real = dcmread(bundled("CT_small.dcm")).pixel_array
    part = np.ascontiguousarray(real[:CUT_OUT, :CUT_OUT]).astype(np.uint16)
    for syntax in (*LOSSLESS, *LOSSY):
        bits = 8 if syntax == LOSSY[0] else 12
        pixels = (part & 0xFFF) if bits == 12 else (part >> 4).astype(np.uint8)
        seeds.append(encoded_as(film(pixels, bits), syntax))
    return seeds


def wounded(seeds: list[bytes], number: int) -> bytes:
    """Input `number`: one seed, wounded."""
    draw = np.random.default_rng([SEED, number])
    data = bytearray(seeds[int(draw.integers(len(seeds)))])
    for _ in range(int(draw.integers(1, 7))):
        _wound(data, seeds[int(draw.integers(len(seeds)))], draw)
    return bytes(data)


def _wound(data: bytearray, other: bytes, draw: np.random.Generator) -> None:
    """Half of the wounds fall on the header, which is short and does the most harm."""
    reach = min(len(data), 2048) if draw.random() < 0.5 else len(data)
    at, length = int(draw.integers(max(reach, 1))), int(draw.integers(1, 64))
    match int(draw.integers(7)):
        case 0 if at < len(data):
            data[at] ^= 1 << int(draw.integers(8))
        case 1:
            data[at : at + length] = draw.bytes(length)
        case 2:
            awkward = _AWKWARD[int(draw.integers(len(_AWKWARD)))]
            data[at : at + len(awkward)] = awkward
        case 3:
            del data[at : at + length]
        case 4:
            data[at:at] = data[at : at + length]
        case 5:
            taken = int(draw.integers(max(len(other), 1)))
            data[at : at + length] = other[taken : taken + length]
        case _ if draw.random() < 0.3:
            del data[max(1, int(draw.integers(max(len(data), 2)))) :]


def half_stored(folder: Path) -> list[str]:
    """Films without their picture, pictures without their film, and pictures of other pixels."""
    from annotation.models import Radiograph
    from inference.dicom import pixel_sha256
    from inference.picture import read_picture

    there = {path.name for path in (folder / "pictures").iterdir()}
    wrong = []
    for film in Radiograph.objects.all():
        expected = {film.picture_path.name, film.preview_path.name}
        if not expected <= there:
            wrong.append(f"{film} lacks a file")
        elif pixel_sha256(read_picture(film.picture_path)) != film.pixel_sha256:
            wrong.append(f"{film} has other pixels")
        there -= expected
    return wrong + [f"{name} belongs to no film" for name in sorted(there)]


if __name__ == "__main__":
    main()

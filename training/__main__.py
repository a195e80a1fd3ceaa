"""`python -m training key_points|corner_grades --snapshot DIR --recipe NAME --out FILE`.

Prints one JSON object per line: progress, and at the end {"done": true, ...} or, with exit status
1, {"failed": sentence}. `python -m training starter` makes the weights that ship (see starter.py).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import torch

from training import runs
from training.loop import TrainingError


def say(line: dict[str, Any]) -> None:
    """One JSON line, at once: whoever reads the pipe follows live. NaN is no JSON and raises."""
    print(json.dumps(line, allow_nan=False), flush=True)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as many as cores")
    commands = parser.add_subparsers(dest="command", required=True)
    for task in runs.TASKS:
        command = commands.add_parser(task)
        command.add_argument("--snapshot", type=Path, required=True)
        command.add_argument("--recipe", required=True)
        command.add_argument("--out", type=Path, required=True)
        command.add_argument("--init", type=Path, help="weights to start from")
        command.add_argument("--compare", type=Path, help="weights to evaluate beside")
        command.add_argument("--device", default="auto")
    command = commands.add_parser("starter")
    command.add_argument(
        "--films", type=Path, default=Path("var/starter"), help="where phantoms go"
    )
    command.add_argument("--out", type=Path, default=Path("inference/starter"))
    command.add_argument("--patients", type=int, default=900)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 or 1."""
    arguments = _arguments(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)  # its pool fights with torch's for the same cores
    try:
        if arguments.command == "starter":
            from training import starter  # loads both networks' libraries, which takes seconds

            done = starter.make(arguments.films, arguments.out, arguments.patients, say)
        else:
            done = runs.run(
                arguments.command,
                folder=arguments.snapshot,
                recipe=arguments.recipe,
                out=arguments.out,
                init=arguments.init,
                compare=arguments.compare,
                device=arguments.device,
                report=say,
            )
    except (TrainingError, ValueError, OSError) as error:
        say({"failed": str(error)})
        return 1
    except torch.cuda.OutOfMemoryError:
        say({"failed": "The GPU has too little memory for this recipe: choose a smaller one."})
        return 1
    say({"done": True, **done})
    return 0


if __name__ == "__main__":
    sys.exit(main())

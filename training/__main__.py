"""`python -m training key_points|corner_grades --snapshot DIR --recipe NAME [--out FILE]`.

On several GPUs: `torchrun --standalone --nproc-per-node=GPUS -m training corner_grades ...`.
`python -m training evaluate --snapshot DIR --weights FILE` judges a weights file. Prints one JSON
object per line: progress, and at the end {"done": true, ...} or, with exit status 1 (130 when it
is interrupted), {"failed": sentence}. `python -m training starter` makes the weights that ship
(see starter.py).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import torch

from inference import gpu
from training import runs
from training.loop import TrainingError

_SNAPSHOT = "folder of frozen films and labels, as `manage.py freeze_snapshot` writes it"
_DEVICE = "auto, cpu, cuda or cuda:NUMBER; auto takes a GPU where there is one"


def say(line: dict[str, Any]) -> None:
    """One JSON line, at once: whoever reads the pipe follows live. NaN is no JSON and raises."""
    print(json.dumps(line, allow_nan=False), flush=True)


class _Command(argparse.ArgumentParser):
    """Lists a task's recipes in its help, and only then loads that network's libraries: seconds."""

    def format_help(self) -> str:
        """What argparse says, and the recipes."""
        task = self.prog.split()[-1]
        if task in runs.TASKS:
            told = (f"  {name:<12}{recipe.about}" for name, recipe in runs.recipes(task).items())
            self.epilog = "recipes:\n" + "\n".join(told)
            self.formatter_class = argparse.RawDescriptionHelpFormatter  # a recipe, a line
        return super().format_help()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as many as cores")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Command)
    for task in runs.TASKS:
        command = commands.add_parser(task)
        command.add_argument("--snapshot", type=Path, required=True, help=_SNAPSHOT)
        command.add_argument("--recipe", required=True, help="how to train: one of those below")
        command.add_argument(
            "--out", type=Path, help=f"the weights file; else {task}-RECIPE.safetensors, here"
        )
        command.add_argument("--init", type=Path, help="weights to start from")
        command.add_argument("--compare", type=Path, help="weights to evaluate beside")
        command.add_argument(
            "--leave-out", metavar="CENTRE", help="train on the others, judge on it"
        )
        command.add_argument("--device", default="auto", help=_DEVICE)
        command.add_argument(
            "--minutes", type=float, default=3.0, help="between two copies of the run's state"
        )
        command.add_argument(
            "--keep-state", action="store_true", help="leave the last copy when the run is done"
        )
    command = commands.add_parser("evaluate")
    command.add_argument("--snapshot", type=Path, required=True, help=_SNAPSHOT)
    command.add_argument("--weights", type=Path, required=True, help="the file to judge")
    command.add_argument("--compare", type=Path, help="weights to evaluate beside")
    command.add_argument("--device", default="auto", help=_DEVICE)
    command = commands.add_parser("starter")
    command.add_argument(
        "--films", type=Path, default=Path("var/starter"), help="where phantoms go"
    )
    command.add_argument("--out", type=Path, default=Path("inference/starter"))
    command.add_argument(
        "--patients", type=int, help="who learn (900), where --films holds no phantoms yet"
    )
    command.add_argument("--init", type=Path, help="folder of starter weights to go on from")
    command.add_argument("--recipe", default="starter")
    command.add_argument("--only", choices=runs.TASKS, help="train one of the two networks")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0, 1, or 130 when a person interrupts it."""
    arguments = _arguments(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)  # its pool fights with torch's for the same cores
    try:
        done = _run(arguments)
    except (TrainingError, ValueError, OSError) as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return _failed(_stopped(arguments), status=130)  # 128 + SIGINT, as shells have it
    except torch.OutOfMemoryError:
        sentence = "The GPU has too little memory for this recipe: choose a smaller one."
        return _failed(sentence, whoever=True)
    except RuntimeError as error:
        if not gpu.is_lost(error):
            raise
        return _failed(
            f"The GPU does not answer any more ({gpu.first_line(error)}): look at nvidia-smi, "
            "restart the worker and start the training again: it goes on where it was.",
            whoever=True,
        )
    if done:  # several processes: the first speaks for all
        say({"done": True, **done})
    return 0


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.command == "starter":
        from training import starter  # loads both networks' libraries, which takes seconds

        return starter.make(
            arguments.films,
            arguments.out,
            arguments.patients,
            say,
            init=arguments.init,
            recipe=arguments.recipe,
            tasks=[arguments.only] if arguments.only else runs.TASKS,
        )
    if arguments.command == "evaluate":
        return runs.evaluate(
            folder=arguments.snapshot,
            weights=arguments.weights,
            compare=arguments.compare,
            device=arguments.device,
            report=say,
        )
    return runs.run(
        arguments.command,
        folder=arguments.snapshot,
        recipe=arguments.recipe,
        out=_weights(arguments),
        init=arguments.init,
        compare=arguments.compare,
        device=arguments.device,
        minutes=arguments.minutes,
        leave_out=arguments.leave_out,
        keep_state=arguments.keep_state,
        report=say,
    )


def _weights(arguments: argparse.Namespace) -> Path:
    return arguments.out or Path(f"{arguments.command}-{arguments.recipe}.safetensors")


def _stopped(arguments: argparse.Namespace) -> str:
    """What is left of an interrupted run, and how it goes on."""
    kept: list[Path] = []
    if arguments.command in runs.TASKS:
        kept = [file for file in [runs.state_file(_weights(arguments))] if file.is_file()]
    elif arguments.command == "starter":
        kept = sorted(arguments.out.glob(runs.state_file(Path("*")).name))
    if not kept:
        return "Stopped. No state was stored yet: the same command begins anew."
    when = datetime.fromtimestamp(kept[0].stat().st_mtime).astimezone()
    return (
        f"Stopped. The state of {when:%H:%M:%S} is kept in {kept[0]}: the same command goes on "
        "from there."
    )


def _failed(sentence: str, status: int = 1, *, whoever: bool = False) -> int:
    """Of several processes the first speaks for all, but for what befell this one alone."""
    if whoever or os.environ.get("RANK", "0") == "0":
        say({"failed": sentence})
    return status


if __name__ == "__main__":
    sys.exit(main())

"""``manage.py evaluate``: judge a model version on the test patients of a snapshot, now."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.errors import Conflict
from annotation.models import ModelVersion
from annotation.services import model_versions, training_process

_COUNTS = ("tp", "tn", "fp", "fn")
_TABLE_2 = ("sensitivity", "specificity", "ppv", "f1", "accuracy_ovr")


class Command(BaseCommand):
    help = "Evaluate a model version on the frozen test patients of a snapshot folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", required=True, help="name or number of the version")
        parser.add_argument("--snapshot", required=True, type=Path, help="the snapshot's folder")
        parser.add_argument("--compare", help="another version of the same task, to judge beside")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        version = _version(options["model"])
        other = _version(options["compare"]) if options["compare"] else None
        try:
            command = training_process.evaluation(
                snapshot=options["snapshot"].resolve(),
                weights=model_versions.sound_weights(version),
                compare=model_versions.sound_weights(other) if other else None,
            )
            report = training_process.followed(command)
        except (Conflict, training_process.TrainingFailed) as problem:
            raise CommandError(str(problem)) from problem
        report = {"model": version.name, "compared_with": other.name if other else None, **report}
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=1))
        else:
            self.stdout.write("\n".join(_told(report)))


def _version(named: str) -> ModelVersion:
    found = ModelVersion.objects.filter(name=named).first()
    if found is None and named.isdecimal():
        found = ModelVersion.objects.filter(pk=int(named)).first()
    if found is None:
        names = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no model version {named}. There are: {names}.")
    return found


def _told(report: Mapping[str, Any]) -> list[str]:
    """The figures as a person reads them in a terminal."""
    metrics = report["metrics"]
    if "confusion" not in metrics:
        return [f"{report['model']}: " + ", ".join(f"{k} {v}" for k, v in metrics.items())]
    lines = [
        f"{report['model']}: corners {metrics['corners']}, test patients {metrics['patients']}",
        "",
        "Table 1. True grade (rows) by predicted grade",
        *_table([["", "0", "1", "2", "3"]] + [[g, *r] for g, r in enumerate(metrics["confusion"])]),
        "",
        "Table 2. Each grade against the others",
        *_table(
            [["grade", *_COUNTS, *_TABLE_2]]
            + [
                [row["grade"], *(row[c] for c in _COUNTS), *(_figure(row[f]) for f in _TABLE_2)]
                for row in metrics["per_grade"]
            ]
        ),
        "",
        _with("Accuracy, multiclass", metrics, "multiclass_accuracy"),
        _with("Quadratic kappa", metrics, "kappa_quadratic"),
        "Accuracy, mean of one-vs-rest "
        f"{_figure(metrics['mean']['accuracy_ovr'])} "
        f"({_limits(metrics['ci95']['mean']['accuracy_ovr'])})",
    ]
    for scale, found in metrics["scores"].items():
        if found["n"]:
            change = _figure(found["change"].get("icc"))
            lines.append(
                f"{scale}: n {found['n']}, ICC(2,1) {_figure(found['icc'])} "
                f"({_limits(found['icc_ci95'])}), bias {_figure(found['bias'])}, limits "
                f"{_limits(found['limits'])}, ICC(2,1) of change {change}"
            )
    if report.get("comparison"):
        lines += ["", report["comparison"]["sentence"]]
    return lines


def _with(name: str, metrics: Mapping[str, Any], key: str) -> str:
    return f"{name} {_figure(metrics[key])} ({_limits(metrics['ci95'][key])})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _limits(ends: Sequence[float] | None) -> str:
    return "no interval" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"


def _table(rows: Sequence[Sequence[Any]]) -> list[str]:
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(str(cell).rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]

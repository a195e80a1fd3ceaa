"""The agreement page: how far the readers of a round agree, from committed blind reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.errors import NotFound
from annotation.models import Reading, Round, Study
from annotation.permissions import ADMIN, COORDINATOR, role
from annotation.services import round_reads, second_look
from annotation.services.agreement import icc
from annotation.services.bootstrap import patient_bootstrap
from annotation.services.change import bland_altman, progression, smallest_detectable_change
from annotation.services.kappa import ordinal_alpha, weighted_kappa
from annotation.services.round_reads import SCALES, FilmRead, Reads, Scale
from inference.msasss import Policy
from training.metrics import confusion

FloatArray = npt.NDArray[np.float64]


class RoundChoice(serializers.Serializer[Any]):
    """Which round; the first whole-film round if none is named."""

    round = serializers.IntegerField(required=False)


class AgreementView(APIView):
    """One round of one study."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, study: int) -> Response:
        """Totals by ICC and limits of agreement, corners by confusion, for each pair."""
        found = Study.objects.filter(pk=study).first()
        choice = RoundChoice(data=request.query_params)
        choice.is_valid(raise_exception=True)
        round_ = _round(found, choice.validated_data.get("round")) if found else None
        if found is None or round_ is None:
            raise NotFound
        reads = round_reads.blind_reads(round_)
        policy: Policy = "strict" if found.missing_sites == Study.MissingSites.STRICT else "R3"
        return Response(
            {
                "study": {"id": found.pk, "name": found.name},
                "round": {"id": round_.pk, "number": round_.number, "kind": round_.kind},
                "mode": {"chronology": round_.chronology, "assist_mode": found.assist_mode},
                "readers": list(reads),
                "films": len(_read_by_two(reads)),
                "pairs": [
                    _pair({name: reads[name] for name in pair}, policy)
                    for pair in combinations(reads, 2)
                ],
                "all_readers": _scales(reads, policy) if len(reads) > 1 else [],
                "repeats": _repeats(round_, reads, policy),
                "second_looks": [asdict(mine) for mine in second_look.revised(round_)],
                "alpha_ordinal": _alpha(reads) if len(reads) > 1 else None,
            }
        )


def _round(study: Study, wanted: int | None) -> Round | None:
    rounds = study.rounds.order_by("number")
    if wanted is not None:
        return rounds.filter(pk=wanted).first()
    return rounds.filter(kind=Round.Kind.FULL).first()


def _read_by_two(reads: Reads) -> set[int]:
    """Films that at least two readers have committed."""
    films: set[int] = set()
    for one, other in combinations(reads.values(), 2):
        films |= one.keys() & other.keys()
    return films


def _table(reads: Reads, scale: Scale, policy: Policy) -> FloatArray:
    """One row per target that every reader has read, one column per reader; NaN: not scored."""
    columns = [round_reads.scores(mine, scale, policy) for mine in reads.values()]
    common = set.intersection(*(set(column) for column in columns))
    rows = [[column[target] for column in columns] for target in sorted(common)]
    return np.array(rows, dtype=np.float64)


def _scales(reads: Reads, policy: Policy) -> list[dict[str, Any]]:
    """ICC of each scale that has a target."""
    found = []
    for scale in SCALES:
        table = _table(reads, scale, policy)
        if len(table):
            forms = icc(table)
            found.append(
                {
                    "scale": scale,
                    "n": forms.n_targets,
                    "icc": {
                        name: {
                            "value": form.value,
                            "ci95": form.ci95,
                            "undefined": form.undefined,
                        }
                        for name, form in forms.items()
                    },
                }
            )
    return found


def _pair(reads: Reads, policy: Policy) -> dict[str, Any]:
    """Two readers beside each other; rows of the confusion are the first one's grades."""
    totals = _scales(reads, policy)
    for row in totals:
        limits = bland_altman(*_table(reads, row["scale"], policy).T)
        row |= {"bias": limits.bias, "loa": limits.loa}
    patients, corners = _corners(list(reads.values()))
    a, b = corners.T
    kappa = weighted_kappa(a, b)
    spread = patient_bootstrap(patients, lambda rows: weighted_kappa(a[rows], b[rows]).value)
    return {
        "readers": list(reads),
        "totals": totals,
        "changes": _changes(reads, policy),
        "confusion": confusion(a, b).tolist(),
        "kappa_quadratic": kappa.value,
        "kappa_ci95": None if spread.low is None else [spread.low, spread.high],
        "corners": kappa.n,
    }


def _repeats(round_: Round, reads: Reads, policy: Policy) -> list[dict[str, Any]]:
    """Each reader's hidden repeats beside the same reader's first reads, for who has any."""
    again = round_reads.blind_reads(round_, Reading.Arm.REPEAT)
    return [
        _pair({name: reads[name], f"{name}, again": again[name]}, policy) | {"reader": name}
        for name in reads
        if reads[name].keys() & again[name].keys()
    ]


def _alpha(reads: Reads) -> float | None:
    """Krippendorff's ordinal alpha over all readers' corners, whoever read which."""
    return ordinal_alpha(_corners(list(reads.values()))[1]).value


def _corners(reads: Sequence[Mapping[int, FilmRead]]) -> tuple[list[int], FloatArray]:
    """The patient of each corner that two readers or more have read, and its grades by reader."""
    patients: list[int] = []
    rows: list[list[int | None]] = []
    for film in sorted(set().union(*reads)):
        having = [mine[film] for mine in reads if film in mine]
        for site in sorted(set().union(*(read.grades for read in having))):
            read_by = sum(site in read.grades for read in having)
            if read_by < min(2, len(reads)):
                continue
            patients.append(having[0].patient)
            rows.append([mine[film].grades.get(site) if film in mine else None for mine in reads])
    return patients, np.array(rows, dtype=np.float64).reshape(-1, len(reads))


def _changes(reads: Reads, policy: Policy) -> list[dict[str, Any]]:
    """How far two readers agree on each patient's change, first to last visit, by scale.

    Status agrees easily because patients differ; change is where readings differ (domain of the
    smallest detectable change).
    """
    found = []
    for scale in SCALES:
        changed = round_reads.changes(list(reads.values()), scale, policy)
        if not changed:
            continue
        table = np.array([changed[patient] for patient in sorted(changed)])
        form = icc(table)["ICC(2,1)"]
        moved = progression(table)
        found.append(
            {
                "scale": scale,
                "n": moved.n,
                "icc": {"value": form.value, "ci95": form.ci95, "undefined": form.undefined},
                "mean": moved.mean,
                "sdc": smallest_detectable_change(table).sdc,
                "progressed": moved.n_at_least,
            }
        )
    return found

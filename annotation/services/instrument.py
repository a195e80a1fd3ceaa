"""What a study's instrument records at a corner: the findings under grade 1, and where."""

from annotation.errors import BadInput
from annotation.models import Study
from annotation.services.ledger import FINDINGS_GRADE, Mark
from inference.msasss import FINDINGS, SITE

_C5_C6 = ("C5", "C6")


def findings_at(study: Study, site: str) -> tuple[str, ...]:
    """The findings that grade 1 may stand for at a corner.

    Healthy C2 to C4 look square (Kim, J Rheumatol 2008;35:477): in the cervical spine squaring
    counts where the study says so.
    """
    here = SITE[site]
    counts = (
        here.region == "L"
        or study.cervical_squaring == Study.CervicalSquaring.ALL
        or (study.cervical_squaring == Study.CervicalSquaring.C5_C6 and here.vertebra in _C5_C6)
    )
    return FINDINGS if counts else tuple(one for one in FINDINGS if one != "squaring")


def check_read(study: Study, site: str, mark: Mark) -> None:
    """Raise BadInput for a finding that the study's instrument does not record there."""
    if not mark.findings:
        return
    if not study.finding_flags:
        raise BadInput("This study records grades without findings. Send the grade alone.")
    _check_counted(study, site, mark)


def check_decided(study: Study, site: str, mark: Mark) -> None:
    """Raise BadInput unless an adjudicated grade 1 says what was seen, whatever readers record."""
    _check_counted(study, site, mark)
    if mark.grade == FINDINGS_GRADE and not mark.findings:
        seen = ", ".join(findings_at(study, site))
        raise BadInput(f"Say what grade 1 stands for at this corner: {seen}.")


def _check_counted(study: Study, site: str, mark: Mark) -> None:
    if set(mark.findings) <= set(findings_at(study, site)):
        return
    if study.cervical_squaring == Study.CervicalSquaring.C5_C6:
        raise BadInput("This study counts cervical squaring at C5 and C6 only.")
    raise BadInput("This study does not count squaring in the cervical spine.")

"""Product errors: a name, a sentence that says what to do, an HTTP status, each written once."""

from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404
from django.http.request import UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response


class ProductError(Exception):
    """An error that a person can act on. ``detail`` is for the program that shows it."""

    status: ClassVar[int] = 400
    sentence: ClassVar[str] = "The request could not be carried out."

    def __init__(self, sentence: str | None = None, **detail: Any) -> None:
        self.text = sentence or self.sentence
        self.detail = detail
        super().__init__(self.text)

    @classmethod
    def name(cls) -> str:
        """The stable name that clients rely on: the class name in snake case."""
        return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")


class BadInput(ProductError):
    """The input breaks a rule; the sentence names it."""


class WrongCredentials(ProductError):
    """Sign-in failed."""

    sentence = "The user name or the password is wrong. Check both and try again."


class TooManyAttempts(ProductError):
    """Somebody guesses a password."""

    status = 429
    sentence = (
        "Too many wrong passwords for this user name. Wait 15 minutes and try again, or ask an "
        "administrator."
    )


class NotFound(ProductError):
    """There is no such thing for this user. Says the same whether it exists or not: blinding."""

    status = 404
    sentence = "There is no such thing here, or it is not yours to see."


class SiteNotInReading(ProductError):
    """The grade names a corner that this film does not show."""

    sentence = "This corner is not on this film. Reload the film and grade the corners shown."


class LeaseLost(ProductError):
    """The place is not held by this reader any more."""

    status = 409
    sentence = "Your hold on this film has run out. Open it again to go on; saved grades are kept."


class AlreadyCommitted(ProductError):
    """The reading is finished."""

    status = 409
    sentence = "This film is committed and can no longer be changed. Ask the coordinator if needed."


class AlreadyDecided(ProductError):
    """Another adjudicator, or another window of the same one, settled this corner meanwhile."""

    status = 409
    sentence = "This corner has been decided already. Take the next one."


class Incomplete(ProductError):
    """Commit asked while corners are missing."""

    status = 409
    sentence = "Some corners have no grade yet. Grade them or mark them not assessable (N)."


class PartnerNeeded(ProductError):
    """A bridge is left on one side only."""

    status = 409
    sentence = "A bridge stands on both facing corners. Give the facing corner its own grade too."


class KeyReused(ProductError):
    """An idempotency key came twice with different content."""

    status = 409
    sentence = "This key was used for another grade already. Reload the film."


class NothingToUndo(ProductError):
    """Undo or redo with an empty history."""

    status = 409
    sentence = "There is nothing to take back on this film."


class GpuLost(ProductError):
    """The GPU of a worker failed in the middle of a pre-grading; the sentence has the driver's."""

    status = 503
    sentence = (
        "The GPU does not answer any more ({}): look at nvidia-smi and restart the GPU worker. "
        "What was graded is kept: start pre-grading again; until the restart the processor does it."
    )


class StudyClosed(ProductError):
    """The study takes no more readings."""

    status = 409
    sentence = "This study is closed. Your saved grades are kept; no more can be added."


class DesignFixed(ProductError):
    """The study has been read under its design."""

    status = 409
    sentence = (
        "The design of this study is fixed: its first grade is in. "
        "Make a new study for another design."
    )


class Conflict(ProductError):
    """The thing is in another state than the request assumes."""

    status = 409


class TrainingRefused(ProductError):
    """A snapshot or a recipe cannot be trained on."""

    status = 409


def answer(exc: Exception, context: dict[str, Any]) -> Response:
    """Turn any error of a view into the one shape that clients read.

    Shape: ``{"error": {"name", "sentence", "detail"}}``. Unknown errors are not caught here: they
    are defects and end as 500 in the log.
    """
    if isinstance(exc, ProductError):
        name, sentence, status, detail = exc.name(), exc.text, exc.status, exc.detail
    elif isinstance(exc, drf.ValidationError):
        name, status = "bad_input", 400
        detail = exc.detail if isinstance(exc.detail, dict) else {"errors": exc.detail}
        sentence = "Check these fields: " + ", ".join(
            f"{field} ({'; '.join(map(str, flatten(errors)))})" for field, errors in detail.items()
        )
    elif isinstance(exc, ValidationError):
        name, sentence, status, detail = "bad_input", "; ".join(exc.messages), 400, {}
    elif isinstance(exc, Http404 | ObjectDoesNotExist):
        name, sentence, status, detail = NotFound.name(), NotFound.sentence, 404, {}
    elif isinstance(exc, drf.NotAuthenticated | drf.AuthenticationFailed):
        name, status, detail = "not_signed_in", 401, {}
        sentence = "Sign in to go on."
    elif isinstance(exc, drf.PermissionDenied | PermissionDenied):
        name, status, detail = "not_allowed", 403, {}
        sentence = str(getattr(exc, "detail", "")) or "Your role does not allow this."
    elif isinstance(exc, UnreadablePostError):
        name, status, detail = "broken_off", 400, {}
        sentence = "The connection broke off before the request was whole; send it again."
    elif isinstance(exc, drf.APIException):
        name, status, detail = exc.default_code, exc.status_code, {}
        sentence = str(exc.detail)
    else:
        raise exc
    return Response(
        {"error": {"name": name, "sentence": sentence, "detail": detail}}, status=status
    )


def flatten(errors: Any) -> list[str]:
    """The sentences inside DRF's nested error lists, in order."""
    if isinstance(errors, dict):
        return [f"{key}: {text}" for key, value in errors.items() for text in flatten(value)]
    if isinstance(errors, list | tuple):
        return [text for value in errors for text in flatten(value)]
    return [str(errors)]

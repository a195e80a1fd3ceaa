"""Tables whose rows the database itself refuses to change or remove."""

import pgtrigger


def append_only() -> list[pgtrigger.Trigger]:
    """The trigger of an append-only table: UPDATE and DELETE fail, whoever asks, admin included."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


def immutable(*fields: str) -> pgtrigger.Trigger:
    """The trigger that refuses a change of some columns while the rest of the row may move."""
    return pgtrigger.Protect(
        name="immutable", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*fields)
    )

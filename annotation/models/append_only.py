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


def immutable_unless(state: str, *fields: str) -> pgtrigger.Trigger:
    """The trigger that lets some columns change in rows of one state only."""
    changes = " OR ".join(f'OLD."{field}" IS DISTINCT FROM NEW."{field}"' for field in fields)
    return pgtrigger.Protect(
        name=f"immutable_unless_{state}",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"OLD.\"state\" <> '{state}' AND ({changes})"),
    )

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case must be like to be written: no change by others since a time, or since a write that is undone."""

from __future__ import annotations

from typing import Any, Mapping

from .._errors import ConflictError, printable
from .._model.case import label, modified_at, moment
from .._model.concurrent_changes import quoted_value, shown_value
from .._model.plan import Plan
from .._model.saved_plan import SavedCase
from .._model.times import format_time
from .._model.undo import edit_by_others, has_value
from .reader import Reader

REVIEW_PLANNED = "Review the case, and make a new plan if it is to be changed."
_REMEDY = "Review the case, then run again with its new modified_at."
_UNDO_REMEDY = "Review the case, and change by hand what is still to be undone."


def check_unmodified(case: dict[str, Any], unmodified_since: int | None, remedy: str = "") -> None:
    """Raise ConflictError if others changed a case after unmodified_since (modified_at in ms)."""
    if unmodified_since is None:
        return
    changed_at = modified_at(case)
    what = f"Refused to change {label(case)}"
    if changed_at is None:
        why = "the platform does not say when it was changed."
        raise ConflictError(what, why, remedy or "Leave if_unmodified_since out.")
    if changed_at > unmodified_since:
        meant = f"the change is meant for the case as last modified at {_moment(unmodified_since)} or earlier"
        why = f"{_modifier(case)} changed it at {_moment(changed_at)}, and {meant}."
        raise ConflictError(what, why, remedy or _REMEDY, modified_at=changed_at)


def check_undo(
    reader: Reader, case: dict[str, Any], plan: Plan, if_match: Mapping[str, str], unmodified_since: int | None
) -> list[str]:
    """Raise ConflictError if others changed a case since the write that a plan undoes.

    if_match: the values that the write left. unmodified_since: modified_at in ms after the write. A later one may be
    that of a comment, of an alert that joined the case, or of a later write by the same account: the case's history,
    which is read only then, shows whose change it was. Returns a warning where it can't be read.
    """
    fields = [change.field for change in plan.changes if change.field in if_match]
    differing = [name for name in fields if not has_value(case, name, if_match[name])]
    changed_at = modified_at(case)
    if not differing and (unmodified_since is None or (changed_at is not None and changed_at <= unmodified_since)):
        return []
    history, why = reader.history(case)
    what = f"Refused to change {label(case)}"
    edit = edit_by_others(plan.desired, if_match, unmodified_since, history or [])
    # The case itself shows the user's name, if this was its last change.
    is_last = edit is None or edit["timestamp"] == changed_at or not isinstance(edit.get("user"), str)
    by = _modifier(case) if edit is None or is_last else printable(edit["user"], 60)
    at = edit["timestamp"] if edit else changed_at
    changed = f"{by} changed it at {'an unknown time' if at is None else _moment(at)}"
    if differing:
        name = differing[0]
        value, wanted = quoted_value(shown_value(case, name)), quoted_value(if_match[name])
        raise ConflictError(what, f"{changed}: {name} is {value}, and must be {wanted} to be undone.", _UNDO_REMEDY)
    if edit:
        raise ConflictError(what, f"{changed}, after the run that is undone.", _UNDO_REMEDY)
    if history is None:
        text = f"Could not determine who changed {label(case)} after the run that is undone. {why}"
        return [f"{text} Its fields have the values that the run wrote, so they are restored."]
    return []


def check_planned(reader: Reader, case: dict[str, Any], saved: SavedCase) -> None:
    """Raise ConflictError if a planned field of a case is not as it was when the plan was made.

    Only then the case's history is read, for whose change it was.
    """
    differing = saved.differing(case)
    if not differing:
        return
    history, _why = reader.history(case)
    name = differing[0]
    since = saved.modified_at
    entries = [
        entry
        for entry in history or []
        if entry.get("field") in differing
        and (moment(entry, "timestamp") or 0) > (since or 0)
        and isinstance(entry.get("user"), str)
    ]
    last = max(entries, key=lambda entry: int(entry["timestamp"]), default=None)
    changed_at = last["timestamp"] if last else modified_at(case)
    by = printable(last["user"], 60) if last else _modifier(case)
    at = "an unknown time" if changed_at is None else _moment(changed_at)
    now, before = quoted_value(shown_value(case, name)), quoted_value(saved.before.get(name))
    raise ConflictError(
        f"Refused to change {label(case)}",
        f"{by} changed it at {at}: {name} is {now}, and was {before} when the plan was made.",
        REVIEW_PLANNED,
    )


def _modifier(case: dict[str, Any]) -> str:
    return printable(case.get("modified_by_name") or case.get("modified_by") or "another user", 60)


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case must be like to be written: no change by others since a time, or since a write that is undone."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._errors import ConflictError, printable
from .._model.case import label, modified_at, moment
from .._model.concurrent_changes import entry_tags, quoted_value, shown_value
from .._model.plan import Plan
from .._model.saved_plan import SavedCase
from .._model.times import format_time
from .._model.undo import edit_by_others, has_value
from .reader import Reader

_REMEDY = "Review the case, then run again with its new modified_at."
_UNDO_REMEDY = "Review the case, and change by hand what is still to be undone."
_PLAN_REMEDY = "Review the case, and make a new plan if it is to be changed."
# Characters of a reason with the changes of others, of which there may be any number
_MOST = 600


def check_unmodified(case: dict[str, Any], unmodified_since: int | None) -> None:
    """Raise ConflictError if others changed a case after unmodified_since (modified_at in ms)."""
    if unmodified_since is None:
        return
    changed_at = modified_at(case)
    what = f"Refused to change {label(case)}"
    if changed_at is None:
        why = "the platform does not say when it was changed."
        raise ConflictError(what, why, "Leave if_unmodified_since out.")
    if changed_at > unmodified_since:
        meant = f"the change is meant for the case as last modified at {_moment(unmodified_since)} or earlier"
        why = f"{_modifier(case)} changed it at {_moment(changed_at)}, and {meant}."
        raise ConflictError(what, why, _REMEDY, modified_at=changed_at)


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


def check_planned(reader: Reader, case: dict[str, Any], saved: SavedCase, guard: str) -> None:
    """Raise ConflictError if a planned field of a case is not as it was when the plan was made.

    guard: "modified_at" lets no other change pass either. Only before an error the case's history is read, for whose
    change it was.
    """
    since, changed_at = saved.modified_at, modified_at(case)
    differing = saved.differing(case)
    is_unmodified = since is not None and changed_at is not None and changed_at <= since
    if not differing and (guard == "fields" or is_unmodified):
        return
    what = f"Refused to change {label(case)}"
    if not differing and (since is None or changed_at is None):
        why = "the platform does not say when it was changed, and plan_guard is modified_at."
        raise ConflictError(what, why, _PLAN_REMEDY)
    history, _why = reader.history(case)
    edits = [
        entry
        for entry in history or []
        if isinstance(entry.get("field"), str)
        and isinstance(entry.get("user"), str)
        and (moment(entry, "timestamp") or 0) > (since or 0)
    ]
    edits.sort(key=lambda entry: int(entry["timestamp"]))
    why = _planned_edits(case, saved, differing, edits) if differing else _later_edits(case, saved, history, edits)
    raise ConflictError(what, why, _PLAN_REMEDY)


def _planned_edits(
    case: dict[str, Any], saved: SavedCase, differing: Sequence[str], edits: Sequence[dict[str, Any]]
) -> str:
    """Return who changed the planned fields. edits: of the history since the plan was made, the oldest first."""
    parts, unknown = [], []
    for name in differing:
        now, before = quoted_value(shown_value(case, name)), quoted_value(saved.before.get(name))
        shows = f"{name} is {now}, and was {before} when the plan was made"
        found = [edit for edit in edits if edit["field"] == name and (name != "tags" or _moves(edit, case, saved))]
        if found:
            parts.append(f"{_editor(found[-1])} changed it at {_moment(found[-1]['timestamp'])}: {shows}")
        else:
            parts.append(shows)
            unknown.append(name)
    why = f"{'; '.join(parts)}."
    return f"{why} The history does not say who changed {', '.join(unknown)}; {_last_change(case)}." if unknown else why


def _moves(edit: dict[str, Any], case: dict[str, Any], saved: SavedCase) -> bool:
    """Return whether an edit may be that of a planned tag. The form of its values is not documented."""
    before, after = entry_tags(edit.get("from") or []), entry_tags(edit.get("to") or [])
    return before is None or after is None or not saved.moved_tags(case).isdisjoint(set(before) ^ set(after))


def _later_edits(case: dict[str, Any], saved: SavedCase, history: Any, edits: Sequence[dict[str, Any]]) -> str:
    """Return who changed a case whose planned fields are as they were. edits: as of _planned_edits()."""
    last = {edit["field"]: edit for edit in edits}
    if last:
        parts = [f"{_editor(edit)} changed {name} at {_moment(edit['timestamp'])}" for name, edit in last.items()]
        return f"{printable('; '.join(parts), _MOST)}, after the plan was made, and plan_guard is modified_at."
    moved = f"modified_at was {saved.modified_at} when the plan was made, and is {modified_at(case)}"
    if history is None:
        return f"{moved}. The history can't be read; {_last_change(case)}."
    return f"{moved}. The history has no change since, as when new alerts join a case."


def _last_change(case: dict[str, Any]) -> str:
    changed_at = modified_at(case)
    at = "an unknown time" if changed_at is None else _moment(changed_at)
    return f"{_modifier(case)} changed the case last, at {at}"


def _editor(edit: dict[str, Any]) -> str:
    return printable(edit["user"], 60)


def _modifier(case: dict[str, Any]) -> str:
    return printable(case.get("modified_by_name") or case.get("modified_by") or "another user", 60)


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"

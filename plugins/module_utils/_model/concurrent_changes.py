# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that others make to a case between its read and the end of its update.

The platform has no conditional update, so that this can't be prevented. It can be detected: the case differs
from what was read and planned, or its history has the change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, Sequence

from .._errors import printable
from .case import (
    assignee_label,
    label,
    modified_at,
    moment,
    severity,
    tags,
)
from .plan import Change, Plan, verify

FIELDS = ("status", "severity", "assignee", "tags", "name", "resolution", "description")

# The platform shows Unassigned for a case without assignee (seen in 2024)
_UNASSIGNED = "unassigned"

# Entries of a case's history (GET /cases/ID/activities)
History = Sequence[Dict[str, Any]]


@dataclass(frozen=True)
class Edit:
    """A change of one field by another user.

    kept: False if the update replaced it. by: the user, where the history has it. added, removed: the tags of it.
    """

    field: str
    value: Any
    kept: bool
    by: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {"field": self.field, "value": self.value, "kept": self.kept, "by": self.by}


def visible_edits(case: dict[str, Any], plan: Plan, after: dict[str, Any]) -> list[Edit]:
    """Return the fields of a case after its update that are neither as they were read nor as planned."""
    expected = plan.outcome(case)
    planned = {change.field for change in plan.changes}
    missing = {change.field for change in verify(plan, after).missing}
    if "status" in planned:
        # Reopening a case may clear its resolution.
        planned.add("resolution")
    return [
        _tag_edit(expected, after) if name == "tags" else Edit(name, shown_value(after, name), kept=True)
        for name in FIELDS
        if name in missing or ((name == "tags" or name not in planned) and _differs(name, expected, after))
    ]


def _tag_edit(expected: dict[str, Any], after: dict[str, Any]) -> Edit:
    added, removed = _tag_diff(tags(expected), tags(after))
    return Edit("tags", sorted(set(tags(after))), True, None, tuple(sorted(added)), tuple(sorted(removed)))


def _tag_diff(before: Iterable[str], after: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the added and the removed tags."""
    return set(after) - set(before), set(before) - set(after)


def _differs(name: str, case: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether a field differs. False where one case lacks it: an answer may have fewer fields than another."""
    values = [_value_of(name, each) for each in (case, after)]
    return None not in values and values[0] != values[1]


def _value_of(name: str, case: dict[str, Any]) -> Any:
    if name == "tags":
        return sorted(set(tags(case))) if "tags" in case else None
    return severity(case) or None if name == "severity" else case.get(name)


def shown_value(case: dict[str, Any], name: str) -> Any:
    """Return a field as people read it."""
    return assignee_label(case) if name == "assignee" else _value_of(name, case)


def with_authors(edits: Sequence[Edit], case: dict[str, Any], plan: Plan, history: History) -> list[Edit]:
    """Return the edits with their users. case: as it was read."""
    return [replace(edit, by=_authors(edit, case, plan, history)) for edit in edits]


def _authors(edit: Edit, case: dict[str, Any], plan: Plan, history: History) -> str | None:
    entries = _since(case, edit.field, history)
    if edit.field == "tags":
        entries = _tag_authors(edit, case, entries)
    else:
        ours = [change for change in plan.changes if change.field == edit.field]
        entries = [entry for entry in entries if not any(_sets(entry, change, plan) for change in ours)][-1:]
    users = [user for user in map(_user, entries) if user is not None]
    return ", ".join(dict.fromkeys(users)) or None


def _tag_authors(edit: Edit, case: dict[str, Any], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the history's entries of the tags of an edit, the last for each tag. Our own entry has other tags."""
    current = tags(case)
    last: dict[str, dict[str, Any]] = {}
    for entry in entries:
        before, after = entry_tags(entry.get("from")), entry_tags(entry.get("to") or [])
        if after is None:
            continue
        added, removed = _tag_diff(current if before is None else before, after)
        moved = (added & set(edit.added)) | (removed & set(edit.removed))
        last.update(dict.fromkeys(moved, entry))
        current = after
    return [entry for entry in entries if any(entry is mover for mover in last.values())]


def entry_tags(value: Any) -> list[str] | None:
    """Return the tags of an entry, or None if they are not a list of text. The form is not documented."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None


def overwritten_edits(case: dict[str, Any], plan: Plan, history: History) -> list[Edit]:
    """Return what others set in a planned field after the case was read, which the update then replaced.

    Tags are added and deleted one by one: no tag of others is replaced.
    """
    edits = []
    for change in plan.changes:
        if change.field in ("tags", "comment"):
            continue
        entries = _since(case, change.field, history)
        # How the history spells a value is known for texts only. The update is in it in any case.
        ours = [number for number, entry in enumerate(entries) if _sets(entry, change, plan)] or [len(entries) - 1]
        theirs = [entry for entry in entries[: max(ours[-1], 0)] if not _sets(entry, change, plan)]
        edits += [Edit(change.field, entry_value(entry), False, _user(entry)) for entry in theirs[-1:]]
    return edits


def in_history(case: dict[str, Any], plan: Plan, change: Change, history: History) -> bool:
    """Return True if the history has a change since the case was read, even if others changed the field later."""
    return any(_sets(entry, change, plan) for entry in _since(case, change.field, history))


def _since(case: dict[str, Any], name: str, history: History) -> list[dict[str, Any]]:
    """Return the changes of a field after the case was read, the oldest first."""
    read_at = modified_at(case)
    if read_at is None:
        return []
    entries = [
        entry for entry in history if entry.get("field") == name and (moment(entry, "timestamp") or read_at) > read_at
    ]
    return sorted(entries, key=lambda entry: entry["timestamp"])


def _sets(entry: dict[str, Any], change: Change, plan: Plan) -> bool:
    value = entry.get("to")
    if change.field == "tags":
        sent = plan.payload["tags"]
        current = entry_tags(value or [])
        if current is None:
            return False
        return set(sent.get("add", ())) <= set(current) and not set(sent.get("delete", ())) & set(current)
    if change.field == "assignee" and plan.desired.assignee is not None:
        value = entry_value(entry)
        return isinstance(value, str) and plan.desired.assignee.matches(value, value)
    return bool(value == change.after)


def entry_value(entry: dict[str, Any]) -> Any:
    """Return the value that an entry sets its field to, in the form of a task's option."""
    value = entry.get("to")
    is_unassigned = entry.get("field") == "assignee" and str(value or "").casefold() in ("", _UNASSIGNED)
    return "" if is_unassigned else value


def _user(entry: dict[str, Any]) -> str | None:
    return printable(entry["user"], 60) if isinstance(entry.get("user"), str) else None


def conflict_warning(case: dict[str, Any], edits: Sequence[Edit]) -> str:
    """Return a warning about what others changed in a case."""
    parts = [
        _edit_text(edit)
        + (f" by {edit.by}" if edit.by else "")
        + (" (kept)" if edit.kept else " (replaced by the update)")
        for edit in edits
    ]
    return f"{label(case)} was changed by others while it was updated: {'; '.join(parts)}."


def quoted_value(value: Any) -> str:
    """Return how a message shows the value of a field, as JSON."""
    return printable(json.dumps(value))


def _edit_text(edit: Edit) -> str:
    moved = [
        f"{', '.join(json.dumps(tag) for tag in found)} {verb}"
        for found, verb in ((edit.added, "added"), (edit.removed, "removed"))
        if found
    ]
    if moved:
        return f"{edit.field}: {printable(' and '.join(moved))}"
    return f"{edit.field} to {quoted_value(edit.value)}"

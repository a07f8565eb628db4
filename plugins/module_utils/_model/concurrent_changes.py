# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others did to a case between its read and the end of its update.

The platform has no conditional update, so that this can't be prevented. It can be seen: by comparing what the case
shows with what was read and planned, and in the case's history.

Pure: imports nothing that does I/O and nothing of Ansible.
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

# How the platform shows that nobody has a case (seen in 2024 as Unassigned)
_NOBODY = "unassigned"

# Entries of a case's history (GET /cases/ID/activities)
History = Sequence[Dict[str, Any]]


@dataclass(frozen=True)
class Edit:
    """Somebody else's change of one field.

    kept: False if the update replaced it. by: who, where the history says. added, removed: the tags that they moved.
    """

    field: str
    value: Any
    kept: bool
    by: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {"field": self.field, "value": self.value, "kept": self.kept, "by": self.by}


def shown(case: dict[str, Any], plan: Plan, after: dict[str, Any]) -> list[Edit]:
    """What a case shows after the plan was carried out that is neither as it was read nor as planned."""
    expected = plan.outcome(case)
    planned = {change.field for change in plan.changes}
    missing = {change.field for change in verify(plan, after).missing}
    if "status" in planned:
        # Reopening a case may clear its resolution.
        planned.add("resolution")
    return [
        _tags_moved(expected, after) if name == "tags" else Edit(name, _shown(name, after), kept=True)
        for name in FIELDS
        if name in missing or ((name == "tags" or name not in planned) and _differs(name, expected, after))
    ]


def _tags_moved(expected: dict[str, Any], after: dict[str, Any]) -> Edit:
    added, removed = _moved(tags(expected), tags(after))
    return Edit("tags", sorted(set(tags(after))), True, None, tuple(sorted(added)), tuple(sorted(removed)))


def _moved(before: Iterable[str], after: Iterable[str]) -> tuple[set[str], set[str]]:
    """What was added, and what removed."""
    return set(after) - set(before), set(before) - set(after)


def _differs(name: str, case: dict[str, Any], after: dict[str, Any]) -> bool:
    """False where one of them does not show the field: an answer may have fewer than another."""
    values = [_given(name, each) for each in (case, after)]
    return None not in values and values[0] != values[1]


def _given(name: str, case: dict[str, Any]) -> Any:
    if name == "tags":
        return sorted(set(tags(case))) if "tags" in case else None
    return severity(case) or None if name == "severity" else case.get(name)


def _shown(name: str, case: dict[str, Any]) -> Any:
    """As a person reads it."""
    return assignee_label(case) if name == "assignee" else _given(name, case)


def named(edits: Sequence[Edit], case: dict[str, Any], plan: Plan, history: History) -> list[Edit]:
    """The same, with who made them. case: as it was read."""
    return [replace(edit, by=_makers(edit, case, plan, history)) for edit in edits]


def _makers(edit: Edit, case: dict[str, Any], plan: Plan, history: History) -> str | None:
    entries = _since(case, edit.field, history)
    if edit.field == "tags":
        entries = _movers(edit, case, entries)
    else:
        ours = [change for change in plan.changes if change.field == edit.field]
        entries = [entry for entry in entries if not any(_sets(entry, change, plan) for change in ours)][-1:]
    users = [user for user in map(_user, entries) if user is not None]
    return ", ".join(dict.fromkeys(users)) or None


def _movers(edit: Edit, case: dict[str, Any], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries that moved the tags of an edit, each the last that moved its tag. Our own moved others."""
    held = tags(case)
    last: dict[str, dict[str, Any]] = {}
    for entry in entries:
        before, after = _texts(entry.get("from")), _texts(entry.get("to") or [])
        if after is None:
            continue
        added, removed = _moved(held if before is None else before, after)
        moved = (added & set(edit.added)) | (removed & set(edit.removed))
        last.update(dict.fromkeys(moved, entry))
        held = after
    return [entry for entry in entries if any(entry is mover for mover in last.values())]


def _texts(value: Any) -> list[str] | None:
    """Tags of a history, if they are in the form that cases have them in. It is not documented."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None


def replaced(case: dict[str, Any], plan: Plan, history: History) -> list[Edit]:
    """What others set in a field of the plan after the case was read, and the update then replaced.

    Tags are added and deleted one by one: none of somebody else's is replaced.
    """
    edits = []
    for change in plan.changes:
        if change.field in ("tags", "comment"):
            continue
        entries = _since(case, change.field, history)
        # How the history spells a value is known for texts only. The update is in it in any case.
        ours = [number for number, entry in enumerate(entries) if _sets(entry, change, plan)] or [len(entries) - 1]
        theirs = [entry for entry in entries[: max(ours[-1], 0)] if not _sets(entry, change, plan)]
        edits += [Edit(change.field, _value(entry), False, _user(entry)) for entry in theirs[-1:]]
    return edits


def was_made(case: dict[str, Any], plan: Plan, change: Change, history: History) -> bool:
    """True if a change was made since the case was read, whatever somebody made of it later."""
    return any(_sets(entry, change, plan) for entry in _since(case, change.field, history))


def _since(case: dict[str, Any], name: str, history: History) -> list[dict[str, Any]]:
    """The changes of a field after the case was read, the oldest first."""
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
        held = _texts(value or [])
        if held is None:
            return False
        return set(sent.get("add", ())) <= set(held) and not set(sent.get("delete", ())) & set(held)
    if change.field == "assignee" and plan.desired.assignee is not None:
        value = _value(entry)
        return isinstance(value, str) and plan.desired.assignee.is_meant_by(value, value)
    return bool(value == change.after)


def _value(entry: dict[str, Any]) -> Any:
    """What an entry sets its field to, as a task would spell it."""
    value = entry.get("to")
    is_nobody = entry.get("field") == "assignee" and str(value or "").casefold() in ("", _NOBODY)
    return "" if is_nobody else value


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


def _edit_text(edit: Edit) -> str:
    moved = [
        f"{', '.join(json.dumps(tag) for tag in found)} {verb}"
        for found, verb in ((edit.added, "added"), (edit.removed, "removed"))
        if found
    ]
    if moved:
        return f"{edit.field}: {printable(' and '.join(moved))}"
    return f"{edit.field} to {printable(json.dumps(edit.value))}"

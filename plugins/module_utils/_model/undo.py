# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What restores a case after a plan was applied, and whether others changed the case since."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from .case import (
    CLOSED_STATUSES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
    moment,
    severity,
    tag_problem,
    tags,
)
from .concurrent_changes import FIELDS, History, entry_tags, entry_value
from .directory import Person
from .plan import DesiredState, Plan


def undo_item(
    case: dict[str, Any], plan: Plan, modified_at: int | None, after: dict[str, Any] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return an item of the option cases that restores a case, and the fields of the plan that are irreversible.

    Of the tags, those that no option can give are irreversible, each as tag "VIP ".
    case: as it was before. modified_at: of the case after the plan, in ms; later changes by others are not overwritten.
    after: the case after the plan, as far as it is known: undo restores what is really there. The item has only
    case_id if nothing can be restored.
    """
    item: dict[str, Any] = {"case_id": case["_id"]}
    irreversible: list[str] = []
    for change in plan.changes:
        if change.field == "tags":
            irreversible += _undo_tags(item, case, plan, after)
        elif change.field in _PREVIOUS_VALUE:
            former = _PREVIOUS_VALUE[change.field](case)
            if former is None:
                irreversible.append(change.field)
            else:
                item[change.field] = former
        elif change.field != "resolution":
            irreversible.append(change.field)
    irreversible += _undo_resolution(item, case, plan)
    if plan.payload.get("update_alerts"):
        irreversible.append("alerts")
    if len(item) > 1:
        written = {name: _written(name, plan, after) for name in item if name in MATCHED_FIELDS}
        item["if_match"] = {name: value for name, value in written.items() if value is not None}
        if modified_at is not None:
            item["if_unmodified_since"] = modified_at
    return item, irreversible


def _written(name: str, plan: Plan, after: dict[str, Any] | None) -> str | None:
    """Return the value that the plan wrote to a field, as the case shows it; None where that is not known."""
    if after is not None and after.get(name) is not None:
        return str(after[name])
    if name == "assignee":
        person = plan.desired.assignee or Person("")
        return (person.user_id or person.wire_value) if person.is_resolved else None
    return str(plan.after.get(name) or "")


def _stored_as(tag: str, before: dict[str, Any], after: dict[str, Any] | None) -> list[str]:
    """Return the spellings in which the platform stored an added tag: some store all tags in lower case."""
    if after is None or tag in tags(after):
        return [tag]
    new = [each for each in tags(after) if each not in tags(before) and each.casefold() == tag.casefold()]
    return new or [tag]


def _unless_empty(text: str | None) -> str | None:
    return text if text and text.strip() else None


# The fields whose value shows whether others changed them since. A description is not returned, and tags are restored
# one by one.
MATCHED_FIELDS = ("status", "severity", "assignee", "name", "resolution")

# The value that restores a field; None where no option can.
_PREVIOUS_VALUE: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "status": lambda case: case.get("status") if case.get("status") in STATUSES else None,
    "severity": lambda case: severity(case) if severity(case) in SEVERITIES else None,
    "assignee": lambda case: _unless_empty(case["assignee"]) if case.get("assignee") else "",
    "name": lambda case: _unless_empty(case.get("name")),
    "description": lambda case: case.get("description"),
}


def _undo_tags(item: dict[str, Any], case: dict[str, Any], plan: Plan, after: dict[str, Any] | None) -> list[str]:
    """Add the tags that the plan changed: tags that others have added since are kept."""
    sent = plan.payload["tags"]
    removed = [tag for tag in tags(case) if tag in sent.get("delete", ())]
    lost = [tag for tag in removed if tag_problem(tag)]
    restored = [tag for tag in removed if tag not in lost]
    added = [each for tag in sent.get("add", ()) for each in _stored_as(tag, case, after)]
    back = {"add": restored, "remove": added}
    back = {name: values for name, values in back.items() if values}
    if back:
        item["tags"] = back
    return [f'tag "{tag}"' for tag in lost]


def _undo_resolution(item: dict[str, Any], case: dict[str, Any], plan: Plan) -> list[str]:
    """Add the former resolution. It is sent with status Resolved only, and no known request makes it empty."""
    former = case.get("resolution") or ""
    # Reopening the case may clear it.
    is_reopened = case.get("status") in CLOSED_STATUSES and plan.after.get("status", "Resolved") not in CLOSED_STATUSES
    if case.get("status") == "Resolved" and former in RESOLUTIONS:
        if "status" in item or "resolution" in plan.after:
            item["resolution"] = former
        return []
    return ["resolution"] if "resolution" in plan.payload or (former and is_reopened) else []


def has_value(case: dict[str, Any], name: str, value: str) -> bool:
    """Return True if one of MATCHED_FIELDS has the value that a write left in it."""
    if name == "assignee":
        return Person(value).is_assignee_of(case)
    return (case.get(name) or "") == value


def edit_by_others(
    undo: DesiredState, if_match: Mapping[str, str], since_ms: int | None, history: History
) -> dict[str, Any] | None:
    """Return the last entry of a history in which others changed the case after the write that is undone, or None.

    undo: what restores the case. if_match: the values that the write left. since_ms: modified_at after the write, or
    earlier if that is all that was known. Changes by the account of that write are not those of others.
    """
    entries = [entry for entry in history if entry.get("field") in FIELDS and moment(entry, "timestamp") is not None]
    entries.sort(key=lambda entry: entry["timestamp"])
    earlier = [entry for entry in entries if since_ms is not None and entry["timestamp"] <= since_ms]
    later = [entry for entry in entries if since_ms is None or entry["timestamp"] > since_ms]
    # Ours is the last write before that time; if that time was too early, the first one after it.
    ours = [entry for entry in reversed(earlier) if _is_write(entry, undo, if_match)][:1] or [
        entry for entry in later if _is_write(entry, undo, if_match)
    ][:1]
    account = ours[0].get("user") if ours else None
    written_at = ours[0]["timestamp"] if ours else None
    others = [
        entry
        for entry in later
        if (account is None or entry.get("user") != account) and (written_at is None or entry["timestamp"] > written_at)
    ]
    return others[-1] if others else None


def _is_write(entry: dict[str, Any], undo: DesiredState, if_match: Mapping[str, str]) -> bool:
    """Return True if an entry of a history may be that of the write to undo."""
    name, value = entry["field"], entry_value(entry)
    if name == "tags":
        current = entry_tags(entry.get("to") or [])
        return bool(undo.tags and current is not None and set(undo.tags.remove) <= set(current)) and not (
            undo.tags and set(undo.tags.add) & set(current or [])
        )
    if name not in if_match or not isinstance(value, str):
        return False
    return Person(if_match[name]).matches(value, value) if name == "assignee" else value == if_match[name]

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: what restores a case after a plan was carried out, and how to find that in what a run left behind.

Pure: imports nothing that does I/O and nothing of Ansible.
"""

from __future__ import annotations

import json
from typing import Any, Callable, NamedTuple

from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import (
    CLOSED_STATUSES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
    bad_tag,
    severity,
    tags,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import Plan

# The keys of a journal's lines
JOURNAL_HEADER = "journal"
JOURNAL_UNDO = "undo"
JOURNAL_LOST = "not_undoable"
# Of a journal's header, a report and a result
PLATFORM = "platform"


def undo_item(case: dict[str, Any], plan: Plan, modified_at: int | None) -> tuple[dict[str, Any], list[str]]:
    """An item of the option cases that restores a case, and what of the plan can't be undone.

    case: as it was before. modified_at: of the case after the plan, in ms; who changes the case later is not
    overwritten. The item has no more than case_id if nothing can be restored.
    """
    item: dict[str, Any] = {"case_id": case["_id"]}
    lost: list[str] = []
    for change in plan.changes:
        if change.field == "tags":
            lost += _undo_tags(item, case, plan)
        elif change.field in _FORMER:
            former = _FORMER[change.field](case)
            if former is None:
                lost.append(change.field)
            else:
                item[change.field] = former
        elif change.field != "resolution":
            lost.append(change.field)
    lost += _undo_resolution(item, case, plan)
    if plan.payload.get("update_alerts"):
        lost.append("alerts")
    if len(item) > 1 and modified_at is not None:
        item["if_modified_at"] = modified_at
    return item, lost


def _unless_blank(text: str | None) -> str | None:
    return text if text and text.strip() else None


# How to give back what a field held before; None where no option can.
_FORMER: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "status": lambda case: case.get("status") if case.get("status") in STATUSES else None,
    "severity": lambda case: severity(case) if severity(case) in SEVERITIES else None,
    "assignee": lambda case: _unless_blank(case["assignee"]) if case.get("assignee") else "",
    "name": lambda case: _unless_blank(case.get("name")),
    "description": lambda case: case.get("description"),
}


def _undo_tags(item: dict[str, Any], case: dict[str, Any], plan: Plan) -> list[str]:
    """Only what the plan moved: tags that others add meanwhile stay."""
    sent = plan.payload["tags"]
    removed = [tag for tag in tags(case) if tag in sent.get("delete", ())]
    restored = [tag for tag in removed if not bad_tag(tag)]
    back = {"add": restored, "delete": list(sent.get("add", ()))}
    back = {name: values for name, values in back.items() if values}
    if back:
        item["tags"] = back
    return [] if restored == removed else ["tags"]


def _undo_resolution(item: dict[str, Any], case: dict[str, Any], plan: Plan) -> list[str]:
    """A resolution goes with status Resolved only, and there is no known way to make it empty."""
    former = case.get("resolution") or ""
    # Reopening the case may clear it.
    is_reopened = case.get("status") in CLOSED_STATUSES and plan.after.get("status", "Resolved") not in CLOSED_STATUSES
    if case.get("status") == "Resolved" and former in RESOLUTIONS:
        if "status" in item or "resolution" in plan.after:
            item["resolution"] = former
        return []
    return ["resolution"] if "resolution" in plan.payload or (former and is_reopened) else []


class UndoFile(NamedTuple):
    """What a run left to undo it.

    items: of the option cases. not_restorable: what they can't restore, by case_id. platform: of which they are, '' if
    the file does not say so. is_list: True for an undo list alone, which has no place for it.
    """

    items: list[Any]
    not_restorable: dict[str, list[str]]
    platform: str = ""
    is_list: bool = False


def undo_file(text: str, name: str) -> UndoFile:
    """Read a report, an undo list, or a journal. name: of the file, for messages."""
    remedy = "Give a report or the journal of a run that changed cases, or the undo list of its result as JSON."
    what = f"Could not read {printable(name)}"
    if not text.strip():
        raise InputError(what, "it is empty, as a journal is if the run ended before it wrote to the platform.", remedy)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _journal(text, what, remedy)
    if isinstance(content, list):
        return UndoFile(content, {}, is_list=True)
    if isinstance(content, dict) and JOURNAL_HEADER in content and JOURNAL_UNDO not in content:
        return UndoFile([], {})  # a journal without an entry: the run ended before its first write
    items = content.get("undo") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise InputError(what, "it holds no undo list.", remedy)
    return UndoFile(items, _not_restorable(content), str(content.get(PLATFORM) or ""))


def _not_restorable(report: dict[str, Any]) -> dict[str, list[str]]:
    """What a report, or the result of a module, says of it. A preview has changed nothing."""
    results = report.get("case_results")
    if report.get("check_mode") or report.get("mode") == "check" or not isinstance(results, list):
        return {}
    return {
        str(result.get("case_id")): [str(name) for name in result["not_undoable"]]
        for result in results
        if isinstance(result, dict) and isinstance(result.get("not_undoable"), list)
    }


def _journal(text: str, what: str, remedy: str) -> UndoFile:
    """The last word of a journal on each case. Its last line may be cut, if the run was killed while it wrote."""
    lines = text.splitlines()
    items: dict[str, Any] = {}
    lost: dict[str, list[str]] = {}
    platform = ""
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if number == 1:
                entry[JOURNAL_HEADER]
                platform = str(entry.get(PLATFORM) or "")
                continue
            item = entry[JOURNAL_UNDO]
            items[item["case_id"]] = item
            lost[item["case_id"]] = entry.get(JOURNAL_LOST) or []
        except (ValueError, KeyError, TypeError, RecursionError):
            if number == len(lines) and number > 1:
                break
            raise InputError(what, f"line {number} is neither JSON of a report nor of a journal.", remedy) from None
    return UndoFile(
        [item for item in items.values() if set(item) - {"case_id", "if_modified_at"}],
        {case_id: names for case_id, names in lost.items() if names},
        platform,
    )

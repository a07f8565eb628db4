# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What restores a case after a plan was applied."""

from __future__ import annotations

from typing import Any, Callable

from .case import (
    CLOSED_STATUSES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
    bad_tag,
    severity,
    tags,
)
from .plan import Plan


def undo_item(case: dict[str, Any], plan: Plan, modified_at: int | None) -> tuple[dict[str, Any], list[str]]:
    """Return an item of the option cases that restores a case, and the fields of the plan that are irreversible.

    case: as it was before. modified_at: of the case after the plan, in ms; later changes are not
    overwritten. The item has only case_id if nothing can be restored.
    """
    item: dict[str, Any] = {"case_id": case["_id"]}
    irreversible: list[str] = []
    for change in plan.changes:
        if change.field == "tags":
            irreversible += _undo_tags(item, case, plan)
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
    if len(item) > 1 and modified_at is not None:
        item["if_unmodified_since"] = modified_at
    return item, irreversible


def _unless_blank(text: str | None) -> str | None:
    return text if text and text.strip() else None


# How to give back what a field held before; None where no option can.
_PREVIOUS_VALUE: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "status": lambda case: case.get("status") if case.get("status") in STATUSES else None,
    "severity": lambda case: severity(case) if severity(case) in SEVERITIES else None,
    "assignee": lambda case: _unless_blank(case["assignee"]) if case.get("assignee") else "",
    "name": lambda case: _unless_blank(case.get("name")),
    "description": lambda case: case.get("description"),
}


def _undo_tags(item: dict[str, Any], case: dict[str, Any], plan: Plan) -> list[str]:
    """Add the tags that the plan changed: tags that others have added since are kept."""
    sent = plan.payload["tags"]
    removed = [tag for tag in tags(case) if tag in sent.get("delete", ())]
    restored = [tag for tag in removed if not bad_tag(tag)]
    back = {"add": restored, "remove": list(sent.get("add", ()))}
    back = {name: values for name, values in back.items() if values}
    if back:
        item["tags"] = back
    return [] if restored == removed else ["tags"]


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

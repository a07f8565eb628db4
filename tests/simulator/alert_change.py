# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to change an alert, whoever asks for it: its own endpoints, or a case that closes its alerts.

The fields are those that clients read of alerts: `stellar.status`, `user_action.history[]` with `action` and
`action_time`, `comments[]` with `comment_user` (TBOT, RAJA).
"""

from __future__ import annotations

from typing import Any

Alert = dict[str, Any]


def _source(alert: Alert) -> dict[str, Any]:
    source: dict[str, Any] = alert.setdefault("_source", {})
    return source


def _note(alert: Alert, action: str, user: str, moment: int) -> None:
    history = _source(alert).setdefault("user_action", {}).setdefault("history", [])
    history.append({"action": action, "action_time": moment, "action_user": user})


def set_status(alert: Alert, status: str, user: str, moment: int) -> None:
    """Give the alert a status, in both places that clients read."""
    source = _source(alert)
    source["event_status"] = status
    source.setdefault("stellar", {})["status"] = status
    _note(alert, f"Event status changed to {status}", user, moment)


def comment(alert: Alert, text: str, user: str, moment: int) -> None:
    """Add a comment to the alert."""
    _source(alert).setdefault("comments", []).append({"comment": text, "comment_time": moment, "comment_user": user})
    _note(alert, "Comment added", user, moment)


def change_tags(alert: Alert, changes: list[dict[str, Any]], user: str, moment: int) -> None:
    """Add and delete tags, each change an object with `op` and `tag` (vendor library 2025-07)."""
    tags = _source(alert).setdefault("xdr_event", {}).setdefault("tags", [])
    for change in changes:
        op, tag = change.get("op"), change.get("tag")
        if op == "add" and tag not in tags:
            tags.append(tag)
        elif op == "delete" and tag in tags:
            tags.remove(tag)
        else:
            continue
        _note(alert, f"Tag {op}: {tag}", user, moment)

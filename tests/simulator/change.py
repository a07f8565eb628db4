# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to change a case, whoever asks for it: PUT, /incidents, or an analyst's edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .model import CLOSED_STATUSES, RESOLUTIONS, SEVERITIES, STATUSES
from .store import Record

if TYPE_CHECKING:
    from .world import World

KEYS = ("status", "assignee", "tags", "description", "name", "resolution", "update_alerts")


def read(world: World, record: Record, body: dict[str, Any], severity_key: str = "severity") -> dict[str, Any]:
    """Check the body of an update. The answer has record fields with their new values, and maybe update_alerts."""
    switches = world.switches
    if not body and switches.invalid_value_status != 200:
        raise ApiError(switches.invalid_value_status, "at least one field to update is needed")
    changes: dict[str, Any] = {}
    for key, value in body.items():
        if key in switches.ignored_put_keys:
            continue
        if key in ("resolution", "update_alerts") and not switches.resolution:
            continue
        if key == severity_key:
            field = "severity"
        elif key in KEYS:
            field = key
        elif switches.unknown_put_key == "reject":
            raise ApiError(refusal(switches), f"unknown field: {key}")
        else:
            continue
        try:
            changes[field] = _CHECKS[field](world, record, value)
        except ValueError as error:
            if switches.invalid_value_status != 200:
                raise ApiError(switches.invalid_value_status, f"invalid {key}: {error}") from None
    closing = changes.get("status", record["status"]) in CLOSED_STATUSES
    if switches.resolution_needs_closing and changes.get("resolution") and not closing:
        raise ApiError(refusal(switches), "invalid resolution: the case is not closed")
    return changes


def refusal(switches: Any) -> int:
    """Return the status for what can't be passed over, even where a bad value would be."""
    return switches.invalid_value_status if switches.invalid_value_status != 200 else 422


def _word(*allowed: str) -> Any:
    def check(world: World, record: Record, value: Any) -> str:
        if value not in allowed:
            raise ValueError(repr(value))
        return str(value)

    return check


def _status(world: World, record: Record, value: Any) -> str:
    allowed = STATUSES if world.switches.escalated else tuple(s for s in STATUSES if s != "Escalated")
    return str(_word(*allowed)(world, record, value))


def _text(world: World, record: Record, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _name(world: World, record: Record, value: Any) -> str:
    text = _text(world, record, value)
    if not text:
        raise ValueError("empty")
    return text


def _flag(world: World, record: Record, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not a boolean")
    return value


def assignee(world: World, record: Record, value: Any) -> str:
    forms = world.switches.assignee_forms
    if value == "" and "empty" in forms:
        return ""
    person = world.people.find(value, forms) if isinstance(value, str) else None
    if person is None:
        raise ValueError(f"{value!r} is not a user")
    return str(person["user_id"])


def new_tags(switches: Any, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag for tag in value):
        raise ValueError("tags are a list of texts")
    if switches.tag_max_length and any(len(tag) > switches.tag_max_length for tag in value):
        raise ValueError(f"a tag is longer than {switches.tag_max_length}")
    return [tag.lower() if switches.tag_normalise == "lower" else tag for tag in value]


def _tags(world: World, record: Record, value: Any) -> list[str]:
    switches = world.switches
    if isinstance(value, list) and switches.tags_plain_list == "replace":
        return list(dict.fromkeys(new_tags(switches, value)))
    if not isinstance(value, dict) or not value or set(value) - {"add", "delete"}:
        raise ValueError('tags take {"add": [..], "delete": [..]}')
    add = new_tags(switches, value.get("add", []))
    delete = value.get("delete", [])
    if not isinstance(delete, list):
        raise ValueError("tags to delete are a list")
    kept = [tag for tag in record["tags"] if tag not in delete]
    return list(dict.fromkeys(kept + add))


_CHECKS = {
    "status": _status,
    "severity": _word(*SEVERITIES),
    "assignee": assignee,
    "tags": _tags,
    "description": _text,
    "name": _name,
    "resolution": _word(*RESOLUTIONS),
    "update_alerts": _flag,
}


def commit(world: World, record: Record, changes: dict[str, Any], user_id: str) -> Record:
    """Store the changes and write them into the history. The record given is left as it was."""
    switches = world.switches
    update_alerts = changes.pop("update_alerts", False)
    effective = {field: value for field, value in changes.items() if record[field] != value}
    updated = record | effective
    moment = world.clock.stamp()
    if "status" in effective:
        _follow_status(switches, record, updated, moment)
    if (effective or switches.noop_put_moves_modified_at) and (
        set(effective) != {"tags"} or switches.tags_move_modified_at
    ):
        updated |= {"modified_at": moment, "modified_by": user_id}
    world.save(updated)
    world.details.note(
        record["_id"], [_activity(world, field, record[field], updated[field], user_id, moment) for field in effective]
    )
    if update_alerts and updated["status"] in CLOSED_STATUSES:
        world.details.close_alerts(updated, user_id, moment)
    return updated


def _follow_status(switches: Any, record: Record, updated: Record, moment: int) -> None:
    closing = updated["status"] in CLOSED_STATUSES
    if closing and record["status"] not in CLOSED_STATUSES:
        updated["closed"] = moment
    elif not closing and record["status"] in CLOSED_STATUSES:
        if switches.reopen_clears_closed:
            updated["closed"] = 0
        if switches.reopen_clears_resolution:
            updated["resolution"] = ""
    if not updated["acknowledged"] and record["status"] == "New":
        updated["acknowledged"] = moment


def _activity(world: World, field: str, before: Any, after: Any, user_id: str, moment: int) -> dict[str, Any]:
    if field == "assignee":
        before, after = (world.people.person_name(value) or world.switches.unassigned_name for value in (before, after))
    return activity(world, "update", field, before, after, user_id, moment)


def activity(
    world: World, action: str, field: str, before: Any, after: Any, user_id: str, moment: int
) -> dict[str, Any]:
    return {
        "timestamp": moment,
        "action": action,
        "field": field,
        "from": before,
        "to": after,
        "user": world.people.email(user_id),
    }

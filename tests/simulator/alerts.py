# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts outside of their case: updates, and the raw search (vendor library 2025-07)."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import alert_change
from .change import refusal
from .errors import ApiError
from .model import ALERT_STATUSES
from .web import caller_of, check_tenant, data, json_body, world_of


def _update(request: Request, alert_id: str, body: dict[str, Any]) -> dict[str, Any]:
    world, caller = world_of(request), caller_of(request)
    found = world.details.find_alert(alert_id)
    if found is None:
        raise ApiError(404, "Alert not found")
    record, alerts, alert = found
    check_tenant(request, record["cust_id"])
    status, changes = body.get("status"), body.get("event_tags") or []
    if status is not None and status not in ALERT_STATUSES:
        raise ApiError(refusal(world.switches), f"invalid status: {status!r}")
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise ApiError(refusal(world.switches), "event_tags are a list of objects with op and tag")
    user, moment = world.people.email(caller.user_id), world.clock.now_ms()
    if status is not None:
        alert_change.set_status(alert, status, user, moment)
    if body.get("comments"):
        alert_change.comment(alert, str(body["comments"]), user, moment)
    alert_change.change_tags(alert, changes, user, moment)
    world.details.put_alerts(record["_id"], alerts)
    return alert


async def update_event(request: Request) -> Response:
    """Change an alert."""
    return data(_update(request, request.path_params["alert_id"], await json_body(request)))


async def update_ser(request: Request) -> Response:
    """Change an alert, by the oldest path."""
    body = await json_body(request)
    return data(_update(request, str(body.get("_id", "")), body))


async def search(request: Request) -> Response:
    """Find an alert by its id, which is all of the raw search that there is. A scroll ends at once."""
    world, scope = world_of(request), caller_of(request).scope
    if scope is not None and not world.switches.scoped_raw_search:
        raise ApiError(403, "Forbidden")
    text = request.query_params.get("q", "") + (await request.body()).decode("utf-8", "replace")
    asked = re.search(r'_id"?\s*:\s*"?([0-9A-Za-z]+)', text)
    found = world.details.find_alert(asked.group(1)) if asked else None
    if found and scope is not None and found[0]["cust_id"] not in scope:
        found = None
    hits = [found[2] | {"_type": "_doc", "_score": 1.0}] if found else []
    return JSONResponse(
        {
            "took": 1,
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
            "hits": {"total": {"value": len(hits), "relation": "eq"}, "max_score": 1.0 if hits else None, "hits": hits},
        }
    )

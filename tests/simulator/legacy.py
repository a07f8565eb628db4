# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/incidents, the older twin of /cases, with its own names for severity and score (vendor docs 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from . import change, query, shapes
from .model import show_incident
from .store import Record
from .web import caller_of, data, find_case, json_body, query_string, world_of

if TYPE_CHECKING:
    from .world import World

PARAMETERS = (
    "ticket_id",
    "cust_id",
    "tenantid",
    "sort",
    "order",
    "limit",
    "skip",
    "status",
    "tags",
    "FROM~created_at",
    "TO~created_at",
    "FROM~modified_at",
    "TO~modified_at",
)
SCORE_PARAMETERS = {"FROM~incident_score": "FROM~score", "TO~incident_score": "TO~score"}


def _incident(world: World, record: Record) -> dict[str, Any]:
    return show_incident(record, world.switches, world.people)


def _full_incident(world: World, record: Record) -> dict[str, Any]:
    alerts = world.details.get("alerts", record)
    return _incident(world, record) | {
        "start_timestamp": record["start_timestamp"],
        "end_timestamp": record["end_timestamp"],
        "metadata": {
            "modified_at_auto": record["end_timestamp"],
            "algorithm": "correlation",
            "entity_id": record["_id"],
            "automatic_version": record["version"],
            "name_auto": [record["name"]],
        },
        "event_ids": [{"_index": alert.get("_index", ""), "_id": alert.get("_id", "")} for alert in alerts],
    }


async def list_incidents(request: Request) -> Response:
    """List cases by their older name."""
    world = world_of(request)
    known = [
        (SCORE_PARAMETERS.get(name, name), "score" if (name, value) == ("sort", "incident_score") else value)
        for name, value in query.pairs(query_string(request))
        if name in PARAMETERS or name in SCORE_PARAMETERS
    ]
    found = query.parse(urlencode(known), world.switches, caller_of(request).scope, world.clock.now_ms(), world.people)
    with world.lists_as_seen():
        records = world.store.page_records(found.where, found.params, found.order_by, found.limit, found.skip)
        count = world.store.total(found.where, found.params)
    total = shapes.total(count, len(records), world.switches)
    incidents = [_full_incident(world, record) for record in records]
    return data(shapes.keyed("incidents", incidents, total, world.switches))


async def post_incident(request: Request) -> Response:
    """Change a case by its older name."""
    world, caller = world_of(request), caller_of(request)
    record = find_case(request, request.query_params.get("id", ""))
    body = await json_body(request)
    known = {
        key: value for key, value in body.items() if key in ("priority", "status", "assignee", "tags", "resolution")
    }
    changes = change.read(world, record, known, severity_key="priority")
    return data(_incident(world, change.commit(world, record, changes, caller.user_id)))

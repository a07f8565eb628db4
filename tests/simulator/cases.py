# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/cases and /cases/{id} (vendor docs 5.2, "Retrieve Case Details" and "Update Case Details")."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from . import change, query, shapes
from .derived import formatted
from .errors import ApiError
from .store import Record
from .web import (
    Escaped,
    caller_of,
    check_tenant,
    data,
    find_case,
    is_true,
    json_body,
    query_string,
    refuse_by_status,
    seen_case,
    shown,
    world_of,
)

if TYPE_CHECKING:
    from .world import World


def _renderer(world: World) -> Callable[[Record], dict[str, Any]]:
    return lambda record: shown(world, record, world.switches.description_in_get)


def render_all(world: World) -> None:
    """Make the text of every case before somebody waits for a page of them."""
    for skip in range(0, world.store.total("1", ()), query.MAXIMUM_LIMIT):
        world.store.page("1", (), "seq", query.MAXIMUM_LIMIT, skip, _renderer(world))


async def list_cases(request: Request) -> Response:
    """List the cases that meet all filters."""
    world = world_of(request)
    text = query_string(request)
    switches = world.switches
    found = query.parse(text, switches, caller_of(request).scope, world.clock.now_ms(), world.people)
    with world.lists_as_seen():
        page = _page(request, found)
        count = world.store.total(found.where, found.params)
    total = shapes.total(count, len(page), switches)
    if not page:
        return data(shapes.keyed("cases", [], total, switches))
    # the texts are JSON already: a page of 500 is joined, not encoded again
    cases = "[" + ", ".join(page) + "]" if shapes.is_usual(switches) else shapes.page(page, switches)
    beside = "".join(f', "{name}": {value}' for name, value in total.items())
    body = f'{{"data": {{"cases": {cases}{beside}}}}}'
    return Response(body.encode(), media_type="application/json")


def _page(request: Request, found: query.Query) -> list[str]:
    """Return the JSON texts of a page, with summaries where they are asked for."""
    world = world_of(request)
    render, where = _renderer(world), (found.where, found.params, found.order_by, found.limit, found.skip)
    if not is_true(request, "include_summary"):
        return world.store.page(*where, render)
    as_text = is_true(request, "format_summary")
    return [
        json.dumps(render(record) | {"summary": _summary(world, record, as_text)})
        for record in world.store.page_records(*where)
    ]


def _summary(world: World, record: Record, as_text: bool) -> Any:
    summary = world.details.get("summary", record)
    return formatted(summary) if as_text else summary


async def get_case(request: Request) -> Response:
    """Show a case."""
    world = world_of(request)
    case = shown(world, seen_case(request), world.switches.description_in_get)
    return data(shapes.case(case, "get", world.switches))


async def put_case(request: Request) -> Response:
    """Change a case."""
    record = find_case(request)
    world, caller = world_of(request), caller_of(request)
    changes = change.read(world, record, await json_body(request))
    updated = change.commit(world, record, changes, caller.user_id)
    world.note_user_activity(caller.user_id, request.method, request.url.path)
    return _put_answer(world, record, updated, list(changes))


def _put_answer(world: World, before: Record, updated: Record, given: list[str]) -> Response:
    switches = world.switches
    if switches.put_answer == "empty":
        return Response(status_code=200)
    if switches.put_answer == "no_data":
        return Escaped({})
    if switches.put_answer == "no_case":
        return data({})
    record = before if switches.put_answer == "old" else updated
    case = shapes.case(shown(world, record, switches.description_in_put_answer), "put", switches)
    if switches.put_answer == "partial":
        case = {name: value for name, value in case.items() if name in ("_id", *given)}
    return data(case)


async def post_cases(request: Request) -> Response:
    """Create a case. What the query has, such as `id`, is unknown here."""
    world, caller = world_of(request), caller_of(request)
    refuse_by_status(world.switches.create_status if world.switches.create else 405)
    body = await json_body(request)
    alerts = _given_alerts(world, body.get("alerts", []))
    if not body.get("name"):
        raise ApiError(change.refusal(world.switches), "name is required")
    cust_id = body.get("cust_id", "")
    if not isinstance(cust_id, str):
        raise ApiError(change.refusal(world.switches), "cust_id is not a text")
    check_tenant(request, cust_id)
    moment = world.clock.stamp()
    empty = world.new_record(
        {
            "created_at": moment,
            "modified_at": moment,
            "created_by": caller.user_id,
            "modified_by": caller.user_id,
            "cust_id": cust_id,
            "start_timestamp": moment,
            "end_timestamp": moment,
            "size": len(alerts),
            "version": len(alerts),
        }
    )
    given: dict[str, Any] = {key: body[key] for key in ("name", "severity", "status", "assignee") if key in body}
    if body.get("tags"):
        given["tags"] = {"add": body["tags"]}
    record = empty | change.read(world, empty, given)
    world.save(record)
    if alerts:
        world.details.put_alerts(record["_id"], [_known_alert(world, alert) for alert in alerts])
    if body.get("comment"):
        world.details.comment(record, str(body["comment"]), caller.user_id)
    world.note_user_activity(caller.user_id, request.method, request.url.path)
    return data(shown(world, record, world.switches.description_in_put_answer), world.switches.create_status)


def _given_alerts(world: World, alerts: Any) -> list[dict[str, Any]]:
    """Check the alerts of a new case: an `_index` that is none is refused with 422 (RAJA2).

    Both are parts of paths, from which clients drop empty ones and dots.
    """
    if not isinstance(alerts, list) or not all(
        isinstance(alert, dict) and str(alert.get("_id", "")).strip(".") for alert in alerts
    ):
        raise ApiError(change.refusal(world.switches), "alerts are a list of objects with _id and _index")
    for alert in alerts:
        index = alert.get("_index")
        if not isinstance(index, str) or not index or index.endswith(("-", ".")):
            raise ApiError(422, f"invalid _index: {index!r}")
    return alerts


def _known_alert(world: World, alert: dict[str, Any]) -> dict[str, Any]:
    known = world.details.find_alert(str(alert["_id"]))
    return (
        known[2]
        if known
        else {
            "_index": alert["_index"],
            "_id": str(alert["_id"]),
            "_source": {"event_status": "New", "stellar": {"status": "New"}, "comments": []},
        }
    )

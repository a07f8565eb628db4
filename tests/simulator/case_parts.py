# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is below /cases/{id}: comments, alerts, observables, summary, activities, scores."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import shapes
from .change import refusal
from .derived import formatted
from .errors import ApiError
from .query import number
from .store import Record
from .web import Escaped, caller_of, data, find_case, is_true, json_body, listed, refuse_by_status, world_of


async def list_comments(request: Request) -> Response:
    """List the comments of a case."""
    world = world_of(request)
    comments = world.details.seen("comments", find_case(request))
    return listed(world, _by_time(comments, "created_at", world.switches.comments_order))


def _by_time(entries: list[dict[str, Any]], field: str, order: str) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: int(entry.get(field, 0)), reverse=order == "desc")


async def _comment_text(request: Request) -> str:
    switches = world_of(request).switches
    text = (await json_body(request)).get("comment")
    if not isinstance(text, str) or not (text or switches.empty_comment == "accept"):
        raise ApiError(refusal(switches), "comment is required")
    if switches.comment_max_length and len(text) > switches.comment_max_length:
        raise ApiError(refusal(switches), f"comment is longer than {switches.comment_max_length}")
    return text


async def post_comment(request: Request) -> Response:
    """Comment on a case."""
    world, record = world_of(request), find_case(request)
    refuse_by_status(world.switches.comment_status)
    comment = world.details.comment(record, await _comment_text(request), caller_of(request).user_id)
    return data(comment, world.switches.comment_status)


def _find_comment(request: Request, record: Record) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    comments = world_of(request).details.get("comments", record)
    for comment in comments:
        if comment.get("_id") == request.path_params["comment_id"]:
            return comments, comment
    raise ApiError(404, "Comment not found")


async def put_comment(request: Request) -> Response:
    """Change a comment."""
    world, record = world_of(request), find_case(request)
    comments, comment = _find_comment(request, record)
    moment = world.clock.stamp()
    comment |= {"comment": await _comment_text(request), "modified_at": moment}
    _store_comments(request, record, comments, moment)
    return data(comment)


async def delete_comment(request: Request) -> Response:
    """Delete a comment."""
    world, record = world_of(request), find_case(request)
    comments, comment = _find_comment(request, record)
    comments.remove(comment)
    _store_comments(request, record, comments, world.clock.stamp())
    return data(comment)


def _store_comments(request: Request, record: Record, comments: list[dict[str, Any]], moment: int) -> None:
    details = world_of(request).details
    world_of(request).past.note("comments", record["_id"], details.get("comments", record))
    details.put("comments", record["_id"], comments)
    details.touch(record, caller_of(request).user_id, moment)


async def list_alerts(request: Request) -> Response:
    """List the alerts of a case."""
    world, record = world_of(request), find_case(request)
    switches, args = world.switches, dict(request.query_params)
    skip = number(args, "skip", int, switches.invalid_value_status)
    limit = number(args, "limit", int, switches.invalid_value_status)
    if switches.alerts_need_paging and (skip is None or limit is None):
        raise ApiError(422, "skip and limit are required")
    alerts = world.details.alerts(record)
    skip = max(0, skip or 0)
    count = max(0, min(limit, switches.alerts_limit)) if limit is not None else switches.alerts_default_limit
    if limit is None and not count:
        count = len(alerts)
    total = {"total": len(alerts)} if switches.alerts_total else {}
    return data(shapes.keyed("docs", alerts[skip : skip + count], total, switches))


async def observables(request: Request) -> Response:
    """Show the observables of a case."""
    # one of the two answers without `data` (vendor library 2025-07)
    return Escaped({"observables": world_of(request).details.get("observables", find_case(request))})


async def summary(request: Request) -> Response:
    """Summarise a case."""
    parts = world_of(request).details.get("summary", find_case(request))
    return data(formatted(parts) if is_true(request, "formatted") else parts)


async def activities(request: Request) -> Response:
    """List the history of a case."""
    world, record = world_of(request), find_case(request)
    refuse_by_status(world.switches.activities_status)
    return listed(world, world.details.seen("activities", record))


async def scores(request: Request) -> Response:
    """List the scores of a case."""
    world, record = world_of(request), find_case(request)
    if request.url.path.endswith("/scores") and not world.switches.scores_path:
        raise ApiError(404, "Not found")
    return listed(world, _by_time(world.details.get("scores", record), "timestamp", world.switches.scores_order))

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the endpoints have in common: the body, the case that a call names, and answers."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import shapes
from .auth import Caller
from .change import refusal
from .errors import ApiError
from .model import show
from .query import pairs
from .store import Record

if TYPE_CHECKING:
    from .world import World


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world


def caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def query_string(request: Request) -> str:
    return bytes(request.scope["query_string"]).decode("latin-1")


class Escaped(JSONResponse):
    """JSON in ASCII, since a case may hold half a surrogate pair, which has no other bytes."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


async def json_body(request: Request) -> dict[str, Any]:
    """Return the body as an object. The Content-Type is not looked at, as real clients send different ones."""
    try:
        body: Any = json.loads(await request.body() or b"{}")
        # half a surrogate pair is JSON but no text
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(refusal(world_of(request).switches), "the body is not an object")
    return body


def is_true(request: Request, name: str) -> bool:
    """Tell whether an argument of the query is `true`; in which letters is a switch."""
    switches = world_of(request).switches
    if name in switches.ignored_query_parameters:
        return False
    value = dict(pairs(query_string(request))).get(name, "")
    return (value if switches.boolean_case else value.lower()) == "true"


def find_case(request: Request, case_id: str | None = None) -> Record:
    world = world_of(request)
    return _found(request, world.store.get(request.path_params["case_id"] if case_id is None else case_id))


def seen_case(request: Request) -> Record:
    """Return the case that a read sees, which may lag behind the writes."""
    world, case_id = world_of(request), request.path_params["case_id"]
    record = world.store.get(case_id)
    return _found(request, world.past.seen("case", case_id, record, world.switches.case_lag_ms))


def _found(request: Request, record: Record | None) -> Record:
    world = world_of(request)
    if record is None:
        raise ApiError(world.switches.unknown_case_status, "Case not found")
    check_tenant(request, record["cust_id"])
    return record


def check_tenant(request: Request, cust_id: str) -> None:
    scope = caller_of(request).scope
    if scope is not None and cust_id not in scope:
        raise ApiError(403, "Tenant mismatch")


def refuse_by_status(status: int) -> None:
    """Refuse a call whose status is set to one of a refusal, before anything is stored."""
    if status >= 400:
        raise ApiError(status, HTTPStatus(status).phrase if status in set(HTTPStatus) else "Refused")


def shown(world: World, record: Record, description: bool) -> dict[str, Any]:
    return show(record, world.switches, world.people, description)


def listed(world: World, items: list[Any]) -> Response:
    """Answer a list that is the whole of `data`."""
    return Escaped(shapes.plain(items, world.switches))


def data(content: Any, status: int = 200) -> Response:
    return Escaped({"data": content}, status)

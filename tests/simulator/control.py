# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane: what a test asks of the simulator. Not part of the API, without keys, not in the log."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .faults import edit_from, fault_from
from .gateway import CONTROL
from .openapi import document
from .routes import ApiRoute
from .store import Record
from .web import Escaped
from .world import Initial, World


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


async def _body(request: Request) -> dict[str, Any]:
    body: Any = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is not an object")
    return body


async def get_requests(request: Request) -> Response:
    since = int(request.query_params.get("since", "0"))
    return JSONResponse({"requests": _world(request).log.since(since)})


async def delete_requests(request: Request) -> Response:
    _world(request).log.clear()
    return JSONResponse({})


async def get_openapi(request: Request) -> Response:
    return JSONResponse(document(request.app.state.described, _world(request).switches))


async def get_tokens(request: Request) -> Response:
    return JSONResponse({"tokens": _world(request).auth.issued})


async def get_faults(request: Request) -> Response:
    return JSONResponse({"faults": [asdict(plan) for plan in _world(request).faults.all()]})


async def post_fault(request: Request) -> Response:
    plan = fault_from(await _body(request))
    _world(request).faults.add(plan)
    return JSONResponse(asdict(plan))


async def delete_faults(request: Request) -> Response:
    _world(request).faults.clear()
    return JSONResponse({})


async def post_edit(request: Request) -> Response:
    edit, plans = edit_from(await _body(request))
    # now, not when a request is waiting for it
    _world(request).check_edit(edit["case_id"], edit["changes"])
    for plan in plans:
        _world(request).edits.add(plan)
    if not plans:
        _world(request).analyst_edit(**edit)
    return JSONResponse(edit)


async def get_switches(request: Request) -> Response:
    return JSONResponse(_world(request).switches.all())


async def post_switches(request: Request) -> Response:
    _world(request).switches.set(await _body(request))
    return await get_switches(request)


async def get_clock(request: Request) -> Response:
    clock = _world(request).clock
    return JSONResponse({"now": clock.now(), "offset_s": clock.offset})


async def post_clock(request: Request) -> Response:
    _world(request).clock.offset += float((await _body(request))["advance_s"])
    return await get_clock(request)


async def post_latency(request: Request) -> Response:
    _world(request).latency_ms = float((await _body(request))["ms"])
    return JSONResponse({"ms": _world(request).latency_ms})


def _record(request: Request) -> Record:
    record = _world(request).store.get(request.path_params["case_id"])
    if record is None:
        raise ValueError("no such case")
    return record


async def get_cases(request: Request) -> Response:
    world = _world(request)
    return Escaped({"cases": [world.raw(record) for record in world.store.records()]})


async def post_cases(request: Request) -> Response:
    return JSONResponse({"ids": _world(request).load((await _body(request))["cases"])})


async def post_tenants(request: Request) -> Response:
    """Put tenants in the place of those that are there."""
    tenants = (await _body(request))["tenants"]
    _world(request).people.replace_tenants(tenants)
    return JSONResponse({"tenants": len(tenants)})


async def get_case(request: Request) -> Response:
    return Escaped(_world(request).raw(_record(request)))


async def put_case(request: Request) -> Response:
    world = _world(request)
    return Escaped(world.raw(world.override(_record(request), await _body(request))))


async def delete_case(request: Request) -> Response:
    _world(request).delete_case(_record(request)["_id"])
    return JSONResponse({})


async def post_reset(request: Request) -> Response:
    world, body = _world(request), await _body(request)
    start = world.initial
    cases, seed = body.get("cases"), body.get("seed")
    if cases is not None:
        start = Initial(int(cases), None, start.latency_ms)
    if seed is not None:
        start = Initial(0, seed, start.latency_ms)
    world.reset(start)
    return JSONResponse({})


async def _on_error(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)


def build(world: World, described: list[ApiRoute]) -> Starlette:
    """Build the control plane. described: the routes of the API."""
    routes = [
        Route(f"{CONTROL}/{path}", endpoint, methods=[method])
        for path, method, endpoint in (
            ("requests", "GET", get_requests),
            ("requests", "DELETE", delete_requests),
            ("openapi.json", "GET", get_openapi),
            ("tokens", "GET", get_tokens),
            ("faults", "GET", get_faults),
            ("faults", "POST", post_fault),
            ("faults", "DELETE", delete_faults),
            ("edits", "POST", post_edit),
            ("switches", "GET", get_switches),
            ("switches", "POST", post_switches),
            ("clock", "GET", get_clock),
            ("clock", "POST", post_clock),
            ("latency", "POST", post_latency),
            ("cases", "GET", get_cases),
            ("cases", "POST", post_cases),
            ("tenants", "POST", post_tenants),
            ("cases/{case_id}", "GET", get_case),
            ("cases/{case_id}", "PUT", put_case),
            ("cases/{case_id}", "DELETE", delete_case),
            ("reset", "POST", post_reset),
        )
    ]
    errors = dict.fromkeys((ValueError, KeyError, TypeError, AttributeError, sqlite3.Error), _on_error)
    app = Starlette(routes=routes, exception_handlers=errors)
    app.state.world, app.state.described = world, described
    return app

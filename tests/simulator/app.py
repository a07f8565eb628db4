# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API and the control plane put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import accounts, ai_case, alerts, case_parts, cases, control, legacy
from .errors import ApiError, error_response
from .gateway import Gateway
from .web import refuse_by_status

if TYPE_CHECKING:
    from .world import World

V1 = "/connect/api/v1"
TOKEN_PATH = f"{V1}/access_token"


async def access_token(request: Request) -> Response:
    refuse_by_status(request.app.state.world.switches.token_status)
    return JSONResponse(request.app.state.world.auth.exchange(request.headers.get("authorization", "")))


def _route(path: str, method: str, endpoint: Any) -> Route:
    return Route(path, endpoint, methods=[method])


ROUTES = [
    _route(TOKEN_PATH, "POST", access_token),
    _route(f"{V1}/cases", "GET", cases.list_cases),
    _route(f"{V1}/cases", "POST", cases.post_cases),
    _route(V1 + "/cases/{case_id}", "GET", cases.get_case),
    _route(V1 + "/cases/{case_id}", "PUT", cases.put_case),
    _route(V1 + "/cases/{case_id}/comments", "GET", case_parts.list_comments),
    _route(V1 + "/cases/{case_id}/comments", "POST", case_parts.post_comment),
    _route(V1 + "/cases/{case_id}/comments/{comment_id}", "PUT", case_parts.put_comment),
    _route(V1 + "/cases/{case_id}/comments/{comment_id}", "DELETE", case_parts.delete_comment),
    _route(V1 + "/cases/{case_id}/alerts", "GET", case_parts.list_alerts),
    _route(V1 + "/cases/{case_id}/observables", "GET", case_parts.observables),
    _route(V1 + "/cases/{case_id}/summary", "GET", case_parts.summary),
    _route(V1 + "/cases/{case_id}/activities", "GET", case_parts.activities),
    _route(V1 + "/cases/{case_id}/scores", "GET", case_parts.scores),
    _route(V1 + "/cases/{case_id}/activity/score", "GET", case_parts.scores),
    _route(f"{V1}/ai/cases/detail", "GET", ai_case.ai_case_detail),
    _route(f"{V1}/users", "GET", accounts.list_users),
    _route(V1 + "/users/{user_id}", "GET", accounts.get_user),
    _route(V1 + "/users/{user_id}", "PATCH", accounts.patch_user),
    _route(V1 + "/users/{user_id}", "DELETE", accounts.delete_user),
    _route(f"{V1}/user_activities", "GET", accounts.user_activities),
    _route(f"{V1}/tenants", "GET", accounts.list_tenants),
    _route(f"{V1}/tenants", "POST", accounts.post_tenant),
    _route(V1 + "/tenants/{cust_id}", "GET", accounts.get_tenant),
    _route(V1 + "/tenants/{cust_id}", "PATCH", accounts.patch_tenant),
    _route(f"{V1}/tenant_groups", "GET", accounts.tenant_groups),
    _route(V1 + "/security_events/{index}/{alert_id}", "POST", alerts.update_event),
    _route(V1 + "/security_events/{index}/{alert_id}/status", "PUT", alerts.update_event),
    _route("/connect/api/update_ser", "POST", alerts.update_ser),
    _route("/connect/api/data/{index}/_search", "GET", alerts.search),
    _route("/connect/api/data/{index}/_search", "POST", alerts.search),
    _route("/connect/api/data/_search/scroll", "GET", alerts.search),
    _route(f"{V1}/incidents", "GET", legacy.list_incidents),
    _route(f"{V1}/incidents", "POST", legacy.post_incident),
    _route(V1 + "/incidents/{case_id}/observables", "GET", case_parts.observables),
]


class _Authenticated:
    """Every call but the token's names its caller, before its path is looked at."""

    def __init__(self, app: Any, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] != TOKEN_PATH:
            authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            try:
                caller = self._world.auth.caller(authorization)
            except ApiError as error:
                await error_response(error, self._world.switches)(scope, receive, send)
                return
            scope["state"] = {**scope.get("state", {}), "caller": caller}
        await self._app(scope, receive, send)


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error, request.app.state.world.switches)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = error_response(ApiError(error.status_code, error.detail), request.app.state.world.switches)
    # Allow, with 405
    answer.headers.update(error.headers or {})
    return answer


def build(world: World) -> Gateway:
    api = Starlette(routes=ROUTES, exception_handlers={ApiError: _on_api_error, HTTPException: _on_http_error})
    api.router.redirect_slashes = False
    api.state.world = world
    return Gateway(world, _Authenticated(api, world), control.build(world, ROUTES))

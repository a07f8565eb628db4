# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API and the control plane put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from . import control
from .errors import ApiError, error_response
from .gateway import Gateway
from .routes import ROUTES, TOKEN_PATH

if TYPE_CHECKING:
    from .world import World


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

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error that an endpoint raises, and its body. The platform's own error bodies are not known."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response


class ApiError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_response(error: ApiError, switches: Any) -> Response:
    if switches.error_body == "text":
        return PlainTextResponse(error.message, error.status)
    return JSONResponse({switches.error_body: error.message}, error.status)

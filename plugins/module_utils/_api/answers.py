# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of the platform's answers that more than one reader needs."""

from __future__ import annotations

from typing import Any

from .._errors import ApiError
from .._http.client import Client
from .._http.request import API_PATH
from .._model.case import is_case


def case_path(case_id: str, *more: str) -> str:
    """Return a path of a case, whose id is_case_id() accepts."""
    return "/".join(["cases", case_id, *more])


def shape_error(client: Client, path: str, what: str, expected: str) -> ApiError:
    url = client.connection.base_url + API_PATH + path
    return ApiError(
        f"{what} (GET {url})",
        f"HTTP 200, but the platform's answer does not hold {expected}.",
        "Check that host is the platform, and that the platform's version is 5.0.4 or later.",
        method="GET",
        path=API_PATH + path,
        url=url,
        status=200,
    )


def case_in(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the case of an answer {"data": {case}}, or None."""
    case = answer.get("data")
    return case if is_case(case) else None

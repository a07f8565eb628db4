# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of the platform's answers that more than one reader needs."""

from __future__ import annotations

from typing import Any

from .._errors import ApiError
from .._http.client import Client
from .._http.request import API_PATH
from .._model.case import is_case, normalise


def case_path(case_id: str, *more: str) -> str:
    """Return a path of a case, whose id is_case_id() accepts."""
    return "/".join(["cases", case_id, *more])


def shape_error(client: Client, path: str, what: str, expected: str) -> ApiError:
    url = client.connection.base_url + API_PATH + path
    return ApiError(
        f"{what} (GET {url})",
        f"HTTP 200, but the platform's answer does not contain {expected}.",
        "Check that host is the platform, and that the platform's version is 5.0.4 or later.",
        method="GET",
        path=API_PATH + path,
        url=url,
        status=200,
    )


def case_in(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the case of an answer {"data": {case}}, its times and numbers as normalise() makes them; or None."""
    case = answer.get("data")
    return normalise(case) if isinstance(case, dict) and is_case(case) else None


def records_in(answer: dict[str, Any], key: str, is_later_page: bool = False) -> tuple[list[Any] | None, int | None]:
    """Return the list of an answer {"data": {key: list, "total": number}}, and the total if the platform tells it.

    An empty list may be null, as of programs in Go, or absent beside a total, or `data` itself is null or [].
    The list is None if the answer contains none.
    """
    if "data" not in answer:
        return None, None
    data = answer["data"]
    if data is None or data == []:
        return [], None
    if not isinstance(data, dict):
        return None, None
    total = data.get("total")
    total = total if isinstance(total, int) else None
    records = data.get(key)
    if records is None and (key in data or total is not None or (is_later_page and not data)):
        records = []
    return (records if isinstance(records, list) else None), total


def plain_list_in(answer: dict[str, Any]) -> list[Any] | None:
    """Return the list of an answer {"data": list}, null if it is empty; None if the answer has none."""
    data = answer.get("data", "")
    return [] if data is None else data if isinstance(data, list) else None

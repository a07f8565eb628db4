# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of API requests, for tests that count calls."""

from __future__ import annotations

from typing import Any

from .query import pairs


class RequestLog:
    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._last = 0

    def open(self, scope: dict[str, Any], body: bytes, time: float) -> dict[str, Any]:
        """Add an entry, in the order of arrival; its status is None until the answer is known."""
        self._last += 1
        entry = {
            "n": self._last,
            "time": time,
            "method": scope["method"],
            "path": scope["raw_path"].decode("latin-1"),
            "query": pairs(scope["query_string"].decode("latin-1")),
            "status": None,
            "body": body.decode("utf-8", "replace"),
            "headers": {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            "connection": scope["client"][1] if scope.get("client") else 0,
            "fault": None,
        }
        if "authorization" in entry["headers"]:
            entry["headers"]["authorization"] = entry["headers"]["authorization"].partition(" ")[0] + " ***"
        self._entries.append(entry)
        return entry

    def since(self, number: int) -> list[dict[str, Any]]:
        return [entry for entry in self._entries if entry["n"] > number]

    def clear(self) -> None:
        """Forget the entries. Numbers go on, so that `since` stays true."""
        self._entries.clear()

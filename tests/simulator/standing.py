# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a switch asks for: of every n-th call, or of all calls of a kind."""

from __future__ import annotations

from .faults import Plan, fault_from
from .switches import Switches

WRITES = ("PUT", "POST", "PATCH", "DELETE")


class Standing:
    def __init__(self) -> None:
        self._calls = self._gets = 0

    def fault(self, method: str, path: str, switches: Switches) -> Plan | None:
        """Count a call, and return the fault that it meets, or None."""
        if path == "/access_token":
            return None
        self._calls += 1
        self._gets += method == "GET"
        if switches.unauthorized_every and self._calls % switches.unauthorized_every == 0:
            if switches.unauthorized_ends_token:
                return fault_from({"kind": "expire_token"})
            return fault_from({"kind": "status", "status": 401, "body": {"error": "Unauthorized"}})
        if switches.get_500_every and method == "GET" and self._gets % switches.get_500_every == 0:
            return fault_from({"kind": "status", "status": 500})
        if switches.late_write_ms and method in WRITES:
            return fault_from({"kind": "late", "status": switches.late_write_status, "ms": switches.late_write_ms})
        return None

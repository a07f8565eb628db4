# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test plans for requests to come: faults, and edits of an analyst. Both count matching requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

# kind -> (is the request handled by the API nevertheless?, parameters with their defaults)
KINDS: dict[str, tuple[bool, dict[str, Any]]] = {
    "status": (False, {"status": 503, "retry_after": "", "body": None}),
    "late": (False, {"status": 504, "ms": 1500, "body": None}),
    "latency": (True, {"ms": 100}),
    "drop_before": (False, {}),
    "drop_after": (True, {}),
    "truncate": (True, {}),
    "html": (False, {"status": 200}),
    "not_json": (True, {"body": "upstream says: OK"}),
    "wrong_shape": (True, {"body": {"data": None}}),
    "redirect": (False, {"status": 302, "location": "https://127.0.0.1/login"}),
    "expire_token": (False, {}),
    "drip": (True, {"ms_per_byte": 5}),
    "drip_headers": (True, {"ms_per_line": 50, "lines": 50}),
    "stall": (False, {"max_s": 120}),
    "gzip_bomb": (True, {"mib": 64}),
    "echo": (True, {"status": 400, "spelling": "plain"}),
}
# what every fault takes
COMMON = ("method", "path", "query", "times", "after", "handled")


@dataclass
class Plan:
    """Something to do at requests that match: not at the first `after` ones, then `times` times (0 = for ever)."""

    method: str = "*"
    path: str = "*"
    # argument -> pattern of its value; None: the argument must not be there
    query: dict[str, str | None] = field(default_factory=dict)
    times: int = 1
    after: int = 0
    kind: str = ""
    handled: bool = True
    given: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    used: int = 0

    def matches(self, method: str, path: str, query: dict[str, str]) -> bool:
        return (
            self.method in ("*", method)
            and fnmatchcase(path, self.path)
            and all(_fits(query.get(name), wanted) for name, wanted in self.query.items())
        )

    @property
    def due(self) -> bool:
        return self.seen > self.after and (not self.times or self.used < self.times)


def _fits(given: str | None, wanted: str | None) -> bool:
    if given is None or wanted is None:
        return given is wanted
    return fnmatchcase(given, wanted)


class Plans:
    def __init__(self) -> None:
        self._plans: list[Plan] = []

    def add(self, plan: Plan) -> None:
        self._plans.append(plan)

    def clear(self) -> None:
        self._plans.clear()

    def all(self) -> list[Plan]:
        return list(self._plans)

    def take(self, method: str, path: str, query: dict[str, str]) -> list[Plan]:
        """Plans that are due at this request, in the order in which they were made. Each counts it as seen."""
        due = []
        for plan in self._plans:
            if plan.matches(method, path, query):
                plan.seen += 1
                if plan.due:
                    due.append(plan)
        return due


def fault_from(body: dict[str, Any]) -> Plan:
    """Check and read a fault that a test asks for."""
    body = dict(body)
    kind = body.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"no fault of kind {kind!r}; there are {', '.join(KINDS)}")
    handled, defaults = KINDS[kind]
    common: dict[str, Any] = {key: body.pop(key) for key in COMMON if key in body}
    unknown = sorted(set(body) - set(defaults))
    if unknown:
        raise ValueError(f"fault {kind} takes no {', '.join(unknown)}")
    _check_query(common.get("query", {}))
    return Plan(kind=kind, given=defaults | body, **{"handled": handled, **common})


def _check_query(query: Any) -> None:
    if not isinstance(query, dict) or not all(isinstance(wanted, (str, type(None))) for wanted in query.values()):
        raise ValueError("query takes names of arguments with patterns of their values, or null for none")


def edit_from(body: dict[str, Any]) -> tuple[dict[str, Any], list[Plan]]:
    """Check and read an edit; without `before` and `after` there is no plan and it is for now."""
    body = dict(body)
    when = {side: body.pop(side) for side in ("before", "after") if side in body}
    edit = {
        "case_id": body.pop("case_id", ""),
        "changes": body.pop("changes", {}),
        "user": body.pop("user", "ohtani@example.com"),
        "delete": bool(body.pop("delete", False)),
    }
    if body:
        raise ValueError(f"an edit takes no {', '.join(sorted(body))}")
    plans = []
    for side, match in when.items():
        unknown = sorted(set(match) - {"method", "path", "query", "nth", "times"})
        if unknown:
            raise ValueError(f"{side} takes no {', '.join(unknown)}")
        _check_query(match.get("query", {}))
        plans.append(
            Plan(
                kind=side,
                method=match.get("method", "*"),
                path=match.get("path", "*"),
                query=match.get("query", {}),
                times=match.get("times", 1),
                after=match.get("nth", 1) - 1,
                given=edit,
            )
        )
    return edit, plans

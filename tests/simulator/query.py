# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the query string of a list to SQL. Names and values are case-sensitive, unknown names are ignored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from .errors import ApiError
from .store import SORT_FIELDS

MAXIMUM_LIMIT = 500
DAY_MS = 24 * 3600 * 1000
DATE_BOUNDS = ("FROM~created_at", "TO~created_at", "FROM~modified_at", "TO~modified_at")


@dataclass
class Query:
    order_by: str = ""
    limit: int = 0
    skip: int = 0
    _where: list[str] = field(default_factory=list)
    _params: list[Any] = field(default_factory=list)

    @property
    def where(self) -> str:
        return " AND ".join(self._where) or "1"

    @property
    def params(self) -> tuple[Any, ...]:
        return tuple(self._params)

    def add(self, condition: str, *params: Any) -> None:
        self._where.append(condition)
        self._params.extend(params)

    def add_any_of(self, expression: str, values: list[str]) -> None:
        """`expression` has a `{}` where the values go."""
        self.add(expression.format(", ".join("?" * len(values))), *values)


def pairs(query_string: str) -> list[tuple[str, str]]:
    """Names arrive with a raw `~` or with %7E, and real clients send an empty first pair (`?&tags=x`)."""
    return parse_qsl(query_string, keep_blank_values=True)


def arguments(query_string: str, switches: Any) -> dict[str, str]:
    return {
        name: value
        for name, value in pairs(query_string)
        if name not in switches.ignored_query_parameters
        and (value or switches.empty_filter == "literal" or name == "min_size_auto")
    }


def number(args: dict[str, str], name: str, kind: type, invalid_status: int) -> Any:
    """Return the argument as a number, or None when it is absent or may be ignored."""
    if name not in args:
        return None
    try:
        value = kind(args[name])
        if abs(value) < 2**63:  # false for NaN; SQLite's integers have 64 bits
            return value
    except ValueError:
        pass
    if invalid_status == 200:
        return None
    raise ApiError(invalid_status, f"{name} is not a number")


def parse(query_string: str, switches: Any, scope: frozenset[str] | None, now_ms: int, people: Any) -> Query:
    args = arguments(query_string, switches)
    query = Query()
    _filters(query, args, switches, people)
    _ranges(query, args, switches)
    _default_window(query, args, switches, now_ms)
    _tenants(query, args, switches, scope)
    _paging(query, args, switches)
    return query


def _filters(query: Query, args: dict[str, str], switches: Any, people: Any) -> None:
    for name, column in (("status", "status"), ("severity", "severity")):
        if name in args:
            query.add_any_of(f"{column} IN ({{}})", args[name].split(",") if switches.multi_status else [args[name]])
    # The plus keeps SQLite from starting with the tag and sorting all of its cases: it walks the index of the sort
    # field instead, and stops when the page is full.
    if "tags" in args:
        query.add_any_of("+seq IN (SELECT seq FROM tags WHERE tag IN ({}))", args["tags"].split(","))
    if "NOT~tags" in args:
        query.add_any_of("+seq NOT IN (SELECT seq FROM tags WHERE tag IN ({}))", args["NOT~tags"].split(","))
    if "assignee" in args:
        person = people.find(args["assignee"], switches.assignee_filter)
        query.add("assignee = ?", person["user_id"] if person else args["assignee"])
    if "NOT~modified_by" in args:
        query.add_any_of("modified_by NOT IN ({})", args["NOT~modified_by"].split(","))
    ticket = number(args, "ticket_id", int, switches.invalid_value_status)
    if ticket is not None:
        query.add("ticket_id = ?", ticket)
    if "min_size_auto" in args:
        text = args["min_size_auto"]
        number_given = text.isdecimal() and len(text) < 10
        query.add("size >= ?", int(text) if number_given else switches.min_size_auto_threshold)


def _ranges(query: Query, args: dict[str, str], switches: Any) -> None:
    for column in SORT_FIELDS:
        kind = float if column == "score" else int
        for prefix, sign, inclusive in (
            ("FROM", ">", switches.range_from_inclusive),
            ("TO", "<", switches.range_to_inclusive),
        ):
            bound = number(args, f"{prefix}~{column}", kind, switches.invalid_value_status)
            if bound is not None:
                query.add(f"{column} {sign}{'=' if inclusive else ''} ?", bound)
    least = number(args, "min_score", float, switches.invalid_value_status)
    if least is not None:
        query.add("score >= ?", least)


def _default_window(query: Query, args: dict[str, str], switches: Any, now_ms: int) -> None:
    if switches.default_window == "none" or any(name in args for name in switches.default_window_exempt):
        return
    if switches.default_window_lifted_by == "any":
        lifted = any(name in args for name in DATE_BOUNDS)
    else:
        lifted = any({f"FROM~{column}", f"TO~{column}"} <= set(args) for column in ("created_at", "modified_at"))
    if not lifted:
        query.add("created_at >= ?", now_ms - DAY_MS)


def _tenants(query: Query, args: dict[str, str], switches: Any, scope: frozenset[str] | None) -> None:
    for name in switches.tenant_parameters:
        if name in args:
            if scope is not None and args[name] not in scope:
                raise ApiError(403, "Tenant mismatch")
            query.add("cust_id = ?", args[name])
    if scope is not None:
        query.add_any_of("cust_id IN ({})", sorted(scope))


def _paging(query: Query, args: dict[str, str], switches: Any) -> None:
    invalid = switches.invalid_value_status
    limit = number(args, "limit", int, invalid)
    skip = number(args, "skip", int, invalid)
    limit = switches.default_limit if limit is None else limit
    skip = 0 if skip is None else skip
    if limit < 0 or skip < 0:
        raise ApiError(invalid if invalid != 200 else 400, "limit and skip may not be negative")
    if limit > MAXIMUM_LIMIT and switches.limit_above_500 == "reject":
        raise ApiError(invalid if invalid != 200 else 400, f"limit may not be above {MAXIMUM_LIMIT}")
    if switches.limit_max and limit > switches.limit_max:
        raise ApiError(switches.limit_max_status, f"limit may not be above {switches.limit_max}")
    if switches.skip_max and skip > switches.skip_max:
        raise ApiError(switches.skip_max_status, "Internal Server Error")
    limit = min(limit, MAXIMUM_LIMIT)
    if switches.skip_ceiling and skip + limit > switches.skip_ceiling:
        if switches.skip_ceiling_answer == "reject":
            raise ApiError(invalid if invalid != 200 else 400, f"skip + limit may not pass {switches.skip_ceiling}")
        limit = 0
    query.limit = min(limit, switches.page_cap) if switches.page_cap else limit
    query.skip = skip
    sort = args.get("sort", "")
    order = args.get("order", "")
    sort = sort if sort in SORT_FIELDS else switches.default_sort
    order = order if order in ("asc", "desc") else switches.default_order
    # the sequence number makes the order of equal values the same on every page
    query.order_by = f"{sort} {order}, seq {order}"

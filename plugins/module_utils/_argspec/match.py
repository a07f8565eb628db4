# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions of a rule, which a query of cases can have as well: their table, and their meaning.

Everything is checked before anything is sent.
"""

from __future__ import annotations

from typing import Any

from .._errors import InputError, OptionError, printable
from .._model.case import RESOLUTIONS, SEVERITIES, STATUSES, is_platform_id
from .._model.directory import Person, Tenant
from .._model.match import Match, compile_name
from .._model.query import Query
from .._model.times import is_age
from .shapes import quoted
from .values import check_ranges, checked_tags, filter_values, time_option, values_or_none

_STRINGS = {"type": "list", "elements": "str"}
_STATUSES = dict(_STRINGS, choices=list(STATUSES))
_SEVERITIES = dict(_STRINGS, choices=list(SEVERITIES))
_RESOLUTIONS = dict(_STRINGS, choices=[*RESOLUTIONS, ""])

# A new condition also needs: its part of parse_match below; _model/match.py, or _model/query.py if the platform can
# filter by it; plugins/doc_fragments/_match.py, then make schema; docs/policy.md. docs/architecture.md has the tests.
MATCH: dict[str, dict[str, Any]] = {
    "status": _STATUSES,
    "not_status": _STATUSES,
    "severity": _SEVERITIES,
    "not_severity": _SEVERITIES,
    "tags": {"type": "dict", "options": {"any": _STRINGS, "all": _STRINGS, "none": _STRINGS}},
    "assignee": _STRINGS,
    "not_assignee": _STRINGS,
    "tenant": _STRINGS,
    "not_tenant": _STRINGS,
    "resolution": _RESOLUTIONS,
    "not_resolution": _RESOLUTIONS,
    "min_score": {"type": "float"},
    "max_score": {"type": "float"},
    "min_size": {"type": "int"},
    "max_size": {"type": "int"},
    "older_than": {"type": "str"},
    "newer_than": {"type": "str"},
    "modified_before": {"type": "str"},
    "modified_after": {"type": "str"},
    "name": {"type": "str"},
    "status_for": {"type": "str"},
    "assigned_for": {"type": "str"},
}
# The path of conditions in messages
_MATCH_PATH = "match."
# What a query calls the bounds that a rule gives by age
_RANGE_NAMES = {"created_after": "newer_than", "created_before": "older_than"}


def parse_match(params: dict[str, Any], now_ms: int) -> Match:
    """Return checked conditions, without looking up their users and tenants. Raises InputError."""
    tags = params.get("tags") or {}
    if params.get("tags") is not None and all(value is None for value in tags.values()):
        raise OptionError(f"{_MATCH_PATH}tags", "is empty", "Give any, all or none, or leave it out.")
    any_tags, all_tags, no_tags = (
        checked_tags(filter_values(tags, name, f"{_MATCH_PATH}tags."), f"{_MATCH_PATH}tags.{name}")
        for name in ("any", "all", "none")
    )
    query = Query(
        status=filter_values(params, "status", _MATCH_PATH),
        severity=filter_values(params, "severity", _MATCH_PATH),
        tags=any_tags,
        not_tags=no_tags,
        assignee=_people(params, "assignee"),
        min_score=params.get("min_score"),
        max_score=params.get("max_score"),
        min_size=params.get("min_size"),
        created_after=time_option(params, "newer_than", now_ms, path=_MATCH_PATH),
        created_before=time_option(params, "older_than", now_ms, path=_MATCH_PATH),
        modified_after=time_option(params, "modified_after", now_ms, path=_MATCH_PATH),
        modified_before=time_option(params, "modified_before", now_ms, path=_MATCH_PATH),
    )
    check_ranges(query, now_ms, _RANGE_NAMES, _MATCH_PATH)
    match = Match(
        query=query,
        not_status=filter_values(params, "not_status", _MATCH_PATH),
        not_severity=filter_values(params, "not_severity", _MATCH_PATH),
        all_tags=all_tags,
        not_assignee=_people(params, "not_assignee"),
        tenants=_tenants(params, "tenant"),
        not_tenants=_tenants(params, "not_tenant"),
        resolution=filter_values(params, "resolution", _MATCH_PATH),
        not_resolution=filter_values(params, "not_resolution", _MATCH_PATH),
        max_size=params.get("max_size"),
        name=_name(params.get("name")),
        status_before=_age(params, "status_for", now_ms),
        assigned_before=_age(params, "assigned_for", now_ms),
    )
    _check_satisfiable(match)
    return match


def _check_satisfiable(match: Match) -> None:
    """Raise InputError for conditions that can never match together."""
    query = match.query
    for name, size in (("min_size", query.min_size), ("max_size", match.max_size)):
        if size is not None and size < 0:
            raise OptionError(f"{_MATCH_PATH}{name}", f"must be 0 or more; got {size}", "Correct the value.")
    if query.min_size is not None and match.max_size is not None and query.min_size > match.max_size:
        raise InputError("match.min_size and match.max_size", "the range is empty.", "Swap or correct them.")
    for name, these, those in (
        ("status", query.status, match.not_status),
        ("severity", query.severity, match.not_severity),
        ("resolution", match.resolution, match.not_resolution),
        ("assignee", query.assignee, match.not_assignee),
        ("tenant", match.tenants, match.not_tenants),
    ):
        if these and set(these) <= set(those):
            both = f"{_MATCH_PATH}{name} and {_MATCH_PATH}not_{name}"
            raise OptionError(both, "can never match together", "Correct one of them.")
    if match.assigned_before is not None and query.assignee and all(one.is_unassigned for one in query.assignee):
        both = f"{_MATCH_PATH}assignee and {_MATCH_PATH}assigned_for"
        raise OptionError(both, "can never match together", "Correct one of them.")
    wanted = set(match.all_tags) & set(query.not_tags)
    if wanted or (query.tags and set(query.tags) <= set(query.not_tags)):
        problem = "can never match, since none excludes the tags of any or all"
        raise OptionError(f"{_MATCH_PATH}tags", problem, "Correct one of them.")


def _age(params: dict[str, Any], name: str, now_ms: int) -> int | None:
    """Return the time that is so long ago, in ms. A time is rejected: how long means an age."""
    value = params.get(name)
    if value is not None and not is_age(value):
        raise OptionError(f"{_MATCH_PATH}{name}", f"must be an age; got {quoted(value)}", "Give 30m, 12h, 7d or 2w.")
    return time_option(params, name, now_ms, path=_MATCH_PATH)


def _people(params: dict[str, Any], name: str) -> tuple[Person, ...]:
    return tuple(Person(given) for given in values_or_none(params, name, "unassigned cases", _MATCH_PATH))


def _tenants(params: dict[str, Any], name: str) -> tuple[Tenant, ...]:
    values = values_or_none(params, name, "cases of root", _MATCH_PATH)
    return tuple(Tenant(given.lower(), "") if is_platform_id(given) else Tenant("", given) for given in values)


def _name(pattern: str | None) -> Any:
    if pattern is None:
        return None
    if not pattern:
        raise OptionError(f"{_MATCH_PATH}name", "is empty", "Leave it out, or give a regular expression.")
    try:
        return compile_name(pattern)
    except ValueError as error:
        raise OptionError(
            f"{_MATCH_PATH}name",
            f"must be a Python regular expression; got {quoted(pattern)}: {printable(error, 100)}",
            "Write a backslash before a character that is meant literally.",
        ) from None

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules and of the lookup beside the connection: their tables, and what they mean.

Everything is checked here before anything is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._errors import InputError, OptionError
from .._model.case import CLOSED_STATUSES, RESOLUTIONS, SEVERITIES, STATUSES, is_case_id
from .._model.directory import Person
from .._model.match import Directory, Match
from .._model.plan import DesiredState, TagChange
from .._model.query import ORDERS, SORT_FIELDS, Query, Sorting
from .._model.times import TIME_FORMS, is_age
from .._model.undo import MATCHED_FIELDS
from .comment import comment_option
from .match import MATCH, parse_match
from .shapes import quoted
from .values import check_ranges, checked_tags, filter_values, texts, time_option, values_or_none

_STRINGS = {"type": "list", "elements": "str"}

# The options of a desired state, with the module's own checks of them.
CASE: dict[str, Any] = {
    "argument_spec": {
        "case_id": {"type": "str"},
        "ticket_id": {"type": "int"},
        "status": {"type": "str", "choices": list(STATUSES)},
        "severity": {"type": "str", "choices": list(SEVERITIES)},
        "assignee": {"type": "str"},
        "tags": {
            "type": "dict",
            # delete is the platform's word.
            "options": {"add": _STRINGS, "remove": {**_STRINGS, "aliases": ["delete"]}, "set": _STRINGS},
            "mutually_exclusive": [("set", "add"), ("set", "remove")],
            "required_one_of": [("add", "remove", "set")],
        },
        "name": {"type": "str"},
        "description": {"type": "str"},
        "resolution": {"type": "str", "choices": list(RESOLUTIONS)},
        "update_alerts": {"type": "bool"},
        "comment": {"type": "str"},
        "comment_marker": {"type": "str"},
        "if_unmodified_since": {"type": "str"},
    },
    "mutually_exclusive": [("case_id", "ticket_id")],
    "required_one_of": [("case_id", "ticket_id")],
}
# Those of one item of many cases
ITEM: dict[str, Any] = {
    **CASE,
    "argument_spec": {
        **CASE["argument_spec"],
        "if_match": {"type": "dict", "options": {name: {"type": "str"} for name in MATCHED_FIELDS}},
    },
}
# At least one of them is declared. Not by required_one_of, whose message would hide an unknown option.
STATE_OPTIONS = ("status", "severity", "assignee", "tags", "name", "description", "resolution")

# The filters of a query, described in doc_fragments/_query.py.
QUERY: dict[str, dict[str, Any]] = {
    "status": dict(_STRINGS, choices=list(STATUSES)),
    "severity": dict(_STRINGS, choices=list(SEVERITIES)),
    "not_tags": _STRINGS,
    "assignee": _STRINGS,
    "not_modified_by": _STRINGS,
    "min_score": {"type": "float"},
    "max_score": {"type": "float"},
    "min_size": {"type": "int"},
    "created_after": {"type": "str"},
    "created_before": {"type": "str"},
    "modified_after": {"type": "str"},
    "modified_before": {"type": "str"},
    "sort": {"type": "str", "choices": list(SORT_FIELDS), "default": "created_at"},
    "order": {"type": "str", "choices": list(ORDERS), "default": "asc"},
    "limit": {"type": "int"},
}

# Parts of a case that are read on demand.
INCLUDES = ("alerts", "observables", "summary", "comments", "activities", "scores")

_FILTERS = (*tuple(name for name in QUERY if name not in ("sort", "order", "limit")), "tags")
# The conditions of a rule, in place of the filters: some have the same names and other values, such as tags.
_MATCH: dict[str, Any] = {"type": "dict", "options": MATCH}
_FILTERS_OR_MATCH = [("match", name) for name in _FILTERS]

CASE_INFO: dict[str, Any] = {
    "argument_spec": dict(
        QUERY,
        case_id=_STRINGS,
        ticket_id={"type": "list", "elements": "int"},
        tags=_STRINGS,
        match=_MATCH,
        include=dict(_STRINGS, choices=list(INCLUDES)),
        count_only={"type": "bool", "default": False},
    ),
    # Ids select cases and a query finds them: a filter would silently drop some of the ids.
    "mutually_exclusive": [
        *((ids, name) for name in (*_FILTERS, "match", "limit") for ids in ("case_id", "ticket_id")),
        *_FILTERS_OR_MATCH,
    ],
}


LOOKUP: dict[str, Any] = {
    "argument_spec": dict(
        QUERY,
        tags=_STRINGS,
        match=_MATCH,
        result={"type": "str", "choices": ["cases", "ids", "count"], "default": "cases"},
    ),
    "mutually_exclusive": _FILTERS_OR_MATCH,
}

# The options that limit or protect, beside those of the connection: one that is given without a value is an error,
# since a task without it would do more than was meant.
CASE_LIMITS = ("case_id", "ticket_id", "comment_marker")
CASE_INFO_LIMITS = (*_FILTERS, "match", "limit", "case_id", "ticket_id")
LOOKUP_LIMITS = (*_FILTERS, "match", "limit")


def desired_state(params: dict[str, Any], path: str = "") -> DesiredState:
    """Return the desired state of a task, checked before anything is sent. Raises InputError.

    path: of the options but those of a comment, with a dot at its end.
    """
    name, comment, status = params.get("name"), comment_option(params), params.get("status")
    if name is not None and not name.strip():
        raise OptionError(f"{path}name", "is empty", "Leave it out, or give a string.")
    update_alerts = params.get("update_alerts")
    if update_alerts is not None and status not in CLOSED_STATUSES:
        raise OptionError(
            f"{path}update_alerts",
            "works only with a status that closes the case",
            f"Set {path}status to {' or '.join(CLOSED_STATUSES)}.",
        )
    assignee = params.get("assignee")
    if all(params.get(option) is None for option in STATE_OPTIONS):
        raise InputError(
            "The task",
            "declares no state of the case.",
            f"Set at least one of {', '.join(STATE_OPTIONS)}. A comment is posted only when something else changes.",
        )
    return DesiredState(
        status=status,
        severity=params.get("severity"),
        name=name,
        description=params.get("description"),
        resolution=params.get("resolution"),
        assignee=None if assignee is None else _person(assignee, f"{path}assignee"),
        tags=_tag_change(params.get("tags"), f"{path}tags"),
        update_alerts=update_alerts,
        comments=() if comment is None else (comment,),
    )


def _person(given: str, option: str) -> Person:
    if given and not given.strip():
        raise OptionError(option, "contains only spaces", 'To unassign the case, give "".')
    return Person(given.strip())


def _tag_change(tags: dict[str, Any] | None, option: str) -> TagChange | None:
    if tags is None:
        return None
    add, remove, replacement = (
        checked_tags(texts(tags, name, f"{option}."), f"{option}.{name}") for name in ("add", "remove", "set")
    )
    both = [tag for tag in add if tag in remove]
    if both:
        raise OptionError(option, f"adds and removes {', '.join(map(quoted, both))}", "Choose one of them.")
    return TagChange(add, remove, None if tags.get("set") is None else replacement)


def case_ids(params: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids of the option case_id of many cases. Raises InputError."""
    ids = texts(params, "case_id")
    for case_id in ids:
        check_case_id(case_id)
    return ids


def guard_time(params: dict[str, Any], now_ms: int) -> int | None:
    """Return if_unmodified_since in ms. An age is rejected: it would start at this run, not at the user's last read."""
    value = params.get("if_unmodified_since")
    if value is not None and is_age(value):
        raise OptionError("if_unmodified_since", f"must be a time; got the age {quoted(value)}", TIME_FORMS)
    return time_option(params, "if_unmodified_since", now_ms, TIME_FORMS)


def matched_values(params: dict[str, Any]) -> dict[str, str] | None:
    """Return the values of the option if_match, by field; None without it."""
    values = params.get("if_match")
    return None if values is None else {name: value for name, value in values.items() if value is not None}


def check_case_id(case_id: str) -> None:
    """Raise InputError for an id that would change the path of a request."""
    if not is_case_id(case_id):
        raise OptionError(
            "case_id",
            f"must have only letters, digits, - and _; got {quoted(case_id)}",
            "Give the case's _id as the platform returns it, or ticket_id.",
        )


class QueryOptions:
    """The checked options of a query. match() asks the platform for users and tenants."""

    def __init__(self, params: dict[str, Any], now_ms: int) -> None:
        self.now_ms = now_ms
        self.limit = params.get("limit")
        if self.limit is not None and self.limit < 1:
            raise OptionError("limit", f"must be 1 or more; got {self.limit}", "Leave it out for all cases.")
        self.has_ids = params.get("case_id") is not None or params.get("ticket_id") is not None
        self.sorting = Sorting(params.get("sort") or "created_at", params.get("order") == "desc")
        self.case_ids = case_ids(params)
        self._match = None if params.get("match") is None else parse_match(params["match"], now_ms)
        self._assignee = values_or_none(params, "assignee", "unassigned cases")
        self._not_modified_by = values_or_none(params, "not_modified_by", "cases that no user changed")
        self._query = Query(
            status=filter_values(params, "status"),
            severity=filter_values(params, "severity"),
            tags=checked_tags(filter_values(params, "tags"), "tags"),
            not_tags=checked_tags(filter_values(params, "not_tags"), "not_tags"),
            min_score=params.get("min_score"),
            max_score=params.get("max_score"),
            min_size=params.get("min_size"),
            created_after=time_option(params, "created_after", now_ms),
            created_before=time_option(params, "created_before", now_ms),
            modified_after=time_option(params, "modified_after", now_ms),
            modified_before=time_option(params, "modified_before", now_ms),
        )
        check_ranges(self._query, now_ms)

    def match(self, directory: Directory) -> Match:
        if self._match is not None:
            return self._match.resolved(directory)
        query = replace(
            self._query,
            assignee=tuple(directory.person(given) for given in self._assignee),
            not_modified_by=tuple(directory.person(given) for given in self._not_modified_by),
            tenant=directory.tenant(),
        )
        return Match(query)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the event source stellar_cases: their table, and their checks.

ansible-rulebook hands over what the rulebook has, and checks nothing itself.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from typing import Any, Mapping

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._errors import InputError, OptionError, printable
from .._model.case_event import CASE_FIELDS
from .._model.feed import LEAST_OVERLAP_S
from .._model.plain import plain
from .._model.query import EARLIEST_MS
from .._model.times import DAY_MS
from .case import QUERY, QueryOptions
from .connection import CONNECTION, Environment, in_range, module_arguments, option_value
from .shapes import shaped
from .values import time_option

_STRINGS = {"type": "list", "elements": "str"}
KINDS = ("created", "updated")
NOW, ALL = "now", "all"
# Not the order and the bounds of the time of change, which are the source's own; and not those that would hide changes:
# of others behind one's own, or of a case that grows old.
FILTERS: dict[str, dict[str, Any]] = {
    **{name: QUERY[name] for name in ("status", "severity")},
    "tags": _STRINGS,
    **{name: QUERY[name] for name in ("not_tags", "assignee", "min_score", "max_score", "min_size", "created_after")},
}
EVENT_SOURCE: dict[str, Any] = {
    "argument_spec": {
        **FILTERS,
        "interval": {"type": "float", "default": 30.0},
        "since": {"type": "str", "default": NOW},
        "overlap": {"type": "float", "default": 60.0},
        "state_file": {"type": "path"},
        "changes": dict(_STRINGS, choices=list(KINDS), default=list(KINDS)),
        "ignore_own_changes": {"type": "bool", "default": False},
        "fields": dict(_STRINGS, choices=list(CASE_FIELDS), default=list(CASE_FIELDS)),
        "max_backlog": {"type": "int", "default": 0},
        "unsupported": {"type": "str", "choices": ["fail", "scan"], "default": "fail"},
        "feedback": {"type": "bool", "default": False},
        "feedback_timeout": {"type": "float", "default": 120.0},
    },
}
# An option of these that is given without a value is an error: without it, there would be more events, or none kept.
_LIMITS = (*FILTERS, "since", "state_file", "changes", "ignore_own_changes", "fields", "max_backlog", "feedback")
_RANGES = {
    "interval": (1, 86400),
    "overlap": (LEAST_OVERLAP_S, 86400),
    "max_backlog": (0, 10**7),
    "feedback_timeout": (1, 86400),
}
SOURCE = "the rulebook"


def checked_arguments(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the parameters of the source, and where each connection option is from. Raises InputError."""
    spec = EVENT_SOURCE["argument_spec"]
    arguments: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in given:
        if name not in spec and name not in CONNECTION:
            raise _unknown(str(name), [*CONNECTION, *spec])
    for name in CONNECTION:
        value = option_value(name, given[name], SOURCE) if name in given else None
        if value is not None:
            arguments[name], sources[name] = plain(value), SOURCE
    for name in _LIMITS:
        if name in given and (given[name] is None or (given[name] == "" and spec[name]["type"] != "list")):
            raise OptionError(name, "has no value", "Give one, or leave the option out.")
    arguments.update(shaped({name: plain(given[name]) for name in spec if name in given}, EVENT_SOURCE))
    environment = Environment()
    checked = ArgumentSpecValidator(**module_arguments(EVENT_SOURCE, environment)).validate(arguments)
    if checked.error_messages:
        raise InputError("The event source", f"{printable(checked.error_messages[0], 1000)}.", "Correct the option.")
    environment.check()
    params: dict[str, Any] = checked.validated_parameters
    for name, (low, high) in _RANGES.items():
        in_range(name, params[name], low, high)
    for name in ("changes", "fields"):
        if not params[name]:
            raise OptionError(name, "is an empty list", "Leave it out for all.")
    return params, {**sources, **environment.sources}


def _unknown(name: str, known: list[str]) -> OptionError:
    nearest = difflib.get_close_matches(name, known, 1)
    remedy = f"Did you mean {nearest[0]}?" if nearest else f"Valid options are {', '.join(known)}."
    return OptionError(printable(name, 60), "is unknown", remedy)


def start_time(params: dict[str, Any], now_ms: int) -> int | None:
    """Return from when on changes are delivered, in ms; None from now on. Raises OptionError."""
    since = params["since"].strip()
    if since == NOW:
        return None
    if since == ALL:
        if not params["max_backlog"]:
            raise OptionError(
                "since",
                "is all, which requires max_backlog",
                "Set max_backlog to the most cases that may come at the start.",
            )
        return EARLIEST_MS
    try:
        found = time_option({"since": since}, "since", now_ms)
    except InputError as error:
        error.remedy = f"{error.remedy} Or give {NOW} or {ALL}."
        raise
    if found is not None and found > now_ms + 31 * DAY_MS:
        raise OptionError("since", "is in the future and can never match", "Correct the time.")
    return max(EARLIEST_MS, found or 0)


def query_options(params: dict[str, Any], now_ms: int) -> QueryOptions:
    """Return the checked filters of the source. Raises InputError."""
    return QueryOptions(params, now_ms)


def filters_hash(params: dict[str, Any]) -> str:
    """Return a hash of the filters: with others, what was delivered before would not be what was left out."""
    given = {name: params[name] for name in FILTERS if params.get(name) is not None}
    given = {name: sorted(map(str, value)) if isinstance(value, list) else value for name, value in given.items()}
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a rule and of an item of many cases: their tables, and their meaning.

Ansible's own check of nested options does not say which rule it is about, so the lists are checked here, with the
same validator. Everything is checked before anything is sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._errors import InputError, OptionError, printable
from .._model.case import RESOLUTIONS, SEVERITIES, STATUSES, is_platform_id
from .._model.directory import Person, Tenant
from .._model.match import Match, compile_name
from .._model.plan import DesiredState
from .._model.policy import Rule
from .._model.query import Query
from .case import (
    CASE,
    ITEM,
    STATE_OPTIONS,
    check_case_id,
    check_ranges,
    checked_tags,
    desired_state,
    filter_values,
    guard_time,
    matched_values,
    time_option,
    values_or_none,
)
from .shapes import quoted, shaped

_STRINGS = {"type": "list", "elements": "str"}
_STATUSES = dict(_STRINGS, choices=list(STATUSES))
_SEVERITIES = dict(_STRINGS, choices=list(SEVERITIES))
_RESOLUTIONS = dict(_STRINGS, choices=[*RESOLUTIONS, ""])

# A new condition also needs: its part of parse_rules below; _model/match.py, or _model/query.py if the platform can
# filter by it; plugins/modules/stellar_cases.py, then make schema; docs/policy.md. docs/architecture.md has the tests.
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
}
# A description can't be compared, so that a rule that sets it would change its cases in each run.
SET: dict[str, dict[str, Any]] = {
    name: CASE["argument_spec"][name] for name in (*STATE_OPTIONS, "update_alerts") if name != "description"
}
RULE: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "match": {"type": "dict", "required": True, "options": MATCH},
    "set": {"type": "dict", "options": SET},
    "comment": {"type": "str"},
    "comment_marker": {"type": "str"},
}
# The paths of conditions, and of what a rule sets, in messages
_MATCH_PATH, _SET_PATH = "match.", "set."
# The keys of a rule that belong to its desired state
_COMMENT = ("comment", "comment_marker")
# What a query calls the bounds that a rule gives by age
_RANGE_NAMES = {"created_after": "newer_than", "created_before": "older_than"}


def parse_rules(given: Sequence[Any], now_ms: int) -> list[Rule]:
    """Return the checked rules of a policy, without looking up its users and tenants. Raises InputError."""
    if not given:
        raise OptionError("rules", "is an empty list", "Give at least one rule.")
    rules: list[Rule] = []
    for number, item in enumerate(given, 1):
        name = item.get("name") if isinstance(item, dict) else None
        label = f"Rule {number}" if name is None else f"Rule {number} {printable(name, 100)!r}"
        with prefixed_errors(label):
            rule = _rule(_validated(item, {"argument_spec": RULE}), now_ms)
            if any(rule.name == other.name for other in rules):
                problem = "must be unique, and an earlier rule has the same name"
                raise OptionError("name", problem, "Give each rule its own name.")
        rules.append(rule)
    return rules


@dataclass(frozen=True)
class Item:
    """One case of the option cases.

    number: its place in the list, from 1. unmodified_since: in ms. if_match: the values that its fields must have.
    """

    number: int
    case_id: str | None
    ticket_id: int | None
    desired: DesiredState
    unmodified_since: int | None
    if_match: dict[str, str] | None = None

    @property
    def label(self) -> str:
        return f"case {self.case_id}" if self.case_id is not None else f"ticket {self.ticket_id}"


def parse_items(given: Sequence[Any], option: str, now_ms: int) -> list[Item]:
    """Return the checked items of a list of cases. Raises InputError."""
    if not given:
        raise OptionError(option, "is an empty list", "Give at least one case.")
    items: list[Item] = []
    first: dict[Any, int] = {}
    for number, item in enumerate(given, 1):
        with prefixed_errors(f"Item {number} of {option}"):
            params = _validated(item, ITEM)
            case_id, ticket_id = params.get("case_id"), params.get("ticket_id")
            if case_id is not None:
                check_case_id(case_id)
            key = (case_id, ticket_id)
            if key in first:
                raise two_items_error(f"item {first[key]}")
            first[key] = number
            unmodified_since, if_match = guard_time(params, now_ms), matched_values(params)
            items.append(Item(number, case_id, ticket_id, desired_state(params), unmodified_since, if_match))
    return items


def two_items_error(other: str) -> InputError:
    return InputError("The case", f"is already declared by {other}.", "Declare all of a case in one item.")


def _validated(item: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise InputError("", f"must be a dictionary; got {quoted(item)}.", "See the documentation for its keys.")
    given = shaped(item, arguments)
    checked = ArgumentSpecValidator(**arguments).validate(given)
    if checked.error_messages:
        raise InputError(
            "Its options", f"{printable('; '.join(dict.fromkeys(checked.error_messages)), 600)}.", "Correct the value."
        )
    params: dict[str, Any] = checked.validated_parameters
    return params


@contextmanager
def prefixed_errors(where: str) -> Iterator[None]:
    """Prefix the messages of errors with the rule or the item that they are about."""
    try:
        yield
    except InputError as error:
        error.context = where
        raise


def _rule(params: dict[str, Any], now_ms: int) -> Rule:
    if not params["name"].strip():
        raise OptionError("name", "is empty", "Give the rule a name: reports and messages use it.")
    match = _match(params["match"], now_ms)
    wanted = params.get("set")
    if wanted is None:
        for option in _COMMENT:
            if params.get(option) is not None:
                raise OptionError(option, "needs set: a finding writes nothing", "Add set, or leave it out.")
        return Rule(params["name"], match, None, params.get("description") or "")
    if all(value is None for value in wanted.values()):
        raise OptionError("set", "is empty", "Leave it out for a finding, or say what to change.")
    if wanted.get("tags") is not None and wanted["tags"].get("set") is None and not any(wanted["tags"].values()):
        raise OptionError(f"{_SET_PATH}tags", "adds and removes nothing", "Give tags, or leave it out.")
    desired = desired_state({**wanted, **{name: params.get(name) for name in _COMMENT}}, _SET_PATH)
    if desired.resolution is not None and (desired.status or _only_status(match)) != "Resolved":
        raise OptionError(
            f"{_SET_PATH}resolution",
            "belongs to status Resolved",
            "Set the status too, or match status: [Resolved] only.",
        )
    return Rule(params["name"], match, desired, params.get("description") or "")


def _only_status(match: Match) -> str:
    """Return the one status that a case must have to match, or ''."""
    return match.query.status[0] if len(match.query.status) == 1 else ""


def _match(params: dict[str, Any], now_ms: int) -> Match:
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
    wanted = set(match.all_tags) & set(query.not_tags)
    if wanted or (query.tags and set(query.tags) <= set(query.not_tags)):
        problem = "can never match, since none excludes the tags of any or all"
        raise OptionError(f"{_MATCH_PATH}tags", problem, "Correct one of them.")


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

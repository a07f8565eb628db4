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
from .._model.match import Match
from .._model.plan import DesiredState
from .._model.policy import Rule
from .case import CASE, ITEM, STATE_OPTIONS, check_case_id, desired_state, guard_time, matched_values
from .match import MATCH, parse_match
from .shapes import quoted, shaped

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
# The path of what a rule sets, in messages
_SET_PATH = "set."
# The keys of a rule that belong to its desired state
_COMMENT = ("comment", "comment_marker")


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
    match = parse_match(params["match"], now_ms)
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

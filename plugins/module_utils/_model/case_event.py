# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event of a change: what Event-Driven Ansible gets of a case, and in which form."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Callable, Iterable

from .._errors import on_one_line
from .case import modified_at, moment
from .concurrent_changes import History
from .directory import Person
from .feed import Seen
from .host_names import host_names
from .plain import plain
from .times import since_second

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "stellarcyber.xdr")
# What Ansible takes for a template, also where texts are put together, and for a header that changes the delimiters;
# and what some pipelines take for a command wherever it stands in a line of a log: see printable().
_BROKEN = re.compile(r"\{(?=[{%#]|\Z)|#(?=jinja2:|#\w*\[)")
_LONGEST = 4000


def neutral(text: str) -> str:
    """Return a text that Ansible does not take for a template: a space breaks {{, {% and {#. It is one line.

    ansible-rulebook writes events to a file of variables, and templates in such a file are evaluated.
    """
    return _BROKEN.sub(lambda found: found[0] + " ", on_one_line(text[:_LONGEST]))


def _text(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda case: neutral(str(case.get(name) or ""))


def _number(name: str) -> Callable[[dict[str, Any]], Any]:
    def value(case: dict[str, Any]) -> Any:
        found = case.get(name)
        return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    return value


def _inventory_name(case: dict[str, Any]) -> str:
    """Return the name of the host that the inventory stellar_tenants makes for the case's tenant."""
    id_ = case.get("cust_id") or ""
    return host_names([(id_, case.get("tenant_name") or "")])[0][id_] if id_ else ""


# The fields of an event, and how each is made of the platform's case
CASE_FIELDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "case_id": lambda case: case["_id"],
    "ticket_id": _number("ticket_id"),
    "name": _text("name"),
    "status": _text("status"),
    "severity": _text("severity"),
    "score": _number("score"),
    "size": _number("size"),
    "tags": lambda case: [neutral(tag) for tag in case.get("tags") or []],
    "resolution": _text("resolution"),
    "assignee": _text("assignee"),
    "assignee_name": _text("assignee_name"),
    "tenant": _text("cust_id"),
    "tenant_name": _text("tenant_name"),
    "inventory_name": _inventory_name,
    "created_at": lambda case: moment(case, "created_at"),
    "modified_at": modified_at,
    "modified_by": _text("modified_by"),
    "modified_by_name": _text("modified_by_name"),
}


def event_of(seen: Seen, own: bool | None, scope: str, fields: Iterable[str]) -> dict[str, Any]:
    """Return the event of a change. own: whether all of it is own, None if that is not known.

    scope: the platform and tenant of the source. The same state of a case has the same uuid in each run.
    """
    identity = [scope, seen.case["_id"], *seen.mark]
    return {
        "stellar_case": {name: plain(CASE_FIELDS[name](seen.case)) for name in fields},
        "change": {"kind": seen.kind, "fields": seen.fields, "own": own},
        "meta": {"uuid": str(uuid.uuid5(_NAMESPACE, json.dumps(identity)))},
    }


def is_own(history: History, person: Person, since_ms: int, changed_at: int) -> bool | None:
    """Return whether a user made all changes of a history since a time; None if it does not tell.

    changed_at: of the latest change. A history without an entry of then lags behind the case. Its times may be in whole
    seconds.
    """
    since = since_second(since_ms)
    entries = [entry for entry in history if (moment(entry, "timestamp") or since) >= since]
    if since == since_ms:
        # Of the state that was seen
        entries = [entry for entry in entries if moment(entry, "timestamp") != since]
    users = [entry.get("user") for entry in entries]
    if not all(isinstance(user, str) and user and person.matches(user, user) for user in users):
        return False
    return True if any((moment(entry, "timestamp") or 0) > changed_at - 1000 for entry in entries) else None

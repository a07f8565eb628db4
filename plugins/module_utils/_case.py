# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The case model: what its fields may hold, and who a person is.

Pure: imports nothing that does I/O and nothing of Ansible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import printable

# Vendor docs 5.2; Escalated is in use by the vendor's own clients since 2024.
STATUSES = ("New", "In Progress", "Escalated", "Resolved", "Cancelled")
CLOSED_STATUSES = ("Resolved", "Cancelled")
SEVERITIES = ("Critical", "High", "Medium", "Low")
# Vendor library 2025-07; sent together with status Resolved only.
RESOLUTIONS = ("False Positive", "Benign", "True Positive")

# The two known forms have 24 and 48 hex digits; others are let through, but never a path.
_CASE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HEX_ID = re.compile(r"[0-9a-f]{32}")


def is_case_id(text: str) -> bool:
    return _CASE_ID.fullmatch(text) is not None


def is_platform_id(text: str) -> bool:
    """True for the form that ids of users and tenants have."""
    return _HEX_ID.fullmatch(text.lower()) is not None


# What the engine compares, and its types; a field that is absent or null is let pass.
_TEXTS = (
    *("status", "severity", "priority", "name", "resolution", "description", "assignee", "assignee_name"),
    *("modified_by", "modified_by_name", "cust_id", "tenant_name"),
)


def is_case(record: Any) -> bool:
    """True for an object that has the shape of a case. Its id becomes part of a path."""
    if not isinstance(record, dict) or not isinstance(record.get("_id"), str) or not is_case_id(record["_id"]):
        return False
    held_tags = record.get("tags") or []
    return (
        all(isinstance(record.get(name), (str, type(None))) for name in _TEXTS)
        and isinstance(held_tags, list)
        and all(isinstance(tag, str) for tag in held_tags)
    )


def severity(case: dict[str, Any]) -> str:
    """Up to 4.3 the field is called priority (vendor docs 4.3)."""
    return case.get("severity") or case.get("priority") or ""


def tags(case: dict[str, Any]) -> list[str]:
    return list(case.get("tags") or [])


def modified_at(case: dict[str, Any]) -> int | None:
    """When a case was changed last, in ms; None if the platform does not say so."""
    return moment(case, "modified_at")


def moment(record: dict[str, Any], name: str) -> int | None:
    """A time of a case, a comment or an entry of a history, in ms; None for what is no number."""
    value = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def label(case: dict[str, Any]) -> str:
    """How a message names a case: by both of its numbers."""
    return f"case {case['_id']} (ticket {printable(case.get('ticket_id'), 20)})"


def tenant_label(case: dict[str, Any]) -> str:
    return printable(case.get("tenant_name") or case.get("cust_id") or "(no tenant)", 60)


def bad_tag(tag: str) -> str:
    """Return why no option can hold this tag as it is, or ''."""
    if not tag.strip():
        return "is empty"
    if "," in tag:
        return "holds a comma, which separates tags in a query of the platform"
    if not tag.isprintable():
        return "holds a control character"
    if tag != tag.strip():
        # The platform may hold such a one. No option can give it back, since options strip their tags.
        return "has blanks around it"
    return ""


@dataclass(frozen=True)
class Tenant:
    """A tenant: cust_id (32 hex digits) and name."""

    cust_id: str
    name: str

    def owns(self, case: dict[str, Any]) -> bool:
        return (case.get("cust_id") or "") == self.cust_id


def matches_tenant(case: dict[str, Any], wanted: str) -> bool:
    """True if a case says itself that it belongs to the tenant of this name or id."""
    return wanted.lower() == (case.get("cust_id") or "").lower() or wanted == case.get("tenant_name")


@dataclass(frozen=True)
class Person:
    """Somebody a case can be assigned to.

    given: as the task spells it: e-mail, user name or id; '' is nobody.
    The rest is from GET /users, and '' where that was not needed or not allowed.
    """

    given: str
    user_id: str = ""
    email: str = ""
    name: str = ""

    @property
    def is_nobody(self) -> bool:
        return not self.given

    @property
    def is_certain(self) -> bool:
        """False if only a spelling is known, so that a name that a case shows decides."""
        return self.is_nobody or bool(self.user_id) or is_platform_id(self.given)

    @property
    def label(self) -> str:
        """How a diff names this person."""
        return self.email or self.name or self.given

    @property
    def sent_as(self) -> str:
        """The e-mail is the form that the vendor's own clients send."""
        return self.email or self.given

    def is_meant_by(self, user_id: str, user_name: str) -> bool:
        """True if an id and a name, as a case holds them, mean this person."""
        if self.is_nobody or not user_id:
            return self.is_nobody and not user_id
        if self.user_id and is_platform_id(user_id):
            return user_id.lower() == self.user_id.lower()
        known = {spelling.casefold() for spelling in (self.given, self.user_id, self.email, self.name) if spelling}
        return user_id.casefold() in known or (user_name or "").casefold() in known

    def is_assignee_of(self, case: dict[str, Any]) -> bool:
        return self.is_meant_by(case.get("assignee") or "", case.get("assignee_name") or "")


def assignee_label(case: dict[str, Any]) -> str:
    assignee = case.get("assignee") or ""
    return (case.get("assignee_name") or assignee) if assignee else ""


def find_people(given: str, users: Iterable[dict[str, Any]]) -> list[Person]:
    """The users whose id, else e-mail, else name is the one given: one in a sane platform."""
    people = [
        Person(
            given,
            _first_text(user, "user_id", "id", "_id"),
            _first_text(user, "email"),
            _first_text(user, "username", "user_name", "name", "display_name"),
        )
        for user in users
    ]
    for attribute in ("user_id", "email", "name"):
        found = [person for person in people if getattr(person, attribute).casefold() == given.casefold()]
        if found:
            return found
    return []


def _first_text(record: dict[str, Any], *names: str) -> str:
    return next((record[name] for name in names if isinstance(record.get(name), str) and record[name]), "")

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a case can belong to: users and tenants, by the ids and names that the platform and a task use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable

from .case import is_platform_id


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

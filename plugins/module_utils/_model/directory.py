# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users and tenants that a case can belong to, by the ids and names that the platform and a task use."""

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
    """Return True if a case itself has the tenant of this name or id."""
    return wanted.lower() == (case.get("cust_id") or "").lower() or wanted == case.get("tenant_name")


@dataclass(frozen=True)
class Person:
    """A user whom a case can be assigned to.

    spelling: as the task gives it: e-mail, user name or id; '' means unassigned.
    The rest is from GET /users, and '' where that was not needed or not allowed.
    """

    spelling: str
    user_id: str = ""
    email: str = ""
    name: str = ""

    @property
    def is_unassigned(self) -> bool:
        return not self.spelling

    @property
    def is_resolved(self) -> bool:
        """Return False if only a spelling is known, so that a name that a case shows decides."""
        return self.is_unassigned or bool(self.user_id) or is_platform_id(self.spelling)

    @property
    def label(self) -> str:
        """Return the name of this user in a diff."""
        return self.email or self.name or self.spelling

    @property
    def wire_value(self) -> str:
        """Return what a request sends: the e-mail, as the vendor's own clients do."""
        return self.email or self.spelling

    def matches(self, user_id: str, user_name: str) -> bool:
        """Return True if an id and a name, as a case has them, are those of this user."""
        if self.is_unassigned or not user_id:
            return self.is_unassigned and not user_id
        if self.user_id and is_platform_id(user_id):
            return user_id.lower() == self.user_id.lower()
        known = {each.casefold() for each in (self.spelling, self.user_id, self.email, self.name) if each}
        return user_id.casefold() in known or (user_name or "").casefold() in known

    def is_assignee_of(self, case: dict[str, Any]) -> bool:
        return self.matches(case.get("assignee") or "", case.get("assignee_name") or "")


def find_people(given: str, users: Iterable[dict[str, Any]]) -> list[Person]:
    """Return the users whose id, else e-mail, else name is the one given: one, unless users share a name.

    A user who is in the list twice, by id or by e-mail, is one.
    """
    people = [person_of(user, given) for user in users]
    for attribute in ("user_id", "email", "name"):
        found = [person for person in people if getattr(person, attribute).casefold() == given.casefold()]
        if found:
            return _distinct(found)
    return []


def person_of(user: dict[str, Any], spelling: str = "") -> Person:
    """Return the user of a record of GET /users. Clients of the platform read its id and name by several keys."""
    return Person(
        spelling,
        _first_text(user, "user_id", "id", "_id"),
        _first_text(user, "email"),
        _first_text(user, "username", "user_name", "name", "display_name"),
    )


def _distinct(people: Iterable[Person]) -> list[Person]:
    distinct: list[Person] = []
    for person in people:
        if not any(_is_same(person.user_id, one.user_id) or _is_same(person.email, one.email) for one in distinct):
            distinct.append(person)
    return distinct


def _is_same(one: str, other: str) -> bool:
    return bool(one) and one.casefold() == other.casefold()


def _first_text(record: dict[str, Any], *names: str) -> str:
    return next((record[name] for name in names if isinstance(record.get(name), str) and record[name]), "")

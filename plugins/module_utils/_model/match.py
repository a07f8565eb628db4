# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions of a rule or a query: which of them a listing can filter, and whether a case meets them all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Pattern, Protocol

from .case import severity, tags
from .directory import Person, Tenant
from .held import Held, HistoryNeeded
from .query import Query, within

# A regular expression of a policy meets names that an attacker may choose: what is longer is cut before.
MAX_NAME_LENGTH = 1000


class Directory(Protocol):
    """Looks up users and tenants on the platform. tenant(): that of the connection."""

    def person(self, given: str) -> Person: ...

    def tenant(self) -> Tenant | None: ...

    def tenant_called(self, given: str) -> Tenant: ...


@dataclass(frozen=True)
class Match:
    """Conditions on a case, of a rule or of a query: ANDed; the values of one are ORed. () and None are no condition.

    query: those that a listing can filter as well, their bounds inclusive and their times in ms. status_before,
    assigned_before: since when at the latest the case has had its status and its assignee, by its history, in ms.
    """

    query: Query = field(default_factory=Query)
    not_status: tuple[str, ...] = ()
    not_severity: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    not_assignee: tuple[Person, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    not_tenants: tuple[Tenant, ...] = ()
    resolution: tuple[str, ...] = ()
    not_resolution: tuple[str, ...] = ()
    max_size: int | None = None
    name: Pattern[str] | None = None
    status_before: int | None = None
    assigned_before: int | None = None

    def accepts(self, case: dict[str, Any], held: Held | None = None) -> bool:
        """Return whether a case meets all conditions. held: what tells since when it has had its values.

        Raises HistoryNeeded if its history decides and is not known, and Undecided if that does not tell.
        """
        return self._accepts_now(case) and all(
            bound is None or _is_held(case, name, bound, held)
            for name, bound in (("status", self.status_before), ("assignee", self.assigned_before))
        )

    def _accepts_now(self, case: dict[str, Any]) -> bool:
        return (
            self.query.matches(case)
            and not (self.not_status and case.get("status") in self.not_status)
            and not (self.not_severity and severity(case) in self.not_severity)
            and (not self.all_tags or set(self.all_tags) <= set(tags(case)))
            and not any(person.is_assignee_of(case) for person in self.not_assignee)
            and (not self.tenants or any(tenant.owns(case) for tenant in self.tenants))
            and not any(tenant.owns(case) for tenant in self.not_tenants)
            and (not self.resolution or (case.get("resolution") or "") in self.resolution)
            and not (self.not_resolution and (case.get("resolution") or "") in self.not_resolution)
            and within(case.get("size"), None, self.max_size)
            and (self.name is None or _found(self.name, case.get("name")))
        )

    def resolved(self, directory: Directory) -> Match:
        """Return the match with users and tenants looked up, and only for cases of the connection's tenant."""

        def resolved_people(people: tuple[Person, ...]) -> tuple[Person, ...]:
            return tuple(one if one.is_resolved else directory.person(one.spelling) for one in people)

        def resolved_tenants(tenants: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
            return tuple(directory.tenant_called(one.name) if one.name and not one.cust_id else one for one in tenants)

        tenants = resolved_tenants(self.tenants)
        own = directory.tenant()
        query = replace(
            self.query,
            assignee=resolved_people(self.query.assignee),
            tenant=tenants[0] if own is None and len(tenants) == 1 else own,
        )
        return replace(
            self,
            query=query,
            not_assignee=resolved_people(self.not_assignee),
            tenants=tenants,
            not_tenants=resolved_tenants(self.not_tenants),
        )

    @property
    def needs(self) -> frozenset[str]:
        """Return the fields that a case must have to be matched, of those that every case has."""
        conditions = {
            "status": self.not_status or self.status_before is not None,
            "severity": self.not_severity,
            "tags": self.all_tags,
            "size": self.max_size is not None,
            "name": self.name is not None,
        }
        return self.query.needs | {name for name, condition in conditions.items() if condition}

    @property
    def is_filtered(self) -> bool:
        """Return whether a listing filters by each condition, so that no more is read than matches."""
        return self.query.is_filtered and self._is_query

    @property
    def total_is_exact(self) -> bool:
        """Return whether the platform's total counts what accepts() accepts."""
        return self.query.total_is_exact and self._is_query

    @property
    def _is_query(self) -> bool:
        return self == Match(self.query)

    @property
    def unresolved(self) -> list[str]:
        """Return the users that could not be looked up, and are therefore matched by the names that cases show."""
        people = (*self.query.assignee, *self.query.not_modified_by, *self.not_assignee)
        return [person.spelling for person in people if not person.is_resolved]


def _is_held(case: dict[str, Any], name: str, bound: int, held: Held | None) -> bool:
    if name == "assignee" and not case.get("assignee"):
        return False
    if held is None:
        raise HistoryNeeded
    return held.since(case, name) <= bound


def _found(pattern: Pattern[str], name: Any) -> bool:
    return pattern.search((name or "")[:MAX_NAME_LENGTH]) is not None


def compile_name(pattern: str) -> Pattern[str]:
    """Compile a regular expression for names. Raises ValueError that says what is wrong with it."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None

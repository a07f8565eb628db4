# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries: filters -> query parameters, and paging that loses nothing.

What the platform does with a filter only reduces what is read: every filter is also
matched here, because the platform silently ignores a parameter that it doesn't know (seen on a live
platform, 2026). A parameter is therefore sent only when it can at worst let too much through.
"""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from .case import severity, tags
from .directory import Person, Tenant
from .times import DAY_MS

# The platform's maximum (vendor docs 5.2).
PAGE_SIZE = 500
# A window is always sent: without one, some platforms show the last 24 hours only. From 2000 on, since
# 0 might count as absent; into tomorrow, since the clock here may be slow.
EARLIEST_MS = 946684800000

# Pages in a row that bring nothing new. A moved window begins with known cases, more than a page of them if
# that many were created in one ms; a platform that goes on like this repeats itself.
MAX_STALE_PAGES = 50

SORT_FIELDS = ("created_at", "modified_at", "score")
ORDERS = ("asc", "desc")


@dataclass(frozen=True)
class Query:
    """Which cases: conditions are ANDed, the values of one are ORed. Bounds are inclusive, times in ms."""

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    assignee: tuple[Person, ...] = ()
    not_modified_by: tuple[Person, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    min_size: int | None = None
    created_after: int | None = None
    created_before: int | None = None
    modified_after: int | None = None
    modified_before: int | None = None
    tenant: Tenant | None = None

    def matches(self, case: dict[str, Any]) -> bool:
        case_tags = tags(case)
        return (
            (not self.status or case.get("status") in self.status)
            and (not self.severity or severity(case) in self.severity)
            and (not self.tags or any(tag in case_tags for tag in self.tags))
            and not any(tag in case_tags for tag in self.not_tags)
            and (not self.assignee or any(person.is_assignee_of(case) for person in self.assignee))
            and not any(_is_modifier(person, case) for person in self.not_modified_by)
            and within(case.get("score"), self.min_score, self.max_score)
            and within(case.get("size"), self.min_size, None)
            and within(case.get("created_at"), self.created_after, self.created_before)
            and within(case.get("modified_at"), self.modified_after, self.modified_before)
            and (self.tenant is None or self.tenant.owns(case))
        )

    @property
    def total_is_exact(self) -> bool:
        """True if the platform's own total counts what matches() accepts: only filters of the vendor docs are used."""
        return self == Query(status=self.status, tags=self.tags)

    @property
    def unresolved(self) -> list[str]:
        """Return the users that could not be looked up, and are therefore matched by the names that cases show."""
        people = (*self.assignee, *self.not_modified_by)
        return [person.spelling for person in people if not person.is_resolved]

    def parts(self) -> list[Query]:
        """Return queries of at most one status and one severity each, whose union this is.

        Before about 2025 only tags could have several values (vendor docs 5.0).
        """
        pairs = itertools.product(self.status or (None,), self.severity or (None,))
        return [replace(self, status=_only(status), severity=_only(level)) for status, level in pairs]

    def _covers(self, part: Query) -> bool:
        """Return True if this query includes each case of the part, which is one of parts()."""
        return (
            (not self.status or self.status == part.status)
            and (not self.severity or self.severity == part.severity)
            and (not self.tags or (bool(part.tags) and set(part.tags) <= set(self.tags)))
            and set(self.not_tags) <= set(part.not_tags)
            and set(self.not_modified_by) <= set(part.not_modified_by)
            and (self.tenant is None or self.tenant == part.tenant)
            and all(_bound_covers(part, self, name, operator.le) for name in _LOW_BOUNDS)
            and all(_bound_covers(part, self, name, operator.ge) for name in _HIGH_BOUNDS)
        )

    def first_page(self, now_ms: int, descending: bool = False) -> Page:
        """Return the first page of the listing of one of the parts()."""
        people = [person.user_id for person in self.not_modified_by]
        # Bounds a little wider than asked: whether the platform includes them is not documented.
        filters = (
            ("status", ",".join(self.status)),
            ("severity", ",".join(self.severity)),
            ("tags", ",".join(self.tags)),
            ("NOT~tags", ",".join(self.not_tags)),
            ("NOT~modified_by", people[0] if len(people) == 1 else None),
            ("FROM~score", None if self.min_score is None else self.min_score - 0.001),
            ("TO~score", None if self.max_score is None else self.max_score + 0.001),
            ("FROM~modified_at", None if self.modified_after is None else self.modified_after - 1),
            ("TO~modified_at", None if self.modified_before is None else self.modified_before + 1),
            ("tenantid", self.tenant.cust_id if self.tenant else None),
        )
        return Page(
            tuple((name, value) for name, value in filters if value not in (None, "")),
            max(EARLIEST_MS, self.created_after or 0),
            now_ms + DAY_MS if self.created_before is None else max(EARLIEST_MS, self.created_before),
            descending,
        )


def minimal_cover(queries: Iterable[Query]) -> list[Query]:
    """Return the parts of several queries, as a listing filters them, less those that another one covers."""
    fewest: list[Query] = []
    for query in queries:
        # These two are not sent to the platform.
        for part in replace(query, assignee=(), min_size=None).parts():
            if not any(other._covers(part) for other in fewest):
                fewest = [other for other in fewest if not part._covers(other)] + [part]
    return fewest


def _bound_covers(part: Query, whole: Query, name: str, compare: Callable[[float, float], bool]) -> bool:
    """Return True if a bound of the whole is as wide as that of the part."""
    bound, inner = getattr(whole, name), getattr(part, name)
    return bound is None or (inner is not None and compare(bound, inner))


_LOW_BOUNDS = ("min_score", "created_after", "modified_after")
_HIGH_BOUNDS = ("max_score", "created_before", "modified_before")


def _only(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _is_modifier(person: Person, case: dict[str, Any]) -> bool:
    return person.matches(case.get("modified_by") or "", case.get("modified_by_name") or "")


def within(value: Any, low: float | None, high: float | None) -> bool:
    """Return True if there are no bounds, or a number lies between them. Bounds are inclusive."""
    if low is None and high is None:
        return True
    if not isinstance(value, (int, float)):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


class Page(NamedTuple):
    """One page of a listing sorted by created_at.

    The next page begins where this one ended in time, not at an offset: a case that leaves or enters the
    listing shifts nothing, and no ceiling of skip is met.
    """

    filters: tuple[tuple[str, Any], ...]
    from_ms: int
    to_ms: int
    descending: bool = False
    skip: int = 0
    size: int = PAGE_SIZE
    stale: int = 0

    def parameters(self) -> list[tuple[str, Any]]:
        return [
            *self.filters,
            # One ms more at each end: cases of the same ms, whether or not the platform includes the bounds.
            ("FROM~created_at", self.from_ms - 1),
            ("TO~created_at", self.to_ms + 1),
            ("sort", "created_at"),
            ("order", "desc" if self.descending else "asc"),
            ("limit", self.size),
            ("skip", self.skip),
        ]

    def is_sorted(self, cases: list[dict[str, Any]]) -> bool:
        if not all(isinstance(case.get("created_at"), int) for case in cases):
            return False
        moments = [case["created_at"] for case in cases]
        return moments == sorted(moments, reverse=self.descending)

    def next_page(self, cases: list[dict[str, Any]], new: int, total: int | None) -> Page | None:
        """Return the page after this one; None at the end.

        cases: what this page holds. new: how many of them no page before held.
        total: matches in this page's window, None if the platform does not say.
        """
        if not cases or (total is not None and self.skip + len(cases) >= total):
            return None
        stale = 0 if new else self.stale + 1
        if stale > MAX_STALE_PAGES:
            return None
        if self.is_sorted(cases):
            last = cases[-1]["created_at"]
            if not self.descending and last > self.from_ms:
                return self._replace(from_ms=last, skip=0, stale=stale)
            if self.descending and last < self.to_ms:
                return self._replace(to_ms=last, skip=0, stale=stale)
        # Not sorted, or all of one ms: only an offset goes on.
        return self._replace(skip=self.skip + len(cases), stale=stale)


class Sorting(NamedTuple):
    """The order in which cases are returned; ties by id, so that two runs agree."""

    field: str = "created_at"
    descending: bool = False

    def key(self, case: dict[str, Any]) -> tuple[float, str]:
        value = case.get(self.field)
        return (value if isinstance(value, (int, float)) else 0, str(case.get("_id")))

    def sorted(self, cases: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(cases, key=self.key, reverse=self.descending)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries: filters -> query parameters, and paging that loses nothing.

What the platform does with a filter only reduces what is read: every filter is also matched here, because the platform
silently ignores a parameter that it doesn't know (seen on a live platform, 2026). A parameter is therefore sent only
when it can at worst let too much through.
"""

from __future__ import annotations

import bisect
import itertools
import operator
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from .case import SEVERITIES, STATUSES, severity, tags
from .directory import Person, Tenant
from .times import DAY_MS, LARGEST_MS, since_second

# The platform's maximum (vendor docs 5.2).
PAGE_SIZE = 500
# A short page of a multiple of so many cases may be one that the platform cut: caps are round numbers.
_CAP_STEP = 50
# Some platforms answer HTTP 500 to a larger skip (seen on real tenants, 2026: DSB2).
MAX_SKIP = 1000
# A window is always sent: without one, some platforms show the last 24 hours only. From 2000 on, since
# 0 might count as absent; into tomorrow, since the clock here may be slow.
EARLIEST_MS = 946684800000

# Pages in a row that bring nothing new. A moved window begins with known cases, more than a page of them if
# that many were created in one ms; a platform that goes on like this repeats itself.
MAX_STALE_PAGES = 50
# How much larger a page is than the one before it, until it is a page of PAGE_SIZE
_GROWTH = 4

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
    def needs(self) -> frozenset[str]:
        """Return the fields that a case must have to be matched, of those that every case has."""
        conditions = {
            "status": self.status,
            "severity": self.severity,
            "tags": self.tags or self.not_tags,
            "score": self.min_score is not None or self.max_score is not None,
            "size": self.min_size is not None,
            "created_at": self.created_after is not None or self.created_before is not None,
            "modified_at": self.modified_after is not None or self.modified_before is not None,
        }
        return frozenset(name for name, condition in conditions.items() if condition)

    @property
    def is_filtered(self) -> bool:
        """Return whether a listing filters by each condition, so that no more is read than matches."""
        return not self.assignee and self.min_size is None and not self.not_modified_by

    @property
    def total_is_exact(self) -> bool:
        """Return whether the platform's total counts what matches() accepts: only filters of vendor docs are used."""
        return self == Query(status=self.status, tags=self.tags)

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

    def first_page(self, now_ms: int, descending: bool = False, by: str = "created_at") -> Page:
        """Return the first page of the listing of one of the parts(). by: as that of the page."""
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
        page = Page(
            tuple((name, value) for name, value in filters if value not in (None, "")),
            max(EARLIEST_MS, self.created_after or 0),
            now_ms + DAY_MS if self.created_before is None else max(EARLIEST_MS, self.created_before),
            descending,
        )
        return page.by_change(max(EARLIEST_MS, self.modified_after or 0)) if by == "modified_at" else page


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


def looks_capped(total: int) -> bool:
    """Return whether a total may be where the platform stops counting: 1,000, or a multiple of 10,000."""
    return total == 1000 or (total > 0 and total % 10_000 == 0)


class Page(NamedTuple):
    """One page of a listing sorted by created_at, or by modified_at.

    The next page begins where this one ended in time, not at an offset: a case that leaves or enters the
    listing shifts nothing, and no ceiling of skip is met. from_ms, to_ms: the window of the field of the sort,
    inclusive. from_ms: 0 for none. size: the most cases to ask for. stale: pages before it in a row that brought
    nothing new. by: the field.
    """

    filters: tuple[tuple[str, Any], ...]
    from_ms: int
    to_ms: int
    descending: bool = False
    skip: int = 0
    size: int = PAGE_SIZE
    stale: int = 0
    by: str = "created_at"

    def by_change(self, from_ms: int) -> Page:
        """Return the page of the same cases that were changed since a time, sorted by that. It has no end."""
        window = (("FROM~created_at", self.from_ms - 1), ("TO~created_at", self.to_ms + 1))
        filters = tuple(each for each in self.filters if each[0] != "FROM~modified_at")
        return self._replace(filters=(*filters, *window), from_ms=from_ms, to_ms=LARGEST_MS, by="modified_at")

    def parameters(self) -> list[tuple[str, Any]]:
        return [
            *self.filters,
            # One ms more at each end: cases of the same ms, whether or not the platform includes the bounds.
            *([(f"FROM~{self.by}", self.from_ms - 1)] if self.from_ms else []),
            *([(f"TO~{self.by}", self.to_ms + 1)] if self.to_ms < LARGEST_MS else []),
            ("sort", self.by),
            ("order", "desc" if self.descending else "asc"),
            ("limit", self.size),
            ("skip", self.skip),
        ]

    def is_sorted(self, cases: list[dict[str, Any]]) -> bool:
        if not all(isinstance(case.get(self.by), int) for case in cases):
            return False
        moments = [case[self.by] for case in cases]
        return moments == sorted(moments, reverse=self.descending)

    def is_last(self, records: int, total: int | None) -> bool:
        """Return whether no page follows one with so many records.

        total: matches in this page's window, None if the platform doesn't say. Some platforms count the page only, give
        0, or stop counting: it ends a listing only where it agrees with what was read. A full page never does, and one
        that may be full by a lower limit of the platform's own does not either.
        """
        if not records:
            return True
        if total is None or records == self.size:
            return False
        if records > self.size:  # the platform ignores the limit
            return self.skip + records >= total
        return self.skip + records == total and (self.skip > 0 or records % _CAP_STEP > 0)

    def next_page(
        self, cases: list[dict[str, Any]], new: int, total: int | None, records: int | None = None
    ) -> Page | None:
        """Return the page after this one, larger if it is a small one; None at the end.

        cases: those of this page. new: how many of them were on no earlier page. total: see is_last(). records: the
        number of cases and of what could not be read as one; by default that of the cases.
        """
        records = len(cases) if records is None else records
        stale = 0 if new else self.stale + 1
        if self.is_last(records, total) or stale > MAX_STALE_PAGES:
            return None
        following = self._replace(size=min(PAGE_SIZE, self.size * _GROWTH), stale=stale)
        if cases and self.is_sorted(cases):
            last = cases[-1][self.by]
            if not self.descending:
                since = since_second(last) if self.by == "modified_at" else last
                if since > self.from_ms:
                    return following._replace(from_ms=since, skip=0)
            # A time in whole seconds is the first ms of its second: see normalise().
            last += 0 if last % 1000 else 999
            if self.descending and last < self.to_ms:
                return following._replace(to_ms=last, skip=0)
        # Not sorted, or all of one ms: only an offset goes on.
        return following._replace(skip=self.skip + records)

    def split(self, cases: list[dict[str, Any]]) -> list[Page]:
        """Return pages that list less each, and together all that this page and those after it list.

        For a page that only a large skip would reach. cases: what was read of its window. Empty if no filter that the
        platform honours tells these cases apart.
        """
        start = self._replace(skip=0, stale=0)
        if self.by == "modified_at":
            return start._split_by_creation(cases)
        moments = [case.get("created_at") for case in cases]
        if self.to_ms - self.from_ms > 1 and self.is_sorted(cases):
            # All of one ms at an end of the window. The one beside it is in both: bounds may be excluded.
            if self.descending:
                ends = (start._replace(from_ms=self.to_ms - 1), start._replace(to_ms=self.to_ms - 2))
            else:
                ends = (start._replace(to_ms=self.from_ms + 1), start._replace(from_ms=self.from_ms + 2))
            parts = ends[0]._split_by_fields(cases)
            return [*parts, ends[1]] if parts else []
        cut = _cut(moments, self.from_ms, self.to_ms, 1)
        if cut is not None:
            # Each 1 ms narrower than _cut() says, since parameters() adds that.
            return [start._replace(to_ms=int(cut) - 2), start._replace(from_ms=int(cut) - 1)]
        return start._split_by_fields(cases)

    def _split_by_creation(self, cases: list[dict[str, Any]]) -> list[Page]:
        """Return a page by created_at of the cases of one time of change, and one of the later changes."""
        if self.descending or not cases or not self.is_sorted(cases):
            return []
        latest = cases[-1]["modified_at"]
        # The ms beside the end is in both: bounds may be excluded.
        bounds = (("FROM~modified_at", self.from_ms - 1), ("TO~modified_at", latest + 2))
        filters = dict(self.filters)
        from_ms, to_ms = filters.pop("FROM~created_at") + 1, filters.pop("TO~created_at") - 1
        of_one = Page((*filters.items(), *bounds), from_ms, to_ms, size=self.size)
        return [of_one, self._replace(from_ms=latest + 2)]

    def _split_by_fields(self, cases: list[dict[str, Any]]) -> list[Page]:
        filters = dict(self.filters)
        for name, slack in (("modified_at", 1), ("score", 0.001)):
            bounds = filters.get(f"FROM~{name}"), filters.get(f"TO~{name}")
            cut = _cut([case.get(name) for case in cases], *bounds, slack)
            if cut is not None:
                return [
                    self._filtered(f"TO~{name}", cut - slack),
                    self._filtered(f"FROM~{name}", cut - 2 * slack),
                ]
        for name, known in (("status", STATUSES), ("severity", SEVERITIES)):
            held = dict.fromkeys(case.get(name) for case in cases)
            if name not in filters and len(held) > 1 and all(held):
                return [self._filtered(name, value) for value in dict.fromkeys((*known, *held))]
        return []

    def _filtered(self, name: str, value: Any) -> Page:
        return self._replace(filters=tuple({**dict(self.filters), name: value}.items()))


def _cut(values: list[Any], low: float | None, high: float | None, slack: float) -> float | None:
    """Return the value that halves others: up to slack below it, and from twice that below it; None if none does.

    The halves overlap, so that they lose nothing where bounds are excluded. low, high: bounds that the values have
    already; others show that the platform ignores them.
    """
    if not values or not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return None
    found = sorted(values)
    if (low is not None and found[0] < low - slack) or (high is not None and found[-1] > high + slack):
        return None

    def larger_part(cut: float) -> int:
        upto, since = cut - slack, cut - 2 * slack
        return max(bisect.bisect_right(found, upto), len(found) - bisect.bisect_left(found, since))

    cuts = [
        cut
        for cut in sorted(set(found))
        if (low is None or low < cut - 2 * slack) and (high is None or cut - slack < high)
    ]
    best = min(cuts, key=larger_part, default=None)
    return best if best is not None and larger_part(best) < len(found) else None


class Sorting(NamedTuple):
    """The order in which cases are returned; ties by id, so that two runs agree."""

    field: str = "created_at"
    descending: bool = False

    def key(self, case: dict[str, Any]) -> tuple[float, str]:
        value = case.get(self.field)
        return (value if isinstance(value, (int, float)) else 0, str(case.get("_id")))

    def sorted(self, cases: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(cases, key=self.key, reverse=self.descending)

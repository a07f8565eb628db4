# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the changes of cases, and whether the platform can list them at all.

The filter FROM~modified_at and the sort by modified_at are used by the vendor's library and other clients, and are not
documented. The platform silently ignores a parameter that it does not know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator

from .._errors import ApiError
from .._model.case import modified_at, shown
from .._model.ping import is_sorted
from .._model.query import EARLIEST_MS, Query, Sorting
from .listing import OddRecord
from .reader import SMALL_PAGE, Reader

_NEEDS = frozenset({"modified_at"})
WHAT = "Could not follow the changes of cases"


class Changes:
    """The changes of the cases that a reader can see."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        # Whether all cases are read, as the platform can't list those that were changed
        self.is_scan = False
        # The cases that were changed last, when why_unsupported() asked
        self._latest: list[dict[str, Any]] = []

    @property
    def is_sorted(self) -> bool:
        """Return whether since() gave all cases in the order of their changes so far."""
        return not self.is_scan and not self._reader.lister.is_unsorted

    def why_unsupported(self) -> str:
        """Return what of a listing of changes the platform ignores, '' if nothing shows that.

        Raises ApiError if it shows cases, and of none of them when it was changed.
        """
        self._latest = self._page(EARLIEST_MS, descending=True)
        # Without a filter, which leaves out cases without a time
        earliest = self._page(0)
        if not self._latest and not earliest and self._reader.lister.odd:
            raise ApiError(
                WHAT,
                "the platform shows no time of change (modified_at) of its cases.",
                "The source can't work without it, whatever unsupported says. Use the role case_hygiene or the lookup.",
            )
        latest = max(_times(self._latest), default=None)
        if is_sorted(_times(earliest), _times(self._latest)) is False:
            return "it ignores the sort by modified_at"
        if latest is not None and any(time <= latest for time in _times(self._page(latest + 2))):
            return "it ignores the filter FROM~modified_at"
        return ""

    def newest(self) -> list[dict[str, Any]]:
        """Return the cases of the latest change: several, if they were changed at the same time."""
        found: list[dict[str, Any]] = []
        everything = Query(tenant=self._reader.directory.tenant(), modified_after=EARLIEST_MS)
        for case in self.since(everything) if self.is_scan else self._latest:
            time = modified_at(case)
            latest = (modified_at(found[0]) if found else None) or 0
            if time is not None and time >= latest:
                found = [*(found if time == latest else ()), case]
        return found

    def since(self, query: Query) -> Iterator[dict[str, Any]]:
        """Yield the cases of a query, each once, if possible by the time of their change.

        query: has modified_after. A case that is changed during the listing may be missing: it has a later time then.
        """
        self._reader.lister.is_unsorted = False
        # As a platform that ignores it would be used in a scan, the filter is not sent.
        at_any_time = replace(query, modified_after=None)
        asked = at_any_time if self.is_scan else query
        sorting = Sorting("created_at" if self.is_scan else "modified_at")
        for case, _read_at in self._reader.listed(asked.parts(), sorting, query.needs | _NEEDS):
            if at_any_time.matches(case) and self._is_dated(case) and query.matches(case):
                yield case

    def _page(self, from_ms: int, descending: bool = False) -> list[dict[str, Any]]:
        query = Query(tenant=self._reader.directory.tenant(), modified_after=from_ms)
        page = query.first_page(self._reader.now_ms, descending, "modified_at")._replace(size=SMALL_PAGE)
        if not from_ms:
            page = page._replace(from_ms=0)
        cases = self._reader.lister.usable(self._reader.lister.page(page).cases, _NEEDS)
        return [case for case in cases if self._is_dated(case)]

    def _is_dated(self, case: dict[str, Any]) -> bool:
        """Return whether a case shows when it was changed last. Else it can't be followed, and is kept as odd."""
        if (modified_at(case) or 0) >= EARLIEST_MS:
            return True
        why = f"modified_at is {shown(case['modified_at'])}, so its changes can't be followed"
        self._reader.lister.odd[case["_id"]] = OddRecord(case, case["_id"], why, case["_id"])
        return False


def _times(cases: list[dict[str, Any]]) -> list[int]:
    return [time for time in map(modified_at, cases) if time is not None]

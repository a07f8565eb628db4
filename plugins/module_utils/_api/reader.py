# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads cases from the platform, and what belongs to a case."""

from __future__ import annotations

import heapq
import itertools
import time
from typing import Any, Callable, Iterator

from .._errors import (
    ApiError,
    InputError,
    StellarError,
)
from .._http.client import Client
from .._model.case import is_case, tenant_label
from .._model.query import Page, Query, Sorting
from .answers import case_in, case_path, shape_error
from .directory import MAX_NAMED, Directory

# The platform cuts a larger page of alerts to this (seen on a live platform, 2026).
ALERTS_PAGE_SIZE = 50
# A listing that goes on beyond these never ends, as of a platform that makes up cases as it is asked.
MAX_CASES = 500_000
MAX_ALERTS = 100_000


class Reader:
    """Reads for one run. Safe for threads."""

    def __init__(self, client: Client, now_ms: int | None = None) -> None:
        self.client = client
        self.directory = Directory(client)
        self.now_ms = int(time.time() * 1000) if now_ms is None else now_ms
        self._unsorted = False  # whether the platform gave a page in another order than asked for

    # -- cases ---------------------------------------------------------------------------------

    def case_by_id(self, case_id: str) -> dict[str, Any]:
        """Return a case, checked to be the one asked for and of the connection's tenant."""
        what = f"Could not read case {case_id}"
        case = case_in(self.client.get(case_path(case_id), what=what))
        if case is None or case["_id"] != case_id:
            raise shape_error(self.client, case_path(case_id), what, "this case")
        self.directory.require_tenant(case)
        return case

    def case_by_ticket(self, ticket_id: int) -> dict[str, Any]:
        """Return the one case of a ticket number. Raises InputError if several tenants have that number."""
        cases = self.cases_by_ticket(ticket_id)
        what = f"Could not find the case of ticket {ticket_id}"
        if not cases:
            tenant = self.client.connection.tenant
            where = f"in tenant {tenant}" if tenant else "that this key can see"
            raise InputError(what, f"there is none {where}.", "Check ticket_id and tenant, or give case_id.")
        if len(cases) > 1:
            named = "; ".join(f"{case['_id']} of tenant {tenant_label(case)}" for case in cases[:MAX_NAMED])
            raise InputError(
                what, f"it matches {len(cases)} cases (ambiguous): {named}.", "Set tenant, or give case_id."
            )
        return cases[0]

    def cases_by_ticket(self, ticket_id: int) -> list[dict[str, Any]]:
        tenant = self.directory.tenant()
        page = self._first_page(Query(tenant=tenant))
        page = page._replace(filters=(*page.filters, ("ticket_id", ticket_id)))
        cases = []
        for case, _read_at in self._pages(page):
            if case.get("ticket_id") != ticket_id:
                raise ApiError(
                    f"Could not find ticket {ticket_id}",
                    "the platform ignores the filter ticket_id and lists other cases.",
                    "Give case_id instead.",
                )
            if tenant is None or tenant.owns(case):
                cases.append(case)
        return cases

    def find(self, query: Query, sorting: Sorting, limit: int | None = None) -> tuple[list[dict[str, Any]], bool]:
        """Return the cases of a query, sorted, and whether limit cut any off. Stops reading as soon as it can."""
        cases = None
        if limit is not None and sorting.field == "created_at":
            cases = list(itertools.islice(self._matching(query, sorting), limit + 1))
        if cases is None or self._unsorted:
            cases = sorting.sorted(self._matching(query, Sorting()))
        if limit is None or len(cases) <= limit:
            return cases, False
        return cases[:limit], True

    def count(self, query: Query) -> int:
        """Return the number of cases that match: by the platform's total where that is sure, else by reading them."""
        counts = [self._count_by_one_page(part) for part in query.parts()]
        if None not in counts:
            return sum(count for count in counts if count is not None)
        return sum(1 for _case in self._matching(query, Sorting()))

    def _count_by_one_page(self, part: Query) -> int | None:
        """Return the count, or None if one page does not show it."""
        cases, total = self._page(self._first_page(part))
        matches = sum(part.matches(case) for case in cases)
        if total is not None and total <= len(cases):
            return matches
        if total is None or not part.total_is_exact or not cases or matches < len(cases):
            return None
        # An ignored filter shows: at this end of the listing, or at the other.
        others, _total = self._page(self._first_page(part, descending=True))
        return total if all(part.matches(case) for case in others) else None

    def _first_page(self, part: Query, descending: bool = False) -> Page:
        return part.first_page(self.now_ms, descending)

    def _matching(self, query: Query, sorting: Sorting) -> Iterator[dict[str, Any]]:
        return (case for case, _read_at in self.listed(query.parts(), sorting) if query.matches(case))

    def listed(self, parts: list[Query], sorting: Sorting) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield what the platform lists for several parts() of queries, by created_at, each once; to be matched here.

        With each case, the time.monotonic() from which on it may be another one on the platform: one listing may
        wait for its turn in the merge while others are read.
        """
        listings = [self._pages(self._first_page(part, sorting.descending)) for part in parts]
        seen = set()
        # A page is sorted by the platform; sorting.key breaks ties within the merge only.
        for case, read_at in heapq.merge(
            *listings, key=lambda listed: sorting.key(listed[0])[0], reverse=sorting.descending
        ):
            if case["_id"] not in seen:
                seen.add(case["_id"])
                yield case, read_at

    def _pages(self, first: Page) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield all cases of a listing, each once, with the time of its request. Raises ApiError if the list is cut."""
        seen: set[str] = set()
        announced: int | None = None
        # Cases may enter and leave a listing while it is read, so that it is short by a few: a second pass shows it.
        for _number in range(2):
            asked_at = time.monotonic()
            cases, announced = self._page(first)
            page: Page | None = first
            total = announced
            while page is not None:
                self._unsorted = self._unsorted or not page.is_sorted(cases)
                fresh = [case for case in cases if case["_id"] not in seen]
                seen.update(case["_id"] for case in fresh)
                for case in fresh:
                    yield case, asked_at
                if len(seen) > MAX_CASES:
                    raise ApiError(
                        "Could not list all cases",
                        f"the platform lists more than {MAX_CASES}, and the listing does not end.",
                        "Narrow the query by created_after and created_before, status or tenant.",
                    )
                page = page.next_page(cases, len(fresh), total)
                if page is not None:
                    asked_at = time.monotonic()
                    cases, total = self._page(page)
            if len(seen) >= announced if announced is not None else not cases:
                return
        raise ApiError(
            "Could not list all cases",
            f"the platform announces {'more' if announced is None else announced} cases and gives {len(seen)}.",
            "Narrow the query by created_after and created_before, status or tenant; "
            "or run again, if many cases are being changed now.",
        )

    def _page(self, page: Page) -> tuple[list[dict[str, Any]], int | None]:
        what = "Could not list cases"
        data = self.client.get("cases", page.parameters(), what).get("data")
        cases = data.get("cases") if isinstance(data, dict) else None
        if not isinstance(cases, list) or not all(is_case(case) for case in cases):
            raise shape_error(self.client, "cases", what, "a list of cases")
        total = data.get("total") if isinstance(data, dict) else None
        return cases, total if isinstance(total, int) else None

    # -- what belongs to a case ------------------------------------------------------------------

    def included(self, case: dict[str, Any], part: str) -> Any:
        """Read one of INCLUDES (_argspec/case.py) for a case."""
        return self._alerts(case) if part == "alerts" else _INCLUDED[part](self, case["_id"])

    def history(self, case: dict[str, Any]) -> tuple[list[dict[str, Any]] | None, str]:
        """Return a case's history, or why it can't be read: old versions lack it, some keys have no permission."""
        try:
            return [entry for entry in self._activities(case["_id"]) if isinstance(entry, dict)], ""
        except StellarError as error:
            return None, f"{error.what}: {error.why}"

    def comments(self, case_id: str) -> list[dict[str, Any]]:
        return self._data_list(case_id, "comments")

    def _alerts(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        what, path = f"Could not read the alerts of case {case['_id']}", case_path(case["_id"], "alerts")
        alerts: dict[str, dict[str, Any]] = {}
        while True:
            params = [("limit", ALERTS_PAGE_SIZE), ("skip", len(alerts))]
            data = self.client.get(path, params, what).get("data")
            docs = data.get("docs") if isinstance(data, dict) else None
            if not isinstance(docs, list) or not all(isinstance(doc, dict) for doc in docs):
                raise shape_error(self.client, path, what, "a list of alerts")
            known = len(alerts)
            if known > MAX_ALERTS:
                raise ApiError(
                    what,
                    f"the platform lists more than {MAX_ALERTS}, and the listing does not end.",
                    "Read the alerts of this case in the platform's user interface.",
                )
            alerts.update((str(doc.get("_id")), doc) for doc in docs)
            # The answer has no total. A short page is the last one, if the case's size agrees.
            size = case.get("size")
            is_last = len(docs) < ALERTS_PAGE_SIZE and (not isinstance(size, int) or len(alerts) >= size)
            if is_last or len(alerts) == known:
                return list(alerts.values())

    def _observables(self, case_id: str) -> dict[str, Any]:
        what, path = f"Could not read the observables of case {case_id}", case_path(case_id, "observables")
        observables = self.client.get(path, what=what).get("observables")
        if not isinstance(observables, dict):
            raise shape_error(self.client, path, what, "observables")
        return observables

    def _summary(self, case_id: str) -> Any:
        what, path = f"Could not read the summary of case {case_id}", case_path(case_id, "summary")
        answer = self.client.get(path, [("formatted", "true")], what)
        if "data" not in answer:
            raise shape_error(self.client, path, what, "a summary")
        return answer["data"]

    def _activities(self, case_id: str) -> list[dict[str, Any]]:
        return self._data_list(case_id, "activities")

    def _scores(self, case_id: str) -> list[dict[str, Any]]:
        """/scores since about 5.3 (vendor library 2024-09), /activity/score since 5.1.1 (vendor docs)."""
        try:
            return self._data_list(case_id, "scores")
        except ApiError as error:
            if not error.is_answer_to(case_path(case_id, "scores"), 404):
                raise
            return self._data_list(case_id, "activity", "score")

    def _data_list(self, case_id: str, *parts: str) -> list[dict[str, Any]]:
        what, path = f"Could not read the {parts[-1]} of case {case_id}", case_path(case_id, *parts)
        data = self.client.get(path, what=what).get("data")
        if not isinstance(data, list):
            raise shape_error(self.client, path, what, "a list")
        return data


_INCLUDED: dict[str, Callable[[Reader, str], Any]] = {
    "observables": Reader._observables,
    "summary": Reader._summary,
    "comments": Reader.comments,
    "activities": Reader._activities,
    "scores": Reader._scores,
}

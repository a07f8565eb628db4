# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads cases from the platform, and what belongs to a case."""

from __future__ import annotations

import copy
import heapq
import itertools
import time
from typing import Any, Callable, Dict, Iterator, NamedTuple

from .._errors import (
    ApiError,
    InputError,
    StellarError,
)
from .._http.client import Client
from .._model.case import modified_at, tenant_label
from .._model.held import HELD_FIELDS
from .._model.match import Match
from .._model.query import MAX_SKIP, PAGE_SIZE, Page, Query, Sorting, looks_capped
from .answers import case_in, case_path, plain_list_in, records_in, shape_error
from .directory import MAX_NAMED, Directory
from .listing import Lister

# The platform cuts a larger page of alerts to this (seen on a live platform, 2026).
ALERTS_PAGE_SIZE = 50
# A listing that goes on beyond this never ends, as of a platform that makes up alerts as it is asked.
MAX_ALERTS = 100_000
# Seconds between the reads of what does not show a write yet. On some platforms a read lags behind a write, or a write
# is made after its answer; 2.5 s are more than any of them is known to take.
SETTLING_S = (0.1, 0.2, 0.4, 0.8, 1.0)
# A page for what is one case, or for a total
SMALL_PAGE = 20


Accepts = Callable[[Dict[str, Any]], bool]


class Count(NamedTuple):
    """A number of cases. counted_by: "total" if it is the platform's own, or "reading" if each case was read."""

    number: int
    counted_by: str


class Reader:
    """Reads for one run. Safe for threads."""

    def __init__(self, client: Client, now_ms: int | None = None) -> None:
        self.client = client
        self.directory = Directory(client)
        self.now_ms = int(time.time() * 1000) if now_ms is None else now_ms
        self.lister = Lister(client)
        self._notes: list[str] = []
        self._histories: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
        self._no_histories: ApiError | None = None

    @property
    def warnings(self) -> list[str]:
        """Return what a user should know of what was read so far."""
        return [*self.lister.notes, *(str(odd.error) for odd in self.lister.odd.values()), *self._notes]

    def take_warnings(self) -> list[str]:
        """Return the warnings, and forget them, so that a reader that is used for weeks does not keep them all."""
        found = self.warnings
        self.lister.odd.clear()
        self._notes.clear()
        return found

    @property
    def unusable(self) -> list[dict[str, Any]]:
        """Return the records of lists that could not be used, as results show them."""
        return [{"case_id": odd.case_id or None, "msg": str(odd.error)} for odd in self.lister.odd.values()]

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
        cases = self.cases_by_ticket(ticket_id, frozenset({"tags"}))
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

    def cases_by_ticket(self, ticket_id: int, needs: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
        """Return the cases of a ticket number, one for each tenant. needs: the fields that they must have."""
        tenant = self.directory.tenant()
        page = self._first_page(Query(tenant=tenant), size=SMALL_PAGE)
        page = page._replace(filters=(*page.filters, ("ticket_id", ticket_id)))
        cases = []
        for case, _read_at in self.lister.cases(page, needs):
            if case.get("ticket_id") != ticket_id:
                raise ApiError(
                    f"Could not find ticket {ticket_id}",
                    "the platform ignores the filter ticket_id and lists other cases.",
                    "Give case_id instead.",
                )
            if tenant is None or tenant.owns(case):
                cases.append(case)
        return cases

    def find(
        self, match: Match, sorting: Sorting, limit: int | None = None, accepts: Accepts | None = None
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the cases that match, sorted, and whether limit cut any off. Stops reading as soon as it can.

        accepts: does what match.accepts() does, if a caller has more to say about it.
        """
        cases = None
        needs = match.needs
        accepts = accepts or match.accepts
        if limit is not None or sorting.field != "created_at":
            needs |= {sorting.field}
        if limit is not None and sorting.field == "created_at":
            size = min(PAGE_SIZE, limit + 1) if match.is_filtered else PAGE_SIZE
            cases = list(itertools.islice(self._matching(match, accepts, sorting, needs, size), limit + 1))
        if cases is None or self.lister.is_unsorted:
            cases = sorting.sorted(self._matching(match, accepts, Sorting(), needs))
        if limit is None or len(cases) <= limit:
            return cases, False
        return cases[:limit], True

    def count(self, match: Match, accepts: Accepts | None = None) -> Count:
        """Count the cases that match: by the platform's total where that is sure, else by reading them.

        accepts: as in find().
        """
        accepts = accepts or match.accepts
        counts = [self._count_by_one_page(part, match, accepts) for part in match.query.parts()]
        by_total = any(count is not None and count.counted_by == "total" for count in counts)
        if None not in counts:
            number = sum(count.number for count in counts if count is not None)
            return Count(number, "total" if by_total else "reading")
        return Count(sum(1 for _case in self._matching(match, accepts, Sorting(), match.needs)), "reading")

    def _count_by_one_page(self, part: Query, match: Match, accepts: Accepts) -> Count | None:
        """Return the count; None if neither one page nor a total that another page confirms shows it.

        part: one of those of the match's query.
        """
        size = SMALL_PAGE if match.total_is_exact else PAGE_SIZE
        listed = self.lister.page(self._first_page(part, size=size))
        needs = match.needs
        cases = self.lister.usable(listed.cases, needs)
        total = listed.total
        if len(cases) < listed.records or total is None:
            return None
        is_last = listed.page.is_last(listed.records, total)
        if (is_last and total > listed.records) or not (is_last or match.total_is_exact):
            return None
        matches = sum(part.matches(case) and accepts(case) for case in cases)
        if is_last:
            return Count(matches, "reading")
        if matches < listed.records or total < listed.records:
            return None
        # What would show a filter that is ignored, or a total of another kind: the last case, and none after it.
        if total <= MAX_SKIP:
            probe = self._first_page(part, size=2)._replace(skip=total - 1)
            expected = 1
        elif looks_capped(total):
            return None
        else:
            probe = self._first_page(part, descending=True, size=SMALL_PAGE)
            expected = min(SMALL_PAGE, total)
        others = self.lister.page(probe)
        are_matches = all(part.matches(case) for case in self.lister.usable(others.cases, needs))
        is_confirmed = others.records == len(others.cases) and (others.records == expected or total > MAX_SKIP)
        return Count(total, "total") if is_confirmed and are_matches else None

    def _first_page(self, part: Query, descending: bool = False, size: int = PAGE_SIZE, by: str = "created_at") -> Page:
        return part.first_page(self.now_ms, descending, by)._replace(size=size)

    def _matching(
        self, match: Match, accepts: Accepts, sorting: Sorting, needs: frozenset[str], size: int = PAGE_SIZE
    ) -> Iterator[dict[str, Any]]:
        listed = self.listed(match.query.parts(), sorting, needs, size)
        return (case for case, _read_at in listed if accepts(case))

    def listed(
        self,
        parts: list[Query],
        sorting: Sorting,
        needs: frozenset[str] = frozenset(),
        size: int = PAGE_SIZE,
        reads_ahead: bool = False,
    ) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield what the platform lists for several parts() of queries, each once; to be matched here.

        sorting: by created_at, or by modified_at, where a case that is changed during the listing may be missing.

        With each case, the time.monotonic() from which on it may be another one on the platform: one listing may
        wait for its turn in the merge while others are read. needs: the fields that a case must have. size: that of the
        first page. reads_ahead: as in Lister.cases().
        """
        first_pages = [self._first_page(part, sorting.descending, size, sorting.field) for part in parts]
        listings = [self.lister.cases(page, needs, reads_ahead) for page in first_pages]
        seen = set()
        try:
            # A page is sorted by the platform; sorting.key breaks ties within the merge only.
            for case, read_at in heapq.merge(
                *listings, key=lambda listed: sorting.key(listed[0])[0], reverse=sorting.descending
            ):
                if case["_id"] not in seen:
                    seen.add(case["_id"])
                    yield case, read_at
        finally:
            # If one fails, the others end what they read ahead.
            for listing in listings:
                listing.close()

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

    def held_history(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the changes that tell since when a case has had its values. Reads each history once in a run.

        After HTTP 403 no other history is read: the key has no permission. Raises StellarError.
        """
        key = case["_id"], modified_at(case)
        if key not in self._histories:
            if self._no_histories is not None:
                refused = copy.copy(self._no_histories)
                refused.what = f"Could not read the activities of case {case['_id']}"
                # Nothing was sent.
                refused.details = {"status": 403}
                raise refused
            try:
                entries = self._activities(case["_id"])
            except ApiError as error:
                if error.is_answer_to(case_path(case["_id"], "activities"), 403):
                    self._no_histories = error
                raise
            self._histories[key] = [entry for entry in entries if entry.get("field") in HELD_FIELDS]
        return self._histories[key]

    def comments(self, case_id: str) -> list[dict[str, Any]]:
        return self._data_list(case_id, "comments")

    def _alerts(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        what, path = f"Could not read the alerts of case {case['_id']}", case_path(case["_id"], "alerts")
        alerts: dict[str, dict[str, Any]] = {}
        skip = 0
        while True:
            docs = self._alerts_page(case, path, what, skip)
            records, skip = len(docs), skip + len(docs)
            docs = self._objects(docs, "alerts", case["_id"])
            if records and not docs:
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
            is_last = records < ALERTS_PAGE_SIZE and (not isinstance(size, int) or skip >= size)
            if is_last or len(alerts) == known:
                return list(alerts.values())

    def _alerts_page(self, case: dict[str, Any], path: str, what: str, skip: int) -> list[Any]:
        params = [("limit", ALERTS_PAGE_SIZE), ("skip", skip)]
        try:
            answer = self.client.get(path, params, what, lists=True)
        except ApiError as error:
            if skip > MAX_SKIP and error.is_answer_to(path, 500):
                error.notes.append(
                    f"It is the page from alert {skip} on: some platforms refuse a skip above {MAX_SKIP}."
                )
                error.remedy = "Read the other alerts of this case in the platform's user interface."
            raise
        docs, _total = records_in(answer, "docs", is_later_page=skip > 0 or case.get("size") == 0)
        if docs is None:
            raise shape_error(self.client, path, what, "a list of alerts")
        return docs

    def _objects(self, records: list[Any], part: str, case_id: str) -> list[dict[str, Any]]:
        """Return the records that are objects, and note how many are not."""
        found = [record for record in records if isinstance(record, dict)]
        if len(found) < len(records):
            self._notes.append(f"{len(records) - len(found)} of the {part} of case {case_id} are not objects.")
        return found

    def _observables(self, case_id: str) -> dict[str, Any]:
        what, path = f"Could not read the observables of case {case_id}", case_path(case_id, "observables")
        observables = self.client.get(path, what=what).get("observables", "")
        if observables is None:
            return {}
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
        """Read /scores: since about 5.3 (vendor library 2024-09), /activity/score since 5.1.1 (vendor docs)."""
        try:
            return self._data_list(case_id, "scores")
        except ApiError as error:
            if not error.is_answer_to(case_path(case_id, "scores"), 404):
                raise
            return self._data_list(case_id, "activity", "score")

    def _data_list(self, case_id: str, *parts: str) -> list[dict[str, Any]]:
        what, path = f"Could not read the {parts[-1]} of case {case_id}", case_path(case_id, *parts)
        records = plain_list_in(self.client.get(path, what=what))
        if records is None:
            raise shape_error(self.client, path, what, "a list")
        found = self._objects(records, parts[-1], case_id)
        if records and not found:
            raise shape_error(self.client, path, what, "a list of objects")
        return found


_INCLUDED: dict[str, Callable[[Reader, str], Any]] = {
    "observables": Reader._observables,
    "summary": Reader._summary,
    "comments": Reader.comments,
    "activities": Reader._activities,
    "scores": Reader._scores,
}

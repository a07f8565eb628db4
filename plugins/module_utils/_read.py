# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is read from the platform: cases, what belongs to a case, people, tenants."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import Any, Callable, Iterator

from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import (
    Person,
    Tenant,
    find_people,
    is_case,
    is_platform_id,
    label,
    matches_tenant,
    tenant_label,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InputError,
    StellarError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._query import Page, Query, Sorting
from ansible_collections.stellarcyber.xdr.plugins.module_utils._request import API_PATH

# The platform cuts a larger page of alerts to this (seen on a live platform, 2026).
ALERTS_PAGE_SIZE = 50
MAX_NAMED = 10
ALL_TENANTS = "all tenants"
# A listing that goes on beyond these never ends, as of a platform that makes up cases as it is asked.
MAX_CASES = 500_000
MAX_ALERTS = 100_000


def case_path(case_id: str, *more: str) -> str:
    """A path of a case, whose id is_case_id() has let through."""
    return "/".join(["cases", case_id, *more])


def _shape_error(client: Client, path: str, what: str, expected: str) -> ApiError:
    url = client.connection.base_url + API_PATH + path
    return ApiError(
        f"{what} (GET {url})",
        f"HTTP 200, but the platform's answer does not hold {expected}.",
        "Check that host is the platform, and that the platform's version is 4.3.7 or later.",
        method="GET",
        path=API_PATH + path,
        url=url,
        status=200,
    )


def case_in(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The case of an answer {"data": {case}}, or None."""
    case = answer.get("data")
    return case if is_case(case) else None


class Reader:
    """Reads for one run. People and tenants are fetched at most once, and only when needed. Safe for threads."""

    def __init__(self, client: Client, now_ms: int | None = None) -> None:
        self.client = client
        self.now_ms = int(time.time() * 1000) if now_ms is None else now_ms
        self._lists: dict[str, list[dict[str, Any]] | None] = {}
        self._refusals: dict[str, StellarError] = {}  # why a list is None
        self._lists_lock = threading.Lock()
        self._unsorted = False  # whether the platform gave a page in another order than asked for
        self._tenant: Tenant | None = None  # the connection's, as far as it has been met

    # -- cases ---------------------------------------------------------------------------------

    def case_by_id(self, case_id: str) -> dict[str, Any]:
        """One case, checked to be the one asked for and of the connection's tenant."""
        what = f"Could not read case {case_id}"
        case = case_in(self.client.get(case_path(case_id), what=what))
        if case is None or case["_id"] != case_id:
            raise _shape_error(self.client, case_path(case_id), what, "this case")
        self._require_tenant(case)
        return case

    def case_by_ticket(self, ticket_id: int) -> dict[str, Any]:
        """The one case of a ticket number; several tenants may have the same number."""
        cases = self.cases_by_ticket(ticket_id)
        what = f"Could not find the case of ticket {ticket_id}"
        if not cases:
            tenant = self.client.connection.tenant
            where = f"in tenant {tenant}" if tenant else "that this key can see"
            raise InputError(what, f"there is none {where}.", "Check ticket_id and tenant, or give case_id.")
        if len(cases) > 1:
            named = "; ".join(f"{case['_id']} of tenant {tenant_label(case)}" for case in cases[:MAX_NAMED])
            raise InputError(what, f"it stands for {len(cases)} cases: {named}.", "Set tenant, or give case_id.")
        return cases[0]

    def cases_by_ticket(self, ticket_id: int) -> list[dict[str, Any]]:
        tenant = self.tenant()
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
        """The cases of a query, sorted, and whether limit cut any off. Stops reading as soon as it can."""
        cases = None
        if limit is not None and sorting.field == "created_at":
            cases = list(itertools.islice(self._matching(query, sorting), limit + 1))
        if cases is None or self._unsorted:
            cases = sorting.sorted(self._matching(query, Sorting()))
        if limit is None or len(cases) <= limit:
            return cases, False
        return cases[:limit], True

    def count(self, query: Query) -> int:
        """How many cases match: by the platform's total where that is sure, else by reading them."""
        counts = [self._count_by_one_page(part) for part in query.parts()]
        if None not in counts:
            return sum(count for count in counts if count is not None)
        return sum(1 for _case in self._matching(query, Sorting()))

    def _count_by_one_page(self, part: Query) -> int | None:
        """None if one page does not tell."""
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
        return part.first_page(self.now_ms, self.client.connection.api_version, descending)

    def _matching(self, query: Query, sorting: Sorting) -> Iterator[dict[str, Any]]:
        return (case for case, _read_at in self.listed(query.parts(), sorting) if query.matches(case))

    def listed(self, parts: list[Query], sorting: Sorting) -> Iterator[tuple[dict[str, Any], float]]:
        """What the platform lists for several parts() of queries, by created_at, each once; to be matched here.

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
        """All cases of a listing, each once, with when it was asked for. Raises ApiError if the platform cuts it."""
        seen: set[str] = set()
        announced: int | None = None
        # Cases may enter and leave a listing while it is read, so that it is short by a few: the second pass tells.
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
                        f"the platform lists more than {MAX_CASES}, and there is no end to be seen.",
                        "Narrow the query by created_after and created_before, status or tenant.",
                    )
                page = page.following(cases, len(fresh), total)
                if page is not None:
                    asked_at = time.monotonic()
                    cases, total = self._page(page)
            if len(seen) >= announced if announced is not None else not cases:
                return
        raise ApiError(
            "Could not list all cases",
            f"the platform announces {'more' if announced is None else announced} cases and gives {len(seen)}.",
            "Narrow the query by created_after and created_before, status or tenant; "
            "or run again, if many cases are changing just now.",
        )

    def _page(self, page: Page) -> tuple[list[dict[str, Any]], int | None]:
        what = "Could not list cases"
        data = self.client.get("cases", page.parameters(), what).get("data")
        cases = data.get("cases") if isinstance(data, dict) else None
        if not isinstance(cases, list) or not all(is_case(case) for case in cases):
            raise _shape_error(self.client, "cases", what, "a list of cases")
        total = data.get("total") if isinstance(data, dict) else None
        return cases, total if isinstance(total, int) else None

    # -- what belongs to a case ------------------------------------------------------------------

    def included(self, case: dict[str, Any], part: str) -> Any:
        """One of _arguments.INCLUDES for a case."""
        return self._alerts(case) if part == "alerts" else _INCLUDED[part](self, case["_id"])

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
                raise _shape_error(self.client, path, what, "a list of alerts")
            known = len(alerts)
            if known > MAX_ALERTS:
                raise ApiError(
                    what,
                    f"the platform lists more than {MAX_ALERTS}, and there is no end to be seen.",
                    "Read the alerts of this case in the platform's user interface.",
                )
            alerts.update((str(doc.get("_id")), doc) for doc in docs)
            # The platform tells no total here. A short page is the last one, if the case's size agrees.
            size = case.get("size")
            is_last = len(docs) < ALERTS_PAGE_SIZE and (not isinstance(size, int) or len(alerts) >= size)
            if is_last or len(alerts) == known:
                return list(alerts.values())

    def _observables(self, case_id: str) -> dict[str, Any]:
        what, path = f"Could not read the observables of case {case_id}", case_path(case_id, "observables")
        observables = self.client.get(path, what=what).get("observables")
        if not isinstance(observables, dict):
            raise _shape_error(self.client, path, what, "observables")
        return observables

    def _summary(self, case_id: str) -> Any:
        what, path = f"Could not read the summary of case {case_id}", case_path(case_id, "summary")
        answer = self.client.get(path, [("formatted", "true")], what)
        if "data" not in answer:
            raise _shape_error(self.client, path, what, "a summary")
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
            raise _shape_error(self.client, path, what, "a list")
        return data

    # -- people and tenants ------------------------------------------------------------------------

    def person(self, given: str) -> Person:
        """Who is meant by an e-mail, user name or id. Where users can't be read: as spelled."""
        if not given:
            return Person("")
        users = self._read_users()
        if users is None:
            return Person(given)
        found = find_people(given, users)
        what = f"Could not find user {printable(given)}"
        if not found:
            raise InputError(
                what,
                f"none of the {len(users)} users that this key can see has that e-mail, user name or id.",
                'Check the spelling. To assign it to nobody, give "".',
            )
        if len(found) > 1:
            named = ", ".join(printable(person.email or person.user_id, 60) for person in found[:MAX_NAMED])
            raise InputError(what, f"{len(found)} users are called so: {named}.", "Give the e-mail or the id.")
        return found[0]

    def assignee(self, given: str, case: dict[str, Any]) -> Person:
        """The same, without a request when the case shows the id that is given."""
        as_spelled = Person(given)
        return as_spelled if as_spelled.is_certain and as_spelled.is_assignee_of(case) else self.person(given)

    def _read_users(self) -> list[dict[str, Any]] | None:
        """All users; None where the key may not read them, or sees none."""
        return self._restricted("users", "Could not read the users") or None

    def tenant(self) -> Tenant | None:
        """The connection's tenant, to limit a listing to. A platform without tenants answers 404 or nothing."""
        wanted = self.client.connection.tenant
        if not wanted:
            return None
        self._tenant = self.tenant_called(wanted)
        return self._tenant

    def scope(self) -> str:
        """Return in words which tenants the run was limited to. Sends nothing."""
        wanted = self.client.connection.tenant
        if not wanted:
            return ALL_TENANTS
        known = self._tenant or Tenant("", wanted)
        name, id_ = printable(known.name, 100), printable(known.cust_id, 60)
        return f"tenant {name} ({id_})" if name and id_ else f"tenant {name or id_}"

    def tenant_called(self, wanted: str) -> Tenant:
        """The tenant of a name or id, among those that the key can see."""
        records = self._restricted("tenants", "Could not read the tenants") or []
        tenants = [Tenant(str(record.get("cust_id")), str(record.get("cust_name"))) for record in records]
        found = [tenant for tenant in tenants if tenant.cust_id.lower() == wanted.lower()]
        found = found or [tenant for tenant in tenants if tenant.name == wanted]
        what = f"Could not find tenant {printable(wanted)}"
        if len(found) > 1:
            ids = ", ".join(tenant.cust_id for tenant in found[:MAX_NAMED])
            raise InputError(what, f"{len(found)} tenants have that name: {ids}.", "Give the id.")
        if found:
            return found[0]
        if not tenants and is_platform_id(wanted):
            return Tenant(wanted.lower(), "")
        if not tenants:
            refusal = self._refusals.get("tenants")
            facts = refusal.facts if refusal else {}
            said = " {method} {url} answers HTTP {status}.".format(**facts) if refusal else ""
            why, remedy = f"this key can't read the tenants.{said}", "Give the tenant's id (32 hex digits)."
            raise InputError(what, why, remedy, **facts)
        if any(tenant.name.startswith(wanted + " ") for tenant in tenants):
            why = "it is only the beginning of a tenant's name, cut at the blank."
            raise InputError(what, why, """Quote the name twice: -e "stellar_tenant='Example Tenant'".""")
        names = ", ".join(printable(tenant.name, 60) for tenant in tenants[:MAX_NAMED])
        more = f" and {len(tenants) - MAX_NAMED} more" if len(tenants) > MAX_NAMED else ""
        raise InputError(
            what,
            f"it is none of the {len(tenants)} tenants that this key can see: {names}{more}.",
            "Check the spelling (letter case counts in a name).",
        )

    def _require_tenant(self, case: dict[str, Any]) -> None:
        wanted = self.client.connection.tenant
        if not wanted:
            return
        if matches_tenant(case, wanted):
            self._tenant = self._tenant or Tenant(case.get("cust_id") or "", case.get("tenant_name") or "")
            return
        tenant = self.tenant()
        if tenant is not None and tenant.owns(case):
            return
        raise ConflictError(
            f"Refused {label(case)}",
            f"it belongs to tenant {tenant_label(case)}, not to {printable(wanted)}.",
            "Check the case's id, or tenant.",
        )

    def _restricted(self, path: str, what: str) -> list[dict[str, Any]] | None:
        """A list that some keys may not read, or some versions don't have: None then. Read once."""
        with self._lists_lock:
            if path not in self._lists:
                self._lists[path] = self._read_restricted(path, what)
            return self._lists[path]

    def _read_restricted(self, path: str, what: str) -> list[dict[str, Any]] | None:
        try:
            data = self.client.get(path, what=what).get("data")
        except (ApiError, AuthenticationError) as error:
            # Which status a scoped key gets is not documented. Whether a 401 means more than this list shows at the
            # next call; for tenants there may be none.
            allowed = (401, 403, 404) if path == "users" else (403, 404)
            if error.is_answer_to(path, *allowed):
                self._refusals[path] = error
                return None
            raise
        if not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
            raise _shape_error(self.client, path, what, "a list")
        return data


_INCLUDED: dict[str, Callable[[Reader, str], Any]] = {
    "observables": Reader._observables,
    "summary": Reader._summary,
    "comments": Reader.comments,
    "activities": Reader._activities,
    "scores": Reader._scores,
}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answers to the claims of docs/api.md that reads can settle.

What stellar_ping's capabilities already tell is taken from there. Of what the platform sends, answers have field names
of the vendor's documentation and types only: see _model/contract.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

from .._errors import StellarError
from .._http.auth import user_of_key
from .._http.client import Client
from .._model import contract_shapes as shapes
from .._model.case import SEVERITIES, STATUSES, is_platform_id, modified_at, why_not_case
from .._model.contract import CLAIMS, CONFIRMED, Answer, coarse, confirmed, differs, undecided
from .._model.directory import person_of
from .._model.query import EARLIEST_MS, MAX_SKIP, PAGE_SIZE, within
from .._model.times import SMALLEST_MS
from .answers import case_path, plain_list_in, records_in
from .capabilities import Capabilities, UnknownError, gives_up, reason_of
from .contract_reads import FAILURES, IGNORED, NO_PERMISSION, NOT_A_LIST, REFUSALS, Params, Reads, normal, usable_tags

# An id of the form of a case's and one of a tenant's, which neither has
_NO_CASE_ID, _NO_TENANT_ID = "f" * 24, "f" * 32
_ALERTS = 50
# Of a case whose alerts are read all at once; each may have kilobytes
_MOST_ALERTS = 200
# Cases whose comments are read until one has any
_COMMENTED = 4
_TEN_MINUTES_S = range(540, 661)
_OTHER_KEY = "This run did not send such a key."


class Contract(Reads):
    """Answers the claims about one platform, in the order of CLAIMS: each reads what no claim before it has read."""

    def __init__(self, client: Client, capabilities: Capabilities, now_ms: int) -> None:
        super().__init__(client, capabilities, now_ms)
        # Why there was no page of 500
        self._no_page = ""
        # The number of alerts that pages have shown
        self._alerts_read = 0

    def answers(self) -> dict[str, Answer]:
        """Return the answer to each claim that a read can settle."""
        return {claim.id: self._answer(claim.id) for claim in CLAIMS.values() if not claim.why_not_read}

    def _answer(self, claim: str) -> Answer:
        ask = _ASK[claim]
        before = self.client.requests["read"]
        try:
            answer = ask(self)
        except UnknownError as unknown:
            answer = undecided(str(unknown))
        except StellarError as error:
            why, is_ended = reason_of(error)
            self.is_ended = self.is_ended or is_ended
            answer = undecided(why)
        sent = self.client.requests["read"] - before + self.capabilities.sent.get(_POINT_OF.get(claim, ""), 0)
        return answer._replace(requests=sent)

    # -- access --------------------------------------------------------------------------------------------

    @property
    def _key_kind(self) -> str:
        connection = self.client.connection
        return "token" if connection.access_token else connection.auth_method

    def sent_key(self, kind: str) -> Answer:
        return confirmed() if self._key_kind == kind else undecided(_OTHER_KEY)

    def token(self) -> Answer:
        return confirmed("It existed already." if self._key_kind == "token" else "")

    def token_lifetime(self) -> Answer:
        if self._key_kind == "token":
            return undecided("The access token existed already.")
        seconds = self.client.token_lifetime_s
        if seconds is None:
            return undecided("The answer does not tell it.")
        if int(seconds) in _TEN_MINUTES_S:
            return confirmed()
        return differs("It is shorter." if seconds < _TEN_MINUTES_S[0] else "It is longer.")

    def key_user(self) -> Answer:
        if self._key_kind != "bearer":
            return undecided(_OTHER_KEY)
        return confirmed() if user_of_key(self.client.connection.api_key or "") else differs("It has none.")

    # -- lists ---------------------------------------------------------------------------------------------

    def page_of_500(self) -> Answer:
        try:
            records = self.records_of(*self.newest_first, limit=PAGE_SIZE, gives_up=gives_up)
        except StellarError as error:
            too_late = "No complete answer in time." if error.is_too_late else ""
            self._no_page = too_late or self.why_refused("cases", error, (*REFUSALS, *FAILURES))
            return differs(self._no_page)
        if not records:
            return undecided(shapes.NO_CASE)
        if len(records) >= PAGE_SIZE:
            return confirmed() if len(records) == PAGE_SIZE else differs("The answer has more cases.")
        seen = {record["_id"] for record in records if not why_not_case(record)}
        more = self.records_of(*self.newest_first, ("skip", len(records)), limit=1)
        if not more:
            return confirmed("All cases are fewer.")
        if all(not why_not_case(record) and record["_id"] not in seen for record in more):
            return differs(f"A page has {coarse(len(records))} cases, and there are more.")
        return undecided("skip is ignored, or a record is not a case.")

    def smaller_page(self) -> Answer:
        if not self._no_page:
            return undecided("No page of 500 was refused.")
        try:
            self.records_of(*self.newest_first, limit=10)
        except StellarError as error:
            return differs(f"limit=10: {self.why_refused('cases', error)}")
        return confirmed("limit=10 is answered.")

    def skip(self) -> Answer:
        try:
            records = self.records_of(*self.newest_first, ("skip", MAX_SKIP), limit=1, gives_up=gives_up)
        except StellarError as error:
            return differs(self.why_refused("cases", error, (*REFUSALS, *FAILURES)))
        if not records:
            return undecided(f"There are no {MAX_SKIP + 1:,} cases, or none are answered.")
        if any(map(why_not_case, records)):
            return undecided("A record of the answer is not a case.")
        return differs(IGNORED) if records[0]["_id"] in [case["_id"] for case in self.listed_cases] else confirmed()

    def deep_skip(self) -> Answer:
        return differs("It works.") if self.known("deep_skip") else confirmed()

    def without_window(self) -> Answer:
        cut = self.known("without_window") != "all"
        return differs("It is cut, as to the last 24 hours.") if cut else confirmed()

    def sort(self, name: str) -> Answer:
        return confirmed() if self.known(f"sort.{name}") else differs("It is in another order.")

    def _total(self, from_ms: int, to_ms: int) -> int | None:
        answer = self.get("cases", [*self.window(from_ms, to_ms), ("limit", 1)], lists=True)
        return records_in(answer, "cases", is_later_page=True)[1]

    def total(self) -> Answer:
        """Compare the total of all cases with those of two parts, between which no case was created."""
        if not self.known("sort.created_at") or self.by_created_at().result != CONFIRMED:
            return undecided("The list is not sorted or not filtered by created_at.")
        moments = sorted(
            case["created_at"] for case in map(normal, self.listed_cases) if _is_ms(case.get("created_at"))
        )
        gaps = [early for early, late in zip(moments, moments[1:]) if late - early > 4]
        if not gaps:
            return undecided("No two cases that were read are more than 4 ms apart.")
        newest = moments[-1] + 1
        whole = self._total(EARLIEST_MS, newest)
        if not whole:
            return differs("It is absent." if whole is None else "It is 0.")
        parts = [self._total(EARLIEST_MS, gaps[-1] + 2) or 0, self._total(gaps[-1] + 3, newest) or 0]
        if whole == sum(parts):
            return confirmed()
        if whole == 1:
            return differs("It counts the cases of the page.")
        return differs("It has a maximum." if whole == max(parts) else "It is not the sum of those of two parts.")

    def empty_list(self) -> Answer:
        if not self.known("filters.created_at"):
            return undecided("FROM~created_at and TO~created_at are ignored.")
        answer = self.get("cases", [*self.window(EARLIEST_MS - 1, EARLIEST_MS), ("limit", 1)], lists=True)
        data = answer.get("data", "")
        if not isinstance(data, dict):
            return differs("data is []." if data == [] else "data is null." if data is None else NOT_A_LIST)
        if "cases" not in data:
            return differs("cases is absent.")
        found = data["cases"]
        return confirmed() if found == [] else differs(f"cases is of the type {shapes.type_name(found)}.")

    def list_records(self) -> Answer:
        return shapes.case_records(self.records)

    def unknown_parameter(self) -> Answer:
        self.require_nearby()
        try:
            cases = self.beside(("stellar_ping", 1))
        except StellarError as error:
            return differs(self.why_refused("cases", error))
        return confirmed() if self.has_case(cases) else differs("The list is empty with it.")

    # -- filters -------------------------------------------------------------------------------------------

    def _judge(self, cases: list[dict[str, Any]], fits: Callable[[dict[str, Any]], bool]) -> Answer:
        if not self.has_case(cases):
            return differs("It does not find a case that has the value.")
        return confirmed() if all(map(fits, cases)) else differs("It finds cases that do not have the value.")

    @staticmethod
    def _is(case: dict[str, Any], name: str, value: Any) -> bool:
        # What a case does not show can't be compared.
        return case.get(name) in (None, value)

    @staticmethod
    def _is_within(case: dict[str, Any], name: str, low: float, high: float) -> bool:
        return case.get(name) is None or within(case[name], low, high)

    def _finds(self, name: str, params: Params, fits: Callable[[dict[str, Any]], bool]) -> Answer:
        """Answer whether a filter finds the case, and no others. name: of the capability that tells that it acts."""
        if not self.known(f"filters.{name}"):
            return differs(IGNORED)
        self.require_nearby()
        return self._judge(self.beside(*params), fits)

    def _leaves_out(self, param: tuple[str, Any]) -> Answer:
        """Answer whether a filter leaves out the case."""
        self.require_nearby()
        return differs(IGNORED) if self.has_case(self.beside(param)) else confirmed()

    def by_created_at(self) -> Answer:
        low, high = self.created_ms - 1000, self.created_ms + 1000
        if not self.known("filters.created_at"):
            return differs(IGNORED)
        return self._judge(self.nearby, lambda case: self._is_within(case, "created_at", low, high))

    def by_range(self, name: str, margin: float) -> Answer:
        value = self.value(name, (int, float))
        low, high = value - margin, value + margin
        params = [(f"FROM~{name}", low), (f"TO~{name}", high)]
        return self._finds(name, params, lambda case: self._is_within(case, name, low, high))

    def bounds(self) -> Answer:
        self.require_nearby()
        sent = next(case["created_at"] for case in self.listed_cases if case["_id"] == self.case["_id"])
        if shapes.time_form(sent) == "seconds":
            return undecided("Times are shown in whole seconds.")
        windows = {"FROM~": {"before_ms": 0}, "TO~": {"after_ms": 0}}
        excluded = [name for name, window in windows.items() if not self.has_case(self.beside(**window))]
        return differs(f"Excluded by: {', '.join(excluded)}.") if excluded else confirmed()

    def by_value(self, name: str) -> Answer:
        value = self.value(name)
        return self._finds(name, [(name, value)], lambda case: self._is(case, name, value))

    def several_values(self) -> Answer:
        self.require_nearby()
        found = []
        for name, values in (("status", STATUSES), ("severity", SEVERITIES)):
            if not self.known(f"filters.{name}"):
                return undecided(f"{name} is ignored.")
            value = self.value(name)
            other = next(each for each in values if each != value)
            if self.has_case(self.beside((name, f"{value},{other}"))):
                found.append(name)
        return differs(f"It finds cases: {', '.join(found)}.") if found else confirmed()

    @property
    def _tag(self) -> str:
        tag = next(iter(usable_tags(self.case)), "")
        if not tag:
            raise UnknownError("No case that was read has a tag.")
        return tag

    def by_tags(self) -> Answer:
        tag = self._tag
        params = [("tags", f"{tag},stellar_ping-finds-no-such-tag")]
        return self._finds("tags", params, lambda case: tag in (case.get("tags") or [tag]))

    def by_not_tags(self) -> Answer:
        return self._leaves_out(("NOT~tags", self._tag))

    def by_not_modified_by(self) -> Answer:
        user = self.value("modified_by")
        if not is_platform_id(user):
            return undecided("No case that was read was modified by a user with an id.")
        return self._leaves_out(("NOT~modified_by", user))

    def by_ticket_id(self) -> Answer:
        ticket = self.value("ticket_id", int)
        self.require_nearby()
        if self.has_case(self.beside(("ticket_id", ticket + 1))):
            return differs(IGNORED)
        return self._judge(self.beside(("ticket_id", ticket)), lambda case: self._is(case, "ticket_id", ticket))

    def by_tenant(self) -> Answer:
        tenant = self.value("cust_id")
        self.require_nearby()
        try:
            others = self.beside(("tenantid", _NO_TENANT_ID))
        except StellarError as error:
            if not error.is_answer_to("cases", 403):  # of a scoped key
                raise
            others = []
        if self.has_case(others):
            return differs(IGNORED)
        return self._judge(self.beside(("tenantid", tenant)), lambda case: self._is(case, "cust_id", tenant))

    # -- cases ---------------------------------------------------------------------------------------------

    def case_by_id(self) -> Answer:
        path = case_path(self.case["_id"])
        try:
            record = self.get(path).get("data")
        except StellarError as error:
            return differs(self.why_refused(path, error))
        if not isinstance(record, dict) or why_not_case(record) or record["_id"] != self.case["_id"]:
            return differs("The answer is not this case.")
        self.got = record
        return confirmed()

    def unknown_case(self) -> Answer:
        path = case_path(_NO_CASE_ID)
        try:
            self.get(path, gives_up=gives_up)
        except StellarError as error:
            found = self.why_refused(path, error, (403, *REFUSALS, *FAILURES))
            return (confirmed if error.is_answer_to(path, 404, 410) else differs)(found)
        return differs("HTTP 200.")

    def shown(self, judge: Callable[[list[dict[str, Any]]], Answer]) -> Answer:
        return judge(self.shown_cases)

    # -- parts of a case -----------------------------------------------------------------------------------

    @property
    def _alerts_case(self) -> dict[str, Any]:
        """Return the case with the most alerts, as far as all of them can be read at once."""
        cases = [normal(case) for case in self.listed_cases]
        fitting = [case for case in cases if isinstance(case.get("size"), int) and case["size"] <= _MOST_ALERTS]
        if not fitting:
            raise UnknownError(f"No case that was read has a size up to {_MOST_ALERTS}.")
        return max(fitting, key=lambda case: int(case["size"]))

    def _read_part(self, case: dict[str, Any], name: str, params: Params = ()) -> dict[str, Any] | Answer:
        """Return a part of a case as it is answered, or the answer to the claim if it can't be read."""
        path = case_path(case["_id"], name)
        try:
            return self.get(path, params)
        except StellarError as error:
            if error.is_answer_to(path, 401, 403):
                return undecided(NO_PERMISSION)
            return differs(self.why_refused(path, error))

    def _count_alerts(self, params: Params = ()) -> int | Answer:
        answer = self._read_part(self._alerts_case, "alerts", params)
        if isinstance(answer, Answer):
            return answer
        docs, _total = records_in(answer, "docs", is_later_page=True)
        return undecided(NOT_A_LIST) if docs is None else len(docs)

    def alerts(self) -> Answer:
        found = self._count_alerts([("limit", _ALERTS), ("skip", 0)])
        if isinstance(found, Answer):
            return found
        self._alerts_read = found
        if found > _ALERTS:
            return differs("A page has more.")
        if found < min(self._alerts_case["size"], _ALERTS):
            more = self._count_alerts([("limit", _ALERTS), ("skip", found)])
            if isinstance(more, int) and more:
                self._alerts_read += more
                return differs(f"A page has {coarse(found)}, and there are more.")
            return undecided("There are fewer alerts than the size of the case.")
        return confirmed("The page was full." if found == _ALERTS else "The case has fewer.")

    def alerts_bare(self) -> Answer:
        found = self._count_alerts()
        if isinstance(found, Answer):
            return found
        if found < self._alerts_read:
            return differs(f"It answers {coarse(found)}, and there are more.")
        if found < self._alerts_case["size"] and self._alerts_read >= _ALERTS:
            return undecided("It answers fewer than the size of the case.")
        return confirmed() if found > 10 else undecided("No case that was read has more than 10 alerts.")

    def observables(self) -> Answer:
        answer = self._read_part(self.case, "observables")
        if isinstance(answer, Answer):
            return answer
        found = answer.get("observables", "")
        return confirmed() if isinstance(found, dict) else differs(f"It is of the type {shapes.type_name(found)}.")

    def summary(self) -> Answer:
        answer = self._read_part(self.case, "summary", [("formatted", "true")])
        if isinstance(answer, Answer):
            return answer
        data = answer.get("data")
        return confirmed() if isinstance(data, str) else differs(f"It is of the type {shapes.type_name(data)}.")

    def comment_user(self) -> Answer:
        comments = self.capabilities.lists.get("comments", [])
        # One that was modified lately, and is not new, more likely has a comment.
        cases = sorted(
            map(normal, self.listed_cases), key=lambda case: (case.get("status") != "New", _modified_ms(case))
        )
        for case in cases[: -_COMMENTED - 1 : -1]:
            if comments:
                break
            answer = self._read_part(case, "comments")
            if isinstance(answer, Answer):
                return answer
            comments = plain_list_in(answer) or []
        return shapes.comment_users(comments)

    def scores(self) -> Answer:
        found = self.endpoint("scores")
        return confirmed("By activity/score.") if self.capabilities.has_old_scores else found

    # -- users and tenants -----------------------------------------------------------------------------------

    def users_of_scoped_key(self) -> Answer:
        if self._key_kind != "bearer":
            return undecided(_OTHER_KEY)
        is_forbidden = self.known("endpoints.users") == "forbidden"
        return differs(NO_PERMISSION) if is_forbidden else self.endpoint("users")

    def listed(self, name: str, judge: Callable[[list[dict[str, Any]]], Answer]) -> Answer:
        return judge(self.entries(name))

    @property
    def _user_ids(self) -> list[str]:
        people = [person_of(user) for user in self.entries("users")]
        return [person.user_id for person in people if person.user_id]

    def users_once(self) -> Answer:
        return shapes.listed_once(self._user_ids)

    def users_all(self) -> Answer:
        named = {case.get(name) for case in self.shown_cases for name in ("assignee", "modified_by")}
        return shapes.all_listed(self._user_ids, {user for user in named if user and is_platform_id(user)})

    @property
    def _tenant_ids(self) -> list[str]:
        return [str(tenant.get("cust_id")) for tenant in self.entries("tenants")]

    def tenants_once(self) -> Answer:
        return shapes.listed_once(self._tenant_ids)

    def tenants_all(self) -> Answer:
        # The root tenant, whose id is empty, need not be in the list.
        named = {case["cust_id"] for case in self.shown_cases if case.get("cust_id")}
        return shapes.all_listed(self._tenant_ids, named)


def _modified_ms(case: dict[str, Any]) -> int:
    return modified_at(case) or 0


def _is_ms(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= SMALLEST_MS


_ASK: dict[str, Callable[[Contract], Answer]] = {
    "access.basic": lambda one: one.sent_key("basic"),
    "access.bearer": lambda one: one.sent_key("bearer"),
    "access.token": Contract.token,
    "access.lifetime": Contract.token_lifetime,
    "access.key_user": Contract.key_user,
    "list.limit": Contract.page_of_500,
    "list.smaller": Contract.smaller_page,
    "list.skip": Contract.skip,
    "list.deep_skip": Contract.deep_skip,
    "list.window": Contract.without_window,
    "list.sort.created_at": lambda one: one.sort("created_at"),
    "list.sort.modified_at": lambda one: one.sort("modified_at"),
    "list.total": Contract.total,
    "list.empty": Contract.empty_list,
    "list.records": Contract.list_records,
    "list.unknown_parameter": Contract.unknown_parameter,
    "filter.created_at": Contract.by_created_at,
    "filter.modified_at": lambda one: one.by_range("modified_at", 1000),
    "filter.score": lambda one: one.by_range("score", 0.5),
    "filter.bounds": Contract.bounds,
    "filter.status": lambda one: one.by_value("status"),
    "filter.severity": lambda one: one.by_value("severity"),
    "filter.several": Contract.several_values,
    "filter.tags": Contract.by_tags,
    "filter.not_tags": Contract.by_not_tags,
    "filter.not_modified_by": Contract.by_not_modified_by,
    "filter.ticket_id": Contract.by_ticket_id,
    "filter.tenantid": Contract.by_tenant,
    "case.get": Contract.case_by_id,
    "case.unknown": Contract.unknown_case,
    "case.fields": lambda one: one.shown(shapes.case_fields),
    "case.times": lambda one: one.shown(shapes.case_times),
    "case.numbers": lambda one: one.shown(shapes.case_numbers),
    "case.tags": lambda one: one.shown(shapes.case_tags),
    "case.values": lambda one: one.shown(shapes.case_values),
    "case.resolution": lambda one: one.shown(partial(shapes.case_shows, field="resolution", wanted=True)),
    "case.description": lambda one: one.shown(partial(shapes.case_shows, field="description", wanted=False)),
    "case.assignee": lambda one: one.shown(shapes.case_assignee),
    "case.unassigned": lambda one: one.shown(shapes.case_unassigned),
    "part.alerts": Contract.alerts,
    "part.alerts_bare": Contract.alerts_bare,
    "part.observables": Contract.observables,
    "part.summary": Contract.summary,
    "part.comments": lambda one: one.endpoint("comments"),
    "part.comment_user": Contract.comment_user,
    "part.activities": lambda one: one.endpoint("activities"),
    "part.scores": Contract.scores,
    "users.get": lambda one: one.endpoint("users"),
    "users.scoped": Contract.users_of_scoped_key,
    "users.fields": lambda one: one.listed("users", shapes.user_fields),
    "users.once": Contract.users_once,
    "users.all": Contract.users_all,
    "tenants.get": lambda one: one.endpoint("tenants"),
    "tenants.fields": lambda one: one.listed("tenants", shapes.tenant_fields),
    "tenants.created_at": lambda one: one.listed("tenants", shapes.tenant_times),
    "tenants.once": Contract.tenants_once,
    "tenants.all": Contract.tenants_all,
    "tenants.groups": lambda one: one.endpoint("tenant_groups"),
}
# The point of the capabilities whose requests tell a claim
_POINT_OF = {
    "list.deep_skip": "deep_skip",
    "list.window": "without_window",
    **{f"list.sort.{name}": f"sort.{name}" for name in ("created_at", "modified_at")},
    **{f"filter.{name}": f"filters.{name}" for name in ("created_at", "modified_at", "score")},
    **{f"filter.{name}": f"filters.{name}" for name in ("status", "severity", "tags")},
    **{f"part.{name}": f"endpoints.{name}" for name in ("comments", "activities", "scores")},
    **{f"{name}.get": f"endpoints.{name}" for name in ("users", "tenants")},
    "tenants.groups": "endpoints.tenant_groups",
}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the platform can do, as far as reads of small pages can tell.

None of it is documented for all versions, so that each point is asked, and what can't be told has a reason.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

from .._errors import StellarError, TransportError
from .._http.client import Client
from .._model.case import normalise, why_not_case
from .._model.ping import FILTERS, SORTS, is_sorted, no_capabilities
from .._model.query import EARLIEST_MS, MAX_SKIP
from .._model.times import DAY_MS
from .answers import case_path, plain_list_in, records_in, shape_error

_WHAT = "Could not ask what the platform can do"
_PAGE = 5
# A value that no case has, for each filter: a filter that the platform ignores lists cases.
# Numbers beyond the range, since a platform may check the names of statuses.
_NO_CASE: dict[str, list[tuple[str, Any]]] = {
    "created_at": [("FROM~created_at", EARLIEST_MS - 1), ("TO~created_at", EARLIEST_MS)],
    "modified_at": [("TO~modified_at", EARLIEST_MS)],
    "score": [("FROM~score", 101)],
    "status": [("status", "stellar_ping")],
    "severity": [("severity", "stellar_ping")],
    "tags": [("tags", "stellar_ping-finds-no-such-tag")],
}
_NO_SUCH_PATH, _NO_PERMISSION = (404, 405), (401, 403)
NOT_ASKED = "The platform did not answer an earlier request."


class UnknownError(Exception):
    """The platform's answer does not tell it. The text is the reason, and has no text of the platform."""


class Capabilities:
    """Asks a platform what it can do.

    now_ms: on its clock. case: one that the key can read, None if there is none. is_ended: whether asking was ended,
    since the platform did not answer. lists: those that were read, by endpoint. has_old_scores: whether scores have
    the path of older versions only. sent: the number of requests for each point.
    """

    def __init__(self, client: Client, now_ms: int, case: dict[str, Any] | None) -> None:
        self._client = client
        self._window = [("FROM~created_at", EARLIEST_MS), ("TO~created_at", now_ms + DAY_MS)]
        self._day_ago_ms = now_ms - DAY_MS
        self._case = case
        self._oldest: list[dict[str, Any]] = []
        self.is_ended = False
        self.lists: dict[str, list[Any]] = {}
        self.has_old_scores = False
        self.sent: dict[str, int] = {}
        self.found = no_capabilities()

    def read(self) -> dict[str, Any]:
        """Return what the platform can do, as results show it."""
        for name in ("users", "tenants", "tenant_groups"):
            self._tell("endpoints", name, partial(self._endpoint, name))
        for name in ("comments", "activities", "scores"):
            self._tell("endpoints", name, partial(self._part, name))
        # In this order: the window is known to work only if the list is sorted.
        for name in SORTS:
            self._tell("sort", name, partial(self._is_sorted, name))
        for name in FILTERS:
            self._tell("filters", name, partial(self._is_filtered, name))
        self._tell("", "without_window", self._without_window)
        self._tell("", "deep_skip", self._deep_skip)
        return self.found

    def _tell(self, group: str, name: str, ask: Callable[[], Any]) -> None:
        """Ask for one point, and keep the answer, or the reason why there is none."""
        place = self.found[group] if group else self.found
        point = f"{group}.{name}" if group else name
        reason = NOT_ASKED
        before = self._client.requests["read"]
        if not self.is_ended:
            try:
                place[name] = ask()
                return
            except UnknownError as unknown:
                reason = str(unknown)
            except StellarError as error:
                reason, self.is_ended = reason_of(error)
            finally:
                self.sent[point] = self._client.requests["read"] - before
        self.found["unknown"][point] = reason

    # -- endpoints ---------------------------------------------------------------------------------------

    def _endpoint(self, path: str) -> str:
        try:
            answer = self._client.get(path, what=_WHAT)
        except StellarError as error:
            if error.is_answer_to(path, *_NO_SUCH_PATH):
                return "no"
            if error.is_answer_to(path, *_NO_PERMISSION):
                return "forbidden"
            raise
        records = plain_list_in(answer)
        if records is None:
            raise UnknownError("The answer is not a list.")
        self.lists[path.rpartition("/")[2]] = records
        return "yes"

    def _part(self, part: str) -> str:
        if self._case is None:
            raise UnknownError("There is no case to read it of.")
        found = self._endpoint(case_path(self._case["_id"], part))
        if part == "scores" and found == "no":  # its path before about 5.3 (vendor docs 5.1.1)
            found = self._endpoint(case_path(self._case["_id"], "activity", "score"))
            self.has_old_scores = found == "yes"
        return found

    # -- lists -------------------------------------------------------------------------------------------

    def _cases(self, params: list[tuple[str, Any]], limit: int = 1, **more: Any) -> list[dict[str, Any]]:
        answer = self._client.get("cases", [*params, ("limit", limit)], _WHAT, lists=True, **more)
        records, _total = records_in(answer, "cases", is_later_page=True)
        if records is None:
            raise shape_error(self._client, "cases", _WHAT, "a list of cases")
        return [normalise(record) for record in records if not why_not_case(record)]

    def _require_case(self) -> None:
        if self._case is None:
            raise UnknownError("There is no case.")

    def _is_sorted(self, name: str) -> bool:
        self._require_case()
        pages = [self._cases([*self._window, ("sort", name), ("order", order)], _PAGE) for order in ("asc", "desc")]
        if name == "created_at":
            self._oldest = pages[0][:1]
        found = is_sorted(*([case.get(name) for case in page] for page in pages))
        if found is None:
            raise UnknownError("There are no two cases with different times.")
        return found

    def _is_filtered(self, name: str) -> bool:
        self._require_case()
        window = [] if name == "created_at" else self._window
        return not self._cases([*window, *_NO_CASE[name]])

    def _without_window(self) -> str:
        """Compare the oldest case of a list without a window with that of one that has a window."""
        self._require_case()
        if not self.found["sort"]["created_at"] or not self._oldest:
            raise UnknownError("The list is not known to be sorted by created_at.")
        if self._oldest[0]["created_at"] >= self._day_ago_ms:
            raise UnknownError("No case is older than a day.")
        oldest = self._cases([("sort", "created_at"), ("order", "asc")])
        return "all" if oldest and oldest[0].get("created_at") == self._oldest[0]["created_at"] else "cut"

    def _deep_skip(self) -> bool:
        self._require_case()
        if not self._oldest:
            raise UnknownError("The same list failed without a large skip.")
        try:
            params = [*self._window, ("sort", "created_at"), ("order", "asc"), ("skip", MAX_SKIP + 1)]
            cases = self._cases(params, gives_up=gives_up)
        except StellarError as error:
            if error.is_answer_to("cases", 400, 413, 422, 500):
                return False
            raise
        if not cases:
            raise UnknownError(f"There are fewer than {MAX_SKIP + 2} cases.")
        if cases[0]["_id"] == self._oldest[0]["_id"]:
            raise UnknownError("skip is ignored.")
        return True


def gives_up(error: StellarError) -> bool:
    """Return whether a failure of a list is an answer, and no fault that may pass: one that was met twice."""
    is_second = error.details.get("attempts", 0) > 1 and error.details.get("status") not in (None, 429)
    return error.is_too_late or is_second


def reason_of(error: StellarError) -> tuple[str, bool]:
    """Return why an error leaves a point unknown, and whether to ask no more.

    Each further request might take as long, or make a platform that asks to slow down refuse more.
    """
    status = error.details.get("status")
    shown = f"HTTP {status}." if status else "no complete answer."
    return f"{type(error).__name__}: {shown}", isinstance(error, TransportError) or status == 429

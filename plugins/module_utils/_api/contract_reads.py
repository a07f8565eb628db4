# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stellar_ping reads to answer the claims of docs/api.md, each thing once."""

from __future__ import annotations

import copy
from typing import Any, Iterable, Tuple

from .._errors import StellarError, TransportError
from .._http.client import Client
from .._model import contract_shapes as shapes
from .._model.case import is_platform_id, normalise, why_not_case
from .._model.contract import Answer, confirmed, differs
from .._model.query import EARLIEST_MS
from .._model.times import DAY_MS
from .answers import records_in
from .capabilities import NOT_ASKED, Capabilities, UnknownError

_WHAT = "Could not compare the platform with docs/api.md"
SAMPLE = 50
NO_PERMISSION = "The key has no permission (HTTP 401 or 403)."
NOT_A_LIST = "The answer is not a list."
IGNORED = "It is ignored."
# What refuses a request for good, and what may also pass
REFUSALS, FAILURES = (400, 404, 405, 410, 413, 422), (500, 502, 503, 504)

Params = Iterable[Tuple[str, Any]]


class Reads:
    """Reads a platform for the claims. Of each failure it says how it shows, and no text.

    capabilities: after their read(). now_ms: on the platform's clock. is_ended: whether the platform stopped answering.
    """

    def __init__(self, client: Client, capabilities: Capabilities, now_ms: int) -> None:
        self.client = client
        self.capabilities = capabilities
        self.now_ms = now_ms
        self.got: dict[str, Any] | None = None
        self.is_ended = capabilities.is_ended
        self._sample: list[Any] | None = None
        self._nearby: list[dict[str, Any]] | None = None

    # -- requests ----------------------------------------------------------------------------------------

    def get(self, path: str, params: Params = (), **more: Any) -> dict[str, Any]:
        if self.is_ended:
            raise UnknownError(NOT_ASKED)
        return self.client.get(path, tuple(params), _WHAT, **more)

    def why_refused(self, path: str, error: StellarError, statuses: Iterable[int] = REFUSALS) -> str:
        """Return how an error shows that the platform refuses a request; raises any other error again."""
        if error.is_too_large:
            return "The answer is too large."
        if isinstance(error, TransportError) or not error.is_answer_to(path, *statuses):
            raise error
        return f"HTTP {error.details['status']}."

    def records_of(self, *params: tuple[str, Any], limit: int = SAMPLE, **more: Any) -> list[Any]:
        """Return the records of a list of cases as the platform sends them."""
        answer = self.get("cases", [*params, ("limit", limit)], lists=True, **more)
        records, _total = records_in(answer, "cases", is_later_page=True)
        if records is None:
            raise UnknownError(NOT_A_LIST)
        return records

    def window(self, from_ms: int = EARLIEST_MS, to_ms: int | None = None) -> list[tuple[str, Any]]:
        to_ms = self.now_ms + DAY_MS if to_ms is None else to_ms
        return [("FROM~created_at", from_ms), ("TO~created_at", to_ms)]

    @property
    def newest_first(self) -> list[tuple[str, Any]]:
        return [*self.window(), ("sort", "created_at"), ("order", "desc")]

    # -- cases -------------------------------------------------------------------------------------------

    @property
    def records(self) -> list[Any]:
        """Return the newest records, as they were sent."""
        if self._sample is None:
            self._sample = self.records_of(*self.newest_first)
        return self._sample

    @property
    def listed_cases(self) -> list[dict[str, Any]]:
        """Return the cases among them, as they were sent."""
        found = [record for record in self.records if not why_not_case(record)]
        if not found:
            raise UnknownError(shapes.NO_CASE)
        return found

    @property
    def shown_cases(self) -> list[dict[str, Any]]:
        """Return all cases that were read, also by id."""
        return [*self.listed_cases, *([self.got] if self.got else [])]

    @property
    def case(self) -> dict[str, Any]:
        """Return the case that most claims can be asked with."""
        return max(map(normal, self.listed_cases), key=_usefulness)

    def value(self, name: str, types: type | tuple[type, ...] = str) -> Any:
        """Return a value of that case."""
        value = self.case.get(name)
        if isinstance(value, bool) or not isinstance(value, types) or value == "":
            raise UnknownError(f"No case that was read can be used: {name} is absent, empty or of another type.")
        return value

    @property
    def created_ms(self) -> int:
        created_ms: int = self.value("created_at", int)
        return created_ms

    def has_case(self, cases: Iterable[dict[str, Any]]) -> bool:
        return any(case["_id"] == self.case["_id"] for case in cases)

    def beside(self, *params: tuple[str, Any], before_ms: int = 1000, after_ms: int = 1000) -> list[dict[str, Any]]:
        """Return the cases that were created about when that one was, and that a filter lets through."""
        records = self.records_of(*self.window(self.created_ms - before_ms, self.created_ms + after_ms), *params)
        if any(map(why_not_case, records)):
            raise UnknownError("A record of the answer is not a case.")
        return [normal(record) for record in records]

    @property
    def nearby(self) -> list[dict[str, Any]]:
        """Return them without a filter."""
        if self._nearby is None:
            self._nearby = self.beside()
        return self._nearby

    def require_nearby(self) -> None:
        if not self.has_case(self.nearby):
            raise UnknownError("FROM~created_at and TO~created_at do not find the case.")

    # -- what the capabilities tell ------------------------------------------------------------------------

    def known(self, point: str) -> Any:
        """Return a point of the capabilities. Raises UnknownError with the reason why it is not known."""
        group, _dot, name = point.rpartition(".")
        known = self.capabilities.found
        value = (known[group] if group else known)[name]
        if value is None:
            raise UnknownError(known["unknown"].get(point, NOT_ASKED))
        return value

    def endpoint(self, name: str) -> Answer:
        value = self.known(f"endpoints.{name}")
        if value == "forbidden":
            raise UnknownError(NO_PERMISSION)
        return confirmed() if value == "yes" else differs("The platform does not have it (HTTP 404 or 405).")

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return the objects of a list that the capabilities read."""
        if name not in self.capabilities.lists:
            raise UnknownError("The list was not read.")
        records = [record for record in self.capabilities.lists[name] if isinstance(record, dict)]
        if not records:
            raise UnknownError("The list is empty.")
        return records


def normal(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case with its times and numbers as normalise() makes them, and leave the other as it was sent."""
    return normalise(copy.copy(case))


def usable_tags(case: dict[str, Any]) -> list[str]:
    """Return the tags of a case that a query can have."""
    return [tag for tag in case.get("tags") or [] if tag.strip() == tag and tag and "," not in tag]


def _usefulness(case: dict[str, Any]) -> tuple[bool, ...]:
    """Return which claims can be asked with a case, the rarest first."""
    return bool(usable_tags(case)), is_platform_id(str(case.get("modified_by"))), bool(case.get("cust_id"))

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists cases page by page, whatever a platform makes of page size, total, skip and empty lists."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import Any, Callable, Generator, Iterable, Iterator, NamedTuple

from .._errors import ApiError, StellarError, TransportError, printable
from .._http.client import Client
from .._http.threads import result_of
from .._model.case import label, normalise, why_not_case, why_not_usable
from .._model.query import MAX_SKIP, PAGE_SIZE, Page
from .._model.times import format_time
from .answers import case_in, case_path, records_in, shape_error

WHAT = "Could not list cases"
# A listing that goes on beyond this never ends, as of a platform that makes up cases as it is asked.
MAX_CASES = 500_000
# A page is not made smaller than this.
SMALLEST_PAGE = 10
# What a platform answers to a page that is larger than it allows (400 and 422: NINE2), or than it can do in time
_REFUSALS, _FAILURES = (400, 413, 422), (500, 502, 503, 504)
# Attempts of a page before a smaller one, after a failure that may also be a short one
_ATTEMPTS = 2
# Cases without tags that are read by id, before a listing that shows tags at all is taken to leave out empty ones
_TAGS_READ = 20


class OddRecord(NamedTuple):
    """A record of a list that can't be used as a case.

    why: what is odd about it. case_id: '' if it has no valid id. key: that id, else its place in the list.
    """

    record: Any
    case_id: str
    why: str
    key: Any

    @property
    def name(self) -> str:
        """Return how a message names it."""
        return label(self.record) if self.case_id else "a record without a valid id"

    @property
    def error(self) -> ApiError:
        return ApiError(
            f"Could not use {self.name} of the platform's list of cases",
            f"{self.why}.",
            "Check this case in the platform, or let the query and the rules not depend on this field.",
        )


class Listed(NamedTuple):
    """The answer to a page. page: as it was asked at last. records: the number of cases and odd records."""

    page: Page
    cases: list[dict[str, Any]]
    odd: list[OddRecord]
    total: int | None

    @property
    def records(self) -> int:
        return len(self.cases) + len(self.odd)


class Lister:
    """Lists cases for one run.

    is_unsorted: whether the platform gave cases in another order than asked for. odd: the records that could not be
    used, by their keys.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.is_unsorted = False
        self.odd: dict[Any, OddRecord] = {}
        self._largest_page = PAGE_SIZE
        self._why_smaller = ""
        self._shows_tags = False
        self._confirmed_without_tags = 0

    @property
    def notes(self) -> list[str]:
        """Return what a user should know of the listings so far, beside the odd records."""
        if not self._why_smaller:
            return []
        return [
            f"The platform did not list {PAGE_SIZE} cases in one answer ({self._why_smaller}). "
            f"They were read in pages of at most {self._largest_page}."
        ]

    # -- pages -----------------------------------------------------------------------------------

    def page(self, page: Page, before_attempt: Callable[[], None] | None = None) -> Listed:
        """Read a page, in a smaller size if the platform can't give it in this one. before_attempt: as of Call."""
        while True:
            page = page._replace(size=min(page.size, self._largest_page))

            def gives_up(error: StellarError, page: Page = page) -> bool:
                return bool(self._smaller_size(page, error))

            try:
                answer = self.client.get(
                    "cases", page.parameters(), WHAT, lists=True, gives_up=gives_up, before_attempt=before_attempt
                )
                return self._listed(page, answer)
            except (ApiError, TransportError) as error:
                smaller = self._smaller_size(page, error)
                if not smaller:
                    raise _explained(error, page, bool(self._why_smaller)) from None
                status = error.details.get("status")
                self._largest_page = smaller
                self._why_smaller = (
                    "larger than 16 MiB"
                    if error.is_too_large
                    else "no answer in time"
                    if error.is_too_late
                    else f"HTTP {status}"
                )

    def _smaller_size(self, page: Page, error: StellarError) -> int:
        """Return the size of the page to ask for after an error; 0 if no smaller one helps."""
        if page.size <= SMALLEST_PAGE or page.skip > MAX_SKIP or not _is_of_list(error):
            return 0
        status = error.details.get("status")
        if error.is_too_large or (status in _REFUSALS and not error.is_too_late):
            return max(SMALLEST_PAGE, page.size // 2)
        is_failure = status in _FAILURES and error.details.get("attempts", _ATTEMPTS) >= _ATTEMPTS
        if not (error.is_too_late or is_failure):
            return 0
        if not self.client.connection.retries or self.client.throttle.is_exhausted:
            return 0
        # A large step: each attempt may take as long as the platform's own timeout.
        return max(SMALLEST_PAGE, page.size // 8)

    def _listed(self, page: Page, answer: dict[str, Any]) -> Listed:
        records, total = records_in(answer, "cases", is_later_page=page.skip > 0)
        if records is None:
            raise shape_error(self.client, "cases", WHAT, "a list of cases")
        cases, odd = [], []
        for number, record in enumerate(records):
            why = why_not_case(record)
            if not why:
                cases.append(normalise(record))
                self._shows_tags = self._shows_tags or bool(record.get("tags"))
            else:
                has_id = isinstance(record, dict) and not why.startswith("_id ")
                case_id = record["_id"] if has_id else ""
                place = (page.filters, page.from_ms, page.to_ms, page.skip, number)
                odd.append(OddRecord(record, case_id, why, case_id or place))
        return Listed(page, cases, odd, total)

    # -- cases -----------------------------------------------------------------------------------

    def usable(self, cases: Iterable[dict[str, Any]], needs: frozenset[str]) -> list[dict[str, Any]]:
        """Return the cases that have the fields that a run needs; the others are kept in odd.

        Where tags are absent, the case is read by its id; if they are absent there too, it has none.
        """
        found = []
        for case in cases:
            if "tags" in needs and "tags" not in case:
                case = self._with_tags(case)
            why = why_not_usable(case, needs) if case and needs else ""
            if why:
                self.odd[case["_id"]] = OddRecord(case, case["_id"], why, case["_id"])
            elif case:
                found.append(case)
        return found

    def _with_tags(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return a listed case with its tags; {} if it is gone."""
        if self._shows_tags and self._confirmed_without_tags >= _TAGS_READ:
            return {**case, "tags": []}
        path, what = case_path(case["_id"]), f"Could not read case {case['_id']}"
        try:
            read = case_in(self.client.get(path, what=what))
        except ApiError as error:
            if error.is_answer_to(path, 404, 410):
                return {}
            raise
        if read is None or read["_id"] != case["_id"]:
            raise shape_error(self.client, path, what, "this case")
        held = read.get("tags") or []
        # Once the listing leaves out tags that are there, each case is read.
        self._confirmed_without_tags += -(10**9) if held else 1
        return {**case, **read, "tags": held}

    def cases(
        self, first: Page, needs: frozenset[str] = frozenset(), reads_ahead: bool = False
    ) -> Generator[tuple[dict[str, Any], float], None, None]:
        """Yield all cases of a listing, each once, with the time.monotonic() of its request.

        needs: the fields that the run needs. reads_ahead: whether a page is read while the cases of the one before are
        used: one page too many for a caller that does not need all. Raises ApiError if the list is cut, or if all of it
        is odd.
        """
        listing = _Listing(self, needs, reads_ahead)
        # Cases may enter and leave a listing while it is read, so that it is short by a few: a second pass shows it.
        for _number in range(2):
            yield from listing.read(first)
            if listing.is_complete:
                return
        announced, seen = listing.announced, listing.count
        raise ApiError(
            "Could not list all cases",
            f"the platform announces {'more' if announced is None else announced} cases and gives {seen}.",
            "Narrow the query by created_after and created_before, status or tenant; "
            "or run again, if many cases are being changed now.",
        )


class _Needless(Exception):
    """A page is not needed any more."""


class _Reading:
    """Reads one page in a thread of its own. asked_at: time.monotonic() before its request."""

    def __init__(self, lister: Lister, page: Page) -> None:
        self.asked_at = time.monotonic()
        self._lister = lister
        self._page = page
        self._listed: Future[Listed] = Future()
        self._is_needless = False
        # A daemon, as nothing shall wait for a page that is not needed any more.
        threading.Thread(target=self._read, daemon=True).start()

    def stop(self) -> None:
        """Let the reading end without another attempt, whatever wait it is in."""
        self._is_needless = True

    def result(self) -> Listed:
        """Return the page. Raises what its reading raised."""
        return result_of(self._listed)

    def _read(self) -> None:
        try:
            self._listed.set_result(self._lister.page(self._page, self._check_needed))
        except Exception as error:
            self._listed.set_exception(error)

    def _check_needed(self) -> None:
        if self._is_needless:
            raise _Needless


class _Listing:
    """One listing: what it gave so far.

    seen: the ids of all cases. announced: the total of the first page, None if the platform doesn't say.
    """

    def __init__(self, lister: Lister, needs: frozenset[str], reads_ahead: bool) -> None:
        self.lister = lister
        self.needs = needs
        self.reads_ahead = reads_ahead
        self.seen: set[str] = set()
        self.announced: int | None = None
        self.is_complete = False
        self._odd_keys: set[Any] = set()
        self._has_usable = False

    @property
    def count(self) -> int:
        """Return the number of cases and odd records so far."""
        return len(self.seen) + len(self._odd_keys)

    @property
    def _identified(self) -> int:
        """Return the number of them that have an id. One without an id may be the same as on another page."""
        return len(self.seen) + sum(isinstance(key, str) for key in self._odd_keys)

    def read(self, first: Page) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield the cases that no pass before gave."""
        pending, is_first = [first], True
        reading: _Reading | None = None
        try:
            while pending:
                page: Page | None = pending.pop()
                in_window: list[dict[str, Any]] = []
                while page is not None:
                    reading = reading or _Reading(self.lister, page)
                    listed, asked_at = reading.result(), reading.asked_at
                    if is_first:
                        self.announced, is_first = listed.total, False
                    known = self._identified
                    cases = self._new_cases(listed)
                    new = self._identified - known
                    following = listed.page.next_page(listed.cases, new, listed.total, listed.records)
                    in_window += listed.cases
                    if following is not None and following.skip > MAX_SKIP >= page.skip:
                        parts = following.split(in_window)
                        if parts:
                            self.lister.is_unsorted = True
                            pending += reversed(parts)
                            following = None
                    if following is not None and following.skip == 0:
                        in_window = []
                    reading = None
                    if following is not None and self.reads_ahead:
                        reading = _Reading(self.lister, following)
                    for case in cases:
                        yield case, asked_at
                    page = following
        finally:
            if reading is not None:
                reading.stop()
        ended_empty = not listed.records
        self.is_complete = ended_empty if self.announced is None else self.count >= self.announced

    def _new_cases(self, listed: Listed) -> list[dict[str, Any]]:
        """Return the usable cases of a page that no page before gave. Raises ApiError if none ever is usable."""
        lister = self.lister
        fresh = [case for case in listed.cases if case["_id"] not in self.seen]
        lister.is_unsorted = lister.is_unsorted or not listed.page.is_sorted(listed.cases)
        self.seen.update(case["_id"] for case in fresh)
        self._keep_odd(listed.odd, fresh)
        if self.count > MAX_CASES:
            raise ApiError(
                "Could not list all cases",
                f"the platform lists more than {MAX_CASES}, and the listing does not end.",
                "Narrow the query by created_after and created_before, status or tenant.",
            )
        usable = lister.usable(fresh, self.needs)
        self._has_usable = self._has_usable or bool(usable)
        if not self._has_usable and listed.odd and not listed.cases:
            error = shape_error(lister.client, "cases", WHAT, "a list of cases")
            error.notes.append(f"The first record: {printable(listed.odd[0].why)}.")
            raise error
        if not self._has_usable and fresh and not usable and fresh[0]["_id"] in lister.odd:
            raise lister.odd[fresh[0]["_id"]].error
        return usable

    def _keep_odd(self, records: list[OddRecord], fresh: list[dict[str, Any]]) -> None:
        """Keep odd records, less those that another page shows as a case."""
        found = {case["_id"] for case in fresh if case["_id"] in self._odd_keys}
        self._odd_keys -= found
        for case_id in found:
            self.lister.odd.pop(case_id, None)
        for odd in records:
            if odd.case_id not in self.seen:
                self._odd_keys.add(odd.key)
                self.lister.odd.setdefault(odd.key, odd)


def _is_of_list(error: StellarError) -> bool:
    return str(error.details.get("path")).endswith("/cases")


def _explained(error: StellarError, page: Page, is_smaller: bool) -> StellarError:
    """Add to an error what it may have to do with the size or the place of a page."""
    if page.skip > MAX_SKIP and error.details.get("status") in (*_REFUSALS, *_FAILURES):
        error.notes.append(
            f"More than {MAX_SKIP} cases have the same times, score, status and severity (created near "
            f"{format_time(page.to_ms if page.descending else page.from_ms)}), and the platform refuses a larger skip."
        )
        error.remedy = "Narrow the query by tags or tenant, or by created_after and created_before, to leave them out."
    elif error.is_too_large:
        error.notes.append(f"The page had at most {page.size} cases.")
        error.remedy = "Check the platform for cases with very large fields, and leave them out by the query."
    elif is_smaller:
        error.notes.append(f"The page had at most {page.size} cases.")
    return error

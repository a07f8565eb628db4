# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listing that reads a page ahead; what platforms make of pages is in tests/integration/test_listings.py."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.listing import Lister
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import Reader
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.match import Match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import PAGE_SIZE, Query, Sorting

NOW = 1_700_000_000_000
CASES = PAGE_SIZE + 10


def case(number):
    return {"_id": f"{number:024x}", "created_at": NOW - CASES + number, "status": "New", "tags": []}


class Platform:
    """Answers pages of cases. fails: the page whose answer is an error, from 1 on."""

    def __init__(self, fails=0):
        self.asked = 0
        self.is_asked_again = threading.Event()
        self.attempts_after_failure = 0
        self.may_answer = threading.Event()
        self._fails = fails

    def get(self, path, parameters, what, lists, gives_up, before_attempt):
        before_attempt()
        self.asked += 1
        number = self.asked
        if number > 1:
            self.is_asked_again.set()
            assert self.may_answer.wait(10)
        if number == self._fails:
            error = ApiError("Could not list cases", "HTTP 503.", status=503, path="/cases", attempts=1)
            # As the client does after a wait
            before_attempt()
            self.attempts_after_failure += 1
            raise error
        first = PAGE_SIZE * (number - 1)
        found = [case(n) for n in range(first, min(first + PAGE_SIZE, CASES))]
        # A page begins where the one before ended, so that its total is of what is left.
        return {"data": {"cases": found, "total": CASES - first}}


def listing(platform, reads_ahead=True):
    return Lister(platform).cases(Query().first_page(NOW, False, "created_at"), reads_ahead=reads_ahead)


def test_the_next_page_is_read_while_the_cases_of_one_are_used():
    platform = Platform()
    cases = listing(platform)
    next(cases)
    assert platform.is_asked_again.wait(10)
    platform.may_answer.set()
    assert len(list(cases)) == CASES - 1
    assert platform.asked == 2


def test_without_it_no_page_is_asked_for_before_it_is_needed():
    platform = Platform()
    platform.may_answer.set()
    cases = listing(platform, reads_ahead=False)
    for _number in range(PAGE_SIZE):
        next(cases)
    assert platform.asked == 1
    assert len(list(cases)) == CASES - PAGE_SIZE


def test_an_error_of_the_next_page_comes_after_the_cases_of_the_one_before():
    platform = Platform(fails=2)
    platform.may_answer.set()
    cases = listing(platform)
    for _number in range(PAGE_SIZE):
        next(cases)
    with pytest.raises(ApiError, match="HTTP 503"):
        next(cases)
    assert platform.attempts_after_failure == 1


def test_a_page_that_is_not_needed_any_more_has_no_other_attempt():
    platform = Platform(fails=2)
    cases = listing(platform)
    next(cases)
    assert platform.is_asked_again.wait(10)
    readers = [thread for thread in threading.enumerate() if thread.name.startswith("Thread-") and thread.daemon]
    cases.close()
    platform.may_answer.set()
    for thread in readers:
        thread.join(10)
    assert platform.attempts_after_failure == 0
    assert platform.asked == 2


def test_a_listing_that_fails_ends_what_another_one_reads_ahead():
    class Refuses(Platform):
        def get(self, path, parameters, what, **more):
            if dict(parameters).get("status") == "Escalated":
                raise ApiError("Could not list cases", "HTTP 403.", status=403, path="/cases")
            return super().get(path, parameters, what, **more)

    platform = Refuses(fails=2)
    reader = Reader(platform)
    parts = Match(Query(status=("New", "Escalated"))).query.parts()
    with pytest.raises(ApiError, match="HTTP 403"):
        next(reader.listed(parts, Sorting(), reads_ahead=True))
    assert platform.is_asked_again.wait(10)
    readers = [thread for thread in threading.enumerate() if thread.name.startswith("Thread-") and thread.daemon]
    platform.may_answer.set()
    for thread in readers:
        thread.join(10)
    assert platform.attempts_after_failure == 0

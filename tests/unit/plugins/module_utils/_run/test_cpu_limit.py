# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bound on computing time: a search that never ends is stopped, and nothing of the bound is left."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cpu_limit import CpuTimeExceeded, CpuTimeLimit

# Each would be at work for years.
ENDLESS = [
    ("(a+)+$", "a" * 40 + "!"),
    ("(a|a)*b", "a" * 40),
    (r"^(\w+\s?)*$", "a" * 40 + "!"),
    ("(.*)*(.*)*=", "a" * 999),
]


def timer():
    """Return how many seconds the timer has left, and what it has then."""
    return signal.getitimer(signal.ITIMER_VIRTUAL)


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
def test_a_search_without_an_end_is_stopped(pattern, text):
    with CpuTimeLimit(0.05) as limit, pytest.raises(CpuTimeExceeded):
        limit.call(lambda: re.search(pattern, text))


def test_each_call_has_that_time():
    with CpuTimeLimit(0.05) as limit:
        for _call in range(2):
            with pytest.raises(CpuTimeExceeded):
                limit.call(lambda: re.search("(a+)+$", "a" * 40 + "!"))
        assert limit.call(lambda: 1) == 1


def test_waiting_is_no_computing():
    with CpuTimeLimit(0.05) as limit:
        limit.call(lambda: time.sleep(0.2))


def tick(times=1):
    """Let the timer tick, which it does once in that time."""
    for _time in range(times):
        signal.raise_signal(signal.SIGVTALRM)


def test_a_call_meets_one_tick_and_is_stopped_by_the_second():
    with CpuTimeLimit(60) as limit:
        for _call in range(3):
            limit.call(tick)
        with pytest.raises(CpuTimeExceeded):
            limit.call(lambda: tick(2))
        limit.call(tick)


def test_the_time_between_calls_does_not_count():
    with CpuTimeLimit(60) as limit:
        tick(3)
        limit.call(tick)
        tick(3)


def test_the_timer_ticks_once_in_that_time():
    with CpuTimeLimit(60):
        left, between = timer()
    assert between == 60
    assert left == pytest.approx(60, abs=1)


@pytest.mark.parametrize("error", [None, KeyError])
def test_nothing_is_left_of_it(error):
    before = signal.getsignal(signal.SIGVTALRM)

    def compute():
        assert signal.getsignal(signal.SIGVTALRM) is not before
        if error:
            raise error

    try:
        with CpuTimeLimit(60) as limit:
            limit.call(compute)
    except KeyError:
        pass
    assert timer() == (0, 0)
    assert signal.getsignal(signal.SIGVTALRM) is before


def test_another_thread_goes_without():
    done = []

    def decide():
        with CpuTimeLimit(60) as limit:
            done.append(limit.call(timer))

    thread = threading.Thread(target=decide)
    thread.start()
    thread.join()
    assert done == [(0, 0)]

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

from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cpu_limit import CpuTimeExceeded, cpu_time_limit

# Each would be at work for years.
ENDLESS = [
    ("(a+)+$", "a" * 40 + "!"),
    ("(a|a)*b", "a" * 40),
    (r"^(\w+\s?)*$", "a" * 40 + "!"),
    ("(.*)*(.*)*=", "a" * 999),
]


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
def test_a_search_without_an_end_is_stopped(pattern, text):
    with pytest.raises(CpuTimeExceeded), cpu_time_limit(0.05):
        re.search(pattern, text)


def test_waiting_is_no_computing():
    with cpu_time_limit(0.05):
        time.sleep(0.2)


@pytest.mark.parametrize("error", [None, KeyError])
def test_nothing_is_left_of_it(error):
    before = signal.getsignal(signal.SIGVTALRM)
    try:
        with cpu_time_limit(60):
            assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0
            if error:
                raise error
    except KeyError:
        pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert signal.getsignal(signal.SIGVTALRM) is before


def test_another_thread_goes_without():
    done = []

    def work():
        with cpu_time_limit(60):
            done.append(signal.getitimer(signal.ITIMER_VIRTUAL))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [(0, 0)]

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pace of a run: one budget, and fewer calls at once for all when the platform asks for it."""

from __future__ import annotations

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import throttle as throttle_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.throttle import Throttle


class Clock:
    """Moves by sleep() only."""

    def __init__(self):
        self.seconds = 1000.0
        self.slept = []

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        assert seconds >= 0
        self.slept.append(seconds)
        self.seconds += seconds


class SharedClock(Clock):
    """For several threads: when all of them sleep, it moves to where the first of them wakes."""

    def __init__(self, threads):
        super().__init__()
        self._awake = threads
        self._wakes = []
        self._changed = threading.Condition()

    def sleep(self, seconds):
        with self._changed:
            wakes = self.seconds + seconds
            self._wakes.append(wakes)
            self._fell_asleep()
            assert self._changed.wait_for(lambda: self.seconds >= wakes, timeout=30)
            self._wakes.remove(wakes)
            self._awake += 1

    def run(self, *calls):
        """Run each call in a thread of its own."""

        def one(call):
            try:
                call()
            finally:
                with self._changed:
                    self._fell_asleep()

        with ThreadPoolExecutor(len(calls)) as pool:
            for done in [pool.submit(one, call) for call in calls]:
                done.result()

    def _fell_asleep(self):
        self._awake -= 1
        if not self._awake and self._wakes:
            self.seconds = max(self.seconds, min(self._wakes))
            self._changed.notify_all()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(throttle_module, "time", clock)
    return clock


@pytest.fixture
def shared_clock(monkeypatch):
    def make(threads):
        clock = SharedClock(threads)
        monkeypatch.setattr(throttle_module, "time", clock)
        return clock

    return make


def succeed(throttle, times=1):
    for _number in range(times):
        with throttle.attempt("read"):
            pass


def admitted(throttle, threads=20):
    """How many calls run at once, when so many want to."""
    inside, done = threading.Semaphore(0), threading.Event()

    def call():
        with throttle.attempt("read"):
            inside.release()
            done.wait()

    with ThreadPoolExecutor(threads) as pool:
        for _number in range(threads):
            pool.submit(call)
        count = 0
        while inside.acquire(timeout=0.5):
            count += 1
        done.set()
    return count


# -- the budget -------------------------------------------------------------------------------------------


def test_a_wait_is_afforded_as_long_as_something_is_left(clock):
    throttle = Throttle(10.0)
    assert throttle.try_spend(6)
    clock.seconds += 6
    assert not throttle.try_spend(4.5)
    assert throttle.try_spend(4)
    clock.seconds += 4
    assert not throttle.try_spend(0.1)


def test_what_several_calls_wait_at_the_same_time_counts_once(clock):
    throttle = Throttle(10.0)
    assert all(throttle.try_spend(6) for _call in range(8))
    clock.seconds += 3
    # 6 s of these 9 are new: 3 too many, and 3 of these 6 are: all that is left but one
    assert not throttle.try_spend(8)
    assert throttle.try_spend(6)
    assert throttle.try_spend(1)
    assert not throttle.is_exhausted
    assert throttle.try_spend(7)
    assert throttle.is_exhausted
    # what others wait anyway costs nothing
    assert throttle.try_spend(7)
    assert not throttle.try_spend(7.1)


def test_tries_that_fail_count_as_well_and_once(clock):
    throttle = Throttle(10.0)
    first = throttle.now()
    clock.seconds += 2
    second = throttle.now()
    clock.seconds += 2
    throttle.failed(second)
    throttle.failed(first)
    # 2 s of the second, and nothing of the first, whose time had passed already: the clock on the wall says 4
    assert throttle.try_spend(6)
    assert throttle.try_spend(6)


def test_a_budget_that_was_overdrawn_affords_nothing(clock):
    throttle = Throttle(5.0)
    assert throttle.try_spend(4)
    started = throttle.now()
    clock.seconds += 9
    throttle.failed(started)
    assert throttle.is_exhausted
    assert not throttle.try_spend(0)


@pytest.mark.parametrize(("budget", "exhausted"), [(0.0, True), (0.49, True), (0.5, False)])
def test_a_budget_below_the_first_wait_is_exhausted(clock, budget, exhausted):
    assert Throttle(budget).is_exhausted is exhausted


# -- the pace ---------------------------------------------------------------------------------------------


def test_calls_and_tries_are_counted():
    throttle = Throttle(10.0, sleep=lambda seconds: None)
    succeed(throttle, 3)
    with throttle.attempt("write"):
        pass
    throttle.wait_before_retry(1.0, slow_down=False)
    throttle.wait_before_retry(1.0, slow_down=True)
    assert throttle.sent == {"read": 3, "write": 1}
    assert throttle.retries == 2


@pytest.mark.parametrize("calls", [1, 3, 8])
def test_no_more_run_at_once_than_allowed(calls):
    throttle = Throttle(10.0)
    throttle.set_limit(calls)
    assert admitted(throttle) == calls
    assert throttle.sent["read"] == 20


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_nobody_who_waits_is_overtaken(calls):
    throttle, order = Throttle(10.0), []
    throttle.set_limit(calls)

    def call(number):
        with throttle.attempt("read"):
            order.append(number)
            time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(200)))
    # No further than threads may get in each other's way.
    assert max(place - number for place, number in enumerate(order)) <= 16


def test_a_wait_for_a_turn_that_is_interrupted_leaves_the_turn_to_others(monkeypatch):
    throttle = Throttle(10.0)
    with throttle.attempt("read"):

        def interrupted():
            raise KeyboardInterrupt

        monkeypatch.setattr(throttle._changed, "wait", interrupted)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(throttle.attempt("read").__enter__)
            with pytest.raises(KeyboardInterrupt):
                future.result()
        monkeypatch.undo()
    assert admitted(throttle, 3) == 1


def test_a_call_that_fails_makes_room_for_another():
    throttle = Throttle(10.0)
    for _number in range(5):
        with pytest.raises(KeyError), throttle.attempt("read"):
            raise KeyError
    assert admitted(throttle, 3) == 1


def begin(throttle, clock, began):
    with throttle.attempt("read"):
        began.append(clock.seconds)


def gaps_between(began):
    return [round(after - before, 6) for before, after in itertools.pairwise(began)]


def beginnings(throttle, clock, calls):
    """Seconds between the beginnings of calls that nothing else keeps waiting."""
    began = []
    for _number in range(calls):
        begin(throttle, clock, began)
    return gaps_between(began)


@pytest.mark.parametrize(
    ("slow_downs", "gaps"),
    [
        (0, [0, 0, 0]),
        (1, [0.1, 0.08, 0.064, 0.0512, 0.04096]),
        (2, [0.2, 0.16, 0.128]),
        (5, [1.6, 1.28, 1.024]),
        (6, [2.0, 1.6, 1.28]),
        (9, [2.0, 1.6, 1.28]),
    ],
)
def test_a_gap_between_calls_grows_when_asked_and_shrinks_as_it_goes_well(clock, slow_downs, gaps):
    throttle = Throttle(1000.0, sleep=clock.sleep)
    for _number in range(slow_downs):
        throttle.wait_before_retry(1.0, slow_down=True)
    assert beginnings(throttle, clock, len(gaps) + 1) == gaps


def test_the_gap_ends(clock):
    throttle = Throttle(1000.0, sleep=clock.sleep)
    throttle.wait_before_retry(1.0, slow_down=True)
    gaps = beginnings(throttle, clock, 20)
    assert gaps[10] > 0
    assert gaps[11:] == [0] * 8


def test_calls_at_once_keep_the_gap_too(shared_clock):
    clock, began = shared_clock(4), []
    throttle = Throttle(1000.0, sleep=clock.sleep)
    for _number in range(3):
        throttle.wait_before_retry(0.0, slow_down=True)
    throttle.set_limit(8)
    clock.run(*[partial(begin, throttle, clock, began)] * 4)
    assert gaps_between(began) == [0.4, 0.32, 0.256]


@pytest.mark.parametrize(
    ("slow_downs", "successes", "at_once"),
    [
        (0, 100, 8),
        (1, 0, 4),
        (2, 0, 2),
        (3, 0, 1),
        (9, 0, 1),
        # one more for each round of successes
        (1, 3, 4),
        (1, 4, 5),
        (1, 8, 5),
        (1, 9, 6),
        (1, 15, 7),
        (1, 22, 8),
        (1, 100, 8),
        (3, 1, 2),
    ],
)
def test_fewer_run_at_once_when_asked_and_more_again_when_it_goes_well(clock, slow_downs, successes, at_once):
    throttle = Throttle(1000.0, sleep=clock.sleep)
    throttle.set_limit(8)
    # Successes before do not count for the way back.
    succeed(throttle, 50)
    for _number in range(slow_downs):
        throttle.wait_before_retry(1.0, slow_down=True)
        clock.seconds += 1
    succeed(throttle, successes)
    assert throttle._limit == at_once


def test_only_who_is_told_to_slow_down_slows_the_others(clock):
    throttle = Throttle(1000.0, sleep=clock.sleep)
    throttle.set_limit(8)
    throttle.wait_before_retry(5.0, slow_down=False)
    assert clock.slept == [5.0]
    clock.slept.clear()
    succeed(throttle)
    assert clock.slept == []
    assert throttle._limit == 8


def test_a_burst_of_refusals_halves_once(shared_clock):
    clock = shared_clock(8)
    throttle = Throttle(1000.0, sleep=clock.sleep)
    throttle.set_limit(8)
    clock.run(*[partial(throttle.wait_before_retry, 0.3, slow_down=True)] * 8)
    assert throttle._limit == 4
    assert throttle.retries == 8


def test_a_pause_is_for_all(shared_clock):
    clock, began = shared_clock(6), []
    throttle = Throttle(1000.0, sleep=clock.sleep)
    throttle.set_limit(8)
    started = clock.seconds

    def after(seconds, call):
        clock.sleep(seconds)
        call()

    clock.run(
        partial(throttle.wait_before_retry, 0.2, slow_down=True),
        *[partial(after, 0.05, partial(begin, throttle, clock, began))] * 4,
        # While they wait, another is told to wait longer.
        partial(after, 0.1, partial(throttle.wait_before_retry, 0.3, slow_down=True)),
    )
    assert len(began) == 4
    assert min(began) - started == pytest.approx(0.4)


def test_a_shorter_pause_does_not_end_a_longer_one(clock):
    throttle = Throttle(1000.0, sleep=lambda seconds: None)
    throttle.set_limit(8)
    before = throttle.now()
    throttle._pause_until = before + 10
    throttle.wait_before_retry(1.0, slow_down=True)
    succeed(throttle)
    assert throttle.now() - before == 10


def test_a_sleep_that_takes_no_time_moves_the_clock_all_the_same(clock):
    throttle = Throttle(10.0, sleep=lambda seconds: None)
    before = throttle.now()
    throttle.wait_before_retry(4.0, slow_down=True)
    assert throttle.now() - before == 4
    succeed(throttle)
    assert throttle.now() - before == 4


def test_a_sleep_that_takes_longer_does_not_turn_the_clock_back(clock):
    throttle = Throttle(10.0, sleep=lambda seconds: clock.sleep(2 * seconds))
    before = throttle.now()
    throttle.wait_before_retry(4.0, slow_down=True)
    assert throttle.now() - before == 8


def test_many_threads_with_a_sleep_that_takes_no_time_come_to_an_end():
    throttle = Throttle(10.0, sleep=lambda seconds: None)
    throttle.set_limit(8)
    running, most = 0, 0
    lock = threading.Lock()

    def work(number):
        nonlocal running, most
        chance = random.Random(number)
        for _call in range(50):
            try:
                with throttle.attempt("write"):
                    with lock:
                        running += 1
                        most = max(most, running)
                    refused = chance.random() < 0.3
                    with lock:
                        running -= 1
                    if refused:
                        raise InterruptedError
            except InterruptedError:
                throttle.wait_before_retry(chance.random(), slow_down=chance.random() < 0.5)

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(work, number) for number in range(16)]:
            done.result(timeout=30)
    assert throttle.sent["write"] == 16 * 50
    assert most <= 8
    assert throttle._running == 0


# -- alone ------------------------------------------------------------------------------------------------------------


def test_alone_waits_for_others_and_lets_none_begin():
    throttle = Throttle(10)
    throttle.set_limit(4)
    running, seen = [], []
    lock = threading.Lock()

    def attempt(is_alone):
        with throttle.attempt("read"):
            with lock:
                running.append(1)
                seen.append((is_alone, len(running)))
            time.sleep(0.01)
            with lock:
                running.pop()

    def work(number):
        for _turn in range(5):
            attempt(False)
            if number % 2:
                with throttle.alone(), throttle.alone():
                    attempt(True)
                    attempt(True)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert {count for is_alone, count in seen if is_alone} == {1}
    assert max(count for _is_alone, count in seen) > 1
    assert throttle._running == throttle._alone == 0


def test_two_that_have_a_slot_can_be_alone_in_turn():
    throttle = Throttle(10)
    throttle.set_limit(2)
    both_have_a_slot = threading.Barrier(2)
    ended = []

    def work():
        with throttle.attempt("write"):
            both_have_a_slot.wait(10)
            with throttle.alone(), throttle.attempt("read"):
                ended.append(throttle._running)

    threads = [threading.Thread(target=work, daemon=True) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert ended == [1, 1]
    assert throttle._running == throttle._alone == 0

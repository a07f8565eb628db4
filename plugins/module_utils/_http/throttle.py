# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pace of requests: one budget for retries, and a slower pace for all when the platform asks for it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import Any, Callable, Iterator

# The shortest wait before a retry is half of it
FIRST_WAIT_S = 0.5
# The gap between the starts of two attempts, once the platform asked to slow down; it shrinks as attempts succeed
FIRST_GAP_S, LONGEST_GAP_S = 0.1, 2.0


class Throttle:
    """Paces the attempts of one run, from however many threads.

    budget_s: total seconds for failed attempts and the waits between them. Seconds that several threads spend at the
    same time count once, as wall-clock time.
    """

    def __init__(self, budget_s: float, sleep: Callable[[float], Any] = time.sleep) -> None:
        self.retries = 0
        # Attempts that were sent, by kind: read, write, token
        self.sent: Counter[str] = Counter()
        self._left_s = budget_s
        self._counted_until = 0.0
        self._sleep = sleep
        self._not_slept_s = 0.0
        self._pause_until = 0.0
        self._next_at = 0.0
        self._gap_s = 0.0
        self._at_most = self._limit = 1
        self._running = 0
        # Threads in alone() or waiting for it: they come before all others
        self._alone = 0
        # The queue of threads that wait for a slot
        self._waiting: list[object] = []
        self._successes = 0
        self._changed = threading.Condition()
        self._mine = threading.local()

    def set_limit(self, slots: int) -> None:
        """Allow so many concurrent attempts, unless the platform asks to slow down."""
        with self._changed:
            self._at_most = self._limit = slots

    def now(self) -> float:
        """Return seconds on a clock that also advances when a test's sleep() takes no time."""
        return time.monotonic() + self._not_slept_s

    @contextmanager
    def attempt(self, kind: str) -> Iterator[None]:
        """Make one attempt in here. Waits for a slot; a nested attempt uses the slot of the outer one."""
        if self._has_slot:
            with self._changed:
                self.sent[kind] += 1
            yield
            return
        with self.slot():
            # Another attempt may be told to slow down while this one waits, or start right before it.
            while (pause := self._begin(kind)) > 0:
                self._wait(pause)
            yield
            self._succeeded()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Take one of the slots for concurrent attempts, until the end of the block."""
        if self._has_slot:
            yield
            return
        self._wait_for_slot()
        self._mine.has_slot = True
        try:
            yield
        finally:
            self._mine.has_slot = False
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Take the only slot, until the end of the block. Waits until others have ended; no other attempt begins."""
        if getattr(self._mine, "is_alone", False):
            yield
            return
        has_slot = self._has_slot
        with self._changed:
            # Else two of them that have a slot would wait for each other.
            self._running -= has_slot
            self._alone += 1
            self._changed.notify_all()
            try:
                while self._running:
                    self._changed.wait()
            except BaseException:
                self._alone -= 1
                self._running += has_slot
                raise
            self._running = 1
        self._mine.has_slot = self._mine.is_alone = True
        try:
            yield
        finally:
            self._mine.has_slot, self._mine.is_alone = has_slot, False
            with self._changed:
                self._alone -= 1
                self._running -= not has_slot
                self._changed.notify_all()

    @property
    def slots(self) -> int:
        """Return the maximum number of concurrent attempts."""
        return self._at_most

    @property
    def _has_slot(self) -> bool:
        return getattr(self._mine, "has_slot", False)

    def _wait_for_slot(self) -> None:
        """Wait for a slot, first come, first served: else threads with many attempts overtake a waiting one."""
        place = object()
        with self._changed:
            self._waiting.append(place)
            try:
                while self._waiting[0] is not place or self._running >= self._limit or self._alone:
                    self._changed.wait()
                self._running += 1
            finally:
                self._waiting.remove(place)
                self._changed.notify_all()

    def _begin(self, kind: str) -> float:
        """Start an attempt, or return the seconds until it may start."""
        with self._changed:
            now = self.now()
            pause = max(self._pause_until, self._next_at) - now
            if pause <= 0:
                self.sent[kind] += 1
                self._next_at = now + self._gap_s
            return pause

    def _succeeded(self) -> None:
        with self._changed:
            # Slowly, to stay near the rate that the platform accepts while other clients use it too.
            self._gap_s = self._gap_s * 0.8 if self._gap_s > FIRST_GAP_S / 8 else 0.0
            self._successes += 1
            if self._limit < self._at_most and self._successes >= self._limit:
                self._successes = 0
                self._limit += 1
                self._changed.notify_all()

    def failed(self, started: float) -> None:
        """Spend the seconds of a failed attempt."""
        with self._changed:
            self._spend(started, self.now())

    def try_spend(self, wait: float) -> bool:
        """Spend a wait before a retry, or return False if that is more than is left."""
        with self._changed:
            now = self.now()
            if self._cost(now, now + wait) > self._left_s:
                return False
            self._spend(now, now + wait)
            return True

    def pause(self, seconds: float) -> bool:
        """Wait within the budget, before a read that may show more. Returns False, at once, if too little is left."""
        if not self.try_spend(seconds):
            return False
        self._wait(seconds)
        return True

    @property
    def is_exhausted(self) -> bool:
        """Return whether the budget is used up, so that there are no more retries."""
        return self._left_s < FIRST_WAIT_S

    def _cost(self, start: float, end: float) -> float:
        """Return the seconds of a time that no other attempt has spent."""
        return max(0.0, end - max(start, self._counted_until))

    def _spend(self, start: float, end: float) -> None:
        self._left_s -= self._cost(start, end)
        self._counted_until = max(self._counted_until, end)

    def wait_before_retry(self, wait: float, slow_down: bool) -> None:
        """Wait before a retry; with slow_down, all threads wait, and fewer and slower attempts follow."""
        with self._changed:
            self.retries += 1
            if slow_down:
                now = self.now()
                # Concurrent attempts are refused together: they count as one refusal.
                if now >= self._pause_until:
                    self._limit = max(1, self._limit // 2)
                    self._successes = 0
                    self._gap_s = min(max(2 * self._gap_s, FIRST_GAP_S), LONGEST_GAP_S)
                self._pause_until = max(self._pause_until, now + wait)
        self._wait(wait)

    def _wait(self, seconds: float) -> None:
        started = time.monotonic()
        self._sleep(seconds)
        missing = seconds - (time.monotonic() - started)
        if missing > 0:
            with self._changed:
                self._not_slept_s += missing

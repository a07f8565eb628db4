# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a run over many cases is, in lines with numbers only."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any, Callable

from .._model.outcome import CHANGED, FAILED, SKIPPED

# A shorter run shows no line.
FIRST_S = 5.0


class Progress:
    """Shows a line now and then, when something is done. Safe for threads.

    show: shows a line. interval: seconds between two lines, 0 for none. clock: as time.monotonic().
    """

    def __init__(
        self, show: Callable[[str], Any] | None, interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show = show if interval else None
        self._interval = interval
        self._clock = clock
        self._next = clock() + min(FIRST_S, interval)
        self._lock = threading.Lock()
        self._read = self._total = 0
        self._started = 0.0
        self._outcomes: Counter[str] = Counter()

    def read(self) -> None:
        """Count a case that was read."""
        with self._lock:
            self._read += 1
            if self._is_due():
                self._say(f"{_cases(self._read)} read")

    def read_history(self, number: int, total: int) -> None:
        """Tell of the history of a case, the one with this number of so many."""
        with self._lock:
            if self._is_due():
                self._say(f"{number:,} of {total:,} histories read")

    def start(self, total: int) -> None:
        """Start to update so many cases."""
        with self._lock:
            self._total, self._started = total, self._clock()

    def done(self, outcome: str) -> None:
        """Count a case that was updated, or not."""
        with self._lock:
            self._outcomes[outcome] += 1
            if self._is_due():
                self._say(self._updates())

    def _is_due(self) -> bool:
        return self._show is not None and self._clock() >= self._next

    def _say(self, text: str) -> None:
        self._next = self._clock() + self._interval
        if self._show is not None:
            self._show(f"stellar_cases: {text}")

    def _updates(self) -> str:
        done = sum(self._outcomes.values())
        parts = [f"{self._outcomes[CHANGED]:,} of {_cases(self._total)} updated"]
        parts += [f"{self._outcomes[name]:,} {name}" for name in (FAILED, SKIPPED) if self._outcomes[name]]
        elapsed = self._clock() - self._started
        if elapsed > 0:
            rate = done / elapsed
            parts += [
                f"{rate:,.0f}/s" if rate >= 1 else f"{rate:.1f}/s",
                f"about {_duration((self._total - done) / rate)} left",
            ]
        return ", ".join(parts)


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60):,} min"

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bound on the computing time of what can't be asked to stop, as the search of a regular expression."""

from __future__ import annotations

import signal
import threading
from typing import Any, Callable, TypeVar

Result = TypeVar("Result")


class CpuTimeExceeded(Exception):
    """The computing time is used up."""


class CpuTimeLimit:
    """A context in which each call() may compute for so many seconds, and never twice as long.

    Waiting and other processes do not count. In a thread beside the main one, which no signal reaches, there is no
    bound. A timer ticks once in that time, and stops a call that has met a tick before: to set a timer for each call
    takes longer than to decide about a case.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_bound = threading.current_thread() is threading.main_thread()
        self._former: Any = None
        self._ticks: int | None = None

    def __enter__(self) -> CpuTimeLimit:
        if self._is_bound:
            self._former = signal.signal(signal.SIGVTALRM, self._tick)
            signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds, self._seconds)
        return self

    def __exit__(self, *unused: object) -> None:
        if self._is_bound:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, self._former)

    def call(self, compute: Callable[[], Result]) -> Result:
        """Return what a function returns. Raises CpuTimeExceeded."""
        self._ticks = 0
        try:
            return compute()
        finally:
            self._ticks = None

    def _tick(self, *unused: object) -> None:
        """Count a tick of a call. None: no call is going on."""
        if self._ticks is None:
            return
        self._ticks += 1
        if self._ticks > 1:
            raise CpuTimeExceeded

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bound on the computing time of what can't be asked to stop, as the search of a regular expression."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator


class CpuTimeExceeded(Exception):
    """The computing time is used up."""


@contextmanager
def cpu_time_limit(seconds: float) -> Iterator[None]:
    """Raise CpuTimeExceeded after so many seconds of computing, which waiting and other processes do not use up.

    In a thread beside the main one, which no signal reaches, there is no bound.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*unused: Any) -> None:
        raise CpuTimeExceeded

    former = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits for what other threads do."""

from __future__ import annotations

from concurrent.futures import Future, wait
from typing import TypeVar

Result = TypeVar("Result")

TURN_S = 0.5


def result_of(future: Future[Result]) -> Result:
    """Return the result of a future, and wait for it. Raises what it raised.

    It waits in turns: a signal, as of Ctrl-C, that comes right before a wait is noticed only at the end of that wait.
    """
    while not wait([future], timeout=TURN_S).done:
        pass
    return future.result()

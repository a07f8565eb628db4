# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rate limit over all callers: a bucket that holds a burst of calls and is filled again as time goes by."""

from __future__ import annotations

import math
import time
from typing import Any

from .errors import ApiError, error_response
from .switches import Switches


class RateLimit:
    def __init__(self) -> None:
        self._left: float | None = None
        self._at = 0.0

    def wait(self, per_s: int, burst: int) -> float:
        """Take one call; 0 if there was one, else the seconds until there is."""
        # Not the clock that a test moves: a storm takes its time.
        now = time.monotonic()
        left = burst if self._left is None else min(burst, self._left + (now - self._at) * per_s)
        self._at = now
        if left < 1:
            self._left = left
            return (1 - left) / per_s
        self._left = left - 1
        return 0.0

    def refusal(self, switches: Switches) -> Any:
        """Return the answer to one call too many; None for one that may pass."""
        if not switches.rate_limit_per_s:
            return None
        wait = self.wait(switches.rate_limit_per_s, switches.rate_limit_burst)
        if not wait:
            return None
        response = error_response(ApiError(429, "Too many requests"), switches)
        if switches.rate_limit_retry_after:
            response.headers["retry-after"] = str(math.ceil(wait))
        return response

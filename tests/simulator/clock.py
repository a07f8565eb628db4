# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own clock, which a test can move forward."""

from __future__ import annotations

import time


class Clock:
    def __init__(self) -> None:
        # by how much the platform's clock is wrong, in seconds; a switch
        self.skew = 0.0
        self.reset()

    def reset(self) -> None:
        self.offset = 0.0
        self._last_stamp = 0

    def now(self) -> float:
        return time.time() + self.offset + self.skew

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def stamp(self) -> int:
        """Return a millisecond that no other change has, so that modified_at strictly increases."""
        self._last_stamp = max(self.now_ms(), self._last_stamp + 1)
        return self._last_stamp

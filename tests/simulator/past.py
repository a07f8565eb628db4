# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was there before each write, kept as long as a switch lets reads lag behind writes.

Platforms are eventually consistent in places: for some time after an update, a read, or only a list, may still show
the state before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World

LAGS = ("case_lag_ms", "list_lag_ms", "parts_lag_ms")


class Past:
    def __init__(self, world: World) -> None:
        self._world = world
        # (kind, key) -> times of writes with what was there before each, the oldest first; None = nothing
        self._before: dict[tuple[str, str], list[tuple[int, Any]]] = {}

    def clear(self) -> None:
        """Forget all."""
        self._before.clear()

    @property
    def is_kept(self) -> bool:
        """Tell whether a switch lets any read lag."""
        return any(getattr(self._world.switches, name) for name in LAGS)

    def note(self, kind: str, key: str, before: Any) -> None:
        """Keep what is there before a write."""
        if self.is_kept:
            now = self._world.clock.now_ms()
            longest = max(getattr(self._world.switches, name) for name in LAGS)
            kept = [write for write in self._before.get((kind, key), []) if write[0] > now - longest]
            self._before[kind, key] = [*kept, (now, before)]

    def seen(self, kind: str, key: str, present: Any, lag_ms: int) -> Any:
        """Return what a read sees that lags by so much: the present, or what was there before a later write."""
        if not lag_ms:
            return present
        since = self._world.clock.now_ms() - lag_ms
        return next((before for at, before in self._before.get((kind, key), []) if at > since), present)

    def unseen(self, kind: str, lag_ms: int) -> dict[str, Any]:
        """Return what is still seen as it was, with what it was."""
        since = self._world.clock.now_ms() - lag_ms
        later = {
            key: [before for at, before in writes if at > since]
            for (of, key), writes in self._before.items()
            if of == kind
        }
        return {key: writes[0] for key, writes in later.items() if writes}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that land after they were answered, as behind a gateway that gives up before its platform does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class LateWrites:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, ms: float, write: Callable[[], Awaitable[Any]]) -> None:
        """Do the write so much later."""
        task = asyncio.get_running_loop().create_task(self._run(ms, write))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, ms: float, write: Callable[[], Awaitable[Any]]) -> None:
        await asyncio.sleep(ms / 1000)
        await write()

    def cancel(self) -> None:
        """Give up the writes that have not landed: they belong to another test."""
        for task in self._tasks:
            task.cancel()

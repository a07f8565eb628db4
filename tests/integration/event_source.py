# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the event source as ansible-rulebook loads it, with a queue of one place, against a simulator.

Run as a program, it writes the events to a file of JSON lines, until SIGTERM cancels the source as the engine does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.simulator.process import ROOT, Simulator

SOURCE = (
    ROOT / ".venv/collections/ansible_collections/stellarcyber/xdr/extensions/eda/plugins/event_source/stellar_cases.py"
)
INTERVAL = 0.1


def connection(simulator: Simulator) -> dict[str, Any]:
    return {
        "host": simulator.host,
        "username": simulator.username,
        "api_key": simulator.api_key,
        "ca_path": simulator.ca_path,
    }


def load() -> Any:
    """Return the function main of the source."""
    return runpy.run_path(str(SOURCE))["main"]


class Engine:
    """What an engine does with a source, in a thread of its own: it takes events, and ends it by cancelling it.

    acknowledges: whether feedback is given for an event, by its number; None without feedback. lag: the longest time
    that the loop did not run, in seconds. late: by how many seconds it takes each event.
    """

    def __init__(self, options: dict[str, Any], acknowledges: Any = None, late: float = 0.0) -> None:
        self.events: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self.lag = 0.0
        self._options, self._acknowledges, self._late = options, acknowledges, late
        self._started = threading.Event()
        self._takes = threading.Event()
        self._takes.set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        self._started.wait()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Any] = asyncio.Queue(1)
        options = dict(self._options)
        self.feedback: asyncio.Queue[Any] = asyncio.Queue(1)
        if self._acknowledges is not None:
            options["eda_feedback_queue"] = self.feedback
        self._source = asyncio.create_task(load()(queue, options))
        helpers = [asyncio.create_task(each) for each in (self._take(queue), self._measure())]
        self._started.set()
        try:
            await self._source
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.error = error
        for helper in helpers:
            helper.cancel()

    async def _take(self, queue: asyncio.Queue[Any]) -> None:
        while True:
            while not self._takes.is_set():
                await asyncio.sleep(0.01)
            event = await queue.get()
            await asyncio.sleep(self._late)
            self.events.append(event)
            if self._acknowledges is not None and self._acknowledges(len(self.events)):
                await self.feedback.put(event)

    async def _measure(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.lag = max(self.lag, time.monotonic() - before - 0.01)

    def pause(self) -> None:
        """Take no more events."""
        self._takes.clear()

    def give_feedback(self, item: Any) -> None:
        """Give feedback that no event asked for."""
        asyncio.run_coroutine_threadsafe(self.feedback.put(item), self._loop).result(5)

    def stop(self) -> float:
        """Cancel the source, and return how many seconds it took to end."""
        began = time.monotonic()
        self._loop.call_soon_threadsafe(self._source.cancel)
        self._thread.join(10)
        assert not self._thread.is_alive()
        return time.monotonic() - began

    def wait(self, number: int, seconds: float = 10) -> list[dict[str, Any]]:
        """Return the events when there are so many."""
        until(lambda: len(self.events) >= number or self._is_over, seconds)
        assert len(self.events) >= number, (len(self.events), self.error)
        return self.events

    def wait_for_error(self, seconds: float = 10) -> BaseException:
        until(lambda: self._is_over, seconds)
        assert self.error is not None
        return self.error

    @property
    def _is_over(self) -> bool:
        return not self._thread.is_alive()


def until(is_true: Any, seconds: float = 10) -> None:
    """Wait until something is true, or so many seconds."""
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.01)


def polls(simulator: Simulator) -> list[dict[str, Any]]:
    """The pages of polls, and not those of the start."""
    return [entry for entry in listings(simulator) if entry["query"]["limit"] == "500"]


def listings(simulator: Simulator) -> list[dict[str, Any]]:
    found = [entry for entry in simulator.requests() if entry["path"].endswith("/cases")]
    return [{**entry, "query": dict(entry["query"])} for entry in found]


@contextlib.contextmanager
def running(options: dict[str, Any], **engine: Any) -> Any:
    """An engine with a source that has started, and is stopped at the end."""
    found = Engine(options, **engine)
    try:
        yield found
    finally:
        if not found._is_over:
            found.stop()


async def _as_a_program(options: dict[str, Any], output: Path) -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    source = asyncio.create_task(load()(queue, options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, source.cancel)

    async def take() -> None:
        with output.open("a", encoding="utf-8", buffering=1) as file:
            while True:
                file.write(json.dumps(await queue.get()) + "\n")

    taking = asyncio.create_task(take())
    with contextlib.suppress(asyncio.CancelledError):
        await source
    taking.cancel()


if __name__ == "__main__":
    asyncio.run(_as_a_program(json.loads(sys.argv[1]), Path(sys.argv[2])))

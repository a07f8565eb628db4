# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source stellar_cases for ansible-rulebook. It has asyncio only: the rest is in _run/event_source.py."""

from __future__ import annotations

import asyncio
import copy
import importlib
import importlib.machinery
import importlib.util
import logging
import sys
import threading
from collections import deque
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)

# Without feedback, an event is known to be with the engine when it took the second one after it: its queue has one
# place, and it takes the next one when it is done with the one before.
_BEHIND = 2
# With feedback, an event that is not acknowledged is offered so often. If the engine took that many, it is done with
# the first.
_OFFERS = _BEHIND + 1
_PACKAGE = "ansible_collections"


def _import_source() -> Any:
    """Return the module of the source in this copy of the collection.

    The folder of the collection is never on sys.path: `plugins` of two collections would be one package.
    """
    root = next((folder for folder in Path(__file__).absolute().parents if folder.name == _PACKAGE), None)
    if root is not None:
        package = sys.modules.get(_PACKAGE)
        if package is None:
            try:
                package = importlib.import_module(_PACKAGE)
            except ImportError:
                spec = importlib.machinery.PathFinder.find_spec(_PACKAGE, [str(root.parent)])
                assert spec is not None
                package = sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        others = [path for path in package.__path__ if path != str(root)]
        package.__path__ = [str(root), *others]
        importlib.invalidate_caches()
    return importlib.import_module(f"{_PACKAGE}.stellarcyber.xdr.plugins.module_utils._run.event_source")


_source = _import_source()


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Put events into a queue until this is cancelled. args: the options of the source, as the rulebook has them."""
    options = dict(args)
    feedback = options.pop("eda_feedback_queue", None)
    source = _source.EventSource(options)
    if source.params["feedback"] and feedback is None:
        source.close()
        raise ValueError(
            "feedback: the engine gives no queue for it. Run ansible-rulebook with persistence, or leave feedback out."
        )
    loop = asyncio.get_running_loop()
    handed_over: asyncio.Queue[Any] = asyncio.Queue(1)

    def hand_over(steps: Any) -> None:
        """Wait in the thread until the loop takes steps. Raises StoppedError when it does not any more."""
        waiting = asyncio.run_coroutine_threadsafe(handed_over.put(steps), loop)
        while True:
            try:
                return waiting.result(1)
            except FutureTimeoutError:
                if source.is_closed:
                    waiting.cancel()
                    raise _source.StoppedError from None
            except (FutureCancelledError, RuntimeError):
                raise _source.StoppedError from None

    thread = threading.Thread(target=source.run, args=(hand_over,), daemon=True, name="stellar_cases")
    thread.start()
    reader = None
    try:
        if source.params["feedback"]:
            delivery: Any = _Acknowledged(queue, source)
            reader = asyncio.ensure_future(delivery.read(feedback))
        else:
            delivery = _Taken(queue, source)
        while True:
            steps = await handed_over.get()
            if isinstance(steps, Exception):
                raise steps
            for step in steps:
                await delivery.deliver(step)
    finally:
        if reader is not None:
            reader.cancel()
        source.close()


class _Taken:
    """Delivers without feedback. A step is confirmed once the engine took later events."""

    def __init__(self, queue: Any, source: Any) -> None:
        self._queue, self._source = queue, source
        self._unconfirmed: deque[Any] = deque()
        self._events = 0

    async def deliver(self, step: Any) -> None:
        self._unconfirmed.append(step)
        if step.event is not None:
            await self._queue.put(step.event)
            self._events += 1
        while self._unconfirmed and (self._events > _BEHIND or self._unconfirmed[0].event is None):
            confirmed = self._unconfirmed.popleft()
            self._events -= confirmed.event is not None
            self._source.confirm(confirmed)


class _Acknowledged:
    """Delivers one event after the other. A step is confirmed once the engine acknowledged its event."""

    def __init__(self, queue: Any, source: Any) -> None:
        self._queue, self._source = queue, source
        self._timeout = source.params["feedback_timeout"]
        self._waiting_for: tuple[str, asyncio.Future[None]] | None = None
        self._is_late = False

    async def read(self, feedback: Any) -> None:
        """Read all feedback: the engine waits until it is read. What is strange or late is ignored."""
        while True:
            found = await feedback.get()
            meta = found.get("meta") if isinstance(found, dict) else None
            name = meta.get("uuid") if isinstance(meta, dict) else None
            if self._waiting_for is not None and name == self._waiting_for[0] and not self._waiting_for[1].done():
                self._waiting_for[1].set_result(None)

    async def deliver(self, step: Any) -> None:
        if step.event is not None:
            await self._offer(step.event)
        self._source.confirm(step)

    async def _offer(self, event: dict[str, Any]) -> None:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting_for = event["meta"]["uuid"], acknowledged
        for _number in range(_OFFERS):
            # A copy, since filters of the rulebook may change it.
            put = asyncio.ensure_future(self._queue.put(copy.deepcopy(event)))
            try:
                await asyncio.wait({put, acknowledged}, return_when=asyncio.FIRST_COMPLETED)
                if put.done():
                    put.result()
            finally:
                put.cancel()
            await asyncio.wait({acknowledged}, timeout=self._timeout)
            if acknowledged.done():
                if self._is_late:
                    LOG.warning("The engine acknowledges events in time again.")
                self._is_late = False
                return
            if not self._is_late:
                LOG.warning(
                    "No feedback for event %s in %g s (feedback_timeout). It is offered again.",
                    event["meta"]["uuid"],
                    self._timeout,
                )
            self._is_late = True

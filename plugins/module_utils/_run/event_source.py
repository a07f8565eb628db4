# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source stellar_cases but for asyncio: it starts, polls in a thread, waits for a platform that is down.

A mistake in the options, a key that is refused and a platform that is not there end it at the start. After that nothing
but close() does.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from dataclasses import replace
from typing import Any, Callable, Generator, Iterator, List, Mapping, Union

from .._api.changes import WHAT, Changes
from .._api.listing import Lister
from .._api.reader import Reader
from .._argspec.connection import connection_of
from .._argspec.event_source import checked_arguments, filters_hash, query_options, start_time
from .._errors import ApiError, OptionError, StellarError
from .._http.client import Client
from .._model.case_event import event_of, is_own
from .._model.directory import Person
from .._model.feed import Delivered, Feed, Mark, Position, Seen, Step, Times, fingerprint, position_of
from .case import at_platform_time, clock_ms, clock_warnings, unresolved_warnings
from .module import warnings_of, with_source
from .state_file import FOLLOWING, StateFile

LOG = logging.getLogger(__name__)

# Steps that are handed over at once
_BATCH = 50
_SAVE_S = 1.0
_LONGEST_WAIT_S, _LONGEST_RETRY_AFTER_S = 300.0, 3600.0
_COUNTS_S = 3600.0
# Different warnings about cases that can't be used: one of each is logged, and no more than these
_MAX_WARNINGS = 100
_WAITED_FOR = (429, 500, 502, 503, 504)

HandOver = Callable[[Union[List[Step], Exception]], None]


class StoppedError(Exception):
    """The source was closed while it waited."""


class EventSource:
    """One event source. run() is for a thread of its own; all else is called by another one, and never waits for long.

    params: the checked options.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        """Check the options and the state file. Raises StellarError, before anything is sent."""
        self.params, sources = checked_arguments(given)
        self._stop = threading.Event()
        self._lock, self._saving = threading.Lock(), threading.Lock()
        self._file: StateFile | None = None
        # What is delivered; None until the start is done
        self._delivered: Delivered | None = None
        self._restored: Position | None = None
        self._is_saved = True
        # With feedback, the steps behind what is in the state file
        self._following: list[Step] = []
        self._save_error = ""
        self._warned: set[str] = set()
        self._counts = {"events": 0, "own": 0, "left out": 0, "polls": 0, "failures": 0}
        try:
            query_options(self.params, clock_ms())
            start_time(self.params, clock_ms())
            self._connection = connection_of(self.params)
            self._overlap_ms = int(self.params["overlap"] * 1000)
            self._restored = self._restore()
        except StellarError as error:
            self.close()
            raise with_source(error, sources) from None

    def _restore(self) -> Position | None:
        """Return the position of the state file, None without one."""
        if self.params["state_file"] is None:
            return None
        identity = {
            "platform": self._connection.platform.lower(),
            "tenant": self._connection.tenant,
            "filters": filters_hash(self.params),
        }
        self._file = StateFile(self.params["state_file"], identity)
        state = self._file.read()
        try:
            return None if state is None else position_of(state, self._overlap_ms, state[FOLLOWING])
        except ValueError as error:
            raise self._file.broken(f"can't be used, since {error}") from None

    # -- what is delivered -------------------------------------------------------------------------------

    def delivered(self, step: Step, behind: int) -> None:
        """Note that a step is delivered, in the order in which they were handed over. behind: as in Delivered."""
        with self._lock:
            if self._delivered is not None:
                self._delivered.follow(step, behind)
                self._is_saved = False
                if self.params["feedback"]:
                    self._following.append(step)

    def save(self) -> None:
        """Write what is delivered to the state file, if there is one and something new."""
        # One at a time, so that close() waits for a write that is on its way.
        with self._saving:
            self._save_now()

    def note(self) -> None:
        """Put what is delivered into the state file, in a time that does not depend on the size of the state.

        For feedback: without it, the last events are not known to be delivered.
        """
        with self._saving:
            with self._lock:
                following, self._following = self._following, []
            if self._file is not None and following and not self._file.append(map(Step.to_state, following)):
                self._save_now()

    def _save_now(self) -> None:
        with self._lock:
            if self._file is None or self._delivered is None or self._is_saved:
                return
            state, self._is_saved = self._delivered.to_state(), True
            self._following = []
        try:
            self._file.write(state)
            problem = ""
        except OSError as error:
            self._is_saved, problem = False, str(error.strerror)
        if problem != self._save_error:
            self._save_error = problem
            LOG.warning("state_file can %s", f"not be written: {problem}." if problem else "be written again.")

    def _save_often(self) -> None:
        while not self._stop.wait(_SAVE_S):
            self.save()

    @property
    def is_closed(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        """End the source, and save what is delivered. The thread of run() may still wait for an answer."""
        self._stop.set()
        if self._file is not None:
            self.save()
            self._file.close()

    # -- the thread --------------------------------------------------------------------------------------

    def run(self, hand_over: HandOver) -> None:
        """Start, and poll until the source is closed. hand_over: gets steps, or an error that ends the start."""
        try:
            with Client(self._connection, sleep=self._sleep) as client:
                reader, changes, feed, own = self._until_answered(lambda: self._start(client))
                threading.Thread(target=self._save_often, daemon=True, name="stellar_cases state").start()
                self._poll_on(reader, changes, feed, own, hand_over)
        except StoppedError:
            pass
        except Exception as error:
            # Of the start only: _poll_on() raises none.
            if not self._stop.is_set():
                hand_over(error)

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError

    def _until_answered(self, start: Callable[[], Any]) -> Any:
        """Return what start() returns. A platform that is there, and asks to come later, is waited for."""
        failures = 0
        while True:
            try:
                return start()
            except StellarError as error:
                if not error.is_too_late and error.details.get("status") not in _WAITED_FOR:
                    raise
                failures += 1
                if failures == 1:
                    LOG.warning("%s The source waits for the platform.", error)
                self._sleep(self._wait(failures, error))

    def _wait(self, failures: int, error: Exception) -> float:
        """Return the seconds to wait after so many failed polls."""
        interval = self.params["interval"]
        wait: float = max(interval, min(_LONGEST_WAIT_S, 2.0 ** min(failures, 9))) * random.uniform(0.75, 1.25)
        wait = min(wait, max(interval, _LONGEST_WAIT_S))
        asked: float = getattr(error, "retry_after", None) or 0.0
        return max(wait, min(asked, _LONGEST_RETRY_AFTER_S))

    # -- the start ---------------------------------------------------------------------------------------

    def _start(self, client: Client) -> tuple[Reader, Changes, Feed, Person | None]:
        """Connect, verify what the platform can do, and find the place to begin at. Raises StellarError."""
        client.reset(lambda secret: None)
        reader = Reader(client)
        changes = Changes(reader)
        began_at, noted_ms = time.monotonic(), clock_ms()
        why = at_platform_time(reader, lambda now_ms: changes.why_unsupported())
        changes.is_scan = bool(why)
        if why and self.params["unsupported"] == "fail":
            raise ApiError(
                WHAT,
                f"the platform does not list cases by the time of their change: {why}.",
                "Set unsupported to scan, to read all cases in each interval; or narrow the filters.",
            )
        match = query_options(self.params, reader.now_ms).match(reader.directory)
        own = reader.directory.own_account() if self.params["ignore_own_changes"] else None
        if self.params["ignore_own_changes"] and own is None:
            why = "can't be used, because neither the key nor the list of users tells whose key it is"
            raise OptionError("ignore_own_changes", why, "Give username or a scoped key, or leave the option out.")
        asked_ms = client.session.latest_clock_ms() - int((time.monotonic() - began_at) * 1000)
        feed = self._feed(changes, asked_ms, noted_ms)
        self._check_backlog(changes, feed, match.query)
        warnings = clock_warnings(client) + unresolved_warnings(match.unresolved) + reader.take_warnings()
        about = {"warnings": warnings, "platform": self._connection.platform}
        self._warn(*warnings_of(about, self.params))
        if why:
            self._warn(f"All cases are read in each interval, since the platform can't list changes: {why}.")
        return reader, changes, feed, own

    def _feed(self, changes: Changes, asked_ms: int, noted_ms: int) -> Feed:
        position = self._restored
        if position is None:
            since = start_time(self.params, asked_ms)
            newest = changes.newest() if since is None else []
            latest = newest[0]["modified_at"] if newest else asked_ms
            since = latest if since is None else since
            marks = {case["_id"]: Mark(case["modified_at"], fingerprint(case)) for case in newest}
            position = Position(Times(since, since, since, asked_ms, asked_ms, noted_ms), self._overlap_ms, marks)
            if self._file is not None:
                self._file.create(position.to_state())
            self._restored = position
        with self._lock:
            self._delivered = Delivered(position)
        return Feed(position)

    def _check_backlog(self, changes: Changes, feed: Feed, query: Any) -> None:
        """Raise OptionError if more cases than max_backlog are to be delivered at the start."""
        most, count = self.params["max_backlog"], 0
        if not most:
            return
        for case in changes.since(replace(query, modified_after=feed.begin())):
            count += feed.take(case) is not None
            if count > most:
                raise OptionError(
                    "max_backlog",
                    f"is {most}, and more cases than that are to be delivered",
                    "Raise it, give a later since, or narrow the filters.",
                )

    # -- polls -------------------------------------------------------------------------------------------

    def _poll_on(self, reader: Reader, changes: Changes, feed: Feed, own: Person | None, hand_over: HandOver) -> None:
        failures, failed_at = 0, 0.0
        counted_at = time.monotonic()
        while not self._stop.is_set():
            began_at = time.monotonic()
            try:
                with contextlib.closing(self._poll(reader, changes, feed, own)) as steps:
                    _hand_over_in_batches(steps, hand_over)
            except StoppedError:
                return
            except Exception as error:
                self._counts["failures"] += 1
                failures += 1
                if failures == 1:
                    failed_at = began_at
                    # The text of another error may have anything in it.
                    text = str(error) if isinstance(error, StellarError) else f"{type(error).__name__} in a poll."
                    LOG.warning("%s The source goes on when the platform answers again.", text)
                wait = self._wait(failures, error)
                # One that failed would ask for small pages for ever.
                reader.lister = Lister(reader.client)
            else:
                self._counts["polls"] += 1
                if failures:
                    LOG.warning("The platform answers again, after %.0f s.", time.monotonic() - failed_at)
                    failures = 0
                wait = self.params["interval"] - (time.monotonic() - began_at)
            self._warn(*reader.take_warnings())
            if time.monotonic() - counted_at >= _COUNTS_S:
                counted_at = time.monotonic()
                reader.lister = Lister(reader.client)
                LOG.info(
                    "In the last hour: %s.", ", ".join(f"{number} {name}" for name, number in self._counts.items())
                )
                self._counts = dict.fromkeys(self._counts, 0)
            if self._stop.wait(max(0.0, wait)):
                return

    def _poll(self, reader: Reader, changes: Changes, feed: Feed, own: Person | None) -> Generator[Step, None, None]:
        """Yield the steps of one poll."""
        client = reader.client
        client.reset(lambda secret: None)
        reader.now_ms = client.session.latest_clock_ms()
        began_at, noted_ms = time.monotonic(), clock_ms()
        query = query_options(self.params, reader.now_ms).match(reader.directory).query
        query = replace(query, modified_after=feed.begin())
        cases = changes.since(query)
        case = next(cases, None)
        answered_ms = client.session.latest_clock_ms()
        feed.ask(answered_ms - int((time.monotonic() - began_at) * 1000), answered_ms, noted_ms)
        if feed.is_back:
            self._warn("The platform's clock lost time. Changes since then are asked for, and some may come again.")
        while case is not None:
            seen = feed.take(case)
            if seen is not None:
                yield feed.step(seen, self._event(reader, seen, own), changes.is_sorted)
            case = next(cases, None)
        yield feed.end()

    def _event(self, reader: Reader, seen: Seen, own: Person | None) -> dict[str, Any] | None:
        """Return the event of a case; None if the options leave it out."""
        if seen.kind not in self.params["changes"]:
            self._counts["left out"] += 1
            return None
        is_ours = self._is_own(reader, seen, own)
        if is_ours:
            self._counts["own"] += 1
            return None
        self._counts["events"] += 1
        scope = f"{self._connection.platform.lower()} {self._connection.tenant}"
        return event_of(seen, is_ours, scope, self.params["fields"])

    def _is_own(self, reader: Reader, seen: Seen, own: Person | None) -> bool | None:
        """Return whether all of a change is of this key's user; None if that is not asked for, or can't be told."""
        if own is None:
            return None
        if not own.matches(seen.case.get("modified_by") or "", seen.case.get("modified_by_name") or ""):
            return False
        history, why = reader.history(seen.case)
        if history is None:
            self._warn(f"Changes of this key's user can't be told from those of others, and are delivered. {why}")
            return None
        return is_own(history, own, seen.since_ms, seen.mark.modified_at)

    def _warn(self, *warnings: str) -> None:
        """Log each warning once in the life of the source."""
        for warning in warnings:
            if warning not in self._warned and len(self._warned) < _MAX_WARNINGS:
                self._warned.add(warning)
                LOG.warning("%s", warning)


def _hand_over_in_batches(steps: Iterator[Step], hand_over: HandOver) -> None:
    """Hand over steps as they come, several at once. What was read before an error is handed over, too."""
    batch: list[Step] = []
    began_at = time.monotonic()
    try:
        for step in steps:
            batch.append(step)
            if len(batch) == _BATCH or time.monotonic() - began_at > _SAVE_S:
                full, batch = batch, []
                hand_over(full)
                began_at = time.monotonic()
    finally:
        if batch:
            hand_over(batch)

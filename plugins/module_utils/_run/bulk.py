# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many cases in one run: one result each, whatever happens to the others."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Iterable, Sequence, TypeVar

from .._api.reader import Reader
from .._api.writer import (
    apply_plan,
    as_results,
    check_guard,
)
from .._errors import (
    AuthenticationError,
    ConflictError,
    StellarError,
    printable,
)
from .._http.client import Client
from .._model.case import label, modified_at, severity
from .._model.plan import Desired, Plan
from .._model.undo import undo_item
from .journal import Journal

CHANGED, OK, FAILED, SKIPPED = OUTCOMES = ("changed", "ok", "failed", "skipped")

# Why a run ends before all is done
ANOTHER_FAILED = "another case failed, and on_error is stop."
_NO_JOURNAL = "the journal can't be written."

# Of a case that needs nothing, or that could not be read
NO_PLAN = Plan(Desired())

Task = TypeVar("Task")


def case_summary(case: dict[str, Any]) -> dict[str, Any]:
    """What a result or a finding says of its case."""
    return {
        "case_id": case["_id"],
        "ticket_id": case.get("ticket_id"),
        "name": case.get("name") or "",
        "tenant": case.get("tenant_name") or case.get("cust_id") or "",
        "status": case.get("status") or "",
        "severity": severity(case),
    }


@dataclass
class Work:
    """One case of a run: what it is, what is planned, and what came of it.

    shown: what its result says of it, from case_summary(). guard: modified_at in ms after which the case is somebody
    else's. read_at: time.monotonic() from which on somebody may have changed it; by default so long ago that it is
    always read again. changing: the rules that change it, by their numbers. begun: False if the run ended before it.
    written: whether something was written, as far as can be known. why: the reason without the name of the case.
    """

    shown: dict[str, Any]
    case: dict[str, Any] = field(default_factory=dict)
    plan: Plan = field(default_factory=lambda: NO_PLAN)
    rules: list[str] = field(default_factory=list)
    guard: int | None = None
    read_at: float = float("-inf")
    changing: tuple[int, ...] = ()
    outcome: str = OK
    begun: bool = True
    written: bool = False
    reason: str = ""
    why: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    concurrent_changes: list[dict[str, Any]] | None = field(default_factory=list)
    undo: dict[str, Any] | None = None
    irreversible: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_listed(self) -> bool:
        """True for an item of a list, which is read again whatever its age."""
        return self.read_at == float("-inf")

    @property
    def is_planned(self) -> bool:
        return self.plan.changed and self.outcome == OK

    def fail(self, error: StellarError) -> None:
        failure = error.to_result()
        self.outcome, self.reason, self.error = FAILED, failure["msg"], failure["error"]
        is_of_the_case_alone = bool(self.shown["case_id"]) and self.shown["case_id"] in error.what and not error.context
        self.why = error.reason if is_of_the_case_alone else self.reason

    def skip(self, reason: str, begun: bool = True, why: str = "") -> None:
        self.outcome, self.reason, self.begun, self.why = SKIPPED, reason, begun, why or reason

    def expect(self) -> None:
        """Check mode: what apply would make of it."""
        self.outcome = CHANGED
        _item, self.irreversible = undo_item(self.case, self.plan, None)

    def to_result(self) -> dict[str, Any]:
        result = {
            **self.shown,
            "outcome": self.outcome,
            "changes": [asdict(change) for change in self.plan.changes],
            "rules": self.rules,
        }
        if self.reason:
            result["reason"] = self.reason
        if self.error:
            result["error"] = self.error
        if self.concurrent_changes is None or self.concurrent_changes:
            result["concurrent_changes"] = self.concurrent_changes
        if self.irreversible:
            result["irreversible"] = self.irreversible
        return result


class _NotAttempted(Exception):
    """The run ended before an attempt at a write."""


class Progress:
    """Whether a run goes on. Safe for threads.

    ended: why nothing more is begun; '' while it goes on. workers: calls at once. stop_on_error: whether the failure
    of a write ends the run. deadline: time.monotonic() after which no write is begun.
    """

    def __init__(self, client: Client, workers: int, stop_on_error: bool, deadline: float) -> None:
        self.workers = workers
        self.stop_on_error = stop_on_error
        self.ended = ""
        self.is_interrupted = False
        self._client = client
        self._deadline = deadline
        self._in_vain = 0
        self._lock = threading.Lock()
        self._parent = os.getppid()

    def end(self, why: str) -> None:
        self.ended = self.ended or why

    def interrupt(self) -> None:
        """Nobody waits for the run any more: what is under way ends without another attempt."""
        self.is_interrupted = True
        self.end("the task was interrupted.")

    def check_parent(self) -> None:
        """End the run if the process that waits for it is gone, as after a kill of ansible-playbook."""
        if os.getppid() != self._parent:
            self.interrupt()

    def skips(self, work: Work) -> bool:
        """Skip a case that is not begun any more."""
        if self.ended:
            work.skip(f"Not begun: {self.ended} Run again for the rest.", begun=False)
        return bool(self.ended)

    def check_time(self) -> None:
        """End the run if its time is over."""
        if time.monotonic() > self._deadline:
            self.end("the time_budget of the task is used up.")

    def succeeded(self) -> None:
        """The platform did its work."""
        self._in_vain = 0

    def failed(self, error: StellarError) -> None:
        """A failure that is not the case's own ends the run, once as many in a row as run at once say the same."""
        if isinstance(error, AuthenticationError):
            why = "the platform refuses the key or the token."
        elif "attempts" in error.details and self._client.throttle.is_exhausted:
            why = "the platform does not do its work any more, and retry_budget is used up."
        else:
            self.succeeded()
            return
        with self._lock:
            self._in_vain += 1
            if self._in_vain >= self.workers:
                self.end(why)


def concurrently(progress: Progress, function: Callable[[Task], None], tasks: Iterable[Task]) -> None:
    """Run a function on each task, as many at once as a run may. The first exception ends the run."""
    with ThreadPoolExecutor(progress.workers) as pool:
        futures: list[Future[None]] = []
        try:
            futures.extend(pool.submit(function, task) for task in tasks)
            for future in futures:
                future.result()
        except BaseException:
            progress.interrupt()
            raise
        finally:
            for future in futures:
                future.cancel()


@dataclass
class Apply:
    """Carries out what is planned.

    recheck_after: age in s from which a guarded case is read again right before its write.
    """

    client: Client
    reader: Reader
    journal: Journal
    progress: Progress
    recheck_after: float

    def __post_init__(self) -> None:
        self.rereads = 0
        self._lock = threading.Lock()

    def run(self, works: Sequence[Work]) -> None:
        concurrently(self.progress, self._one, works)

    def _one(self, work: Work) -> None:
        self.progress.check_time()
        if self.progress.skips(work):
            return
        try:
            self._write(work)
            self.progress.succeeded()
        except _NotAttempted:
            self.progress.skips(work)
        except StellarError as error:
            is_touched = isinstance(error, ConflictError) and not error.result.get("changed")
            if is_touched and not error.outcome_unknown:
                self._forget(work)
                work.skip(str(error), why=error.why)
            else:
                self._fail(work, error)
        except Exception as error:
            # A fault in here must not hide what became of the other cases.
            self.progress.end("a fault of the collection ended the run.")
            self._changed(work, None)
            fault = f"{type(error).__name__}: {printable(error)}. This is a fault of the collection."
            work.fail(StellarError(f"Could not finish {label(work.case)}", fault, "Look at the case, and report it."))

    def _write(self, work: Work) -> None:
        plan = work.plan
        is_begun = False

        def before_attempt() -> None:
            """Runs when all waits for the attempt are over. What it raises is instead of the attempt."""
            nonlocal is_begun
            self.progress.check_time()
            self.progress.check_parent()
            if self.progress.is_interrupted or (not is_begun and self.progress.ended):
                raise _NotAttempted
            if not is_begun:
                self._reread(work)
            # Should the run be killed: whoever changes the case after this attempt would have been answered is not
            # overwritten.
            latest = self.client.platform_time_ms() + int(self.client.connection.timeout * 1000)
            intended, lost = undo_item(work.case, plan, latest)
            try:
                self.journal.undo_by(intended, lost, work.shown.get("ticket_id"))
            except OSError as error:
                self.progress.end(_NO_JOURNAL)
                if not is_begun:
                    raise StellarError(
                        "Refused to write without a journal", f"{error}.", "Make room for it, then run again."
                    ) from None
            is_begun = True

        done = apply_plan(self.client, self.reader, work.case, plan, work.guard, before_attempt, self._is_watched(work))
        work.warnings, work.concurrent_changes = done.warnings, as_results(done.concurrent_changes)
        self._changed(work, done.guard)

    def _is_watched(self, work: Work) -> bool:
        """Whether nothing that somebody did may go unseen, whatever that costs in calls."""
        return work.guard is not None and (work.is_listed or self.recheck_after == 0)

    def _reread(self, work: Work) -> None:
        """Refuse a guarded case that somebody changed, as far as what was read of it may be out of date."""
        if work.guard is not None and time.monotonic() - work.read_at > self.recheck_after:
            with self._lock:
                self.rereads += 1
            check_guard(self.reader.case_by_id(work.case["_id"]), work.guard)

    def _changed(self, work: Work, guard: int | None) -> None:
        """Keep what undoes a write. guard: modified_at after it; None if that could not be seen for sure."""
        if guard is None:
            guard = self.client.platform_time_ms()
        work.outcome, work.written = CHANGED, True
        # What somebody set right before the write is what was there before it.
        found = {
            edit["field"]: edit["value"]
            for edit in work.concurrent_changes or ()
            if not edit["kept"] and isinstance(edit["value"], str)
        }
        item, work.irreversible = undo_item({**work.case, **found}, work.plan, guard)
        if len(item) > 1:
            work.undo = item
        try:
            self.journal.undo_by(item, work.irreversible, work.shown.get("ticket_id"))
        except OSError:
            # What was written before the write is there, and undoes it as well.
            self.progress.end(_NO_JOURNAL)

    def _fail(self, work: Work, error: StellarError) -> None:
        if error.result.get("changed") or error.outcome_unknown:
            work.concurrent_changes = error.result.get("concurrent_changes")
            self._changed(work, _guard_after(work, error))
        else:
            self._forget(work)
        work.fail(error)
        self.progress.failed(error)
        if self.progress.stop_on_error:
            self.progress.end(ANOTHER_FAILED)

    def _forget(self, work: Work) -> None:
        """Nothing was written: there is nothing to undo."""
        try:
            self.journal.undo_by({"case_id": work.case["_id"]})
        except OSError:
            self.progress.end(_NO_JOURNAL)


def _guard_after(work: Work, error: StellarError) -> int | None:
    """What guards the undo of a write that failed in part."""
    after = error.result.get("case")
    # A comment that may have arrived moved modified_at, nobody knows when.
    if after is None or error.may_have_arrived or error.outcome_unknown:
        return None
    # What others did after the write may be in what was read.
    return modified_at(work.case if work.concurrent_changes else after)

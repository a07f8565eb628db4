# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates many cases in one run: one result each, whatever happens to the others."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Iterable, Sequence, TypeVar

from .._api.precondition import check_unmodified
from .._api.reader import Reader
from .._api.writer import Guard, apply_plan, as_results
from .._errors import (
    AuthenticationError,
    ConflictError,
    StellarError,
    printable,
)
from .._http.client import Client
from .._http.threads import result_of
from .._model.case import label, modified_at, severity
from .._model.outcome import CHANGED, FAILED, NOT_APPLIED, OK, SKIPPED
from .._model.plan import DesiredState, Plan, make_plan
from .._model.undo import undo_item
from .journal import Journal
from .progress import Progress

# The beginning of the reason of a case that the run ended before, where nothing was planned yet
_NOT_EVALUATED = "Not evaluated:"

# Why a run ends before all cases are updated
ANOTHER_FAILED = "another case failed, and on_error is stop."
_NO_JOURNAL = "the journal can't be written."

# Of a case that needs nothing, or that could not be read
NO_PLAN = Plan(DesiredState())

Task = TypeVar("Task")


def case_summary(case: dict[str, Any]) -> dict[str, Any]:
    """Return what a result or a finding says of its case."""
    return {
        "case_id": case["_id"],
        "ticket_id": case.get("ticket_id"),
        "name": case.get("name") or "",
        "tenant": case.get("tenant_name") or case.get("cust_id") or "",
        "status": case.get("status") or "",
        "severity": severity(case),
    }


@dataclass
class CaseRun:
    """One case of a run: what it is, what is planned, and its result.

    summary: what its result says of it, from case_summary(). unmodified_since: modified_at in ms; a case that others
    changed later is not updated. read_at: time.monotonic() from which on others may have changed it; by default so long
    ago that it is always read again. guard: of a saved plan; raises ConflictError for a case that, right before its
    write, is not as it was planned. approved: of a saved plan; what a case that is skipped shows. contributing: the
    rules that change it, by their numbers. started: False if the run ended before this case. written: whether something
    was written, as far as can be known. why: the reason without the name of the case.
    """

    summary: dict[str, Any]
    case: dict[str, Any] = field(default_factory=dict)
    plan: Plan = field(default_factory=lambda: NO_PLAN)
    rules: list[str] = field(default_factory=list)
    unmodified_since: int | None = None
    read_at: float = float("-inf")
    guard: Guard | None = None
    approved: Plan | None = None
    contributing: tuple[int, ...] = ()
    outcome: str = OK
    started: bool = True
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
        """Return True for an item of a list, which is read again whatever its age."""
        return self.read_at == float("-inf")

    @property
    def is_planned(self) -> bool:
        return self.plan.changed and self.outcome == OK

    def fail(self, error: StellarError) -> None:
        failure = error.to_result()
        self.outcome, self.reason, self.error = FAILED, failure["msg"], failure["error"]
        is_of_the_case_alone = (
            bool(self.summary["case_id"]) and self.summary["case_id"] in error.what and not error.context
        )
        self.why = error.reason if is_of_the_case_alone else self.reason

    def skip(self, reason: str, started: bool = True, why: str = "") -> None:
        self.outcome, self.reason, self.started, self.why = SKIPPED, reason, started, why or reason
        self.plan = self.approved or self.plan

    def preview(self) -> None:
        """Set the result that apply would give: check mode."""
        self.outcome = CHANGED
        _item, self.irreversible = undo_item(self.case, self.plan, None)

    def to_result(self) -> dict[str, Any]:
        result = {
            **self.summary,
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


class _Compliant(Exception):
    """The case has its desired state already, which the listing did not show."""


class _NotAttempted(Exception):
    """The run ended before an attempt at a write."""


class RunControl:
    """Decides whether a run goes on. Safe for threads.

    ended: why no further case is started; '' while the run goes on. workers: maximum concurrent requests.
    stop_on_error: whether a failed write ends the run. deadline: time.monotonic() after which no write is started.
    progress: is told what was read and updated.
    """

    def __init__(self, client: Client, workers: int, stop_on_error: bool, deadline: float, progress: Progress) -> None:
        self.workers = workers
        self.progress = progress
        self.stop_on_error = stop_on_error
        self.ended = ""
        # The failure because of which the run ended, if it was one
        self.cause: StellarError | None = None
        self.is_interrupted = False
        self._client = client
        self._deadline = deadline
        self._consecutive_failures = 0
        self._lock = threading.Lock()
        self._parent = os.getppid()

    def end(self, why: str) -> None:
        self.ended = self.ended or why

    def interrupt(self) -> None:
        """End the run when no process waits for it any more: requests in flight end without another attempt."""
        self.is_interrupted = True
        self.end("the task was interrupted.")

    def check_parent(self) -> None:
        """End the run if the process that waits for it is gone, as after a kill of ansible-playbook."""
        if os.getppid() != self._parent:
            self.interrupt()

    def skip_if_ended(self, case_run: CaseRun) -> bool:
        """Skip a case if the run has ended, and return whether it has."""
        if self.ended:
            case_run.skip(
                f"{NOT_APPLIED if case_run.plan.changed else _NOT_EVALUATED} {self.ended} Run again for the rest.",
                started=False,
            )
        return bool(self.ended)

    def check_time(self) -> None:
        """End the run if its time is over."""
        if time.monotonic() > self._deadline:
            self.end("the time_budget of the task is used up.")

    def succeeded(self) -> None:
        """Note that the platform answered."""
        self._consecutive_failures = 0

    def failed(self, error: StellarError) -> None:
        """End the run after as many failures in a row as requests are concurrent, if they are not of a case alone."""
        if isinstance(error, AuthenticationError):
            why = "the platform rejects the key or the token."
        elif "attempts" in error.details and self._client.throttle.is_exhausted:
            why = "the platform is unavailable, and retry_budget is used up."
        else:
            self.succeeded()
            return
        with self._lock:
            self._consecutive_failures += 1
            if self._consecutive_failures >= self.workers and not self.ended:
                self.cause = error
                self.end(why)


def concurrently(control: RunControl, function: Callable[[Task], None], tasks: Iterable[Task]) -> None:
    """Run a function on each task in the threads of a run. The first exception ends the run."""
    with ThreadPoolExecutor(control.workers) as pool:
        futures: list[Future[None]] = []
        try:
            futures.extend(pool.submit(function, task) for task in tasks)
            for future in futures:
                result_of(future)
        except BaseException:
            control.interrupt()
            raise
        finally:
            for future in futures:
                future.cancel()


@dataclass
class Apply:
    """Applies the plans of cases.

    recheck_after: age in s from which a guarded case is read again right before its write.
    """

    client: Client
    reader: Reader
    journal: Journal
    control: RunControl
    recheck_after: float

    def __post_init__(self) -> None:
        self.rechecks = 0
        self._lock = threading.Lock()

    def run(self, case_runs: Sequence[CaseRun]) -> None:
        self.control.progress.start(len(case_runs))
        concurrently(self.control, self._apply_case, case_runs)

    def _apply_case(self, case_run: CaseRun) -> None:
        self._apply(case_run)
        self.control.progress.done(case_run.outcome)

    def _apply(self, case_run: CaseRun) -> None:
        self.control.check_time()
        if self.control.skip_if_ended(case_run):
            return
        try:
            self._write(case_run)
            self.control.succeeded()
        except _Compliant:
            case_run.plan = NO_PLAN
        except _NotAttempted:
            self.control.skip_if_ended(case_run)
        except StellarError as error:
            is_conflict = isinstance(error, ConflictError) and not error.result.get("changed")
            if is_conflict and not error.outcome_unknown:
                self._journal_unchanged(case_run)
                case_run.skip(str(error), why=error.why)
            else:
                self._fail(case_run, error)
        except Exception as error:
            # A bug in here must not hide the results of the other cases.
            self.control.end("a bug in the collection ended the run.")
            self._journal_change(case_run, None)
            bug = f"{type(error).__name__}: {printable(error)}. This is a bug in the collection."
            case_run.fail(
                StellarError(f"Could not finish {label(case_run.case)}", bug, "Check the case, and report the bug.")
            )

    def _write(self, case_run: CaseRun) -> None:
        if case_run.guard is not None:
            self._read_again(case_run, case_run.guard)
        plan = case_run.plan
        is_started = False

        def before_attempt() -> None:
            """Run right before an attempt, when all waits are over. An exception prevents the attempt."""
            nonlocal is_started
            self.control.check_time()
            self.control.check_parent()
            if self.control.is_interrupted or (not is_started and self.control.ended):
                raise _NotAttempted
            if not is_started:
                self._recheck(case_run)
            # For a run that is killed: its undo overwrites no change made after this attempt would have been answered.
            latest = self.client.platform_time_ms() + int(self.client.connection.timeout * 1000)
            intended, irreversible = undo_item(case_run.case, plan, latest)
            try:
                self.journal.append(intended, irreversible, case_run.summary.get("ticket_id"))
            except OSError as error:
                self.control.end(_NO_JOURNAL)
                if not is_started:
                    raise StellarError(
                        "Aborted before the write, since the journal can't be written",
                        f"{error}.",
                        "Free space for it, then run again.",
                    ) from None
            is_started = True

        done = apply_plan(
            self.client,
            self.reader,
            case_run.case,
            plan,
            case_run.unmodified_since,
            before_attempt,
            self._reads_history(case_run),
            case_run.guard,
        )
        case_run.warnings, case_run.concurrent_changes = done.warnings, as_results(done.concurrent_changes)
        self._journal_change(case_run, done.unmodified_since)

    def _read_again(self, case_run: CaseRun, guard: Guard) -> None:
        """Read a case of a saved plan right before its write, and plan what it still lacks.

        Raises ConflictError for a case that is not as it was planned, and _Compliant if it has its desired state
        already.
        """
        with self._lock:
            self.rechecks += 1
        read_at = time.monotonic()
        case = self.reader.case_by_id(case_run.case["_id"])
        guard(case)
        plan = make_plan(case, case_run.plan.desired)
        if not plan.changed:
            raise _Compliant
        case_run.case, case_run.plan = case, plan
        case_run.read_at, case_run.unmodified_since = read_at, modified_at(case)

    def _reads_history(self, case_run: CaseRun) -> bool:
        """Return whether the history is read after the write, so that no change by others is missed."""
        return case_run.unmodified_since is not None and (case_run.is_listed or self.recheck_after == 0)

    def _recheck(self, case_run: CaseRun) -> None:
        """Read a case again if its last read may be out of date.

        Raises ConflictError if others changed it since, and _Compliant if it has its desired state already.
        """
        if case_run.unmodified_since is None or not self._may_be_outdated(case_run):
            return
        with self._lock:
            self.rechecks += 1
        case = self.reader.case_by_id(case_run.case["_id"])
        if case_run.guard is not None:
            case_run.guard(case)
        if not case_run.is_listed and not make_plan(case, case_run.plan.desired).changed:
            raise _Compliant
        if case_run.guard is None:
            check_unmodified(case, case_run.unmodified_since)

    def _may_be_outdated(self, case_run: CaseRun) -> bool:
        """Return whether a case is read again: its read is old, or it was listed and may be newer than the listing.

        On some platforms a listing lags behind the writes. A comment must not be posted twice for that.
        """
        if time.monotonic() - case_run.read_at > self.recheck_after:
            return True
        if case_run.guard is not None:
            # It was not listed, but read right before.
            return False
        if "comment" in case_run.plan.after:
            return True
        age_ms = self.client.platform_time_ms() - (case_run.unmodified_since or 0)
        return age_ms < self.recheck_after * 1000

    def _journal_change(
        self, case_run: CaseRun, unmodified_since: int | None, after: dict[str, Any] | None = None
    ) -> None:
        """Keep what undoes a write. unmodified_since: modified_at after it in ms; None if it is not known for sure."""
        if unmodified_since is None:
            unmodified_since = self.client.platform_time_ms()
        case_run.outcome, case_run.written = CHANGED, True
        # A value that another user set just before the write is the one that undo restores.
        found = {
            edit["field"]: edit["value"]
            for edit in case_run.concurrent_changes or ()
            if not edit["kept"] and isinstance(edit["value"], str)
        }
        item, case_run.irreversible = undo_item({**case_run.case, **found}, case_run.plan, unmodified_since, after)
        if len(item) > 1:
            case_run.undo = item
        try:
            self.journal.append(item, case_run.irreversible, case_run.summary.get("ticket_id"))
        except OSError:
            # The entry written before the write undoes it as well.
            self.control.end(_NO_JOURNAL)

    def _fail(self, case_run: CaseRun, error: StellarError) -> None:
        if error.result.get("changed") or error.outcome_unknown:
            case_run.concurrent_changes = error.result.get("concurrent_changes")
            # What others set is not what the write left.
            after = None if case_run.concurrent_changes else error.result.get("case")
            self._journal_change(case_run, _unmodified_since_after(case_run, error), after)
        elif not error.may_have_arrived:
            self._journal_unchanged(case_run)
        case_run.fail(error)
        self.control.failed(error)
        if self.control.stop_on_error:
            self.control.end(ANOTHER_FAILED)

    def _journal_unchanged(self, case_run: CaseRun) -> None:
        """Keep in the journal that nothing was written, so that there is nothing to undo."""
        try:
            self.journal.append({"case_id": case_run.case["_id"]})
        except OSError:
            self.control.end(_NO_JOURNAL)


def _unmodified_since_after(case_run: CaseRun, error: StellarError) -> int | None:
    """Return the modified_at in ms up to which undo may overwrite a write that failed in part."""
    after = error.result.get("case")
    # A comment that may have arrived moved modified_at, to an unknown time.
    if after is None or error.may_have_arrived or error.outcome_unknown:
        return None
    # The case that was read may contain later changes by others.
    return modified_at(case_run.case if case_run.concurrent_changes else after)

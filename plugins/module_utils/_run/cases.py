# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stellar_cases does: read, plan all, and only then write. Apart from case.py, which each loop item loads."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any, Callable, ContextManager, NamedTuple, Optional, Sequence

from .._api.comments import without_posted
from .._api.precondition import check_undo, check_unmodified
from .._api.reader import Reader
from .._api.writer import write_only_warning
from .._argspec.connection import in_range
from .._argspec.rules import (
    Item,
    parse_items,
    parse_rules,
    two_items_error,
)
from .._errors import (
    ConflictError,
    IncompleteError,
    InputError,
    OptionError,
    StellarError,
    printable,
)
from .._http.client import Client
from .._http.connection import is_same_platform
from .._http.session import MAX_CONCURRENCY
from .._model.case import modified_at
from .._model.max_changes import ChangeLimit
from .._model.outcome import CHANGED, FAILED, NOT_APPLIED, OK, OUTCOMES, SKIPPED
from .bulk import (
    ANOTHER_FAILED,
    Apply,
    CaseRun,
    RunControl,
    case_summary,
    concurrently,
)
from .case import (
    Connect,
    OnSecret,
    at_platform_time,
    clock_ms,
    clock_warnings,
    connected,
    origin,
    plan_case,
    shortened,
)
from .files import read_file
from .journal import Journal, UndoFile, check_new, undo_file
from .plan_file import PlanWriter, SavedPlan, plan_saved, read_plan
from .progress import Progress
from .rules import Outcome, decide_all
from .undo_summary import UndoSummary

DuringWrites = Callable[[Optional[str]], ContextManager[Any]]

# What summary_only leaves out of a result
DETAILS = ("case_results", "findings", "rules", "undo", "irreversible")

# Options of plans, and those of which one is needed for each
_NEEDED = {"plan_guard": ("plan",), "plan_title": ("plan_file",), "plan_max_age": ("plan", "plan_file")}


def run_cases(
    params: dict[str, Any],
    check_mode: bool,
    on_secret: OnSecret,
    connect: Connect | None = None,
    show: Callable[[str], Any] | None = None,
    during_writes: DuringWrites = nullcontext,
    collection: Callable[[], str] = lambda: "stellarcyber.xdr",
) -> dict[str, Any]:
    """Run stellar_cases: bring many cases to their desired states, by one plan.

    show: shows a line of progress. during_writes: is given the path of the journal, and entered while cases are
    written. collection: returns its name and version, which a module on another host does not know.
    """
    started, now_ms = time.monotonic(), clock_ms()
    with PlanWriter(params, check_mode, now_ms, collection()) as writer:
        task = _checked(params, now_ms, started)
        progress = Progress(show, in_range("progress_interval", params["progress_interval"], 0, 86400))
        with connected(params, on_secret, connect) as reader:
            control = RunControl(reader.client, task.workers, params.get("on_error") == "stop", task.deadline, progress)
            return _run(task, params, check_mode, reader, control, writer, during_writes)


def _run(
    task: _Task,
    params: dict[str, Any],
    check_mode: bool,
    reader: Reader,
    control: RunControl,
    writer: PlanWriter,
    during_writes: DuringWrites,
) -> dict[str, Any]:
    client, undo = reader.client, task.undo
    if undo is not None and not params.get("allow_other_platform"):
        _check_platform(undo, client.connection.platform)
    if task.saved is not None:
        task.saved.check_origin(client.connection)
    client.throttle.set_limit(task.workers)
    outcome = at_platform_time(reader, lambda now_ms: _planned(task, reader, control, now_ms))
    outcome.warnings += clock_warnings(client)
    planned = outcome.planned
    result: dict[str, Any] = {
        **origin(reader),
        **({} if task.saved is None else {"plan": task.saved.about}),
        "check_mode": check_mode,
        "diff": _diff(planned, params),
    }
    undone = None if undo is None else UndoSummary(outcome.case_runs, undo, origin(reader), check_mode)
    rechecks = 0
    try:
        if task.limit is not None:
            _check_limit(task.limit, planned, outcome.read if task.saved is None else task.saved.read)
        _drop_posted_comments(planned, reader, control)
        planned = outcome.planned
        result["diff"] = _diff(planned, params)
        if control.stop_on_error and any(case_run.outcome == FAILED for case_run in outcome.case_runs):
            control.end(ANOTHER_FAILED)
        if check_mode:
            if planned:
                check_new(params.get("journal"))
            for case_run in planned:
                if not control.skip_if_ended(case_run):
                    case_run.preview()
        elif planned:
            path = params.get("journal")
            with Journal(path, origin(reader)) as journal, during_writes(path):
                apply = Apply(client, reader, journal, control, task.recheck_after)
                apply.run(planned)
                rechecks = apply.rechecks
            # What was skipped, or found compliant right before its write, is as it was.
            result["diff"] = _diff([each for each in planned if each.outcome not in (SKIPPED, OK)], params)
        _check_complete(outcome.case_runs, undone)
    except StellarError as error:
        for case_run in planned:
            if case_run.is_planned:
                case_run.skip(f"{NOT_APPLIED} the task failed before its first write.", started=False)
        error.result = _with_undo({**result, **_report(outcome, client, rechecks, params)}, undone, params)
        raise
    result.update(_report(outcome, client, rechecks, params))
    writer.finish(result, reader.directory, outcome.case_runs)
    return _with_undo(result, undone, params)


class _Task(NamedTuple):
    """The options of a task, checked before anything is sent.

    recheck_after: in s. deadline: time.monotonic() after which no write is started.
    """

    rules: list[Any] | None
    items: list[Item]
    undo: UndoFile | None
    saved: SavedPlan | None
    limit: ChangeLimit | None
    return_compliant: bool
    workers: int
    recheck_after: float
    deadline: float


def _checked(params: dict[str, Any], now_ms: int, started: float) -> _Task:
    rules = params.get("rules")
    limit = ChangeLimit.parse(params.get("max_changes"))
    if params.get("journal") is not None and not params["journal"].strip():
        raise OptionError("journal", "is empty", "Give the path of a new file, or leave it out.")
    workers = int(in_range("concurrency", params["concurrency"], 1, MAX_CONCURRENCY))
    recheck_after = in_range("recheck_after", params["recheck_after"], 0, 86400)
    budget = (
        float("inf") if params.get("time_budget") is None else in_range("time_budget", params["time_budget"], 1, 86400)
    )
    if rules is not None:
        parse_rules(rules, now_ms)
    undo, saved = _undo_file(params), read_plan(params, now_ms)
    for name, needed in _NEEDED.items():
        if params.get(name) is not None and all(params.get(each) is None for each in needed):
            raise OptionError(name, f"is for {' or '.join(needed)}", "Give that too, or leave it out.")
    items = _items(params, undo, now_ms) if rules is None and saved is None else []
    if params.get("plan_file") is not None:
        _check_plannable(items)
    in_range("max_diff", params["max_diff"], 0, 1_000_000)
    return _Task(
        rules,
        items,
        undo,
        saved,
        limit,
        bool(params.get("return_compliant")),
        workers,
        recheck_after,
        started + budget,
    )


def _check_plannable(items: Sequence[Item]) -> None:
    """Raise OptionError for an item that a plan can't have."""
    problem = "can't be combined with {} of an item"
    if any(item.unmodified_since is not None for item in items):
        # A plan has guards of its own, by which it is applied.
        remedy = "Leave it out, and give plan_guard where the plan is applied."
        raise OptionError("plan_file", problem.format("if_unmodified_since"), remedy)
    if any(item.desired.description is not None for item in items):
        # Hardly a case shows it: none would be known to be as planned, or as it was.
        raise OptionError("plan_file", problem.format("description"), "Declare it in a task of its own without a plan.")


def _planned(task: _Task, reader: Reader, control: RunControl, now_ms: int) -> Outcome:
    """Read all cases of a task and plan them. now_ms: by the platform's clock, as ages are."""
    if task.saved is not None:
        return _plan_saved(task.saved, reader, control)
    if task.rules is not None:
        return decide_all(parse_rules(task.rules, now_ms), reader, control, task.return_compliant)
    return _plan_items(task.items, reader, control)


def _undo_file(params: dict[str, Any]) -> UndoFile | None:
    path = params.get("undo_file")
    if path is None:
        return None
    try:
        text = read_file(path).decode("utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"undo_file: {path} can't be read",
            f"{getattr(error, 'strerror', None) or error}.",
            "Give the path of a report or journal on the host that runs the task.",
        ) from None
    undo, only = undo_file(text, path), params.get("undo_only")
    if only == []:
        raise OptionError("undo_only", "is an empty list", "Name cases, or leave it out to undo all.")
    return undo if only is None else undo.only(only)


def _check_platform(undo: UndoFile, platform: str) -> None:
    """Reject the undo of a run on another platform, whose cases only have the same ids."""
    if is_same_platform(undo.platform, platform):
        return
    of = (
        f"is from the platform {printable(undo.platform, 100)}"
        if undo.platform
        else "doesn't say which platform it is from"
    )
    raise InputError(
        "undo_file",
        f"the file {of}, and this run is on {platform}.",
        "Set host to the platform of that run. If it is the same by another name, set allow_other_platform to true, or "
        "undo_allow_other_platform for the playbook undo.",
    )


def _items(params: dict[str, Any], undo: UndoFile | None, now_ms: int) -> list[Item]:
    if undo is None:
        return parse_items(params["cases"], "cases", now_ms)
    return parse_items(undo.items, "undo_file", now_ms)


def _check_limit(limit: ChangeLimit, planned: Sequence[CaseRun], read: int) -> None:
    try:
        limit.check(len(planned), read)
    except InputError:
        for case_run in planned:
            case_run.skip(f"{NOT_APPLIED} more cases are planned than max_changes allows.", started=False)
        raise


def _drop_posted_comments(planned: Sequence[CaseRun], reader: Reader, control: RunControl) -> None:
    """Take the comments out of the plans that their cases have already, by their markers."""

    def drop(case_run: CaseRun) -> None:
        control.check_time()
        if control.skip_if_ended(case_run):
            return
        try:
            case_run.plan = without_posted(reader, case_run.case, case_run.plan)
        except StellarError as error:
            case_run.fail(error)
            control.failed(error)

    concurrently(
        control, drop, [each for each in planned if any(comment.marker for comment in each.plan.desired.comments)]
    )


# -- a saved plan --------------------------------------------------------------------------------------


def _plan_saved(saved: SavedPlan, reader: Reader, control: RunControl) -> Outcome:
    """Plan what the cases of a saved plan still lack of it. Its rules are not evaluated again."""
    case_runs = plan_saved(saved, reader, control)
    rules = [{**rule, "matched": 0, "changed": 0} for rule in saved.rules]
    numbers = {rule["name"]: number for number, rule in enumerate(rules)}
    for case_run in case_runs:
        case_run.contributing = tuple(numbers[name] for name in case_run.rules if name in numbers)
        for number in case_run.contributing:
            rules[number]["matched"] += 1
    return Outcome(case_runs, rules=rules, read=sum(bool(each.case) for each in case_runs), warnings=reader.warnings)


# -- a list of cases -----------------------------------------------------------------------------------


def _plan_items(items: Sequence[Item], reader: Reader, control: RunControl) -> Outcome:
    """Read each case and plan it. What fails is kept as the result of its item."""
    case_runs = [CaseRun({"case_id": item.case_id, "ticket_id": item.ticket_id}) for item in items]

    def read(number: int) -> None:
        item, case_run = items[number], case_runs[number]
        control.check_time()
        if control.skip_if_ended(case_run):
            return
        try:
            if item.case_id is not None:
                case_run.case = reader.case_by_id(item.case_id)
            else:
                case_run.case = reader.case_by_ticket(item.ticket_id or 0)
        except StellarError as error:
            case_run.fail(error)
            control.failed(error)
        else:
            case_run.summary = case_summary(case_run.case)
            control.succeeded()
            control.progress.read()

    concurrently(control, read, range(len(items)))
    _check_distinct(items, case_runs)
    outcome = Outcome(case_runs, read=sum(bool(case_run.case) for case_run in case_runs))
    for item, case_run in zip(items, case_runs):
        if case_run.case and not control.skip_if_ended(case_run):
            _plan_item(item, case_run, reader, control, outcome)
    outcome.warnings += reader.warnings
    return outcome


def _plan_item(item: Item, case_run: CaseRun, reader: Reader, control: RunControl, outcome: Outcome) -> None:
    try:
        case_run.plan = plan_case(reader.directory, case_run.case, item.desired)
        if item.case_id is None and "comment" in case_run.plan.after:
            # The list may lag behind the writes, and a comment must not be posted twice for that.
            case_run.case = reader.case_by_id(case_run.case["_id"])
            case_run.plan = plan_case(reader.directory, case_run.case, item.desired)
        if case_run.plan.changed and item.if_match is not None:
            undo = item.if_match, item.unmodified_since
            outcome.warnings += check_undo(reader, case_run.case, case_run.plan, *undo)
        elif case_run.plan.changed:
            check_unmodified(case_run.case, item.unmodified_since)
    except ConflictError as error:
        case_run.skip(str(error), why=error.why)
    except StellarError as error:
        case_run.fail(error)
        control.failed(error)
    else:
        outcome.warnings += [write_only_warning(name, case_run.case) for name in case_run.plan.write_only]
        if item.unmodified_since is not None:
            # The plan does not know of changes after the read, whatever time the task gives.
            seen = modified_at(case_run.case) or item.unmodified_since
            case_run.unmodified_since = min(item.unmodified_since, seen) if item.if_match is None else seen


def _check_distinct(items: Sequence[Item], case_runs: Sequence[CaseRun]) -> None:
    first: dict[str, Item] = {}
    for item, case_run in zip(items, case_runs):
        if case_run.case:
            other = first.setdefault(case_run.case["_id"], item)
            if other is not item:
                error = two_items_error(f"item {other.number} ({other.label})")
                error.context = f"Item {item.number} of cases ({item.label})"
                raise error


# -- the result ----------------------------------------------------------------------------------------


def _check_complete(case_runs: Sequence[CaseRun], undone: UndoSummary | None) -> None:
    """Raise IncompleteError if a case failed, or the run ended before it. A case that others changed is no failure."""
    failed = [case_run for case_run in case_runs if case_run.outcome == FAILED]
    not_started = [case_run for case_run in case_runs if not case_run.started]
    if failed or not_started:
        first = (failed or not_started)[0]
        if undone is not None:
            raise undone.error(first)
        raise IncompleteError(
            "Could not update all cases",
            f"of {len(case_runs)} cases {len(failed)} failed, and the run ended before {len(not_started)}. "
            f"First: {first.reason}",
            "See case_results for each of them; undo has what restores those that were changed."
            if any(case_run.undo for case_run in case_runs)
            else "See case_results for each of them. Nothing was changed.",
        )


def _diff(case_runs: Sequence[CaseRun], params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what Ansible shows with --diff: of so many cases at most, and the number of the others."""
    most: int = params["max_diff"]
    shown = [case_run.plan.diff(case_run.case) for case_run in case_runs[:most]]
    more = len(case_runs) - most
    if more > 0:
        cases = "1 more case is" if more == 1 else f"{more:,} more cases are"
        where = "" if params.get("summary_only") else " case_results has all of them."
        shown.append({"prepared": f"{cases} not shown, since max_diff is {most}.{where}\n"})
    return shown


def _report(outcome: Outcome, client: Client, rechecks: int, params: dict[str, Any]) -> dict[str, Any]:
    case_runs = outcome.case_runs
    for case_run in case_runs:
        for number in case_run.contributing if case_run.outcome == CHANGED else ():
            outcome.rules[number]["changed"] += 1
    outcomes = {name: sum(case_run.outcome == name for case_run in case_runs) for name in OUTCOMES}
    warnings = shortened(outcome.warnings + [text for case_run in case_runs for text in case_run.warnings])
    return {
        "changed": any(case_run.outcome == CHANGED or case_run.written for case_run in case_runs),
        "case_results": [
            case_run.to_result() for case_run in case_runs if case_run.outcome != OK or params.get("return_compliant")
        ],
        "findings": outcome.findings,
        "rules": outcome.rules,
        "counts": {
            "read": outcome.read,
            **{name: number + (outcome.compliant if name == OK else 0) for name, number in outcomes.items()},
            "findings": len(outcome.findings),
        },
        **({} if params.get("rules") is None else {"oldest_unassigned_critical": outcome.oldest_unassigned_critical}),
        "undo": [case_run.undo for case_run in case_runs if case_run.undo],
        "requests": {**client.requests, "recheck": rechecks},
        "warnings": warnings,
    }


def _with_undo(result: dict[str, Any], undone: UndoSummary | None, params: dict[str, Any]) -> dict[str, Any]:
    """Add what the result of an undo has beside the others', and leave out each case if the task asks for that."""
    if undone is None:
        return result
    irreversible = undone.undo.irreversible
    result["irreversible"] = [{"case_id": case_id, "fields": names} for case_id, names in irreversible.items()]
    result["summary"] = undone.lines()
    return {name: value for name, value in result.items() if not params.get("summary_only") or name not in DETAILS}

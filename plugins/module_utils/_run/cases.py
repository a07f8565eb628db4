# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stellar_cases does: read, plan all, and only then write. Apart from case.py, which each loop item loads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, Sequence

from .._api.directory import Directory
from .._api.reader import Reader
from .._api.writer import check_guard, unreadable_warning
from .._argspec.connection import in_range
from .._argspec.rules import (
    Item,
    parse_items,
    parse_rules,
    prefixed_errors,
    two_items_error,
)
from .._errors import (
    ConflictError,
    IncompleteError,
    InputError,
    StellarError,
    printable,
)
from .._http.client import Client
from .._http.connection import is_same_platform
from .._http.session import MAX_CONCURRENCY
from .._model.case import assignee_label, label, modified_at
from .._model.max_changes import ChangeLimit
from .._model.policy import (
    Decision,
    Rule,
    check_convergence,
    decide,
)
from .._model.query import Sorting, fewest_parts
from .bulk import (
    ANOTHER_FAILED,
    CHANGED,
    FAILED,
    OUTCOMES,
    SKIPPED,
    Apply,
    Progress,
    Work,
    case_summary,
    concurrently,
)
from .case import (
    Connect,
    OnSecret,
    clock_ms,
    connected,
    origin,
    plan_case,
    unresolved_warnings,
)
from .cpu_limit import TookTooLong, at_most
from .journal import Journal, UndoFile, undo_file
from .undo_summary import UndoSummary

# Computing time that all rules may take for one case. They take far less than a thousandth of it, unless a regular
# expression meets a name that was chosen to keep it at work for years.
LONGEST_DECISION_S = 1.0

# What summary_only leaves out of a result
DETAILS = ("case_results", "findings", "rules", "undo", "irreversible")

# Warnings about single cases that are shown; the rest is counted
_MAX_WARNINGS = 10


@dataclass
class _Outcome:
    """What a run found and did."""

    works: list[Work] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def planned(self) -> list[Work]:
        return [work for work in self.works if work.is_planned]


def run_cases(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """stellar_cases: bring many cases to their states, by one plan."""
    started, now_ms = time.monotonic(), clock_ms()
    limit = ChangeLimit.parse(params.get("max_changes"))
    if params.get("journal") is not None and not params["journal"].strip():
        raise InputError("Option journal", "is empty.", "Give the path of a new file, or leave it out.")
    workers = int(in_range("concurrency", params["concurrency"], 1, MAX_CONCURRENCY))
    recheck_after = in_range("recheck_after", params["recheck_after"], 0, 86400)
    budget = (
        float("inf") if params.get("time_budget") is None else in_range("time_budget", params["time_budget"], 1, 86400)
    )
    rules = None if params.get("rules") is None else parse_rules(params["rules"], now_ms)
    undo = _undo_file(params)
    items = None if rules is not None else _items(params, undo, now_ms)
    with connected(params, on_secret, now_ms, connect) as reader:
        client = reader.client
        if undo is not None and not params.get("allow_other_platform"):
            _check_platform(undo, client.connection.platform)
        client.throttle.set_limit(workers)
        client.authenticate()
        progress = Progress(client, workers, params.get("on_error") == "stop", started + budget)
        outcome = _plan_items(items or [], reader, progress) if rules is None else _decide_all(rules, reader, progress)
        planned = outcome.planned
        result: dict[str, Any] = {
            **origin(reader),
            "check_mode": check_mode,
            "diff": [work.plan.diff(work.case) for work in planned],
        }
        undone = None if undo is None else UndoSummary(outcome.works, undo, origin(reader), check_mode)
        rereads = 0
        try:
            if limit is not None:
                _check_limit(limit, planned, outcome)
            if progress.stop_on_error and any(work.outcome == FAILED for work in outcome.works):
                progress.end(ANOTHER_FAILED)
            if check_mode:
                for work in planned:
                    if not progress.skips(work):
                        work.expect()
            elif planned:
                with Journal(params.get("journal"), origin(reader)) as journal:
                    apply = Apply(client, reader, journal, progress, recheck_after)
                    apply.run(planned)
                    rereads = apply.rereads
                # What was skipped is as it was.
                result["diff"] = [work.plan.diff(work.case) for work in planned if work.outcome != SKIPPED]
            _check_complete(outcome.works, undone)
        except StellarError as error:
            for work in planned:
                if work.is_planned:
                    work.skip("Not begun: the task failed before its first write.", begun=False)
            error.result = _with_undo({**result, **_report(outcome, client, rereads)}, undone, params)
            raise
        return _with_undo({**result, **_report(outcome, client, rereads)}, undone, params)


def _undo_file(params: dict[str, Any]) -> UndoFile | None:
    path = params.get("undo_file")
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise InputError(
            f"Option undo_file: {path} can't be read",
            f"{getattr(error, 'strerror', None) or error}.",
            "Give the path of a report or journal on the host that runs the task.",
        ) from None
    return undo_file(text, path)


def _check_platform(undo: UndoFile, platform: str) -> None:
    """Refuse to undo on a platform what was done on another one, whose cases only have the same ids."""
    if is_same_platform(undo.platform, platform):
        return
    of = (
        f"is of the platform {printable(undo.platform, 100)}"
        if undo.platform
        else "doesn't say which platform it is of"
    )
    raise InputError(
        "Option undo_file",
        f"the file {of}, and this run is on {platform}.",
        "Set host to the platform of that run. If it is the same by another name, set allow_other_platform to true, or "
        "undo_allow_other_platform for the playbook undo.",
    )


def _items(params: dict[str, Any], undo: UndoFile | None, now_ms: int) -> list[Item]:
    if undo is None:
        return parse_items(params["cases"], "cases", now_ms)
    return parse_items(undo.items, "undo_file", now_ms)


def _check_limit(limit: ChangeLimit, planned: Sequence[Work], outcome: _Outcome) -> None:
    try:
        limit.check(len(planned), outcome.read)
    except InputError:
        for work in planned:
            work.skip("Not begun: more cases would be changed than max_changes allows.", begun=False)
        raise


# -- rules ---------------------------------------------------------------------------------------------


def _decide_all(rules: Sequence[Rule], reader: Reader, progress: Progress) -> _Outcome:
    """One snapshot of all cases that a rule may match, decided as it is read. Keeps what matched."""
    rules = resolve_rules(rules, reader.directory)
    outcome = _Outcome(
        rules=[
            {
                "name": rule.name,
                "description": rule.description,
                "finding": rule.desired is None,
                "matched": 0,
                "changed": 0,
            }
            for rule in rules
        ],
        warnings=unresolved_warnings(dict.fromkeys(person.given for rule in rules for person in _uncertain(rule))),
    )
    for case, read_at in reader.listed(fewest_parts(rule.match.query for rule in rules), Sorting()):
        outcome.read += 1
        progress.check_time()
        if progress.ended:
            raise IncompleteError(
                "Could not read all cases",
                f"{progress.ended} Nothing was written.",
                "Raise time_budget, or let the rules match less.",
            )
        try:
            decision = _decision(case, rules, reader.now_ms)
        except TookTooLong:
            outcome.works.append(_undecided(case, read_at))
            continue
        for number in decision.matched:
            outcome.rules[number]["matched"] += 1
            if rules[number].desired is None:
                outcome.findings.append(_finding(rules[number], case))
        if decision.plan is None:
            continue
        applied = [rules[number].name for number in decision.matched if rules[number].desired is not None]
        work = Work(case_summary(case), rules=applied, read_at=read_at)
        if decision.plan.changed:
            # What a rule was decided upon is not overwritten once somebody touched it.
            work.case, work.plan, work.guard = case, decision.plan, modified_at(case)
            work.changing = decision.changing
        outcome.works.append(work)
    return outcome


def _decision(case: dict[str, Any], rules: Sequence[Rule], now_ms: int) -> Decision:
    with at_most(LONGEST_DECISION_S):
        decision = decide(case, rules)
        check_convergence(case, decision, rules, now_ms)
        return decision


def _undecided(case: dict[str, Any], read_at: float) -> Work:
    work = Work(case_summary(case), read_at=read_at)
    work.fail(
        InputError(
            f"Could not apply the rules to {label(case)}",
            f"a regular expression of match.name was at work on its name for {LONGEST_DECISION_S:g} s.",
            "Let none repeat a repetition, as (a+)+ does. Somebody may have chosen the name for this.",
        )
    )
    return work


def _uncertain(rule: Rule) -> list[Any]:
    people = [*rule.match.people, *([rule.desired.assignee] if rule.desired and rule.desired.assignee else [])]
    return [person for person in people if not person.is_certain]


def _finding(rule: Rule, case: dict[str, Any]) -> dict[str, Any]:
    times = {name: case.get(name) for name in ("created_at", "modified_at")}
    return {"rule": rule.name, **case_summary(case), "assignee": assignee_label(case), **times}


# -- a list of cases -----------------------------------------------------------------------------------


def _plan_items(items: Sequence[Item], reader: Reader, progress: Progress) -> _Outcome:
    """Read each case and plan it. What fails is kept as the result of its item."""
    works = [Work({"case_id": item.case_id, "ticket_id": item.ticket_id}) for item in items]

    def read(number: int) -> None:
        item, work = items[number], works[number]
        progress.check_time()
        if progress.skips(work):
            return
        try:
            if item.case_id is not None:
                work.case = reader.case_by_id(item.case_id)
            else:
                work.case = reader.case_by_ticket(item.ticket_id or 0)
        except StellarError as error:
            work.fail(error)
            progress.failed(error)
        else:
            work.shown = case_summary(work.case)
            progress.succeeded()

    concurrently(progress, read, range(len(items)))
    _check_distinct(items, works)
    outcome = _Outcome(works, read=sum(bool(work.case) for work in works))
    for item, work in zip(items, works):
        if work.case and not progress.skips(work):
            _plan_item(item, work, reader, progress, outcome)
    return outcome


def _plan_item(item: Item, work: Work, reader: Reader, progress: Progress, outcome: _Outcome) -> None:
    try:
        work.plan = plan_case(reader.directory, work.case, item.desired)
        if work.plan.changed:
            check_guard(work.case, item.guard)
    except ConflictError as error:
        work.skip(str(error), why=error.why)
    except StellarError as error:
        work.fail(error)
        progress.failed(error)
    else:
        outcome.warnings += [unreadable_warning(name, work.case) for name in work.plan.unreadable]
        if item.guard is not None:
            # Whoever came between the read and the write was not seen by the plan, whatever time was asked for.
            work.guard = min(item.guard, modified_at(work.case) or item.guard)


def _check_distinct(items: Sequence[Item], works: Sequence[Work]) -> None:
    first: dict[str, Item] = {}
    for item, work in zip(items, works):
        if work.case:
            other = first.setdefault(work.case["_id"], item)
            if other is not item:
                error = two_items_error(f"item {other.number} ({other.label})")
                error.context = f"Item {item.number} of cases ({item.label})"
                raise error


# -- the result ----------------------------------------------------------------------------------------


def _check_complete(works: Sequence[Work], undone: UndoSummary | None) -> None:
    """Raises IncompleteError if a case failed, or was not begun. A case that somebody touched is no failure."""
    failed = [work for work in works if work.outcome == FAILED]
    not_begun = [work for work in works if not work.begun]
    if failed or not_begun:
        first = (failed or not_begun)[0]
        if undone is not None:
            raise undone.error(first)
        raise IncompleteError(
            "Could not bring all cases to their state",
            f"of {len(works)} cases {len(failed)} failed, and {len(not_begun)} were not begun. First: {first.reason}",
            "See case_results for each of them; undo has what restores those that were changed.",
        )


def _report(outcome: _Outcome, client: Client, rereads: int) -> dict[str, Any]:
    works = outcome.works
    for work in works:
        for number in work.changing if work.outcome == CHANGED else ():
            outcome.rules[number]["changed"] += 1
    warnings = outcome.warnings + [text for work in works for text in work.warnings]
    if len(warnings) > _MAX_WARNINGS:
        more = f"... and {len(warnings) - _MAX_WARNINGS} more warnings of this kind."
        warnings = [*warnings[:_MAX_WARNINGS], more]
    return {
        "changed": any(work.outcome == CHANGED or work.written for work in works),
        "case_results": [work.to_result() for work in works],
        "findings": outcome.findings,
        "rules": outcome.rules,
        "counts": {
            "read": outcome.read,
            **{name: sum(work.outcome == name for work in works) for name in OUTCOMES},
            "findings": len(outcome.findings),
        },
        "undo": [work.undo for work in works if work.undo],
        "requests": {**client.requests, "recheck": rereads},
        "warnings": warnings,
    }


def _with_undo(result: dict[str, Any], undone: UndoSummary | None, params: dict[str, Any]) -> dict[str, Any]:
    """Add what the result of an undo has beside the others', and leave out each case if the task asks for that."""
    if undone is None:
        return result
    lost = undone.undo.irreversible
    result["irreversible"] = [{"case_id": case_id, "fields": names} for case_id, names in lost.items()]
    result["summary"] = undone.lines()
    return {name: value for name, value in result.items() if not params.get("summary_only") or name not in DETAILS}


def resolve_rules(rules: Sequence[Rule], directory: Directory) -> list[Rule]:
    """Return the rules with their users and tenants looked up on the platform, which reads each list at most once."""
    directory.tenant()  # of the connection: no rule is to blame if there is none
    return [_resolved(rule, number, directory) for number, rule in enumerate(rules, 1)]


def _resolved(rule: Rule, number: int, directory: Directory) -> Rule:
    with prefixed_errors(f"Rule {number} {printable(rule.name, 100)!r}"):
        desired = rule.desired
        if desired is not None and desired.assignee is not None:
            desired = replace(desired, assignee=directory.person(desired.assignee.given))
        match = replace(rule.match, query=replace(rule.match.query, tenant=directory.tenant()))
        return replace(rule, match=match.resolved(directory.person, directory.tenant_called), desired=desired)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules over all cases: each case is decided as it is read, and what is to be done is kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Sequence

from .._api.directory import Directory
from .._api.listing import OddRecord
from .._api.reader import Reader
from .._argspec.rules import (
    prefixed_errors,
)
from .._errors import (
    ApiError,
    IncompleteError,
    StellarError,
    TransportError,
    printable,
)
from .._model.case import CLOSED_STATUSES, assignee_label, modified_at
from .._model.held import Held, HistoryNeeded, Undecided
from .._model.policy import (
    Decision,
    Rule,
    check_convergence,
    decide,
)
from .._model.query import Sorting, minimal_cover
from .._model.times import platform_time
from .bulk import (
    CaseRun,
    RunControl,
    case_summary,
    concurrently,
)
from .case import (
    unresolved_warnings,
)
from .cpu_limit import CpuTimeExceeded, CpuTimeLimit
from .decide import LONGEST_DECISION_S, why_undecided


@dataclass
class Outcome:
    """The cases and findings of a run, and what it did.

    compliant: number of cases with nothing to change that are not in case_runs. If keeps_compliant, it is 0: those of a
    large queue take much memory.
    """

    case_runs: list[CaseRun] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0
    keeps_compliant: bool = True
    compliant: int = 0
    warnings: list[str] = field(default_factory=list)
    # In epoch milliseconds, by rules alone. None without such a case.
    oldest_unassigned_critical: int | None = None

    def see(self, case: dict[str, Any]) -> None:
        """Count a case that rules read."""
        self.read += 1
        created_at = platform_time(case.get("created_at"))
        if (
            created_at is not None
            and case.get("severity") == "Critical"
            and case.get("status") not in CLOSED_STATUSES
            and not case.get("assignee")
            and created_at < (self.oldest_unassigned_critical or float("inf"))
        ):
            self.oldest_unassigned_critical = created_at

    @property
    def planned(self) -> list[CaseRun]:
        return [case_run for case_run in self.case_runs if case_run.is_planned]


def decide_all(rules: Sequence[Rule], reader: Reader, control: RunControl, keeps_compliant: bool) -> Outcome:
    """Read all cases that a rule may match, decide each as it is read, and keep those that match."""
    rules = resolve_rules(rules, reader.directory)
    outcome = Outcome(
        keeps_compliant=keeps_compliant,
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
        warnings=unresolved_warnings(dict.fromkeys(spelling for rule in rules for spelling in _uncertain(rule))),
    )
    parts = minimal_cover(rule.match.query for rule in rules)
    waiting: list[_Waiting] = []
    with CpuTimeLimit(LONGEST_DECISION_S) as limit:
        for case, read_at in reader.listed(parts, Sorting(), _needs(rules), reads_ahead=True):
            outcome.see(case)
            control.progress.read()
            _check_goes_on(control)
            held = Held(case, reader.now_ms)
            try:
                _decide_one(rules, held, read_at, outcome, limit)
            except HistoryNeeded:
                waiting.append(_Waiting(held, read_at, []))
        _read_histories(waiting, reader, control)
        for held, read_at, errors in waiting:
            if errors:
                outcome.case_runs.append(_undecided(held.case, read_at, errors[0]))
            else:
                _decide_one(rules, held, read_at, outcome, limit)
    outcome.case_runs += [_unusable(odd) for odd in reader.lister.odd.values()]
    outcome.warnings += reader.lister.notes
    return outcome


class _Waiting(NamedTuple):
    """A case whose history decides. errors: why it can't be read."""

    held: Held
    read_at: float
    errors: list[StellarError]


def _check_goes_on(control: RunControl) -> None:
    control.check_time()
    if control.ended:
        what, why = "Could not read all cases", f"{control.ended} Nothing was written."
        if control.cause is None:
            raise IncompleteError(what, why, "Raise time_budget, or let the rules match less.")
        cause = control.cause
        said = " ".join(filter(None, (why, cause.why, *cause.notes)))
        raise IncompleteError(what, said, cause.remedy, **cause.details)


def _read_histories(waiting: Sequence[_Waiting], reader: Reader, control: RunControl) -> None:
    """Read the histories of the cases that meet all other conditions of a rule."""

    def read(number: int) -> None:
        one = waiting[number]
        _check_goes_on(control)
        control.progress.read_history(number, len(waiting))
        try:
            one.held.history = reader.held_history(one.held.case)
        except (ApiError, TransportError) as error:
            one.errors.append(error)
            control.failed(error)
        else:
            control.succeeded()

    concurrently(control, read, range(len(waiting)))


def _decide_one(rules: Sequence[Rule], held: Held, read_at: float, outcome: Outcome, limit: CpuTimeLimit) -> None:
    """Decide a case, and keep it if it matches. Raises HistoryNeeded."""
    case = held.case
    try:
        decision = limit.call(lambda: _decision(held, rules))
    except (CpuTimeExceeded, Undecided) as reason:
        outcome.case_runs.append(_undecided(case, read_at, reason))
        return
    for number in decision.matched:
        outcome.rules[number]["matched"] += 1
        if rules[number].desired is None:
            outcome.findings.append(_finding(rules[number], case))
    if decision.plan is None:
        return
    if not decision.plan.changed and not outcome.keeps_compliant:
        outcome.compliant += 1
        return
    applied = [rules[number].name for number in decision.matched if rules[number].desired is not None]
    case_run = CaseRun(case_summary(case), rules=applied, read_at=read_at)
    if decision.plan.changed:
        # A case that others changed after the rules saw it is not overwritten.
        case_run.case, case_run.plan, case_run.unmodified_since = case, decision.plan, modified_at(case)
        case_run.contributing = decision.contributing
    outcome.case_runs.append(case_run)


def _needs(rules: Sequence[Rule]) -> frozenset[str]:
    """Return the fields that a case must have for the rules to match it, and to compare it with what they set."""
    set_fields = {
        name
        for rule in rules
        for name in ("status", "severity", "name", "tags")
        if rule.desired is not None and getattr(rule.desired, name) is not None
    }
    return frozenset(set_fields).union(*(rule.match.needs for rule in rules))


def _unusable(odd: OddRecord) -> CaseRun:
    """Return the failed result of a listed record that can't be used as a case."""
    record = odd.record if odd.case_id else {}
    texts = {name: printable(record.get(name) or "", 100) for name in ("name", "status", "severity")}
    tenant = printable(record.get("tenant_name") or record.get("cust_id") or "", 100)
    ticket_id = record.get("ticket_id") if isinstance(record.get("ticket_id"), int) else None
    case_run = CaseRun({"case_id": odd.case_id or None, "ticket_id": ticket_id, "tenant": tenant, **texts})
    case_run.fail(odd.error)
    return case_run


def _decision(held: Held, rules: Sequence[Rule]) -> Decision:
    decision = decide(held.case, rules, held)
    check_convergence(held.case, decision, rules, held.now_ms, held)
    return decision


def _undecided(case: dict[str, Any], read_at: float, reason: Exception) -> CaseRun:
    case_run = CaseRun(case_summary(case), read_at=read_at)
    case_run.fail(why_undecided("the rules", case, reason))
    return case_run


def _uncertain(rule: Rule) -> list[str]:
    assignee = rule.desired.assignee if rule.desired else None
    return [*rule.match.unresolved, *([assignee.spelling] if assignee and not assignee.is_resolved else [])]


def _finding(rule: Rule, case: dict[str, Any]) -> dict[str, Any]:
    times = {name: case.get(name) for name in ("created_at", "modified_at")}
    return {"rule": rule.name, **case_summary(case), "assignee": assignee_label(case), **times}


def resolve_rules(rules: Sequence[Rule], directory: Directory) -> list[Rule]:
    """Return the rules with their users and tenants looked up on the platform, which reads each list at most once."""
    directory.tenant()  # of the connection: no rule is to blame if there is none
    return [_resolved(rule, number, directory) for number, rule in enumerate(rules, 1)]


def _resolved(rule: Rule, number: int, directory: Directory) -> Rule:
    with prefixed_errors(f"Rule {number} {printable(rule.name, 100)!r}"):
        desired = rule.desired
        if desired is not None and desired.assignee is not None:
            desired = replace(desired, assignee=directory.new_assignee(desired.assignee.spelling))
        return replace(rule, match=rule.match.resolved(directory), desired=desired)

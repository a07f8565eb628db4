# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy: rules in their order, what they decide for a case, and the proof that a second run would change nothing.

Rules look at one case at a time, so a snapshot of any size can be decided as it is read.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, Iterator, Sequence

from .._errors import InputError, printable
from .case import CLOSED_STATUSES, label
from .held import Held
from .match import Match
from .plan import (
    DesiredState,
    Plan,
    combine,
    final_status,
    make_plan,
)


@dataclass(frozen=True)
class Rule:
    """Cases that match are brought to the desired state; without one, they are findings."""

    name: str
    match: Match
    desired: DesiredState | None = None
    description: str = ""


@dataclass(frozen=True)
class Decision:
    """What the rules make of one case.

    matched: all rules that matched, by their number in the policy. effective: those of them that changed something that
    a rule before them had left. contributing: those of them that changed a field which the plan changes, too: what a
    later rule took back is no change. plan: from the case as it is to what the last rule leaves; None if no rule
    that matched has a desired state.
    """

    matched: tuple[int, ...]
    effective: tuple[int, ...]
    contributing: tuple[int, ...]
    plan: Plan | None


def decide(case: dict[str, Any], rules: Sequence[Rule], held: Held | None = None) -> Decision:
    """Run the rules over a case in their order: each sees what those before it decided.

    held: since when the case has had its values. Raises HistoryNeeded and Undecided, as Match.accepts() does.
    """
    matched: list[int] = []
    steps: dict[int, Plan] = {}
    desired: DesiredState | None = None
    state = case
    for number, rule in enumerate(rules):
        if not rule.match.accepts(state, held):
            continue
        matched.append(number)
        if rule.desired is None:
            continue
        step = make_plan(state, rule.desired)
        if step.changed:
            steps[number] = step
            state = step.outcome(state)
        # What goes along with a change does so only where this step makes one.
        wanted = replace(rule.desired, comments=(), update_alerts=step.payload.get("update_alerts"))
        desired = wanted if desired is None else combine(desired, wanted)
    if desired is None:
        return Decision(tuple(matched), (), (), None)
    if not steps:
        # Each rule found its state, so all of them together change nothing.
        return Decision(tuple(matched), (), (), Plan(desired))
    if desired.resolution is not None and final_status(case, desired) != "Resolved":
        # A later rule reopened the case: a resolution is known to be sent with status Resolved only.
        desired = replace(desired, resolution=None)
    left = _fields(make_plan(case, desired))
    contributing = {number: step for number, step in steps.items() if left & _fields(step)}
    steps_with_comment = [step for step in contributing.values() if "comment" in step.after]
    comments = dict.fromkeys(comment for step in steps_with_comment for comment in step.desired.comments)
    plan = make_plan(case, replace(desired, comments=tuple(comments)))
    return Decision(tuple(matched), tuple(steps), tuple(contributing), plan)


def _fields(plan: Plan) -> set[str]:
    return {change.field for change in plan.changes}


def check_convergence(
    case: dict[str, Any], decision: Decision, rules: Sequence[Rule], now_ms: int, held: Held | None = None
) -> None:
    """Reject rules that would change the case again after their own plan was carried out. Raises InputError.

    held: as in decide(), which raises the same.
    """
    if decision.plan is None or not decision.plan.changed:
        return
    for state in _possible_states(case, decision.plan, now_ms):
        again = decide(state, rules, held)
        if again.plan is not None and again.plan.changed:
            numbers = dict.fromkeys((*decision.effective, *again.effective))
            names = " and ".join(repr(printable(rules[number].name, 100)) for number in numbers)
            steps = "; ".join(
                f"{change.field} from {printable(repr(change.before))} to {printable(repr(change.after))}"
                for change in again.plan.changes
                if change.field != "comment"
            )
            raise InputError(
                f"The rules {names}",
                f"would change {label(case)} once more in the next run: {steps}.",
                "Change their order, or let them match less, so that the policy does not change what it leaves behind.",
                rules=[rules[number].name for number in numbers],
                case_id=case["_id"],
            )


def _possible_states(case: dict[str, Any], plan: Plan, now_ms: int) -> Iterator[dict[str, Any]]:
    """Yield the case as the platform may store it after the plan, as far as a rule can see it.

    Where it is not known what the platform does, it may do either: whether an update of tags alone moves
    modified_at, whether a case that has none gets one, and whether reopening clears the resolution.
    """
    after = plan.outcome(case)
    moments: list[int | None] = [now_ms]
    if set(plan.payload) == {"tags"} or case.get("modified_at") is None:
        moments.append(case.get("modified_at"))
    resolutions = [after.get("resolution")]
    if case.get("status") in CLOSED_STATUSES and after.get("status") not in CLOSED_STATUSES:
        resolutions.append("")
    for moment, resolution in itertools.product(dict.fromkeys(moments), dict.fromkeys(resolutions)):
        yield {**after, "modified_at": moment, "resolution": resolution}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what a case lacks of its desired state, and the one PUT that changes it.

Check mode and the real run use the same plan, so that they can't differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import printable
from .case import CLOSED_STATUSES, assignee_label, tags
from .comment import Comment, joined
from .directory import Person

# The vendor docs let description be written, and no known answer returns it.
WRITE_ONLY = ("description",)


@dataclass(frozen=True)
class TagChange:
    """Tags to add and to delete; or, when replaces isn't None, the whole set."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replaces: tuple[str, ...] | None = None

    def missing_in(self, current: list[str]) -> list[str]:
        wanted = self.add if self.replaces is None else self.replaces
        return [tag for tag in dict.fromkeys(wanted) if tag not in current]

    def surplus_in(self, current: list[str]) -> list[str]:
        if self.replaces is None:
            return [tag for tag in dict.fromkeys(self.remove) if tag in current]
        return [tag for tag in dict.fromkeys(current) if tag not in self.replaces]

    def followed_by(self, later: TagChange) -> TagChange:
        """Return one change for two that are made one after the other."""
        if later.replaces is not None:
            return later
        if self.replaces is not None:
            return TagChange(replaces=_without(self.replaces, later.remove) + later.add)
        return TagChange(_without(self.add, later.remove) + later.add, _without(self.remove, later.add) + later.remove)


def _without(these: tuple[str, ...], those: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in these if tag not in those)


@dataclass(frozen=True)
class DesiredState:
    """The managed part of a case; None is not managed."""

    status: str | None = None
    severity: str | None = None
    name: str | None = None
    description: str | None = None
    resolution: str | None = None
    assignee: Person | None = None
    tags: TagChange | None = None
    update_alerts: bool | None = None
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class Change:
    """One field that the plan changes; before and after as people read them."""

    field: str
    before: Any
    after: Any


@dataclass
class Plan:
    """The changes of one case, and the body of the PUT that makes them."""

    desired: DesiredState
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    write_only: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def diff(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return what Ansible shows with --diff."""
        header = f"case {printable(case.get('ticket_id', case['_id']), 20)}"
        return {"before_header": header, "after_header": header, "before": self.before, "after": self.after}

    def outcome(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return the case as it will be: the result of check mode."""
        expected = dict(case)
        for change in self.changes:
            if change.field == "assignee":
                person = self.desired.assignee or Person("")
                expected.update(assignee=person.user_id or person.wire_value, assignee_name=person.label)
            elif change.field != "comment":
                expected[change.field] = change.after
        return expected


def make_plan(case: dict[str, Any], desired: DesiredState) -> Plan:
    """Compare a case, as the platform gives it, with its desired state."""
    plan = Plan(desired)
    for name in ("status", "severity", "name", "resolution", "description"):
        wanted = getattr(desired, name)
        if wanted is not None:
            _plan_text(plan, case, name, wanted)
    if desired.assignee is not None:
        _plan_assignee(plan, case, desired.assignee)
    if desired.tags is not None:
        _plan_tags(plan, case, desired.tags)
    if "resolution" in plan.payload:
        # A resolution is known to be sent together with the status only (vendor library 2025-07).
        plan.payload.setdefault("status", desired.status or case.get("status"))
    if desired.update_alerts is not None and plan.payload.get("status") in CLOSED_STATUSES:
        plan.payload["update_alerts"] = desired.update_alerts
    # What a case can't show counts as changed in every run; a comment must not come with each.
    unverifiable = _unverifiable(plan, case)
    if desired.comments and any(change.field not in unverifiable for change in plan.changes):
        _change(plan, "comment", None, joined(desired.comments))
    return plan


def combine(first: DesiredState, later: DesiredState) -> DesiredState:
    """Return one desired state for two that are applied one after the other. Of two comments the later one."""
    wanted = {name: value for name, value in vars(later).items() if value not in (None, ())}
    if first.tags is not None and later.tags is not None:
        wanted["tags"] = first.tags.followed_by(later.tags)
    return replace(first, **wanted)


def final_status(case: dict[str, Any], desired: DesiredState) -> str:
    return desired.status or case.get("status") or ""


def _change(plan: Plan, name: str, before: Any, after: Any) -> None:
    plan.changes.append(Change(name, before, after))
    plan.before[name], plan.after[name] = before, after


def _plan_text(plan: Plan, case: dict[str, Any], name: str, wanted: str) -> None:
    if name in WRITE_ONLY and case.get(name) is None:
        plan.write_only.append(name)
        before: Any = None
    else:
        before = case.get(name) or ""
    if before == wanted:
        plan.before[name] = plan.after[name] = before
        return
    plan.payload[name] = wanted
    _change(plan, name, before, wanted)


def _plan_assignee(plan: Plan, case: dict[str, Any], person: Person) -> None:
    before = assignee_label(case)
    if person.is_assignee_of(case):
        plan.before["assignee"] = plan.after["assignee"] = before
        return
    if before == person.label:  # two users of one name
        before = f"{before} ({case.get('assignee')})"
    plan.payload["assignee"] = person.wire_value
    _change(plan, "assignee", before, person.label)


def _plan_tags(plan: Plan, case: dict[str, Any], wanted: TagChange) -> None:
    current = tags(case)
    add, delete = wanted.missing_in(current), wanted.surplus_in(current)
    # Sorted, because tags are a set: their order on the platform is ignored.
    before = sorted(set(current))
    after = sorted((set(current) - set(delete)) | set(add))
    if not add and not delete:
        plan.before["tags"] = plan.after["tags"] = before
        return
    plan.payload["tags"] = {name: values for name, values in (("add", add), ("delete", delete)) if values}
    _change(plan, "tags", before, after)


@dataclass(frozen=True)
class Verification:
    """The parts of a plan that a case, read after the write, shows or lacks."""

    made: list[Change] = field(default_factory=list)
    missing: list[Change] = field(default_factory=list)
    unverifiable: list[Change] = field(default_factory=list)


def verify(plan: Plan, case: dict[str, Any]) -> Verification:
    """Compare the case after the write with the plan.

    made: the changes that it shows, by any user. missing: the changes that it lacks; before is what it shows instead.
    unverifiable: the changes that it can't show: an assignee whose id is unknown because the key has no permission to
    read the users, a description that the platform does not return.
    """
    # Only the tags that were sent: one that others have added since is not ignored, it is new.
    sent = plan.payload.get("tags")
    sent_tags = sent and TagChange(add=tuple(sent.get("add", ())), remove=tuple(sent.get("delete", ())))
    again = make_plan(case, replace(plan.desired, tags=sent_tags, comments=()))
    differing = {change.field: change for change in again.changes}
    verification = Verification()
    for planned in plan.changes:
        change = differing.get(planned.field)
        if change is not None:
            unverifiable = change.field in _unverifiable(plan, case)
            (verification.unverifiable if unverifiable else verification.missing).append(change)
        elif planned.field != "comment":
            verification.made.append(planned)
    return verification


def _unverifiable(plan: Plan, case: dict[str, Any]) -> list[str]:
    """Return the fields in which a case can't show whether they are as planned."""
    fields = [name for name in WRITE_ONLY if not case.get(name)]
    person = plan.desired.assignee
    if person and not person.is_resolved and case.get("assignee"):
        fields.append("assignee")
    return fields

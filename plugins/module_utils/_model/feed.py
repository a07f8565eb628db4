# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a source of changes has seen, what it has delivered, and from where on it asks the platform next.

The platform shows the state of cases, and no list of changes. So a source asks for all cases that were changed since a
time, again and again, and compares each with what it saw before. All times are epoch ms on the platform's clock, as it
shows it in cases and in the Date of its answers.

No final state is lost, if a case is listed at most `overlap` after the time of its change. What was not listed yet
when a poll read its place in the list, was changed later than `overlap` before that poll began: there the next begins.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Iterable, Mapping, NamedTuple

from .case import is_case_id, modified_at, moment
from .query import EARLIEST_MS
from .times import LARGEST_MS

# What is compared of a case. A change of another field is seen by the time of the change.
FIELDS = ("status", "severity", "assignee", "tags", "name", "resolution", "score", "size")
_DIGITS = 6
# Cases that were changed before the overlap, and of which the fields that change are still told
KEPT = 20_000
# By so much the platform's clock may seem to lose time, since a Date is in whole seconds.
_TOLERANCE_MS = 1500
LEAST_OVERLAP_S = 2


class Mark(NamedTuple):
    """What is known of a case: the time of its last change, and a hash of each of FIELDS, one after the other."""

    modified_at: int
    fingerprint: str


class Times(NamedTuple):
    """Where a source is.

    since: earlier changes are not delivered. cursor: of the latest change so far. complete: the cursor when the last
    complete poll ended. asked: when the last poll began, or what that time may be in changes that were made after the
    platform's clock lost time. clock: the platform's clock then. noted: the clock of this machine then.
    """

    since: int
    cursor: int
    complete: int
    asked: int
    clock: int
    noted: int


class Step(NamedTuple):
    """What follows when all before it is delivered: the event of a case, or only that a poll is complete.

    event: None if there is nothing to deliver.
    """

    times: Times
    case_id: str = ""
    mark: Mark | None = None
    event: dict[str, Any] | None = None

    def to_state(self) -> list[Any]:
        """Return what a file keeps of it."""
        return [*self.times, self.case_id, *(self.mark or ())]


class Seen(NamedTuple):
    """A case that is not as it was seen before.

    kind: created or updated. fields: those of FIELDS that differ; None if it was not seen before. since_ms: from when
    on its history has what was not seen.
    """

    case: dict[str, Any]
    mark: Mark
    kind: str
    fields: list[str] | None
    since_ms: int


def fingerprint(case: Mapping[str, Any]) -> str:
    """Return a hash of each of FIELDS, one after the other. The order of tags is ignored."""
    return "".join(_hash(case, name) for name in FIELDS)


def _hash(case: Mapping[str, Any], name: str) -> str:
    value = case.get(name)
    if name == "tags":
        value = sorted(value or [])
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def differing(before: str, after: str) -> list[str]:
    """Return the fields in which two fingerprints differ."""
    places = range(0, _DIGITS * len(FIELDS), _DIGITS)
    return [name for name, at in zip(FIELDS, places) if before[at : at + _DIGITS] != after[at : at + _DIGITS]]


class Position:
    """A place in the changes: its times, and the marks of the cases from `overlap` before on."""

    def __init__(self, times: Times, overlap_ms: int, marks: Mapping[str, Mark] | None = None, keep: int = 0) -> None:
        self.times = times
        self.overlap_ms = overlap_ms
        self.marks: dict[str, Mark] = dict(marks or {})
        self._keep = keep

    @property
    def from_ms(self) -> int:
        """Return the time from which on the next poll asks: the first ms of a second."""
        low = min(self.times.cursor, self.times.asked) - self.overlap_ms
        return max(EARLIEST_MS, low - low % 1000)

    def follow(self, step: Step) -> None:
        """Go on to a step."""
        self.times = step.times
        if step.mark is not None:
            # Behind the others
            self.marks.pop(step.case_id, None)
            self.marks[step.case_id] = step.mark
        if step.mark is None or (len(self.marks) > 2 * KEPT and not len(self.marks) % 1000):
            self.prune()

    def prune(self) -> None:
        """Forget the cases that no later poll lists unless they are changed, but for the last ones."""
        spare, low = len(self.marks) - self._keep, self.from_ms
        for case_id in list(self.marks) if spare > 0 else ():
            if self.marks[case_id].modified_at < low:
                del self.marks[case_id]
                spare -= 1
                if not spare:
                    break

    def to_state(self) -> dict[str, Any]:
        """Return what a file keeps of it."""
        return {**self.times._asdict(), "cases": {case_id: list(mark) for case_id, mark in self.marks.items()}}


class Delivered:
    """What is delivered, for a state: the last events may not have reached the engine, and are not a part of it."""

    def __init__(self, position: Position) -> None:
        self._position = Position(position.times, position.overlap_ms, position.marks)
        self._latest = position.times
        # Of each of these events: where the source was before it, and the id of its case
        self._held: list[tuple[Times, str]] = []

    def follow(self, step: Step, behind: int) -> None:
        """Go on to a step. behind: of the last events, how many may not have reached the engine."""
        if step.event is not None:
            self._held.append((self._latest, step.case_id))
            del self._held[: -behind or len(self._held)]
        self._latest = step.times
        self._position.follow(step._replace(times=self._held[0][0] if self._held else self._latest))

    def to_state(self) -> dict[str, Any]:
        """Return what a file keeps of it."""
        self._position.prune()
        state = self._position.to_state()
        for _times, case_id in self._held:
            state["cases"].pop(case_id, None)
        return state


def position_of(state: Any, overlap_ms: int, following: Iterable[Any] = ()) -> Position:
    """Return the position of to_state(), and of the steps that follow it. Raises ValueError with what is wrong."""
    if not isinstance(state, dict):
        raise ValueError("is not an object")
    for name in Times._fields:
        if not _is_time(state.get(name)):
            raise ValueError(f"{name} is not a time")
    cases = state.get("cases")
    if not isinstance(cases, dict):
        raise ValueError("cases is not an object")
    if not all(is_case_id(case_id) and _is_mark(mark) for case_id, mark in cases.items()):
        raise ValueError("cases has an item that is not a case")
    times = Times(*(state[name] for name in Times._fields))
    position = Position(times, overlap_ms, {case_id: Mark(*mark) for case_id, mark in cases.items()})
    for line in following:
        position.follow(_step_of(line))
    return position


def _step_of(line: Any) -> Step:
    places = len(Times._fields)
    if isinstance(line, list) and len(line) > places and all(map(_is_time, line[:places])):
        times, case_id, mark = Times(*line[:places]), line[places], line[places + 1 :]
        if case_id == "" and not mark:
            return Step(times)
        if isinstance(case_id, str) and is_case_id(case_id) and _is_mark(mark):
            return Step(times, case_id, Mark(*mark))
    raise ValueError("has a line that is not a step")


def _is_mark(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_time(value[0])
        and isinstance(value[1], str)
        and len(value[1]) == _DIGITS * len(FIELDS)
    )


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST_MS


class Feed:
    """What a source has seen: its position runs ahead of what is delivered."""

    def __init__(self, position: Position) -> None:
        self.position = Position(position.times, position.overlap_ms, position.marks, KEPT)
        # Whether the platform's clock lost time before the running poll
        self.is_back = False
        self._begin()

    def _begin(self) -> None:
        self._from_ms = self.position.from_ms
        # When the running poll began: until it is complete, all that it asked for may still be missing.
        self._began = self._asked = self.position.times
        self._latest = self._began.cursor

    def begin(self) -> int:
        """Begin a poll, and return the time from which on it asks for changes."""
        self._begin()
        return self._from_ms

    def ask(self, asked_ms: int, answered_ms: int, noted_ms: int) -> None:
        """Note the platform's clock at the begin of the poll, as its first answer shows it, and the clock here.

        asked_ms: not later than the begin. answered_ms: the time that the answer shows, not earlier than the begin.
        If the platform's clock lost time, changes since then may have times that lie before those that were seen. The
        next poll asks for these.
        """
        began = self._began
        elapsed = max(0, noted_ms - began.noted)
        self.is_back = began.clock + elapsed - answered_ms > _TOLERANCE_MS
        earliest_ms = asked_ms
        if self.is_back:
            earliest_ms -= elapsed
            self._began = began._replace(since=min(began.since, earliest_ms))
        self._asked = self._began._replace(asked=earliest_ms, clock=asked_ms, noted=noted_ms)

    def take(self, case: dict[str, Any]) -> Seen | None:
        """Return a case of the running poll that is not as it was seen before, else None."""
        began, changed_at = self._began, modified_at(case)
        if changed_at is None or changed_at < max(began.since, self._from_ms):
            return None
        mark = Mark(changed_at, fingerprint(case))
        before = self.position.marks.get(case["_id"])
        if before == mark:
            return None
        horizon = max(began.since, min(began.complete, began.asked) - self.position.overlap_ms)
        is_new = before is None and (moment(case, "created_at") or 0) >= horizon
        fields = None if before is None else differing(before.fingerprint, mark.fingerprint)
        since_ms = horizon if before is None else before.modified_at
        return Seen(case, mark, "created" if is_new else "updated", fields, since_ms)

    def step(self, seen: Seen, event: dict[str, Any] | None, is_sorted: bool) -> Step:
        """Go on behind a case. event: to deliver. is_sorted: whether all cases before were listed before it."""
        changed_at = seen.mark.modified_at
        self._latest = max(self._latest, changed_at)
        times = self._began
        # Before that, or in no order, what the poll has not read yet may lie before the overlap.
        if is_sorted and changed_at >= min(self._latest, self._asked.asked) - self.position.overlap_ms:
            times = self._asked._replace(cursor=self._latest)
        return self._follow(Step(times, seen.case["_id"], seen.mark, event))

    def end(self) -> Step:
        """End a poll that was read to its end."""
        times = self._asked._replace(cursor=self._latest)
        return self._follow(Step(times._replace(complete=max(times.complete, times.cursor))))

    def _follow(self, step: Step) -> Step:
        self.position.follow(step)
        return step

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random edits of cases on a model of the platform, followed by a source that is killed now and then.

What the source promises is written here anew: the last state of each case that was changed is delivered, and nothing
comes twice but what a kill left unsaved.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.changes import Changes
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import Reader
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.feed import (
    Delivered,
    Feed,
    Position,
    Times,
    fingerprint,
    position_of,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import Query

NOW = 1_700_000_000_000
OVERLAP = 10_000
BEHIND = 2  # events that are delivered and not confirmed yet


@dataclass
class Platform:
    """The true time runs; the platform's clock may be set back. A change is listed some time after it was made."""

    page: int
    in_seconds: bool
    honours: bool
    inclusive: bool
    true_ms: int = NOW
    offset_ms: int = 0
    # (listed from, case), of each case the latest last
    states: dict = field(default_factory=dict)
    # What happens before each answer
    meanwhile: list = field(default_factory=list)

    @property
    def clock_ms(self):
        return self.true_ms + self.offset_ms

    def tick(self, ms):
        self.true_ms += ms

    def back(self, ms):
        self.offset_ms -= ms

    def edit(self, number, late_ms=0):
        case_id = str(number)
        held = self.states.setdefault(case_id, [])
        before = held[-1][1] if held else {"created_at": self.clock_ms, "size": 0}
        case = {**before, "_id": case_id, "modified_at": self.clock_ms, "size": before["size"] + 1}
        held.append((self.true_ms + late_ms, case))

    def listed(self):
        """The cases as a listing shows them now. Each is one state: that of the last change that is listed."""
        shown = [[case for since, case in held if since <= self.true_ms] for held in self.states.values()]
        return [dict(cases[-1]) for cases in shown if cases]

    def get(self, path, params, *_what, **_more):
        if self.meanwhile:
            happen(self, self.meanwhile.pop(0))
        asked = dict(params)
        sort = asked["sort"]
        if not self.honours:
            asked.pop("FROM~modified_at", None)
            sort = "created_at"

        def stored(case, name):
            return case[name] // 1000 * 1000 if self.in_seconds and name == "modified_at" else case[name]

        def inside(case):
            for name in ("created_at", "modified_at"):
                low = asked.get(f"FROM~{name}", 0) + (not self.inclusive)
                high = asked.get(f"TO~{name}", NOW * 2) - (not self.inclusive)
                if not low <= stored(case, name) <= high:
                    return False
            return True

        found = sorted(filter(inside, self.listed()), key=lambda case: (stored(case, sort), case["_id"]))
        found = found if asked["order"] == "asc" else found[::-1]
        cases = found[asked["skip"] :][: min(self.page, asked["limit"])]
        if self.in_seconds:
            cases = [{**case, "modified_at": case["modified_at"] // 1000} for case in cases]
        return {"data": {"cases": cases, "total": len(found)}}


def happen(platform, action):
    name, *arguments = action
    getattr(platform, name)(*arguments)


class Source:
    """What _run/event_source.py and the event source do, without threads: it can be killed behind each step."""

    def __init__(self, platform):
        client = SimpleNamespace(get=platform.get, connection=SimpleNamespace(tenant="", retries=0), throttle=None)
        self.platform, self.reader = platform, Reader(client, platform.clock_ms)
        self.delivered, self.repeated = [], 0
        self.saved = None

    def start(self):
        """Start as since: now does, or from what was saved."""
        self.changes = Changes(self.reader)
        if self.saved is None:
            noted, asked = self.platform.true_ms, self.platform.clock_ms
            self.changes.is_scan = not self.platform.honours
            self.changes.why_unsupported()
            newest = self.changes.newest()
            since = newest[0]["modified_at"] if newest else asked
            marks = {case["_id"]: (case["modified_at"], fingerprint(case)) for case in newest}
            times = Times(since, since, since, asked // 1000 * 1000, asked // 1000 * 1000, noted)
            self.saved = json.dumps(Position(times, OVERLAP, marks).to_state())
        position = position_of(json.loads(self.saved), OVERLAP)
        self.confirmed, self.feed = Delivered(position), Feed(position)

    def poll(self, killed_behind=None, saves=()):
        platform, feed = self.platform, self.feed
        self.reader.now_ms = platform.clock_ms
        noted = platform.true_ms
        query = Query(modified_after=feed.begin())
        cases = self.changes.since(query)
        case = next(cases, None)
        # A Date in whole seconds, and that less the time since the poll began
        date = platform.clock_ms // 1000 * 1000
        feed.ask(date - (platform.true_ms - noted), date, noted)
        number = 0
        while case is not None:
            seen = feed.take(case)
            if seen is not None:
                self._deliver(feed.step(seen, {"kind": seen.kind}, self.changes.is_sorted))
                number += 1
                if number in saves:
                    self.save()
                if number == killed_behind:
                    return False
            case = next(cases, None)
        self._deliver(feed.end())
        return True

    def _deliver(self, step):
        if step.event is not None:
            self.delivered.append((step.case_id, step.mark))
        self.confirmed.follow(step, BEHIND)

    def save(self):
        self.saved = json.dumps(self.confirmed.to_state())
        self.saved_behind = max(self.saved_behind, len(self.delivered) - BEHIND)

    saved_behind = 0

    def kill(self):
        self.repeated += len(self.delivered) - self.saved_behind
        self.start()


ticks = st.integers(0, 40).map(lambda half_seconds: ("tick", half_seconds * 500))
edits = st.tuples(st.just("edit"), st.integers(0, 7), st.integers(0, OVERLAP // 500).map(lambda number: number * 500))
# A poll takes less than the overlap.
happenings = st.one_of(edits, edits, st.integers(0, 3).map(lambda half_seconds: ("tick", half_seconds * 500)))
polls = st.tuples(
    st.just("poll"),
    st.lists(happenings, max_size=5),
    st.one_of(st.none(), st.integers(1, 5)),
    st.sets(st.integers(1, 5), max_size=2),
)
kinds = st.fixed_dictionaries(
    {"page": st.integers(1, 4), "in_seconds": st.booleans(), "honours": st.booleans(), "inclusive": st.booleans()}
)


def run(kind, before, actions):
    platform = Platform(**kind)
    for number in range(before):
        platform.edit(number)
        platform.tick(300)
    source = Source(platform)
    source.start()
    started_with = {case["_id"]: case for case in platform.listed()}
    for action in actions:
        if action[0] == "poll":
            platform.meanwhile = list(action[1])
            if not source.poll(*action[2:]):
                source.kill()
            platform.meanwhile = []
        elif action[0] == "save":
            source.save()
        elif action[0] == "kill":
            source.kill()
        else:
            happen(platform, action)
    for _number in range(3):
        platform.tick(2 * OVERLAP)
        source.poll()
    return platform, source, started_with


def final(platform, started_with):
    """The last state of each case that was changed since the start, as it is listed."""
    cases = [case for case in platform.listed() if case != started_with.get(case["_id"])]
    if platform.in_seconds:
        cases = [{**case, "modified_at": case["modified_at"] // 1000 * 1000 + 999} for case in cases]
    return {(case["_id"], (case["modified_at"], fingerprint(case))) for case in cases}


@given(kinds, st.integers(0, 6), st.lists(st.one_of(edits, ticks, polls, st.just(("save",)), st.just(("kill",)))))
@settings(max_examples=3 * settings.default.max_examples)
def test_no_final_state_is_lost_and_only_kills_repeat(kind, before, actions):
    platform, source, started_with = run(kind, before, actions)
    delivered = Counter((case_id, tuple(mark)) for case_id, mark in source.delivered)
    assert final(platform, started_with) <= set(delivered)
    assert sum(delivered.values()) - len(delivered) <= source.repeated
    event(f"events: {min(len(delivered), 10)}")


# Less can't be seen in a Date. The overlap is enough for it, but right after the start.
back = st.integers(3, 600).map(lambda seconds: ("back", seconds * 1000))


@given(
    kinds,
    st.integers(0, 6),
    st.lists(st.one_of(edits, ticks, polls, st.just(("save",)), st.just(("kill",)), back), max_size=30),
)
@settings(max_examples=3 * settings.default.max_examples)
def test_no_final_state_is_lost_when_the_clock_of_the_platform_is_set_back(kind, before, actions):
    platform, source, started_with = run(kind, before, actions)
    assert final(platform, started_with) <= {(case_id, tuple(mark)) for case_id, mark in source.delivered}


@given(st.lists(st.one_of(edits, ticks, polls), max_size=30))
@settings(max_examples=settings.default.max_examples // 2)
def test_the_marks_that_are_kept_are_those_of_the_overlap(actions):
    kind = {"page": 2, "in_seconds": False, "honours": True, "inclusive": True}
    _platform, source, _started_with = run(kind, 3, actions)
    source.save()
    position = position_of(json.loads(source.saved), OVERLAP)
    assert all(mark.modified_at >= position.from_ms for mark in position.marks.values())

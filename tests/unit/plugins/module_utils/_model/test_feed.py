# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One poll after the other: what is new, what was seen, and from where on the next one asks."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.feed import (
    FIELDS,
    KEPT,
    Delivered,
    Feed,
    Mark,
    Position,
    Step,
    Times,
    differing,
    fingerprint,
    position_of,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import EARLIEST_MS

NOW = 1_700_000_000_000
OVERLAP = 60_000
START = Times(NOW, NOW, NOW, NOW, NOW, NOW)


def case(case_id="a", modified_at=NOW + 1000, created_at=NOW - 1000, **more):
    return {"_id": case_id, "modified_at": modified_at, "created_at": created_at, "status": "New", **more}


def feed(times=START, marks=None):
    found = Feed(Position(times, OVERLAP, marks))
    found.begin()
    return found


def take(source, given, is_sorted=True):
    seen = source.take(given)
    return seen and source.step(seen, {}, is_sorted)


@pytest.mark.parametrize(
    ("cursor", "asked", "expected"),
    [
        (NOW, NOW, NOW - OVERLAP),
        (NOW, NOW + 999_000, NOW - OVERLAP),
        (NOW + 999_000, NOW, NOW - OVERLAP),
        (NOW + 999, NOW + 5000, NOW - OVERLAP),
        (EARLIEST_MS, NOW, EARLIEST_MS),
    ],
)
def test_a_poll_asks_from_the_overlap_before_the_cursor_and_the_last_poll(cursor, asked, expected):
    assert Position(START._replace(cursor=cursor, asked=asked), OVERLAP).from_ms == expected


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (case(), "updated"),
        (case(created_at=NOW), "created"),
        (case(created_at=NOW + 1000), "created"),
        (case(created_at=None), "updated"),
        (case(modified_at=NOW), "updated"),
        (case(modified_at=NOW - 1), None),  # before since
        (case(modified_at=None), None),
    ],
)
def test_what_is_delivered_of_a_case_that_was_not_seen(given, kind):
    seen = feed().take(given)
    assert (seen and seen.kind) == kind
    assert seen is None or seen.fields is None


def test_a_case_as_it_was_seen_is_not_delivered_again():
    source = feed()
    assert take(source, case()) is not None
    assert take(source, case()) is None
    # of the same millisecond
    assert source.take(case(status="Resolved")).fields == ["status"]
    # of another one, with fields that are not compared
    assert source.take(case(modified_at=NOW + 2000)).fields == []


def test_a_case_that_goes_back_in_time_is_delivered():
    source = feed()
    take(source, case(modified_at=NOW + 5000))
    step = take(source, case(modified_at=NOW + 2000))
    assert step.mark.modified_at == NOW + 2000
    assert step.times.cursor == NOW + 5000


def test_a_case_is_new_once():
    source = feed()
    assert source.take(case(created_at=NOW + 500)).kind == "created"
    take(source, case(created_at=NOW + 500))
    assert source.take(case(created_at=NOW + 500, modified_at=NOW + 2000)).kind == "updated"


def test_a_case_that_was_created_before_the_last_polls_is_not_new():
    source = feed(START._replace(since=EARLIEST_MS))
    assert source.take(case(created_at=NOW - OVERLAP - 1)).kind == "updated"
    assert source.take(case(created_at=NOW - OVERLAP)).kind == "created"


def test_the_cursor_moves_with_each_case_of_a_sorted_list_and_else_at_the_end():
    for is_sorted, expected in ((True, NOW + 1000), (False, NOW)):
        source = feed()
        source.ask(NOW + 30_000, NOW + 30_000, NOW + 30_000)
        assert take(source, case(), is_sorted).times.cursor == expected
        assert source.end().times == Times(NOW, NOW + 1000, NOW + 1000, NOW + 30_000, NOW + 30_000, NOW + 30_000)


@pytest.mark.parametrize(
    "line",
    [
        None,
        {},
        [],
        [*START],
        [*START[:-1], "x", ""],
        [*START, "", NOW, "f" * 48],
        [*START, "1" * 24],
        [*START, "1" * 24, NOW],
        [*START, "1" * 24, NOW, "f"],
        [*START, "../x", NOW, "f" * 48],
        [*START, 5, NOW, "f" * 48],
    ],
)
def test_a_line_behind_a_state_that_is_no_step(line):
    with pytest.raises(ValueError, match="has a line that is not a step"):
        position_of(Position(START, OVERLAP).to_state(), OVERLAP, [line])


def test_steps_behind_a_state_are_followed():
    steps = [Step(START._replace(cursor=NOW + n), str(n) * 24, Mark(NOW + n, "f" * 48)) for n in (1, 2)]
    steps.append(Step(START._replace(cursor=NOW + 3)))
    expected = Position(START, OVERLAP)
    for step in steps:
        expected.follow(step)
    lines = json.loads(json.dumps([step.to_state() for step in steps]))
    assert position_of(Position(START, OVERLAP).to_state(), OVERLAP, lines).to_state() == expected.to_state()


def test_a_clock_that_is_set_back_moves_the_next_poll_back():
    source = feed()
    source.ask(NOW + 30_000, NOW + 30_000, NOW + 30_000)
    assert not source.is_back
    source.end()
    source.begin()
    source.ask(NOW - 600_000 + 30_000, NOW - 600_000 + 31_000, NOW + 60_000)
    assert source.is_back
    assert source.end().times.asked == NOW - 600_000
    assert source.begin() == NOW - 600_000 - OVERLAP
    # before since, and delivered
    assert source.take(case(modified_at=NOW - 590_000)) is not None
    # and again, before the clock is where it was
    source.ask(NOW - 700_000, NOW - 700_000, NOW + 90_000)
    assert source.is_back


@pytest.mark.parametrize(("lost_ms", "is_back"), [(0, False), (1500, False), (1501, True)])
def test_how_much_time_a_clock_may_seem_to_lose(lost_ms, is_back):
    source = feed()
    source.ask(NOW, NOW + 30_000 - lost_ms, NOW + 30_000)
    assert source.is_back is is_back


def test_from_when_on_the_history_has_what_was_not_seen():
    source = feed(START._replace(since=EARLIEST_MS))
    assert source.take(case()).since_ms == NOW - OVERLAP
    take(source, case())
    assert source.take(case(modified_at=NOW + 2000)).since_ms == NOW + 1000


def test_an_answer_that_takes_long_is_no_clock_that_was_set_back():
    source = feed()
    source.ask(NOW - 50_000, NOW + 30_000, NOW + 30_000)
    assert not source.is_back
    assert source.end().times.asked == NOW - 50_000


def test_a_local_clock_that_is_set_back_changes_nothing():
    source = feed()
    source.ask(NOW + 30_000, NOW + 30_000, NOW - 999_000)
    assert not source.is_back
    assert source.end().times.asked == NOW + 30_000


def test_fingerprints():
    whole = case(tags=["b", "a"], score=5, assignee="x")
    assert fingerprint(whole) == fingerprint({**whole, "tags": ["a", "b"], "modified_at": 1})
    assert fingerprint(case(tags=None)) == fingerprint(case(tags=[]))
    for name in FIELDS:
        changed = {**whole, name: ["c"] if name == "tags" else "other"}
        assert differing(fingerprint(whole), fingerprint(changed)) == [name]


def test_marks_older_than_the_overlap_are_forgotten_and_the_last_ones_kept():
    marks = {str(number): Mark(NOW - OVERLAP - 1 - number % 2, "x") for number in range(KEPT + 10)}
    of_file, in_memory = Position(START, OVERLAP, marks), Position(START, OVERLAP, marks, KEPT)
    for position in (of_file, in_memory):
        position.follow(Step(START, "new", Mark(NOW, "y")))
        position.prune()
    assert list(of_file.marks) == ["new"]
    assert len(in_memory.marks) == KEPT
    assert list(in_memory.marks)[-1] == "new"


def test_the_last_events_are_no_part_of_the_state():
    delivered = Delivered(Position(START, OVERLAP, {"a": Mark(NOW, "0" * 48)}))

    def step(number, case_id, event=None):
        return Step(START._replace(cursor=NOW + number), case_id, Mark(NOW + number, "1" * 48), event)

    for number, case_id, event, held_cursor, cases in (
        (1, "x", None, 1, ["a", "x"]),  # nothing to deliver
        (2, "b", {}, 1, ["a", "x"]),
        (3, "c", {}, 1, ["a", "x"]),
        (4, "d", None, 1, ["a", "d", "x"]),
        (5, "b", None, 1, ["a", "d", "x"]),
        (6, "e", {}, 2, ["a", "b", "d", "x"]),
        (7, "f", {}, 5, ["a", "b", "c", "d", "x"]),
    ):
        delivered.follow(step(number, case_id, event), 2)
        state = delivered.to_state()
        assert (state["cursor"] - NOW, sorted(state["cases"])) == (held_cursor, cases), number
    delivered.follow(step(8, "g", {}), 0)
    assert sorted(delivered.to_state()["cases"]) == ["a", "b", "c", "d", "e", "f", "g", "x"]
    assert delivered.to_state()["cursor"] == NOW + 8


def test_a_state_is_read_as_it_was_written():
    position = Position(START, OVERLAP, {"a": Mark(NOW, "0" * 48)})
    again = position_of(json.loads(json.dumps(position.to_state())), OVERLAP)
    assert (again.times, again.marks) == (position.times, position.marks)


GOOD = Position(START, OVERLAP, {"a": Mark(NOW, "0" * 48)}).to_state()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ([], "is not an object"),
        ({**GOOD, "cursor": None}, "cursor is not a time"),
        ({**GOOD, "cursor": True}, "cursor is not a time"),
        ({**GOOD, "since": -1}, "since is not a time"),
        ({**GOOD, "asked": 1e12}, "asked is not a time"),
        ({**GOOD, "noted": 10**15}, "noted is not a time"),
        ({name: value for name, value in GOOD.items() if name != "complete"}, "complete is not a time"),
        ({**GOOD, "cases": []}, "cases is not an object"),
        ({**GOOD, "cases": {"a/b": [NOW, "0" * 48]}}, "cases has an item that is not a case"),
        ({**GOOD, "cases": {"a": [NOW]}}, "cases has an item that is not a case"),
        ({**GOOD, "cases": {"a": ["x", "0" * 48]}}, "cases has an item that is not a case"),
        ({**GOOD, "cases": {"a": [NOW, "0" * 47]}}, "cases has an item that is not a case"),
        ({**GOOD, "cases": {"a": [NOW, 5]}}, "cases has an item that is not a case"),
    ],
)
def test_a_state_that_is_not_one(state, why):
    with pytest.raises(ValueError, match=why):
        position_of(state, OVERLAP)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the event source saves what is delivered, and how long it waits. The rest is tested against the simulator."""

from __future__ import annotations

import json
import threading

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.event_source import filters_hash
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.feed import (
    Delivered,
    Mark,
    Position,
    Step,
    Times,
    position_of,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.event_source import EventSource

NOW = 1_700_000_000_000
TIMES = Times(NOW, NOW, NOW, NOW, NOW, NOW)


@pytest.fixture
def make(tmp_path):
    """make(**options) -> a source that has started, with a state file"""
    sources = []

    def make(**options):
        given = {"host": "127.0.0.1:1", "api_key": "none", "state_file": str(tmp_path / "state.json"), **options}
        sources.append(EventSource(given))
        sources[-1]._delivered = Delivered(Position(TIMES, 60_000))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


def step(case_id, event=None):
    return Step(TIMES._replace(cursor=NOW + 1), case_id, Mark(NOW + 1, "0" * 48), event)


def cases(tmp_path):
    return sorted(json.loads((tmp_path / "state.json").read_text())["cases"])


def test_the_end_saves_what_is_delivered(make, tmp_path):
    source = make()
    source.delivered(step("a"), 0)
    source.close()
    assert cases(tmp_path) == ["a"]


def test_the_end_waits_for_a_write_that_is_on_its_way(make, tmp_path, monkeypatch):
    source = make()
    source.delivered(step("a"), 0)
    writes, begun, may_go_on = source._file.write, threading.Event(), threading.Event()

    def slow(state):
        begun.set()
        assert may_go_on.wait(10)
        writes(state)

    monkeypatch.setattr(source._file, "write", slow)
    saving = threading.Thread(target=source.save)
    saving.start()
    begun.wait()
    closing = threading.Thread(target=source.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    may_go_on.set()
    closing.join(10)
    saving.join(10)
    assert cases(tmp_path) == ["a"]


def test_with_feedback_a_step_is_appended_and_later_folded_into_the_state(make, tmp_path):
    source = make(feedback=True)
    source.delivered(step("1" * 24, {}), 0)
    source.note()
    whole = cases(tmp_path)
    for number in (2, 3, 4):
        source.delivered(step(str(number) * 24, {}), 0)
    source.note()
    source.note()
    state, *following = (tmp_path / "state.json").read_text().splitlines()
    assert sorted(json.loads(state)["cases"]) == whole == ["1" * 24]
    assert len(following) == 3
    found = position_of(json.loads(state), 60_000, map(json.loads, following))
    assert found.to_state() == source._delivered.to_state()
    source.save()
    assert cases(tmp_path) == [str(number) * 24 for number in (1, 2, 3, 4)]


def test_nothing_is_written_if_nothing_was_delivered(make, tmp_path):
    make().close()
    assert not (tmp_path / "state.json").exists()


@pytest.mark.parametrize(
    ("interval", "failures", "retry_after", "low", "high"),
    [
        (30, 1, None, 22.5, 37.5),
        (1, 1, None, 1.5, 2.5),
        (1, 4, None, 12, 20),
        (30, 9, None, 225, 300),
        (30, 8, None, 192, 300),
        (30, 10**6, None, 225, 300),
        (3600, 10**6, None, 2700, 3600),
        (30, 1, 120.0, 120, 120),
        (30, 1, 1e9, 3600, 3600),
    ],
)
def test_waits_grow_to_five_minutes(make, interval, failures, retry_after, low, high):
    source, error = make(interval=interval), ApiError("a", "b")
    error.retry_after = retry_after
    waits = [source._wait(failures, error) for _number in range(200)]
    assert low <= min(waits) <= max(waits) <= high
    assert source._wait(failures, ValueError()) <= high


def test_the_hash_of_filters_is_that_of_their_meaning():
    one = filters_hash({"status": ["New", "Resolved"], "min_score": 5.0, "interval": 30, "tags": None})
    assert one == filters_hash({"status": ["Resolved", "New"], "min_score": 5.0, "interval": 60})
    assert one != filters_hash({"status": ["New"], "min_score": 5.0})
    assert one != filters_hash({"status": ["New", "Resolved"]})

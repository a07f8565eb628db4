# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source: which events come, in which form, and after which requests."""

from __future__ import annotations

import json
import sys
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec import event_source as options_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from tests.integration.event_source import INTERVAL, connection, listings, polls, running, until
from tests.integration.playbook import calls, parameters

CASE = "62fceb4a48be7776c793a02a"
TENANT, CLINIC = "6aeb2aae7d8d4ef0820136f42d107db4", "b2f0c7de54c1498d9a7e3f6d1c20e885"


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch):
    monkeypatch.setitem(options_module._RANGES, "interval", (0.01, 86400))


@pytest.fixture
def source(sim):
    """source(**options) -> an engine with a source that has polled once"""

    def start(engine=None, **options):
        return running({**connection(sim), "interval": INTERVAL, **options}, **(engine or {}))

    return start


def polled(sim, more=1):
    """Wait until so many more polls were made."""
    seen = len(polls(sim))
    until(lambda: len(polls(sim)) >= seen + more)


def now_ms(sim):
    return int(sim.control("GET", "clock")["now"] * 1000)


def ids(events):
    return [event["stellar_case"]["case_id"] for event in events]


def changes(events):
    return sorted((event["change"]["kind"], event["stellar_case"]["case_id"]) for event in events)


def test_new_and_changed_cases_are_events(sim, source):
    with source() as engine:
        polled(sim)
        sim.edit(CASE, {"status": "In Progress"})
        (new,) = sim.add_cases([{"name": "New one", "cust_id": TENANT, "severity": "Critical"}])
        engine.wait(2)
        polled(sim, 3)
        assert changes(engine.events) == [("created", new), ("updated", CASE)]
    by_id = {event["stellar_case"]["case_id"]: event for event in engine.events}
    assert by_id[CASE]["stellar_case"]["status"] == "In Progress"
    assert by_id[new]["stellar_case"]["name"] == "New one"
    assert by_id[new]["stellar_case"]["tenant_name"] == "Example Tenant"
    assert by_id[new]["stellar_case"]["inventory_name"] == "example-tenant"
    # as JSON, which the engine makes of it
    assert json.loads(json.dumps(engine.events)) == engine.events


def test_the_start_sends_four_requests_and_a_poll_one(sim, source):
    with source() as engine:
        polled(sim)
    assert not engine.events
    assert calls(sim.requests())[:5] == ["POST access_token", *["GET cases"] * 4]
    assert [entry["query"]["limit"] for entry in listings(sim)[:4]] == ["20", "20", "20", "500"]
    query = polls(sim)[0]["query"]
    assert {"FROM~modified_at", "FROM~created_at", "TO~created_at", "skip"} < set(query)
    assert (query["sort"], query["order"]) == ("modified_at", "asc")
    assert sim.writes() == []


def test_two_changes_between_polls_are_one_event_with_the_last_state(sim, source):
    with source(interval=1) as engine:
        polled(sim)
        sim.edit(CASE, {"status": "In Progress"})
        sim.edit(CASE, {"status": "Escalated"})
        engine.wait(1)
        polled(sim)
        assert [event["stellar_case"]["status"] for event in engine.events] == ["Escalated"]


def test_fields_that_differ_are_named_once_the_case_was_seen(sim, source):
    with source() as engine:
        polled(sim)
        sim.edit(CASE, {"status": "In Progress"})
        engine.wait(1)
        sim.edit(CASE, {"severity": "Low", "tags": ["a"]})
        engine.wait(2)
    assert [event["change"]["fields"] for event in engine.events] == [None, ["severity", "tags"]]


@pytest.mark.parametrize("page_cap", [0, 3])
def test_all_pages_are_read(sim, source, page_cap):
    sim.switch(page_cap=page_cap)
    with source() as engine:
        polled(sim)
        changed = [case["_id"] for case in sim.cases()[:20]]
        for case_id in changed:
            sim.edit(case_id, {"severity": "Low", "tags": ["b"]})
        engine.wait(20)
        polled(sim, 2)
    assert sorted(ids(engine.events)) == sorted(changed)


def test_more_cases_of_one_millisecond_than_a_skip_may_pass(sim, source):
    sim.reset(cases=1300)
    sim.switch(skip_max=1000)
    with source() as engine:
        polled(sim)
        moment = now_ms(sim)
        for case in sim.cases()[:1100]:
            sim.put_case(case["_id"], modified_at=moment, status="In Progress")
        engine.wait(1100, 30)
        polled(sim, 2)
    assert len(ids(engine.events)) == len(set(ids(engine.events))) == 1100


@pytest.mark.parametrize(
    ("options", "delivered"),
    [
        ({"since": "all", "max_backlog": 100}, 60),
        ({"since": "1m"}, 1),
        ({"since": "1660835991000"}, 60),
        ({"since": "2001-01-01", "status": ["Resolved"]}, "Resolved"),
        ({"since": "2001-01-01", "tenant": "Example Clinic"}, CLINIC),
        ({"since": "2001-01-01", "min_score": 75, "created_after": "30d", "tags": "vip, phishing"}, "filtered"),
    ],
)
def test_what_is_delivered_since_when(sim, source, options, delivered):
    sim.edit(CASE, {"severity": "High"})
    expected = {
        60: lambda case: True,
        1: lambda case: case["_id"] == CASE,
        "Resolved": lambda case: case["status"] == "Resolved",
        CLINIC: lambda case: case["cust_id"] == CLINIC,
        "filtered": lambda case: (
            case["score"] >= 75
            and case["created_at"] >= now_ms(sim) - 30 * 86_400_000
            and {"vip", "phishing"} & set(case["tags"])
        ),
    }[delivered]
    wanted = {case["_id"] for case in sim.cases() if expected(case)}
    with source(**options) as engine:
        engine.wait(len(wanted))
        polled(sim, 2)
        assert engine.error is None
    assert sorted(ids(engine.events)) == sorted(wanted)


def test_changes_and_fields_limit_what_is_delivered(sim, source):
    with source(changes=["created"], fields=["status"]) as engine:
        polled(sim)
        sim.edit(CASE, {"status": "In Progress"})
        sim.add_cases([{"name": "New one"}])
        engine.wait(1)
        polled(sim, 2)
    assert [event["stellar_case"] for event in engine.events] == [{"status": "New"}]


def test_a_state_is_delivered_with_the_same_uuid_by_each_source(sim, source):
    names = []
    for options in ({}, {"fields": ["case_id"], "changes": ["created"]}):
        with source(since="2001-01-01", tags=["October-event"], **options) as engine:
            engine.wait(1)
        names.append(engine.events[0]["meta"]["uuid"])
    assert names[0] == names[1]


# -- own changes -----------------------------------------------------------------------------------------


def test_own_changes_are_left_out_and_those_of_others_are_not(sim, source):
    with source(ignore_own_changes=True) as engine:
        polled(sim)
        sim.edit(CASE, {"status": "In Progress"})
        engine.wait(1)
        own_edit(sim, CASE, severity="Low")
        polled(sim, 2)
        assert len(engine.events) == 1
        # An edit of an analyst right before one's own
        sim.edit(CASE, {"status": "Escalated"})
        own_edit(sim, CASE, severity="High")
        engine.wait(2)
        polled(sim, 2)
    assert [event["change"]["own"] for event in engine.events] == [False, False]


def test_a_history_that_lags_hides_no_change_of_another_user(sim, source):
    with source(interval=4, ignore_own_changes=True) as engine:
        polled(sim)
        own_edit(sim, CASE, severity="Low")
        # By the next poll, the history shows this, and not what follows.
        time.sleep(1.5)
        sim.switch(parts_lag_ms=60_000)
        sim.edit(CASE, {"status": "Resolved"})
        own_edit(sim, CASE, severity="High")
        engine.wait(1)
    assert [(event["stellar_case"]["status"], event["change"]["own"]) for event in engine.events] == [
        ("Resolved", None)
    ]


def own_edit(sim, case_id, **fields):
    """Change a case as the user of the key."""
    run_case(parameters(CASE_OPTIONS, sim, case_id=case_id, **fields), False, lambda secret: None)


def test_without_a_history_own_changes_are_delivered(sim, source, caplog):
    sim.fault("status", status=403, path="*/activities", times=0)
    with source(ignore_own_changes=True) as engine:
        polled(sim)
        own_edit(sim, CASE, severity="Low")
        own_edit(sim, CASE, severity="High")
        engine.wait(1)
        polled(sim, 2)
    assert {event["change"]["own"] for event in engine.events} == {None}
    assert len([text for text in caplog.messages if "can't be told from those of others" in text]) == 1


# -- platforms that list no changes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"ignored_query_parameters": ["sort"]}, "it ignores the sort by modified_at"),
        ({"ignored_query_parameters": ["FROM~modified_at"]}, "it ignores the filter FROM~modified_at"),
    ],
)
def test_a_platform_that_lists_no_changes(sim, source, caplog, switches, words):
    sim.switch(**switches)
    with source() as engine:
        error = str(engine.wait_for_error())
    assert words in error
    assert "Set unsupported to scan" in error
    with source(unsupported="scan") as engine:
        until(lambda: any("All cases are read" in text for text in caplog.messages))
        time.sleep(3 * INTERVAL)
        sim.edit(CASE, {"status": "In Progress"})
        (new,) = sim.add_cases([{"name": "New one"}])
        engine.wait(2)
        time.sleep(3 * INTERVAL)
    assert changes(engine.events) == [("created", new), ("updated", CASE)]


@pytest.mark.parametrize("unsupported", ["fail", "scan"])
@pytest.mark.parametrize("is_absent", [True, False])
def test_a_platform_without_times_of_changes(sim, source, unsupported, is_absent):
    if is_absent:
        sim.switch(absent_fields=["modified_at"])
    for case in () if is_absent else sim.cases():
        sim.put_case(case["_id"], modified_at=None)
    with source(unsupported=unsupported) as engine:
        error = str(engine.wait_for_error())
    assert "the platform shows no time of change (modified_at) of its cases." in error


def test_no_cases_are_no_platform_without_times(sim, source):
    sim.reset(seed=[])
    with source() as engine:
        polled(sim)
        assert engine.error is None


@pytest.mark.parametrize("unsupported", ["fail", "scan"])
@pytest.mark.parametrize("value", [None, 0, "0"])
def test_a_case_without_a_time_of_its_change_is_told_once(sim, source, caplog, unsupported, value):
    if unsupported == "scan":
        sim.switch(ignored_query_parameters=["sort"])
    odd = next(case["_id"] for case in sim.cases() if case["_id"] != CASE)
    sim.put_case(odd, modified_at=value)
    with source(unsupported=unsupported) as engine:
        until(lambda: len([text for text in caplog.messages if "Could not use case" in text]) == 1)
        time.sleep(3 * INTERVAL)
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        time.sleep(3 * INTERVAL)
        assert engine.error is None
    assert ids(engine.events) == [CASE]
    (text,) = [text for text in caplog.messages if "Could not use case" in text]
    assert odd in text
    assert "modified_at is" in text


def test_a_case_that_loses_the_time_of_its_change_is_told_once(sim, source, caplog):
    odd = next(case["_id"] for case in sim.cases() if case["_id"] != CASE)
    with source() as engine:
        polled(sim)
        sim.switch(odd_record="null_fields", odd_record_id=odd)
        sim.edit(odd, {"severity": "Low"})
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        polled(sim, 3)
        assert engine.error is None
    assert ids(engine.events) == [CASE]
    (text,) = [text for text in caplog.messages if "Could not use case" in text]
    assert f"{odd} " in text
    assert "modified_at is null, so its changes can't be followed." in text


def test_seconds_and_exclusive_bounds(sim, source):
    sim.switch(range_from_inclusive=False, range_to_inclusive=False)
    with source() as engine:
        polled(sim)
        for severity in ("Low", "High"):
            sim.edit(CASE, {"severity": severity})
            engine.wait(1 if severity == "Low" else 2)
        polled(sim, 2)
    assert len(engine.events) == 2


def test_a_clock_of_the_platform_that_is_set_back(sim, source, caplog):
    with source() as engine:
        polled(sim)
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        sim.advance(-3600)
        polled(sim)
        sim.edit(CASE, {"severity": "High"})
        engine.wait(2)
        polled(sim, 2)
    assert [event["stellar_case"]["severity"] for event in engine.events] == ["Low", "High"]
    assert len([text for text in caplog.messages if "The platform's clock lost time" in text]) == 1


def test_a_record_that_is_no_case_is_told_once_and_the_others_come(sim, source, caplog):
    with source() as engine:
        polled(sim)
        sim.put_case(sim.cases()[5]["_id"], tags="no list", modified_at=now_ms(sim))
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        polled(sim, 3)
    assert ids(engine.events) == [CASE]
    assert len([text for text in caplog.messages if "Could not use case" in text]) == 1


# -- how it is loaded ------------------------------------------------------------------------------------


def test_no_other_collection_is_in_the_way(sim, source):
    with source():
        polled(sim)
    assert "plugins" not in sys.modules
    assert not any(path.rstrip("/").endswith("stellarcyber/xdr") for path in sys.path if path)

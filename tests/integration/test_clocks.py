# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform whose clock is not that of the machine that runs the tasks: ages are by the platform's."""

from __future__ import annotations

import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE, CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from tests.integration.many import case, run, store
from tests.integration.playbook import calls, parameters

pytestmark = pytest.mark.slow

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# By so many seconds the platform's clock is ahead
OFFSETS = [7200, -7200, 2 * 86400 + 7200, -3 * 86400]
# Ages in ms, on the platform's clock
AGES = {"new": 5 * MINUTE_MS, "older": 90 * MINUTE_MS, "old": 9 * HOUR_MS}
IDS = {name: case(number)["_id"] for number, name in enumerate(AGES)}
AHEAD = "The platform's clock is 2:00:00 (h:mm:ss) ahead of the clock of this machine."
RULES = [{"name": "New", "match": {"newer_than": "30m"}, "set": {"severity": "High"}}]


@pytest.fixture
def shifted(sim):
    """shifted(seconds): the simulator with a case of each age, and a clock that is so much ahead."""

    def shift(offset_s):
        now_ms = int((time.time() + offset_s) * 1000)
        times = [{"created_at": now_ms - age, "modified_at": now_ms - age} for age in AGES.values()]
        sim.reset(seed=[case(number, **each) for number, each in enumerate(times)])
        sim.switch(clock_offset_s=offset_s)
        sim.clear_requests()
        return sim

    return shift


@pytest.fixture(params=["a key", "an access token"])
def connection(request, sim):
    """connection(): how a run is authenticated. The token is one of the simulator as it is now."""

    def options(simulator):
        if request.param == "a key":
            return {}
        with Client(connection_of(parameters(CASE, simulator, case_id=IDS["new"], severity="High"))) as client:
            issued, _lifetime = exchange_key(client.session)
        simulator.clear_requests()
        return {"access_token": issued, "api_key": None, "username": None}

    return options


def warned(result):
    return [text for text in result["warnings"] if "clock" in text]


@pytest.mark.parametrize("offset", OFFSETS)
def test_ages_of_a_query_are_by_the_clock_of_the_platform(shifted, connection, offset):
    sim = shifted(offset)
    options = connection(sim)
    for filters, names in (
        ({"created_after": "30m"}, ["new"]),
        ({"created_before": "30m"}, ["old", "older"]),
        ({"modified_after": "2h"}, ["older", "new"]),
        ({}, ["old", "older", "new"]),
    ):
        result = run_case_info(parameters(CASE_INFO, sim, **filters, **options), False, lambda secret: None)
        assert [each["_id"] for each in result["cases"]] == [IDS[name] for name in names]
        assert len(warned(result)) == 1
        counted = run_case_info(
            parameters(CASE_INFO, sim, count_only=True, **filters, **options), False, lambda secret: None
        )
        assert counted["count"] == len(names)
        found = run_lookup(parameters(LOOKUP, sim, result="ids", **filters, **options))
        assert found["found"] == [IDS[name] for name in names]
        assert len(warned(found)) == 1


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("offset", OFFSETS)
def test_ages_of_rules_are_by_the_clock_of_the_platform(shifted, connection, offset, check_mode):
    sim = shifted(offset)
    done = run(sim, check_mode, rules=RULES, **connection(sim))
    assert {name for name, outcome in done.outcomes.items() if outcome == "changed"} == {IDS["new"]}
    assert len(warned(done.result)) == 1
    changed = [case_id for case_id, record in store(sim).items() if record["severity"] == "High"]
    assert changed == ([] if check_mode else [IDS["new"]])


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_newest_ticket_is_found(shifted, connection, offset):
    sim = shifted(offset)
    options = connection(sim)
    ticket_id = case(0)["ticket_id"]
    given = parameters(CASE, sim, ticket_id=ticket_id, severity="High", **options)
    assert run_case(given, False, lambda secret: None)["case"]["_id"] == IDS["new"]
    done = run(sim, cases=[{"ticket_id": ticket_id, "severity": "Low"}], **options)
    assert done.counts == {"read": 1, "changed": 1}
    info = run_case_info(parameters(CASE_INFO, sim, ticket_id=[ticket_id], **options), False, lambda secret: None)
    assert info["missing"] == []


def test_the_warning_says_how_far_and_which_clock_is_used(shifted):
    (text,) = warned(run(shifted(7200), True, rules=RULES).result)
    assert text == f"{AHEAD} Ages are by the platform's clock. Synchronise both clocks with NTP."
    (text,) = warned(run(shifted(-7200), True, rules=RULES).result)
    assert "2:00:00 (h:mm:ss) behind the clock" in text


def test_a_clock_that_is_right_costs_no_request_and_no_warning(shifted, connection):
    sim = shifted(0)
    options = connection(sim)
    result = run_case_info(parameters(CASE_INFO, sim, created_after="30m", **options), False, lambda secret: None)
    expected = ["GET cases"] if options else ["POST access_token", "GET cases"]
    assert calls(sim.requests()) == expected
    assert warned(result) == []


def test_a_clock_that_is_far_off_costs_one_listing_where_only_that_shows_it(shifted, connection):
    sim = shifted(7200)
    options = connection(sim)
    run_case_info(parameters(CASE_INFO, sim, created_after="30m", **options), False, lambda secret: None)
    assert calls(sim.requests()) == (["GET cases"] * 2 if options else ["POST access_token", "GET cases"])


def test_a_time_that_is_future_here_only_is_accepted(shifted):
    sim = shifted(3 * 86400)
    since = int(time.time() * 1000) + 2 * DAY_MS
    result = run_case_info(parameters(CASE_INFO, sim, created_after=str(since)), False, lambda secret: None)
    assert [each["_id"] for each in result["cases"]] == [IDS["old"], IDS["older"], IDS["new"]]

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault with every call of stellar_case_comment: a comment is there once, and no result says what is not so."""

from __future__ import annotations

import pytest

from tests import canaries
from tests.faults import API, COMMENT_SCENARIOS, FAULTS, FIRST, NEW_COMMENT
from tests.integration.matrix import BUDGET_S, Matrix, Place, elsewhere

pytestmark = pytest.mark.slow

# method, path, and how many of the same are before it
READS = [("POST", "/access_token", 0), ("GET", f"/cases/{FIRST}", 0), ("GET", "/users", 0)]
LIST = f"/cases/{FIRST}/comments"
WRITE = {"post": ("POST", LIST), "edit": ("PUT", f"{LIST}/*"), "delete": ("DELETE", f"{LIST}/*")}
AFTER = {"post": [NEW_COMMENT], "edit": [NEW_COMMENT], "delete": []}
CELLS = [
    (fault, scenario, call, lasts)
    for fault in FAULTS
    for scenario in COMMENT_SCENARIOS
    for call in (*READS, ("GET", LIST, 0), (*WRITE[scenario], 0), ("GET", LIST, 1))
    # The first reads are those of every module: once is enough.
    if scenario == "post" or call not in READS
    # Waiting for what never comes takes its time.
    if not FAULTS[fault].quick or call[0] != "GET"
    # On how many attempts the fault acts, 0 for all: once is another story only where there is another attempt.
    for lasts in ((1, 0) if FAULTS[fault].again or FAULTS[fault].status in (401, 500) else (0,))
]


@pytest.fixture(scope="module")
def places_elsewhere(simulator, tmp_path_factory):
    with elsewhere(simulator, tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


@pytest.fixture
def matrix(sim, places_elsewhere, monkeypatch):
    return Matrix(sim, places_elsewhere, monkeypatch)


@pytest.mark.parametrize(("name", "scenario_name", "call", "lasts"), CELLS)
def test_fault(matrix, name, scenario_name, call, lasts):
    simulator, fault = matrix.simulator, FAULTS[name]
    before, scenario = COMMENT_SCENARIOS[scenario_name]
    matrix.prepare(scenario)
    for text in before:
        simulator.edit(FIRST, {"comment": text}, user=simulator.username)
    comments = simulator.case(FIRST).get("comments", [])
    path = call[1].replace("*", comments[0]["_id"] if comments else "*")
    place = Place(call[0], path, 0, call[2])
    matrix.arm(fault, place, lasts, False)
    outcome = matrix.run(scenario, fault, place, lasts)
    texts = [each["comment"] for each in simulator.case(FIRST).get("comments", [])]

    assert texts in (before, AFTER[scenario_name])
    result, error = outcome.result, outcome.result.get("error")
    if error is None:
        # What the platform does not list yet, or can't list, it accepted all the same.
        assert texts == AFTER[scenario_name]
        assert result["changed"] is True
    elif not error.get("outcome_unknown"):
        is_done = texts != before
        assert result.get("changed", False) is is_done, result["msg"]
    else:
        assert result["changed"] is True
    if error is not None:
        assert error["remedy"] in result["msg"]
        assert error["type"] == "NotAppliedError" or f"{API}/" in result["msg"]
    sent = [entry for entry in simulator.requests() if entry["method"] == WRITE[scenario_name][0]]
    # What comes too early costs time only, so that retry_budget ends it.
    assert fault.status == 429 or len([entry for entry in sent if "comments" in entry["path"]]) <= 2
    assert sum(outcome.waits) <= BUDGET_S + len(outcome.attempts)
    canaries.assert_none(canaries.of(simulator), str(result), where="a result")

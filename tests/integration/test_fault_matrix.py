# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault with every call of every module and lookup: tests/faults.py has the two tables."""

from __future__ import annotations

import json
import re
import traceback

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import SETTLING_S
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.throttle import LONGEST_GAP_S
from tests import canaries, evidence, faults
from tests.faults import (
    API,
    CALLS,
    CASE,
    CASES,
    COMMENT,
    CONTRACT,
    FAULTS,
    FIRST,
    HISTORY,
    INFO,
    INVENTORY,
    LATER_PAGE,
    LIST,
    LOOK,
    LOOK_COMMENTS,
    LOOKUP,
    OLD_SCORES,
    OTHER,
    PARTS,
    PING,
    PUT,
    READ,
    READ_BACK,
    READ_LAST,
    REREAD,
    SCENARIOS,
    SOURCE,
    TENANT_GROUPS,
    TENANT_INFO,
    TENANTS,
    TEXT,
    TOKEN,
    TOO_SLOW,
    USER_INFO,
    USERS,
    WRITES,
)
from tests.integration.many import Done, assert_restored, assert_true, managed, run, store
from tests.integration.matrix import BUDGET_S, RETRIES, Matrix, elsewhere

# The points of a ping's capabilities, by the request that tells them
POINT_OF = {
    **{USERS: "users", TENANTS: "tenants", TENANT_GROUPS: "tenant_groups", OLD_SCORES: "scores"},
    **{PARTS[part]: part for part in ("comments", "activities", "scores")},
}
# The claim that the first of these requests of a contract tells
CLAIM_OF = {REREAD: "case.get", **{PARTS[part]: f"part.{part}" for part in ("alerts", "observables", "summary")}}
PART_OF = {**{call: part for part, call in PARTS.items()}, OLD_SCORES: "scores"}
# How long a fault lasts
ONCE, FOR_GOOD, ALL = "one attempt", "all attempts", "all attempts and all later requests"

# What each entry may call, whatever the scenarios of the table do
CHANGES = {PUT, LOOK, READ_BACK, HISTORY, COMMENT, LOOK_COMMENTS, READ_LAST}
MAY_CALL = {
    # A ticket is on one page.
    CASE: {TOKEN, TENANTS, USERS, LIST, READ, *CHANGES},
    CASES: {TOKEN, TENANTS, USERS, LIST, LATER_PAGE, READ, REREAD, PARTS["activities"], *CHANGES},
    INFO: {TOKEN, TENANTS, USERS, LIST, LATER_PAGE, READ, *PARTS.values(), OLD_SCORES},
    LOOKUP: {TOKEN, TENANTS, USERS, LIST, LATER_PAGE, PARTS["activities"]},
    PING: {TOKEN, TENANTS, USERS, TENANT_GROUPS, LIST, LATER_PAGE, REREAD, *PARTS.values(), OLD_SCORES},
    TENANT_INFO: {TOKEN, TENANTS},
    USER_INFO: {TOKEN, TENANTS, USERS},
    INVENTORY: {TOKEN, TENANTS},
    SOURCE: {TOKEN, TENANTS, USERS, LIST, LATER_PAGE, PARTS["activities"]},
}


@pytest.fixture(scope="session")
def places_elsewhere(simulator, tmp_path_factory):
    with elsewhere(simulator, tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


@pytest.fixture
def matrix(sim, places_elsewhere, monkeypatch):
    return Matrix(sim, places_elsewhere, monkeypatch)


@pytest.fixture(scope="session")
def baseline():
    """baseline(matrix, scenario) -> the places of its calls, its result, the store before and after; no fault acts."""
    known = {}

    def look(matrix, name):
        if name not in known:
            matrix.prepare(SCENARIOS[name])
            before = store(matrix.simulator)
            places, outcome = matrix.places(SCENARIOS[name])
            assert not outcome.failed, outcome.result["msg"]
            known[name] = places, outcome.result, before, store(matrix.simulator)
        return known[name]

    return look


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_entry_makes_the_calls_of_the_table(matrix, name):
    scenario = SCENARIOS[name]
    matrix.prepare(scenario)
    assert tuple(faults.names_of(matrix.run(scenario).requests)) == scenario.calls


@pytest.mark.parametrize("entry", MAY_CALL)
def test_each_call_of_each_entry_is_tried(entry):
    scenarios = [scenario for scenario in SCENARIOS.values() if scenario.entry == entry]
    assert {call for scenario in scenarios for call in scenario.cells} == MAY_CALL[entry]
    assert {call for scenario in scenarios for call in scenario.calls} == MAY_CALL[entry]


def test_each_entry_and_each_call_is_known():
    assert {scenario.entry for scenario in SCENARIOS.values()} == set(MAY_CALL)
    assert set().union(*MAY_CALL.values()) == set(CALLS)


def lasting(fault, call):
    """For how long it matters that a fault lasts. 502 and 503 are told apart from 504 by their numbers only."""
    yield FOR_GOOD
    is_one_of_three = fault.status in (502, 503)
    if (fault.is_retried(call) or fault.status == 401) and not is_one_of_three:
        yield ONCE
    # Without another try and without doubt there is no look that could fail as well.
    if call in WRITES and (fault.again or not fault.refuses or fault.status == 401) and not is_one_of_three:
        yield ALL


CELLS = [
    (name, scenario_name, call, lasts)
    for name, fault in FAULTS.items()
    for scenario_name, scenario in SCENARIOS.items()
    for call in scenario.cells
    for lasts in lasting(fault, call)
]
FIRST_SCENARIO = {call: name for name, scenario in reversed(SCENARIOS.items()) for call in scenario.cells}
# Waiting for what never comes takes its time: here once for each call, and for all entries in make test-long.
SLOW = [cell for cell in CELLS if FAULTS[cell[0]].quick and cell[1] != FIRST_SCENARIO[cell[2]]]
QUICK = [cell for cell in CELLS if cell not in SLOW]


@pytest.mark.parametrize("cell", QUICK, ids="-".join)
def test_fault(matrix, baseline, cell):
    inject(matrix, baseline, *cell)


def inject(matrix, baseline, name, scenario_name, call, lasts):
    """Let a fault act on a call, and see that nothing is lost, untold or told wrongly."""
    fault, scenario = FAULTS[name], SCENARIOS[scenario_name]
    places, result, before, final = baseline(matrix, scenario_name)
    times = 1 if lasts == ONCE else 0
    matrix.prepare(scenario)
    matrix.arm(fault, places[call], times, lasts == ALL)
    outcome = matrix.run(scenario, fault, places[call], times, lasts == ALL)
    after = store(matrix.simulator)

    cell = Cell(matrix.simulator, fault, scenario, call, lasts, places[call], outcome, result)
    attempts = cell.assert_attempts()
    kind = cell.assert_reported() if cell.error else cell.assert_recovered()
    cell.assert_looked()
    if scenario.entry in (CASE, CASES):
        cell.assert_store(before, after, final)
    else:
        assert matrix.simulator.writes() == []
        # Nothing of what could be read before the fault, as if it was all
        assert not cell.error or not {"cases", "found", "tenants", "users", "events"} & set(outcome.result)
    cell.assert_nothing_leaks()
    # It would be half a minute and more if a timeout was for each byte, or none.
    assert outcome.seconds < 10
    # Calls that the platform asked to slow down also keep a gap between them.
    assert sum(outcome.waits) <= BUDGET_S + len(outcome.attempts) * LONGEST_GAP_S
    seconds = round(outcome.seconds, 3)
    facts = {"call": call, "lasts": lasts, "outcome": kind, "attempts": attempts, "seconds": seconds}
    evidence.record("fault", fault=name, entry=scenario.entry, **facts)


class Cell:
    """What must be true of a run that met a fault."""

    def __init__(self, simulator, fault, scenario, call, lasts, place, outcome, baseline):
        self.simulator, self.outcome, self.result, self.baseline = simulator, outcome, outcome.result, baseline
        self.fault, self.scenario, self.call, self.lasts, self.place = fault, scenario, call, lasts, place
        failed = [item for item in self.result.get("case_results", ()) if item["outcome"] == "failed"]
        # What failed is told by the item of its case, if it is one of several.
        self.error = failed[0]["error"] if failed else self.result.get("error", {})
        self.message = failed[0]["reason"] if failed else self.result.get("msg", "")
        self.outcome_unknown = self.error.get("outcome_unknown", False)
        self.error_is_of_another_case = bool(failed) and failed[0]["case_id"] != FIRST

    # -- attempts --------------------------------------------------------------------------------------

    def assert_attempts(self):
        outcome, attempts = self.outcome, len(self.outcome.of(self.place))
        sent = sum(not one.elsewhere for one in outcome.attempts)
        # On a busy machine a timeout that was cut may come before the request is there.
        assert len(outcome.requests) == sent or (len(outcome.requests) < sent and self.fault.quick)
        # What the platform asks to slow down also waits before calls that are no retries.
        # So does a read of a case that may show the write later.
        waits = len([wait for wait in outcome.waits if wait not in SETTLING_S])
        retries = self.result.get("requests", {}).get("retry", waits)
        assert retries == waits or (retries < waits and self.fault.status == 429)
        if self.scenario.entry == PING and not self._is_contract:
            # A retry would hide what it is to show; a token that was refused is renewed.
            assert attempts == (2 if self.fault.status == 401 and self.call != TOKEN else 1)
        elif self._is_asked_to_wait():
            # What comes too early costs time only, so that retry_budget ends it.
            assert attempts > RETRIES
        else:
            assert attempts == self._documented_attempts(), [one.at for one in outcome.attempts]
        return attempts

    @property
    def _is_contract(self):
        return self.scenario.options is CONTRACT

    def _is_asked_to_wait(self):
        return self.fault.status == 429 and self.lasts != ONCE and not (self._is_looked_for() and self.lasts == ALL)

    def _documented_attempts(self):
        if self.fault.status == 401:
            # Once more, with a new token; there is none if the key itself is refused.
            return 1 if self.call == TOKEN or self.lasts == ALL else 2
        if self._is_too_late():
            return 1
        if not self.fault.is_retried(self.call):
            return 1
        if self._is_looked_for() and (self.fault.handled or self.lasts == ALL):
            # It was found done, or there was no looking for it.
            return 1
        return RETRIES + 1

    def _is_too_late(self):
        """Whether a page of cases was sent and not answered in time: a smaller page is the next request."""
        return self.call in (LIST, LATER_PAGE) and self.fault.cause == TOO_SLOW and not self.fault.place

    def _is_looked_for(self):
        """Whether the client looks before it repeats: a comment, and what has a guard, as all rules have."""
        has_guard = "if_unmodified_since" in json.dumps(self.scenario.options) or self.scenario.entry == CASES
        return self.call == COMMENT or (self.call == PUT and has_guard)

    # -- what is said ----------------------------------------------------------------------------------

    def assert_reported(self):
        method, path, status, cause = self.place.method, API + self.place.path, self.fault.status, self.fault.cause
        if self.call in (LOOK, LOOK_COMMENTS):
            # The message is about the write that nobody could look for.
            assert self.outcome_unknown
            method, status, cause = "PUT" if self.call == LOOK else "POST", None, "no answer: "
        elif self.fault.kind == "wrong_shape" and self.call == PUT and self.lasts == ALL:
            # What the answer leaves open is read, or not.
            method, path = "GET", f"{API}/cases/{FIRST}"
        elif status == 401 and self.lasts == ALL:
            method, path, cause = "POST", f"{API}/access_token", "refused api_key"
        elif status in (403, 404) and self.call == TENANTS and self.scenario.entry not in (TENANT_INFO, INVENTORY):
            cause = "can't read the tenants"
        assert self.error["remedy"] in self.message
        if self.error["type"] == "NotAppliedError":
            # The call succeeded, as far as its answer tells: what is wrong is the case.
            assert self.fault is FAULTS["200 with another server's JSON"]
            assert self.call in WRITES
            assert "the platform accepted the write, but the case does not show it" in self.message
            return "reported"
        assert (self.error["method"], self.error["path"], self.error.get("status")) == (method, path, status)
        assert re.search(rf"{method} https://127\.0\.0\.1:\d+{re.escape(path)}", self.message), self.message
        assert re.search(cause, self.message), self.message
        assert status is None or f"HTTP {status}" in self.message, self.message
        if self.fault.is_retried(self.call) and method + path == self.place.method + API + self.place.path:
            attempts = len(self.outcome.of(self.place))
            if self._is_too_late() and self.scenario.entry != PING:
                # Of the smallest page
                attempts = RETRIES + 1
            assert self.error["attempts"] == attempts
            assert (f"Gave up after {attempts} attempts." in self.message) is (attempts > 1)
        assert bool(re.search("is unknown|Could not determine", self.message)) is self.outcome_unknown
        return "indeterminate" if self.outcome_unknown else "reported"

    def assert_recovered(self):
        """It did what it does without the fault, or says what it left out."""
        is_met = self.outcome.of(self.place)[-1].acted
        if self._is_contract:
            return self._assert_claims()
        if self.scenario.entry == PING:
            return self._assert_capabilities()
        if self.scenario.entry not in (CASE, CASES):
            return self._assert_answer()
        if self.call == READ_LAST and is_met:
            self._assert_warned("may be older than the comment")
            return "reported"
        if self.call == HISTORY and is_met:
            self._assert_warned("Could not determine")
            return "reported"
        return "verified" if self.call in WRITES and is_met else "recovered"

    def _assert_warned(self, words):
        (text,) = [text for text in self.result["warnings"] if words in text]
        self._assert_tells(text)

    def _assert_tells(self, text):
        assert re.search(rf"GET https://127\.0\.0\.1:\d+{re.escape(API + self.place.path)}", text), text
        if self.call == HISTORY:
            # What to do about it is another matter than the error's own remedy, which may have had the cause.
            assert text.endswith("Check the case's history."), text
            assert self.fault.status or re.search(self.fault.cause, text), text
        else:
            assert re.search(self.fault.cause, text), text
        assert self.fault.status is None or f"HTTP {self.fault.status}" in text

    def _assert_answer(self):
        """The answer is what it is without the fault; of what could not be read it says so."""
        got, expected = ({**each, "requests": {}, "warnings": []} for each in (self.result, self.baseline))
        if got == expected and self.scenario.entry == SOURCE and PARTS["activities"] == self.call:
            # Delivered all the same, since the history of a case is of no use for more than that
            told = [text for text in self.result["warnings"] if "can't be told from those of others" in text]
            assert len(told) == self.outcome.of(self.place)[-1].acted
            return "reported" if told else "recovered"
        if got == expected:
            return "recovered"
        if got.get("missing"):
            # By the platform's own word
            assert (self.call, self.fault.status, got["missing"]) == (READ, 404, [FIRST])
            return "reported"
        if self.scenario.entry == LOOKUP:
            # The one case that could not be decided is left out, and said.
            assert got == {**expected, "found": [one for one in expected["found"] if one["_id"] != FIRST]}
            (text,) = self.result["warnings"]
            assert text.startswith(f"Could not apply match to case {FIRST} ")
            self._assert_tells(text)
            return "reported"
        part = PART_OF[self.call]
        (error,) = got.pop("include_errors")
        assert (error["case_id"], error["include"]) == (FIRST, part)
        assert {**got, "include_errors": []} == {**expected, "cases": [{**expected["cases"][0], part: None}]}
        assert error["msg"] in self.result["warnings"]
        self._assert_tells(error["msg"])
        return "reported"

    def _assert_capabilities(self):
        """What a ping could not ask is null with the reason, and the rest is what it is without the fault."""
        (known, unknown), (expected, _unknown) = map(self._points, (self.result, self.baseline))
        differing = {name for name in expected if known[name] != expected[name]}
        if not differing:
            return "recovered"
        asked = f"endpoints.{POINT_OF[self.call]}" if self.call in POINT_OF else "sort.created_at"
        assert asked in differing
        for name in differing:
            told = {401: "forbidden", 403: "forbidden", 404: "no"}.get(self.fault.status)
            assert known[name] is None or (known[name] == told and name == asked), name
            assert (name in unknown) is (known[name] is None)
        # Without a whole answer, or when it is asked to slow down, it asks for nothing more.
        ends = self.fault.status in (None, 429) or (self.fault.status == 200 and self.fault.again)
        assert self.call not in POINT_OF or (len(differing) > 1) is ends
        return "reported"

    def _assert_claims(self):
        """What the answers to the claims are without the fault, or what could not be told."""
        got, expected = (
            {row["id"]: (row["answer"], row["reason"]) for row in each["contract"]["claims"]}
            for each in (self.result, self.baseline)
        )
        differing = {claim: got[claim] for claim in expected if got[claim] != expected[claim]}
        if not differing:
            return "recovered"
        answer, why = differing.pop(CLAIM_OF[self.call])
        assert answer in ("undecided", "differs")
        assert self.fault.status in (None, 200) or f"HTTP {self.fault.status}" in why or "permission" in why
        # The next one is about the same alerts.
        differing.pop("part.alerts_bare" if self.call == PARTS["alerts"] else "", None)
        if self.fault.status in (None, 429) or (self.fault.status == 200 and self.fault.again):
            assert set(differing.values()) == {("undecided", "The platform did not answer an earlier request.")}
        else:
            assert differing == {}
        return "reported"

    @staticmethod
    def _points(result):
        known = dict(result["capabilities"])
        unknown = known.pop("unknown")
        groups = {name: value if isinstance(value, dict) else {"": value} for name, value in known.items()}
        return {
            f"{group}.{name}".strip("."): value for group, all_ in groups.items() for name, value in all_.items()
        }, unknown

    # -- what is done ------------------------------------------------------------------------------------

    def assert_looked(self):
        """There is no conclusion about a write that may have arrived without a look."""
        if self.call in WRITES and self.outcome.of(self.place)[-1].acted and not self.fault.refuses:
            look = f"/cases/{FIRST}/comments" if self.call == COMMENT else f"/cases/{FIRST}"
            assert ("GET", look) in self.outcome.later(self.place)

    def assert_store(self, before, after, final):
        comments = {case_id: self._comments(case_id) for case_id in (FIRST, faults.SECOND)}
        assert all(texts in ([], [TEXT]) for texts in comments.values()), comments
        assert after[OTHER] == before[OTHER]
        is_changed = managed(after[FIRST]) != managed(before[FIRST])
        claims = self.result.get("changed", False)
        if self.outcome_unknown:
            # Whoever is not told of a change would not look.
            assert claims is True
        elif self.scenario.entry == CASE:
            assert claims is is_changed
        elif "case_results" in self.result:
            assert_true(Done(self.result, self.outcome.failed, self.outcome.requests), before, after)
        else:
            assert not claims
            assert after == before
        if is_changed:
            assert managed(after[FIRST]) == managed(final[FIRST])
        if not self.error:
            assert comments[FIRST] == ([TEXT] if self.scenario.comments else [])
            assert managed(after[faults.SECOND]) == managed(final[faults.SECOND])
            self._assert_shows(after[FIRST])
        elif not self.outcome_unknown and not self.error_is_of_another_case:
            assert comments[FIRST] == []
        if self.error and self.scenario.entry == CASES:
            self._assert_undoes(before)

    def _assert_shows(self, record):
        """The result shows the case as it is."""
        if self.scenario.entry == CASE:
            assert self.result["changes"] == self.baseline["changes"]
            for name in ("status", "name", "tags", "assignee"):
                assert self.result["case"][name] == record[name]

    def _assert_undoes(self, before):
        undo = self.result.get("undo", [])
        assert FIRST in {item["case_id"] for item in undo} or not self.outcome_unknown
        if undo:
            self.simulator.clear_faults()
            undone = run(self.simulator, cases=undo)
            assert not undone.failed, undone.result["msg"]
            assert_restored(before, store(self.simulator))

    def _comments(self, case_id):
        return [comment["comment"] for comment in self.simulator.case(case_id).get("comments", [])]

    # -- secrets -----------------------------------------------------------------------------------------

    def assert_nothing_leaks(self):
        texts = [repr(self.result)]
        if self.outcome.exception is not None:
            texts += traceback.format_exception(self.outcome.exception)
        canaries.assert_none(canaries.of(self.simulator), *texts, where="results and exceptions of runs in process")


@pytest.mark.parametrize("call", [TOKEN, PUT])
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.again])
def test_the_budget_ends_it_whatever_number_of_tries_is_allowed(matrix, baseline, name, call):
    fault, scenario = FAULTS[name], SCENARIOS["one case by its id"]
    places, *_others = baseline(matrix, "one case by its id")
    matrix.prepare(scenario)
    matrix.arm(fault, places[call], 0, True)
    outcome = matrix.run(scenario, fault, places[call], 0, True, retries=100, retry_budget=3)
    assert outcome.failed
    assert sum(outcome.waits) <= 3 + len(outcome.attempts) * LONGEST_GAP_S
    assert 1 < len(outcome.attempts) < 15
    assert outcome.seconds < 10

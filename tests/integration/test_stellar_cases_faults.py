# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases when the platform fails: every case is as planned or named as not, and what was done can be undone."""

from __future__ import annotations

import itertools
import os
import signal
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES as CASES_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.auth import TokenSource
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import bulk as bulk_module
from tests.integration.many import (
    COMMENT,
    GET,
    LIST,
    PUT,
    TOKEN,
    assert_restored,
    assert_true,
    case,
    run,
    store,
)
from tests.integration.playbook import parameters
from tests.simulator.process import start

pytestmark = pytest.mark.slow

WANTED = {"status": "In Progress", "severity": "High", "tags": {"add": ["seen"], "delete": ["old"]}}
DRIFTED = 10
# One is as it should be already, and one is none of the run's business.
CASES = [
    *(case(number) for number in range(DRIFTED)),
    case(DRIFTED, status="In Progress", severity="High", tags=["seen"]),
    case(DRIFTED + 1, tags=[]),
]
IN_ORDER = [record["_id"] for record in CASES[:-1]]
WAYS = {
    "rules": {"rules": [{"name": "Take over", "match": {"tags": {"any": ["old", "seen"]}}, "set": WANTED}]},
    "cases": {"cases": [{"case_id": case_id, **WANTED} for case_id in reversed(IN_ORDER)]},
}
# Reads of single cases before the first write
READS = {"rules": 0, "cases": len(IN_ORDER)}


def one(kind, **details):
    """A fault of the fourth write."""
    return kind, {"method": "PUT", "path": "/cases/*", "after": 3, **details}


def all_from(kind, **details):
    """A fault of the fourth write and all after it."""
    return one(kind, times=0, **details)


def unread(**details):
    """No case can be read any more once the first write was tried."""
    return "status", {"status": 500, "method": "GET", "path": "/cases/*", "after": READS, "times": 0, **details}


# what happens: (faults, switches, options of the run, number of cases by outcome)
FAULTS = {
    "500": ([one("status", status=500)], {}, {}, {"changed": 9, "failed": 1}),
    "500 after it was applied": ([one("status", status=500, handled=True)], {}, {}, {"changed": 10}),
    "500 for good": ([all_from("status", status=500)], {}, {}, {"changed": 3, "failed": 7}),
    "503 twice": ([one("status", status=503, times=2)], {}, {}, {"changed": 10}),
    "503 for good": ([all_from("status", status=503)], {}, {"retries": 1}, {"changed": 3, "failed": 7}),
    "422": ([one("status", status=422)], {}, {}, {"changed": 9, "failed": 1}),
    "404": ([one("status", status=404)], {}, {}, {"changed": 9, "failed": 1}),
    "403 for good": ([all_from("status", status=403)], {}, {}, {"changed": 3, "failed": 7}),
    "lost before it was applied": ([one("drop_before", times=3)], {}, {}, {"changed": 10}),
    "lost before for good": ([all_from("drop_before")], {}, {"retries": 1}, {"changed": 3, "failed": 7}),
    "lost after it was applied": ([one("drop_after", times=3)], {}, {}, {"changed": 10}),
    "lost after for good": ([all_from("drop_after")], {}, {"retries": 1}, {"changed": 10}),
    "lost after, then nothing can be read": (
        [all_from("drop_after"), unread()],
        {},
        {"retries": 0},
        {"changed": 3, "failed": 7},
    ),
    "lost before, then nothing can be read": (
        [all_from("drop_before"), unread()],
        {},
        {"retries": 0},
        {"changed": 3, "failed": 7},
    ),
    "truncated": ([all_from("truncate")], {}, {"retries": 1}, {"changed": 10}),
    "login page": ([one("html")], {}, {}, {"changed": 9, "failed": 1}),
    "login page for good": ([all_from("html")], {}, {}, {"changed": 3, "failed": 7}),
    "wrong shape": ([all_from("wrong_shape")], {}, {}, {"changed": 10}),
    "no JSON": ([all_from("not_json")], {}, {}, {"changed": 10}),
    "redirect": ([one("redirect")], {}, {}, {"changed": 9, "failed": 1}),
    "no answer": ([one("stall")], {}, {"timeout": 1}, {"changed": 10}),
    "429 storm with Retry-After": (
        [one("status", status=429, retry_after="3", times=6)],
        {},
        {"retries": 6},
        {"changed": 10},
    ),
    "429 storm without": ([one("status", status=429, times=6)], {}, {"retries": 6}, {"changed": 10}),
    "429 for good": ([all_from("status", status=429)], {}, {"retries": 0}, {"changed": 3, "failed": 7}),
    "token expires": ([one("expire_token")], {}, {}, {"changed": 10}),
    "answer without the case": ([], {"put_answer": "no_case"}, {}, {"changed": 10}),
    "empty answer": ([], {"put_answer": "empty"}, {}, {"changed": 10}),
    "empty answer, then nothing can be read": (
        [unread()],
        {"put_answer": "empty"},
        {},
        {"failed": 10},
    ),
    "a key is ignored": ([], {"ignored_put_keys": ["severity"]}, {}, {"failed": 10}),
    "all keys are ignored": ([], {"ignored_put_keys": ["severity", "status", "tags"]}, {}, {"failed": 10}),
    "tags are respelt": ([], {"tag_normalise": "lower"}, {}, {"changed": 10}),
}


@pytest.fixture
def many(sim):
    """The simulator with CASES and no others."""
    sim.reset(seed=CASES)
    return sim


def quickly(seconds):
    """Sleep not at all."""


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("ends", [False, True])
def test_each_refused_token_is_renewed_once(sim, monkeypatch, ends, workers):
    refused = set()
    reject = TokenSource.reject
    monkeypatch.setattr(TokenSource, "reject", lambda self, token: (refused.add(token), reject(self, token)))
    cases = [case(number) for number in range(60)]
    sim.reset(seed=cases)
    sim.switch(unauthorized_every=3, unauthorized_ends_token=ends)
    done = run(sim, sleep=quickly, concurrency=workers, rules=COMMENTED, recheck_after=0)
    assert done.counts == {"read": 60, "changed": 60}, done.result.get("msg")
    assert all(len(record["comments"]) == 1 for record in sim.cases())
    assert done.counted[TOKEN] == len(refused) + 1


@pytest.mark.parametrize("workers", [1, 8])
def test_tokens_that_are_all_refused_end_the_run(many, workers):
    many.fault("status", status=401, method="PUT", times=0)
    done = run(many, sleep=quickly, concurrency=workers, **WAYS["rules"])
    assert done.failed
    assert "A new token was refused as well" in done.result["msg"]
    assert 2 <= len(many.writes()) <= (2 if workers == 1 else 5) * len(IN_ORDER)
    assert done.counted[TOKEN] <= 1 + len(many.writes())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("recheck_after", "method"), [(30, "PUT"), (0, "GET")])
def test_a_case_that_is_deleted_before_its_write_is_gone_and_the_others_go_on(many, way, status, recheck_after, method):
    many.switch(unknown_case_status=status)
    many.delete_case(IN_ORDER[0], before={"method": method, "path": f"/cases/{IN_ORDER[0]}", "nth": 1})
    done = run(many, sleep=quickly, **WAYS[way], recheck_after=recheck_after)
    gone = done.of(IN_ORDER[0])
    assert (gone["outcome"], done.counts["changed"], done.counts["failed"]) == ("failed", DRIFTED - 1, 1)
    assert f"HTTP {status}" in gone["reason"]
    assert "The case is gone: it was deleted, or is no longer visible to this key." in gone["reason"]
    assert IN_ORDER[0] not in {item["case_id"] for item in done.result["undo"]}


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_case_is_as_planned_or_named_and_can_be_undone(many, fault, way, workers):
    faults, switches, options, expected = FAULTS[fault]
    many.switch(**switches)
    for kind, details in faults:
        after = details["after"]
        many.fault(kind, **{**details, "after": after[way] if isinstance(after, dict) else after})
    before = store(many)
    done = run(many, sleep=quickly, concurrency=workers, **WAYS[way], **options)

    assert_true(done, before, store(many))
    assert done.counts == {"read": len(IN_ORDER), "ok": 1, **expected}
    assert done.failed is ("failed" in expected)
    order = IN_ORDER if way == "rules" else IN_ORDER[::-1]
    assert [item["case_id"] for item in done.result["case_results"]] == order
    assert len(done.result["diff"]) == DRIFTED
    assert done.result["requests"]["write"] == done.counted[PUT]
    assert done.result["requests"]["read"] == sum(call.startswith("GET") for call in done.calls)

    many.clear_faults()
    undone = run(many, cases=done.result["undo"]) if done.result["undo"] else None
    assert undone is None or not undone.failed, undone.result["msg"]
    assert_restored(before, store(many))


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", WAYS)
def test_a_token_that_expires_costs_one_token_and_not_one_a_worker(many, way, workers):
    many.fault(*one("expire_token")[:1], **one("expire_token")[1])
    done = run(many, concurrency=workers, **WAYS[way])
    assert done.counts["changed"] == DRIFTED
    assert done.counted[TOKEN] == 2
    refused = [entry for entry in done.requests if entry["status"] == 401]
    assert 1 <= len(refused) <= workers
    assert done.counted[PUT] == DRIFTED + len(refused)


@pytest.mark.parametrize("workers", [1, 8])
def test_a_key_that_was_revoked_ends_the_run(many, workers):
    """A thousand failed log-ins would lock the account."""
    many.fault("expire_token", method="PUT", path="/cases/*", after=3)
    many.fault("status", status=401, path="/access_token", after=1, times=0)
    before = store(many)
    done = run(many, concurrency=workers, **WAYS["rules"])
    assert_true(done, before, store(many))
    assert done.failed
    assert done.counted[TOKEN] <= 1 + workers + 1
    if workers == 1:
        assert done.counts == {"read": 11, "ok": 1, "changed": 3, "failed": 1, "skipped": 6}
        assert "the platform rejects the key" in done.result["case_results"][-2]["reason"]


# -- comments, and what a case can't show -----------------------------------------------------------------

COMMENTED = [{"name": "Take over", "match": {"status": ["New"], "tags": {"any": ["old"]}}, "set": WANTED}]
COMMENTED[0]["comment"] = "Taken over"


@pytest.mark.parametrize(
    ("faults", "failed", "posted"),
    [
        ([], False, 1),
        ([("status", {"status": 500, "method": "POST"})], True, 0),
        ([("drop_before", {"method": "POST"})], False, 1),
        ([("drop_after", {"method": "POST"})], False, 1),
        ([("drop_after", {"method": "POST", "times": 0}), ("status", {"status": 501, "method": "GET"})], True, 1),
        ([("html", {"method": "POST", "handled": True})], False, 1),
        ([("html", {"method": "POST"})], True, 0),
    ],
)
def test_a_comment_that_fails_is_named_and_the_rest_can_be_undone(many, faults, failed, posted):
    for kind, details in faults:
        many.fault(kind, **{"path": "/cases/*/comments", **details})
    before = store(many)
    done = run(many, sleep=quickly, rules=COMMENTED, concurrency=1)
    assert_true(done, before, store(many))
    assert done.failed is failed
    first = many.case(IN_ORDER[0])
    assert len(first["comments"]) == posted
    assert done.result["case_results"][0].get("irreversible") == ["comment"]
    many.clear_faults()
    undone = run(many, cases=done.result["undo"])
    assert undone.counts == {"read": DRIFTED, "changed": DRIFTED}
    assert_restored(before, store(many))


def test_undo_is_not_refused_for_our_own_comment(many):
    """The case can't be read after its comment, so that nobody knows when it was changed last."""
    before = store(many)
    commented = [{"case_id": case_id, **WANTED, "comment": "Taken over"} for case_id in IN_ORDER[:DRIFTED]]
    many.fault("status", status=403, method="GET", path="/cases/*", times=0, after=DRIFTED)
    done = run(many, cases=commented)
    assert done.counts["changed"] == DRIFTED
    assert "may be older than the comment" in done.result["warnings"][0]
    many.clear_faults()
    assert run(many, cases=done.result["undo"]).counts == {"read": DRIFTED, "changed": DRIFTED}
    assert_restored(before, store(many))


@pytest.mark.parametrize("ahead", [-7200, 0, 86400.75])
def test_the_platforms_clock_is_never_taken_to_be_earlier_than_it_is(many, ahead):
    """Else what undoes a write of ours would be refused for being later than itself."""
    many.advance(ahead)
    with Client(connection_of(parameters(CASES_OPTIONS, many, **WAYS["rules"]))) as client:
        client.authenticate()
        there = many.control("GET", "clock")["now"] * 1000
        assert there - 1 < client.platform_time_ms() < there + 1500


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_write_that_a_case_cannot_show_is_no_success_and_can_be_undone(many, way):
    """Without the users, the id that the case shows tells nothing. The write that moved modified_at is our own."""
    many.switch(users_status=403)
    many.fault("drop_after", method="PUT", path="/cases/*", times=0)
    wanted = {"assignee": "ohtani@example.com"}
    options = {
        "rules": {"rules": [{"name": "Assign", "match": {"status": ["New"], "assignee": [""]}, "set": wanted}]},
        "cases": {"cases": [{"case_id": case_id, **wanted} for case_id in IN_ORDER[:3]]},
    }
    before = store(many)
    done = run(many, sleep=quickly, retries=1, **options[way])
    assert done.failed
    assert set(done.outcomes.values()) == {"failed"}
    assert all("is unknown" in item["reason"] for item in done.result["case_results"])
    assert len(done.result["undo"]) == len(done.outcomes)
    assert done.result["changed"] is True
    many.clear_faults()
    assert not run(many, cases=done.result["undo"]).failed
    assert_restored(before, store(many))


def test_a_change_that_nothing_undoes_is_a_change_all_the_same(many):
    """A comment fails after a resolution was written, and no option makes that empty again."""
    many.put_case(IN_ORDER[0], status="Resolved")
    many.fault("status", status=500, method="POST", path="/cases/*/comments")
    done = run(many, cases=[{"case_id": IN_ORDER[0], "resolution": "Benign", "comment": "hello"}])
    assert done.failed
    assert done.result["changed"] is True
    assert done.result["undo"] == []
    assert done.result["case_results"][0]["irreversible"] == ["comment", "resolution"]


# -- when a run ends before all is done ---------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", WAYS)
def test_on_error_stop_begins_nothing_after_a_failure(many, way, workers):
    # The first write is refused at once, while the others are still under way.
    many.fault("status", status=422, method="PUT", path="/cases/*")
    many.fault("latency", ms=300, method="PUT", path="/cases/*", after=1, times=0)
    before = store(many)
    done = run(many, on_error="stop", concurrency=workers, **WAYS[way])
    assert_true(done, before, store(many))
    assert done.failed
    assert done.counts["failed"] == 1
    assert done.counted[PUT] <= workers
    assert done.counts["skipped"] == DRIFTED - done.counted[PUT]
    reasons = {item["reason"] for item in done.result["case_results"] if item["outcome"] == "skipped"}
    assert reasons == {"Planned, not applied: another case failed, and on_error is stop. Run again for the rest."}
    assert "the run ended before" in done.result["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_on_error_stop_writes_nothing_if_a_case_cannot_be_read(many, check_mode):
    cases = [*WAYS["cases"]["cases"], {"case_id": "f" * 24, **WANTED}]
    done = run(many, check_mode, cases=cases, on_error="stop")
    assert done.failed
    assert done.counts == {"read": 11, "ok": 1, "failed": 1, "skipped": DRIFTED}
    assert many.writes() == []
    assert done.result["changed"] is False


def test_on_error_continue_writes_all_the_others(many):
    cases = [{"case_id": "f" * 24, **WANTED}, {"ticket_id": 1, **WANTED}, *WAYS["cases"]["cases"]]
    before = store(many)
    done = run(many, cases=cases)
    assert_true(done, before, store(many))
    assert done.counts == {"read": 11, "ok": 1, "failed": 2, "changed": DRIFTED}
    first, second = done.result["case_results"][:2]
    assert (first["case_id"], first["ticket_id"], first["error"]["status"]) == ("f" * 24, None, 404)
    assert (second["case_id"], second["ticket_id"], second["error"]["type"]) == (None, 1, "InputError")


@pytest.mark.parametrize("workers", [1, 8])
def test_time_budget_begins_nothing_after_it(many, workers):
    many.latency(150 if workers == 1 else 400)
    before = store(many)
    started = time.monotonic()
    done = run(many, time_budget=1, concurrency=workers, **WAYS["rules"])
    assert time.monotonic() - started < 5
    assert_true(done, before, store(many))
    assert done.failed
    assert done.counts["skipped"] == DRIFTED - done.counts.get("changed", 0) > 0
    assert "time_budget of the task is used up" in done.result["msg"]


def test_time_budget_holds_while_cases_are_read(many):
    many.latency(300)
    done = run(many, time_budget=1, concurrency=1, **WAYS["cases"])
    assert done.failed
    assert {item["outcome"] for item in done.result["case_results"]} == {"skipped"}
    assert done.counted[GET] < DRIFTED
    assert PUT not in done.counted


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_is_refused_is_one_error(many, way):
    done = run(many, api_key="wrong", **WAYS[way])
    assert done.failed
    assert done.calls == [TOKEN]
    assert "the platform refused api_key" in done.result["msg"]


def test_time_budget_holds_for_those_that_wait_for_their_turn(many):
    """The platform asks to wait for longer than there is time: only what was sent before is tried again."""
    many.fault("status", status=429, retry_after="2", method="PUT", path="/cases/*")
    before = store(many)
    done = run(many, time_budget=1, concurrency=4, **WAYS["rules"])
    assert_true(done, before, store(many))
    sent = {entry["path"] for entry in done.requests if entry["method"] == "PUT"}
    assert len(sent) <= 4
    assert done.counts["skipped"] == DRIFTED - len(sent)


def test_a_fault_of_the_collection_hides_no_other_case(many, monkeypatch):
    numbers = itertools.count()
    apply_plan = bulk_module.apply_plan

    def fail(*arguments, **options):
        done = apply_plan(*arguments, **options)
        if next(numbers) == 3:
            raise KeyError("a fault")
        return done

    monkeypatch.setattr(bulk_module, "apply_plan", fail)
    before = store(many)
    done = run(many, concurrency=1, **WAYS["rules"])
    assert_true(done, before, store(many))
    assert done.counts == {"read": 11, "ok": 1, "changed": 3, "failed": 1, "skipped": 6}
    assert "This is a bug in the collection" in done.result["case_results"][3]["reason"]
    assert run(many, cases=done.result["undo"]).counts == {"read": 4, "changed": 4}
    assert_restored(before, store(many))


# -- the platform is gone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "stall", "status"])
@pytest.mark.parametrize("way", WAYS)
def test_a_platform_that_does_not_come_back_ends_the_run_soon(many, way, kind):
    """With 3,000 more cases it would end as soon."""
    many.fault(kind, method="*", path="/cases/*", after=READS[way] + 3, times=0)
    before = store(many)
    started = time.monotonic()
    done = run(many, retry_budget=1, timeout=1, concurrency=2, **WAYS[way])
    assert time.monotonic() - started < 20
    assert done.failed
    assert done.counts["skipped"] > 0
    reasons = {item["reason"] for item in done.result["case_results"] if item["outcome"] == "skipped"}
    assert len(reasons) == 1
    assert "the platform is unavailable, and retry_budget is used up" in reasons.pop()
    after = store(many)
    assert_true(done, before, after)
    many.clear_faults()
    run(many, cases=done.result["undo"])
    assert_restored(before, store(many))


def test_a_platform_that_is_gone_while_cases_are_read_ends_the_run_soon(many):
    many.fault("stall", method="GET", path="/cases/*", after=3, times=0)
    started = time.monotonic()
    done = run(many, retry_budget=1, timeout=1, concurrency=2, **WAYS["cases"])
    assert time.monotonic() - started < 20
    assert done.failed
    assert done.counted.get(PUT) is None
    assert len(done.outcomes) == len(IN_ORDER)
    assert set(done.outcomes.values()) == {"failed", "skipped"}


def test_the_process_of_the_platform_dies():
    """Some writes arrived. All cases are named, soon after retry_budget."""
    with start("--cases", 0) as simulator:
        simulator.add_cases([case(number) for number in range(300)])
        writes = itertools.count(1)

        class Killing(Client):
            def write(self, *arguments, **options):
                if next(writes) == 100:
                    os.kill(simulator.pid, signal.SIGKILL)
                return super().write(*arguments, **options)

        before = time.monotonic()
        simulator.requests = lambda: []
        simulator.clear_requests = lambda: None
        done = run(simulator, connect=Killing, retry_budget=1, **WAYS["rules"])
        assert time.monotonic() - before < 20
    assert done.failed
    counts = done.counts
    assert len(done.outcomes) == counts["changed"] + counts["failed"] + counts["skipped"] == 300
    assert 80 < counts["changed"] < 110
    assert counts["failed"] < 30


# -- slowing down -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", ["1", ""])
def test_all_workers_slow_down_when_one_is_asked_to(sim, retry_after):
    sim.reset(seed=[case(number) for number in range(40)])
    sim.latency(100)
    details = {"retry_after": retry_after} if retry_after else {}
    sim.fault("status", status=429, method="PUT", path="/cases/*", after=8, **details)
    done = run(sim, concurrency=8, **WAYS["rules"])
    assert done.counts["changed"] == 40
    assert done.result["requests"]["retry"] == 1
    puts = [entry for entry in done.requests if entry["method"] == "PUT"]
    refused = next(entry for entry in puts if entry["status"] == 429)
    moments = [entry["time"] - refused["time"] - 0.1 for entry in puts]
    # A quarter of a second at least, if the platform does not say for how long
    pause = 0.9 if retry_after else 0.2
    assert not [moment for moment in moments if 0.08 < moment < pause]
    # Fewer at once, for a while
    first = min(moment for moment in moments if moment > 0.08)
    assert sum(first <= moment < first + 0.08 for moment in moments) < 8


def test_comments_and_writes_are_counted(many):
    done = run(many, rules=COMMENTED)
    assert done.counted == {TOKEN: 1, LIST: 1, PUT: DRIFTED, COMMENT: DRIFTED, GET: 2 * DRIFTED}
    sent = done.result["requests"]
    assert (sent["write"], sent["read"], sent["recheck"]) == (2 * DRIFTED, 2 * DRIFTED + 1, DRIFTED)

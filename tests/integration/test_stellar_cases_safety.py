# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases: what keeps a run from doing harm: limits, what an analyst touched, undo, two runs at once."""

from __future__ import annotations

import json
import threading

import pytest

from tests.integration.many import (
    GET,
    HISTORY,
    HIT,
    LIST,
    OHTANI_ID,
    PUT,
    TAKE_OVER,
    TOKEN,
    assert_restored,
    assert_true,
    case,
    managed,
    run,
    store,
)

# -- safety: how much -----------------------------------------------------------------------------------------

LIMITS = {
    "0": False,
    "9": False,
    "10": True,
    "49.9%": False,
    "50%": True,
    "100 %": True,
    "0%": False,
}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("limit", LIMITS)
def test_max_changes_is_checked_before_the_first_write(sim, tmp_path, limit, check_mode):
    """Ten of twenty cases would be changed."""
    sim.reset(seed=[case(number, severity="Low" if number % 2 else "High") for number in range(20)])
    before = store(sim)
    rules = [{"name": "Raise", "match": {}, "set": {"severity": "High"}}]
    journal = tmp_path / "journal"
    done = run(sim, check_mode, rules=rules, max_changes=limit, journal=str(journal))
    assert done.failed is not LIMITS[limit]
    assert len(done.result["diff"]) == 10
    if LIMITS[limit]:
        assert done.counts == {"read": 20, "changed": 10, "ok": 10}
        return
    assert_true(done, before, store(sim))
    assert sim.writes() == []
    assert not journal.exists()
    assert done.counts == {"read": 20, "skipped": 10, "ok": 10}
    assert done.result["changed"] is False
    assert "Aborted before the first write: 10 changes planned" in done.result["msg"]
    skipped = [item for item in done.result["case_results"] if item["outcome"] == "skipped"]
    assert all(item["changes"] and item["reason"] for item in skipped)


def test_max_changes_counts_no_case_that_can_not_be_changed(sim):
    sim.reset(seed=[case(number) for number in range(4)])
    items = [{"case_id": case(number)["_id"], "severity": "High"} for number in range(3)]
    guarded = {"case_id": case(3)["_id"], "severity": "High", "if_unmodified_since": str(case(0)["modified_at"])}
    done = run(sim, cases=[*items, guarded, {"ticket_id": 1, "severity": "High"}], max_changes="3")
    assert done.counts == {"read": 4, "changed": 3, "skipped": 1, "failed": 1}


# -- safety: what an analyst touched ----------------------------------------------------------------------------


@pytest.fixture
def ten(sim):
    sim.reset(seed=[case(number) for number in range(10)])
    return sim


TAKEN = case(4)["_id"]
WAYS = {
    "rules": {"rules": TAKE_OVER, "recheck_after": 0},
    "cases": {
        "cases": [
            {
                "case_id": case(number)["_id"],
                "status": "In Progress",
                **HIT,
                "if_unmodified_since": str(case(number)["modified_at"]),
            }
            for number in range(10)
        ]
    },
}


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("way", WAYS)
def test_an_edit_between_snapshot_and_write_is_not_overwritten(ten, way, workers):
    nth = {"path": "/cases"} if way == "rules" else {"path": "/cases/*", "nth": 10}
    ten.edit(TAKEN, {"status": "Escalated"}, user="ohtani@example.com", after={"method": "GET", **nth})
    before = store(ten)
    done = run(ten, concurrency=workers, **WAYS[way])
    assert not done.failed
    assert done.counts == {"read": 10, "changed": 9, "skipped": 1}
    taken = done.of(TAKEN)
    assert "ohtani changed it" in taken["reason"]
    assert "error" not in taken
    assert ten.case(TAKEN)["status"] == "Escalated"
    assert done.counted[PUT] == 9
    assert done.result["requests"]["recheck"] == 10
    assert done.counted[GET] == 10 if way == "rules" else 20
    assert TAKEN not in [item["case_id"] for item in done.result["undo"]]
    # The next run sees it as it is by then.
    again = run(ten, **WAYS[way])
    assert again.counts == ({} if way == "rules" else {"read": 10, "ok": 9, "skipped": 1})
    assert_restored({TAKEN: {**before[TAKEN], "status": "Escalated"}}, {TAKEN: ten.case(TAKEN)})


@pytest.mark.parametrize(("recheck_after", "rechecks"), [(5, 0), (0, 10)])
def test_a_fresh_snapshot_is_not_read_again(ten, recheck_after, rechecks):
    done = run(ten, rules=TAKE_OVER, recheck_after=recheck_after)
    assert done.result["requests"]["recheck"] == rechecks
    looks = {GET: rechecks, HISTORY: rechecks} if rechecks else {}
    assert done.counted == {TOKEN: 1, LIST: 1, PUT: 10, **looks}


def test_a_snapshot_grows_old_while_the_run_goes_on(ten):
    """At 100 ms a call, the first writes come soon enough, and the last ones don't."""
    ten.latency(100)
    done = run(ten, rules=TAKE_OVER, recheck_after=0.35, concurrency=1)
    assert 0 < done.result["requests"]["recheck"] < 10
    assert done.counted[GET] == done.result["requests"]["recheck"]


def test_a_page_that_waited_for_others_is_old(sim):
    """The listings of two statuses are merged: one waits while the other is read, and an analyst is faster.

    The second page of the first listing is asked for at once, beside the only page of the other: the third waits.
    """
    records = [case(number, severity="High") for number in range(1100)]
    taken = case(1200, status="Escalated")
    sim.reset(seed=[*records, taken])
    sim.fault("latency", ms=500, method="GET", path="/cases", after=3)
    sim.edit(taken["_id"], {"severity": "Critical"}, after={"method": "GET", "path": "/cases", "nth": 3})
    rules = [{"name": "Raise", "match": {"status": ["New", "Escalated"]}, "set": {"severity": "High"}}]
    done = run(sim, rules=rules, recheck_after=0.4)
    assert done.counted == {TOKEN: 1, LIST: 4, GET: 1}
    assert done.outcomes[taken["_id"]] == "skipped"
    assert sim.case(taken["_id"])["severity"] == "Critical"


def test_an_edit_while_a_write_had_to_wait_is_not_overwritten(ten):
    """The platform asks to wait, and an analyst is faster. No re-read was due before the first try."""
    put = {"method": "PUT", "path": f"/cases/{TAKEN}"}
    ten.fault("status", status=429, retry_after="1", **put)
    ten.edit(TAKEN, {"status": "Escalated"}, user="ohtani@example.com", after=put)
    done = run(ten, sleep=lambda seconds: None, rules=TAKE_OVER)
    assert done.counts == {"read": 10, "changed": 9, "skipped": 1}
    assert "ohtani changed it" in done.of(TAKEN)["reason"]
    assert ten.case(TAKEN)["status"] == "Escalated"


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_an_edit_while_a_write_waited_for_the_pause_of_another_is_not_overwritten(ten, workers):
    """The platform asks one call to wait, so all wait. What the others read is old by then."""
    put = {"method": "PUT", "path": f"/cases/{case(0)['_id']}"}
    ten.fault("status", status=429, retry_after="1", **put)
    ten.edit(case(9)["_id"], {"status": "Escalated"}, user="ohtani@example.com", after=put)
    done = run(ten, rules=TAKE_OVER, concurrency=workers, recheck_after=0.5)
    if done.of(case(9)["_id"])["outcome"] == "skipped":
        assert ten.case(case(9)["_id"])["status"] == "Escalated"
        assert done.result["requests"]["recheck"] > 0
    else:
        # With eight at once, it may have been written before the platform asked to wait.
        assert workers == 8
    assert done.counts["changed"] >= 9


def test_a_guard_far_ahead_does_not_hide_an_edit_after_the_read(ten):
    items = [{**item, "if_unmodified_since": "2099-01-01"} for item in WAYS["cases"]["cases"]]
    ten.edit(TAKEN, {"status": "Escalated"}, after={"method": "GET", "path": "/cases/*", "nth": 10})
    done = run(ten, cases=items)
    assert done.counts == {"read": 10, "changed": 9, "skipped": 1}
    assert ten.case(TAKEN)["status"] == "Escalated"


def test_an_item_that_is_refused_shows_what_was_planned_and_for_which_state(ten):
    state = ten.case(TAKEN)["modified_at"]
    ten.edit(TAKEN, {"status": "Escalated"}, user="ohtani@example.com")
    done = run(ten, cases=[{"case_id": TAKEN, "status": "In Progress", "if_unmodified_since": str(state)}])
    assert (done.outcomes, done.result["diff"]) == ({TAKEN: "skipped"}, [])
    assert done.of(TAKEN)["changes"] == [{"field": "status", "before": "Escalated", "after": "In Progress"}]
    assert f"the change is meant for the case as last modified at {state} (" in done.of(TAKEN)["reason"]
    assert "concurrent_changes" not in done.of(TAKEN)


def test_concurrent_changes_are_null_for_cases_whose_history_can_not_be_read(ten):
    ten.fault("status", status=403, path="/cases/*/activities", times=0)
    done = run(ten, rules=TAKE_OVER, recheck_after=0)
    assert done.counts["changed"] == 10
    assert all(item["concurrent_changes"] is None for item in done.result["case_results"])
    ten.clear_faults()
    assert run(ten, cases=done.result["undo"]).counts == {"read": 10, "changed": 10}


def test_concurrent_changes_are_null_for_a_case_of_which_nothing_is_known_since_its_write(ten):
    ten.switch(put_answer="empty")
    ten.fault("status", status=403, method="GET", path=f"/cases/{TAKEN}", after=1, times=0)
    done = run(ten, cases=[{"case_id": TAKEN, "status": "In Progress"}])
    assert (done.outcomes, done.of(TAKEN)["concurrent_changes"]) == ({TAKEN: "failed"}, None)


@pytest.mark.parametrize("source", ["report", "journal"])
def test_undo_says_what_it_can_not_restore(ten, tmp_path, source):
    rules = [{**TAKE_OVER[0], "comment": "Taken over"}]
    done = run(ten, rules=rules, journal=str(tmp_path / "journal"))
    if source == "report":
        (tmp_path / "report").write_text(json.dumps({"report": 1, "mode": "apply", **done.result}), encoding="utf-8")
    undone = run(ten, undo_file=str(tmp_path / source))
    found = sorted(undone.result["irreversible"], key=lambda item: item["case_id"])
    assert found == [{"case_id": case(number)["_id"], "fields": ["comment"]} for number in range(10)]


def test_a_run_that_skips_what_it_planned_says_that_no_rule_changed_it(ten):
    done = run(ten, rules=TAKE_OVER, max_changes="0")
    assert [rule["changed"] for rule in done.result["rules"]] == [0]
    assert [rule["matched"] for rule in done.result["rules"]] == [10]


def test_an_item_whose_time_is_over_is_skipped_in_check_mode_too(ten):
    ten.edit(TAKEN, {"severity": "Critical"}, user="ohtani@example.com")
    check, real = run(ten, True, **WAYS["cases"]), run(ten, **WAYS["cases"])
    assert check.result["case_results"] == real.result["case_results"]
    assert real.counts == {"read": 10, "changed": 9, "skipped": 1}
    assert real.result["requests"]["recheck"] == 9


# -- undo -----------------------------------------------------------------------------------------------------


def as_report(done, journal):
    return json.dumps({"report": 1, "title": "x", **done.result}, indent=2)


def as_journal(done, journal):
    return journal.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", [as_report, as_journal])
def test_undo_by_a_file(sim, tmp_path, form):
    records = [
        case(0, assignee=OHTANI_ID, tags=["old", "a"]),
        case(1, status="Resolved", closed=1, resolution="Benign"),
        case(2, severity="Low", tags=[], name="Two"),
    ]
    sim.reset(seed=records)
    before = store(sim)
    wanted = {"status": "In Progress", "severity": "High", "assignee": "soc-lead@example.com", "name": "x"}
    rules = [{"name": "All", "match": {}, "set": {**wanted, "tags": {"set": ["new"]}}}]
    journal, file = tmp_path / "journal", tmp_path / "undo"
    done = run(sim, rules=rules, journal=str(journal))
    file.write_text(form(done, journal), encoding="utf-8")
    check = run(sim, True, undo_file=str(file))
    real = run(sim, undo_file=str(file))
    again = run(sim, undo_file=str(file))
    assert sim.writes() == []
    assert check.result["diff"] == real.result["diff"]
    assert check.result["case_results"] == real.result["case_results"]
    assert real.counts == {"read": 3, "changed": 3}
    assert again.counts == {"read": 3, "ok": 3}
    assert_restored(before, store(sim))
    # An undo can be undone as well.
    assert run(sim, cases=real.result["undo"]).counts == {"read": 3, "changed": 3}
    assert {record["name"] for record in store(sim).values()} == {"x"}


def test_undo_lets_alone_what_somebody_changed_since(ten):
    before = store(ten)
    done = run(ten, rules=TAKE_OVER)
    ten.edit(TAKEN, {"severity": "Critical"}, user="ohtani@example.com")
    undone = run(ten, cases=done.result["undo"])
    assert not undone.failed
    assert undone.counts == {"read": 10, "changed": 9, "skipped": 1}
    assert "ohtani changed it" in undone.of(TAKEN)["reason"]
    assert_restored(before, store(ten), but=[TAKEN])
    assert ten.case(TAKEN)["severity"] == "Critical"


@pytest.mark.parametrize("check", [True, False])
def test_undo_of_nothing_is_an_error_before_anything_is_sent(ten, tmp_path, check):
    file = tmp_path / "undo"
    file.write_text(json.dumps({"report": 1, "undo": []}), encoding="utf-8")
    done = run(ten, check, undo_file=str(file))
    assert done.failed
    assert "contains nothing to undo: that run changed nothing." in done.result["msg"]
    assert done.requests == []


@pytest.mark.parametrize("summary_only", [True, False])
@pytest.mark.parametrize("check", [True, False])
def test_the_summary_of_an_undo(ten, tmp_path, check, summary_only):
    """In a success and in a failure, and with or without each case."""
    journal = str(tmp_path / "journal")
    run(ten, rules=[{**TAKE_OVER[0], "comment": "Taken over"}], journal=journal)
    ten.edit(TAKEN, {"severity": "Critical"}, user="ohtani@example.com")
    if not check:
        ten.fault("status", status=422, method="PUT", path=f"/cases/{case(0)['_id']}")
    done = run(ten, check, undo_file=journal, summary_only=summary_only)
    failed = 0 if check else 1
    assert done.failed is bool(failed)
    counts, *rest = done.result["summary"]
    assert counts.endswith(
        f": {9 - failed} cases {'planned' if check else 'restored'}, 0 unchanged, 1 skipped, {failed} failed"
    )
    assert [line.partition(":")[0] for line in rest] == [
        "Planned" if check else "Restored",
        "Skipped",
        *["Failed"] * failed,
        "Can't be undone",
        f"The undo {'would not be' if check else 'is not'} complete",
    ]
    # 10 cases, each with both of its numbers; the last line names none.
    assert rest[-2].count("(") == 10
    assert {"case_results", "undo", "rules", "findings", "irreversible"} & set(done.result) == (
        set() if summary_only else {"case_results", "undo", "rules", "findings", "irreversible"}
    )
    assert {"counts", "changed", "diff", "platform", "scope", "check_mode"} <= set(done.result)
    if failed:
        assert done.result["msg"].startswith("The undo is not complete: 1 skipped and 1 failed of 10 cases. First: ")


def test_a_result_without_an_undo_file_has_no_summary(ten):
    done = run(ten, rules=TAKE_OVER)
    assert "summary" not in done.result
    assert "summary" not in run(ten, cases=done.result["undo"]).result


def test_a_journal_names_the_tickets_of_what_can_not_be_restored(ten, tmp_path):
    """Also of a case of which nothing else was changed, so that the undo does not read it."""
    items = [{"case_id": TAKEN, "description": "Seen"}, {"case_id": case(0)["_id"], "severity": "Low"}]
    run(ten, cases=items, journal=str(tmp_path / "journal"))
    summary = run(ten, undo_file=str(tmp_path / "journal")).result["summary"]
    assert summary[-1] == f"Can't be undone: description of {ten.case(TAKEN)['ticket_id']} ({TAKEN})"


# -- two runs at the same time --------------------------------------------------------------------------------


def test_two_runs_at_once_lose_nothing(sim):
    """Their rules overlap, and each brings a tag and a field of its own to the same cases."""
    sim.reset(seed=[case(number) for number in range(60)])
    sim.latency(5)
    policies = {
        "one": {"status": "In Progress", "tags": {"add": ["one"], "delete": ["old"]}},
        "two": {"severity": "High", "tags": {"add": ["two"]}},
    }
    done = {}

    def work(name):
        rules = [{"name": name, "match": {"tags": {"none": [name]}}, "set": policies[name]}]
        done[name] = run(sim, rules=rules, recheck_after=0, concurrency=4)

    threads = [threading.Thread(target=work, args=(name,)) for name in policies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = store(sim)
    for name, result in done.items():
        assert not result.failed
        assert set(result.outcomes.values()) <= {"changed", "skipped"}
        for case_id, outcome in result.outcomes.items():
            assert (name in after[case_id]["tags"]) is (outcome == "changed")
            assert outcome == "changed" or "changed it" in result.of(case_id)["reason"]
    # Each case got at least one of them, and a second run brings the rest.
    assert all(set(record["tags"]) & set(policies) for record in after.values())
    for name in policies:
        work(name)
        assert not done[name].failed
    assert all(set(policies) <= set(record["tags"]) for record in store(sim).values())
    assert {managed(record)["status"] for record in store(sim).values()} == {"In Progress"}

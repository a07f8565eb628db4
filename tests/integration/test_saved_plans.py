# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases with plan_file and plan: what was approved is applied, and nothing else."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests import canaries
from tests.integration.many import (
    COMMENT,
    GET,
    HISTORY,
    OHTANI_ID,
    PUT,
    TOKEN,
    USERS,
    assert_restored,
    assert_true,
    case,
    managed,
    run,
    store,
)
from tests.integration.saved_plans import RULES, in_process, planned, read
from tests.interrupted import wait_for
from tests.simulator.process import Simulator

COMMENTS = "GET cases/ID/comments"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "plan.json")


def test_exactly_the_plan_is_applied(sim: Simulator, path: str) -> None:
    content = planned(sim, path, case(0), case(1, status="Resolved"), case(2, tags=["hit"], severity="Low"))
    before = store(sim)
    assert [entry["case_id"] for entry in content["cases"]] == [f"{0:024x}", f"{2:024x}"]
    # A new case that the rules would match is not in the plan.
    sim.add_cases([case(7)])
    before[f"{7:024x}"] = sim.case(f"{7:024x}")

    check = run(sim, True, plan=path)
    assert check.counted == {TOKEN: 1, GET: 2}
    done = run(sim, plan=path)
    assert done.counts == check.counts == {"read": 2, "changed": 2}
    assert done.counted == {TOKEN: 1, GET: 4, PUT: 2}
    assert done.result["diff"] == check.result["diff"]
    assert sorted(done.bodies, key=len) == [
        {"status": "In Progress"},
        {"status": "In Progress", "tags": {"add": ["hit"]}},
    ]
    assert_true(done, before, store(sim))
    assert [(rule["name"], rule["matched"], rule["changed"]) for rule in done.result["rules"]] == [
        ("Take", 2, 2),
    ]
    assert all(item["rules"] == ["Take"] for item in done.result["case_results"])

    again = run(sim, plan=path)
    assert again.counts == {"read": 2, "ok": 2}
    assert again.counted == {TOKEN: 1, GET: 2}


def test_the_file_of_a_plan(sim: Simulator, path: str) -> None:
    first = planned(sim, path, *(case(number, ticket_id=900_100 - number) for number in range(3)), plan_title="Mine")
    assert os.stat(path).st_mode & 0o777 == 0o600
    canaries.assert_none(canaries.of(sim), Path(path).read_text(encoding="utf-8"), where="plan")
    assert first["title"] == "Mine"
    assert first["counts"] == {"read": 3, "changed": 3, "ok": 0, "failed": 0, "skipped": 0, "findings": 0}
    assert first["valid_until"][:13] > first["created_at"][:13]
    # In the order of tickets, and the same again but for the times
    assert [entry["ticket_id"] for entry in first["cases"]] == [900_098, 900_099, 900_100]
    os.chmod(path, 0o644)
    assert not run(sim, True, rules=RULES, plan_file=path, plan_title="Mine").failed
    assert read(path)["cases"] == first["cases"]
    assert read(path)["rules_sha256"] == first["rules_sha256"]
    assert os.stat(path).st_mode & 0o777 == 0o600
    run(sim, True, rules=RULES[:1], plan_file=path)
    assert read(path)["rules_sha256"] != first["rules_sha256"]
    assert os.listdir(os.path.dirname(path)) == ["plan.json"]


def test_every_field_is_planned_and_applied(sim: Simulator, path: str) -> None:
    fields = {
        "status": "Resolved",
        "resolution": "Benign",
        "severity": "High",
        "name": "Renamed",
        "assignee": "ohtani@example.com",
        "tags": {"set": ["kept", "new"]},
        "update_alerts": True,
        "comment": "Done by the board",
        "comment_marker": "board-7",
    }
    rules = [{"name": "All", "match": {}, "set": {k: v for k, v in fields.items() if "comment" not in k}}]
    rules[0].update({k: v for k, v in fields.items() if "comment" in k})
    (entry,) = planned(sim, path, case(1, tags=["kept", "old"]), rules=rules)["cases"]
    assert entry["before"] == {
        "status": "New",
        "severity": "Medium",
        "name": "Case 1",
        "resolution": "",
        "assignee": "",
        "tags": ["kept", "old"],
        "comment": None,
    }
    assert entry["after"]["assignee"] == "ohtani@example.com"
    before = store(sim)
    done = run(sim, plan=path)
    assert not done.failed, done.result
    (body,) = done.bodies
    assert body == {
        "status": "Resolved",
        "resolution": "Benign",
        "severity": "High",
        "name": "Renamed",
        "assignee": "ohtani@example.com",
        "tags": {"add": ["new"], "delete": ["old"]},
        "update_alerts": True,
    }
    assert done.counted[USERS] == 1
    assert sim.case(entry["case_id"])["assignee"] == OHTANI_ID
    assert_true(done, before, store(sim))
    again = run(sim, plan=path)
    assert (again.counts, again.result["warnings"]) == ({"read": 1, "ok": 1}, [])


def test_a_plan_of_listed_cases_is_applied_and_then_nothing_is_left(sim: Simulator, path: str) -> None:
    state = {
        "status": "Resolved",
        "resolution": "Benign",
        "severity": "High",
        "name": "Renamed",
        "assignee": "ohtani@example.com",
        "tags": {"add": ["new"], "remove": ["old"]},
        "update_alerts": True,
        "comment": "Done by the board",
    }
    items = [{"case_id": f"{0:024x}", **state}, {"ticket_id": 900_001, **state, "comment_marker": "board-7"}]
    content = planned(sim, path, rules=None, cases=items, plan_title="Board 7")
    assert (content["title"], content["rules_sha256"], len(content["cases"])) == ("Board 7", "", 2)
    before = store(sim)
    check = run(sim, True, plan=path)
    # The comment with a marker is looked for, in check mode too.
    assert check.counted == {TOKEN: 1, USERS: 1, GET: 2, COMMENTS: 1}
    assert check.counts == {"read": 2, "changed": 2}
    done = run(sim, plan=path)
    assert done.counts == check.counts
    assert done.counted == {TOKEN: 1, USERS: 1, GET: 6, COMMENTS: 1, PUT: 2, COMMENT: 2}
    assert done.result["diff"] == check.result["diff"]
    assert_true(done, before, store(sim))
    assert [record["comments"][0]["comment"] for record in store(sim).values() if record["comments"]] == [
        "Done by the board",
        "Done by the board [ansible:board-7]",
    ]
    again = run(sim, plan=path)
    assert (again.counts, again.result["warnings"]) == ({"read": 2, "ok": 2}, [])
    assert again.counted == {TOKEN: 1, USERS: 1, GET: 2, COMMENTS: 2}


ID = f"{1:024x}"
WHO = "ohtani@example.com changed it at "
EDITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing": ({}, "changed", ""),
    "an alert": ({"size": 9}, "changed", ""),
    "another field": ({"severity": "High"}, "changed", ""),
    "another tag": ({"tags": {"add": ["mine"], "delete": ["old"]}}, "changed", ""),
    "the planned value": ({"status": "In Progress"}, "skipped", 'status is "In Progress", and was "New" when the plan'),
    "all planned values": ({"status": "In Progress", "tags": {"add": ["hit"]}}, "ok", ""),
    "another value": ({"status": "Escalated"}, "skipped", 'status is "Escalated", and was "New" when the plan was'),
    "the planned tag": ({"tags": {"add": ["hit"]}}, "skipped", 'tags is ["hit", "old"], and was ["old"] when the plan'),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_case_that_is_not_as_it_was_is_skipped(sim: Simulator, path: str, edit: str, check_mode: bool) -> None:
    changes, outcome, why = EDITS[edit]
    planned(sim, path, case(1), case(2))
    sim.advance(60)
    if changes:
        sim.edit(ID, changes)
    before = store(sim)
    done = run(sim, check_mode, plan=path)
    assert not done.failed, done.result
    assert done.outcomes == {ID: outcome, f"{2:024x}": "changed"}
    reason = done.of(ID).get("reason", "")
    assert why in reason
    assert not why or WHO in reason
    assert done.calls.count(HISTORY) == (1 if why else 0)
    if not check_mode:
        assert_true(done, before, store(sim))


def test_each_field_is_named_with_who_changed_it(sim: Simulator, path: str) -> None:
    """And the result has the changes that were planned, not what is left of them."""
    rule = {"name": "A", "match": {}, "set": {"severity": "High", "tags": {"add": ["hit"], "remove": ["old"]}}}
    planned(sim, path, case(1), rules=[rule])
    sim.advance(60)
    sim.edit(ID, {"severity": "Critical"}, user="soc-lead@example.com")
    sim.advance(60)
    sim.edit(ID, {"tags": {"add": ["hit"]}})
    sim.advance(60)
    sim.edit(ID, {"tags": {"add": ["mine"]}, "status": "Escalated"}, user="soc-lead@example.com")
    for check_mode in (True, False):
        item = run(sim, check_mode, plan=path).of(ID)
        first, second = item["reason"].split("; ")
        assert ": soc-lead@example.com changed it at " in first
        assert ': severity is "Critical", and was "Medium" when the plan was made' in first
        assert second.startswith(WHO)
        assert item["changes"] == [
            {"field": "severity", "before": "Medium", "after": "High"},
            {"field": "tags", "before": ["old"], "after": ["hit"]},
        ]


@pytest.mark.parametrize("edit", EDITS)
def test_the_guard_modified_at_lets_no_change_pass(sim: Simulator, path: str, edit: str) -> None:
    changes, outcome, why = EDITS[edit]
    planned(sim, path, case(1))
    sim.advance(60)
    if changes:
        sim.edit(ID, changes)
    done = run(sim, plan=path, plan_guard="modified_at")
    assert done.outcomes == {ID: outcome if outcome == "ok" or not changes else "skipped"}
    is_skipped = done.outcomes[ID] == "skipped"
    assert done.calls.count(HISTORY) == is_skipped
    if is_skipped:
        assert (why or f": ohtani@example.com changed {min(changes)} at ") in done.of(ID)["reason"]


@pytest.mark.parametrize(
    ("activities_status", "said"),
    [
        (0, ". The history has no change since, as when new alerts join a case. Review the case, and"),
        (403, ". The history can't be read; "),
    ],
)
def test_the_guard_modified_at_without_an_entry_in_the_history(
    sim: Simulator, path: str, activities_status: int, said: str
) -> None:
    (entry,) = planned(sim, path, case(1))["cases"]
    sim.put_case(ID, size=9, modified_at=entry["modified_at"] + 1)
    sim.switch(activities_status=activities_status)
    reason = run(sim, plan=path, plan_guard="modified_at").of(ID)["reason"]
    assert (
        f"modified_at was {entry['modified_at']} when the plan was made, and is {entry['modified_at'] + 1}{said}"
        in reason
    )


def test_a_case_that_is_edited_between_its_two_reads_is_skipped(sim: Simulator, path: str) -> None:
    planned(sim, path, case(1), case(2))
    sim.edit(ID, {"status": "Escalated"}, after={"method": "GET", "path": f"/cases/{ID}"})
    done = run(sim, plan=path, concurrency=1)
    assert done.outcomes == {ID: "skipped", f"{2:024x}": "changed"}
    assert WHO in done.of(ID)["reason"]
    assert sim.case(ID)["tags"] == ["old"]


def test_a_case_that_is_skipped_at_its_second_read_shows_the_planned_changes(sim: Simulator, path: str) -> None:
    planned(sim, path, case(1))
    sim.edit(ID, {"tags": {"add": ["mine"]}})
    sim.edit(ID, {"status": "Escalated"}, after={"method": "GET", "path": f"/cases/{ID}"})
    item = run(sim, plan=path).of(ID)
    assert item["outcome"] == "skipped"
    assert item["changes"][1] == {"field": "tags", "before": ["old"], "after": ["hit", "old"]}


def test_a_case_that_is_gone_fails_and_the_others_are_changed(sim: Simulator, path: str) -> None:
    planned(sim, path)
    sim.delete_case(ID)
    done = run(sim, plan=path)
    assert done.failed
    assert done.outcomes[ID] == "failed"
    assert sorted(done.outcomes.values()) == ["changed", "changed", "failed"]


def test_what_was_applied_can_be_undone(sim: Simulator, path: str, tmp_path: Path) -> None:
    planned(sim, path)
    before = store(sim)
    journal = str(tmp_path / "journal")
    assert not run(sim, plan=path, journal=journal).failed
    undone = run(sim, undo_file=journal)
    assert (undone.failed, undone.counts) == (False, {"read": 3, "changed": 3})
    assert_restored(before, store(sim))


def test_max_changes_counts_of_what_the_plan_read(sim: Simulator, path: str) -> None:
    rules = [{**RULES[0], "match": {"name": "^Case 1$"}}]
    planned(sim, path, *(case(number) for number in range(1, 11)), rules=rules)
    assert run(sim, True, plan=path, max_changes="9%").result["error"]["type"] == "LimitError"
    assert not run(sim, True, plan=path, max_changes="10%").failed
    refused = run(sim, plan=path, max_changes="0")
    assert refused.failed
    assert sim.writes() == []


TAKE = {**RULES[0], "comment": "Taken"}
MARKED = {**TAKE, "comment_marker": "take-1"}
AS_PLANNED = {"status": "In Progress", "tags": {"add": ["hit"]}}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("rule", "posted", "is_there"),
    [
        (TAKE, "", False),
        (TAKE, "Taken", True),
        (TAKE, "Taken [ansible:take-1]", False),
        (MARKED, "", False),
        (MARKED, "Taken", False),
        (MARKED, "By hand [ansible:take-1]", True),
    ],
)
def test_a_case_as_planned_without_its_comment_is_skipped(
    sim: Simulator, path: str, rule: dict[str, Any], posted: str, is_there: bool, check_mode: bool
) -> None:
    """As after a run that was killed between a case's update and its comment."""
    planned(sim, path, case(1), case(2), rules=[rule])
    sim.edit(ID, {**AS_PLANNED, **({"comment": posted} if posted else {})})
    done = run(sim, check_mode, plan=path)
    assert (done.failed, done.result["warnings"]) == (False, [])
    assert done.outcomes == {ID: "ok" if is_there else "skipped", f"{2:024x}": "changed"}
    if not is_there:
        item = done.of(ID)
        assert ": its state is as planned, and the planned comment is not on it: 'Taken'. " in item["reason"]
        assert item["changes"][-1]["field"] == "comment"
    assert [call for call in done.requests if ID in call["path"] and call["method"] != "GET"] == []
    assert len([call for call in done.requests if ID in call["path"]]) == 2


@pytest.mark.parametrize("rule", [TAKE, MARKED])
def test_a_case_that_is_as_planned_at_its_second_read_needs_its_comment_too(
    sim: Simulator, path: str, rule: dict[str, Any]
) -> None:
    planned(sim, path, case(1), rules=[rule])
    sim.edit(ID, AS_PLANNED, after={"method": "GET", "path": f"/cases/{ID}"})
    done = run(sim, plan=path)
    assert done.outcomes == {ID: "skipped"}
    assert "and the planned comment is not on it: 'Taken'. " in done.of(ID)["reason"]
    assert sim.writes() == []


def test_comments_that_were_posted_together_are_found(sim: Simulator, path: str) -> None:
    rules = [
        {**RULES[0], "comment": "Taken"},
        {"name": "High", "match": {"severity": ["Medium"]}, "set": {"severity": "High"}, "comment": "Raised"},
    ]
    planned(sim, path, case(1), rules=rules)
    assert run(sim, plan=path).counts == {"read": 1, "changed": 1}
    again = run(sim, plan=path)
    assert (again.counts, again.result["warnings"]) == ({"read": 1, "ok": 1}, [])


# -- killed, and many ----------------------------------------------------------------------------------


def test_a_run_that_is_killed_leaves_no_plan(sim: Simulator, path: str) -> None:
    planned(sim, path)
    sim.fault("stall", times=0, path="/cases*")
    sim.clear_requests()
    process = in_process(sim, True, rules=RULES, plan_file=path)
    wait_for(lambda: any(entry["path"].endswith("/cases") for entry in sim.requests()))
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    sim.clear_faults()
    assert "the run that should have made it was interrupted. Make a new plan." in run(sim, plan=path).result["msg"]


def taken(sim: Simulator) -> int:
    return sum(record["status"] == "In Progress" for record in store(sim).values())


@pytest.mark.slow
@pytest.mark.parametrize("rule", [TAKE, MARKED])
def test_an_apply_that_was_killed_is_completed_by_the_same_plan(
    sim: Simulator, path: str, rule: dict[str, Any]
) -> None:
    planned(sim, path, *(case(number) for number in range(30)), rules=[rule])
    before = store(sim)
    sim.latency(60)
    for least in (4, 10, 16):
        process = in_process(sim, False, plan=path, concurrency=4)
        wait_for(lambda least=least: taken(sim) >= least)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert taken(sim) < 30
    sim.latency(0)
    # The platform still answers what was sent before the kill.
    time.sleep(0.5)
    done = run(sim, plan=path)
    assert not done.failed, done.result
    assert set(done.outcomes) == set(before)
    for case_id, record in store(sim).items():
        assert managed(record) == {**managed(before[case_id]), "status": "In Progress", "tags": ["hit", "old"]}
        # Posted once, or named
        is_there = len(record["comments"])
        assert (is_there, done.outcomes[case_id] == "skipped") in ((1, False), (0, True))
        assert is_there or "the planned comment is not on it" in done.of(case_id)["reason"]
    # A person decides, and then all is as planned.
    for case_id, outcome in done.outcomes.items():
        if outcome == "skipped":
            sim.edit(case_id, {"comment": "Taken [ansible:take-1]" if rule is MARKED else "Taken"})
    assert run(sim, plan=path).counts == {"read": 30, "ok": 30}


@pytest.mark.parametrize(
    ("changes", "guard", "outcome"),
    [
        ({"severity": "Low"}, "fields", "changed"),
        ({"severity": "Low"}, "modified_at", "skipped"),
        ({"status": "Escalated"}, "fields", "skipped"),
    ],
    ids=["another field", "another field, guarded", "a planned field"],
)
def test_the_guard_decides_again_before_a_second_attempt(
    sim: Simulator, path: str, changes: dict[str, Any], guard: str, outcome: str
) -> None:
    """The platform asks to wait, and the case changes meanwhile, as by a new alert."""
    planned(sim, path, case(1))
    put = {"method": "PUT", "path": f"/cases/{ID}"}
    sim.fault("status", status=429, retry_after="1", **put)
    sim.edit(ID, changes, after=put)
    done = run(sim, plan=path, plan_guard=guard)
    assert done.outcomes == {ID: outcome}, done.result
    assert sim.case(ID)["status"] == ("In Progress" if outcome == "changed" else changes.get("status", "New"))
    for name, value in changes.items():
        assert sim.case(ID)[name] == value


def test_a_failed_write_ends_a_plan_where_on_error_says_so(sim: Simulator, path: str) -> None:
    planned(sim, path)
    sim.fault("status", status=400, method="PUT", path=f"/cases/{0:024x}")
    done = run(sim, plan=path, on_error="stop", concurrency=1)
    assert done.failed
    assert list(done.outcomes.values()) == ["failed", "skipped", "skipped"]
    assert "another case failed, and on_error is stop" in done.of(f"{2:024x}")["reason"]
    # The same plan does the rest.
    assert set(run(sim, plan=path).outcomes.values()) == {"changed"}


def test_a_plan_ends_when_its_time_budget_is_used_up(sim: Simulator, path: str) -> None:
    planned(sim, path, *(case(number) for number in range(9)))
    sim.fault("latency", ms=800, method="PUT", path="/cases/*", times=0)
    done = run(sim, plan=path, time_budget=3, concurrency=1)
    assert done.failed
    assert 0 < done.counts["changed"] < 9
    assert done.counts["changed"] + done.counts["skipped"] == 9
    sim.clear_faults()
    assert set(run(sim, plan=path).outcomes.values()) == {"ok", "changed"}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Platforms that show a write late, make it late, or store another value: no write is reported as not made."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from tests.integration.many import (
    COMMENT,
    GET,
    HISTORY,
    HIT,
    PUT,
    TAKE_OVER,
    Done,
    assert_restored,
    assert_true,
    case,
    run,
    store,
)
from tests.integration.playbook import parameters
from tests.simulator.process import Simulator

ID = case(0)["_id"]
ANSWERS = ("empty", "old", "no_case", "no_data", "partial")
NO_HISTORY = {"activities_status": 403}


def one(sim: Simulator, **options: Any) -> Done:
    """One run of stellar_case in this process, on the first case."""
    sim.clear_requests()
    try:
        result = run_case(parameters(CASE_OPTIONS, sim, case_id=ID, **options), False, lambda secret: None)
    except StellarError as error:
        return Done(error.to_result(), True, sim.requests())
    return Done(result, False, sim.requests())


@pytest.fixture
def sixteen(sim: Simulator) -> Simulator:
    sim.reset(seed=[case(number) for number in range(16)])
    return sim


# -- a read after the write still shows the state before it ------------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS)
def test_reads_that_lag_behind_the_write(sixteen: Simulator, answer: str) -> None:
    sixteen.switch(case_lag_ms=300, put_answer=answer, **NO_HISTORY)
    before = store(sixteen)
    done = run(sixteen, rules=TAKE_OVER)
    assert not done.failed, done.result["msg"]
    assert done.counts == {"read": 16, "changed": 16}
    assert_true(done, before, store(sixteen))
    time.sleep(0.3)
    # No time of a stale read guards the undo, which would refuse the run's own changes.
    undone = run(sixteen, cases=done.result["undo"])
    assert undone.counts == {"read": 16, "changed": 16}, undone.result
    assert_restored(before, store(sixteen))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("lag", [0, 300])
def test_the_result_of_one_case_is_whole(sixteen: Simulator, answer: str, lag: int) -> None:
    sixteen.switch(case_lag_ms=lag, put_answer=answer)
    done = one(sixteen, severity="High", tags={"add": ["hit"]})
    assert not done.failed, done.result["msg"]
    shown = done.result["case"]
    assert (shown["severity"], shown["ticket_id"], shown["status"]) == ("High", 900_000, "New")
    assert shown["modified_at"] == sixteen.case(ID)["modified_at"]
    assert done.result["warnings"] == []


def test_a_read_after_a_comment_that_lags_is_no_edit_by_others(sixteen: Simulator) -> None:
    sixteen.switch(case_lag_ms=20_000)
    done = one(sixteen, severity="High", comment="Raised")
    assert not done.failed
    assert (done.result["warnings"], done.result["concurrent_changes"]) == ([], [])
    assert done.result["case"]["severity"] == "High"


def test_a_platform_that_shows_a_write_at_once_gets_no_further_request(sixteen: Simulator) -> None:
    done = run(sixteen, rules=[{**TAKE_OVER[0], "set": {"status": "In Progress"}}])
    assert done.counted[PUT] == 16
    assert GET not in done.counted
    assert HISTORY not in done.counted


# -- a write that is made after its answer -----------------------------------------------------------------------


@pytest.mark.parametrize(("status", "options"), [(500, {}), (504, {}), (504, {"retries": 0})])
@pytest.mark.parametrize("guarded", [False, True])
def test_a_write_that_lands_after_its_error(
    sixteen: Simulator, status: int, options: dict[str, Any], guarded: bool
) -> None:
    sixteen.fault("late", method="PUT", path="/cases/*", ms=1200, status=status)
    guard = {"if_unmodified_since": case(0)["modified_at"]} if guarded else {}
    done = one(sixteen, severity="High", **guard, **options)
    assert not done.failed, done.result["msg"]
    assert done.result["changed"] is True
    time.sleep(1.3)
    assert sixteen.case(ID)["severity"] == "High"


@pytest.mark.parametrize("status", [500, 504])
def test_a_comment_that_lands_after_its_error_is_there_once(sixteen: Simulator, status: int) -> None:
    sixteen.fault("late", method="POST", path="/cases/*/comments", ms=1200, status=status)
    done = one(sixteen, severity="High", comment="Raised")
    assert not done.failed, done.result["msg"]
    time.sleep(1.3)
    assert [comment["comment"] for comment in sixteen.case(ID)["comments"]] == ["Raised"]
    assert done.counted[COMMENT] == 1


def test_the_undo_of_a_write_that_may_land_later_is_kept(sixteen: Simulator, tmp_path: Path) -> None:
    """It lands when the run has ended: the journal undoes it."""
    journal = tmp_path / "journal"
    before = store(sixteen)
    sixteen.fault("late", method="PUT", path="/cases/*", ms=5000, status=500)
    done = run(sixteen, cases=[{"case_id": ID, "severity": "High"}], journal=str(journal))
    assert done.of(ID)["outcome"] == "failed"
    assert "is unchanged" in done.of(ID)["reason"]
    deadline = time.monotonic() + 10
    while sixteen.case(ID)["severity"] != "High":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    undone = run(sixteen, undo_file=str(journal))
    assert undone.counts == {"read": 1, "changed": 1}
    assert_restored(before, store(sixteen))


# -- a platform that stores another value ------------------------------------------------------------------------


def test_another_spelling_of_a_tag_is_a_change_that_can_be_undone(sixteen: Simulator) -> None:
    sixteen.switch(tag_normalise="lower")
    before = store(sixteen)
    done = run(sixteen, rules=[{"name": "Tag", "match": {}, "set": {"tags": {"add": ["Phishing"]}}}])
    assert done.failed
    assert done.counts == {"read": 16, "failed": 16}
    assert done.result["changed"] is True
    reason = done.of(ID)["reason"]
    assert 'tags must be ["Phishing", "old"], and is ["old", "phishing"]' in reason
    undone = run(sixteen, cases=done.result["undo"])
    assert undone.counts == {"read": 16, "changed": 16}
    assert_restored(before, store(sixteen))


def test_an_accepted_write_that_nothing_shows_is_of_unknown_outcome(sixteen: Simulator) -> None:
    """Neither the case nor its history shows whether it was made."""
    sixteen.switch(case_lag_ms=60_000, put_answer="empty", **NO_HISTORY)
    done = run(sixteen, cases=[{"case_id": ID, "severity": "High"}])
    assert done.of(ID)["error"]["type"] == "NotAppliedError"
    assert done.of(ID)["error"]["outcome_unknown"] is True
    assert [item["case_id"] for item in done.result["undo"]] == [ID]


# -- undo, and whose change it was -------------------------------------------------------------------------------

LATER: dict[str, tuple[dict[str, Any], bool]] = {
    "a comment of ours": ({"comment": "Seen"}, True),
    "another field, by us": ({"severity": "High"}, True),
    "the field itself, by us": ({"status": "Resolved"}, False),
    "another field, by others": ({"severity": "High"}, False),
    "the field itself, by others": ({"status": "Resolved"}, False),
    "other tags, by others": ({"tags": {"add": ["mine"]}}, False),
}


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("history", [200, 403])
def test_undo_keeps_the_changes_of_others_only(sixteen: Simulator, name: str, history: int) -> None:
    """Our own later writes are no reason to refuse it, as far as they changed other fields."""
    done = run(sixteen, cases=[{"case_id": ID, "status": "In Progress", **HIT}])
    change, is_restored = LATER[name]
    sixteen.advance(60)
    if name.endswith("by others"):
        sixteen.edit(ID, change, user="ohtani@example.com")
    elif "comment" in change:
        one(sixteen, assignee="soc-lead@example.com", **change)
    else:
        run(sixteen, cases=[{"case_id": ID, **change}])
    sixteen.switch(activities_status=history)
    undone = run(sixteen, cases=done.result["undo"])
    item = undone.of(ID)
    if history == 403 and name in ("another field, by others", "other tags, by others"):
        # The values decide, and a warning says so.
        is_restored = True
    assert item["outcome"] == ("changed" if is_restored else "skipped"), item
    assert sixteen.case(ID)["status"] == ("New" if is_restored else change.get("status", "In Progress"))
    unknown = [text for text in undone.result["warnings"] if "Could not determine who changed" in text]
    assert bool(unknown) is (history == 403 and is_restored)
    if not is_restored:
        assert "changed it at" in item["reason"]


def test_undo_of_an_unchanged_case_reads_the_history_of_its_own_write_only(sixteen: Simulator) -> None:
    done = run(sixteen, rules=TAKE_OVER)
    undone = run(sixteen, cases=done.result["undo"])
    # Each write is guarded, so that its own history is read after it.
    assert undone.counted[HISTORY] == 16


# -- a listing that lags behind the writes -------------------------------------------------------------------------


def test_a_second_run_posts_no_comment_twice_while_the_listing_lags(sixteen: Simulator) -> None:
    sixteen.switch(list_lag_ms=30_000)
    rules = [{**TAKE_OVER[0], "comment": "Taken over"}]
    assert run(sixteen, rules=rules).counts == {"read": 16, "changed": 16}
    before = store(sixteen)
    again = run(sixteen, rules=rules)
    assert not sixteen.writes()
    assert again.counts == {"read": 16, "ok": 16}
    assert (again.result["changed"], again.result["diff"], again.result["undo"]) == (False, [], [])
    assert all(item["changes"] == [] for item in again.result["case_results"])
    assert json.dumps(store(sixteen)) == json.dumps(before)


def test_a_case_that_was_changed_just_now_is_read_again_before_it_is_written(sixteen: Simulator) -> None:
    """The listing may be older than the case, as far as its modified_at can show that."""
    sixteen.edit(ID, {"severity": "High"}, user="ohtani@example.com")
    done = run(sixteen, rules=TAKE_OVER)
    assert done.counts == {"read": 16, "changed": 16}
    assert (done.counted[GET], done.result["requests"]["recheck"]) == (1, 1)
    sixteen.advance(3600)
    assert GET not in run(sixteen, rules=[{**TAKE_OVER[0], "match": {}, "set": {"severity": "Low"}}]).counted


def test_a_case_that_is_found_by_its_ticket_is_read_by_id_before_a_comment(sixteen: Simulator) -> None:
    """The list lags, so that it shows the case as it was before the first run."""
    sixteen.switch(list_lag_ms=30_000)
    given = {"ticket_id": case(0)["ticket_id"], "severity": "High", "comment": "Raised"}
    params = parameters(CASE_OPTIONS, sixteen, **given)
    assert run_case(params, False, lambda secret: None)["changed"] is True
    assert run_case(params, False, lambda secret: None)["changed"] is False
    again = run(sixteen, cases=[given])
    assert again.counts == {"read": 1, "ok": 1}
    assert [comment["comment"] for comment in sixteen.case(ID)["comments"]] == ["Raised"]

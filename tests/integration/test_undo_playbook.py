# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook undo: from a report or a journal, and what it says of what it can't undo."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hygiene import PASSED, Analyst
from tests.integration.playbook import CASE
from tests.simulator.process import Simulator

RULE = {
    "name": "The vendor's case is taken over",
    "match": {"name": "^Carbon Black:"},
    "set": {"status": "In Progress", "severity": "High", "assignee": "", "tags": {"add": ["seen"]}},
    "comment": "Taken over",
}
FIELDS = ("status", "severity", "assignee", "tags")


@dataclass
class Applied:
    """What a run of the role left behind: its folder, and the case before and after it."""

    folder: Path
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def applied(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Applied:
    simulator.reset()
    before = managed(simulator)
    somebody = Analyst(simulator, tmp_path_factory.mktemp("undo"))
    done = somebody.hygiene(rules=[RULE], report_dir="reports")
    assert done.returncode == PASSED, done.output
    return Applied(somebody.folder, before, simulator.case(CASE))


@pytest.fixture
def analyst(sim: Simulator, applied: Applied) -> Analyst:
    """Somebody who just applied the rule, with reports."""
    sim.put_case(CASE, **{name: applied.after[name] for name in (*FIELDS, "modified_at", "modified_by")})
    return Analyst(sim, applied.folder)


def managed(sim: Simulator) -> dict[str, Any]:
    case = sim.case(CASE)
    return {name: case[name] for name in FIELDS}


def first_line(sim: Simulator, words: str, scope: str = "all tenants") -> str:
    return f"Undo on {sim.host}, {scope}: {words}"


CHECKED = "all tenants, check mode"
# As each line names the vendor's case where the run was not limited to a tenant
NAME = f"67535 ({CASE}, Example Tenant)"


def test_from_the_report(analyst: Analyst, applied: Applied, sim: Simulator) -> None:
    preview = analyst.undo("--check", undo_file="reports/hygiene.json")
    assert preview.returncode == 0, preview.output
    assert (preview.writes, preview.changed) == ([], 1)
    assert preview.said == [
        first_line(sim, "1 case planned, 0 unchanged, 0 skipped, 0 failed", CHECKED),
        f"Planned: {NAME}",
        f"Can't be undone: comment of {NAME}",
    ]
    done = analyst.undo("--diff", undo_file="reports/hygiene.json")
    assert done.returncode == 0, done.output
    assert (done.writes, done.changed) == (["PUT cases/ID"], 1)
    assert done.said[0] == first_line(sim, "1 case restored, 0 unchanged, 0 skipped, 0 failed")
    assert "--- before: case 67535" in done.output
    assert managed(sim) == applied.before
    # All is as it was before, so there is nothing to complain about.
    again = analyst.undo(undo_file="reports/hygiene.json")
    assert (again.returncode, again.writes) == (0, []), again.output
    assert again.said[0] == first_line(sim, "0 cases restored, 1 unchanged, 0 skipped, 0 failed")


def test_the_diff_has_so_many_cases_at_most(analyst: Analyst) -> None:
    checked = analyst.undo("--check", "--diff", undo_file="reports/hygiene.json", undo_max_diff=0)
    assert checked.returncode == 0, checked.output
    assert "1 more case is not shown, since max_diff is 0." in checked.output
    assert "--- before: case" not in checked.output
    wrong = analyst.undo("--check", undo_file="reports/hygiene.json", undo_max_diff="many")
    assert wrong.returncode == 2
    assert "max_diff" in wrong.failure
    assert not wrong.requests


def test_from_a_journal(analyst: Analyst, applied: Applied, sim: Simulator) -> None:
    (journal,) = analyst.folder.glob("reports/*.journal")
    done = analyst.undo(undo_file=str(journal))
    assert done.returncode == 0, done.output
    assert done.said == [
        first_line(sim, "1 case restored, 0 unchanged, 0 skipped, 0 failed"),
        f"Restored: {NAME}",
        f"Can't be undone: comment of {NAME}",
    ]
    assert managed(sim) == applied.before


def test_a_tag_that_no_option_can_give_is_named(sim: Simulator, tmp_path: Path) -> None:
    sim.put_case(CASE, tags=["VIP ", "a,b", "old"])
    somebody = Analyst(sim, tmp_path)
    rule = {"name": "Only", "match": RULE["match"], "set": {"tags": {"set": ["only"]}}}
    applied = somebody.hygiene(rules=[rule], report_dir="reports")
    assert applied.returncode == PASSED, applied.output
    done = somebody.undo(undo_file="reports/hygiene.json")
    assert done.returncode == 0, done.output
    assert done.said[1:] == [f"Restored: {NAME}", f'Can\'t be undone: tag "VIP ", tag "a,b" of {NAME}']
    assert sim.case(CASE)["tags"] == ["old"]


def test_an_undo_list_is_no_file_to_undo(analyst: Analyst) -> None:
    (analyst.folder / "undo.json").write_text(json.dumps(analyst.report()["undo"]), encoding="utf-8")
    run = analyst.undo(undo_file="undo.json")
    assert run.returncode == 2, run.output
    assert run.failure == (
        f"Could not read {analyst.folder}/undo.json: it is neither a report of the role case_hygiene nor a journal. "
        "Give the JSON report of the role case_hygiene, or the journal of the run. What a task returned as undo is for "
        "the option cases."
    )
    assert not run.requests


def test_a_case_that_somebody_touched_is_left_alone_and_the_undo_fails(analyst: Analyst, sim: Simulator) -> None:
    sim.advance(60)
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com")
    for mode, scope, words in ((("--check",), CHECKED, "would not be"), ((), "all tenants", "is not")):
        done = analyst.undo(*mode, undo_file="reports/hygiene.json")
        assert done.returncode == 2, done.output
        count = "planned" if mode else "restored"
        assert done.said[0] == first_line(sim, f"0 cases {count}, 0 unchanged, 1 skipped, 0 failed", scope)
        assert done.said[1].startswith(f"Skipped: {NAME}: ohtani changed it at ")
        assert done.said[2:] == [
            f"Can't be undone: comment of {NAME}",
            f"The undo {words} complete: 1 skipped of 1 case.",
        ]
        assert done.failure == done.said[-1]
        assert managed(sim)["severity"] == "Critical"
        assert not done.writes


def test_what_is_too_much_to_show_is_counted(sim: Simulator, tmp_path: Path) -> None:
    sim.reset(cases=60)
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["seen"]}}, "comment": "Seen"}
    analyst = Analyst(sim, tmp_path)
    assert analyst.hygiene(rules=[rule], report_dir="reports", max_changes="100%").returncode == PASSED
    ids = [case["_id"] for case in sim.cases()]
    preview = analyst.undo("--check", undo_file="reports/hygiene.json")
    restored, lost = preview.said[1:]
    assert restored.startswith("Planned: ")
    assert lost.startswith("Can't be undone: comment of ")
    for line in (restored, lost):
        assert line.endswith(f", and {len(ids) - 20} more")
        assert len(re.findall(r"[0-9]+ \([0-9a-f]+, [^()]+\)", line)) == 20
    sim.advance(60)
    for case_id in ids[:25]:
        sim.edit(case_id, {"tags": {"add": ["mine"]}}, user="ohtani@example.com")
    preview = analyst.undo("--check", "--diff", undo_file="reports/hygiene.json")
    assert preview.said[-1] == preview.failure == f"The undo would not be complete: 25 skipped of {len(ids)} cases."
    # What would be restored all the same is shown.
    assert preview.output.count("--- before: case ") == len(ids) - 25
    done = analyst.undo(undo_file="reports/hygiene.json")
    assert done.returncode == 2, done.output
    assert len([line for line in done.said if "ohtani changed it at" in line]) == 20
    assert "Skipped: and 5 more" in done.said
    assert done.said[-1] == done.failure == f"The undo is not complete: 25 skipped of {len(ids)} cases."


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "undo_file is required. Give the report or the journal of a run, as -e undo_file=reports/hygiene.json"),
        ({"undo_file": ""}, "undo_file is required. "),
        ({"undo_file": None}, "undo_file is required. "),
        ({"undo_file": "none.json"}, "undo_file: FOLDER/none.json can't be read: "),
        ({"undo_file": "reports/hygiene.html"}, "Could not read FOLDER/reports/hygiene.html: "),
    ],
    ids=[
        "nothing",
        "an empty path",
        "a null path",
        "no file",
        "another file",
    ],
)
def test_mistakes_are_named(variables: dict[str, Any], message: str, analyst: Analyst) -> None:
    run = analyst.undo(**variables)
    assert run.returncode == 2, run.output
    assert run.failure.startswith(message.replace("FOLDER", str(analyst.folder))), run.failure
    assert not run.writes


@pytest.mark.parametrize(
    "variables",
    [
        {"undo_file": "{{ nowhere }}"},
        {"undo_file": "reports/hygiene.json", "undo_allow_other_platform": "{{ nowhere }}"},
    ],
    ids=["file", "allow_other_platform"],
)
def test_an_undefined_variable_in_a_value_is_an_error(variables: dict[str, Any], analyst: Analyst) -> None:
    run = analyst.undo(**variables)
    assert run.returncode == 2, run.output
    assert "'nowhere' is undefined" in run.output
    assert not run.requests


def test_the_summary_names_the_tenant_that_the_undo_was_limited_to(analyst: Analyst, sim: Simulator) -> None:
    tenant = sim.case(CASE)["cust_id"]
    run = analyst.undo("--check", "-e", f"stellar_tenant={tenant}", undo_file="reports/hygiene.json")
    assert run.returncode == 0, run.output
    words = "1 case planned, 0 unchanged, 0 skipped, 0 failed"
    assert run.said == [
        first_line(sim, words, f"tenant Example Tenant ({tenant}), check mode"),
        f"Planned: 67535 ({CASE})",
        f"Can't be undone: comment of 67535 ({CASE})",
    ]


@pytest.mark.parametrize("platform", ["another.example.com", "", None])
def test_a_report_of_another_platform_is_undone_if_the_user_says_so(
    analyst: Analyst, sim: Simulator, platform: str | None
) -> None:
    """One that does not say which platform it is from may be of another one."""
    report = {**analyst.report(), "platform": platform}
    (analyst.folder / "other.json").write_text(json.dumps(report), encoding="utf-8")
    refused = analyst.undo(undo_file="other.json")
    assert refused.returncode == 2, refused.output
    of = f"is from the platform {platform}" if platform else "doesn't say which platform it is from"
    assert refused.failure.startswith(f"undo_file: the file {of}, and this run is on {sim.host}. Set host to ")
    assert refused.failure.endswith(
        "set allow_other_platform to true, or undo_allow_other_platform for the playbook undo."
    )
    misspelt = analyst.undo(undo_file="other.json", undo_allow_other_platform="ture")
    assert misspelt.returncode == 2, misspelt.output
    assert "allow_other_platform" in misspelt.failure
    assert not refused.writes + misspelt.writes
    done = analyst.undo(undo_file="other.json", undo_allow_other_platform=True)
    assert done.returncode == 0, done.output
    assert done.said[0] == first_line(sim, "1 case restored, 0 unchanged, 0 skipped, 0 failed")


def test_a_report_of_check_mode_holds_nothing(analyst: Analyst, sim: Simulator) -> None:
    assert (
        analyst.hygiene("--check", rules=[{**RULE, "set": {"severity": "Low"}}], report_dir="checked").returncode == 2
    )
    run = analyst.undo(undo_file="checked/hygiene.json")
    assert run.returncode == 2
    assert run.failure == (
        f"undo_file: {analyst.folder}/checked/hygiene.json contains nothing to undo: it is the report of a run in "
        "check mode, which changes nothing. Give the report or the journal of the run to undo."
    )
    assert not run.requests


def test_a_failure_is_said_in_one_line_and_by_the_task_that_failed(analyst: Analyst, sim: Simulator) -> None:
    sim.fault("status", method="PUT", status=422)
    run = analyst.undo(undo_file="reports/hygiene.json")
    assert run.returncode == 2
    assert run.said[0] == first_line(sim, "0 cases restored, 0 unchanged, 0 skipped, 1 failed")
    assert run.said[1].startswith(f"Failed: {NAME}: HTTP 422, ")
    assert run.said[-1] == "The undo is not complete: 1 failed of 1 case."
    assert run.failure.startswith(f"The undo is not complete: 1 failed of 1 case. First: {NAME}: HTTP 422, ")
    ended = {
        task: output.lstrip("*\n").partition(":")[0]
        for task, output in re.findall(r"^TASK \[(.*?)\] (.*?)(?=\n\n)", run.output, re.DOTALL | re.MULTILINE)
    }
    assert ended["Restore the cases"] in ("fatal", "[ERROR]"), run.output
    # The last task alone says it, and nothing says more than what a screen holds.
    assert "FAILED!" in run.output.partition("PLAY RECAP")[0].strip().splitlines()[-1]
    assert max(map(len, run.output.splitlines())) < 2000


def test_a_failure_of_many_cases_is_short(sim: Simulator, tmp_path: Path) -> None:
    sim.reset(cases=200)
    analyst = Analyst(sim, tmp_path)
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["seen"]}}}
    assert analyst.hygiene(rules=[rule], report_dir="reports", max_changes="100%").returncode == PASSED
    sim.fault("status", method="PUT", status=422, times=0)
    run = analyst.undo(undo_file="reports/hygiene.json")
    assert run.returncode == 2
    count = len(sim.cases())
    assert run.failure.startswith(f"The undo is not complete: {count} failed of {count} cases. First: ")
    assert f"Failed: and {count - 20} more" in run.said
    assert len(run.failure) < 1000
    # In the result of the task and in the summary 20 of them, and the first in the error of both tasks that fail, each
    # of which later versions of ansible-core print twice.
    assert run.output.count("HTTP 422") <= 2 * 20 + 2 * 2


# -- some cases only ------------------------------------------------------------------------------------


@pytest.fixture
def many(sim: Simulator, tmp_path: Path) -> Analyst:
    """The analyst whose run marked all new cases."""
    analyst = Analyst(sim, tmp_path)
    rule = {"name": "Mark", "match": {"status": ["New"]}, "set": {"tags": {"add": ["seen"]}}}
    assert analyst.hygiene(rules=[rule], report_dir="reports").returncode == PASSED
    return analyst


def seen(sim: Simulator) -> dict[str, int]:
    return {case["_id"]: case["ticket_id"] for case in sim.cases() if "seen" in case["tags"]}


def test_some_cases_by_ticket_or_id_and_then_the_others(many: Analyst, sim: Simulator) -> None:
    first, second, third, *_others = marked = seen(sim)
    only = f"{marked[first]},{second}"
    preview = many.undo("--check", undo_file="reports/hygiene.json", undo_only=only)
    assert preview.said[0] == first_line(sim, "2 cases planned, 0 unchanged, 0 skipped, 0 failed", CHECKED)
    done = many.undo(undo_file="reports/hygiene.json", undo_only=only)
    assert (done.returncode, len(done.writes)) == (0, 2), done.output
    assert set(seen(sim)) == set(marked) - {first, second}
    again = many.undo(undo_file="reports/hygiene.json", undo_only=[second, third])
    assert again.said[0] == first_line(sim, "1 case restored, 1 unchanged, 0 skipped, 0 failed")
    rest = many.undo(undo_file="reports/hygiene.json")
    assert (rest.returncode, seen(sim)) == (0, {})


@pytest.mark.parametrize("only", ["1", "67535,nope"])
def test_a_case_that_the_file_does_not_undo_is_an_error(many: Analyst, sim: Simulator, only: str) -> None:
    refused = many.undo(undo_file="reports/hygiene.json", undo_only=only)
    assert (refused.returncode, refused.requests) == (2, [])
    assert "undo_only names a case that undo_file has nothing to undo of: " in refused.failure


@pytest.mark.parametrize(
    ("fail_on", "skipped", "failed"), [(None, 2, 2), ("skipped", 2, 2), ("failed", 0, 2), ("none", 0, 0)]
)
def test_what_fails_the_playbook(many: Analyst, sim: Simulator, fail_on: str | None, skipped: int, failed: int) -> None:
    first, second, *_others = seen(sim)
    variables = {} if fail_on is None else {"undo_fail_on": fail_on}
    sim.edit(first, {"name": "Mine"})
    taken = many.undo(undo_file="reports/hygiene.json", undo_only=first, **variables)
    assert taken.said[0].endswith("0 cases restored, 0 unchanged, 1 skipped, 0 failed"), taken.output
    assert taken.returncode == skipped
    sim.delete_case(second)
    gone = many.undo(undo_file="reports/hygiene.json", undo_only=second, **variables)
    assert gone.said[0].endswith("0 cases restored, 0 unchanged, 0 skipped, 1 failed"), gone.output
    assert gone.returncode == failed


def test_an_error_fails_whatever_fail_on_says(many: Analyst) -> None:
    assert many.undo(undo_file="none.json", undo_fail_on="none").returncode == 2
    refused = many.undo(undo_file="reports/hygiene.json", undo_fail_on="never")
    assert refused.failure == "undo_fail_on must be skipped, failed or none. Correct it."
    assert refused.requests == []

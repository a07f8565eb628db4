# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the role without Ansible: in what order it does what, and what is left of it when something fails."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._commands import undo_command
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.run import (
    INTERRUPTED,
    Hygiene,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import Variables

COUNTS = {"read": 3, "ok": 2, "changed": 1, "skipped": 0, "findings": 0, "failed": 0}
CHANGED = {"changed": True, "counts": COUNTS, "warnings": ["Slow."], "undo": [{"case_id": "1"}], "diff": [{}]}
CLEAN = {"changed": False, "counts": {**COUNTS, "ok": 3, "changed": 0}}
RULES = [{"name": "A", "match": {}}]


class Run:
    """A run with these variables, in its own folder. result: of stellar_cases, CLEAN by default, or what to raise."""

    def __init__(self, folder: Path) -> None:
        self.starter = folder / "starter_policy.yml"
        self.starter.write_text("title: Starter\nrules: [{name: S, match: {}}]\n", encoding="utf-8")
        self.host = "localhost"
        self.options: dict[str, Any] = {}
        self.shown: list[str] = []
        self.while_it_runs: Callable[[], Any] = dict

    def __call__(self, result: Any = None, check: bool = False, **given: Any) -> dict[str, Any]:
        given = {"use_starter_policy": True, **given}
        variables = Variables({f"case_hygiene_{name}": value for name, value in given.items()}, lambda value: value)

        def stellar_cases(options: dict[str, Any]) -> dict[str, Any]:
            self.options = options
            self.while_it_runs()
            if isinstance(result, BaseException):
                raise result
            return dict(CLEAN if result is None else result)

        return Hygiene(
            variables,
            str(self.starter),
            self.host,
            check,
            stellar_cases,
            lambda ids: {},
            lambda path: b"",
            self.shown.append,
        ).run()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def saved(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "hygiene.json").read_text(encoding="utf-8")))


def test_without_a_policy_the_starter_is_applied_and_named(run: Run) -> None:
    result = run()
    assert run.options["rules"] == [{"name": "S", "match": {}}]
    assert (result["report"]["title"], result["report"]["policy"]) == ("Starter", "starter_policy.yml")
    assert "No policy was given: the run used the starter policy." in result["summary"]
    assert (result["changed"], result["warnings"], result["diff"]) == (False, [], [])
    assert "error" not in result


@pytest.mark.parametrize("chosen", ["no", False, "false"])
def test_the_starter_policy_previews_only_unless_it_is_chosen(run: Run, chosen: Any) -> None:
    for given in ({}, {"policy_file": str(run.starter)}):
        report = run(use_starter_policy=chosen, **given)["report"]
        assert run.options == {}
        assert report["reason"].startswith(
            "case_hygiene_policy_file is required for a run that changes cases. Give your"
        )
    assert run(use_starter_policy=chosen, rules=RULES)["report"]["passed"]
    assert run(check=True, use_starter_policy=chosen)["report"]["passed"]
    assert run(use_starter_policy="yes")["report"]["passed"]


def test_a_limit_has_the_value_that_allows_the_changes(run: Run) -> None:
    # Of a plan, cases that others changed are skipped too.
    rows = [{"outcome": "skipped", "changes": [{}]}] * 3
    summary = run({**LIMIT, "case_results": rows})["summary"]
    assert summary[-2:] == [
        "case_hygiene_max_changes is 25 or 10%: nothing was changed.",
        "To allow this: -e case_hygiene_max_changes=2",
    ]


@pytest.mark.parametrize(
    ("given", "check", "options"),
    [
        ({}, False, {}),
        ({"plan_file": "{}/plan.json"}, True, {"plan_max_age": "1h"}),
        ({"apply_plan": "{}/plan.json"}, False, {"plan_max_age": "1h", "plan_guard": "modified_at"}),
    ],
)
def test_what_is_for_plans_is_for_runs_with_a_plan(
    run: Run, tmp_path: Path, given: dict[str, str], check: bool, options: dict[str, str]
) -> None:
    """Variables are shared by several runs."""
    paths = {name: path.format(tmp_path) for name, path in given.items()}
    run(check=check, plan_max_age="1h", plan_guard="modified_at", **paths)
    assert {name: run.options[name] for name in ("plan_max_age", "plan_guard") if name in run.options} == options


def test_a_policy_file_is_applied(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("rules: [{name: M, match: {}}]\n", encoding="utf-8")
    result = run(policy_file=str(tmp_path / "mine.yml"), title="Ours", max_changes="5")
    assert run.options["rules"] == [{"name": "M", "match": {}}]
    assert run.options["max_changes"] == "5"
    assert (result["report"]["title"], result["report"]["policy"]) == ("Ours", "mine.yml")
    assert not any("starter" in line for line in result["summary"])


def test_rules_are_applied_and_exclude_a_file(run: Run, tmp_path: Path) -> None:
    report = run(rules=RULES)["report"]
    assert (run.options["rules"], report["policy"]) == (RULES, "case_hygiene_rules")
    # The role's default of the file
    assert run(rules=RULES, policy_file=str(run.starter))["report"]["result"] == "compliant"
    run.options = {}
    report = run(rules=RULES, policy_file=str(tmp_path / "mine.yml"))["report"]
    assert report["reason"].endswith(
        "case_hygiene_rules and case_hygiene_policy_file are both given. Give one of them."
    )
    assert (report["passed"], run.options) == (False, {})


def test_reports_of_an_earlier_run_are_replaced_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    assert run(report_dir=str(reports))["report"]["passed"]
    during = {}
    run.while_it_runs = lambda: during.update(saved(reports))
    result = run(CHANGED, report_dir=str(reports), fail_on="none")
    assert (during["passed"], during["result"]) == (False, "error")
    assert INTERRUPTED in during["reason"]
    assert during["reason"].endswith(f"if not, nothing was written: {run.options['journal']}")
    assert saved(reports) == result["report"]
    assert f"Report: {reports}/hygiene.html" in result["summary"]


@pytest.mark.parametrize(
    ("given", "check", "plan"),
    [
        ({"apply_plan": "{}/plan.json"}, False, {"file": "plan.json", "applied": True}),
        ({"apply_plan": "{}/plan.json"}, True, {"file": "plan.json", "applied": True}),
        ({"plan_file": "{}/plan.json"}, True, {"file": "plan.json", "applied": False}),
        ({}, False, {}),
    ],
)
def test_reports_of_an_interrupted_run_name_its_title_and_plan(
    run: Run, tmp_path: Path, given: dict[str, str], check: bool, plan: dict[str, Any]
) -> None:
    during: dict[str, Any] = {}
    run.while_it_runs = lambda: during.update(saved(tmp_path / "reports"))
    paths = {name: path.format(tmp_path) for name, path in given.items()}
    run(check=check, report_dir=str(tmp_path / "reports"), title="Ours", **paths)
    assert (during["plan"], during["title"]) == (plan, "Ours")


def test_a_wrong_title_leaves_no_reports_of_an_earlier_run(run: Run, tmp_path: Path) -> None:
    assert run(report_dir=str(tmp_path))["report"]["passed"]
    assert not run(report_dir=str(tmp_path), title=["Ours"])["report"]["passed"]
    assert "case_hygiene_title must be a string" in saved(tmp_path)["reason"]


def test_reports_of_an_interrupted_run_name_the_policy_and_no_end(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("title: Ours\nrules: [{name: M, match: {}}]\n", encoding="utf-8")
    during: dict[str, Any] = {}
    run.while_it_runs = lambda: during.update(saved(tmp_path / "reports"))
    run(report_dir=str(tmp_path / "reports"), policy_file=str(tmp_path / "mine.yml"))
    assert (during["title"], during["policy"], during["finished_at"]) == ("Ours", "mine.yml", "")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"title": ["Ours"]}, "case_hygiene_title must be"),
        ({"report_dir": "/proc/reports"}, "case_hygiene_report_dir"),
        ({"history": "{}/starter_policy.yml"}, "case_hygiene_history"),
        ({"typo": "1"}, "case_hygiene_typo: is unknown"),
    ],
)
def test_no_plan_of_an_earlier_run_is_left_whatever_is_wrong(
    run: Run, tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    plan = tmp_path / "plan.json"
    run(check=True, plan_file=str(plan))
    assert "interrupted" in json.loads(plan.read_text(encoding="utf-8"))["error"]
    run.options = {}
    given = {name: value.format(tmp_path) if isinstance(value, str) else value for name, value in given.items()}
    run(check=True, plan_file=str(plan), **given)
    assert run.options == {}
    assert reason in json.loads(plan.read_text(encoding="utf-8"))["error"]


def test_both_plans_leave_the_earlier_one(run: Run, tmp_path: Path) -> None:
    """One of them was given by mistake, perhaps the one that was approved."""
    plan = tmp_path / "plan.json"
    plan.write_text("approved", encoding="utf-8")
    report = run(check=True, plan_file=str(plan), apply_plan=str(plan))["report"]
    assert "are both given" in report["reason"]
    assert plan.read_text(encoding="utf-8") == "approved"


def test_a_host_has_a_journal_of_its_own(run: Run, tmp_path: Path) -> None:
    run.host = "clinic"
    run(journal=str(tmp_path / "mine.journal"))
    assert run.options["journal"] == str(tmp_path / "clinic/mine.journal")


def lose_the_history(folder: Path) -> None:
    (folder / "history.jsonl").unlink(missing_ok=True)
    (folder / "history.jsonl").mkdir()


def lose_the_reports(folder: Path) -> None:
    shutil.rmtree(folder / "reports")
    (folder / "reports").touch()


@pytest.mark.parametrize(
    ("given", "lose", "reason"),
    [
        ({"policy_file": "{}/absent.yml"}, None, "absent.yml"),
        ({"fail_on": "never"}, None, "case_hygiene_fail_on must be one of"),
        ({"history": "{}/history.jsonl"}, lose_the_history, "case_hygiene_history"),
        ({"report_dir": "{}/reports"}, lose_the_reports, "case_hygiene_report_dir"),
    ],
)
def test_the_plan_of_a_run_that_failed_has_the_reason_only(
    run: Run, tmp_path: Path, given: dict[str, str], lose: Callable[[Path], None] | None, reason: str
) -> None:
    plan = tmp_path / "plan.json"

    def make_a_plan() -> None:
        plan.write_text('{"plan": "complete"}', encoding="utf-8")
        if lose:
            lose(tmp_path)

    run.while_it_runs = make_a_plan
    done = run(check=True, plan_file=str(plan), **{name: value.format(tmp_path) for name, value in given.items()})
    content = json.loads(plan.read_text(encoding="utf-8"))
    assert content["error"].startswith("the run that should have made it ended with an error: ")
    assert reason in content["error"]
    assert content["cases"] == []
    assert f"Plan: none, and {plan} says why" in done["summary"]


@pytest.mark.parametrize(
    ("given", "check", "journal"),
    [
        ({"report_dir": "reports"}, False, r".*/reports/hygiene-\d{8}T\d{6}Z-\w{6}\.journal"),
        ({"report_dir": "reports"}, True, None),
        ({"report_dir": "reports", "journal": ""}, False, None),
        ({"report_dir": "reports", "journal": "/mine.journal"}, False, r"/mine\.journal"),
        ({"journal": "mine.journal"}, False, r"/.*/mine\.journal"),
        ({"journal": "/mine.journal"}, True, None),
        ({}, False, None),
    ],
)
def test_where_the_journal_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], check: bool, journal: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    run(check=check, **given)
    if journal is None:
        assert "journal" not in run.options
    else:
        assert re.fullmatch(journal, run.options["journal"])


def test_the_report_names_a_journal_that_is_there(run: Run, tmp_path: Path) -> None:
    journal = tmp_path / "mine.journal"
    assert run(CHANGED, journal=str(journal))["report"]["journal"] == ""
    run.while_it_runs = journal.touch
    result = run(CHANGED, journal=str(journal))
    assert result["report"]["journal"] == str(journal)
    assert result["summary"][-1] == f"To undo: {undo_command(str(journal))}"
    assert (result["changed"], result["warnings"], result["diff"]) == (True, ["Slow."], [{}])


def test_without_a_journal_the_report_undoes(run: Run, tmp_path: Path) -> None:
    summary = run(CHANGED, report_dir=str(tmp_path), journal="")["summary"]
    assert summary[-1] == f"To undo: {undo_command(f'{tmp_path}/hygiene.json')}"
    for given in ({"report_dir": str(tmp_path), "report_formats": ["html"], "journal": ""}, {}):
        summary = run(CHANGED, **given)["summary"]
        assert not any("To undo" in line for line in summary)
        nothing = "Nothing was saved that undoes this run. Set case_hygiene_report_dir for the next one."
        assert nothing in summary
        assert nothing not in run(**given)["summary"]


def test_a_command_that_the_summary_would_change_is_shown_before_it(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "My Jobs"
    result = run(CHANGED, report_dir=str(folder), journal="")
    assert result["summary"][-1] == "To undo: see the command above"
    assert run.shown[-1] == f"To undo: {undo_command(f'{folder}/hygiene.json')}"


FAILED = {"failed": True, "msg": "Can't connect to xdr.example.", "error": {"type": "NoConnectionError"}}
LIMIT = {"failed": True, "msg": "Aborted before the first write.", "error": {"type": "LimitError", "planned": 2}}


@pytest.mark.parametrize(
    ("outcome", "result", "reason"),
    [
        (FAILED, "error", "Can't connect to xdr.example."),
        (LIMIT, "limit", "Aborted before the first write."),
        (KeyError("case"), "error", "KeyError: 'case'. This is a bug in the collection, please report it."),
    ],
)
def test_what_fails_is_in_the_report_and_in_its_files(
    run: Run, tmp_path: Path, outcome: Any, result: str, reason: str
) -> None:
    ended = run(outcome, report_dir=str(tmp_path))
    assert (ended["report"]["result"], ended["report"]["passed"]) == (result, False)
    assert reason in ended["report"]["reason"]
    assert saved(tmp_path) == ended["report"]
    assert ended.get("error") == (outcome["error"] if isinstance(outcome, dict) else None)


def test_a_folder_that_can_not_be_written_ends_the_run_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run(report_dir=str(tmp_path / "file"))
    assert (run.options, result["report"]["passed"]) == ({}, False)
    assert "case_hygiene_report_dir: can't write reports in " in result["report"]["reason"]


@pytest.mark.parametrize(("name", "check"), [("plan_file", True), ("history", False)])
def test_a_folder_of_a_host_that_can_not_be_created_is_an_error_before_anything_is_sent(
    run: Run, tmp_path: Path, name: str, check: bool
) -> None:
    run.host = "clinic"
    (tmp_path / "clinic").touch()
    result = run(check=check, **{name: str(tmp_path / "file")})
    assert (run.options, result["report"]["passed"]) == ({}, False)
    assert f"case_hygiene_{name}: can't create the folder of " in result["report"]["reason"]


def test_a_folder_that_is_lost_during_the_run_leaves_the_summary(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = tmp_path / "reports"

    def lose() -> None:
        for file in reports.iterdir():
            file.unlink()
        reports.rmdir()
        reports.touch()

    run.while_it_runs = lose
    result = run(CHANGED, report_dir=str(reports))
    assert result["changed"]
    assert "case_hygiene_report_dir: can't write reports in " in result["report"]["reason"]
    assert result["report"]["undo"] == CHANGED["undo"]
    assert not any(line.startswith("Report: ") for line in result["summary"])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_run_is_in_the_history_and_sees_those_before_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    given = {"history": str(path), "rules": RULES, "report_dir": str(tmp_path / "reports")}
    platform = {"platform": "xdr.example.com", "scope": "all tenants", "rules": [{"name": "A", "finding": True}]}
    findings = [{"rule": "A", "case_id": "1"}]
    assert run({**CLEAN, **platform}, check=True, **given)["report"]["history"] == []
    report = run({**CLEAN, **platform, "findings": findings}, check=True, **given)["report"]
    assert report["history"] == [
        {"finished_at": lines(path)[0]["finished_at"], "changed": 0, "findings": 0, "rules": {"A": 0}}
    ]
    assert saved(tmp_path / "reports") == report
    assert "2 runs of this policy" in (tmp_path / "reports/hygiene.html").read_text(encoding="utf-8")
    # Others are in the file, and are not compared.
    assert run(FAILED, check=True, **given)["report"]["history"] == []
    report = run({**CLEAN, **platform}, check=True, **given)["report"]
    assert len(report["history"]) == 2
    assert run({**CHANGED, **platform}, **given)["report"]["history"] == []
    assert [line["result"] for line in lines(path)] == ["compliant", "compliant", "error", "compliant", "changed"]
    run({**CLEAN, **platform}, check=True, **given, history_keep="2")
    assert [line["mode"] for line in lines(path)] == ["apply", "check"]


def test_a_host_has_a_history_of_its_own(run: Run, tmp_path: Path) -> None:
    run.host = "example-clinic"
    run(history=str(tmp_path / "history"), rules=RULES)
    assert len(lines(tmp_path / "example-clinic/history")) == 1
    assert not (tmp_path / "history").exists()


def test_a_broken_line_of_the_history_is_a_warning(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "history"
    given = {"history": str(path), "rules": RULES}
    run(CHANGED, **given)
    path.write_text(path.read_text(encoding="utf-8") + "{\n", encoding="utf-8")
    result = run(CHANGED, **given)
    assert result["warnings"][0] == "Slow."
    assert "was no JSON of a run and was removed" in result["warnings"][1]
    assert result["report"]["passed"]
    assert run(CHANGED, **given)["warnings"] == ["Slow."]


def test_a_history_that_can_not_be_used_ends_the_run_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("rules: []\n", encoding="utf-8")
    for path, problem in ((tmp_path, "can't write the history"), (tmp_path / "mine.yml", "is not a history of runs.")):
        report = run(history=str(path), rules=RULES, report_dir=str(tmp_path / "reports"))["report"]
        assert (run.options, report["result"]) == ({}, "error")
        assert report["reason"].startswith("case_hygiene_history: ")
        assert problem in report["reason"]
        assert saved(tmp_path / "reports") == report


def test_a_history_that_is_lost_during_the_run_is_told_in_the_reports(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "history"

    def lose() -> None:
        path.unlink()
        path.mkdir()

    run.while_it_runs = lose
    result = run(CHANGED, history=str(path), rules=RULES, report_dir=str(tmp_path / "reports"))
    assert result["changed"]
    assert result["report"]["undo"] == CHANGED["undo"]
    assert result["report"]["reason"].startswith("case_hygiene_history: can't write the history in ")
    assert saved(tmp_path / "reports") == result["report"]


def test_the_address_of_a_case_is_checked_before_anything_is_sent(run: Run) -> None:
    report = run(rules=RULES, case_url="http://{platform}/{case_id}")["report"]
    assert run.options == {}
    assert report["reason"] == (
        "case_hygiene_case_url must begin with https://; got 'http://{platform}/{case_id}'. Give the address of a case "
        "in the browser, with {platform}, {case_id}, {ticket_id} in place of its values."
    )
    pattern = "https://{platform}/{case_id}"
    assert run(rules=RULES, case_url=pattern)["report"]["case_url"] == pattern


def test_the_report_knows_the_oldest_critical_case_if_the_module_does(run: Run) -> None:
    assert "oldest_unassigned_critical" not in run(CLEAN)["report"]
    assert run({**CLEAN, "oldest_unassigned_critical": None})["report"]["oldest_unassigned_critical"] is None

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes of a user of the role: each is named before anything is sent, in the reports and by the exit code."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.hygiene import CHECK_FAILED, ERROR, NOTHING, TAGGED, Analyst, assert_shows
from tests.integration.playbook import Run
from tests.simulator.process import Simulator

pytestmark = pytest.mark.slow

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"policy_file": "FOLDER/none.yml"}, r"Policy FOLDER/none\.yml: can't be read: No such file or directory\. "),
    ({"policy_file": "FOLDER/broken.yml"}, r"Policy FOLDER/broken\.yml: line 3, column 4: "),
    ({"policy_file": "FOLDER/list.yml"}, r"Policy FOLDER/list\.yml: line 1: the file must be a dictionary\. "),
    ({"policy_file": "FOLDER/misspelt.yml"}, r"Rule 2 'B': match\.stauts is unknown\. Valid keys are status, "),
    (
        {"policy_file": "FOLDER/closed.yml"},
        r"Rule 1 'Phishing': match\.status must be one of New, In Progress, Escalated, Resolved, Cancelled; "
        r"got \"Open\"\. Correct the value\.",
    ),
    ({"rules": [{"name": "A"}]}, r"Rule 1 'A': match is required\. Add it\."),
    ({"policy_file": ""}, r"case_hygiene_policy_file has no value: give the path of a policy, or leave it out "),
    ({"rules": []}, r"rules is an empty list\. "),
    (
        {"rules": [TAGGED], "policy_file": "list.yml"},
        r"case_hygiene_rules and case_hygiene_policy_file are both given\. Give one of them\.",
    ),
    (
        {"polcy_file": "policy.yml", "max_chagnes": "1"},
        r"The variable case_hygiene_max_chagnes: is unknown\. .* Did you mean case_hygiene_max_changes\? 1 more of "
        r"this prefix are unknown\.$",
    ),
    (
        {"rules": [TAGGED], "fail_on": "drfit"},
        r"Validation of arguments failed:\nvalue of case_hygiene_fail_on must be ",
    ),
    (
        {"rules": [TAGGED], "max_changes": "many"},
        r"max_changes must be a number, 0 or more, or a percentage; got 'many'\. ",
    ),
    ({"rules": None}, r"case_hygiene_rules has no value: give a list of rules, or leave it out for the policy file\.$"),
    ({"rules": "name=A"}, r"case_hygiene_rules must be a list, got 'name=A': give a list of rules, "),
    ({"rules": [TAGGED], "max_changes": None}, r"case_hygiene_max_changes has no value: give a number \(50\) or a "),
    ({"rules": [TAGGED], "max_changes": ""}, r"case_hygiene_max_changes has no value: "),
    ({"rules": [TAGGED], "max_changes": "{{ none }}"}, r"case_hygiene_max_changes has no value: "),
    ({"rules": [TAGGED], "max_changes": "{{ nowhere }}"}, r".*'nowhere' is undefined"),
    ({"rules": "{{ nowhere }}"}, r".*'nowhere' is undefined"),
    ({"rules": [TAGGED], "time_budget": None}, r"case_hygiene_time_budget has no value: give a number of seconds, "),
    ({"rules": [TAGGED], "time_budget": ""}, r".*case_hygiene_time_budget"),
    ({"rules": [TAGGED], "recheck_after": None}, r".*case_hygiene_recheck_after"),
    ({"rules": [TAGGED], "concurrency": None}, r".*case_hygiene_concurrency"),
    ({"rules": [TAGGED], "on_error": None}, r".*case_hygiene_on_error"),
    ({"rules": [TAGGED], "on_error": ""}, r".*case_hygiene_on_error"),
    ({"rules": [TAGGED], "fail_on": None}, r".*case_hygiene_fail_on"),
    ({"rules": [TAGGED], "fail_on": ""}, r".*case_hygiene_fail_on"),
    ({"policy_file": None}, r"case_hygiene_policy_file has no value: "),
    ({"rules": [TAGGED], "title": None}, r"case_hygiene_title has no value: "),
    ({"rules": [TAGGED], "report_dir": None}, r"case_hygiene_report_dir has no value: "),
    ({"rules": [TAGGED], "journal": None}, r"case_hygiene_journal has no value: "),
    ({"rules": [TAGGED], "report_formats": []}, r"case_hygiene_report_formats has no value: "),
    ({"rules": [TAGGED], "report_formats": ""}, r".*case_hygiene_report_formats"),
    ({"rules": [{**TAGGED, "name": "{{ nowhere }}"}]}, r".*'nowhere' is undefined"),
    ({"rules": [TAGGED], "report_dir": "FOLDER/list.yml"}, r"case_hygiene_report_dir: can't write reports in FOLDER/l"),
    ({"rules": [TAGGED], "report_dir": "FOLDER/taken"}, r"case_hygiene_report_dir: can't write reports in FOLDER/tak"),
]


def test_mistakes_are_named_before_anything_is_sent(play: Callable[..., Run], sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("rules:\n  - name: A\n   match: {}\n", encoding="utf-8")
    (tmp_path / "list.yml").write_text("- name: A\n", encoding="utf-8")
    (tmp_path / "misspelt.yml").write_text(
        "rules:\n  - {name: A, match: {}}\n  - {name: B, match: {stauts: [New]}}\n", encoding="utf-8"
    )
    (tmp_path / "closed.yml").write_text("rules:\n  - {name: Phishing, match: {status: Open}}\n", encoding="utf-8")
    (tmp_path / "taken/hygiene.json").mkdir(parents=True)
    runs = [
        {
            "block": [
                {
                    "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
                    "vars": {
                        f"case_hygiene_{name}": value.replace("FOLDER", str(tmp_path))
                        if isinstance(value, str)
                        else value
                        for name, value in variables.items()
                    },
                }
            ],
            "rescue": [{"ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}],
        }
        for variables, _message in MISTAKES
    ]
    run = play(runs)
    assert run.returncode == 0, run.output
    said = [
        task.result["ansible_failed_result.msg"] for task in run.tasks if "ansible_failed_result.msg" in task.result
    ]
    for (_variables, message), failure in zip(MISTAKES, said, strict=True):
        assert re.match(message.replace("FOLDER", re.escape(str(tmp_path))), failure, re.DOTALL), failure
    assert not sim.requests()


@pytest.mark.parametrize("name", ["max_changes", "time_budget", "rules", "policy_file", "journal"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [("{{ nowhere }}", "'nowhere' is undefined"), ("{{ omit }}", ".*[Oo]mit")],
    ids=["typo", "omit"],
)
def test_an_undefined_variable_in_a_value_is_not_taken_for_an_absent_one(
    name: str, value: str, reason: str, play: Callable[..., Run], sim: Simulator
) -> None:
    # Without the validation of Ansible, which a play may switch off
    role = {"name": "stellarcyber.xdr.case_hygiene", "rolespec_validate": False}
    rules = {} if name == "policy_file" else {"case_hygiene_rules": [TAGGED]}
    run = play([{"ansible.builtin.include_role": role, "vars": {**rules, f"case_hygiene_{name}": value}}])
    assert run.returncode == 2, run.output
    failure = run.tasks[-1].result["msg"]
    assert re.match(f"case_hygiene_{name} can't be evaluated: {reason}", failure), failure
    assert not sim.requests()


def test_mistakes_have_the_exit_code_of_errors(analyst: Analyst) -> None:
    misspelt = analyst.hygiene(policy_file="none.yml")
    assert misspelt.returncode == ERROR, misspelt.output
    assert misspelt.failure.startswith(f"Policy {analyst.folder}/none.yml: can't be read: ")
    unknown = analyst.hygiene(rules=[TAGGED], max_chagnes=1, report_dir="reports")
    assert unknown.returncode == ERROR, unknown.output
    assert unknown.failure.startswith("The variable case_hygiene_max_chagnes: is unknown. ")
    assert not unknown.calls
    assert_shows(analyst.report(), result="error", error=unknown.failure)
    unlimited = analyst.hygiene(rules=[TAGGED], max_changes=None, report_dir="reports")
    assert unlimited.returncode == ERROR, unlimited.output
    assert unlimited.failure.startswith("case_hygiene_max_changes has no value: ")
    assert not unlimited.calls
    assert_shows(analyst.report(), result="error", error=unlimited.failure)
    refused = analyst.hygiene(rules=[TAGGED], fail_on="drfit", report_dir="reports")
    assert refused.returncode == ERROR, refused.output
    assert refused.failure.startswith("case_hygiene_fail_on must be one of drift, findings, none, got 'drfit': ")
    assert_shows(analyst.report(), result="error", error=refused.failure)


def test_a_wrong_key_is_in_the_reports(analyst: Analyst) -> None:
    analyst.environment["STELLAR_API_KEY"] = "a-wrong-key"
    run = analyst.hygiene("--check", report_dir="reports", report_formats="json,junit")
    assert run.returncode == ERROR
    assert sorted(os.listdir(analyst.folder / "reports")) == ["hygiene.json", "hygiene.xml"]
    report = analyst.report()
    assert_shows(report, result="error", passed=False, counts={}, error=run.failure)
    assert "HTTP 401" in run.failure
    suites = ElementTree.parse(analyst.folder / "reports/hygiene.xml").getroot()
    assert [suite.attrib["errors"] for suite in suites] == ["1"]
    assert "a-wrong-key" not in run.output


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        *((option, f"stellar_{option}") for option in ("tenant", "host", "api_key", "ca_path")),
        *((option, f"case_hygiene_{option}") for option in ("max_changes", "journal", "policy_file", "report_dir")),
        ("policy", "case_hygiene_policy_file"),
        ("hygiene_policy_file", "case_hygiene_policy_file"),
        ("hygiene_max_changes", "case_hygiene_max_changes"),
    ],
)
def test_an_option_given_without_its_prefix_is_refused(given: str, wanted: str, analyst: Analyst) -> None:
    run = analyst.hygiene("--check", "-e", f"{given}=1", rules=[NOTHING])
    assert run.returncode == ERROR, run.output
    assert f"Give {wanted} instead" in run.failure
    assert not run.requests


@pytest.mark.parametrize(
    ("playbook", "name", "given", "said"),
    [
        ("undo", "undo_ony", {"undo_file": "x.json"}, "Did you mean undo_only?"),
        ("undo", "undofail_on", {"undo_file": "x.json"}, "Did you mean undo_fail_on?"),
        ("hygiene", "hygiene_host", {"case_hygiene_rules": [TAGGED]}, "Did you mean hygiene_hosts?"),
        (
            "hygiene_merge",
            "merge_maxage",
            {"merge_reports": "*", "merge_report_dir": "all"},
            "Did you mean merge_max_age?",
        ),
        (
            "hygiene_merge",
            "merge_formats",
            {"merge_reports": "*", "merge_report_dir": "all"},
            "Did you mean merge_report_formats?",
        ),
        ("hygiene_merge", "merge_x", {"merge_reports": "*", "merge_report_dir": "all"}, "Did you mean merge_"),
        ("undo", "undo_maxdiff", {"undo_file": "x.json"}, "Did you mean undo_max_diff?"),
        ("contract", "contract_dirs", {"contract_dir": "x"}, "Did you mean contract_dir?"),
    ],
)
def test_a_mistyped_variable_of_a_playbook_is_an_error_before_anything_is_sent(
    playbook: str, name: str, given: dict[str, Any], said: str, analyst: Analyst
) -> None:
    run = analyst.play(f"stellarcyber.xdr.{playbook}", **given, **{name: "value"})
    assert run.returncode in (CHECK_FAILED, ERROR), run.output
    assert run.requests == []
    assert f"The variable {name}: was given by -e, and the playbook stellarcyber.xdr.{playbook} does not" in run.failure
    assert said in run.failure


def test_a_plan_is_made_or_applied(analyst: Analyst) -> None:
    run = analyst.hygiene("--check", plan_file="a.json", apply_plan="b.json")
    assert run.returncode == ERROR
    assert "case_hygiene_plan_file and case_hygiene_apply_plan are both given. Give one of them." in run.failure
    assert not (analyst.folder / "a.json").exists()


def test_the_playbook_of_a_merge_names_its_variables(analyst: Analyst) -> None:
    assert "merge_reports is required. Add it." in analyst.play("stellarcyber.xdr.hygiene_merge").failure
    given = {"merge_reports": "*", "merge_report_dir": "all", "merge_max_age": "1"}
    assert "merge_max_age must be a time" in analyst.play("stellarcyber.xdr.hygiene_merge", **given).failure
    assert "contract_dir is required" in analyst.play("stellarcyber.xdr.contract").failure

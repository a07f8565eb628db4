# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook hygiene with a plan: one run makes it, another applies it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hygiene import CHECK_FAILED, ERROR, NOTHING, PASSED, TAGGED, Analyst
from tests.integration.many import case, run
from tests.simulator.process import Simulator


@pytest.fixture
def analyst(sim: Simulator, tmp_path: Path) -> Analyst:
    (tmp_path / "policy.yml").write_text(json.dumps({"title": "Ours", "rules": [TAGGED]}), encoding="utf-8")
    return Analyst(sim, tmp_path)


def plan(analyst: Analyst, **variables: Any) -> dict[str, Any]:
    given = {"policy_file": "policy.yml", "plan_file": "plan.json", "report_dir": "review", **variables}
    run = analyst.hygiene("--check", **given)
    assert run.returncode == CHECK_FAILED, run.output
    content: dict[str, Any] = json.loads((analyst.folder / "plan.json").read_text(encoding="utf-8"))
    return content


def test_a_plan_is_made_reviewed_applied_and_undone(analyst: Analyst, sim: Simulator) -> None:
    rule = {**TAGGED, "match": {"status": ["New"]}}
    (analyst.folder / "policy.yml").write_text(json.dumps({"title": "Ours", "rules": [rule]}), encoding="utf-8")
    content = plan(analyst)
    ids = {entry["case_id"] for entry in content["cases"]}
    assert ids
    assert content["title"] == "Ours"
    # The policy of today is another one, and one case has its values by a person already.
    (analyst.folder / "policy.yml").write_text("not: [a policy", encoding="utf-8")
    taken = min(ids)
    sim.edit(taken, {"tags": {"add": ["seen"]}})

    check = analyst.hygiene("--check", apply_plan="plan.json", policy_file="policy.yml", fail_on="none")
    assert check.returncode == PASSED, check.output
    assert check.writes == []
    done = analyst.hygiene(apply_plan="plan.json", policy_file="policy.yml", report_dir="reports")
    assert done.returncode == PASSED, done.output
    assert {path.split("/")[-1] for path in (entry["path"] for entry in sim.writes())} == ids - {taken}
    report = analyst.report()
    assert (report["title"], report["policy"], report["result"]) == ("Ours", "", "changed")
    assert (report["plan"]["file"], report["plan"]["sha256"]) == ("plan.json", content["sha256"])
    assert {row["case_id"]: row["outcome"] for row in report["case_results"]} == dict.fromkeys(ids - {taken}, "changed")
    assert report["counts"]["ok"] == 1
    assert {case["_id"] for case in sim.cases() if "seen" in case["tags"]} == ids

    again = analyst.hygiene(apply_plan="plan.json")
    assert (again.returncode, again.writes) == (PASSED, [])
    # Not "compliant": no rule was evaluated.
    assert again.said[0].endswith(", by a plan: as_planned")
    undone = analyst.undo(undo_file="reports/hygiene.json")
    assert undone.returncode == PASSED, undone.output
    assert {case["_id"] for case in sim.cases() if "seen" in case["tags"]} == {taken}


def test_the_summary_has_the_command_that_applies_the_plan(analyst: Analyst) -> None:
    run = analyst.hygiene("--check", policy_file="policy.yml", plan_file="plan.json")
    (line,) = (line for line in run.said if line.startswith("To apply exactly this plan: "))
    command = shlex.split(line.partition(": ")[2])
    assert json.loads((analyst.folder / "plan.json").read_text("utf-8"))["collection"].startswith("stellarcyber.xdr 0.")
    assert f"Plan: {analyst.folder}/plan.json" in run.said
    assert command[:2] == ["ansible-playbook", "stellarcyber.xdr.hygiene"]
    assert analyst.play(*command[1:]).returncode == PASSED
    # Beside the plan is what undoes the apply.
    assert json.loads((analyst.folder / "applied/hygiene.json").read_text("utf-8"))["undo"]
    # A path with a space would end in the middle.
    again = analyst.hygiene("--check", policy_file="policy.yml", plan_file="plan.json")
    assert f"Plan: {analyst.folder}/plan.json (nothing to apply)" in again.said
    # A path with a space would end in the middle. What the plan met is given to its apply too.
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["all"]}}}
    (analyst.folder / "policy.yml").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    analyst.environment["STELLAR_TENANT"] = "Example Tenant"
    run = analyst.hygiene(
        "--check", policy_file="policy.yml", plan_file="a plan.json", fail_on="none", max_changes="100%"
    )
    del analyst.environment["STELLAR_TENANT"]
    assert "To apply exactly this plan: see the command above" in run.said
    (line,) = (line for line in run.output.splitlines() if line.startswith("To apply exactly this plan: ansible"))
    assert analyst.play(*shlex.split(line.partition(": ")[2])[1:]).returncode == PASSED


def test_a_case_that_a_person_changed_is_skipped_and_named(analyst: Analyst, sim: Simulator) -> None:
    rule = {"name": "Low", "match": {"severity": ["High"]}, "set": {"severity": "Low"}}
    (analyst.folder / "policy.yml").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    content = plan(analyst)
    first = content["cases"][0]["case_id"]
    sim.edit(first, {"severity": "Critical"})
    done = analyst.hygiene(apply_plan="plan.json", report_dir="reports")
    # No next run decides this case again.
    assert done.returncode == CHECK_FAILED, done.output
    assert done.failure == ("The policy check failed: 1 case of the plan skipped, and case_hygiene_fail_on is drift.")
    (skipped,) = (row for row in analyst.report()["case_results"] if row["outcome"] == "skipped")
    assert skipped["case_id"] == first
    assert 'severity is "Critical", and was "High" when the plan was made' in skipped["reason"]


def test_a_case_without_its_planned_comment_is_skipped_and_named_in_every_report(
    analyst: Analyst, sim: Simulator
) -> None:
    """As after an apply that was killed between a case's update and its comment."""
    sim.reset(seed=[case(1), case(2)])
    rule = {"name": "Take", "match": {}, "set": {"tags": {"add": ["seen"]}}, "comment": "Taken by the board"}
    assert not run(sim, True, rules=[rule], plan_file=str(analyst.folder / "plan.json")).failed
    sim.edit(f"{1:024x}", {"tags": {"add": ["seen"]}})
    formats = ["json", "html", "markdown", "junit", "csv"]
    for arguments in (["--check"], []):
        done = analyst.hygiene(*arguments, apply_plan="plan.json", report_dir="reports", report_formats=formats)
        assert done.returncode == CHECK_FAILED, done.output
        assert {row["ticket_id"]: row["outcome"] for row in analyst.report()["case_results"]} == {
            900_001: "skipped",
            900_002: "changed",
        }
        files = sorted((analyst.folder / "reports").glob("hygiene.*"))
        assert len(files) == len(formats)
        for file in files:
            assert "the planned comment is not on it" in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"rules": [NOTHING], "plan_file": "plan.json"},
            "plan_file works in check mode only. Add --check, or leave it out.",
        ),
        ({"apply_plan": "none.json"}, "none.json can't be read: No such file or directory."),
        ({"apply_plan": "policy.yml"}, "policy.yml can't be applied: it is not a plan. Give a file that plan_file"),
        ({"apply_plan": ""}, "case_hygiene_apply_plan has no value: give the path of a plan, or leave it out to apply"),
        ({"plan_file": None}, "case_hygiene_plan_file has no value: give the path of a file for the plan, or leave"),
        ({"plan_guard": "none"}, "case_hygiene_plan_guard must be one of fields, modified_at, got 'none': give fields"),
        (
            {"apply_plan": "plan.json", "plan_max_age": "1"},
            'plan_max_age must be a time such as 24h, at most 3650d; got "1". Correct it.',
        ),
    ],
)
def test_mistakes(analyst: Analyst, variables: dict[str, Any], message: str) -> None:
    plan(analyst)
    run = analyst.hygiene(**variables)
    assert run.returncode == ERROR
    assert message in run.failure
    assert run.writes == []


def test_the_policy_and_a_report_are_not_replaced_by_a_plan(analyst: Analyst) -> None:
    policy = (analyst.folder / "policy.yml").read_text(encoding="utf-8")
    for path in ("policy.yml", "reports/hygiene.json"):
        run = analyst.hygiene("--check", policy_file="policy.yml", plan_file=path, report_dir="reports")
        assert run.returncode == ERROR
        assert "can't be written: it exists, and is not a plan." in run.failure
        assert run.requests == []
    assert (analyst.folder / "policy.yml").read_text(encoding="utf-8") == policy


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"policy_file": "missing.yml"}, "missing.yml"),
        ({"policy_file": "policy.yml", "max_chagnes": 5}, "Did you mean case_hygiene_max_changes? Make a new plan."),
    ],
    ids=["policy", "variable"],
)
def test_a_run_that_fails_leaves_no_older_plan(analyst: Analyst, variables: dict[str, Any], reason: str) -> None:
    plan(analyst)
    assert analyst.hygiene("--check", plan_file="plan.json", **variables).returncode == ERROR
    run = analyst.hygiene(apply_plan="plan.json")
    assert run.returncode == ERROR
    assert "plan.json can't be applied: the run that should have made it ended with an error: " in run.failure
    assert reason in run.failure
    assert run.failure.endswith("Make a new plan. Nothing was sent.")
    assert run.requests == []


def test_each_host_has_a_plan_of_its_own(analyst: Analyst, sim: Simulator) -> None:
    hosts = {name: {"stellar_tenant": f"Example {name.title()}"} for name in ("clinic", "tenant")}
    (analyst.folder / "hosts.yml").write_text(yaml.safe_dump({"soc": {"hosts": hosts}}), encoding="utf-8")
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["planned"]}}}
    common = ("-i", "hosts.yml", "-e", "hygiene_hosts=soc")
    analyst.play(
        "stellarcyber.xdr.hygiene",
        "--check",
        *common,
        case_hygiene_rules=[rule],
        case_hygiene_plan_file="plans/plan.json",
        case_hygiene_max_changes="100%",
    )
    ids = {}
    for name in hosts:
        content = json.loads((analyst.folder / "plans" / name / "plan.json").read_text(encoding="utf-8"))
        ids[name] = {entry["case_id"] for entry in content["cases"]}
        assert content["tenant"][0] == hosts[name]["stellar_tenant"]
    assert not ids["clinic"] & ids["tenant"]
    done = analyst.play(
        "stellarcyber.xdr.hygiene", *common, case_hygiene_apply_plan="plans/plan.json", case_hygiene_max_changes="100%"
    )
    assert done.returncode == PASSED, done.output
    assert {case["_id"] for case in sim.cases() if "planned" in case["tags"]} == ids["clinic"] | ids["tenant"]


def test_a_name_of_a_tenant_is_no_part_of_the_command(analyst: Analyst, sim: Simulator, tmp_path: Path) -> None:
    """Ansible would evaluate it as a template: the command is one that people paste."""
    made = tmp_path / "made"
    cust_id = sim.cases()[0]["cust_id"]
    sim.put_tenants({"cust_id": cust_id, "cust_name": f"{{{{ lookup('pipe', 'touch {made}') }}}} Acme"})
    run = analyst.hygiene("--check", "-e", f"stellar_tenant={cust_id}", policy_file="policy.yml", plan_file="plan.json")
    (line,) = (line for line in run.said if line.startswith("To apply exactly this plan: "))
    command = shlex.split(line.partition(": ")[2])
    assert command[-1] == f"stellar_tenant={cust_id}"
    done = analyst.play(*command[1:])
    assert done.returncode == PASSED, done.output
    assert not made.exists()

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role case_hygiene and its playbook: preview, apply, reports, the policy check and its exit codes."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import yaml

from tests import hostile_text
from tests.integration.hygiene import CHECK_FAILED, ERROR, NOTHING, PASSED, STALE, TAGGED, Analyst, assert_shows
from tests.integration.playbook import API, CASE, ROOT, Run
from tests.integration.processes import family, kill
from tests.simulator.process import Simulator
from tests.simulator.sample import CLINIC_ID

ROLE = ROOT / "roles/case_hygiene"
REPORTS = ["hygiene.html", "hygiene.json", "hygiene.md", "hygiene.xml"]


def tags_of_all(sim: Simulator) -> dict[str, list[str]]:
    return {case["_id"]: sorted(case["tags"]) for case in sim.cases()}


# -- the story ----------------------------------------------------------------------------------------


def test_preview_apply_again_undo(analyst: Analyst, sim: Simulator) -> None:
    sim.reset(cases=200)
    before = tags_of_all(sim)
    folder = analyst.folder / "reports"

    preview = analyst.hygiene("--check", report_dir="reports", max_changes="50%")
    assert preview.returncode == CHECK_FAILED, preview.output
    assert not preview.writes
    assert sorted(os.listdir(folder)) == REPORTS
    planned = analyst.report()
    count = planned["counts"]["changed"]
    assert preview.failure == f"The policy check failed: {count} cases would change, and case_hygiene_fail_on is drift."
    assert preview.said[0] == f"Case hygiene, starter policy on {sim.host}, all tenants: drift"
    assert f", {count} would change, " in preview.said[1]
    assert preview.said[-2:] == [
        "No policy was given: the run used the starter policy.",
        f"Report: {folder}/hygiene.html",
    ]
    assert_shows(planned, result="drift", passed=False, mode="check", undo=[], error="", fail_on="drift")
    assert_shows(planned, policy="starter_policy.yml", collection=f"stellarcyber.xdr {version()}")
    assert_shows(planned, platform=sim.host, scope="all tenants")
    assert list(planned)[:3] == ["report", "platform", "scope"]
    assert planned["started_at"] <= planned["finished_at"]
    suites = ElementTree.parse(folder / "hygiene.xml").getroot()
    assert sum(int(suite.attrib["failures"]) for suite in suites) >= count
    assert "drift" in (folder / "hygiene.md").read_text(encoding="utf-8")
    assert "<svg" in (folder / "hygiene.html").read_text(encoding="utf-8")

    applied = analyst.hygiene(report_dir="reports", max_changes="50%", use_starter_policy=True)
    assert applied.returncode == PASSED, applied.output
    done = analyst.report()
    assert_shows(done, counts=planned["counts"], result="changed", passed=True, mode="apply", changed=True)
    assert [case["changes"] for case in done["case_results"]] == [case["changes"] for case in planned["case_results"]]
    assert sorted(applied.calls) == sorted(
        ["POST access_token", *["GET cases"] * done["requests"]["read"], *["PUT cases/ID"] * count]
    )
    (journal,) = folder.glob("*.journal")
    assert applied.said[-1] == f"To undo: ansible-playbook stellarcyber.xdr.undo -e undo_file={journal}"

    again = analyst.hygiene(report_dir="reports", use_starter_policy=True)
    assert again.returncode == PASSED, again.output
    assert (again.writes, again.changed) == ([], 0)
    assert "To undo" not in again.output
    assert analyst.report()["result"] == "findings"
    assert list(folder.glob("*.journal")) == [journal]

    undone = analyst.undo(undo_file=str(journal.relative_to(analyst.folder)))
    assert undone.returncode == 0, undone.output
    assert undone.said[0] == (
        f"Undo on {sim.host}, all tenants: {count} cases restored, 0 unchanged, 0 skipped, 0 failed"
    )
    assert tags_of_all(sim) == before


def version() -> str:
    return str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])


# -- the policy check -----------------------------------------------------------------------------------------

RESULTS: dict[str, dict[str, Any]] = {
    "compliant": {"case_hygiene_rules": [NOTHING]},
    "findings": {"case_hygiene_rules": [STALE]},
    "drift": {"case_hygiene_rules": [TAGGED]},
    "drift and findings": {"case_hygiene_rules": [TAGGED, STALE]},
    "error": {"case_hygiene_rules": []},
}
CLOSES = {
    "drift": {"drift", "drift and findings", "error"},
    "findings": {"findings", "drift", "drift and findings", "error"},
    "none": {"error"},
}


@pytest.mark.parametrize("mode", ["check", "apply"])
def test_what_fails_the_policy_check(mode: str, play: Callable[..., Run]) -> None:
    if mode == "apply":
        # What was fixed does not fail it.
        closes = {"drift": {"error"}, "findings": {"findings", "drift and findings", "error"}, "none": {"error"}}
    else:
        closes = CLOSES
    combinations = list(itertools.product(closes, RESULTS))
    runs = [
        {
            "block": [
                {
                    "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
                    "vars": {**RESULTS[result], "case_hygiene_fail_on": fail_on},
                }
            ],
            "rescue": [{"ansible.builtin.debug": {"msg": "A failure of the role can be rescued"}}],
            "always": [
                {"ansible.builtin.debug": {"var": "case_hygiene_report"}},
                {"ansible.builtin.include_tasks": "untag.yml", "when": "not ansible_check_mode"},
            ],
        }
        for fail_on, result in combinations
    ]
    run = play(runs, *(["--check"] if mode == "check" else []))
    assert run.returncode == 0, run.output
    reports = [task.result["case_hygiene_report"] for task in run.tasks if "case_hygiene_report" in task.result]
    named = [result.split()[0] for _fail_on, result in combinations]
    if mode == "apply":
        named = ["changed" if result == "drift" else result for result in named]
    assert [report["result"] for report in reports] == named
    assert [report["mode"] for report in reports] == [mode] * len(combinations)
    passed = [result not in closes[fail_on] for fail_on, result in combinations]
    assert [report["passed"] for report in reports] == passed
    checks = [task.kind for task in run.tasks if task.name.endswith("Fail if the policy check did not pass")]
    assert checks == ["ok" if did else "failed" for did in passed]


@pytest.fixture(autouse=True)
def untag(tmp_path: Path) -> None:
    """Tasks that bring back the drift that an applied policy has fixed."""
    task = {"stellarcyber.xdr.stellar_case": {"case_id": CASE, "tags": {"delete": ["seen"]}}}
    (tmp_path / "untag.yml").write_text(yaml.safe_dump([task]), encoding="utf-8")


def test_exit_codes_tell_a_failed_check_from_an_error(analyst: Analyst, sim: Simulator) -> None:
    assert analyst.hygiene("--check", rules=[NOTHING]).returncode == PASSED
    closed = analyst.hygiene("--check", rules=[STALE], fail_on="findings")
    assert closed.returncode == CHECK_FAILED
    wanted = r"The policy check failed: \d+ findings, and case_hygiene_fail_on is findings\."
    assert re.fullmatch(wanted, closed.failure)
    found = {"name": "The vendor's case is seen", "match": TAGGED["match"]}
    single = analyst.hygiene("--check", rules=[TAGGED, found], fail_on="findings")
    assert single.failure == (
        "The policy check failed: 1 case would change, 1 finding, and case_hygiene_fail_on is findings."
    )
    assert single.said[2:] == ["1 would change: The vendor's case is tagged", "1 finding: The vendor's case is seen"]
    assert analyst.hygiene(rules=[TAGGED], fail_on="drift").returncode == PASSED
    sim.fault("status", status=500, times=0)
    asked = analyst.hygiene("--check", "-e", "stellar_retries=0", rules=[TAGGED], fail_on="none")
    assert asked.returncode == ERROR
    assert "HTTP 500" in asked.failure
    assert asked.said == [f"Case hygiene on {sim.host}, all tenants: error"]


@pytest.mark.parametrize("mode", ["--check", "--verbose"])
def test_more_changes_than_allowed(analyst: Analyst, sim: Simulator, mode: str) -> None:
    run = analyst.hygiene(mode, rules=[TAGGED], max_changes=0, report_dir="reports")
    assert run.returncode == CHECK_FAILED
    assert run.failure == (
        "Aborted before the first write: 1 change planned, max_changes is 0. See case_results, or the report. "
        "If the changes are intended, raise max_changes."
    )
    assert not run.writes
    assert run.said[0] == f"Case hygiene on {sim.host}, all tenants: limit"
    assert run.said[1].endswith(" read, 1 planned, not applied, 0 findings, 0 failed, 0 skipped")
    assert run.said[2] == "1 planned, not applied: The vendor's case is tagged"
    report = analyst.report()
    assert_shows(report, result="limit", passed=False, reason=run.failure, error="")
    assert report["counts"]["skipped"] == 1
    # What the failure says to look at
    assert [change["field"] for change in report["case_results"][0]["changes"]] == ["tags"]
    assert not list((analyst.folder / "reports").glob("*.journal"))
    suites = ElementTree.parse(analyst.folder / "reports/hygiene.xml").getroot()
    assert next((suite.attrib["errors"], suite.attrib["failures"]) for suite in suites) == ("0", "1")
    summary = (analyst.folder / "reports/hygiene.md").read_text(encoding="utf-8")
    # Once: the case is planned, and not skipped as well.
    assert "| Cases read | Planned, not applied | Matched, unchanged | Findings | Failed | Skipped |" in summary
    assert "| 1 | 0 | 0 | 0 | 0 |" in summary


def test_a_case_that_fails_hides_no_other(analyst: Analyst, sim: Simulator) -> None:
    rule = {"name": "All new ones are tagged", "match": {"status": ["New"]}, "set": {"tags": {"add": ["seen"]}}}
    before = tags_of_all(sim)
    sim.fault("status", method="PUT", status=422, after=2)
    run = analyst.hygiene("--diff", rules=[rule], report_dir="reports", concurrency=1)
    assert run.returncode == ERROR
    report = analyst.report()
    assert_shows(report, result="error", changed=True, error=run.failure)
    assert (report["counts"]["failed"], report["counts"]["changed"]) == (1, len(run.writes) - 1)
    assert "HTTP 422" in run.failure
    # One line for the failure, not one that holds all cases.
    assert max(map(len, run.output.splitlines())) < 1000
    undone = analyst.undo(undo_file="reports/hygiene.json")
    assert undone.returncode == 0, undone.output
    assert tags_of_all(sim) == before


def test_a_case_that_somebody_works_on_is_skipped(analyst: Analyst, sim: Simulator) -> None:
    edited = {"method": "GET", "path": "/cases/*"}
    sim.edit(CASE, {"severity": "Low"}, user="ohtani@example.com", before=edited)
    run = analyst.hygiene(rules=[TAGGED], recheck_after=0, report_dir="reports")
    assert run.returncode == PASSED, run.output
    assert not run.writes
    assert_shows(analyst.report(), result="skipped", passed=True, changed=False)
    assert run.said[0] == f"Case hygiene on {sim.host}, all tenants: skipped"
    assert run.said[1].endswith(" read, 0 changed, 0 findings, 0 failed, 1 skipped")
    assert run.said[2] == "0 changed, 1 skipped: The vendor's case is tagged"


def test_what_others_changed_is_said_and_in_each_report(analyst: Analyst, sim: Simulator) -> None:
    write = {"method": "PUT", "path": "/cases/*"}
    sim.edit(CASE, {"severity": "High", "status": "Escalated"}, user="ohtani@example.com", before=write)
    rule = {**TAGGED, "set": {"severity": "Low"}}
    run = analyst.hygiene(
        rules=[rule], recheck_after=0, report_dir="reports", report_formats="json,junit,markdown,html"
    )
    assert run.returncode == PASSED, run.output
    folder = analyst.folder / "reports"
    words = "1 case was changed by others; 1 of their values was replaced"
    assert f"{words}, see the report" in run.said
    (result,) = analyst.report()["case_results"]
    assert {edit["field"]: (edit["value"], edit["kept"]) for edit in result["concurrent_changes"]} == {
        "severity": ("High", False),
        "status": ("Escalated", True),
    }
    for name in REPORTS:
        text = html.unescape((folder / name).read_text(encoding="utf-8"))
        assert "ohtani@example.com" in text, name
        assert name == "hygiene.json" or words in text, name


def test_it_says_that_nobody_could_see_what_others_changed(analyst: Analyst, sim: Simulator) -> None:
    sim.fault("status", method="GET", path="/cases/*/activities", status=403)
    run = analyst.hygiene(rules=[TAGGED], recheck_after=0)
    assert run.returncode == PASSED, run.output
    assert "Could not determine whether others changed 1 case, see the report" in run.said


def test_a_killed_run_leaves_reports_that_say_so(analyst: Analyst, sim: Simulator) -> None:
    assert analyst.hygiene("--check", rules=[NOTHING], report_dir="reports").returncode == PASSED
    _code, output = analyst.interrupted(
        lambda process: kill(family(process.pid)), "PUT", rules=[TAGGED], report_dir="reports"
    )
    report = analyst.report()
    assert_shows(report, result="error", passed=False)
    moment = report["started_at"].replace("-", "").replace(":", "")
    journal = re.escape(f"{analyst.folder}/reports/hygiene-{moment}-")
    assert re.fullmatch(
        "The run was interrupted before its end. "
        "If its journal is there, undo what it changed with that; if not, nothing was written: "
        rf"({journal}[0-9a-f]{{6}}\.journal)",
        report["error"],
    )
    assert report["journal"] == report["error"].rpartition(" ")[2]
    # It was shown before the first write.
    assert f"ansible-playbook stellarcyber.xdr.undo -e undo_file={report['journal']}" in output
    run = analyst.undo(undo_file="reports/hygiene.json")
    assert run.failure == (
        f"undo_file: {analyst.folder}/reports/hygiene.json contains nothing to undo: that run failed or was ended, "
        f"and its report names no change, but its journal may: {report['journal']}. "
        "Give the report or the journal of the run to undo."
    )


# -- reports and hostile text -------------------------------------------------------------------------


def test_text_of_cases_stays_text(analyst: Analyst, sim: Simulator) -> None:
    pwned = analyst.folder / "pwned"
    names = [
        f"{{{{ lookup('pipe', 'touch {pwned}') }}}}",
        "<script>alert(1)</script> | @everyone ](javascript:x)",
        "\u202eevil\u0007\x1b[31m & ]]> \"'",
        "{'a': 1}",
    ]
    ids = [f"{number:024x}" for number in range(len(names))]
    sim.add_cases(
        [
            {"_id": case_id, "ticket_id": 5000 + number, "name": name, "status": "New", "tags": ["hostile", name[:40]]}
            for number, (case_id, name) in enumerate(zip(ids, names, strict=True))
        ]
    )
    rules = [
        {"name": "Found", "match": {"tags": {"any": ["hostile"]}}},
        {"name": "Changed", "match": {"tags": {"any": ["hostile"]}}, "set": {"tags": {"delete": ["hostile"]}}},
    ]
    run = analyst.hygiene("-v", "--diff", rules=rules, report_dir="reports")
    assert run.returncode == PASSED, run.output
    report = analyst.report()
    assert [finding["name"] for finding in report["findings"]] == names
    assert [result["name"] for result in report["case_results"]] == names
    assert not any(name in line for name in names for line in run.said)
    page = (analyst.folder / "reports/hygiene.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    root = ElementTree.parse(analyst.folder / "reports/hygiene.xml").getroot()
    assert "<script>alert(1)</script>" in " ".join(test.attrib["name"] for test in root.iter("testcase"))
    undone = analyst.undo("-v", "--diff", undo_file="reports/hygiene.json")
    assert undone.returncode == 0, undone.output
    assert all("hostile" in sim.case(case_id)["tags"] for case_id in ids)
    assert not pwned.exists()


def test_check_mode_of_a_task_is_seen(play: Callable[..., Run], sim: Simulator, tmp_path: Path) -> None:
    role = {"name": "stellarcyber.xdr.case_hygiene"}
    variables = {"case_hygiene_rules": [TAGGED], "case_hygiene_report_dir": str(tmp_path / "reports")}
    tasks = [
        {"ansible.builtin.import_role": role, "check_mode": True, "ignore_errors": True, "vars": variables},
        {"ansible.builtin.debug": {"var": "case_hygiene_report.mode"}},
        {"ansible.builtin.import_role": role, "vars": variables},
        {"ansible.builtin.debug": {"var": "case_hygiene_report.mode"}},
    ]
    run = play(tasks)
    assert run.returncode == 0, run.output
    modes = [
        result["case_hygiene_report.mode"]
        for task in run.tasks
        if "case_hygiene_report.mode" in (result := task.result)
    ]
    assert modes == ["check", "apply"]
    assert len(sim.writes()) == 1


def test_connection_by_variables(analyst: Analyst, sim: Simulator) -> None:
    for name in ("STELLAR_HOST", "STELLAR_USERNAME", "STELLAR_API_KEY", "STELLAR_CA_PATH"):
        del analyst.environment[name]
    values = {
        "stellar_host": sim.host,
        "stellar_username": sim.username,
        "stellar_api_key": sim.api_key,
        "stellar_ca_path": sim.ca_path,
    }
    (analyst.folder / "vault.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
    run = analyst.hygiene("-e", "@vault.yml", "-vvv", "--check", rules=[NOTHING], report_dir="reports")
    assert run.returncode == PASSED, run.output
    assert analyst.report()["platform"] == sim.host
    assert sim.api_key not in run.output


@pytest.mark.parametrize("name", ["hygiene", "undo", "contract"])
def test_playbooks_leave_the_connection_to_the_actions_and_say_who_they_are(name: str) -> None:
    (play,) = yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text(encoding="utf-8"))
    assert "module_defaults" not in play
    assert play["vars"]["stellar__playbook"] == f"stellarcyber.xdr.{name}"


def test_the_summary_and_the_reports_name_the_platform_that_was_used_and_the_tenant(
    analyst: Analyst, sim: Simulator
) -> None:
    tenant = {"cust_name": "Example Clinic", "cust_id": CLINIC_ID}
    analyst.environment["STELLAR_HOST"] = "another.example.com"
    given = ("-e", f"stellar_host={sim.host}", "-e", json.dumps({"stellar_tenant": tenant["cust_name"]}))
    run = analyst.hygiene("--check", *given, rules=[NOTHING], report_dir="reports")
    assert run.returncode == PASSED, run.output
    scope = f"tenant {tenant['cust_name']} ({tenant['cust_id']})"
    assert run.said[0] == f"Case hygiene on {sim.host}, {scope}: compliant"
    assert_shows(analyst.report(), platform=sim.host, scope=scope)
    for name in REPORTS:
        text = (analyst.folder / "reports" / name).read_text(encoding="utf-8")
        assert "another.example.com" not in text, name
        assert scope in html.unescape(text), name


def test_the_name_of_a_tenant_stays_text_in_the_first_line(analyst: Analyst, sim: Simulator) -> None:
    name = "A\u202e\x1b[31m {{ 7*191 }} <b>x</b> ##[error]"
    with requests.Session() as client:
        client.trust_env, client.verify = False, sim.ca_path
        api = f"https://{sim.host}{API}"
        exchanged = client.post(f"{api}access_token", auth=(sim.username, sim.api_key), timeout=30).json()
        client.headers["Authorization"] = f"Bearer {exchanged['access_token']}"
        tenant = client.post(f"{api}tenants", json={"cust_name": name}, timeout=30).json()["data"]["cust_id"]
    run = analyst.hygiene("--check", "-e", f"stellar_tenant={tenant}", rules=[NOTHING], report_dir="reports")
    assert run.returncode == PASSED, run.output
    assert f"on {sim.host}, tenant A " in run.said[0]
    assert "{{ 7*191 }} <b>x</b>" in run.said[0]
    for line in (run.said[0], analyst.report()["scope"]):
        assert hostile_text.steering(line) == []
        assert hostile_text.commands(line) == []
    assert "<b>x</b>" not in (analyst.folder / "reports/hygiene.html").read_text(encoding="utf-8")


def test_reports_name_no_platform_before_it_is_known(analyst: Analyst, sim: Simulator) -> None:
    run = analyst.hygiene("-e", f"stellar_host={sim.host}", rules=[], report_dir="reports")
    assert run.returncode == ERROR
    assert run.said[0] == "Case hygiene: error"
    assert_shows(analyst.report(), platform="", scope="", error=run.failure)
    for name in REPORTS:
        assert sim.host not in html.unescape((analyst.folder / "reports" / name).read_text(encoding="utf-8")), name


def test_journal_where_it_is_wanted(analyst: Analyst) -> None:
    run = analyst.hygiene(rules=[TAGGED], journal="way-back.jsonl")
    assert run.returncode == PASSED, run.output
    assert run.said[-1].endswith(f"undo_file={analyst.folder}/way-back.jsonl")
    none = analyst.hygiene(rules=[{**TAGGED, "set": {"severity": "Low"}}], journal="", report_dir="reports")
    assert none.returncode == PASSED
    assert not list((analyst.folder / "reports").glob("*.journal"))
    assert none.said[-1].endswith(f"undo_file={analyst.folder}/reports/hygiene.json")


def test_every_variable_is_described() -> None:
    (spec,) = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"].values()
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    assert {name: option["default"] for name, option in spec["options"].items() if "default" in option} == defaults


def test_a_module_that_ends_in_a_traceback_is_an_error(analyst: Analyst, tmp_path: Path) -> None:
    installed = tmp_path / "collections/ansible_collections/stellarcyber/xdr"
    for folder in ("meta", "playbooks", "plugins", "roles"):
        shutil.copytree(ROOT / folder, installed / folder)
    shutil.copy(ROOT / "galaxy.yml", installed)
    with (installed / "plugins/module_utils/_run/cases.py").open("a", encoding="utf-8") as file:
        file.write('\n\ndef run_cases(*_arguments, **_named):\n    raise RuntimeError("broken")\n')
    analyst.environment["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path / "collections")
    ran = analyst.hygiene(rules=[TAGGED], report_dir="reports")
    assert ran.returncode == ERROR
    report = analyst.report()
    assert (report["result"], report["passed"], ran.requests) == ("error", False, [])
    assert "broken" in report["error"]
    undone = analyst.undo(undo_file="reports/hygiene.json")
    assert undone.returncode == CHECK_FAILED
    assert "broken" in undone.failure


# -- flapping -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activities_status", [200, 403])
def test_a_change_that_others_undo_each_run_is_flapping(analyst, sim, activities_status):
    """As InSync does: the status is set back after each run."""
    rule = {"name": "The vendor's case is worked on", "match": TAGGED["match"], "set": {"status": "In Progress"}}
    if activities_status != 200:
        sim.switch(activities_status=activities_status)
    analyst.hygiene(report_dir="reports", rules=[rule])
    first = analyst.report()
    assert (first["counts"]["changed"], first["flapping"]) == (1, [])
    (changed,) = first["case_results"]
    before = changed["changes"][0]["before"]
    for arguments in ([], ["--check"]):
        sim.edit(changed["case_id"], {"status": before}, user="ohtani@example.com")
        run = analyst.hygiene(*arguments, report_dir="reports", rules=[rule], fail_on="none")
        assert run.returncode == PASSED, run.output
        (flap,) = analyst.report()["flapping"]
        assert flap == {
            "rule": rule["name"],
            "case_id": changed["case_id"],
            "ticket_id": changed["ticket_id"],
            "field": "status",
            "by": "ohtani@example.com" if activities_status == 200 else None,
        }
        assert f"1 change changed back by others since the last run: {rule['name']}" in run.said
        assert run.calls.count("GET cases/ID/activities") == 1
    # The last report was of a preview.
    run = analyst.hygiene(report_dir="reports", rules=[rule])
    assert analyst.report()["flapping"] == []
    assert "GET cases/ID/activities" not in run.calls

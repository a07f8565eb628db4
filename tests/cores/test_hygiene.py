# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate, its exit codes, reports and undo, on every ansible-core that this machine can install."""

from __future__ import annotations

import json
import re

import pytest

CASE = "62fceb4a48be7776c793a02a"


@pytest.fixture
def terminal(core, simulator, tmp_path):
    """run(playbook, *arguments, **variables): its exit code and its output"""

    def run(playbook, *arguments, **variables):
        given = [f"stellarcyber.xdr.{playbook}", *arguments, "-e", json.dumps(variables)]
        code, output = core.play(simulator, tmp_path, *given)
        return code, f"{core.version}\n{output}"

    return run


def test_gate_reports_and_undo(terminal, simulator, tmp_path):
    pwned = tmp_path / "pwned"
    names = [
        f"{{{{ lookup('pipe', 'touch {pwned}') }}}} vendor",
        "{'a': 1} <script>alert(1)</script> vendor",
    ]
    simulator.reset()
    ids = [f"{number:024x}" for number in range(len(names))]
    simulator.add_cases(
        [{"_id": i, "ticket_id": 5, "name": name, "tags": [name]} for i, name in zip(ids, names, strict=True)]
    )
    rule = {"name": "Vendor", "match": {"name": "vendor$"}, "set": {"tags": {"add": ["seen"]}}, "comment": "Seen"}
    policy = tmp_path / "policy.yml"
    policy.write_text(json.dumps({"title": "{{ 1 + 1 }}", "rules": [rule]}), encoding="utf-8")
    given = {"case_hygiene_policy_file": "policy.yml", "case_hygiene_report_dir": "reports"}

    code, output = terminal("hygiene", "--check", "--diff", **given)
    assert code == 2, output
    assert "The policy check failed: 2 cases would change, and case_hygiene_fail_on is drift." in output, output
    assert f"{{{{ 1 + 1 }}}} on {simulator.host}, all tenants: drift" in output, output
    assert not simulator.writes()

    code, output = terminal("hygiene", **given)
    assert code == 0, output
    assert "2 changed: Vendor" in output, output
    report = json.loads((tmp_path / "reports/hygiene.json").read_text(encoding="utf-8"))
    assert [result["name"] for result in report["case_results"]] == names
    assert {name: report[name] for name in ("report", "mode", "result", "passed", "error")} == {
        "report": 1,
        "mode": "apply",
        "result": "changed",
        "passed": True,
        "error": "",
    }
    assert "&lt;script&gt;" in (tmp_path / "reports/hygiene.html").read_text(encoding="utf-8")
    assert not re.search("WARNING|DEPRECATION", output), output

    code, output = terminal("undo", undo_file="reports/hygiene.json")
    assert code == 0, output
    summary = "2 cases restored, 0 unchanged, 0 skipped, 0 failed"
    assert f"Undo on {simulator.host}, all tenants: {summary}" in output, output
    cases = ", ".join(f"5 ({case_id}, Root Tenant)" for case_id in ids)
    assert f"Restored: {cases}" in output, output
    assert f"Can't be undone: comment of {cases}" in output, output
    assert [simulator.case(i)["tags"] for i in ids] == [[name] for name in names]

    code, output = terminal("undo", undo_file="none.json")
    assert code == 2, output
    assert f"undo_file: {tmp_path}/none.json can't be read: " in output, output
    assert not pwned.exists()


@pytest.mark.parametrize("mode", ["--check", "--verbose"])
def test_planned_cases_over_max_changes_count_once(mode, terminal, simulator, tmp_path):
    """With ansible-core 2.18 a role's numbers become text; counts that are text would all be taken for skipped."""
    simulator.reset()
    before = [simulator.case(one["_id"]) for one in simulator.cases()[:3]]
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["seen"]}}}
    variables = {"rules": [rule], "max_changes": 2, "report_dir": str(tmp_path / "reports")}
    code, output = terminal("hygiene", mode, **{f"case_hygiene_{name}": value for name, value in variables.items()})
    assert code == 2, output
    planned = len(simulator.cases())
    assert planned > 2
    assert f"Aborted before the first write: {planned} changes planned, max_changes is 2. See case_results" in output
    counts = f"{planned} cases read, {planned} planned, not applied, 0 findings, 0 failed, 0 skipped"
    assert counts in output, output
    assert f"{planned} planned, not applied: All" in output, output
    assert not simulator.writes()
    assert [simulator.case(one["_id"]) for one in before] == before

    report = json.loads((tmp_path / "reports/hygiene.json").read_text(encoding="utf-8"))
    assert (report["result"], report["passed"], report["error"]) == ("limit", False, "")
    assert {name: number for name, number in report["counts"].items() if number != 0} == {
        "read": planned,
        "skipped": planned,
    }

    page = (tmp_path / "reports/hygiene.html").read_text(encoding="utf-8")
    tiles = page.partition('<ul class="tiles"')[2].partition("</ul>")[0]
    found = {
        label: int(number.replace(",", "")) for number, label in re.findall("<b>([0-9,]+)</b> ([^<]+)</li>", tiles)
    }
    assert found["planned, not applied"] == planned, found
    assert sum(found.values()) == 2 * planned, f"as read and as planned, and as nothing else: {found}"
    assert '<h2 id="planned">' in page
    assert '<h2 id="skipped">' not in page


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"policy_file": "none.yml"}, "can't be read: No such file or directory."),
        ({"fail_on": "drfit"}, "case_hygiene_fail_on must be one of"),
        ({"rules": [{"name": "{{ nowhere }}", "match": {}}]}, "'nowhere' is undefined"),
        ({"max_changes": "{{ nowhere }}"}, "'nowhere' is undefined"),
        ({"max_changes": None}, "case_hygiene_max_changes has no value: give a number (50) or a percentage (10%), or "),
        ({"rules": None}, "case_hygiene_rules has no value: give a list of rules, or leave it out for the "),
        ({"policy_file": ""}, "case_hygiene_policy_file has no value: give the path of a policy, or leave it out for "),
        ({"report_dir": None}, "case_hygiene_report_dir"),
        ({"report_dir": "/dev/null"}, "case_hygiene_report_dir: can't write reports in /dev/null"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_error_has_another_exit_code(variables, message, terminal, simulator):
    simulator.reset()
    code, output = terminal("hygiene", **{f"case_hygiene_{name}": value for name, value in variables.items()})
    assert code == 4, output
    assert message in output, output
    assert not simulator.requests()

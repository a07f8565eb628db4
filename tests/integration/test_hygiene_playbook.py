# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook hygiene in others' hands: no variable stands for its result, and no run that did nothing passes."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hygiene import CHECK_FAILED, ERROR, NOTHING, PASSED, TAGGED, Analyst, Played
from tests.integration.many import case
from tests.integration.playbook import ROOT
from tests.simulator.process import Simulator
from tests.simulator.sample import CLINIC_ID

pytestmark = pytest.mark.slow

EARLIER = {"report": 1, "result": "compliant", "verdict": "clean", "passed": True, "reason": "", "error": ""}


# -- a caller's variable never stands for a result --------------------------------------------------------

STANDING_FOR_A_RESULT = {
    "an earlier report": {"case_hygiene_report": EARLIER},
    "a slip for _report_dir": {"case_hygiene_report": "reports"},
    "a private name": {"case_hygiene__run": {"report": EARLIER, "summary": []}},
}


@pytest.mark.parametrize("mode", ["--check", "--verbose"])
@pytest.mark.parametrize("name", STANDING_FOR_A_RESULT)
def test_a_result_that_is_given_is_refused(name: str, mode: str, analyst: Analyst) -> None:
    given = STANDING_FOR_A_RESULT[name]
    run = analyst.hygiene(mode, "-e", json.dumps(given), rules=[TAGGED])
    assert run.returncode == ERROR, run.output
    assert run.failure == (
        f"The variable {next(iter(given))}: was given by -e, or as an artefact of an earlier job, and would hide the "
        "result. Remove it. To choose the folder of the reports, set case_hygiene_report_dir."
    )
    assert run.requests == []


@pytest.mark.parametrize("name", STANDING_FOR_A_RESULT)
@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("how", ["include_role", "import_role", "block", "roles"])
def test_a_result_that_a_play_gives_is_refused(
    how: str, validate: bool, name: str, analyst: Analyst, sim: Simulator
) -> None:
    """As parameters of the role they outrank what a task registers."""
    given = STANDING_FOR_A_RESULT[name]
    variables = {"case_hygiene_rules": [TAGGED], **given}
    role = {"name": "stellarcyber.xdr.case_hygiene", "rolespec_validate": validate}
    task: dict[str, Any] = {f"ansible.builtin.{'include_role' if how == 'block' else how}": role, "vars": variables}
    if how == "block":
        task = {"block": [{key: value for key, value in task.items() if key != "vars"}], "vars": variables}
    play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    if how == "roles":
        play = {**play, "tasks": [], "roles": [{"role": "stellarcyber.xdr.case_hygiene", **variables}]}
    (analyst.folder / "given.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    run = analyst.play("given.yml")
    assert run.returncode == 2, run.output
    assert f"The variable {next(iter(given))}" in run.output or "Validation of arguments failed" in run.output
    assert sim.requests() == []


def test_a_report_of_the_inventory_is_replaced_and_a_folder_in_its_place_refused(analyst: Analyst) -> None:
    inventory = analyst.folder / "hosts.yml"
    for value, code in ((EARLIER, CHECK_FAILED), ("reports", ERROR)):
        hosts = {"all": {"hosts": {"localhost": {"case_hygiene_report": value}}}}
        inventory.write_text(yaml.safe_dump(hosts), encoding="utf-8")
        run = analyst.hygiene("--check", "-i", "hosts.yml", rules=[TAGGED])
        assert run.returncode == code, run.output


# -- a run that did nothing does not pass -----------------------------------------------------------------

LEFT_OUT: dict[str, list[str]] = {
    "limit": ["--limit", "wbe"],
    "limit to another group": ["-i", "web.ini", "--limit", "web"],
    "hosts that are not there": ["-e", "hygiene_hosts=wbe"],
    "hosts that are not there, with an inventory": ["-i", "web.ini", "-e", "hygiene_hosts=wbe"],
    "limit leaves the hosts out": ["-i", "web.ini", "-e", "hygiene_hosts=web", "--limit", "db"],
    "no hosts": ["-e", "hygiene_hosts="],
    "one of the hosts is misspelled": ["-i", "web.ini", "-e", "hygiene_hosts=w1,typo"],
    "one of the limit is misspelled": ["-i", "web.ini", "-e", "hygiene_hosts=web", "--limit", "w1:typo"],
}


@pytest.fixture
def inventory(analyst: Analyst) -> None:
    (analyst.folder / "web.ini").write_text("[web]\nw1\n[db]\nd1\n", encoding="utf-8")


@pytest.mark.usefixtures("inventory")
@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_play_without_hosts_is_an_error(name: str, analyst: Analyst) -> None:
    run = analyst.hygiene(*LEFT_OUT[name], rules=[TAGGED])
    assert run.returncode not in (PASSED, CHECK_FAILED), run.output
    assert "A host would not run this play, so not all would be checked" in run.output
    assert run.requests == []


@pytest.mark.usefixtures("inventory")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--tags", "typo"],
        ["--skip-tags", "untagged"],
        ["--limit", "localhost"],
        ["-i", "web.ini", "-e", "hygiene_hosts=web"],
        ["-i", "web.ini", "-e", "hygiene_hosts=web", "--limit", "w1"],
        ["-i", "web.ini", "-e", "hygiene_hosts=web:&w*"],
        ["-i", "web.ini", "-e", "hygiene_hosts=all:!db", "--limit", "!d1"],
    ],
    ids=" ".join,
)
def test_tags_and_limits_leave_nothing_out(arguments: list[str], analyst: Analyst) -> None:
    run = analyst.hygiene("--check", *arguments, rules=[TAGGED])
    assert run.returncode == CHECK_FAILED, run.output


def test_tags_of_the_environment_leave_nothing_out(analyst: Analyst) -> None:
    analyst.environment["ANSIBLE_RUN_TAGS"] = "typo"
    assert analyst.hygiene("--check", rules=[TAGGED]).returncode == CHECK_FAILED


# -- wherever it runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables", [{"ansible_connection": "httpapi"}, {"ansible_become": True, "ansible_become_method": "nowhere"}]
)
def test_the_inventorys_way_to_a_host_is_not_used(variables: dict[str, Any], analyst: Analyst) -> None:
    hosts = {"all": {"hosts": {"localhost": variables}}}
    (analyst.folder / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    assert analyst.hygiene("-i", "hosts.yml", rules=[NOTHING]).returncode == PASSED
    assert analyst.hygiene("-i", "hosts.yml", "--check", rules=[TAGGED]).returncode == CHECK_FAILED
    assert analyst.hygiene("-i", "hosts.yml", rules=[]).returncode == ERROR


def test_a_host_for_each_tenant_has_reports_and_a_journal_of_its_own(analyst: Analyst, sim: Simulator) -> None:
    hosts = {
        "clinic": {"stellar_tenant": "Example Clinic"},
        "example": {"stellar_tenant": "Example Tenant"},
        "third": {"stellar_tenant": "Example Clinic"},
    }
    (analyst.folder / "hosts.yml").write_text(yaml.safe_dump({"soc": {"hosts": hosts}}), encoding="utf-8")
    rule = {"name": "All are tagged", "match": {}, "set": {"tags": {"add": ["{{ inventory_hostname }}"]}}}
    before = {case["_id"]: case["cust_id"] for case in sim.cases()}
    run = analyst.play(
        "stellarcyber.xdr.hygiene",
        *("-i", "hosts.yml", "-e", "hygiene_hosts=soc"),
        case_hygiene_rules=[rule],
        case_hygiene_report_dir="reports",
        case_hygiene_max_changes="100%",
    )
    assert run.returncode == PASSED, run.output
    reports = analyst.folder / "reports"
    assert {folder.name for folder in reports.iterdir()} == set(hosts)
    for host in hosts:
        assert len(list((reports / host).glob("*.journal"))) == 1
    tagged = {name: {case["_id"] for case in sim.cases() if name in case["tags"]} for name in hosts}
    clinic = {case_id for case_id, cust_id in before.items() if cust_id == CLINIC_ID}
    assert tagged["clinic"] == tagged["third"] == clinic
    assert tagged["example"]
    assert not tagged["example"] & clinic


def test_the_role_in_a_loop_over_item(sim: Simulator, tmp_path: Path) -> None:
    analyst = Analyst(sim, tmp_path)
    include = {
        "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
        "loop": ["red", "blue"],
        "vars": {"case_hygiene_rules": [TAGGED], "case_hygiene_report_dir": "reports/{{ item }}"},
    }
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [include]}]
    (tmp_path / "loop.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
    run = analyst.play("loop.yml")
    assert run.returncode == 0, run.output
    results = [
        json.loads((tmp_path / f"reports/{name}/hygiene.json").read_text())["result"] for name in ("red", "blue")
    ]
    assert results == ["changed", "compliant"]


# -- what is left of a run --------------------------------------------------------------------------------


def test_the_command_to_undo_can_be_pasted(analyst: Analyst, sim: Simulator) -> None:
    before = sim.cases()
    run = analyst.hygiene(rules=[TAGGED], report_dir="My 'Jobs'; \"x\"")
    assert run.returncode == PASSED, run.output
    assert run.said[-1] == "To undo: see the command above"
    (command,) = re.findall(r"^To undo: (.*)$", run.output, re.MULTILINE)
    # In a shell, from another folder
    undone = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=analyst.environment | {"PATH": f"{ROOT}/.venv/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert [case["tags"] for case in sim.cases()] == [case["tags"] for case in before]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_ctrl_c_ends_with_the_command_that_undoes_the_run(method: str, analyst: Analyst) -> None:
    code, output = analyst.interrupted(
        lambda process: process.send_signal(signal.SIGINT), method, rules=[TAGGED], report_dir="reports"
    )
    assert code not in (PASSED, CHECK_FAILED)
    journal = analyst.report()["error"].rpartition(" ")[2]
    command = f"ansible-playbook stellarcyber.xdr.undo -e undo_file={journal}"
    if method == "PUT":
        assert f"If this run is interrupted, undo its changes with: {command}" in output
        assert output.splitlines()[-1] == f"The run was interrupted. Undo its changes with: {command}"
    else:
        # Nothing was written.
        assert command not in output


def last_line(run: Played) -> str:
    lines = run.output[: run.output.index("PLAY RECAP")].strip().splitlines()
    return lines[-1]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"rules": [TAGGED], "max_chagnes": 1}, "Did you mean case_hygiene_max_changes?"),
        ({"rules": [TAGGED], "fail_on": "drift"}, "The policy check failed: 1 case would change"),
        ({"rules": [TAGGED], "max_changes": 0}, "Aborted before the first write: 1 change planned"),
        ({"policy_file": "none.yml"}, "can't be read"),
    ],
    ids=["misspelt", "failed check", "limit", "no file"],
)
def test_the_last_line_is_the_error(variables: dict[str, Any], words: str, analyst: Analyst) -> None:
    run = analyst.hygiene("--check", **variables)
    assert words in last_line(run), run.output
    # Once, and Ansible's own line about a failed task; what is long is not repeated.
    assert run.output.count(words) <= 2
    assert max(map(len, run.output.splitlines())) < 500


def test_a_time_out_of_the_task_is_an_error(analyst: Analyst, sim: Simulator) -> None:
    sim.fault("stall", times=0, path="/cases*")
    analyst.environment["ANSIBLE_TASK_TIMEOUT"] = "3"
    run = analyst.hygiene(rules=[TAGGED], report_dir="reports")
    assert run.returncode == ERROR, run.output
    assert re.match("The policy could not be evaluated: ", run.failure)
    assert analyst.report()["result"] == "error"


def test_a_task_timeout_ends_the_writes_and_names_the_undo(analyst: Analyst, sim: Simulator) -> None:
    sim.reset(seed=[case(number) for number in range(200)])
    before = {record["_id"]: record["tags"] for record in sim.cases()}
    sim.latency(100)
    analyst.environment["ANSIBLE_TASK_TIMEOUT"] = "4"
    rule = {"name": "All", "match": {}, "set": {"tags": {"add": ["seen"]}}}
    run = analyst.hygiene(rules=[rule], max_changes="100%", concurrency=2, report_dir="reports")
    assert run.returncode == ERROR
    writes = len(run.writes)
    assert 0 < writes < 200
    found = re.search(r"Undo what it changed with: (ansible-playbook .*)$", run.failure)
    assert found, run.failure
    sim.latency(0)
    time.sleep(1)
    assert len(sim.writes()) == writes
    del analyst.environment["ANSIBLE_TASK_TIMEOUT"]
    undone = analyst.play(*shlex.split(found[1])[1:])
    assert undone.returncode == PASSED, undone.output
    assert {record["_id"]: record["tags"] for record in sim.cases()} == before

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection written once, in variables: every module, the lookup, the role and the playbooks read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import canaries
from tests.integration.many import CLINIC_ID, EXAMPLE_TENANT_ID, case
from tests.integration.playbook import CASE, ROOT, calls, clean_environment, run_playbook

pytestmark = pytest.mark.slow

CONNECTION = ("host", "username", "api_key", "ca_path")
NO_ENVIRONMENT = tuple(f"STELLAR_{name.upper()}" for name in CONNECTION)
LOOKUP = "query('stellarcyber.xdr.stellar_cases', 'October-event', result='ids')"
INFO = "stellarcyber.xdr.stellar_case_info"
ROLE = {"ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"}}
PASSWORD = "a vault password"


@pytest.fixture
def vaulted(sim, tmp_path):
    """A folder for playbooks with group_vars/all/stellar.yml: the connection, the key of it vaulted in place."""
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    (tmp_path / "group_vars/all").mkdir(parents=True)
    key = ansible_vault(tmp_path, "encrypt_string", "--name", "stellar_api_key", sim.api_key)
    rest = {f"stellar_{name}": getattr(sim, name) for name in CONNECTION if name != "api_key"}
    (tmp_path / "group_vars/all/stellar.yml").write_text(yaml.safe_dump(rest) + key, encoding="utf-8")
    return tmp_path


def ansible_vault(directory, *arguments):
    command = [Path(sys.executable).parent / "ansible-vault", *arguments, "--vault-password-file", "password"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout


def play(sim, directory, tasks, *arguments, **more):
    return run_playbook(
        sim,
        directory,
        tasks,
        "--vault-password-file",
        str(directory / "password"),
        *arguments,
        without=NO_ENVIRONMENT,
        **more,
    )


def test_a_play_without_any_connection_option(sim, vaulted):
    rules = [{"name": "Mark", "match": {"tags": {"any": ["October-event"]}}, "set": {"tags": {"add": ["marked"]}}}]
    reports = {"case_hygiene_rules": rules, "case_hygiene_report_dir": str(vaulted / "reports")}
    run = play(
        sim,
        vaulted,
        [
            {"name": "lookup", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " }}"}},
            {
                "name": "loop",
                "stellarcyber.xdr.stellar_case": {"case_id": "{{ item }}", "severity": "Low"},
                "loop": "{{ " + LOOKUP + " }}",
            },
            {"name": "info", INFO: {"case_id": [CASE]}},
            {"name": "as a module", INFO: {"case_id": [CASE]}, "environment": {"ANY": "thing"}},
            {"name": "async", INFO: {"case_id": [CASE]}, "async": 60, "poll": 1},
            {
                "name": "role",
                "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
                "vars": reports,
            },
            {
                "name": "module undo",
                "stellarcyber.xdr.stellar_cases": {"undo_file": str(vaulted / "reports/hygiene.json")},
                "check_mode": True,
            },
        ],
        "-vvvv",
        "--diff",
        play={"vars": {"ansible_async_dir": str(vaulted)}},
    )
    assert run.returncode == 0, run.output
    by_name = {task.name: task for task in run.tasks}
    marked = [entry for entry in sim.cases() if "marked" in entry["tags"]]
    assert len(by_name["lookup"].result["msg"]) == len(marked) > 1
    assert {entry["severity"] for entry in marked} == {"Low"}
    for name in ("info", "as a module", "async"):
        assert by_name[name].result["cases"][0]["_id"] == CASE
        assert (by_name[name].result["platform"], by_name[name].result["scope"]) == (sim.host, "all tenants")
    assert by_name["module undo"].result["counts"]["changed"] == len(marked)


def test_the_playbooks(sim, vaulted):
    """Group variables beside the playbook are not beside the collection's: an inventory has them, or -e."""
    inventory = vaulted / "inventory"
    inventory.write_text("", encoding="utf-8")
    rules = [{"name": "Mark", "match": {"tags": {"any": ["phishing"]}}, "set": {"tags": {"add": ["marked"]}}}]
    given = {"case_hygiene_rules": rules, "case_hygiene_report_dir": str(vaulted / "reports")}
    env = {k: v for k, v in clean_environment(sim).items() if k not in NO_ENVIRONMENT}

    def playbook(name, *arguments):
        done = subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                f"stellarcyber.xdr.{name}",
                *("-i", inventory, "--vault-password-file", vaulted / "password", "-v", *arguments),
            ],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        canaries.assert_none(canaries.of(sim), done.stdout + done.stderr, where="output of ansible-playbook")
        assert done.returncode == 0, done.stdout + done.stderr

    playbook("hygiene", "-e", json.dumps(given))
    marked = [entry for entry in sim.cases() if "marked" in entry["tags"]]
    assert marked
    playbook("undo", "-e", f"undo_file={vaulted / 'reports/hygiene.json'}")
    assert not [entry for entry in sim.cases() if "marked" in entry["tags"]]


LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@pytest.mark.parametrize("way", ["stellar_cases", "loop", "role", "delegate_to"])
def test_two_hosts_of_two_tenants(sim, vaulted, way):
    """Each works on its own tenant's cases only, at the same time."""
    tenants = {"red": EXAMPLE_TENANT_ID, "blue": CLINIC_ID}
    hosts = {name: {**LOCAL, "stellar_tenant": tenant} for name, tenant in tenants.items()}
    (vaulted / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    seed = [case(number, cust_id=list(tenants.values())[number % 2], tags=["old"]) for number in range(8)]
    sim.reset(seed=[*seed, case(9, cust_id="", tags=["old"])])
    rules = [{"name": "Mark", "match": {}, "set": {"tags": {"add": ["by {{ inventory_hostname }}"]}}}]
    mark = {"stellarcyber.xdr.stellar_cases": {"rules": rules}}
    tasks = {
        "stellar_cases": mark,
        "delegate_to": {**mark, "delegate_to": "localhost"},
        "loop": {
            "stellarcyber.xdr.stellar_case": {
                "case_id": "{{ item }}",
                "tags": {"add": ["by {{ inventory_hostname }}"]},
            },
            "loop": "{{ query('stellarcyber.xdr.stellar_cases', 'old', result='ids') }}",
        },
        "role": {**ROLE, "vars": {"case_hygiene_rules": rules}},
    }
    inventory = str(vaulted / "inventory.yml")
    run = play(sim, vaulted, [tasks[way]], "-i", inventory, "--forks", "2", play={"hosts": "all"})
    assert run.returncode == 0, run.output
    by_tenant = {entry["cust_id"]: entry["tags"] for entry in sim.cases()}
    assert by_tenant == {
        EXAMPLE_TENANT_ID: ["old", "by red"],
        CLINIC_ID: ["old", "by blue"],
        "": ["old"],
    }
    if way != "role":
        scopes = {task.result["scope"] for task in run.tasks if "scope" in task.result}
        scopes |= {item["scope"] for task in run.tasks for item in task.result.get("results", [])}
        assert scopes == {f"tenant Example Tenant ({EXAMPLE_TENANT_ID})", f"tenant Example Clinic ({CLINIC_ID})"}


@pytest.mark.parametrize("option", ["api_key", "access_token", "proxy"])
def test_a_failing_template_shows_no_secret(sim, vaulted, option):
    """What Ansible says of a template that fails may quote the value."""
    variable = f"stellar_{option}"
    tasks = []
    for number, template in enumerate(
        (
            "{{ {}[stellar_secret_key] }}",
            "{{ stellar_secret_key.no_such }}",
            "{{ stellar_secret_key | no_such_filter }}",
            "{{ stellar_secret_key | from_json }}",
            "{{ stellar_secret_key | int + '' }}",
            "{{ lookup('ansible.builtin.file', stellar_secret_key) }}",
            "{{ [stellar_secret_key] }}",
            "{{ {'key': stellar_secret_key} }}",
            "{{ stellar_secret_key }} {{ stellar_secret_key }}",
            "{{ query('stellarcyber.xdr.stellar_cases', host=stellar_secret_key) }}",
        )
    ):
        for name, task in (
            ("module", {INFO: {"case_id": [CASE]}}),
            ("lookup", {"ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " }}"}}),
        ):
            tasks.append({"name": f"{name} {number}", **task, "vars": {variable: template}, "ignore_errors": True})
    run = play(sim, vaulted, tasks, "-vvvv", "--diff", secret_vars={"stellar_secret_key": sim.api_key})
    assert len(run.tasks) == len(tasks)
    for task in run.tasks:
        assert task.kind == "failed", task.name
        assert calls(task.requests) == []


def test_a_wrong_vault_password_is_said(sim, vaulted):
    (vaulted / "password").write_text("another", encoding="utf-8")
    run = play(sim, vaulted, [{INFO: {"case_id": [CASE]}}])
    message = run[0].result["msg"]
    assert "api_key, from the variable stellar_api_key, can't be decrypted. Check --vault-password-file" in message
    assert run[0].requests == []

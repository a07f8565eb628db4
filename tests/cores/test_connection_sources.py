# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tests/connection_table.py for the options that matter most, on every ansible-core."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
import yaml

from tests.connection_table import KINDS, MODULES, Cell, cells, judge, value
from tests.integration.playbook import CASE, ROOT, Task, calls

OPTIONS = ("tenant", "host", "validate_certs", "api_key")


def test_task_module_defaults_and_variable(core, simulator, tmp_path):
    table = cells(OPTIONS, (*MODULES, "lookup"))
    roles = cells(OPTIONS, ("role",), ("module_defaults", "variable"))
    tasks = [*(cell.task() for cell in table), *(cell.role() for cell in roles)]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    record = tmp_path / "record.jsonl"
    recording = {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "PYTHONPATH": str(ROOT),
        "RECORD_FILE": str(record),
        "RECORD_SIMULATOR": json.dumps({"host": simulator.host, "ca_path": simulator.ca_path}),
    }
    simulator.reset()
    code, output = replace(core, env={**core.env, **recording}).play(simulator, tmp_path, "playbook.yml")
    assert code == 0, f"{core.version}\n{output[-5000:]}"
    entries = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    judge([*table, *roles], [Task(e["kind"], e["task"], e["result"], e["requests"]) for e in entries])


# A run that changes cases needs a policy.
STARTER = ("-e", "case_hygiene_use_starter_policy=true")
MODES = [pytest.param(True, id="check"), pytest.param(False, id="real")]


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("option", OPTIONS)
def test_the_playbook_hygiene(core, simulator, tmp_path, option, check):
    """With a host for each kind of value, whose variable it is: one run of Ansible instead of six."""
    hosts = {kind.replace(" ", "-"): {f"stellar_{option}": value(option, kind)} for kind in KINDS}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    simulator.reset()
    simulator.clear_requests()
    mode = ("--check",) if check else ()
    arguments = ("-i", "hosts.yml", "-e", "hygiene_hosts=all", *STARTER, "--forks", "1", *mode)
    code, output = core.play(simulator, tmp_path, "stellarcyber.xdr.hygiene", *arguments)
    assert code == 4, f"{core.version}\n{output}"
    failures = dict(re.findall(r"fatal: \[([a-z-]+)\]: UNREACHABLE! => (\{.*\})", output))
    assert set(failures) == set(hosts), f"{core.version}\n{output}"
    sent = calls(simulator.requests())
    for kind in KINDS:
        message = json.loads(failures[kind.replace(" ", "-")])["msg"]
        # Only a tenant's name may ask the platform, and it is for one of the hosts only.
        of_kind = sent if (option, kind) == ("tenant", "misspelt") else []
        said = Cell(option, kind, "variable", "hygiene", check).verdict(True, message, of_kind)
        assert not said, f"{core.version} {kind}: {said}"
    assert option == "tenant" or sent == []


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("option", OPTIONS)
def test_the_playbook_undo(core, simulator, tmp_path, option, check):
    simulator.reset()
    for kind in KINDS:
        simulator.clear_requests()
        given = {f"stellar_{option}": value(option, kind), "undo_file": undo_file(tmp_path, simulator)}
        mode = ("--check",) if check else ()
        code, output = core.play(simulator, tmp_path, "stellarcyber.xdr.undo", *mode, "-e", json.dumps(given))
        assert code == 2, f"{core.version} {kind}\n{output}"
        cell = Cell(option, kind, "variable", "undo", check)
        said = cell.verdict(True, " ".join(output.split()), calls(simulator.requests()))
        assert not said, f"{core.version} {kind}: {said}"


def undo_file(directory, simulator):
    file = directory / "undo.json"
    report = {"report": 1, "platform": simulator.host, "undo": [{"case_id": CASE, "severity": "Low"}]}
    file.write_text(json.dumps(report), encoding="utf-8")
    return str(file)


# -e, and what each playbook in turn says of it
TAKEN_FOR_VARIABLES = {
    "tenant=Example": "The variable tenant: was given by -e, and the playbook stellarcyber.xdr.PLAYBOOK does not",
    "host=red": "The variable host: was given by -e",
    "api_key=1234567890abcdef": "The variable api_key: was given by -e",
    "stellar_tenent=Example": "The variable stellar_tenent: is unknown, and nearly the name of stellar_tenant",
}


def test_what_the_playbooks_do_not_read(core, simulator, tmp_path):
    simulator.reset()
    simulator.clear_requests()
    undo = f"undo_file={undo_file(tmp_path, simulator)}"
    for (given, wanted), playbook in zip(TAKEN_FOR_VARIABLES.items(), ("hygiene", "undo") * 2, strict=True):
        name = f"stellarcyber.xdr.{playbook}"
        code, output = core.play(simulator, tmp_path, name, "-e", given, "-e", undo, *STARTER)
        assert code in (2, 4), f"{core.version} {playbook} {given}\n{output}"
        said = " ".join(output.split())
        assert wanted.replace("PLAYBOOK", playbook) in said, f"{core.version} {playbook}\n{output}"
    assert simulator.requests() == []

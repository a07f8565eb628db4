# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tests/connection_table.py for the options that matter most, on every ansible-core."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from tests.connection_table import KINDS, MODULES, Cell, cells, judge, value
from tests.integration.playbook import CASE, ROOT, Task, calls

OPTIONS = ("tenant", "host", "validate_certs", "api_key")


def test_task_module_defaults_and_variable(core, simulator, tmp_path):
    # In check mode and really, in turn: tests/integration has both of each.
    table = [
        cell
        for cell in cells(OPTIONS, (*MODULES, "lookup"))
        if cell.reader == "lookup" or cell.check is (KINDS.index(cell.kind) % 2 == 0)
    ]
    roles = [Cell(option, kind, "variable", "role", True) for option in OPTIONS for kind in KINDS]
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


@pytest.mark.parametrize("option", OPTIONS)
def test_the_playbooks(core, simulator, tmp_path, option):
    """In turn by playbook, and in check mode and really; tests/long has all of them with one ansible-core."""
    simulator.reset()
    for number, kind in enumerate(KINDS):
        simulator.clear_requests()
        playbook = ("hygiene", "undo")[number % 2]
        given = {f"stellar_{option}": value(option, kind), "undo_file": undo_file(tmp_path, simulator)}
        mode = ("--check",) if number % 3 else ()
        code, output = core.play(simulator, tmp_path, f"stellarcyber.xdr.{playbook}", *mode, "-e", json.dumps(given))
        assert code in (2, 4), f"{core.version} {kind}\n{output}"
        cell = Cell(option, kind, "variable", playbook, bool(mode))
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
        code, output = core.play(simulator, tmp_path, name, "-e", given, "-e", undo)
        assert code in (2, 4), f"{core.version} {playbook} {given}\n{output}"
        said = " ".join(output.split())
        assert wanted.replace("PLAYBOOK", playbook) in said, f"{core.version} {playbook}\n{output}"
    assert simulator.requests() == []

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tests/connection_table.py for the options that matter most, on every ansible-core."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.connection_table import KINDS, MODULES, Cell, cells, is_error, value
from tests.integration.playbook import calls

OPTIONS = ("tenant", "host", "validate_certs", "api_key")


@pytest.mark.parametrize("option", OPTIONS)
def test_task_module_defaults_and_variable(core, simulator, tmp_path, option):
    table = cells((option,), (*MODULES, "lookup"))
    tasks = [{**cell.task(), "register": f"cell_{number}"} for number, cell in enumerate(table)]
    names = [f"cell_{number}" for number in range(len(table))]
    registered = {name: "{{ " + name + ".msg | default('') }}" for name in names}
    failed = {name: "{{ " + name + " is failed }}" for name in names}
    keep = {
        "name": "Keep all",
        "ansible.builtin.copy": {
            "content": "{{ {'messages': messages, 'failed': failed} | to_json }}",
            "dest": str(tmp_path / "seen.json"),
            "mode": "0600",
        },
        "vars": {"messages": registered, "failed": failed},
    }
    simulator.reset()
    simulator.clear_requests()
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, keep]}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    code, output = core.play(simulator, tmp_path, "playbook.yml")
    assert code == 0, f"{core.version}\n{output[-5000:]}"
    seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
    wrong = {}
    for number, cell in enumerate(table):
        name = f"cell_{number}"
        has_failed = str(seen["failed"][name]) == "True"
        # Requests are counted for all cells together, below.
        sent = [] if has_failed else ["any"]
        said = cell.verdict(has_failed, str(seen["messages"][name]), sent)
        if said:
            wrong[cell.name] = said
    assert not wrong, f"{core.version}\n" + "\n".join(f"{name}: {said[:300]}" for name, said in wrong.items())
    # A name of a tenant is looked up; nothing else of the table reaches the platform.
    assert set(calls(simulator.requests())) <= (
        {"POST access_token", "GET tenants", "GET cases/ID"} if option == "tenant" else set()
    )


@pytest.mark.parametrize("option", OPTIONS)
def test_the_environment_and_the_playbooks(core, simulator, tmp_path, option):
    """One value a kind, in turn by playbook, by source, in check mode and really."""
    simulator.reset()
    ways = 0
    for number, kind in enumerate(KINDS):
        simulator.clear_requests()
        playbook = ("hygiene", "undo")[number % 2]
        (tmp_path / "undo.json").write_text('[{"case_id": "62fceb4a48be7776c793a02a", "severity": "Low"}]')
        given = {f"stellar_{option}": value(option, kind), "undo_file": "undo.json"}
        mode = ("--check",) if number % 3 else ()
        code, output = core.play(simulator, tmp_path, f"stellarcyber.xdr.{playbook}", *mode, "-e", json.dumps(given))
        assert is_error(option, kind)
        assert code in (2, 4), f"{core.version} {kind}\n{output}"
        cell = Cell(option, kind, "variable", playbook, bool(mode))
        said = cell.verdict(True, " ".join(output.split()), calls(simulator.requests()))
        assert not said, f"{core.version} {kind}: {said}"
        ways += 1
    assert ways == len(KINDS)


def test_what_the_playbooks_do_not_read(core, simulator, tmp_path):
    simulator.reset()
    simulator.clear_requests()
    (tmp_path / "undo.json").write_text('[{"case_id": "62fceb4a48be7776c793a02a", "severity": "Low"}]')
    for playbook in ("hygiene", "undo"):
        for given, wanted in (
            ("tenant=Example", "The variable tenant: was given by -e, and the playbook stellarcyber.xdr.%s does not"),
            ("host=red", "The variable host: was given by -e"),
            ("api_key=1234567890abcdef", "The variable api_key: was given by -e"),
            (
                "stellar_tenent=Example",
                "The variable stellar_tenent: is unknown, and nearly the name of stellar_tenant",
            ),
        ):
            code, output = core.play(
                simulator, tmp_path, f"stellarcyber.xdr.{playbook}", "-e", given, "-e", "undo_file=undo.json"
            )
            said = re.sub(r"\s+", " ", output)
            assert code in (2, 4), f"{core.version} {playbook} {given}\n{output}"
            assert (wanted % playbook if "%s" in wanted else wanted) in said, f"{core.version} {playbook}\n{output}"
    assert simulator.requests() == []

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that an attacker chose passes through as text, on every ansible-core that this machine can install."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import yaml

from tests.simulator.process import start

CASE = "62fceb4a48be7776c793a02a"


@pytest.fixture(scope="module")
def simulator():
    with start() as running:
        yield running


def texts(pwned):
    return [
        "{{ lookup('pipe','touch PWNED') }}".replace("PWNED", str(pwned)),
        "{% set x = lookup('pipe','touch PWNED') %}{# gone #}{{ x }}".replace("PWNED", str(pwned)),
        "!unsafe {{ 1 + 1 }} <script>alert(1)</script> | upper",
    ]


def test_hostile_text_stays_text(core, simulator, tmp_path):
    pwned = tmp_path / "pwned"
    for text in texts(pwned):
        simulator.reset()
        simulator.put_case(CASE, name=text, tags=["hostile", text])
        tasks = [
            {
                "stellarcyber.xdr.stellar_case": {"case_id": CASE, "severity": "High", "comment": "Seen"},
                "register": "changed_case",
                "diff": True,
            },
            {
                "stellarcyber.xdr.stellar_case_info": {"case_id": [CASE], "include": ["activities", "summary"]},
                "register": "found",
            },
            {"ansible.builtin.debug": {"msg": "{{ changed_case.case.name }}"}, "register": "from_module"},
            {"ansible.builtin.debug": {"msg": "{{ found.cases[0].name }}"}, "register": "from_info"},
            {
                "ansible.builtin.debug": {"msg": "{{ item.name }}"},
                "loop": "{{ query('stellarcyber.xdr.stellar_cases', 'hostile') }}",
                "register": "from_lookup",
            },
            {
                # Text that came from the platform, written back: by the module's options, that Ansible templates.
                "stellarcyber.xdr.stellar_case": {
                    "case_id": CASE,
                    "name": "{{ found.cases[0].name }} again",
                    # the way to be rid of a tag that a query could not name
                    "tags": {"set": ["{{ found.cases[0].tags[0] }}"]},
                },
                "register": "written",
            },
            {
                "ansible.builtin.copy": {
                    "content": "{{ [from_module.msg, from_info.msg, from_lookup.results[0].msg, written.case.name] "
                    "| to_json }}",
                    "dest": str(tmp_path / "seen.json"),
                    "mode": "0600",
                }
            },
        ]
        playbook = tmp_path / "playbook.yml"
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        done = subprocess.run(
            [core.ansible_playbook, playbook, "-v"],
            cwd=tmp_path,
            env={**core.env, **simulator.env()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{core.version}\n{done.stdout}{done.stderr}"
        assert "WARNING" not in done.stdout + done.stderr
        assert json.loads((tmp_path / "seen.json").read_text(encoding="utf-8")) == [text, text, text, f"{text} again"]
        assert simulator.case(CASE)["name"] == f"{text} again"
        assert simulator.case(CASE)["tags"] == ["hostile"]
        assert not os.path.exists(pwned)


def test_check_mode_and_idempotence(core, simulator, tmp_path):
    simulator.reset()
    simulator.clear_requests()
    change = {"case_id": CASE, "status": "Escalated", "assignee": "soc-lead@example.com", "tags": {"add": ["x"]}}
    tasks = [
        {"stellarcyber.xdr.stellar_case": change, "check_mode": True, "register": "check"},
        {"stellarcyber.xdr.stellar_case": change, "register": "real"},
        {"stellarcyber.xdr.stellar_case": change, "register": "again"},
        {
            "ansible.builtin.assert": {
                "that": [
                    "check is changed",
                    "real is changed",
                    "again is not changed",
                    "check.diff == real.diff",
                    f"query('stellarcyber.xdr.stellar_cases', 'x', result='ids') == ['{CASE}']",
                ]
            }
        },
    ]
    playbook = tmp_path / "playbook.yml"
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/stellarcyber.xdr.stellar": {"timeout": 20}},
        "tasks": tasks,
    }
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    done = subprocess.run(
        [core.ansible_playbook, playbook, "--diff"],
        cwd=tmp_path,
        env={**core.env, **simulator.env()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{core.version}\n{done.stdout}{done.stderr}"
    assert len(simulator.writes()) == 1

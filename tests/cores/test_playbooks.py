# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that an attacker chose passes through as text, on every ansible-core that this machine can install."""

from __future__ import annotations

import json

import yaml

CASE = "62fceb4a48be7776c793a02a"


HOSTILE = [
    "{{ lookup('pipe','touch PWNED') }}",
    "{% set x = lookup('pipe','touch PWNED') %}{# gone #}{{ x }}",
    "!unsafe {{ 1 + 1 }} <script>alert(1)</script> | upper",
]
TASKS = """
- name: Change the cases
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item }}"
    severity: High
    comment: Seen
  diff: true
  loop: "{{ ids }}"
  register: changed_cases
- name: Read the cases
  stellarcyber.xdr.stellar_case_info:
    case_id: "{{ ids }}"
    include: [activities, summary]
  register: found
- name: Show what the module returned
  ansible.builtin.debug:
    msg: "{{ item.case.name }}"
  loop: "{{ changed_cases.results }}"
  register: from_module
- name: Show what the info module returned
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: "{{ found.cases }}"
  register: from_info
- name: Show what the lookup returned
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: "{{ query('stellarcyber.xdr.stellar_cases', 'hostile') }}"
  register: from_lookup
- name: Write text of the platform back through options, which Ansible templates
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item._id }}"
    name: "{{ item.name }} again"
    tags:
      set: ["{{ item.tags[0] }}"]
  loop: "{{ found.cases }}"
  register: written
- name: Keep what was shown
  ansible.builtin.copy:
    content: "{{ [from_module, from_info, from_lookup] | map(attribute='results') | list | to_json }}"
    dest: "{{ seen }}"
    mode: "0600"
"""


def run(core, simulator, directory, tasks, *arguments, **variables):
    playbook = directory / "playbook.yml"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
    # The connection's timeout comes from the action group.
    play["module_defaults"] = {"group/stellarcyber.xdr.stellar": {"timeout": 20}}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    code, output = core.play(simulator, directory, playbook, *arguments)
    assert code == 0, f"{core.version}\n{output}"
    assert "WARNING" not in output, f"{core.version}\n{output}"
    return output


def test_hostile_text_stays_text(core, simulator, tmp_path):
    pwned, seen = tmp_path / "pwned", tmp_path / "seen.json"
    names = [text.replace("PWNED", str(pwned)) for text in HOSTILE]
    ids = [f"{number:024x}" for number in range(len(names))]
    simulator.reset()
    simulator.add_cases(
        [
            {"_id": case_id, "ticket_id": 5000 + number, "name": name, "tags": ["hostile", name], "severity": "Low"}
            for number, (case_id, name) in enumerate(zip(ids, names, strict=True))
        ]
    )
    output = run(core, simulator, tmp_path, yaml.safe_load(TASKS), "-v", ids=ids, seen=str(seen))
    for shown in json.loads(seen.read_text(encoding="utf-8")):
        assert sorted(result["msg"] for result in shown) == sorted(names)
    for case_id, name in zip(ids, names, strict=True):
        assert simulator.case(case_id)["name"] == f"{name} again"
        assert simulator.case(case_id)["tags"] == ["hostile"]
    assert "{{ 1 + 1 }}" in output
    assert not pwned.exists()


def test_check_mode_and_idempotence(core, simulator, tmp_path):
    simulator.reset()
    simulator.clear_requests()
    change = {"case_id": CASE, "status": "Escalated", "assignee": "soc-lead@example.com", "tags": {"add": ["x"]}}
    conditions = [
        "check is changed",
        "real is changed",
        "again is not changed",
        "check.diff == real.diff",
        f"query('stellarcyber.xdr.stellar_cases', 'x', result='ids') == ['{CASE}']",
    ]
    tasks = [
        {"stellarcyber.xdr.stellar_case": change, "check_mode": True, "register": "check"},
        {"stellarcyber.xdr.stellar_case": change, "register": "real"},
        {"stellarcyber.xdr.stellar_case": change, "register": "again"},
        {"ansible.builtin.assert": {"that": conditions}},
    ]
    run(core, simulator, tmp_path, tasks, "--diff")
    assert len(simulator.writes()) == 1


def test_the_contract_of_the_installed_collection(core, simulator, tmp_path):
    simulator.reset()
    simulator.clear_requests()
    where = f"contract_dir={tmp_path / 'out'}"
    code, output = core.play(simulator, tmp_path, "stellarcyber.xdr.contract", "-e", where)
    assert code == 0, f"{core.version}\n{output}"
    assert "WARNING" not in output, f"{core.version}\n{output}"
    document = json.loads((tmp_path / "out/contract.json").read_text(encoding="utf-8"))
    assert document["made_by"].startswith(f"stellarcyber.xdr 0.1.0, ansible-core {core.version}")
    assert document["counts"]["confirmed"] > 40
    assert (tmp_path / "out/contract.md").read_text(encoding="utf-8").startswith("# What the platform does\n")
    assert simulator.writes() == []

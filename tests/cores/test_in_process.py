# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On every ansible-core, a loop in process can't be told from a loop of modules, but by its one token."""

from __future__ import annotations

import base64
import json
import re

import yaml

IDS = [f"{number:024x}" for number in range(4)]
HOSTILE = "{{ lookup('pipe','touch PWNED') }}{% raw %} <b>\u202e\u0007"
TASKS = """
- name: A change, a warning, a hostile name, the key as a name, an unknown case, a bad id, and no change
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item }}"
    severity: High
    description: "{{ 'New' if item == ids[0] else omit }}"
    tags:
      add: ["{{ item }}", 1, true]
  loop: "{{ ids + ['f' * 20, 'no id!', ids[1]] }}"
  register: looped
- ansible.builtin.debug:
    var: looped
- name: In check mode
  stellarcyber.xdr.stellar_case:
    case_id: "{{ ids[0] }}"
    severity: Low
  check_mode: true
  register: result
- ansible.builtin.debug:
    msg: "{{ result.case.severity }} {{ result.invocation | default('none') }}"
- name: A warning that counts as a failure
  stellarcyber.xdr.stellar_case:
    case_id: "{{ ids[0] }}"
    description: New
  register: result
  failed_when: result.warnings | default([]) | length == 1
- name: Read them
  stellarcyber.xdr.stellar_case_info:
    case_id: "{{ ids }}"
    include: [scores, activities]
  register: found
- ansible.builtin.debug:
    msg: "{{ found.cases | map(attribute='name') | list }} {{ found.cases[1] }}"
- name: What the argument spec refuses
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item.id | default(omit) }}"
    severity: "{{ item.severity | default(omit) }}"
    tags: "{{ item.tags | default(omit) }}"
  loop: [{severity: Low}, {id: a, severity: Bad}, {id: a, tags: {}}, {id: a, tags: {addd: [x]}}, {id: a, tags: x}]
- name: Until it can be read
  stellarcyber.xdr.stellar_case_info:
    case_id: ["{{ ids[3] }}"]
    retries: 0
  register: result
  until: result is success
  delay: 0
- name: Not to be logged
  stellarcyber.xdr.stellar_case:
    case_id: "{{ ids[0] }}"
    severity: Medium
  no_log: true
- name: An error for a rescue
  block:
    - stellarcyber.xdr.stellar_case:
        case_id: "{{ 'f' * 20 }}"
        severity: Low
      ignore_errors: false
  rescue:
    - ansible.builtin.debug:
        var: ansible_failed_result
"""


def run(core, simulator, directory, environment):
    """-> (what Ansible prints, the numbers of requests by method)"""
    pair = base64.b64encode(f"{simulator.username}:{simulator.api_key}".encode()).decode()
    names = ["A case", HOSTILE.replace("PWNED", str(directory / "pwned")), f"{simulator.api_key} {pair}", "Another"]
    simulator.reset()
    simulator.add_cases(
        [{"_id": id_, "ticket_id": n, "name": name} for n, (id_, name) in enumerate(zip(IDS, names, strict=True), 5000)]
    )
    simulator.fault("status", status=500, method="GET", path=f"/cases/{IDS[0]}/scores", times=0)
    simulator.fault("status", status=500, method="GET", path=f"/cases/{IDS[3]}", times=2, after=2)
    simulator.clear_requests()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "ignore_errors": True,
        "environment": "{{ way }}",
        "vars": {"ids": IDS},
        "tasks": yaml.safe_load(TASKS),
    }
    (directory / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    given = ["playbook.yml", "-v", "--diff", "-e", json.dumps({"way": environment})]
    code, output = core.play(simulator, directory, *given)
    assert code == 0, f"{core.version}\n{output}"
    assert not (directory / "pwned").exists()
    methods = [entry["method"] for entry in simulator.requests()]
    return re.sub(r"\b1[789]\d{11}\b", "now", output), {method: methods.count(method) for method in methods}


def said(output):
    """What Ansible prints, but for the word that says what failed, and a mark that 2.22 leaves on modules' results."""
    lines = output.replace("Module failed", "Action failed").splitlines()
    return [line for line in lines if '"ansible_parsed": true' not in line]


def test_both_ways_are_equal(core, simulator, tmp_path):
    here, here_requests = run(core, simulator, tmp_path, {})
    module, module_requests = run(core, simulator, tmp_path, {"ANY": "thing"})
    assert said(here) == said(module)
    # A token each for the loop, five tasks that reach the platform, and one that is tried three times.
    assert here_requests.pop("POST") == 7
    assert module_requests.pop("POST") == 14
    assert here_requests == module_requests

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection from variables, on every ansible-core: vaulted, for each host, delegated, asynchronous, in a role."""

from __future__ import annotations

import subprocess

import yaml

from tests.integration.many import CLINIC_ID, EXAMPLE_TENANT_ID, case

CONNECTION = ("host", "username", "api_key", "ca_path")
RULES = [{"name": "Mark", "match": {}, "set": {"tags": {"add": ["by {{ inventory_hostname }}"]}}}]
TASKS = """
- name: Change all cases
  stellarcyber.xdr.stellar_cases:
    rules: "{{ rules }}"
- name: Read them, delegated
  stellarcyber.xdr.stellar_case_info:
    tags: ["by {{ inventory_hostname }}"]
  delegate_to: localhost
  register: delegated
- name: Read them later
  stellarcyber.xdr.stellar_case_info:
    tags: ["by {{ inventory_hostname }}"]
  async: 60
  poll: 1
  register: asynchronous
- name: Run the role
  ansible.builtin.include_role:
    name: stellarcyber.xdr.case_hygiene
  vars:
    case_hygiene_rules: "{{ rules }}"
- name: Compare
  ansible.builtin.assert:
    that:
      - delegated.count == 4
      - asynchronous.count == 4
      - query('stellarcyber.xdr.stellar_cases', 'by ' ~ inventory_hostname, result='ids') | length == 4
      - stellar_tenant in delegated.scope
      - stellar_tenant in asynchronous.scope
      - stellar_tenant in case_hygiene_report.scope
"""


def test_two_hosts_of_two_tenants(core, simulator, tmp_path):
    tenants = {"red": EXAMPLE_TENANT_ID, "blue": CLINIC_ID}
    simulator.reset(seed=[case(number, cust_id=list(tenants.values())[number % 2], tags=[]) for number in range(8)])
    (tmp_path / "password").write_text("a vault password", encoding="utf-8")
    (tmp_path / "group_vars/all").mkdir(parents=True)
    encrypt = [core.bin / "ansible-vault", "encrypt_string", "--vault-password-file", "password"]
    vaulted = subprocess.run(
        [*encrypt, "--name", "stellar_api_key", simulator.api_key],
        cwd=tmp_path,
        env=core.env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rest = {f"stellar_{name}": getattr(simulator, name) for name in CONNECTION if name != "api_key"}
    (tmp_path / "group_vars/all/stellar.yml").write_text(yaml.safe_dump(rest) + vaulted, encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {name: {**local, "stellar_tenant": tenant} for name, tenant in tenants.items()}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    variables = {"rules": RULES, "ansible_async_dir": str(tmp_path / "async")}
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": yaml.safe_load(TASKS)}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    without = tuple(name for name in simulator.env() if name.startswith("STELLAR_"))
    arguments = ("playbook.yml", "-i", "inventory.yml", "--forks", "2", "--vault-password-file", "password", "-vvvv")
    code, output = core.play(simulator, tmp_path, *arguments, without=without)
    assert code == 0, f"{core.version}\n{output[-8000:]}"
    by_tenant = {(entry["cust_id"], *entry["tags"]) for entry in simulator.cases()}
    assert by_tenant == {(EXAMPLE_TENANT_ID, "by red"), (CLINIC_ID, "by blue")}

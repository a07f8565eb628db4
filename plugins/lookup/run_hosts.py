# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_hosts
short_description: Return a host pattern, or fail if no host would run
version_added: 0.1.0
description:
  - A play whose hosts do not exist, or are left out by C(--limit), does nothing, and C(ansible-playbook) ends with exit
    code 0. A check that did not run would pass.
  - In the keyword C(hosts) of a play, this lookup makes an error of it. The playbooks of this collection use it.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
options:
  _terms:
    description: A host pattern, as C(hosts) has it.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Check the cases
  hosts: "{{ lookup('stellarcyber.xdr.run_hosts', 'soc') }}"
  gather_facts: false
  roles:
    - stellarcyber.xdr.case_hygiene
"""

RETURN = r"""
_raw:
  description: The pattern.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[str]:
        patterns = [str(term) for term in self._flatten(terms)]
        variables = variables or {}
        limit = variables.get("ansible_limit")
        manager = InventoryManager(loader=self._loader, parse=False)
        for group, hosts in variables.get("groups", {}).items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        # Not an empty one, which would stand for no limit.
        manager.subset(limit or None)
        for pattern in patterns:
            if not pattern.strip() or not manager.get_hosts(pattern):
                left_out = f", or --limit {limit} leaves it out" if limit else ""
                raise AnsibleError(
                    f"No host would run this play, so nothing would be checked: the inventory has no host "
                    f"{pattern!r}{left_out}. Correct the host, or leave --limit out."
                )
        return patterns

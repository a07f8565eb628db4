# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_hosts
short_description: Return a host pattern, or fail if one of its hosts would not run
version_added: 0.1.0
description:
  - Ansible only warns about a host that does not exist, or that C(--limit) leaves out. The play then skips it, and
    C(ansible-playbook) ends with exit code 0. A check that did not run would pass.
  - In the keyword C(hosts) of a play, this lookup turns the warning into an error. The playbooks of this collection use
    it.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
options:
  _terms:
    description: A host pattern, as in C(hosts).
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
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[str]:
        patterns = [str(term) for term in self._flatten(terms)]
        variables = variables or {}
        limit = variables.get("ansible_limit") or ""
        manager = InventoryManager(loader=self._loader, parse=False)
        for group, hosts in variables.get("groups", {}).items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        for pattern in [*patterns, limit]:
            # Ansible only warns about a pattern without a host.
            for part in split_host_pattern(pattern):
                if part[:1] not in ("!", "&", "@") and not manager.get_hosts(part):
                    raise AnsibleError(f"{_NOTHING} the inventory has no host {part!r}. Correct its name.")
        manager.subset(limit or None)
        for pattern in patterns:
            if not pattern.strip():
                raise AnsibleError(f"{_NOTHING} the host pattern is empty. Give one.")
            if not manager.get_hosts(pattern):
                raise AnsibleError(f"{_NOTHING} --limit leaves {pattern!r} out. Give another limit, or none.")
        return patterns


_NOTHING = "A host would not run this play, so not all would be checked:"

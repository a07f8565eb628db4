# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes that all modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return a truthful prediction without changing anything.
  diff_mode:
    description: Returns what changed, or would change, in diff mode.
  idempotent:
    description: Running it again with the same options changes nothing more.
  action_group:
    description: Use C(group/stellarcyber.xdr.stellar) in C(module_defaults) to set options for every module.
    support: full
    membership:
      - stellarcyber.xdr.stellar
"""

    INFO = r"""
attributes:
  check_mode:
    support: full
    details: Reads only.
  diff_mode:
    support: N/A
    details: Changes nothing.
  idempotent:
    support: full
    details: Reads only.
"""

    IN_PROCESS = r"""
attributes:
  action:
    description: Has a corresponding action plugin, so that it can run on the controller.
    support: full
    details:
      - The action fills in the variables C(stellar_<option>). Where the module would run on the controller, with the
        Python that Ansible itself runs with, the action does its work in Ansible's own process. A loop then takes about
        10 ms for an item beside its API requests, and one access token and one connection for all items.
      - "That is so on the implicit localhost, and on a host with C(ansible_connection: local) and
        C(ansible_python_interpreter: {{ ansible_playbook_python }}), unless the task has C(become), C(async) or
        C(environment)."
"""

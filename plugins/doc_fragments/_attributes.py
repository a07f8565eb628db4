# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes that all modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode. It then predicts the changes, and changes nothing.
  diff_mode:
    description: Will return details on what has changed, or would change in check mode, when in diff mode.
  idempotent:
    description: When run again with the same options, changes nothing.
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
      - The action reads the variables C(stellar_<option>). If the module would run on the controller with Ansible's own
        Python, the action runs its code in Ansible's own process. Then each item of a loop takes about 10 ms beside its
        API requests, and all items share one access token and one connection.
      - "This applies to the implicit localhost, and to a host with C(ansible_connection: local) and
        C(ansible_python_interpreter: {{ ansible_playbook_python }}). It does not apply to a task with C(become),
        C(async) or C(environment)."
"""

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a virtual module that is entirely implemented as an action plugin and runs on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: no_verdict
short_description: End a playbook so that its exit code says that a gate could not decide
version_added: 0.1.0
description:
  - Ends the play for the host as unreachable. C(ansible-playbook) then exits with 4, where a failed task gives 2. It
    prints C(UNREACHABLE!), although nothing is wrong with the network, so say that in the message.
  - "A pipeline can so tell a gate that is closed from a gate that could not be asked. The playbook
    C(stellarcyber.xdr.hygiene) uses it: 0 means passed, 2 means that the gate is closed, and anything else means that
    there is no verdict."
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
attributes:
  check_mode:
    description: Runs in check mode as it does otherwise.
    support: full
  diff_mode:
    description: Has no differences to show.
    support: none
options:
  msg:
    description: What the user is told.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Gate on a policy, and exit with 4 if there is no verdict
  block:
    - name: Run the policy
      ansible.builtin.import_role:
        name: stellarcyber.xdr.case_hygiene
  always:
    - name: Exit with 4 if there is no verdict
      stellarcyber.xdr.no_verdict:
        msg: The gate could not decide. (Unreachable is how Ansible ends with exit code 4.)
      when: case_hygiene_report.verdict | default('error') == 'error'
"""

RETURN = r"""
"""

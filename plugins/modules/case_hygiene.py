# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a virtual module that is entirely implemented as an action plugin and runs on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: case_hygiene
short_description: Evaluate the policy of the role case_hygiene and write its reports
version_added: 0.1.0
description:
  - The role P(stellarcyber.xdr.case_hygiene#role) consists of this module. Use the role.
  - It reads the variables of the role, checks them, applies the policy by M(stellarcyber.xdr.stellar_cases), and writes
    the reports on the controller. An error does not fail the task; the report contains it.
  - With O(result), it fails if the policy check of an earlier task did not pass.
extends_documentation_fragment:
  - stellarcyber.xdr._connection
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
attributes:
  check_mode:
    description: Evaluates the policy, and changes no case.
    support: full
  diff_mode:
    description: Shows what is changed, or would be changed in check mode.
    support: full
options:
  result:
    description:
      - The result of an earlier task of this module. The task then evaluates nothing, and fails with the reason if the
        policy check did not pass.
      - In the playbook C(stellarcyber.xdr.hygiene), a policy that could not be evaluated ends C(ansible-playbook) with
        exit code 4, and Ansible shows the host as unreachable.
    type: dict
seealso:
  - module: stellarcyber.xdr.stellar_cases
"""

EXAMPLES = r"""
- name: Apply the policy and write the reports
  stellarcyber.xdr.case_hygiene:
  register: hygiene

- name: Fail if the policy check did not pass
  stellarcyber.xdr.case_hygiene:
    result: "{{ hygiene }}"
"""

RETURN = r"""
report:
  description: The report, as in C(hygiene.json). docs/policy.md describes it.
  type: dict
  returned: without O(result)
  sample: {report: 1, platform: myserver.stellarcyber.cloud, scope: all tenants, result: compliant, passed: true}
error:
  description: The error of M(stellarcyber.xdr.stellar_cases), as RV(stellarcyber.xdr.stellar_cases#module:error).
  type: dict
  returned: if M(stellarcyber.xdr.stellar_cases) failed
summary:
  description: The summary of the report, in a few lines.
  type: list
  elements: str
  returned: without O(result)
  sample: ["Case hygiene on myserver.stellarcyber.cloud, all tenants: compliant"]
"""

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a virtual module that is entirely implemented as an action plugin and runs on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: case_policy
short_description: Read the policy file of case hygiene
version_added: 0.1.0
description:
  - Reads a YAML file with rules for M(stellarcyber.xdr.stellar_cases). The role P(stellarcyber.xdr.case_hygiene#role)
    uses it.
  - The file is data. Templates in it are not evaluated, so that a policy can do no more than its rules say.
  - All values but V(null), lists and dictionaries are returned as the text that stands in the file, such as V(0123),
    V(no) or a date. The options of the rules make numbers and booleans of them. A key that is there twice is an error.
  - A file that C(ansible-vault) encrypted is decrypted with the vault passwords of the run.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
attributes:
  check_mode:
    description: Reads only, in check mode as otherwise.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
options:
  path:
    description:
      - The file, on the controller. A relative path begins where C(ansible-playbook) was started.
      - Its key C(rules) is a list of rules. The keys C(title) and C(description) are texts and may be absent.
      - Either this or O(variables) is required.
    type: path
  variables:
    description:
      - Names of variables of the role P(stellarcyber.xdr.case_hygiene#role), which are checked first. One that is
        given and null, blank or impossible to evaluate is an error.
    type: list
    elements: str
seealso:
  - module: stellarcyber.xdr.stellar_cases
"""

EXAMPLES = r"""
- name: Read the policy
  stellarcyber.xdr.case_policy:
    path: policy.yml
  register: read

- name: Apply it
  stellarcyber.xdr.stellar_cases:
    rules: "{{ read.policy.rules }}"
"""

RETURN = r"""
path:
  description: The absolute path of the file.
  type: str
  returned: success, with O(path)
  sample: /home/analyst/soc/policy.yml
policy:
  description: What is in it.
  type: dict
  returned: success, with O(path)
  sample: {title: Our queue, rules: [{name: Nothing stays New for a week, match: {status: [New], older_than: 7d}}]}
"""

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_case_info
short_description: Read cases of a Stellar Cyber platform
version_added: 0.1.0
description:
  - Reads cases by id, by ticket number, or by a query. With O(include) it also reads their alerts, history, and so on.
  - Reads all pages. Without ids and filters, it reads all cases that the key can see.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.info
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._query
  - stellarcyber.xdr._match
options:
  case_id:
    description: The ids of cases. Can't be combined with filters.
    type: list
    elements: str
  ticket_id:
    description:
      - The ticket numbers of cases. Can't be combined with filters.
      - A number that matches cases of several tenants returns all of them, unless O(tenant) selects one.
    type: list
    elements: int
  tags:
    description: Cases with at least one of these tags.
    type: list
    elements: str
  include:
    description:
      - The parts of a case to read for each case. Each part takes one API request; alerts take one for each 50.
      - Each part becomes a key of the case. The key is V(null) if the part can't be read; the other parts are returned,
        and RV(include_errors) has the reason.
    type: list
    elements: str
    choices: [alerts, observables, summary, comments, activities, scores]
  count_only:
    description:
      - Return RV(count) only, and RV(counted_by) and RV(unusable).
      - With no other filters than O(status) and O(tags), it takes one API request for each O(status), or two if there
        are 20 matches or more. The platform's own total is used only if a second request confirms it.
      - With other filters, and on platforms without such a total, the cases are read and counted.
    type: bool
    default: false
seealso:
  - module: stellarcyber.xdr.stellar_case
  - plugin: stellarcyber.xdr.stellar_cases
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: One case with its history
  stellarcyber.xdr.stellar_case_info:
    ticket_id: [67535]
    include: [comments, activities]
  register: found

- name: Open, unassigned critical cases of the last week
  stellarcyber.xdr.stellar_case_info:
    status: [New, In Progress]
    severity: [Critical]
    assignee: [""]
    created_after: 7d
  register: unassigned

- name: Fail if there are any
  ansible.builtin.assert:
    that: unassigned.count == 0
    fail_msg: "Unassigned: {{ unassigned.cases | map(attribute='ticket_id') | join(', ') }}"

- name: What a rule of the policy matches today
  stellarcyber.xdr.stellar_case_info:
    match: "{{ (lookup('ansible.builtin.file', 'policy.yml') | from_yaml).rules[0].match }}"
  register: matched

- name: How many cases of the October event are closed
  stellarcyber.xdr.stellar_case_info:
    tags: [October-event]
    status: [Resolved, Cancelled]
    count_only: true
  register: closed
"""

RETURN = r"""
platform:
  description: The platform, as RV(stellarcyber.xdr.stellar_case#module:platform).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: The scope, as RV(stellarcyber.xdr.stellar_case#module:scope).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: tenant Example Tenant (6aeb2aae7d8d4ef0820136f42d107db4)
cases:
  description:
    - The cases, in the order of the ids, or sorted by O(sort) and O(order).
    - Each has the fields of RV(stellarcyber.xdr.stellar_case#module:case), and the keys of O(include).
  returned: when O(count_only=false)
  type: list
  elements: dict
  contains:
    alerts:
      description: Its alerts, as dicts with C(_id), C(_index) and C(_source).
      type: list
      elements: dict
      returned: when included
    observables:
      description: Its observables, lists by kind (C(host), C(user), C(file) and others).
      type: dict
      returned: when included
      sample: {user: [{username: ohtani}]}
    summary:
      description: The platform's summary of it.
      type: str
      returned: when included
      sample: "Involved 1 users: ohtani"
    comments:
      description: Its comments, as dicts with C(comment), C(user) and C(created_at) in epoch milliseconds.
      type: list
      elements: dict
      returned: when included
    activities:
      description:
        - Its history, as dicts with C(timestamp) in epoch milliseconds, C(action), C(field), C(from), C(to), C(user).
      type: list
      elements: dict
      returned: when included
    scores:
      description: The history of its score, as dicts with C(timestamp) in epoch milliseconds and C(reasons).
      type: list
      elements: dict
      returned: when included
count:
  description: The number of cases.
  returned: always
  type: int
  sample: 1
counted_by:
  description:
    - How RV(count) is known. V(total) is the platform's own number, which was confirmed by reading the first and the
      last of the cases.
    - V(reading) means that each case was read.
  returned: when O(count_only=true)
  type: str
  sample: total
unusable:
  description:
    - The records of the platform's list that could not be used, and are not counted. A record is not of the shape of a
      case, or does not have a field that a filter or O(sort) needs, or O(match) could not be decided for it.
    - There is a warning for each. If none of the cases can be used, the task fails.
  returned: always
  type: list
  elements: dict
  sample: []
  contains:
    case_id:
      description: The id of the case. V(null) if the record has no valid id.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    msg:
      description: The reason.
      type: str
      returned: always
      sample: "Could not use a record without a valid id of the platform's list of cases: must be an object, got null."
truncated:
  description: Whether O(limit) cut off further matches.
  returned: when O(count_only=false)
  type: bool
  sample: false
missing:
  description: The ids and ticket numbers that match no case (HTTP 404 or 410, or an empty answer).
  returned: when O(count_only=false)
  type: list
  elements: raw
  sample: []
include_errors:
  description: The parts of O(include) that could not be read.
  returned: when O(count_only=false)
  type: list
  elements: dict
  contains:
    case_id:
      description: The id of the case.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    include:
      description: The part that could not be read.
      type: str
      returned: always
      sample: summary
    msg:
      description: The reason.
      type: str
      returned: always
      sample: HTTP 500
error:
  description: The error, see RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
requests:
  description: The number of API requests that were sent, see RV(stellarcyber.xdr.stellar_case#module:requests).
  returned: success
  type: dict
  sample: {read: 1, write: 0, retry: 0}
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(CASE_INFO, run_case_info)


if __name__ == "__main__":
    main()

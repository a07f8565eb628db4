# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_case_info
short_description: Read cases of a Stellar Cyber platform
version_added: 0.1.0
description:
  - Reads cases by id, by ticket number, or by a query, and on demand what belongs to them.
  - All pages are read. Without ids and filters these are all cases that the key can see.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.info
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._query
options:
  case_id:
    description: The ids of cases. Can't be combined with filters.
    type: list
    elements: str
  ticket_id:
    description:
      - The ticket numbers of cases. Can't be combined with filters.
      - A number that stands for cases of several tenants gives all of them, unless O(tenant) decides.
    type: list
    elements: int
  tags:
    description: Cases with at least one of these tags.
    type: list
    elements: str
  include:
    description:
      - What to read for each case, one call for each (alerts one for each 50).
      - It becomes a key of the case. If one can't be read it is V(null), the rest is there, and RV(include_errors) says
        why.
    type: list
    elements: str
    choices: [alerts, observables, summary, comments, activities, scores]
  count_only:
    description:
      - Return RV(count) only. Takes one call for each combination of O(status) and O(severity) if the matches fit into
        a page of 500, and two if not, but no other filters than O(status) and O(tags) are used; else the cases are read
        and counted.
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

- name: Open critical cases of the last week that nobody has
  stellarcyber.xdr.stellar_case_info:
    status: [New, In Progress]
    severity: [Critical]
    assignee: [""]
    created_after: 7d
  register: unowned

- name: Fail if there are any
  ansible.builtin.assert:
    that: unowned.count == 0
    fail_msg: "Without an owner: {{ unowned.cases | map(attribute='ticket_id') | join(', ') }}"

- name: How many cases of the October event are closed
  stellarcyber.xdr.stellar_case_info:
    tags: [October-event]
    status: [Resolved, Cancelled]
    count_only: true
  register: closed
"""

RETURN = r"""
platform:
  description: The host and port of the platform, the port only if it isn't 443.
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: V(all tenants), or the tenant that the task was limited to, by its name and id as far as they are known.
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: tenant Example Tenant (6aeb2aae7d8d4ef0820136f42d107db4)
cases:
  description:
    - The cases as the platform gives them, in the order of the ids, or sorted as asked.
    - Each may have further fields, and has the keys of O(include).
    - A field whose name begins with C(_ansible_) or C(__ansible_), at any depth, has C(stellar) before its name, since
      Ansible would drop it or take it for its own. Half of a surrogate pair, which can't be printed, is C(?).
  returned: when O(count_only=false)
  type: list
  elements: dict
  contains:
    _id:
      description: Its id.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    ticket_id:
      description: The number that people see.
      type: int
      returned: always
      sample: 67535
    name:
      description: Its name. It may hold text that an attacker chose.
      type: str
      returned: always
      sample: Carbon Black:XDR Endpoint Indicator of Threat and 16 others
    status:
      description: Its status.
      type: str
      returned: always
      sample: New
    severity:
      description: Its severity.
      type: str
      returned: always
      sample: Medium
    assignee:
      description: The id of who has it, V("") for nobody.
      type: str
      returned: always
      sample: 826ef6979788454297c85cbba4a51c08
    tags:
      description: Its tags.
      type: list
      elements: str
      returned: always
      sample: [October-event]
    cust_id:
      description: The id of its tenant, V("") on a platform without tenants.
      type: str
      returned: always
      sample: 6aeb2aae7d8d4ef0820136f42d107db4
    created_at:
      description: When it was created, in epoch milliseconds.
      type: int
      returned: always
      sample: 1660742474343
    modified_at:
      description: When it was last changed, in epoch milliseconds.
      type: int
      returned: always
      sample: 1660835991789
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
      description: What the platform says of it.
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
truncated:
  description: Whether O(limit) cut off further matches.
  returned: when O(count_only=false)
  type: bool
  sample: false
missing:
  description: The ids and ticket numbers that name no case (HTTP 404, or nothing found).
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
      description: The case.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    include:
      description: The part.
      type: str
      returned: always
      sample: summary
    msg:
      description: Why.
      type: str
      returned: always
      sample: HTTP 500
error:
  description: What failed, see RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
requests:
  description: How many requests were sent, retries included.
  returned: success
  type: dict
  contains:
    read:
      description: Requests that read.
      type: int
    write:
      description: Requests that write.
      type: int
    retry:
      description: Requests that were retries.
      type: int
  sample: {read: 1, write: 0, retry: 0}
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(CASE_INFO, run_case_info)


if __name__ == "__main__":
    main()

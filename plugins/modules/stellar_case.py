# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_case
short_description: Bring a Stellar Cyber case to a declared state
version_added: 0.1.0
description:
  - Reads one case, compares it with the state that the task declares, and updates it only if they differ.
  - An option that is left out is not managed.
  - "Calls to the platform: one for an access token, one to read the case, one to update it if needed. One more reads
    the users if O(assignee) is an e-mail or a user name. Two more post a O(comment) and read the case after it. With
    O(if_unmodified_since), one more reads the case's history after the update."
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(description) can be written, but no known version of the platform gives it back. As long as it does not, a
        task with it writes it and reports a change in each run, and warns.
      - Where the key may not read the users, an O(assignee) given otherwise than the platform shows it is written in
        each run, with a warning.
options:
  case_id:
    description:
      - The case's id, the field C(_id) on the platform.
      - One of O(case_id) and O(ticket_id) is needed.
    type: str
  ticket_id:
    description:
      - The number that people see.
      - If it stands for cases of several tenants, the task fails and lists them, unless O(tenant) decides.
    type: int
  status:
    description: The case's status.
    type: str
    choices: [New, In Progress, Escalated, Resolved, Cancelled]
  severity:
    description: The case's severity.
    type: str
    choices: [Critical, High, Medium, Low]
  assignee:
    description:
      - Who has the case, given as e-mail, user name or id. V("") is nobody.
      - People are compared by identity, not by spelling.
    type: str
  tags:
    description: The case's tags. Their order is no difference. A tag holds no comma, and blanks around it are stripped.
    type: dict
    suboptions:
      add:
        description: Tags that the case has, beside others.
        type: list
        elements: str
      remove:
        description: Tags that the case does not have.
        type: list
        elements: str
        aliases: [delete]
      set:
        description: Exactly the tags of the case. V([]) is none.
        type: list
        elements: str
  name:
    description: The case's name. The platform then stops naming it by itself.
    type: str
  description:
    description: The case's description. See the attribute C(idempotent).
    type: str
  resolution:
    description:
      - How a resolved case turned out. It belongs to O(status=Resolved), declared here or there already.
      - Platforms 5.4 or later.
    type: str
    choices: [False Positive, Benign, True Positive]
  update_alerts:
    description:
      - Whether the case's alerts are closed too, when this task gives it O(status=Resolved) or O(status=Cancelled).
      - If not set, the platform's own setting decides.
    type: bool
  comment:
    description:
      - A comment, posted only when the task changes something else.
      - Where it is unclear whether it arrived, the case's comments are read before it is posted again.
    type: str
  if_unmodified_since:
    description:
      - Refuse to change a case that somebody changed after this time. Give the RV(case.modified_at) of the case that
        you decided upon, in epoch milliseconds; ISO 8601 will do too.
      - It is checked before the update, and again before each further try of it. It is not looked at if there is
        nothing to change.
      - The platform knows no update under a condition. What somebody changes in the moment between the read and the
        update is replaced; the case's history is read after the update to report it in RV(concurrent_changes).
    type: str
seealso:
  - module: stellarcyber.xdr.stellar_case_info
  - plugin: stellarcyber.xdr.stellar_cases
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: The night shift takes over a case
  stellarcyber.xdr.stellar_case:
    case_id: 62fceb4a48be7776c793a02a
    status: In Progress
    severity: High
    assignee: ohtani@example.com
    tags:
      add: [night-shift]
    comment: Taken over by the night shift

- name: Close a case by its ticket number, as a false positive
  stellarcyber.xdr.stellar_case:
    ticket_id: 67535
    tenant: Example Tenant
    status: Resolved
    resolution: False Positive
    update_alerts: true

- name: Give a case exactly these tags, and nobody
  stellarcyber.xdr.stellar_case:
    ticket_id: 67535
    tags:
      set: [October-event, phishing]
    assignee: ""

- name: Change nothing that an analyst touched since the case was read
  stellarcyber.xdr.stellar_case:
    case_id: "{{ seen._id }}"
    severity: Low
    if_unmodified_since: "{{ seen.modified_at }}"
  vars:
    seen: "{{ query('stellarcyber.xdr.stellar_cases', 'October-event', limit=1) | first }}"
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
case:
  description:
    - The case after the task, as the platform gives it. In check mode, as it would be. In a failure, as last read.
    - Further fields of the platform are passed on.
  returned: when the case was read
  type: dict
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
    assignee_name:
      description: The name of who has it.
      type: str
      returned: where the platform gives it
      sample: ohtani@example.com
    tags:
      description: Its tags.
      type: list
      elements: str
      returned: always
      sample: [October-event]
    resolution:
      description: How it turned out, V("") as long as that is open.
      type: str
      returned: platform 5.4 and later
      sample: ""
    score:
      description: Its score, V(0) to V(100).
      type: float
      returned: always
      sample: 25
    size:
      description: Number of its alerts.
      type: int
      returned: always
      sample: 17
    cust_id:
      description: The id of its tenant, V("") on a platform without tenants.
      type: str
      returned: always
      sample: 6aeb2aae7d8d4ef0820136f42d107db4
    tenant_name:
      description: The name of its tenant.
      type: str
      returned: where the platform gives it
      sample: Example Tenant
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
    modified_by:
      description: The id or name of who last changed it.
      type: str
      returned: always
      sample: 9887e386323148ea8c68d4cf0bc1cdf6
    closed:
      description: When it was closed, in epoch milliseconds, V(0) if it is not.
      type: int
      returned: always
      sample: 0
changes:
  description:
    - What the task changed, or would change. Empty if there was nothing to do.
    - In a failure, what it was about to change, or what O(if_unmodified_since) kept it from changing.
      RV(ignore:changed) and RV(case) say how far it came.
  returned: when the plan was made
  type: list
  elements: dict
  contains:
    field:
      description: The name of the option.
      type: str
      returned: always
      sample: status
    before:
      description: The former value.
      type: raw
      returned: always
      sample: New
    after:
      description: The new value.
      type: raw
      returned: always
      sample: In Progress
concurrent_changes:
  description:
    - What others changed between the read of the case and the end of its update, as far as it can be seen. Others are
      people, other tasks, or the platform itself. There is a warning too if there is such.
    - Not all can be seen. Without O(if_unmodified_since) it is what the platform's answer shows beside the plan, so
      that a value that the update replaced is not reported, unless something else was changed too. With it, it is also
      what the case's history says.
    - What somebody changes after the task read the case for the last time, or after the platform's answer to the
      update, is never in it.
    - V(null) if nobody could look. With O(if_unmodified_since) the history could not be read, which a warning says; or
      the task failed once it had begun to write, before it looked. Empty if somebody looked and saw nothing, and where
      nothing was written.
  returned: when the plan was made
  type: list
  elements: dict
  contains:
    field:
      description: The name of the option.
      type: str
      returned: always
      sample: status
    value:
      description:
        - What they set it to, as the platform shows it.
        - Of C(tags) all that the case has since, those of the task among them. The warning tells which of them others
          added, or removed.
      type: raw
      returned: always
      sample: Escalated
    kept:
      description: Whether the case still has it. If not, the update replaced it.
      type: bool
      returned: always
      sample: false
    by:
      description:
        - Who, as the case's history has it; several, with commas, if each moved a tag. V(null) if that was not read
          or does not say so.
      type: str
      returned: always
      sample: ohtani@example.com
diff:
  description: The managed fields before and after.
  returned: when the plan was made
  type: dict
  contains:
    before_header:
      description: Names the case, as C(case <ticket_id>).
      type: str
      returned: always
      sample: case 67535
    after_header:
      description: Names the case, as C(case <ticket_id>).
      type: str
      returned: always
      sample: case 67535
    before:
      description: The managed fields before.
      type: dict
      returned: always
      sample: {status: New}
    after:
      description: The managed fields after.
      type: dict
      returned: always
      sample: {status: In Progress}
requests:
  description: How many requests were sent, retries included.
  returned: when the case was read
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
  sample: {read: 1, write: 1, retry: 0}
error:
  description: What failed, for a program to read; RV(ignore:msg) says it in words.
  returned: failure
  type: dict
  contains:
    type:
      description: The type of error. C(docs/errors.md) of the collection has them all.
      type: str
      returned: always
      sample: ApiError
    method:
      description: The call's HTTP method.
      type: str
      returned: when a call failed
      sample: PUT
    path:
      description: The call's path.
      type: str
      returned: when a call failed
      sample: /connect/api/v1/cases/62fceb4a48be7776c793a02a
    url:
      description: The call's URL without its query.
      type: str
      returned: when a call failed
      sample: https://myserver.stellarcyber.cloud/connect/api/v1/cases/62fceb4a48be7776c793a02a
    status:
      description: The HTTP status.
      type: int
      returned: when the platform answered
      sample: 422
    body:
      description: How the platform's answer begins.
      type: str
      returned: when the platform answered with a text
      sample: unknown user
    attempts:
      description: How often the call was tried.
      type: int
      returned: when it is of those that are tried again
      sample: 5
    fields:
      description: The fields that the platform ignored.
      type: list
      elements: str
      returned: when the platform accepted a write and did not do all of it
      sample: [severity]
    modified_at:
      description: When the case was changed, in epoch milliseconds.
      type: int
      returned: when O(if_unmodified_since) refused it
      sample: 1660835991789
    outcome_unknown:
      description: Whether the write was done could not be seen. RV(ignore:changed) is true then, to be sure.
      type: bool
      returned: when it is so
      sample: true
    detail:
      description: What Python said.
      type: str
      returned: when the library requests could not be loaded
      sample: "ModuleNotFoundError: No module named 'requests'"
    remedy:
      description: What to change.
      type: str
      returned: mostly
      sample: Check the spelling; nobody is "".
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(CASE, run_case)


if __name__ == "__main__":
    main()

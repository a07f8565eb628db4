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
  - "API requests: one for an access token, one to read the case, one to update it if needed. One more reads the users
    if O(assignee) is an e-mail or a user name. Two more post a O(comment) and read the case after it. With
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
      - O(description) can be written, but no known version of the platform returns it. As long as it does not, a task
        with it writes it and reports a change in each run, and warns.
      - If the key has no permission to read the users, give O(assignee) as the platform shows it. Otherwise the task
        writes it in each run, and warns.
options:
  case_id:
    description:
      - The case's id, the field C(_id) on the platform.
      - One of O(case_id) and O(ticket_id) is required.
    type: str
  ticket_id:
    description:
      - The ticket number shown in the UI.
      - If it matches cases of several tenants (ambiguous), the task fails and lists them, unless O(tenant) selects one.
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
      - The case's assignee, as e-mail, user name or id. V("") unassigns the case.
      - Users are compared by identity, not by spelling.
    type: str
  tags:
    description:
      - The case's tags. Their order is ignored.
      - A tag can't contain a comma. Spaces around a tag are stripped.
    type: dict
    suboptions:
      add:
        description: Tags to add. Other tags stay.
        type: list
        elements: str
      remove:
        description: Tags to remove. Other tags stay.
        type: list
        elements: str
        aliases: [delete]
      set:
        description: All tags of the case; any other tag is removed. V([]) removes all tags.
        type: list
        elements: str
  name:
    description: The case's name. The platform then no longer renames the case automatically.
    type: str
  description:
    description: The case's description. See the attribute C(idempotent).
    type: str
  resolution:
    description:
      - The resolution of a resolved case. It requires O(status=Resolved), or a case that is resolved already.
      - Requires platform 5.4 or later.
    type: str
    choices: [False Positive, Benign, True Positive]
  update_alerts:
    description:
      - Whether the case's alerts are closed too, when this task sets O(status=Resolved) or O(status=Cancelled).
      - If not set, the platform's own setting applies.
    type: bool
  comment:
    description:
      - A comment, posted only when the task changes something else.
      - If it is unknown whether the comment arrived, the task reads the case's comments before it posts it again.
      - RV(comment_not_posted) says why it was not posted. To have a comment on a case whether it changes or not, use
        M(stellarcyber.xdr.stellar_case_comment).
    type: str
  comment_marker:
    description:
      - A key, by which the case has O(comment) only once, however often a task changes the case. The comment ends with
        C([ansible:<key>]). It is not posted if the case has one with that marker, by any user.
      - "1 to 100 letters, digits or characters of C(._:/#@+-)."
      - Takes one more API request when the case is changed.
    type: str
  if_unmodified_since:
    description:
      - Refuse to change a case that was changed after this time. Give the RV(case.modified_at) of the case as you read
        it, in epoch milliseconds. ISO 8601 is accepted too.
      - The task checks it before the update, and again before each retry of the update. It does not check it if there
        is nothing to change.
      - The platform has no conditional update. The update replaces what others change between the last read and the
        update. The task reads the case's history after the update to report it in RV(concurrent_changes).
    type: str
seealso:
  - module: stellarcyber.xdr.stellar_case_comment
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

- name: Give a case exactly these tags, and unassign it
  stellarcyber.xdr.stellar_case:
    ticket_id: 67535
    tags:
      set: [October-event, phishing]
    assignee: ""

- name: Lower a case, unless an analyst changed it since it was read
  stellarcyber.xdr.stellar_case:
    case_id: "{{ october_case._id }}"
    severity: Low
    if_unmodified_since: "{{ october_case.modified_at }}"
  vars:
    october_case: "{{ query('stellarcyber.xdr.stellar_cases', 'October-event', limit=1) | first }}"
"""

RETURN = r"""
platform:
  description: The platform's host and port. The port is left out if it is 443.
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description:
    - V(all tenants), which are all that the key can see, or the name and id of the task's tenant, as far as they are
      known.
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: tenant Example Tenant (6aeb2aae7d8d4ef0820136f42d107db4)
case:
  description:
    - The case after the task, as the platform returns it. In check mode, as it would be. In a failure, as last read.
    - It also has all other fields that the platform returns.
    - A field whose name begins with C(_ansible_) or C(__ansible_), at any depth, has C(stellar) before its name.
      Otherwise Ansible would drop it or take it for its own. Half of a surrogate pair, which can't be printed, is C(?).
  returned: when the case was read
  type: dict
  contains:
    _id:
      description: Its id.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    ticket_id:
      description: The ticket number shown in the UI.
      type: int
      returned: always
      sample: 67535
    name:
      description: Its name. It may contain text that an attacker chose.
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
      description: The id of its assignee, V("") if it is unassigned.
      type: str
      returned: always
      sample: 826ef6979788454297c85cbba4a51c08
    assignee_name:
      description: The name of its assignee.
      type: str
      returned: if the platform returns it
      sample: ohtani@example.com
    tags:
      description: Its tags.
      type: list
      elements: str
      returned: always
      sample: [October-event]
    resolution:
      description: Its resolution, V("") if it has none yet.
      type: str
      returned: platform 5.4 or later
      sample: ""
    score:
      description: Its score, from V(0) to V(100).
      type: float
      returned: always
      sample: 25
    size:
      description: The number of its alerts.
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
      returned: if the platform returns it
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
      description: The id or name of the user who last changed it.
      type: str
      returned: always
      sample: 9887e386323148ea8c68d4cf0bc1cdf6
    closed:
      description: When it was closed, in epoch milliseconds. V(0) if it is not closed.
      type: int
      returned: always
      sample: 0
changes:
  description:
    - What the task changed, or would change. Empty if there was nothing to do.
    - In a failure, what was planned. RV(ignore:changed) and RV(case) say what was applied. If O(if_unmodified_since)
      refused the case, nothing was.
  returned: after the changes were planned
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
    - The changes that others made between the read of the case and the end of its update, as far as the task can
      detect them. Others are users, other tasks, or the platform itself. If there are any, the task also warns.
    - The task can't detect all of them. Without O(if_unmodified_since), it compares the platform's answer with the
      plan. So it does not report a value that the update replaced, unless others changed something else too. With
      O(if_unmodified_since), it also reads the case's history.
    - It never has changes that others made after the last read of the case, or after the platform's answer to the
      update.
    - V(null) if the task could not check. Either the history could not be read with O(if_unmodified_since), and a
      warning says so; or the task failed after it started to write, before it checked.
    - Empty if the task checked and found none, or if it wrote nothing.
  returned: after the changes were planned
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
        - The value that they set, as the platform shows it.
        - For C(tags), all tags that the case has since then, with those of the task. The warning says which of them
          others added or removed.
      type: raw
      returned: always
      sample: Escalated
    kept:
      description: Whether the case still has this value. If not, the update replaced it.
      type: bool
      returned: always
      sample: false
    by:
      description:
        - The user, as the case's history names it. If several users added or removed tags, all of them, separated by
          commas. V(null) if the history was not read or does not name the user.
      type: str
      returned: always
      sample: ohtani@example.com
comment_not_posted:
  description: Why O(comment) was not posted, or would not be.
  returned: when O(comment) was given and is not posted
  type: str
  sample: The case already has its desired state.
diff:
  description: The managed fields before and after.
  returned: after the changes were planned
  type: dict
  contains:
    before_header:
      description: The header of RV(diff.before), which names the case as C(case <ticket_id>).
      type: str
      returned: always
      sample: case 67535
    after_header:
      description: The header of RV(diff.after), the same as RV(diff.before_header).
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
  description: The number of API requests that were sent, including retries.
  returned: when the case was read
  type: dict
  contains:
    read:
      description: The requests that read.
      type: int
      returned: always
    write:
      description: The requests that write.
      type: int
      returned: always
    retry:
      description: The requests that were retries.
      type: int
      returned: always
  sample: {read: 1, write: 1, retry: 0}
error:
  description: The error, for a program to read. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    type:
      description: The type of error. C(docs/errors.md) of the collection lists all types.
      type: str
      returned: always
      sample: ApiError
    method:
      description: The HTTP method of the API request.
      type: str
      returned: when an API request failed
      sample: PUT
    path:
      description: The path of the API request.
      type: str
      returned: when an API request failed
      sample: /connect/api/v1/cases/62fceb4a48be7776c793a02a
    url:
      description: The URL of the API request, without its query.
      type: str
      returned: when an API request failed
      sample: https://myserver.stellarcyber.cloud/connect/api/v1/cases/62fceb4a48be7776c793a02a
    status:
      description: The HTTP status.
      type: int
      returned: when the platform answered
      sample: 422
    body:
      description: The beginning of the platform's answer.
      type: str
      returned: when the platform answered with a text
      sample: unknown user
    attempts:
      description: The number of attempts of the API request.
      type: int
      returned: when the error is one that is retried
      sample: 5
    fields:
      description: The fields that the platform ignored.
      type: list
      elements: str
      returned: when the platform accepted a write and applied only a part of it
      sample: [severity]
    modified_at:
      description: When the case was changed, in epoch milliseconds.
      type: int
      returned: when O(if_unmodified_since) refused the case
      sample: 1660835991789
    outcome_unknown:
      description: It is unknown whether the write was applied (indeterminate). RV(ignore:changed) is then V(true).
      type: bool
      returned: when it is V(true)
      sample: true
    detail:
      description: The error message of Python.
      type: str
      returned: when the library requests could not be loaded
      sample: "ModuleNotFoundError: No module named 'requests'"
    remedy:
      description: What to do.
      type: str
      returned: for most errors
      sample: "The platform refused a value: check the options, and that its version knows them."
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(CASE, run_case)


if __name__ == "__main__":
    main()

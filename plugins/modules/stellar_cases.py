# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_cases
short_description: Bring many Stellar Cyber cases to declared states, by a list or by rules
version_added: 0.1.0
description:
  - Reads all cases concerned, plans all changes, and only then writes, several cases concurrently.
  - With O(cases), each item declares the state of one case. With O(rules), the task brings all cases that match a rule
    to the rule's state. With O(undo_file), the task undoes the changes of an earlier run. With O(plan), it applies the
    changes that an earlier run in check mode planned.
  - "API requests with O(rules): one for an access token, one for each 500 cases that the rules have to read, one for
    each case that differs. One more reads a case again if it was read more than O(recheck_after) seconds before its
    write. One reads the history of each case that meets all conditions of a rule but C(status_for) and C(assigned_for).
    Three more for each comment read the case, post it, and read the case. One reads the users if a rule names a
    user other than by id, and one reads the tenants if a rule names a tenant."
  - "API requests with O(cases): one for an access token, one to read each case, one for each case that differs. If an
    item has C(if_unmodified_since), one more reads the case again before the write, and one reads its history after
    the write. With O(plan), one reads each case, and two more read again and write each case that is changed; one
    reads the history of a case that is not as it was; with a comment, two more post it and read the case again, and one
    reads the comments of a case that has the planned values already."
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._match.rules
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Rules that do not converge, which would change a case again in the next run, are rejected before anything is
        written.
      - For C(description) and C(assignee) in O(cases), see the attribute C(idempotent) of
        M(stellarcyber.xdr.stellar_case).
options:
  cases:
    description:
      - The desired states of cases. Each item has C(case_id) or C(ticket_id), and other options of
        M(stellarcyber.xdr.stellar_case) except those of the connection.
      - An item of an undo also has C(if_match), a dictionary of C(status), C(severity), C(assignee), C(name) and
        C(resolution). A case is skipped if one of them that the item changes has another value than this one, or if its
        history has a change by another account after C(if_unmodified_since).
      - A case can be in the list only once.
    type: list
    elements: dict
  undo_file:
    description:
      - A file on the host that runs the task. It is the JSON report of P(stellarcyber.xdr.case_hygiene#role), or a
        O(journal). Give RV(undo) of a result as O(cases), not as a file.
      - The task restores the former state of the cases. It skips a case that others changed since the run; comments,
        new alerts and later changes of other fields by the same account are no reason for that.
    type: path
  undo_only:
    description:
      - With O(undo_file), the cases to restore, by ticket number or id. The others stay as they are.
      - A case that the file does not undo is an error.
    type: list
    elements: str
  plan:
    description:
      - The path, on the host that runs the task, of a plan that an earlier task in check mode wrote to O(plan_file). It
        is applied as it is, to no other case and no other field.
      - Each case is read again right before its write. A case that has the planned values already is C(ok). One that is
        not as it was, see O(plan_guard), is skipped, with who changed which field, as far as its history has that.
      - A case that has the planned values, but not the planned comment, as after a run that was killed between both, is
        skipped too. The comment is not posted, since others may have changed the case, or deleted the comment. Post it
        with M(stellarcyber.xdr.stellar_case_comment).
      - A plan of another platform or tenant, one that is too old or was edited, and that of a run that ended with an
        error are rejected before anything is sent.
      - O(max_changes) as a percentage is one of the cases that the run read that made the plan.
    type: path
  plan_file:
    description:
      - In check mode, the path of a file for the plan of what would change, on the host that runs the task. An existing
        plan is replaced.
      - The items of O(cases) can't have C(description), which the platform does not return, nor
        C(if_unmodified_since).
      - While the task runs, and if it ends with an error, the file says so, and can't be applied.
      - It contains the names of the cases, and can be read by its owner only. Two plans can be compared by C(diff).
    type: path
  plan_title:
    description:
      - A title for the plan, which the report of its apply shows.
      - Without O(plan_file), it is an error.
    type: str
  plan_guard:
    description:
      - When a case of O(plan) is changed. Without O(plan), it is an error.
      - With V(fields), the default, if the fields that are to be changed have the values that the plan has as before.
        Of its tags, only those of the plan matter.
      - With V(modified_at), if also its C(modified_at) did not move since. So any change skips the case, as far as the
        platform moves C(modified_at) for it. Whether it does so for comments, alerts, scores, and changes of tags alone
        is not known.
    type: str
    choices: [fields, modified_at]
  plan_max_age:
    description:
      - How long a plan is valid, such as V(90m), V(24h) or V(7d).
      - If not set, V(24h) with O(plan_file), and with O(plan) as long as the plan says itself. With O(plan) it can
        also be longer than that. Without either, it is an error.
    type: str
  allow_other_platform:
    description:
      - Whether to accept an O(undo_file) that names another platform than this task's, or no platform. Set it if one
        platform has two names.
    type: bool
    default: false
  summary_only:
    description:
      - Whether the result leaves out RV(case_results), RV(findings), RV(rules), RV(undo) and RV(irreversible). If the
        task fails, Ansible prints its whole result; RV(summary) stays short with any number of cases.
      - Requires O(undo_file).
    type: bool
    default: false
  max_changes:
    description:
      - The maximum number of cases that the task may change, as a number V(50), a percentage V(10%) of the cases that
        it read, or V(25 or 10%), the larger of both.
      - If more changes are planned, the task is aborted before the first write, in check mode too. RV(case_results) and
        RV(diff) of the failure have the planned changes. Ansible shows no diff of a task that fails.
    type: str
  return_compliant:
    description:
      - Whether RV(case_results) also contains the cases that have nothing to change. They are counted in any case.
      - A queue of 100,000 such cases makes the result large, and the task slow.
    type: bool
    default: false
  max_diff:
    description: The maximum number of cases in RV(diff). Its last item counts the others.
    type: int
    default: 100
  concurrency:
    description:
      - The maximum number of concurrent API requests, from V(1) to V(32).
      - If the platform asks to slow down (HTTP 429), all of them wait, and fewer run concurrently for a while.
    type: int
    default: 8
  on_error:
    description:
      - What the task does after a case failed. With V(continue), it goes on with the other cases. With V(stop), it
        starts no further write.
      - In both cases the task fails at the end, and its result has every case.
    type: str
    choices: [continue, stop]
    default: continue
  time_budget:
    description:
      - Seconds for the whole task. After them, the task starts no further read or write of a case, skips the remaining
        cases, and fails.
    type: float
  progress_interval:
    description:
      - Seconds between two lines that say how far the task is, the first one after 5 seconds at the latest. They have
        numbers only.
      - V(0) shows none. None is shown where the callback prints JSON to stdout, nor if the module does not run in
        Ansible's own process, as over SSH, with C(become) or on macOS.
    type: float
    default: 10
  recheck_after:
    description:
      - Seconds after which the task reads a case again right before a rule changes it. The case is skipped if others
        changed it since it was read.
      - A case is also read again if it was changed less than these seconds before, and before a comment is posted on
        it, since on some platforms a listing lags behind the changes.
      - V(0) reads each case again, and its history after the write (2 more API requests for each case that differs).
        With a larger number the task is faster, and may replace an edit that it did not see.
      - In O(cases), a case whose item has C(if_unmodified_since) is always read again; any other case never is.
    type: float
    default: 5
  journal:
    description:
      - A new file on the host that runs the task. With O(undo_file) it undoes the run, even a run that was killed.
      - The task writes it during the run, and only if there is something to change. Then a file that exists already is
        an error, in check mode too, since it may be the only undo of an earlier run.
      - Before the first write, and after Ctrl-C or a timeout of the task as the last line, the command is shown that
        undoes the run with it, unless the task is asynchronous or runs on another host.
    type: path
seealso:
  - module: stellarcyber.xdr.stellar_case
  - module: stellarcyber.xdr.stellar_case_info
  - plugin: stellarcyber.xdr.stellar_cases
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Keep the queue clean
  stellarcyber.xdr.stellar_cases:
    rules:
      - name: Critical cases have an owner within 30 minutes
        match:
          severity: [Critical]
          status: [New]
          assignee: [""]
          older_than: 30m
        set:
          assignee: soc-lead@example.com
          tags:
            add: [auto-assigned]
        comment: Assigned, because it was unassigned for 30 minutes
      - name: Nothing stays New for a week
        match:
          status: [New]
          older_than: 7d
    max_changes: "50"

- name: Bring a list of cases to their states
  stellarcyber.xdr.stellar_cases:
    cases:
      - case_id: 62fceb4a48be7776c793a02a
        severity: High
      - ticket_id: 67535
        status: Resolved
        resolution: Benign
        tags:
          remove: [needs info]
    concurrency: 16
    journal: "/var/tmp/cases-{{ now(utc=true, fmt='%Y%m%dT%H%M%SZ') }}.journal"

- name: Make a plan for the change board (with --check)
  stellarcyber.xdr.stellar_cases:
    rules: "{{ (lookup('ansible.builtin.file', 'policy.yml') | from_yaml).rules }}"
    plan_file: plan.json

- name: Apply exactly what was approved
  stellarcyber.xdr.stellar_cases:
    plan: plan.json

- name: Undo it
  stellarcyber.xdr.stellar_cases:
    undo_file: /var/tmp/cases-20261128T080000Z.journal
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
plan:
  description: The plan that was applied, or made.
  returned: with O(plan), and with O(plan_file) if the task did not fail
  type: dict
  contains:
    title:
      description: Its title, as O(plan_title) when it was made.
      type: str
    tenant:
      description: The name of the tenant to which it is limited. Empty without one.
      type: str
    tenant_id:
      description: The id of that tenant. Empty without one.
      type: str
    created_at:
      description: When it was made, as ISO 8601.
      type: str
    valid_until:
      description: Until when it is valid, as ISO 8601.
      type: str
    sha256:
      description: The checksum in its file.
      type: str
case_results:
  description:
    - One item for each case that was changed, failed or was skipped, or would be in check mode. With
      O(return_compliant=true), also one for each that has nothing to change.
    - With O(cases), in their order. With O(rules), those that match a rule with C(set), sorted by the time of their
      creation. With O(plan), in the order of the plan.
    - Also returned in a failure. Any case that is not in its planned state has its reason here.
    - C(ticket_id), C(name), C(status) and C(severity) are those of RV(stellarcyber.xdr.stellar_case#module:case) before
      the task. All but C(ticket_id) are returned when the case was read.
  returned: when the cases were read
  type: list
  elements: dict
  contains:
    case_id:
      description:
        - Its id. V(null) if it was given by ticket number and not found, and for a record of the platform's list
          that has no valid id.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    tenant:
      description: The name of its tenant, else the tenant's id.
      type: str
      returned: when the case was read
      sample: Example Tenant
    outcome:
      description:
        - V(changed) if it was changed, or would be changed in check mode. V(ok) if there was nothing to change.
        - V(failed), with RV(case_results[].reason) and RV(case_results[].error).
        - V(skipped), with RV(case_results[].reason). Others changed it since it was read or planned, it lacks the
          comment of a plan, or the run ended before it.
      type: str
      returned: always
      sample: changed
    changes:
      description:
        - The planned changes, as RV(stellarcyber.xdr.stellar_case#module:changes).
        - With O(plan), a case that was skipped or could not be read has those of the plan.
      type: list
      elements: dict
      returned: always
      sample: [{field: status, before: New, after: In Progress}]
    rules:
      description: The names of the rules with C(set) that matched it.
      type: list
      elements: str
      returned: always
      sample: [Critical cases have an owner within 30 minutes]
    reason:
      description: The reason why it failed or was skipped.
      type: str
      returned: when it failed or was skipped
      sample: "Refused to change case 62fceb4a48be7776c793a02a (ticket 67535): ohtani changed it at ..."
    error:
      description:
        - The error, for a program to read, as RV(stellarcyber.xdr.stellar_case#module:error).
        - If it has C(outcome_unknown), the case may have been changed, and RV(ignore:changed) of the task is V(true).
      type: dict
      returned: when it failed
      sample: {type: ApiError, method: PUT, status: 503}
    concurrent_changes:
      description:
        - The changes of others during its update, as RV(stellarcyber.xdr.stellar_case#module:concurrent_changes).
        - The history is read for items with C(if_unmodified_since), and with O(recheck_after=0). Otherwise a value that
          the update replaced is not reported, unless others changed something else too.
        - V(null) if the task could not check, because the history could not be read or the case failed before.
      type: list
      elements: dict
      returned: when there are any, or the task could not check
      sample: [{field: status, value: Escalated, kept: false, by: ohtani@example.com}]
    irreversible:
      description:
        - The fields that RV(undo) can't restore, such as V(comment) or V(resolution).
        - V(tag "VIP ") is a tag that no option can give, since it has spaces around it, a comma or a control character.
      type: list
      elements: str
      returned: when there are any
      sample: [comment]
findings:
  description:
    - The cases that match a rule without C(set), once for each such rule.
    - C(ticket_id), C(name), C(status), C(severity), C(created_at) and C(modified_at) are those of
      RV(stellarcyber.xdr.stellar_case#module:case) before the task.
  returned: when the cases were read
  type: list
  elements: dict
  contains:
    rule:
      description: The rule's name.
      type: str
      returned: always
      sample: Nothing stays New for a week
    case_id:
      description: The case's id.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    tenant:
      description: The name of the case's tenant, else the tenant's id.
      type: str
      returned: always
      sample: Example Tenant
    assignee:
      description: The case's assignee, V("") if it is unassigned.
      type: str
      returned: always
      sample: ohtani@example.com
rules:
  description: The result of each rule, in their order. Empty without O(rules).
  returned: when the cases were read
  type: list
  elements: dict
  contains:
    name:
      description: The rule's name.
      type: str
      returned: always
      sample: Nothing stays New for a week
    description:
      description: The purpose of the rule.
      type: str
      returned: always
      sample: ""
    finding:
      description: Whether it has no C(set), so that the cases that match are its findings.
      type: bool
      returned: always
      sample: true
    matched:
      description: The number of cases that it matched.
      type: int
      returned: always
      sample: 3
    changed:
      description: The number of cases that it changed, or would change in check mode.
      type: int
      returned: always
      sample: 0
counts:
  description: The number of cases that were read, of cases of each outcome, and of findings.
  returned: when the cases were read
  type: dict
  sample: {read: 60, changed: 2, ok: 1, failed: 0, skipped: 0, findings: 3}
oldest_unassigned_critical:
  description:
    - When the oldest critical case without an assignee that is not closed was created, in milliseconds since 1970. Null
      if there is none.
    - Of the cases that O(rules) had to read. It is before the changes of the task.
  returned: with O(rules), when the cases were read
  type: int
  sample: 1660742474343
undo:
  description:
    - The items that restore the cases that were changed. Give them as O(cases).
    - Each item has C(if_match), the values that the task wrote, and C(if_unmodified_since), so that it does not
      overwrite later changes of others.
    - It includes a case whose write failed and may have arrived.
    - Empty in check mode.
  returned: when the cases were read
  type: list
  elements: dict
  sample:
    - case_id: 62fceb4a48be7776c793a02a
      status: New
      tags:
        remove: [auto-assigned]
      if_match:
        status: In Progress
      if_unmodified_since: 1660835991789
summary:
  description:
    - The result of the undo, or its preview in check mode, in lines for a terminal. The first line has the platform,
      the scope and the counts. Then come the restored cases, the reasons of the skipped and the failed ones, and the
      fields that can't be restored, 20 of each. If the undo is not complete, the last line says so.
    - Cases are named by ticket number and id, and by tenant if the task has no O(tenant).
  returned: with O(undo_file), when the cases were read
  type: list
  elements: str
  sample:
    - "Undo on myserver.stellarcyber.cloud, all tenants: 1 case restored, 0 unchanged, 0 skipped, 0 failed"
    - "Restored: 67535 (62fceb4a48be7776c793a02a, Example Tenant)"
irreversible:
  description: The changes that O(undo_file) can't restore, such as comments.
  returned: with O(undo_file)
  type: list
  elements: dict
  contains:
    case_id:
      description: The id of the case.
      type: str
      returned: always
      sample: 62fceb4a48be7776c793a02a
    fields:
      description: The fields that stay as they are, as RV(case_results[].irreversible).
      type: list
      elements: str
      returned: always
      sample: [comment]
diff:
  description:
    - The managed fields before and after, of each case that was changed or failed, O(max_diff) at most.
    - In check mode, and if the task failed before its first write, of each case with planned changes.
  returned: when the cases were read
  type: list
  elements: dict
  sample: [{before_header: case 67535, after_header: case 67535, before: {status: New}, after: {status: In Progress}}]
check_mode:
  description: Whether nothing was written, because the task ran in check mode.
  returned: when the cases were read
  type: bool
  sample: false
requests:
  description: The number of API requests that were sent, as RV(stellarcyber.xdr.stellar_case#module:requests).
  returned: when the cases were read
  type: dict
  contains:
    recheck:
      description: The number of cases that were read again right before their update.
      type: int
      returned: always
  sample: {read: 3, write: 2, recheck: 0, retry: 0}
error:
  description: The error, for a program to read, as RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
  sample: {type: IncompleteError, remedy: See case_results for each of them.}
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(CASES, run_cases)


if __name__ == "__main__":
    main()

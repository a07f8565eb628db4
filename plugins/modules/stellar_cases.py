# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_cases
short_description: Bring many Stellar Cyber cases to declared states, by a list or by rules
version_added: 0.1.0
description:
  - Reads all cases concerned, plans all changes, and only then writes, several cases at once.
  - With O(cases), each item declares the state of one case. With O(rules), all cases that match a rule are brought to
    its state. With O(undo_file), the changes of a former run are undone.
  - "Calls to the platform with O(rules): one for an access token, one for each 500 cases that the rules have to see,
    one for each case that differs. One more for each case that was read more than O(recheck_after) seconds ago when its
    turn comes, which reads it again, and two for each comment, which post it and read the case. One reads the users if
    people are named otherwise than by id, one the tenants if tenants are named."
  - "Calls with O(cases): one for an access token, one to read each case, one for each case that differs. If its item
    has C(if_unmodified_since), one more reads it again before that, and one its history after it."
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
      - Rules that would change a case again in the next run are refused before anything is written.
      - For C(description) and C(assignee) in O(cases) the same holds as for M(stellarcyber.xdr.stellar_case).
options:
  cases:
    description:
      - The desired states of cases. Each item has C(case_id) or C(ticket_id) and other options of
        M(stellarcyber.xdr.stellar_case), without those of the connection.
      - A case may be in the list once.
    type: list
    elements: dict
  rules:
    description:
      - Rules, which run in this order over each case. A later rule sees what an earlier one decided. A case gets one
        update with the outcome.
      - A case that others changed since the rules were evaluated on it is skipped, see O(recheck_after).
    type: list
    elements: dict
    suboptions:
      name:
        description: The rule's name, which no other rule has. Results, reports and messages use it.
        type: str
        required: true
      description:
        description: Why the rule is there, for reports.
        type: str
      match:
        description:
          - Conditions, all of which a case meets. The values of a list are alternatives. V({}) matches every case.
          - For a list, C(not_) before its name rules values out.
        type: dict
        required: true
        suboptions:
          status:
            description: The case has one of these statuses.
            type: list
            elements: str
            choices: [New, In Progress, Escalated, Resolved, Cancelled]
          not_status:
            description: The case has none of these statuses.
            type: list
            elements: str
            choices: [New, In Progress, Escalated, Resolved, Cancelled]
          severity:
            description: The case has one of these severities.
            type: list
            elements: str
            choices: [Critical, High, Medium, Low]
          not_severity:
            description: The case has none of these severities.
            type: list
            elements: str
            choices: [Critical, High, Medium, Low]
          tags:
            description: The case's tags.
            type: dict
            suboptions:
              any:
                description: It has at least one of these.
                type: list
                elements: str
              all:
                description: It has all of these.
                type: list
                elements: str
              none:
                description: It has none of these.
                type: list
                elements: str
          assignee:
            description: One of these has the case, each given as e-mail, user name or id. V("") is nobody.
            type: list
            elements: str
          not_assignee:
            description: None of these has the case. V("") stands for nobody, so that somebody has it.
            type: list
            elements: str
          tenant:
            description:
              - The case belongs to one of these tenants, given by name or id.
              - V("") stands for a case without one, which is that of the root tenant.
            type: list
            elements: str
          not_tenant:
            description: The case belongs to none of these tenants.
            type: list
            elements: str
          resolution:
            description: The case has one of these resolutions. V("") is none yet.
            type: list
            elements: str
            choices: [False Positive, Benign, True Positive, ""]
          not_resolution:
            description: The case has none of these resolutions.
            type: list
            elements: str
            choices: [False Positive, Benign, True Positive, ""]
          min_score:
            description: The case's score is this or more, V(0) to V(100).
            type: float
          max_score:
            description: The case's score is this or less, V(0) to V(100).
            type: float
          min_size:
            description: The case has this many alerts or more.
            type: int
          max_size:
            description: The case has this many alerts or fewer.
            type: int
          older_than:
            description:
              - The case was created this long ago or earlier.
              - An age such as V(30m), V(12h), V(7d) or V(2w), or a time in ISO 8601 or epoch milliseconds. The same
                holds for C(newer_than), C(modified_before) and C(modified_after).
            type: str
          newer_than:
            description: The case was created this long ago or later.
            type: str
          modified_before:
            description: The case was last changed this long ago or earlier.
            type: str
          modified_after:
            description: The case was last changed this long ago or later.
            type: str
          name:
            description:
              - A regular expression of Python that is found somewhere in the first 1000 characters of the case's name.
                To ignore letter case, begin it with the four characters (?i).
              - An attacker may choose names. Avoid expressions that repeat a repetition, such as (a+)+, which can take
                very long. A case whose name takes more than a second of computing time counts as failed.
            type: str
      set:
        description:
          - The state of the cases that match. The same as the options of M(stellarcyber.xdr.stellar_case).
          - A rule without it writes nothing. The cases that match are returned in RV(findings).
        type: dict
        suboptions:
          status:
            description: The case's status.
            type: str
            choices: [New, In Progress, Escalated, Resolved, Cancelled]
          severity:
            description: The case's severity.
            type: str
            choices: [Critical, High, Medium, Low]
          assignee:
            description: Who has the case, given as e-mail, user name or id. V("") is nobody.
            type: str
          tags:
            description: The case's tags.
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
                description: Exactly the tags of the case.
                type: list
                elements: str
          name:
            description: The case's name.
            type: str
          resolution:
            description: How a resolved case turned out. It belongs to status V(Resolved).
            type: str
            choices: [False Positive, Benign, True Positive]
          update_alerts:
            description: Whether the case's alerts are closed too, when the rule closes it.
            type: bool
      comment:
        description: A comment, posted only on cases that the rule changes.
        type: str
  undo_file:
    description:
      - A file on the host that runs the task. The JSON report of P(stellarcyber.xdr.case_hygiene#role), or a
        O(journal). RV(undo) of a result is not for a file, but for O(cases).
      - The cases are brought back to their former state, each unless somebody changed it since.
    type: path
  allow_other_platform:
    description:
      - Whether to use O(undo_file) although it is of another platform than this task's, or doesn't say which one it is
        of. Set it where one platform has two names.
    type: bool
    default: false
  summary_only:
    description:
      - Whether the result leaves out RV(case_results), RV(findings), RV(rules), RV(undo) and RV(irreversible). If the
        task fails, Ansible prints its whole result. RV(summary) is short however many cases there are.
      - Only with O(undo_file).
    type: bool
    default: false
  max_changes:
    description:
      - How many cases the task may change, as a number V(50) or as a share V(10%) of the cases that it read.
      - If more would be changed, the task fails before the first write, in check mode too. RV(case_results) and
        RV(diff) of the failure have what was planned, but Ansible shows no diff of a task that fails.
    type: str
  concurrency:
    description:
      - How many calls may be under way at once, V(1) to V(32).
      - If the platform asks to slow down (HTTP 429), all of them wait, and fewer run at once for a while.
    type: int
    default: 8
  on_error:
    description:
      - What happens after a case failed. With V(stop) no further write is begun.
      - Either way the task fails at the end, and its result has every case.
    type: str
    choices: [continue, stop]
    default: continue
  time_budget:
    description:
      - Seconds for the whole task. Then no further call is begun that reads a case or begins a write, what is left is
        skipped, and the task fails.
    type: float
  recheck_after:
    description:
      - Seconds after which a case that a rule changes is read again right before its write. It is skipped if others
        changed it since it was read.
      - V(0) reads each again, and its history afterwards (2 more calls for each case that differs). A larger number is
        faster, and may replace an edit that it did not see.
      - An item of O(cases) that has C(if_unmodified_since) is always read again, one without it never.
    type: float
    default: 5
  journal:
    description:
      - A new file on the host that runs the task, from which O(undo_file) can undo the run even if it was killed. It
        is written as the run goes on, and only if there is something to change.
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
        comment: Assigned, because nobody took it for 30 minutes
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
    journal: /var/tmp/cases.jsonl

- name: Undo it
  stellarcyber.xdr.stellar_cases:
    undo_file: /var/tmp/cases.jsonl
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
case_results:
  description:
    - One item a case. With O(cases) each of them, in their order; with O(rules) those that match a rule with C(set), by
      the time of their creation.
    - In a failure too, so that every case is either as planned or named here as not.
  returned: when the cases were read
  type: list
  elements: dict
  contains:
    case_id:
      description: Its id. V(null) if it was given as ticket number and not found.
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
      returned: when the case was read
      sample: Carbon Black:XDR Endpoint Indicator of Threat and 16 others
    tenant:
      description: The name of its tenant, else the tenant's id.
      type: str
      returned: when the case was read
      sample: Example Tenant
    status:
      description: Its status before the task.
      type: str
      returned: when the case was read
      sample: New
    severity:
      description: Its severity before the task.
      type: str
      returned: when the case was read
      sample: Medium
    outcome:
      description:
        - V(changed), in check mode if it would be changed. V(ok) if there was nothing to change.
        - V(failed), with RV(case_results[].reason) and RV(case_results[].error).
        - V(skipped), with RV(case_results[].reason). Others changed it since it was read, or the run ended before it.
      type: str
      returned: always
      sample: changed
    changes:
      description: What was planned for it, as RV(stellarcyber.xdr.stellar_case#module:changes).
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
      description: Why it failed or was skipped.
      type: str
      returned: when it is so
      sample: "Refused to change case 62fceb4a48be7776c793a02a (ticket 67535): ohtani changed it at ..."
    error:
      description:
        - The same for a program to read, as RV(stellarcyber.xdr.stellar_case#module:error).
        - If it has C(outcome_unknown), the case may have been changed. RV(ignore:changed) of the task is true then, to
          be sure.
      type: dict
      returned: when it failed
      sample: {type: ApiError, method: PUT, status: 503}
    concurrent_changes:
      description:
        - What others changed while it was updated, as RV(stellarcyber.xdr.stellar_case#module:concurrent_changes).
        - The history is read for items with C(if_unmodified_since), and with O(recheck_after=0). Otherwise a value that
          the update replaced is not reported, unless something else was changed too.
        - V(null) if nobody could look, as the history could not be read, or the case failed before.
      type: list
      elements: dict
      returned: when there is such, or nobody could look
      sample: [{field: status, value: Escalated, kept: false, by: ohtani@example.com}]
    irreversible:
      description: What of the changes RV(undo) can't restore, such as V(comment) or V(resolution).
      type: list
      elements: str
      returned: when there is such
      sample: [comment]
findings:
  description: The cases that match a rule without C(set), once for each such rule.
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
    ticket_id:
      description: The number that people see.
      type: int
      returned: always
      sample: 67535
    name:
      description: The case's name. It may hold text that an attacker chose.
      type: str
      returned: always
      sample: Carbon Black:XDR Endpoint Indicator of Threat and 16 others
    tenant:
      description: The name of the case's tenant, else the tenant's id.
      type: str
      returned: always
      sample: Example Tenant
    status:
      description: The case's status before the task.
      type: str
      returned: always
      sample: New
    severity:
      description: The case's severity before the task.
      type: str
      returned: always
      sample: Low
    assignee:
      description: Who has the case, V("") for nobody.
      type: str
      returned: always
      sample: ohtani@example.com
    created_at:
      description: When the case was created, in epoch milliseconds.
      type: int
      returned: always
      sample: 1660742474343
    modified_at:
      description: When the case was last changed, in epoch milliseconds.
      type: int
      returned: always
      sample: 1660835991789
rules:
  description: What each rule did, in their order. Empty without O(rules).
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
      description: Why the rule is there.
      type: str
      returned: always
      sample: ""
    finding:
      description: Whether it has no C(set).
      type: bool
      returned: always
      sample: true
    matched:
      description: How many cases it matched.
      type: int
      returned: always
      sample: 3
    changed:
      description: How many cases it changed, in check mode how many it would change.
      type: int
      returned: always
      sample: 0
counts:
  description: How many cases were read, are of each outcome, and how many findings there are.
  returned: when the cases were read
  type: dict
  sample: {read: 60, changed: 2, ok: 1, failed: 0, skipped: 0, findings: 3}
undo:
  description:
    - What restores the cases that were changed. Give it back as O(cases).
    - Each item is guarded by C(if_unmodified_since).
    - Empty in check mode.
  returned: when the cases were read
  type: list
  elements: dict
  sample:
    - case_id: 62fceb4a48be7776c793a02a
      status: New
      tags:
        remove: [auto-assigned]
      if_unmodified_since: 1660835991789
summary:
  description:
    - What the undo did, in check mode what it would do, in lines for a terminal. The first has the platform, the scope
      and the counts. Then come the cases that are restored, the reasons of those that were skipped or failed, and what
      can't be undone, 20 of each. If the undo is not complete, the last line says so.
    - Cases are named by ticket number, id, and, if the task was not limited to a tenant, the tenant.
  returned: with O(undo_file), when the cases were read
  type: list
  elements: str
  sample:
    - "Undo on myserver.stellarcyber.cloud, all tenants: 1 case restored, 0 already as before, 0 skipped, 0 failed"
    - "Restored: 67535 (62fceb4a48be7776c793a02a, Example Tenant)"
irreversible:
  description: What O(undo_file) can't restore, such as comments.
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
      description: What stays as it is.
      type: list
      elements: str
      returned: always
      sample: [comment]
diff:
  description:
    - The managed fields before and after, of each case that was changed or failed; in check mode, and if the task
      failed before its first write, of each case that was planned to be changed.
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
  description: How many requests were sent, retries included.
  returned: when the cases were read
  type: dict
  contains:
    read:
      description: Requests that read.
      type: int
    write:
      description: Requests that write.
      type: int
    recheck:
      description: Cases that were read again right before their update.
      type: int
    retry:
      description: Requests that were retries.
      type: int
  sample: {read: 3, write: 2, recheck: 0, retry: 0}
error:
  description: What failed, for a program to read; RV(ignore:msg) says it in words.
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

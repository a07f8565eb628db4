# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes conditions on cases: the table MATCH of module_utils/_argspec/match.py, and rules, which have them."""

from __future__ import annotations

import textwrap

CONDITIONS = r"""
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
  description:
    - The case's assignee is one of these, each given as e-mail, user name or id. V("") matches unassigned
      cases.
  type: list
  elements: str
not_assignee:
  description: The case's assignee is none of these. V("") excludes unassigned cases.
  type: list
  elements: str
tenant:
  description:
    - The case belongs to one of these tenants, given by name or id.
    - V("") matches a case without a tenant, which belongs to the root tenant.
  type: list
  elements: str
not_tenant:
  description: The case belongs to none of these tenants.
  type: list
  elements: str
resolution:
  description: The case has one of these resolutions. V("") matches cases without a resolution.
  type: list
  elements: str
  choices: [False Positive, Benign, True Positive, ""]
not_resolution:
  description: The case has none of these resolutions. V("") excludes cases without a resolution.
  type: list
  elements: str
  choices: [False Positive, Benign, True Positive, ""]
min_score:
  description: The case's score is this or more, from V(0) to V(100).
  type: float
max_score:
  description: The case's score is this or less, from V(0) to V(100).
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
    - An age such as V(30m), V(12h), V(7d) or V(2w), by the platform's clock, or a time in ISO 8601 or epoch
      milliseconds. So are C(newer_than), C(modified_before) and C(modified_after).
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
    - A Python regular expression, which is searched in the first 1000 characters of the case's name. It is
      case-sensitive, unless it begins with the four characters (?i).
    - An attacker may choose names. Avoid expressions that repeat a repetition, such as (a+)+, which can take
      very long. A case fails if its name takes more than two seconds of CPU time.
  type: str
status_for:
  description:
    - The case has had its status for so long, an age such as V(30m), V(4h), V(7d) or V(2w), by its history.
    - For each case that meets all other conditions, one more API request reads its history. A case whose history can't
      be read, or does not tell, does not match. In a rule it fails.
  type: str
assigned_for:
  description: The case has had its assignee for so long, as C(status_for). An unassigned case does not match.
  type: str
"""


class ModuleDocFragment:
    # With types, since ansible-test takes each plain assignment here for a literal.
    # The conditions in place of the filters of a query
    DOCUMENTATION: str = r"""
options:
  match:
    description:
      - Conditions as those of a rule, see O(stellarcyber.xdr.stellar_cases#module:rules[].match). The cases are those
        that the rule would match.
      - It replaces the filters, and can't be combined with them. Some have the same names and other values.
      - A case for which a condition can't be decided, as by C(name) or C(status_for), does not match. A warning names
        it. If no other case is found, the task fails.
    type: dict
    suboptions:
""" + textwrap.indent(CONDITIONS, " " * 6)

    RULES: str = (
        r"""
options:
  rules:
    description:
      - Rules, which are evaluated in this order for each case. A later rule sees the state that an earlier rule set. A
        case gets one update with the final state.
      - A case that others changed since the rules were evaluated is skipped, see O(recheck_after).
    type: list
    elements: dict
    suboptions:
      name:
        description: The rule's name. It must be unique. Results, reports and messages use it.
        type: str
        required: true
      description:
        description: The purpose of the rule, for reports.
        type: str
      match:
        description:
          - Conditions. A case matches if it meets all of them. The values of a list are alternatives. V({}) matches
            every case.
          - The conditions with C(not_) before their name exclude the values of their list.
        type: dict
        required: true
        suboptions:
"""
        + textwrap.indent(CONDITIONS, " " * 10)
        + r"""
      set:
        description:
          - The desired state of the cases that match, by options of M(stellarcyber.xdr.stellar_case).
          - A rule without it writes nothing. The cases that match are its RV(findings).
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
            description: The case's assignee, as e-mail, user name or id. V("") unassigns the case.
            type: str
          tags:
            description: The case's tags. Their order is ignored.
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
                description: All tags of the case; any other tag is removed.
                type: list
                elements: str
          name:
            description: The case's name.
            type: str
          resolution:
            description: The resolution of a resolved case. It requires status V(Resolved).
            type: str
            choices: [False Positive, Benign, True Positive]
          update_alerts:
            description: Whether the case's alerts are closed too, when the rule closes the case.
            type: bool
      comment:
        description: A comment, posted only on cases that the rule changes.
        type: str
      comment_marker:
        description:
          - A key, by which a case has the comment only once, however often the rule changes it. The comment ends with
            C([ansible:<key>]).
          - "1 to 100 letters, digits or characters of C(._:/#@+-)."
        type: str
"""
    )

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes the filters of a query: QUERY of module_utils/_argspec/case.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - An empty list is rejected as a filter, since a variable that is empty by mistake must not find all cases.
options:
  status:
    description: Cases of one of these statuses.
    type: list
    elements: str
    choices: [New, In Progress, Escalated, Resolved, Cancelled]
  severity:
    description: Cases of one of these severities.
    type: list
    elements: str
    choices: [Critical, High, Medium, Low]
  not_tags:
    description: Cases without any of these tags.
    type: list
    elements: str
  assignee:
    description:
      - Cases of one of these assignees, each given as e-mail, user name or id. V("") finds unassigned cases.
      - The platform does not document which of these its own filter takes, so the collection filters the cases itself.
    type: list
    elements: str
  not_modified_by:
    description: Cases that were last changed by none of these users, each given as e-mail, user name or id.
    type: list
    elements: str
  min_score:
    description: Cases with at least this score, from V(0) to V(100).
    type: float
  max_score:
    description: Cases with at most this score, from V(0) to V(100).
    type: float
  min_size:
    description: Cases of at least this many alerts.
    type: int
  created_after:
    description:
      - Cases created at or after this time.
      - An age before now (V(30m), V(12h), V(7d), V(2w)), a time in ISO 8601 (V(2026-11-01) or
        V(2026-11-01T08:00:00+01:00), in UTC without an offset), or epoch milliseconds.
      - Now is the time on the platform's clock. A clock that is more than a minute off is warned of.
    type: str
  created_before:
    description: Cases created at or before this time, given as in O(created_after).
    type: str
  modified_after:
    description: Cases last changed at or after this time, given as in O(created_after).
    type: str
  modified_before:
    description: Cases last changed at or before this time, given as in O(created_after).
    type: str
  sort:
    description: The field to sort by.
    type: str
    choices: [created_at, modified_at, score]
    default: created_at
  order:
    description: The direction to sort in.
    type: str
    choices: [asc, desc]
    default: asc
  limit:
    description: The maximum number of cases, which are the first in sort order. All cases if not set.
    type: int
"""

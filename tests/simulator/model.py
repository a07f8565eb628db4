# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of a case and the shape in which it is shown (vendor docs 5.2, vendor library 2025-07)."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

Status = Literal["New", "In Progress", "Escalated", "Resolved", "Cancelled"]
Severity = Literal["Critical", "High", "Medium", "Low"]
Resolution = Literal["", "False Positive", "Benign", "True Positive"]
AlertStatus = Literal["New", "In Progress", "Ignored", "Closed", "Cancelled"]
STATUSES: tuple[str, ...] = get_args(Status)
CLOSED_STATUSES = ("Resolved", "Cancelled")
SEVERITIES: tuple[str, ...] = get_args(Severity)
RESOLUTIONS: tuple[str, ...] = get_args(Resolution)
ALERT_STATUSES: tuple[str, ...] = get_args(AlertStatus)

# A record is what the store keeps of a case. People and tenants stand in it by id; their names are looked up
# when the case is shown. Keys of a seed that are neither here nor documents of the case are left out.
RECORD_DEFAULTS: dict[str, Any] = {
    "_id": "",
    "acknowledged": 0,
    "assignee": "",
    "closed": 0,
    "created_at": 0,
    "created_by": "System",
    "cust_id": "",
    "description": "",
    "end_timestamp": 0,
    "modified_at": 0,
    "modified_by": "System",
    "name": "",
    "resolution": "",
    "score": 0,
    "severity": "Medium",
    "size": 1,
    "start_timestamp": 0,
    "status": "New",
    "tags": [],
    "ticket_id": 0,
    "version": 1,
}

# What belongs to a case but has an endpoint of its own.
DOCUMENTS = ("activities", "alerts", "comments", "observables", "scores", "summary")


class Directory(Protocol):
    """Look up the names of people and tenants."""

    def person_name(self, value: str) -> str: ...

    def tenant(self, cust_id: str) -> dict[str, Any]: ...


def show(record: dict[str, Any], switches: Any, directory: Directory, description: bool) -> dict[str, Any]:
    """Show a case as the API answers it."""
    tenant = directory.tenant(record["cust_id"])
    case = dict(record)
    assignee = record["assignee"]
    case["assignee_name"] = directory.person_name(assignee) if assignee else switches.unassigned_name
    case["created_by_name"] = directory.person_name(record["created_by"])
    case["modified_by_name"] = directory.person_name(record["modified_by"])
    case["tenant_name"] = tenant.get("cust_name", "")
    case["tenant_group_name"] = tenant.get("tgrp_name", "")
    if not switches.resolution:
        del case["resolution"]
    if not description:
        del case["description"]
    return dict(sorted(case.items()))


def show_incident(record: dict[str, Any], switches: Any, directory: Directory) -> dict[str, Any]:
    """Show the same case as the older /incidents endpoint answers an update."""
    case = show(record, switches, directory, description=False)
    for key in (
        "acknowledged",
        "closed",
        "end_timestamp",
        "start_timestamp",
        "tenant_name",
        "tenant_group_name",
        "created_by_name",
        "modified_by_name",
        "resolution",
        "severity",
        "score",
    ):
        case.pop(key, None)
    return case | {"priority": record["severity"], "incident_score": record["score"]}


def record_from(given: dict[str, Any]) -> dict[str, Any]:
    """Make a record from a case as it was written or exported; `priority` is the severity's name in /incidents."""
    if "severity" not in given and "priority" in given:
        given = given | {"severity": given["priority"]}
    return {key: default if given.get(key) is None else given[key] for key, default in RECORD_DEFAULTS.items()} | {
        "tags": list(dict.fromkeys(given.get("tags") or []))
    }

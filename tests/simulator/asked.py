# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of what the API takes: queries and bodies. Their unknown names are ignored."""

from __future__ import annotations

from typing import Annotated, Literal, Required

from pydantic import ConfigDict, Field, with_config

# pydantic reads no TypedDict of the standard library before Python 3.12.
from typing_extensions import TypedDict

from .model import AlertStatus, Resolution, Severity, Status
from .query import MAXIMUM_LIMIT

Flag = Literal["true", "false"]
Order = Literal["asc", "desc"]
SortField = Literal["created_at", "modified_at", "score"]
# What SQLite holds
Whole = Annotated[int, Field(ge=-(2**63) + 1, le=2**63 - 1)]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Name = Annotated[str, Field(min_length=1)]
# Of the statuses, `Escalated` is one only while the switch of this name is on.
NewStatus = Annotated[Status, Field(json_schema_extra={"x-values": {"Escalated": "escalated"}})]

# -- queries ----------------------------------------------------------------------------------

# These are no names in Python.
_Times = TypedDict(
    "_Times",
    {"FROM~created_at": Whole, "FROM~modified_at": Whole, "TO~created_at": Whole, "TO~modified_at": Whole},
    total=False,
)
_CaseFilters = TypedDict(
    "_CaseFilters",
    {"NOT~tags": list[str], "NOT~modified_by": list[str], "FROM~score": float, "TO~score": float},
    total=False,
)
_IncidentFilters = TypedDict(
    "_IncidentFilters", {"FROM~incident_score": float, "TO~incident_score": float}, total=False
)


class _List(_Times, total=False):
    limit: Annotated[int, Field(ge=0, le=MAXIMUM_LIMIT)]
    skip: Count
    sort: SortField
    order: Order
    status: list[Status]
    tags: list[str]
    ticket_id: Whole
    tenantid: str
    cust_id: str


class CaseQuery(_List, _CaseFilters, total=False):
    severity: list[Severity]
    assignee: str
    min_score: float
    min_size_auto: Annotated[int, Field(ge=0, le=10**9 - 1)]
    include_summary: Flag
    format_summary: Flag


class IncidentQuery(_List, _IncidentFilters, total=False):
    """Filters of cases by their older name."""


class IncidentId(TypedDict, total=False):
    id: str


class PageQuery(TypedDict, total=False):
    limit: Count
    skip: Count


class SummaryQuery(TypedDict, total=False):
    formatted: Flag


class AiQuery(TypedDict, total=False):
    id: str
    include: Literal[
        "details", "summary", "alerts", "comments", "observables", "activity", "scores", "assignees", "aiSummary"
    ]


UserActivityQuery = TypedDict(
    "UserActivityQuery",
    {
        "FROM~Timestamps": Whole,
        "TO~Timestamps": Whole,
        "Data": str,
        "Activity": str,
        "module": str,
        "order": Order,
    },
    total=False,
)


class TenantQuery(TypedDict, total=False):
    fields: list[str]


class SearchQuery(TypedDict, total=False):
    q: str


# -- bodies -----------------------------------------------------------------------------------


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class TagChange(TypedDict, total=False):
    add: list[Name]
    delete: list[str]


@with_config(ConfigDict(json_schema_extra={"minProperties": 1}))
class CaseUpdate(TypedDict, total=False):
    status: NewStatus
    severity: Severity
    assignee: str
    tags: TagChange
    description: str
    name: Name
    resolution: Resolution
    update_alerts: bool


class NewCaseAlert(TypedDict):
    """An alert of a new case; an `_index` that ends in a dash is none (RAJA2), nor is what can't stand in a path."""

    _id: Annotated[str, Field(pattern="[^.]")]
    _index: Annotated[str, Field(pattern="[^-.]$")]


class NewCase(TypedDict, total=False):
    name: Required[Name]
    cust_id: str
    status: NewStatus
    severity: Severity
    assignee: str
    tags: list[Name]
    alerts: list[NewCaseAlert]
    comment: str


class IncidentUpdate(TypedDict, total=False):
    status: NewStatus
    priority: Severity
    assignee: str
    tags: TagChange
    resolution: Resolution


class NewComment(TypedDict):
    comment: Name


class EventTag(TypedDict):
    op: Literal["add", "delete"]
    tag: str


class AlertUpdate(TypedDict, total=False):
    status: AlertStatus
    comments: str
    event_tags: list[EventTag]


class AlertUpdateById(AlertUpdate):
    _id: str


class UserUpdate(TypedDict):
    priv_profile_id: str


class TenantUpdate(TypedDict, total=False):
    cust_name: Name
    address: str
    contact: str
    contact_email: str
    contact_phone: str
    info: str
    ds_num: int
    user_num: int
    tgrp_name: str
    retention_group: str
    ingestion_limit: int
    session_timeout: int
    mfa_enabled: bool
    tenant_session_override: bool


class NewTenant(TenantUpdate):
    # mypy allows no field of a base to become required; pydantic does, and so does the API.
    cust_name: Required[Name]  # type: ignore[misc]

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of what the API answers: the description of the API is made from them, by pydantic."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config

# pydantic reads no TypedDict of the standard library before Python 3.12.
from typing_extensions import TypedDict

from .model import Resolution, Severity, Status


def only_with(switch: str) -> Any:
    """Mark a field that is there only while a switch is on."""
    return Field(json_schema_extra={"x-switch": switch})


# An object with these fields and no others
exact = with_config(ConfigDict(extra="forbid"))
# An object with at least these fields
open_ended = with_config(ConfigDict(extra="allow"))


@exact
class Token(TypedDict):
    access_token: str
    exp: Annotated[int, only_with("token_exp")]


class _Case(TypedDict):
    _id: str
    acknowledged: int
    assignee: str
    assignee_name: str
    closed: int
    created_at: int
    created_by: str
    created_by_name: str
    cust_id: str
    end_timestamp: int
    modified_at: int
    modified_by: str
    modified_by_name: str
    name: str
    resolution: Annotated[Resolution, only_with("resolution")]
    score: float
    severity: Severity
    size: int
    start_timestamp: int
    status: Status
    tags: list[str]
    tenant_group_name: str
    tenant_name: str
    ticket_id: int
    version: int


@exact
class Case(_Case):
    """A case as reads show it."""

    description: Annotated[str, only_with("description_in_get")]


@exact
class UpdatedCase(_Case):
    """A case as the answer of an update shows it."""

    description: Annotated[str, only_with("description_in_put_answer")]


@exact
class Nothing(TypedDict):
    pass


@open_ended
class SomeFields(TypedDict):
    """An object of which one field is sure."""

    _id: str


@exact
class Summary(TypedDict):
    stages: list[str]
    tactics: list[str]
    techniques: list[str]
    users: list[str]
    hosts: list[str]


@exact
class ListedCase(_Case):
    description: Annotated[str, only_with("description_in_get")]
    summary: NotRequired[str | Summary]


@exact
class CaseList(TypedDict):
    cases: list[ListedCase]
    total: Annotated[int, only_with("list_total")]


@exact
class Comment(TypedDict):
    _id: str
    case_id: str
    comment: str
    user: str
    created_at: int
    modified_at: int


@open_ended
class AlertSource(TypedDict):
    """What an alert is of, its fields differ by detection."""

    event_status: str
    comments: list[Any]


@open_ended
class Alert(TypedDict):
    _id: str
    _index: str
    _source: AlertSource


@exact
class AlertList(TypedDict):
    docs: list[Alert]
    total: Annotated[int, only_with("alerts_total")]


Observables = dict[str, list[dict[str, Any]]]


@exact
class _Reason(TypedDict):
    reason: str


@exact
class Score(TypedDict):
    timestamp: int
    score: float
    reasons: list[_Reason]


# `from` is no name in Python.
_Change = TypedDict("_Change", {"from": Any, "to": Any})


@exact
class Activity(_Change):
    timestamp: int
    action: str
    field: str
    user: str


@exact
class User(TypedDict):
    user_id: str
    email: str
    name: str
    priv_profile_id: str
    org_id: str


@exact
class UserActivity(TypedDict):
    Timestamps: int
    User: str
    module: str
    Activity: str
    Data: str


@exact
class Tenant(TypedDict):
    cust_id: str
    cust_name: str
    address: str
    contact: str
    contact_email: str
    contact_phone: str
    info: str
    ds_num: int
    user_num: int
    created_at: int
    tgrp_name: str
    retention_group: str
    ingestion_limit: int
    session_timeout: int
    mfa_enabled: bool
    tenant_session_override: bool


# A tenant, or those of its fields that `fields` asks for
SomeOfTenant = exact(TypedDict("SomeOfTenant", Tenant.__annotations__, total=False))


@exact
class TenantGroup(TypedDict):
    tgrp_name: str
    tenants: list[str]


@exact
class _Shards(TypedDict):
    total: int
    successful: int
    skipped: int
    failed: int


@exact
class _HitCount(TypedDict):
    value: int
    relation: str


@exact
class _FoundAlerts(TypedDict):
    total: _HitCount
    max_score: float | None
    hits: list[Alert]


@exact
class Hits(TypedDict):
    """The answer of Elasticsearch."""

    took: int
    timed_out: bool
    _shards: _Shards
    hits: _FoundAlerts


class _Incident(TypedDict):
    _id: str
    assignee: str
    assignee_name: str
    created_at: int
    created_by: str
    cust_id: str
    incident_score: float
    modified_at: int
    modified_by: str
    name: str
    priority: Severity
    size: int
    status: Status
    tags: list[str]
    ticket_id: int
    version: int


@exact
class Incident(_Incident):
    """A case by its older name, which has fewer fields."""


@exact
class _Metadata(TypedDict):
    modified_at_auto: int
    algorithm: str
    entity_id: str
    automatic_version: int
    name_auto: list[str]


@exact
class _EventId(TypedDict):
    _index: str
    _id: str


@exact
class ListedIncident(_Incident):
    start_timestamp: int
    end_timestamp: int
    metadata: _Metadata
    event_ids: list[_EventId]


@exact
class IncidentList(TypedDict):
    incidents: list[ListedIncident]
    total: Annotated[int, only_with("list_total")]


@open_ended
class _AiSummary(TypedDict):
    triage_state: str


@exact
class AiDetail(TypedDict, total=False):
    """The parts of a case that were asked for."""

    details: Case
    summary: str | Summary
    alerts: list[Alert]
    comments: list[Comment]
    observables: Observables
    activity: list[Activity]
    scores: list[Score]
    assignees: list[User]
    aiSummary: _AiSummary

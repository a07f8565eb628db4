# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator itself takes and answers, as OpenAPI 3.1: made from the routes, the switches and this table.

It describes the simulator and not the platform, whose own description is part of the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .ai_case import PARTS as AI_PARTS
from .change import refusal
from .model import ALERT_STATUSES, RECORD_DEFAULTS, RESOLUTIONS, SEVERITIES, STATUSES
from .people import TENANT_DEFAULTS, new_user
from .query import MAXIMUM_LIMIT
from .store import SORT_FIELDS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
ANY: Schema = {}
# What SQLite holds
WHOLE: Schema = {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", list: "array"}


def one_of(values: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(values)}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def exactly(**properties: Schema) -> Schema:
    """An object with these, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def at_most(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def open_object(**properties: Schema) -> Schema:
    """An object with at least these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def body_with(*required: str, **properties: Schema) -> Schema:
    """A body whose unknown names are ignored."""
    return {"type": "object", "properties": properties, "required": list(required)}


def data(schema: Schema) -> Schema:
    return exactly(data=schema)


def like(values: dict[str, Any]) -> dict[str, Schema]:
    """Schemas for what has these defaults."""
    return {name: {"type": TYPES[type(value)]} for name, value in values.items()}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _case(switches: Any) -> dict[str, Schema]:
    """The fields of a case, as model.show() makes them."""
    fields = like(RECORD_DEFAULTS) | {"score": NUMBER, "tags": list_of(TEXT), "status": one_of(STATUSES)}
    fields |= dict.fromkeys(
        ("assignee_name", "created_by_name", "modified_by_name", "tenant_name", "tenant_group_name"), TEXT
    )
    fields |= {"severity": one_of(SEVERITIES), "resolution": one_of(RESOLUTIONS)}
    if not switches.resolution:
        del fields["resolution"]
    return fields


def _shown(case: dict[str, Schema], description: bool) -> dict[str, Schema]:
    return {name: schema for name, schema in case.items() if name != "description" or description}


def schemas(switches: Any) -> dict[str, Schema]:
    case = _case(switches)
    shown = _shown(case, switches.description_in_get)
    updated = _shown(case, switches.description_in_put_answer)
    # The older endpoint has its own names, and fewer fields.
    gone = {"acknowledged", "closed", "start_timestamp", "end_timestamp", "resolution", "score", "description"}
    gone |= {"tenant_name", "tenant_group_name", "created_by_name", "modified_by_name", "severity"}
    incident = {name: schema for name, schema in case.items() if name not in gone} | {
        "priority": one_of(SEVERITIES),
        "incident_score": NUMBER,
    }
    metadata = {"modified_at_auto": INTEGER, "algorithm": TEXT, "entity_id": TEXT, "automatic_version": INTEGER}
    summary = dict.fromkeys(("stages", "tactics", "techniques", "users", "hosts"), list_of(TEXT))
    statuses = [status for status in STATUSES if status != "Escalated" or switches.escalated]
    tags = {"type": "object", "minProperties": 1} | at_most(
        add=list_of({"type": "string", "minLength": 1}), delete=list_of(TEXT)
    )
    changes = {"status": one_of(statuses), "assignee": TEXT, "tags": tags, "severity": one_of(SEVERITIES)}
    changes["resolution"] = one_of(RESOLUTIONS)
    answer = switches.put_answer
    return {
        "Error": TEXT if switches.error_body == "text" else exactly(**{switches.error_body: TEXT}),
        "Case": exactly(**shown),
        "ListedCase": {
            **exactly(**shown),
            "properties": shown | {"summary": {"anyOf": [TEXT, ref("Summary")]}},
        },
        "UpdatedCase": exactly(**updated) if answer == "full" else exactly(),
        "CreatedCase": exactly(**updated),
        "CaseUpdate": {
            "minProperties": 1,
            **body_with(
                **changes, description=TEXT, name={"type": "string", "minLength": 1}, update_alerts={"type": "boolean"}
            ),
        },
        "NewCase": body_with(
            "name",
            name={"type": "string", "minLength": 1},
            cust_id=TEXT,
            status=one_of(statuses),
            assignee=TEXT,
            tags=list_of({"type": "string", "minLength": 1}),
            alerts=list_of(body_with("_id", _id=TEXT, _index=TEXT)),
            comment=TEXT,
            severity=one_of(SEVERITIES),
        ),
        "Incident": exactly(**incident),
        "ListedIncident": exactly(
            **incident,
            start_timestamp=INTEGER,
            end_timestamp=INTEGER,
            metadata=exactly(**metadata, name_auto=list_of(TEXT)),
            event_ids=list_of(exactly(_index=TEXT, _id=TEXT)),
        ),
        "IncidentUpdate": body_with(
            **{name: changes[name] for name in ("status", "assignee", "tags", "resolution")},
            priority=one_of(SEVERITIES),
        ),
        "Comment": exactly(
            **dict.fromkeys(("_id", "case_id", "comment", "user"), TEXT), created_at=INTEGER, modified_at=INTEGER
        ),
        "Alert": {
            **open_object(_id=TEXT, _index=TEXT, _source=open_object(event_status=TEXT, comments=list_of(ANY))),
        },
        "AlertUpdate": body_with(
            status=one_of(ALERT_STATUSES),
            comments=TEXT,
            event_tags=list_of(body_with("op", "tag", op=one_of(("add", "delete")), tag=TEXT)),
        ),
        "Observables": {"type": "object", "additionalProperties": list_of(open_object())},
        "Summary": exactly(**summary),
        "Activity": exactly(timestamp=INTEGER, action=TEXT, field=TEXT, user=TEXT, **{"from": ANY, "to": ANY}),
        "Score": exactly(timestamp=INTEGER, score=NUMBER, reasons=list_of(exactly(reason=TEXT))),
        "User": exactly(**like(new_user("", ""))),
        "Tenant": exactly(cust_id=TEXT, cust_name=TEXT, created_at=INTEGER, **like(TENANT_DEFAULTS)),
        "TenantFields": at_most(cust_id=TEXT, cust_name=TEXT, created_at=INTEGER, **like(TENANT_DEFAULTS)),
        "TenantUpdate": body_with(cust_name={"type": "string", "minLength": 1}, **like(TENANT_DEFAULTS)),
        "Hits": exactly(
            took=INTEGER,
            timed_out={"type": "boolean"},
            _shards=exactly(**dict.fromkeys(("total", "successful", "skipped", "failed"), INTEGER)),
            hits=exactly(
                total=exactly(value=INTEGER, relation=TEXT),
                max_score={"type": ["number", "null"]},
                hits=list_of(ref("Alert")),
            ),
        ),
        "UserActivity": exactly(Timestamps=INTEGER, **dict.fromkeys(("User", "module", "Activity", "Data"), TEXT)),
    }


@dataclass(frozen=True)
class Operation:
    """What a route takes and answers.

    refuses: what it may say no to, of REFUSALS. links: names of operations that go on from an answer, with where it
    holds what they need.
    """

    summary: str
    answer: Schema
    parameters: tuple[tuple[str, Schema], ...] = ()
    body: Schema | None = None
    refuses: tuple[str, ...] = ()
    status: str = ""
    links: tuple[tuple[str, str, str], ...] = ()


def refusals(switches: Any) -> dict[str, tuple[int, ...]]:
    """The statuses of what is refused."""
    invalid = switches.invalid_value_status
    return {
        "case": (switches.unknown_case_status, 403, 404),
        "id": (404,),
        "tenant": (403,),
        "users": (switches.users_status,) if switches.users_status else (),
        "tenants": (switches.tenants_status,) if switches.tenants_status else (),
        "number": (invalid,) if invalid != 200 else (),
        "paging": (invalid if invalid != 200 else 400,),
        "body": (400, 422, refusal(switches)),
        "need of paging": (422,),
    }


LIST = (
    ("limit", {"type": "integer", "minimum": 0, "maximum": MAXIMUM_LIMIT}),
    ("skip", COUNT),
    ("sort", one_of(SORT_FIELDS)),
    ("order", one_of(("asc", "desc"))),
    ("status", list_of(one_of(STATUSES))),
    ("tags", list_of(TEXT)),
    ("ticket_id", WHOLE),
    ("tenantid", TEXT),
    ("cust_id", TEXT),
    *((f"{end}~{field}", WHOLE) for end in ("FROM", "TO") for field in ("created_at", "modified_at")),
)
CASES_LIST = (
    *LIST,
    ("severity", list_of(one_of(SEVERITIES))),
    ("NOT~tags", list_of(TEXT)),
    ("NOT~modified_by", list_of(TEXT)),
    ("assignee", TEXT),
    ("FROM~score", NUMBER),
    ("TO~score", NUMBER),
    ("min_score", NUMBER),
    ("min_size_auto", {"type": "integer", "minimum": 0, "maximum": 10**9 - 1}),
    ("include_summary", one_of(("true", "false"))),
    ("format_summary", one_of(("true", "false"))),
)
PAGE = (("limit", COUNT), ("skip", COUNT))
CASE = "$response.body#/data/cases/0/_id"

# The operations of each path below /connect/api.
TABLE: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/access_token"): Operation("A token for a key", exactly(access_token=TEXT, exp=INTEGER)),
    ("GET", "/v1/cases"): Operation(
        "Cases that meet all filters",
        data(exactly(cases=list_of(ref("ListedCase")), total=INTEGER)),
        CASES_LIST,
        refuses=("number", "paging", "tenant"),
        links=tuple(
            (f"{method} {path}", "case_id", CASE)
            for method, path in (
                ("GET", "/v1/cases/{case_id}"),
                ("PUT", "/v1/cases/{case_id}"),
                ("POST", "/v1/cases/{case_id}/comments"),
                ("GET", "/v1/cases/{case_id}/comments"),
                ("GET", "/v1/cases/{case_id}/alerts"),
                ("GET", "/v1/cases/{case_id}/observables"),
                ("GET", "/v1/cases/{case_id}/summary"),
                ("GET", "/v1/cases/{case_id}/activities"),
                ("GET", "/v1/cases/{case_id}/scores"),
            )
        ),
    ),
    ("POST", "/v1/cases"): Operation(
        "Make a case",
        data(ref("CreatedCase")),
        body=ref("NewCase"),
        refuses=("body", "tenant"),
        status="create_status",
        links=(
            ("GET /v1/cases/{case_id}", "case_id", "$response.body#/data/_id"),
            ("PUT /v1/cases/{case_id}", "case_id", "$response.body#/data/_id"),
        ),
    ),
    ("GET", "/v1/cases/{case_id}"): Operation("A case", data(ref("Case")), refuses=("case",)),
    ("PUT", "/v1/cases/{case_id}"): Operation(
        "Change a case",
        data(ref("UpdatedCase")),
        body=ref("CaseUpdate"),
        refuses=("case", "body"),
        links=(("GET /v1/cases/{case_id}", "case_id", "$response.body#/data/_id"),),
    ),
    ("GET", "/v1/cases/{case_id}/comments"): Operation(
        "Comments of a case", data(list_of(ref("Comment"))), refuses=("case",)
    ),
    ("POST", "/v1/cases/{case_id}/comments"): Operation(
        "Comment on a case",
        data(ref("Comment")),
        body=body_with("comment", comment={"type": "string", "minLength": 1}),
        refuses=("case", "body"),
        status="comment_status",
        links=tuple(
            (f"{method} /v1/cases/{{case_id}}/comments/{{comment_id}}", "comment_id", "$response.body#/data/_id")
            for method in ("PUT", "DELETE")
        ),
    ),
    ("PUT", "/v1/cases/{case_id}/comments/{comment_id}"): Operation(
        "Change a comment",
        data(ref("Comment")),
        body=body_with("comment", comment={"type": "string", "minLength": 1}),
        refuses=("case", "body"),
    ),
    ("DELETE", "/v1/cases/{case_id}/comments/{comment_id}"): Operation(
        "Delete a comment", data(ref("Comment")), refuses=("case",)
    ),
    ("GET", "/v1/cases/{case_id}/alerts"): Operation(
        "Alerts of a case",
        data({**exactly(docs=list_of(ref("Alert"))), "properties": {"docs": list_of(ref("Alert")), "total": INTEGER}}),
        PAGE,
        refuses=("case", "number", "need of paging"),
    ),
    ("GET", "/v1/cases/{case_id}/observables"): Operation(
        "Observables of a case", exactly(observables=ref("Observables")), refuses=("case",)
    ),
    ("GET", "/v1/cases/{case_id}/summary"): Operation(
        "Summary of a case",
        data({"anyOf": [TEXT, ref("Summary")]}),
        (("formatted", one_of(("true", "false"))),),
        refuses=("case",),
    ),
    ("GET", "/v1/cases/{case_id}/activities"): Operation(
        "History of a case", data(list_of(ref("Activity"))), refuses=("case",)
    ),
    ("GET", "/v1/cases/{case_id}/scores"): Operation(
        "Scores of a case", data(list_of(ref("Score"))), refuses=("case",)
    ),
    ("GET", "/v1/cases/{case_id}/activity/score"): Operation(
        "Scores of a case, by their older path", data(list_of(ref("Score"))), refuses=("case",)
    ),
    ("GET", "/v1/ai/cases/detail"): Operation(
        "The assistant's report of a case",
        data({"type": "object", "properties": dict.fromkeys(AI_PARTS, ANY), "additionalProperties": False}),
        (("id", TEXT), ("include", one_of(AI_PARTS))),
        refuses=("case", "body"),
    ),
    ("GET", "/v1/users"): Operation(
        "Users",
        data(list_of(ref("User"))),
        refuses=("users",),
        links=tuple(
            (f"{method} /v1/users/{{user_id}}", "user_id", "$response.body#/data/0/user_id")
            for method in ("GET", "PATCH", "DELETE")
        ),
    ),
    ("GET", "/v1/users/{user_id}"): Operation("A user", data(ref("User")), refuses=("users", "id")),
    ("PATCH", "/v1/users/{user_id}"): Operation(
        "Change a user's profile",
        data(ref("User")),
        body=body_with("priv_profile_id", priv_profile_id=TEXT),
        refuses=("users", "id", "body"),
    ),
    ("DELETE", "/v1/users/{user_id}"): Operation("Delete a user", data(ref("User")), refuses=("users", "id")),
    ("GET", "/v1/user_activities"): Operation(
        "What users did",
        exactly(activities=list_of(ref("UserActivity"))),
        (
            ("FROM~Timestamps", WHOLE),
            ("TO~Timestamps", WHOLE),
            ("Data", TEXT),
            ("Activity", TEXT),
            ("module", TEXT),
            ("order", one_of(("asc", "desc"))),
        ),
        refuses=("number", "paging"),
    ),
    ("GET", "/v1/tenants"): Operation(
        "Tenants",
        data(list_of(ref("TenantFields"))),
        (("fields", list_of(one_of(("cust_id", "cust_name", *TENANT_DEFAULTS)))),),
        refuses=("tenants",),
        links=tuple(
            (f"{method} /v1/tenants/{{cust_id}}", "cust_id", "$response.body#/data/0/cust_id")
            for method in ("GET", "PATCH")
        ),
    ),
    ("POST", "/v1/tenants"): Operation(
        "Make a tenant",
        data(ref("Tenant")),
        body={**ref("TenantUpdate"), "required": ["cust_name"]},
        refuses=("tenants", "tenant", "body"),
        links=(("GET /v1/tenants/{cust_id}", "cust_id", "$response.body#/data/cust_id"),),
    ),
    ("GET", "/v1/tenants/{cust_id}"): Operation("A tenant", data(ref("Tenant")), refuses=("tenants", "tenant", "id")),
    ("PATCH", "/v1/tenants/{cust_id}"): Operation(
        "Change a tenant", data(ref("Tenant")), body=ref("TenantUpdate"), refuses=("tenants", "tenant", "id", "body")
    ),
    ("GET", "/v1/tenant_groups"): Operation(
        "Groups of tenants", data(list_of(exactly(tgrp_name=TEXT, tenants=list_of(TEXT)))), refuses=("tenants",)
    ),
    ("POST", "/v1/security_events/{index}/{alert_id}"): Operation(
        "Change an alert", data(ref("Alert")), body=ref("AlertUpdate"), refuses=("case", "body")
    ),
    ("PUT", "/v1/security_events/{index}/{alert_id}/status"): Operation(
        "Change an alert, by another path", data(ref("Alert")), body=ref("AlertUpdate"), refuses=("case", "body")
    ),
    ("POST", "/update_ser"): Operation(
        "Change an alert, by the oldest path",
        data(ref("Alert")),
        body={**ref("AlertUpdate"), "required": ["_id"]},
        refuses=("case", "body"),
    ),
    ("GET", "/data/{index}/_search"): Operation(
        "Find an alert by its id", ref("Hits"), (("q", TEXT),), refuses=("tenant", "id")
    ),
    ("POST", "/data/{index}/_search"): Operation(
        "Find an alert by its id", ref("Hits"), (("q", TEXT),), body=open_object(), refuses=("tenant", "id")
    ),
    ("GET", "/data/_search/scroll"): Operation("The end of a search", ref("Hits"), refuses=("tenant",)),
    ("GET", "/v1/incidents"): Operation(
        "Cases by their older name",
        data(exactly(incidents=list_of(ref("ListedIncident")), total=INTEGER)),
        (*LIST, ("FROM~incident_score", NUMBER), ("TO~incident_score", NUMBER)),
        refuses=("number", "paging", "tenant"),
        links=(
            ("GET /v1/incidents/{case_id}/observables", "case_id", "$response.body#/data/incidents/0/_id"),
            ("POST /v1/incidents", "id", "$response.body#/data/incidents/0/_id"),
        ),
    ),
    ("POST", "/v1/incidents"): Operation(
        "Change a case by its older name",
        data(ref("Incident")),
        (("id", TEXT),),
        body=ref("IncidentUpdate"),
        refuses=("case", "body"),
    ),
    ("GET", "/v1/incidents/{case_id}/observables"): Operation(
        "Observables of a case by its older name", exactly(observables=ref("Observables")), refuses=("case",)
    ),
}
BASE = "/connect/api"


def document(routes: Iterable[Any], switches: Any) -> dict[str, Any]:
    """The description of routes; a KeyError for one that the table does not describe."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        (method,) = route.methods - {"HEAD"}
        path = route.path.removeprefix(BASE)
        paths.setdefault(route.path, {})[method.lower()] = _operation(method, path, TABLE[method, path], switches)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Simulator of the Stellar Cyber Cases API",
            "description": "What the simulator takes and answers; nothing of it was compared with a real platform.",
            "version": switches.profile,
        },
        "paths": paths,
        "components": {
            "schemas": schemas(switches),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "basic", "description": "e-mail and API key"},
                "scopedKey": {"type": "http", "scheme": "bearer", "description": "a scoped key, itself a token"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(method: str, path: str, operation: Operation, switches: Any) -> dict[str, Any]:
    is_login = path.endswith("/access_token")
    answer: dict[str, Any] = {
        "description": operation.summary,
        "content": {"application/json": {"schema": operation.answer}},
    }
    if operation.links:
        answer["links"] = {
            re.sub(r"[^A-Za-z]+", "_", target).strip("_"): {
                "operationId": target,
                "parameters": {name: source} | ({"case_id": "$request.path.case_id"} if "comment_id" in target else {}),
            }
            for target, name, source in operation.links
        }
    success = getattr(switches, operation.status) if operation.status else 200
    statuses = {401, *(status for kind in operation.refuses for status in refusals(switches)[kind])} - {success}
    media = "text/plain" if switches.error_body == "text" else "application/json"
    refused = {"description": "Refused", "content": {media: {"schema": ref("Error")}}}
    described: dict[str, Any] = {
        "operationId": f"{method} {path}",
        "summary": operation.summary,
        "security": [{"key": []}, {"scopedKey": []}] if is_login else [{"token": []}],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
                for name in re.findall(r"{(\w+)}", path)
            ),
            *(
                {"name": name, "in": "query", "schema": schema}
                | ({"style": "form", "explode": False} if schema.get("type") == "array" else {})
                for name, schema in operation.parameters
            ),
        ],
        "responses": {str(success): answer, **{str(status): refused for status in sorted(statuses)}},
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": operation.body}},
        }
    return described

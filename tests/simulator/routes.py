# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of the API, each with the models of what it takes and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import accounts, ai_case, alerts, answers, asked, case_parts, cases, legacy
from .web import refuse_by_status

if TYPE_CHECKING:
    from .switches import Switches

BASE = "/connect/api"
V1 = f"{BASE}/v1"
TOKEN_PATH = f"{V1}/access_token"

Model = Any


class ApiRoute(Route):
    """A route with what it takes and answers.

    answer: the model of what the envelope holds, or a function that takes the switches and returns it. query, body:
    models. refuses: what it may refuse, of openapi.refusals(). status: the switch that has its status. ids: names of
    path or query parameters of other routes, with where the answer holds a value for them.
    """

    def __init__(
        self,
        method: str,
        path: str,
        endpoint: Callable[[Request], Any],
        answer: Model,
        *,
        envelope: str = "data",
        query: Model = None,
        body: Model = None,
        refuses: tuple[str, ...] = (),
        status: str = "",
        ids: dict[str, str] | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method = method
        self.answer = answer
        self.envelope = envelope
        self.query = query
        self.body = body
        self.refuses = refuses
        self.status = status
        self.ids = ids or {}


async def access_token(request: Request) -> Response:
    """Exchange a key for a token."""
    refuse_by_status(request.app.state.world.switches.token_status)
    return JSONResponse(request.app.state.world.auth.exchange(request.headers.get("authorization", "")))


def _update_answer(switches: Switches) -> Model:
    short = {"no_case": answers.Nothing, "no_data": None, "empty": None, "partial": answers.SomeFields}
    return short.get(switches.put_answer, answers.UpdatedCase)


CASES, CASE = f"{V1}/cases", V1 + "/cases/{case_id}"
CASE_IDS = {"case_id": "/data/_id", "id": "/data/_id"}
FIRST_CASE = {"case_id": "/data/cases/0/_id", "id": "/data/cases/0/_id"}
FIRST_ALERT = {"index": "/data/docs/0/_index", "alert_id": "/data/docs/0/_id"}
FIRST_INCIDENT = {"case_id": "/data/incidents/0/_id", "id": "/data/incidents/0/_id"}

ROUTES = [
    ApiRoute("POST", TOKEN_PATH, access_token, answers.Token, envelope="", refuses=("token",)),
    ApiRoute(
        "GET",
        CASES,
        cases.list_cases,
        answers.CaseList,
        query=asked.CaseQuery,
        refuses=("number", "paging", "tenant"),
        ids=FIRST_CASE,
    ),
    ApiRoute(
        "POST",
        CASES,
        cases.post_cases,
        answers.UpdatedCase,
        body=asked.NewCase,
        refuses=("body", "tenant", "creation"),
        status="create_status",
        ids=CASE_IDS,
    ),
    ApiRoute("GET", CASE, cases.get_case, answers.Case, refuses=("case",), ids=CASE_IDS),
    ApiRoute(
        "PUT",
        CASE,
        cases.put_case,
        _update_answer,
        body=asked.CaseUpdate,
        refuses=("case", "body"),
        ids=CASE_IDS,
    ),
    ApiRoute(
        "GET",
        f"{CASE}/comments",
        case_parts.list_comments,
        list[answers.Comment],
        refuses=("case",),
        ids={"comment_id": "/data/0/_id"},
    ),
    ApiRoute(
        "POST",
        f"{CASE}/comments",
        case_parts.post_comment,
        answers.Comment,
        body=asked.NewComment,
        refuses=("case", "body"),
        status="comment_status",
        ids={"comment_id": "/data/_id"},
    ),
    ApiRoute(
        "PUT",
        CASE + "/comments/{comment_id}",
        case_parts.put_comment,
        answers.Comment,
        body=asked.NewComment,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "DELETE",
        CASE + "/comments/{comment_id}",
        case_parts.delete_comment,
        answers.Comment,
        refuses=("case",),
    ),
    ApiRoute(
        "GET",
        f"{CASE}/alerts",
        case_parts.list_alerts,
        answers.AlertList,
        query=asked.PageQuery,
        refuses=("case", "number", "need of paging"),
        ids=FIRST_ALERT,
    ),
    ApiRoute(
        "GET",
        f"{CASE}/observables",
        case_parts.observables,
        answers.Observables,
        envelope="observables",
        refuses=("case",),
    ),
    ApiRoute(
        "GET",
        f"{CASE}/summary",
        case_parts.summary,
        str | answers.Summary,
        query=asked.SummaryQuery,
        refuses=("case",),
    ),
    ApiRoute("GET", f"{CASE}/activities", case_parts.activities, list[answers.Activity], refuses=("case", "history")),
    ApiRoute("GET", f"{CASE}/scores", case_parts.scores, list[answers.Score], refuses=("case",)),
    ApiRoute("GET", f"{CASE}/activity/score", case_parts.scores, list[answers.Score], refuses=("case",)),
    ApiRoute(
        "GET",
        f"{V1}/ai/cases/detail",
        ai_case.ai_case_detail,
        answers.AiDetail,
        query=asked.AiQuery,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "GET",
        f"{V1}/users",
        accounts.list_users,
        list[answers.User],
        refuses=("users",),
        ids={"user_id": "/data/0/user_id"},
    ),
    ApiRoute("GET", V1 + "/users/{user_id}", accounts.get_user, answers.User, refuses=("users", "id")),
    ApiRoute(
        "PATCH",
        V1 + "/users/{user_id}",
        accounts.patch_user,
        answers.User,
        body=asked.UserUpdate,
        refuses=("users", "id", "body"),
    ),
    ApiRoute("DELETE", V1 + "/users/{user_id}", accounts.delete_user, answers.User, refuses=("users", "id")),
    ApiRoute(
        "GET",
        f"{V1}/user_activities",
        accounts.user_activities,
        list[answers.UserActivity],
        envelope="activities",
        query=asked.UserActivityQuery,
        refuses=("number", "paging"),
    ),
    ApiRoute(
        "GET",
        f"{V1}/tenants",
        accounts.list_tenants,
        list[answers.SomeOfTenant],
        query=asked.TenantQuery,
        refuses=("tenants",),
        ids={"cust_id": "/data/0/cust_id"},
    ),
    ApiRoute(
        "POST",
        f"{V1}/tenants",
        accounts.post_tenant,
        answers.Tenant,
        body=asked.NewTenant,
        refuses=("tenants", "tenant", "body"),
        ids={"cust_id": "/data/cust_id"},
    ),
    ApiRoute(
        "GET", V1 + "/tenants/{cust_id}", accounts.get_tenant, answers.Tenant, refuses=("tenants", "tenant", "id")
    ),
    ApiRoute(
        "PATCH",
        V1 + "/tenants/{cust_id}",
        accounts.patch_tenant,
        answers.Tenant,
        body=asked.TenantUpdate,
        refuses=("tenants", "tenant", "id", "body"),
    ),
    ApiRoute("GET", f"{V1}/tenant_groups", accounts.tenant_groups, list[answers.TenantGroup], refuses=("tenants",)),
    ApiRoute(
        "POST",
        V1 + "/security_events/{index}/{alert_id}",
        alerts.update_event,
        answers.Alert,
        body=asked.AlertUpdate,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "PUT",
        V1 + "/security_events/{index}/{alert_id}/status",
        alerts.update_event,
        answers.Alert,
        body=asked.AlertUpdate,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "POST",
        f"{BASE}/update_ser",
        alerts.update_ser,
        answers.Alert,
        body=asked.AlertUpdateById,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "GET",
        BASE + "/data/{index}/_search",
        alerts.search,
        answers.Hits,
        envelope="",
        query=asked.SearchQuery,
        refuses=("tenant", "id"),
    ),
    ApiRoute(
        "POST",
        BASE + "/data/{index}/_search",
        alerts.search,
        answers.Hits,
        envelope="",
        query=asked.SearchQuery,
        body=dict[str, Any],
        refuses=("tenant", "id"),
    ),
    ApiRoute("GET", f"{BASE}/data/_search/scroll", alerts.search, answers.Hits, envelope="", refuses=("tenant",)),
    ApiRoute(
        "GET",
        f"{V1}/incidents",
        legacy.list_incidents,
        answers.IncidentList,
        query=asked.IncidentQuery,
        refuses=("number", "paging", "tenant"),
        ids=FIRST_INCIDENT,
    ),
    ApiRoute(
        "POST",
        f"{V1}/incidents",
        legacy.post_incident,
        answers.Incident,
        query=asked.IncidentId,
        body=asked.IncidentUpdate,
        refuses=("case", "body"),
    ),
    ApiRoute(
        "GET",
        V1 + "/incidents/{case_id}/observables",
        case_parts.observables,
        answers.Observables,
        envelope="observables",
        refuses=("case",),
    ),
]

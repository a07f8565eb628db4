# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator does what its own description says, whatever is sent to it."""

from __future__ import annotations

import base64
import json
import sys
from functools import cache
from typing import Any, get_args, get_type_hints

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
)

from tests.simulator import answers, asked
from tests.simulator.__main__ import main
from tests.simulator.ai_case import PARTS
from tests.simulator.app import build
from tests.simulator.asked import SortField
from tests.simulator.openapi import document
from tests.simulator.people import TENANT_DEFAULTS, new_tenant
from tests.simulator.routes import BASE, ROUTES
from tests.simulator.store import SORT_FIELDS
from tests.simulator.switches import DEFAULT_PROFILE, PROFILES, Switches
from tests.simulator.world import Initial, World

OPERATIONS = [f"{route.method} {route.path.removeprefix(BASE)}" for route in ROUTES]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_description_is_one(profile: str) -> None:
    schema = schemathesis.openapi.from_dict(document(ROUTES, Switches(profile)))
    schema.validate()
    assert {result.ok().label for result in schema.get_all_operations()} == {
        f"{route.method} {route.path}" for route in ROUTES
    }


def test_every_operation_says_what_it_does() -> None:
    assert [route.path for route in ROUTES if not route.endpoint.__doc__] == []


def test_models_name_what_the_code_has() -> None:
    assert get_args(SortField) == SORT_FIELDS
    assert list(get_args(get_type_hints(asked.AiQuery)["include"])) == list(PARTS)
    assert get_type_hints(answers.Tenant).keys() == new_tenant("").keys()
    assert get_type_hints(asked.TenantUpdate).keys() == {"cust_name", *TENANT_DEFAULTS}


@pytest.mark.parametrize(
    ("switches", "fields"),
    [
        ({}, {"resolution"}),
        ({"resolution": False}, set()),
        ({"description_in_get": True}, {"resolution", "description"}),
    ],
)
def test_fields_follow_the_switches(switches: dict[str, Any], fields: set[str]) -> None:
    case = document(ROUTES, Switches(DEFAULT_PROFILE, switches))["components"]["schemas"]["Case"]
    assert case["additionalProperties"] is False
    assert case["required"] == list(case["properties"])
    assert {"resolution", "description"} & set(case["properties"]) == fields


def test_statuses_follow_the_switches() -> None:
    def responses(path: str, method: str, **switches: Any) -> list[str]:
        return list(
            document(ROUTES, Switches(DEFAULT_PROFILE, switches))["paths"][f"{BASE}/v1{path}"][method]["responses"]
        )

    assert responses("/cases", "post") == ["200", "400", "401", "403", "422"]
    assert responses("/cases", "post", create_status=404) == ["400", "401", "403", "404", "422"]
    assert responses("/cases", "post", create_status=201, create=False) == ["201", "400", "401", "403", "405", "422"]
    assert responses("/cases", "get", skip_max=9) == ["200", "401", "403", "422", "500"]
    assert responses("/access_token", "post", token_status=403) == ["200", "401", "403"]


def test_answers_lead_to_what_they_name() -> None:
    paths = document(ROUTES, Switches(DEFAULT_PROFILE))["paths"]
    assert paths[f"{BASE}/v1/cases/{{case_id}}/comments"]["post"]["responses"]["200"]["links"][
        "DELETE_v_cases_case_id_comments_comment_id"
    ] == {
        "operationId": "DELETE /v1/cases/{case_id}/comments/{comment_id}",
        "parameters": {"comment_id": "$response.body#/data/_id", "case_id": "$request.path.case_id"},
    }
    assert "PUT_v_cases_case_id" in paths[f"{BASE}/v1/cases"]["get"]["responses"]["200"]["links"]


class Server:
    """The simulator in this process, and what its paths can name."""

    def __init__(self, profile: str = DEFAULT_PROFILE) -> None:
        self.world = World(Initial(cases=12), profile)
        self.schema = schemathesis.openapi.from_dict(document(ROUTES, self.world.switches))
        self.schema.app = build(self.world)
        pair = base64.b64encode(f"{self.world.auth.username}:{self.world.auth.api_key}".encode()).decode()
        self.keys = [f"Basic {pair}", f"Bearer {self.world.auth.scoped_key}"]
        if not self.world.switches.scoped_keys:
            self.keys.pop()
        self.tokens = [f"Bearer {self.world.auth.exchange(key)['access_token']}" for key in self.keys]
        records = list(self.world.store.records())
        alerts = self.world.details.get("alerts", records[0])
        comment = self.world.details.comment(records[0], "Looked at", records[0]["assignee"])
        self.names = {
            "case_id": [record["_id"] for record in records],
            "comment_id": [comment["_id"]],
            "alert_id": [alert["_id"] for alert in alerts],
            "index": [alerts[0]["_index"]],
            "user_id": list(self.world.people.users),
            "cust_id": list(self.world.people.tenants),
        }

    def operation(self, name: str) -> Any:
        method, _space, path = name.partition(" ")
        return self.schema[BASE + path][method]


@st.composite
def calls(draw: Any, server: Server, name: str) -> Any:
    """A call that fits the description or breaks it, of something that is there or not, by a key that may or not."""
    operation = server.operation(name)
    wanted = [parameter.name for parameter in operation.path_parameters]
    there = {place: draw(st.sampled_from(server.names[place])) for place in wanted if draw(st.integers(0, 3))}
    mode = draw(st.sampled_from(schemathesis.GenerationMode))
    case = draw(operation.as_strategy(mode, path_parameters=there or None))
    return case, draw(st.sampled_from(server.keys if name.endswith("access_token") else server.tokens))


# What breaks the description may be taken all the same, as unknown names and other spellings of numbers are; and what
# fits may be refused, as the e-mail of nobody is.
NOT_HELD = [negative_data_rejection, positive_data_acceptance]
server_for = cache(lambda name: Server())


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_answers_as_it_is_described(profile: str) -> None:
    server = Server(profile)
    for name in OPERATIONS:
        if name.startswith("GET"):
            operation = server.operation(name)
            places = {parameter.name: server.names[parameter.name][0] for parameter in operation.path_parameters}
            case = operation.Case(
                path_parameters=places, query={"skip": 0, "limit": 9, "id": server.names["case_id"][0]}
            )
            case.call_and_validate(headers={"Authorization": server.tokens[0]}, checks=[response_schema_conformance])


def test_the_description_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["simulator", "--openapi", "--profile", "7.0", "--switch", "error_body=text"])
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == document(ROUTES, Switches("7.0", {"error_body": "text"}))


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=settings.default.max_examples // 5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers_are_as_described(name: str, data: Any) -> None:
    case, authorization = data.draw(calls(server_for(name), name))
    case.call_and_validate(headers={"Authorization": authorization}, excluded_checks=NOT_HELD)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, tokens, scopes, users and tenants."""

from __future__ import annotations

import base64
from typing import Any

import jwt
import pytest

CASE = "62fceb4a48be7776c793a02a"
OHTANI = "826ef6979788454297c85cbba4a51c08"
EXAMPLE_TENANT = "6aeb2aae7d8d4ef0820136f42d107db4"
HARBOUR = "e91d4a06c7b34b7f8f25d60b3a9c1d47"


def payload(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False, "verify_exp": False})


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json", None])
def test_a_legacy_key_is_exchanged(api: Any, simulator: Any, content_type: str | None) -> None:
    pair = base64.b64encode(f"{simulator.username}:{simulator.api_key}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": content_type}
    answer = api.call("POST", "/access_token", headers=headers)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "exp"}
    claims = payload(answer.json()["access_token"])
    assert claims["exp"] == answer.json()["exp"]
    assert 590 < claims["exp"] - simulator.control("GET", "clock")["now"] <= 600
    assert (claims["name"], len(simulator.api_key)) == (simulator.username, 86)


def test_a_scoped_key_is_exchanged(api: Any, simulator: Any) -> None:
    assert api.login("scoped").status_code == 200
    key = payload(simulator.scoped_key)
    assert jwt.get_unverified_header(simulator.scoped_key)["alg"] == "HS256"
    assert key["api_key"]["exp"] == key["iat"] + 36_500 * 24 * 3600
    assert [len(key["api_key"][name]) for name in ("key_id", "user_id", "org_id")] == [6, 32, 32]
    assert api.call("GET", f"/cases/{CASE}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic {wrong}",
        "Bearer {legacy}",
        "Bearer x.y.z",
        "basic {pair}",
        "Token {pair}",
    ],
)
def test_other_keys_are_not(api: Any, simulator: Any, authorization: str) -> None:
    pair = f"{simulator.username}:{simulator.api_key}"
    text = authorization.format(
        pair=base64.b64encode(pair.encode()).decode(),
        legacy=simulator.api_key,
        wrong=base64.b64encode(f"{pair}x".encode()).decode(),
    )
    assert api.call("POST", "/access_token", headers={"Authorization": text}).status_code == 401


def test_calls_need_a_token(api: Any, simulator: Any) -> None:
    for text in ("", f"Bearer {simulator.scoped_key}", "Bearer none", f"Bearer {jwt.encode({'jti': 'x'}, 'k' * 32)}"):
        answer = api.call("GET", "/cases", headers={"Authorization": text})
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    pair = (simulator.username, simulator.api_key)
    assert (
        api.session.get(
            f"{simulator.url}/connect/api/v1/cases", auth=pair, verify=simulator.ca_path, timeout=10
        ).status_code
        == 401
    )


def test_unknown_path_and_method(api: Any) -> None:
    assert api.call("GET", "/nothing").status_code == 404
    assert api.call("DELETE", f"/cases/{CASE}").status_code == 405


def test_a_token_expires_on_the_simulators_clock(api: Any, simulator: Any) -> None:
    date = api.call("GET", "/cases?limit=1").headers["date"]
    simulator.advance(590)
    assert api.call("GET", "/cases?limit=1").status_code == 200
    simulator.advance(20)
    answer = api.call("GET", "/cases?limit=1")
    assert answer.status_code == 401
    assert answer.headers["date"] != date
    api.login()
    assert api.call("GET", "/cases?limit=1").status_code == 200


def test_the_scope_of_a_key(api: Any, simulator: Any) -> None:
    everything = api.data("GET", "/cases?limit=1")["total"]
    (outside, *_others) = api.list(f"tenantid={HARBOUR}")
    api.login("scoped")
    assert {case["cust_id"] for case in api.list("limit=500")} == set(simulator.scoped_tenants)
    assert 0 < api.data("GET", "/cases?limit=1")["total"] < everything
    assert api.call("GET", f"/cases?tenantid={EXAMPLE_TENANT}").status_code == 200
    for method, path in (
        ("GET", f"/cases?tenantid={HARBOUR}"),
        ("GET", f"/cases?cust_id={HARBOUR}"),
        ("GET", f"/cases/{outside['_id']}"),
        ("PUT", f"/cases/{outside['_id']}"),
        ("GET", f"/cases/{outside['_id']}/alerts"),
        ("GET", f"/tenants/{HARBOUR}"),
        ("GET", f"/incidents?cust_id={HARBOUR}"),
    ):
        answer = api.call(method, path, json={"status": "New"} if method == "PUT" else None)
        assert (answer.status_code, answer.json()) == (403, {"error": "Tenant mismatch"}), path
    assert api.call("GET", "/connect/api/data/aella-ser-*/_search?q=_id:1").status_code == 403
    assert [tenant["cust_id"] for tenant in api.data("GET", "/tenants")] == simulator.scoped_tenants


def test_users(api: Any) -> None:
    users = {user["email"]: user for user in api.data("GET", "/users")}
    assert users["ohtani@example.com"]["user_id"] == OHTANI
    assert all(set(user) >= {"user_id", "email", "priv_profile_id"} for user in users.values())
    assert api.data("GET", f"/users/{OHTANI}") == users["ohtani@example.com"]
    assert api.data("PATCH", f"/users/{OHTANI}", json={"priv_profile_id": "Other"})["priv_profile_id"] == "Other"
    assert api.call("PATCH", f"/users/{OHTANI}", json={}).status_code == 422
    api.data("DELETE", f"/users/{OHTANI}")
    assert api.call("GET", f"/users/{OHTANI}").status_code == 404
    assert api.case()["assignee_name"] == OHTANI
    assert api.list("ticket_id=67535")[0]["assignee_name"] == OHTANI


def test_user_activities(api: Any, simulator: Any) -> None:
    api.put({"status": "New"})
    now = int(simulator.control("GET", "clock")["now"] * 1000)
    query = f"sort=Timestamps&order=asc&Data=&Activity=&module=&FROM~Timestamps={now - 60_000}&TO~Timestamps={now}"
    answer = api.call("GET", f"/user_activities?{query}").json()
    assert [entry["Activity"] for entry in answer["activities"]] == ["PUT"]
    week = f"FROM~Timestamps={now - 8 * 24 * 3600 * 1000}&TO~Timestamps={now}"
    assert api.call("GET", f"/user_activities?{week}").status_code == 422


def test_tenants(api: Any) -> None:
    tenants = api.data("GET", "/tenants")
    assert [tenant["cust_name"] for tenant in tenants] == ["Example Tenant", "Example Clinic", "Example Harbour"]
    assert api.data("GET", f"/tenants/{EXAMPLE_TENANT}") == tenants[0]
    assert api.call("GET", "/tenants/none").status_code == 404
    made = api.data("POST", "/tenants", json={"cust_name": "Example School", "tgrp_name": "Example Group"})
    assert api.data("PATCH", f"/tenants/{made['cust_id']}", json={"info": "new"})["info"] == "new"
    assert api.call("POST", "/tenants", json={}).status_code == 422
    groups = {group["tgrp_name"]: group["tenants"] for group in api.data("GET", "/tenant_groups")}
    assert groups["Example Group"] == [made["cust_id"]]
    api.data("PATCH", f"/tenants/{EXAMPLE_TENANT}", json={"cust_name": "Renamed"})
    assert api.case()["tenant_name"] == "Renamed"

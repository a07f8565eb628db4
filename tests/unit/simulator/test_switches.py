# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch: what the API does by default, and what it does with another value."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator import switches

CASE = "62fceb4a48be7776c793a02a"
OHTANI = "826ef6979788454297c85cbba4a51c08"


def status_of(method: str, path: str, body: Any = None) -> Callable[[Any], Any]:
    return lambda api: api.call(method, path, json=body).status_code


def put_then(body: Any, field: str) -> Callable[[Any], Any]:
    def observe(api: Any) -> Any:
        api.put(body)
        return api.case()[field]

    return observe


def listed(query: str) -> Callable[[Any], Any]:
    return lambda api: len(api.list(query))


def moves(method: str, path: str, body: Any) -> Callable[[Any], Any]:
    """Does the call move modified_at?"""

    def observe(api: Any) -> bool:
        before = api.case()["modified_at"]
        api.call(method, path, json=body)
        return bool(api.case()["modified_at"] != before)

    return observe


def reopened(field: str) -> Callable[[Any], Any]:
    def observe(api: Any) -> bool:
        api.put({"status": "Resolved", "resolution": "Benign"})
        api.put({"status": "New"})
        return bool(api.case()[field])

    return observe


def in_put_answer(field: str) -> Callable[[Any], Any]:
    return lambda api: field in api.put({"description": "d"}).json()["data"]


def exchange(field: str) -> Callable[[Any], Any]:
    def observe(api: Any) -> Any:
        answer = api.login().json()
        now = api.simulator.control("GET", "clock")["now"]
        told = answer.get("exp")
        works = api.call("GET", "/cases?limit=1").status_code
        return told and (told > now * 100, told > now), works

    return observe


def tags_after(body: Any) -> Callable[[Any], Any]:
    return put_then({"tags": body}, "tags")


def comments(api: Any) -> Any:
    for text in ("one", "two"):
        api.data("POST", f"/cases/{CASE}/comments", json={"comment": text})
    return [comment["comment"] for comment in api.data("GET", f"/cases/{CASE}/comments")]


def oldest_first(query: str) -> Callable[[Any], Any]:
    def observe(api: Any) -> Any:
        values = [case["created_at"] for case in api.list(f"limit=9&{query}")]
        return values == sorted(values)

    return observe


def basic(api: Any) -> int:
    simulator = api.simulator
    return int(
        api.session.get(
            f"{simulator.url}/connect/api/v1/cases",
            auth=(simulator.username, simulator.api_key),
            verify=simulator.ca_path,
            timeout=10,
        ).status_code
    )


def window(query: str) -> Callable[[Any], Any]:
    """Is the vendor's case of 2022 in the list, the default window being on?"""

    def observe(api: Any) -> bool:
        api.simulator.switch(default_window="24h")
        return CASE in [case["_id"] for case in api.list(f"limit=500&{query}")]

    return observe


RESOLUTION_WHILE_OPEN = status_of("PUT", f"/cases/{CASE}", {"resolution": "Benign"})
BAD_STATUS = status_of("PUT", f"/cases/{CASE}", {"status": "Open"})

# switch, what is looked at, its outcome by default, and with other values


def refused(api: Any) -> int:
    """How many of 23 calls in quick succession meet the rate limit."""
    return [api.call("GET", "/users").status_code for _number in range(23)].count(429)


def retry_after(api: Any) -> Any:
    refused(api)
    return api.call("GET", "/users").headers.get("retry-after")


def at_one_a_second(observe: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda api: api.simulator.switch(rate_limit_per_s=1) or observe(api)


def scores_rise(api: Any) -> bool:
    first, *_others, last = api.data("GET", f"/cases/{CASE}/scores")
    return bool(first["timestamp"] < last["timestamp"])


def third_field(api: Any) -> int:
    answer = api.call("POST", "/access_token", auth=(api.simulator.username, f"{api.simulator.api_key}:77"))
    return int(answer.status_code)


def hours_ahead(api: Any) -> int:
    api.login()
    return round((api.put({"status": "New"}).json()["data"]["modified_at"] / 1000 - time.time()) / 3600)


def places_without(field: str) -> Callable[[Any], Any]:
    """Where is a case without the field?"""

    def observe(api: Any) -> list[str]:
        api.simulator.switch(absent_fields=[field])
        cases = {"list": api.list("limit=1")[0], "get": api.case(), "put": api.put({"status": "New"}).json()["data"]}
        return [place for place, case in cases.items() if field not in case]

    return observe


def in_list(field: str) -> Callable[[Any], Any]:
    return lambda api: api.list("ticket_id=67535")[0][field]


def statuses_of_users(api: Any) -> list[int]:
    return [api.call("GET", "/users").status_code for _number in range(6)]


EFFECTS: list[tuple[str, Callable[[Any], Any], Any, dict[Any, Any]]] = [
    ("escalated", status_of("PUT", f"/cases/{CASE}", {"status": "Escalated"}), 200, {False: 422}),
    ("resolution", lambda api: "resolution" in api.case(), True, {False: False}),
    ("scores_path", status_of("GET", f"/cases/{CASE}/scores"), 200, {False: 404}),
    ("ai_detail", status_of("GET", f"/ai/cases/detail?id={CASE}"), 404, {True: 200}),
    (
        "tenant_fields",
        lambda api: len(api.data("GET", "/tenants?fields=cust_id,cust_name")[0]) == 2,
        False,
        {True: True},
    ),
    ("scoped_keys", lambda api: api.login("scoped").status_code, 200, {False: 401}),
    ("basic_everywhere", basic, 401, {True: 200}),
    ("token_lifetime_s", exchange("exp"), ((False, True), 200), {0: ((False, False), 401)}),
    (
        "token_exp",
        exchange("exp"),
        ((False, True), 200),
        {"ms": ((True, True), 200), "absent": (None, 200), "past": ((False, False), 200)},
    ),
    ("email_case", status_of("PUT", f"/cases/{CASE}", {"assignee": "OHTANI@EXAMPLE.COM"}), 200, {True: 422}),
    ("scoped_tenants", lambda api: api.login("scoped") and len(api.data("GET", "/tenants")), 2, {(): 0}),
    ("token_status", lambda api: api.login().status_code, 200, {403: 403}),
    ("basic_third_field", third_field, 200, {False: 401}),
    (
        "scoped_raw_search",
        lambda api: api.login("scoped") and api.call("GET", "/connect/api/data/x/_search").status_code,
        403,
        {True: 200},
    ),
    ("default_window", listed("ticket_id=67535"), 1, {"24h": 0}),
    ("default_window_lifted_by", window("FROM~created_at=1"), True, {"both": False}),
    ("default_window_exempt", window("ticket_id=67535"), False, {("ticket_id",): True}),
    ("limit_above_500", status_of("GET", "/cases?limit=501"), 200, {"reject": 422}),
    ("default_limit", listed(""), 50, {7: 7}),
    ("page_cap", listed("limit=20"), 20, {3: 3}),
    ("skip_ceiling", status_of("GET", "/cases?skip=30&limit=20"), 200, {40: 422}),
    (
        "skip_ceiling_answer",
        lambda api: api.simulator.switch(skip_ceiling=9) or api.call("GET", "/cases?limit=10").status_code,
        422,
        {"empty": 200},
    ),
    ("skip_max", status_of("GET", "/cases?skip=41&limit=1"), 200, {41: 200, 40: 500}),
    (
        "skip_max_status",
        lambda api: api.simulator.switch(skip_max=1) or api.call("GET", "/cases?skip=2").status_code,
        500,
        {400: 400},
    ),
    ("limit_max", status_of("GET", "/cases?limit=101"), 200, {101: 200, 100: 422}),
    (
        "limit_max_status",
        lambda api: api.simulator.switch(limit_max=10) or api.call("GET", "/cases?limit=11").status_code,
        422,
        {400: 400, 504: 504},
    ),
    ("default_sort", oldest_first("order=asc"), True, {"score": False}),
    ("default_order", oldest_first(""), False, {"asc": True}),
    ("range_from_inclusive", listed("ticket_id=67535&FROM~created_at=1660742474343"), 1, {False: 0}),
    ("range_to_inclusive", listed("ticket_id=67535&TO~created_at=1660742474343"), 1, {False: 0}),
    ("multi_status", listed("ticket_id=67535&status=New,Resolved"), 1, {False: 0}),
    ("empty_filter", listed("ticket_id=67535&status="), 1, {"literal": 0}),
    ("assignee_filter", listed("ticket_id=67535&assignee=ohtani@example.com"), 0, {("email",): 1}),
    ("tenant_parameters", listed("ticket_id=67535&tenant_id=b2f0c7de54c1498d9a7e3f6d1c20e885"), 1, {("tenant_id",): 0}),
    ("min_size_auto_threshold", listed("ticket_id=67535&min_size_auto"), 1, {18: 0}),
    ("ignored_query_parameters", listed("ticket_id=67535&status=Resolved"), 0, {("status",): 1}),
    (
        "boolean_case",
        lambda api: "summary" in api.list("limit=1&include_summary=True")[0],
        False,
        {False: True},
    ),
    (
        "list_total",
        lambda api: api.data("GET", "/cases?limit=7").get("total"),
        60,
        {"page": 7, "zero": 0, "capped": 60, "absent": None},
    ),
    (
        "list_total_cap",
        lambda api: api.simulator.switch(list_total="capped") or api.data("GET", "/cases?limit=7")["total"],
        60,
        {9: 9},
    ),
    (
        "empty_list",
        lambda api: api.call("GET", "/cases?status=none").json(),
        {"data": {"cases": [], "total": 0}},
        {
            "null": {"data": {"cases": None, "total": 0}},
            "absent": {"data": {"total": 0}},
            "data_list": {"data": []},
            "data_null": {"data": None},
        },
    ),
    ("shape_places", places_without("score"), ["list"], {("get", "put"): ["get", "put"], (): []}),
    ("absent_fields", lambda api: "tags" in api.list("ticket_id=67535")[0], True, {("tags",): False}),
    (
        "times_form",
        in_list("created_at"),
        1660742474343,
        {"text": "1660742474343", "iso": "2022-08-17T13:21:14.343Z", "seconds": 1660742474},
    ),
    ("score_form", in_list("score"), 25, {"text": "25"}),
    (
        "empty_tags",
        lambda api: api.list("ticket_id=68213")[0].get("tags", "absent"),
        [],
        {"null": None, "absent": "absent"},
    ),
    ("case_padding", lambda api: len(api.list("limit=1")[0].get("padding", "")), 0, {9: 9}),
    ("odd_record", lambda api: api.list("ticket_id=67535")[0] is None, False, {"null": True}),
    (
        "odd_record_id",
        lambda api: api.simulator.switch(odd_record="null") or api.list("order=asc").index(None),
        0,
        {CASE: 0, "1674728869334287aba4486901d24c4189a6fe8eab6efe05": 1},
    ),
    (
        "description_in_get",
        lambda api: "description" in api.case() or "description" in api.list("limit=1")[0],
        False,
        {True: True},
    ),
    ("description_in_put_answer", in_put_answer("description"), False, {True: True}),
    ("unassigned_name", put_then({"assignee": ""}, "assignee_name"), "Unassigned", {"": ""}),
    ("names_show", lambda api: api.case()["assignee_name"], "ohtani", {"email": "ohtani@example.com"}),
    (
        "put_answer",
        lambda api: api.put({"severity": "Low"}).text[:70],
        '{"data":{"_id":"62fceb4a48be7776c793a02a","acknowledged":1660826741467',
        {
            "no_case": '{"data":{}}',
            "no_data": "{}",
            "empty": "",
            "partial": '{"data":{"_id":"62fceb4a48be7776c793a02a","severity":"Low"}}',
        },
    ),
    ("ignored_put_keys", put_then({"severity": "Low"}, "severity"), "Low", {("severity",): "Medium"}),
    ("unknown_put_key", status_of("PUT", f"/cases/{CASE}", {"colour": "red"}), 200, {"reject": 422}),
    ("noop_put_moves_modified_at", moves("PUT", f"/cases/{CASE}", {"status": "New"}), True, {False: False}),
    ("tags_move_modified_at", moves("PUT", f"/cases/{CASE}", {"tags": {"add": ["x"]}}), True, {False: False}),
    ("comment_moves_modified_at", moves("POST", f"/cases/{CASE}/comments", {"comment": "x"}), True, {False: False}),
    ("tag_normalise", tags_after({"add": ["ABC"]}), ["October-event", "ABC"], {"lower": ["October-event", "abc"]}),
    ("tag_max_length", tags_after({"add": ["x" * 99]}), ["October-event", "x" * 99], {98: ["October-event"]}),
    ("tags_plain_list", tags_after(["only"]), ["October-event"], {"replace": ["only"]}),
    (
        "assignee_forms",
        put_then({"assignee": "soc-lead@example.com"}, "assignee_name"),
        "soc-lead@example.com",
        {("id", "empty"): "ohtani"},
    ),
    ("reopen_clears_closed", reopened("closed"), False, {False: True}),
    ("reopen_clears_resolution", reopened("resolution"), True, {True: False}),
    ("resolution_needs_closing", RESOLUTION_WHILE_OPEN, 200, {True: 422}),
    ("comment_max_length", status_of("POST", f"/cases/{CASE}/comments", {"comment": "12345"}), 200, {4: 422}),
    ("comments_order", comments, ["one", "two"], {"desc": ["two", "one"]}),
    (
        "empty_comment",
        status_of("POST", f"/cases/{CASE}/comments", {"comment": ""}),
        422,
        {"accept": 200},
    ),
    ("case_lag_ms", put_then({"severity": "Low"}, "severity"), "Low", {60000: "Medium"}),
    ("list_lag_ms", lambda api: api.put({"severity": "Low"}) and in_list("severity")(api), "Low", {60000: "Medium"}),
    ("parts_lag_ms", comments, ["one", "two"], {60000: []}),
    ("late_write_ms", status_of("PUT", f"/cases/{CASE}", {"severity": "Low"}), 200, {60000: 504}),
    (
        "late_write_status",
        lambda api: api.simulator.switch(late_write_ms=60000) or api.put({"severity": "Low"}).status_code,
        504,
        {500: 500},
    ),
    (
        "clock_offset_s",
        hours_ahead,
        0,
        {7200: 2, -7200: -2},
    ),
    ("scores_order", scores_rise, True, {"desc": False}),
    ("alerts_need_paging", status_of("GET", f"/cases/{CASE}/alerts"), 200, {True: 422}),
    ("alerts_limit", lambda api: len(api.data("GET", f"/cases/{CASE}/alerts?limit=16")["docs"]), 16, {5: 5}),
    ("alerts_default_limit", lambda api: len(api.data("GET", f"/cases/{CASE}/alerts")["docs"]), 17, {3: 3, 10: 10}),
    ("alerts_total", lambda api: api.data("GET", f"/cases/{CASE}/alerts").get("total"), None, {True: 17}),
    ("unknown_case_status", status_of("GET", "/cases/none"), 404, {400: 400, 500: 500}),
    ("invalid_value_status", BAD_STATUS, 422, {400: 400, 200: 200}),
    ("create_status", status_of("POST", "/cases", {"name": "x"}), 200, {201: 201, 404: 404}),
    ("comment_status", status_of("POST", f"/cases/{CASE}/comments", {"comment": "x"}), 200, {201: 201}),
    ("create", status_of("POST", "/cases", {"name": "x"}), 200, {False: 405}),
    ("activities_status", status_of("GET", f"/cases/{CASE}/activities"), 200, {403: 403}),
    ("unauthorized_every", statuses_of_users, [200] * 6, {3: [200, 200, 401] * 2}),
    (
        "unauthorized_ends_token",
        lambda api: api.simulator.switch(unauthorized_every=5) or statuses_of_users(api),
        [200, 200, 200, 200, 401, 200],
        {True: [200, 200, 200, 200, 401, 401]},
    ),
    ("get_500_every", statuses_of_users, [200] * 6, {2: [200, 500] * 3}),
    ("users_twice", lambda api: len(api.data("GET", "/users")), 7, {True: 14}),
    ("users_page", lambda api: len(api.data("GET", "/users")), 7, {3: 3}),
    ("users_status", status_of("GET", "/users"), 200, {403: 403}),
    ("tenants_status", status_of("GET", "/tenants"), 200, {404: 404}),
    ("rate_limit_per_s", refused, 0, {1: 3}),
    ("rate_limit_burst", at_one_a_second(refused), 3, {21: 2}),
    ("rate_limit_retry_after", at_one_a_second(retry_after), "1", {False: None}),
    (
        "error_body",
        lambda api: api.call("GET", "/cases/none").text,
        '{"error":"Case not found"}',
        {"message": '{"message":"Case not found"}', "text": "Case not found"},
    ),
]


@pytest.mark.parametrize(("name", "observe", "by_default", "others"), EFFECTS, ids=[effect[0] for effect in EFFECTS])
def test_effect(api: Any, name: str, observe: Any, by_default: Any, others: dict[Any, Any]) -> None:
    assert observe(api) == by_default
    for value, expected in others.items():
        api.simulator.reset()
        api.login()
        api.simulator.switch(**{name: list(value) if isinstance(value, tuple) else value})
        assert observe(api) == expected, value


def test_every_switch_is_tested() -> None:
    assert [effect[0] for effect in EFFECTS] == [switch.name for switch in switches.TABLE]


def test_a_bad_value_that_is_ignored_changes_nothing(api: Any) -> None:
    api.simulator.switch(invalid_value_status=200)
    assert api.put({"status": "Open", "severity": "High"}).status_code == 200
    assert (api.case()["status"], api.case()["severity"]) == ("New", "High")


def test_put_answers(api: Any) -> None:
    api.simulator.switch(put_answer="no_case")
    assert api.put({"status": "Resolved"}).json() == {"data": {}}
    api.simulator.switch(put_answer="empty")
    assert api.put({"status": "New"}).content == b""
    assert api.case()["status"] == "New"


@pytest.mark.parametrize(
    "values",
    [
        {"unheard_of": 1},
        {"default_limit": "50"},
        {"default_limit": True},
        {"multi_status": 1},
        {"token_exp": "minutes"},
        {"ignored_put_keys": "severity"},
        {"ignored_put_keys": [1]},
        {"shape_places": ["lists"]},
        {"shape_places": "list"},
    ],
)
def test_switches_refuse(simulator: Any, values: dict[str, Any]) -> None:
    before = simulator.switches()
    with pytest.raises(RuntimeError, match="400"):
        simulator.switch(page_cap=5, **values)
    assert simulator.switches() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("multi_status=false", ("multi_status", False)),
        ("default_limit=20", ("default_limit", 20)),
        ("ignored_put_keys=severity,tags", ("ignored_put_keys", ["severity", "tags"])),
        ("ignored_put_keys=", ("ignored_put_keys", [])),
        ("token_exp=ms", ("token_exp", "ms")),
    ],
)
def test_switches_of_the_command_line(text: str, expected: tuple[str, Any]) -> None:
    assert switches.parse_assignment(text) == expected


@pytest.mark.parametrize(
    "text", ["multi_status", "multi_status=yes", "default_limit=x", "nothing=1", "token_exp=x", "shape_places=x"]
)
def test_switches_of_the_command_line_refuse(text: str) -> None:
    with pytest.raises(ValueError, match="switch"):
        switches.parse_assignment(text)

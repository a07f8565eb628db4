# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane: request log, an analyst's edits, raw cases, clock, reset."""

from __future__ import annotations

from typing import Any

import pytest

CASE = "62fceb4a48be7776c793a02a"
OHTANI = "826ef6979788454297c85cbba4a51c08"
API_USER = "9887e386323148ea8c68d4cf0bc1cdf6"


def test_request_log(api: Any) -> None:
    simulator = api.simulator
    simulator.clear_requests()
    api.call("GET", "/cases?&FROM%7Ecreated_at=5&tags=a,b&x=")
    api.put({"status": "Resolved"})
    first, second = simulator.requests()
    assert (first["method"], first["path"], first["status"]) == ("GET", "/connect/api/v1/cases", 200)
    assert first["query"] == [["FROM~created_at", "5"], ["tags", "a,b"], ["x", ""]]
    assert first["headers"]["authorization"] == "Bearer ***"
    assert second["body"] == '{"status": "Resolved"}'
    assert (second["n"], second["connection"]) == (first["n"] + 1, first["connection"])
    assert simulator.requests(since=first["n"]) == [second]
    assert simulator.writes() == [second]
    api.login()
    assert simulator.writes() == [second]
    assert simulator.requests()[-1]["headers"]["authorization"] == "Basic ***"
    simulator.clear_requests()
    assert simulator.requests() == []


def test_an_edit_now(api: Any) -> None:
    api.simulator.edit(
        CASE,
        {
            "status": "Escalated",
            "assignee": "soc-lead@example.com",
            "tags": {"add": ["x"]},
            "comment": "mine",
            "score": 99.5,
        },
        user="night-shift@example.com",
    )
    case = api.case()
    assert (case["status"], case["assignee_name"], case["score"]) == ("Escalated", "soc-lead@example.com", 99.5)
    assert case["tags"] == ["October-event", "x"]
    assert case["modified_by_name"] == "night-shift@example.com"
    history = api.data("GET", f"/cases/{CASE}/activities")
    assert {entry["field"] for entry in history} == {"status", "assignee", "tags", "comment", "score"}
    assert {entry["user"] for entry in history} == {"night-shift@example.com"}
    assert api.simulator.requests()[-1]["path"].endswith("/activities"), "the edit is not in the log"


@pytest.mark.parametrize(
    ("when", "answered", "stored"),
    [
        ({"before": {"method": "GET", "path": f"/cases/{CASE}"}}, ["Escalated", "Escalated"], "Escalated"),
        ({"after": {"method": "GET", "path": f"/cases/{CASE}"}}, ["New", "Escalated"], "Escalated"),
        ({"before": {"method": "GET", "path": "/cases/*", "nth": 2}}, ["New", "Escalated"], "Escalated"),
        ({"before": {"method": "PUT", "path": "/cases/*"}}, ["New", "New"], "New"),
    ],
)
def test_an_edit_at_a_request(api: Any, when: dict[str, Any], answered: list[str], stored: str) -> None:
    api.simulator.edit(CASE, {"status": "Escalated"}, **when)
    assert [api.case()["status"] for _unused in answered] == answered
    assert api.simulator.case(CASE)["status"] == stored


def test_an_edit_between_read_and_write(api: Any) -> None:
    api.simulator.edit(CASE, {"severity": "Critical"}, before={"method": "PUT", "path": "/cases/*"})
    assert api.case()["severity"] == "Medium"
    assert api.put({"status": "Resolved"}).json()["data"]["severity"] == "Critical"


@pytest.mark.parametrize(
    "body",
    [
        {"case_id": "none", "changes": {}},
        {"case_id": CASE, "changes": {"colour": 1}},
        {"case_id": CASE, "colour": 1},
        {"case_id": CASE, "changes": {"status": "Open"}},
        {"case_id": CASE, "changes": {}, "before": {"number": 1}},
        {"case_id": CASE, "changes": {}, "before": {"query": ["limit"]}},
        {"case_id": "none", "delete": True},
        {"case_id": CASE, "changes": {"assignee": "nobody"}},
    ],
)
def test_edits_refuse(simulator: Any, body: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        simulator.control("POST", "edits", body)


def test_a_deletion_now(api: Any) -> None:
    assert api.data("GET", "/cases?tags=October-event")["total"] >= 1
    before = api.data("GET", "/cases?limit=1")["total"]
    comment = api.data("POST", f"/cases/{CASE}/comments", json={"comment": "one"})
    (alert, *_others) = api.data("GET", f"/cases/{CASE}/alerts")["docs"]
    api.simulator.delete_case(CASE)
    assert api.data("GET", "/cases?limit=1")["total"] == before - 1
    assert api.list("ticket_id=67535") == []
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("GET", "/comments"),
        ("PUT", f"/comments/{comment['_id']}"),
        ("GET", "/alerts"),
    ):
        assert api.call(method, f"/cases/{CASE}{path}", json={"status": "New"}).status_code == 404, path
    path = f"/security_events/{alert['_index']}/{alert['_id']}"
    assert api.call("POST", path, json={"status": "Closed"}).status_code == 404
    api.simulator.switch(unknown_case_status=410)
    assert api.call("GET", f"/cases/{CASE}").status_code == 410


@pytest.mark.parametrize(
    ("when", "statuses"),
    [
        ({"before": {"method": "PUT", "path": f"/cases/{CASE}"}}, [200, 404, 404]),
        ({"after": {"method": "PUT", "path": f"/cases/{CASE}"}}, [200, 200, 404]),
        ({"after": {"method": "GET", "path": "/cases/*", "nth": 2}}, [200, 200, 200]),
    ],
)
def test_a_deletion_at_a_request(api: Any, when: dict[str, Any], statuses: list[int]) -> None:
    api.simulator.delete_case(CASE, **when)
    path = f"/cases/{CASE}"
    found = [api.call(method, path, json={"status": "New"}).status_code for method in ("GET", "PUT", "GET")]
    assert found == statuses
    assert api.list("ticket_id=67535") == []


def test_an_edit_of_a_case_that_is_gone_is_none(api: Any) -> None:
    api.simulator.edit(CASE, {"status": "Escalated"}, before={"method": "GET"})
    api.simulator.delete_case(CASE)
    assert api.call("GET", f"/cases/{CASE}").status_code == 404


def test_a_raw_case_is_deleted(api: Any) -> None:
    api.simulator.control("DELETE", f"cases/{CASE}")
    assert api.call("GET", f"/cases/{CASE}").status_code == 404
    with pytest.raises(RuntimeError, match="no such case"):
        api.simulator.control("DELETE", f"cases/{CASE}")


def test_a_second_writer_at_each_update(api: Any) -> None:
    """As InSync does (DOC-INSYNC): what we write is undone each time."""
    api.simulator.edit(CASE, {"status": "New"}, after={"method": "PUT", "path": "/cases/*", "times": 0})
    for _number in range(3):
        assert api.put({"status": "In Progress"}).json()["data"]["status"] == "In Progress"
        assert api.case()["status"] == "New"
    history = api.data("GET", f"/cases/{CASE}/activities")
    assert [entry["user"] for entry in history[:2]] == ["ohtani@example.com", "myuser@stellarcyber.ai"]


def test_an_edit_at_a_request_with_an_argument(api: Any) -> None:
    api.simulator.edit(CASE, {"status": "Escalated"}, before={"path": "/cases", "query": {"skip": "10"}})
    api.list("skip=0")
    assert api.case()["status"] == "New"
    api.list("skip=10")
    assert api.case()["status"] == "Escalated"


def test_raw_case(api: Any) -> None:
    simulator = api.simulator
    api.data("POST", f"/cases/{CASE}/comments", json={"comment": "one"})
    raw = simulator.case(CASE)
    assert (raw["description"], raw["comments"][0]["comment"]) == ("", "one")
    after = simulator.put_case(CASE, modified_at=5, modified_by=OHTANI, description="d", tags=["q"])
    assert (after["modified_at"], after["description"]) == (5, "d")
    assert (api.case()["modified_at"], api.case()["modified_by_name"], api.case()["tags"]) == (5, "ohtani", ["q"])
    assert [case["_id"] for case in api.list("tags=q")] == [CASE]
    assert len(api.data("GET", f"/cases/{CASE}/activities")) == 1, "no history of an override"
    with pytest.raises(RuntimeError, match="colour"):
        simulator.put_case(CASE, colour=1)
    with pytest.raises(RuntimeError, match="400"):
        simulator.put_case(CASE, status=["New"])
    with pytest.raises(RuntimeError, match="no such case"):
        simulator.case("none")


def test_added_cases_get_defaults(api: Any) -> None:
    first, second = api.simulator.add_cases([{"name": "one", "tags": ["t", "t"]}, {"name": "two", "severity": "Low"}])
    assert (api.case(first)["status"], api.case(first)["severity"], api.case(first)["tags"]) == ("New", "Medium", ["t"])
    assert api.case(second)["ticket_id"] == api.case(first)["ticket_id"] + 1
    assert api.case(first)["_id"][:8] == f"{api.case(first)['created_at'] // 1000:08x}"


def test_the_whole_store_is_a_seed(api: Any) -> None:
    api.data("POST", f"/cases/{CASE}/comments", json={"comment": "one"})
    api.data("GET", f"/cases/{CASE}/alerts")
    before, shown = api.simulator.cases(), api.list("limit=500")
    api.simulator.reset(seed=before)
    api.login()
    assert api.simulator.cases() == before
    assert api.list("limit=500") == shown


def test_an_export_is_a_seed(api: Any) -> None:
    """Cases as the API shows them, of people and tenants that the simulator does not know."""
    export = [
        api.case()
        | {
            "_id": "a" * 24,
            "assignee": "c" * 32,
            "assignee_name": "stranger@example.net",
            "cust_id": "d" * 32,
            "tenant_name": "Example Stranger",
            "tenant_group_name": "Far",
            "comments": [{"_id": "1", "case_id": "a" * 24, "comment": "hello", "created_at": 1, "user": "x"}],
            "alerts": [{"_id": "al", "_index": "in", "_source": {"event_status": "New"}}],
            "observables": {"host": []},
            "unheard_of": 1,
        },
    ]
    api.simulator.reset(seed=export)
    api.login()
    (case,) = api.list()
    assert case == {
        key: value for key, value in export[0].items() if key not in ("comments", "alerts", "observables", "unheard_of")
    }
    assert [comment["comment"] for comment in api.data("GET", f"/cases/{case['_id']}/comments")] == ["hello"]
    assert [alert["_id"] for alert in api.data("GET", f"/cases/{case['_id']}/alerts")["docs"]] == ["al"]
    assert api.call("GET", f"/cases/{case['_id']}/observables").json() == {"observables": {"host": []}}
    assert api.put({"assignee": ""}, case["_id"]).json()["data"]["assignee"] == ""
    assert api.put({"assignee": "stranger@example.net"}, case["_id"]).json()["data"]["assignee"] == "c" * 32
    assert "Example Stranger" in [tenant["cust_name"] for tenant in api.data("GET", "/tenants")]


def test_an_export_of_an_older_release_is_a_seed(api: Any) -> None:
    old = api.case()
    old["priority"] = old.pop("severity")
    api.simulator.reset(seed=[old])
    api.login()
    assert api.case()["severity"] == "Medium"


def test_reset(api: Any) -> None:
    simulator = api.simulator
    before = api.case()
    api.put({"status": "Resolved"})
    simulator.switch(page_cap=1)
    simulator.fault("status", times=0, path="/users")
    simulator.edit(CASE, {"status": "Escalated"}, before={"method": "GET"})
    simulator.advance(5000)
    simulator.latency(50)
    simulator.reset()
    assert simulator.requests() == []
    assert simulator.control("GET", "clock")["offset_s"] == 0
    api.login()
    assert api.case() == before
    assert len(api.list("limit=5")) == 5
    assert api.call("GET", "/users").status_code == 200
    simulator.reset(cases=7)
    api.login()
    assert api.data("GET", "/cases")["total"] == 7
    simulator.reset()


@pytest.mark.parametrize(("method", "path"), [("GET", "nothing"), ("DELETE", "clock")])
def test_unknown_calls(simulator: Any, method: str, path: str) -> None:
    with pytest.raises(RuntimeError, match="40"):
        simulator.control(method, path)

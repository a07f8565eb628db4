# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/cases: listing, reading, updating, creating."""

from __future__ import annotations

import time
from typing import Any

import pytest

CASE = "62fceb4a48be7776c793a02a"
OHTANI = "826ef6979788454297c85cbba4a51c08"
API_USER = "9887e386323148ea8c68d4cf0bc1cdf6"
EXAMPLE_TENANT = "6aeb2aae7d8d4ef0820136f42d107db4"
CLINIC = "b2f0c7de54c1498d9a7e3f6d1c20e885"
LEAD = "0b54e8a2c1f94d7a9e63d27f58b1c0a4"

# The answer on the vendor's page about updating a case, with the fields that its clients read besides.
VENDOR_CASE = {
    "_id": CASE,
    "acknowledged": 1660826741467,
    "assignee": OHTANI,
    "assignee_name": "ohtani",
    "closed": 0,
    "created_at": 1660742474343,
    "created_by": "System",
    "created_by_name": "System",
    "cust_id": EXAMPLE_TENANT,
    "end_timestamp": 1660745235000,
    "modified_at": 1660835991789,
    "modified_by": "ohtani",
    "modified_by_name": "ohtani",
    "name": "Carbon Black:XDR Endpoint Indicator of Threat and 16 others",
    "resolution": "",
    "score": 25,
    "severity": "Medium",
    "size": 17,
    "start_timestamp": 1660740613000,
    "status": "New",
    "tags": ["October-event"],
    "tenant_group_name": "",
    "tenant_name": "Example Tenant",
    "ticket_id": 67535,
    "version": 17,
}


def test_the_case_of_the_vendors_page(api: Any) -> None:
    assert api.case() == VENDOR_CASE
    assert api.list("ticket_id=67535") == [VENDOR_CASE]


@pytest.fixture
def five(simulator: Any) -> None:
    """Five cases that differ in everything that can be filtered."""
    simulator.reset(cases=0)
    simulator.add_cases(
        [
            {
                "_id": f"case{number}",
                "ticket_id": 100 + number,
                "created_at": 1000 * number,
                "modified_at": 9000 - number,
                "score": score,
                "status": status,
                "severity": severity,
                "tags": tags,
                "assignee": assignee,
                "size": number,
                "cust_id": cust_id,
                "modified_by": modified_by,
            }
            for number, score, status, severity, tags, assignee, cust_id, modified_by in (
                (1, 10, "New", "Low", ["a"], "", EXAMPLE_TENANT, "System"),
                (2, 30.5, "New", "Medium", ["a", "b"], OHTANI, CLINIC, API_USER),
                (3, 50, "In Progress", "High", ["c d"], OHTANI, CLINIC, API_USER),
                (4, 91.8, "Resolved", "Critical", [], "", "", "ohtani"),
                (5, 75, "Escalated", "High", ["x:y"], "", EXAMPLE_TENANT, "System"),
            )
        ]
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "54321"),
        ("order=asc", "12345"),
        ("sort=created_at&order=desc", "54321"),
        ("sort=modified_at&order=asc", "54321"),
        ("sort=score&order=desc", "45321"),
        ("sort=case_score&order=asc", "12345"),
        ("order=asc&limit=2", "12"),
        ("order=asc&limit=2&skip=2", "34"),
        ("order=asc&limit=2&skip=4", "5"),
        ("order=asc&skip=9", ""),
        ("limit=0", ""),
        ("status=New&order=asc", "12"),
        ("status=new", ""),
        ("Status=New", "54321"),
        ("status=New,In%20Progress&order=asc", "123"),
        ("status=New&severity=Low", "1"),
        ("severity=High,Low&order=asc", "135"),
        ("priority=High", "54321"),
        ("tags=a&order=asc", "12"),
        ("&tags=a&order=asc", "12"),
        ("tags=b,c+d&order=asc", "23"),
        ("tags=x:y", "5"),
        ("tags=A", ""),
        ("NOT~tags=a,c d&order=asc", "45"),
        ("NOT%7Etags=a&order=asc", "345"),
        (f"NOT~modified_by={API_USER}&order=asc", "145"),
        (f"assignee={OHTANI}&order=asc", "23"),
        ("assignee=ohtani@example.com", ""),
        ("ticket_id=103", "3"),
        ("FROM~created_at=2000&TO~created_at=4000&order=asc", "234"),
        ("FROM%7Ecreated_at=4000&order=asc", "45"),
        ("FROM~modified_at=8998&order=asc", "12"),
        ("TO~modified_at=8996&order=asc", "45"),
        ("FROM~score=74.99999&order=asc", "45"),
        ("TO~score=30.5&order=asc", "12"),
        ("min_score=50&order=asc", "345"),
        ("min_size_auto=4&order=asc", "45"),
        ("min_size_auto&order=asc", "2345"),
        (f"tenantid={CLINIC}&order=asc", "23"),
        (f"cust_id={EXAMPLE_TENANT}&order=asc", "15"),
        (f"tenant_id={CLINIC}", "54321"),
        (f"tenantid={CLINIC}&cust_id={EXAMPLE_TENANT}", ""),
        ("tenantid=00000000000000000000000000000000", ""),
        ("page=2&per_page=1&start_time=5&_=77", "54321"),
    ],
)
def test_list(five: None, api: Any, query: str, expected: str) -> None:
    data = api.data("GET", f"/cases?{query}")
    assert "".join(case["_id"][-1] for case in data["cases"]) == expected
    if "limit" not in query and "skip" not in query:
        assert data["total"] == len(expected)
    elif "NOT" not in query:
        assert data["total"] == 5


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=-1",
        "skip=-1",
        "ticket_id=x",
        "FROM~score=nan",
        "TO~created_at=1.5",
        f"skip={2**70}",
    ],
)
def test_list_refuses_what_is_no_number(api: Any, query: str) -> None:
    assert api.call("GET", f"/cases?{query}").status_code == 422


def test_list_follows_updates(api: Any) -> None:
    total = api.data("GET", "/cases?status=Resolved&limit=1")["total"]
    api.put({"status": "Resolved"})
    assert api.data("GET", "/cases?status=Resolved&limit=1")["total"] == total + 1
    assert CASE in [case["_id"] for case in api.list("status=Resolved&order=asc")]


def test_list_with_summaries(api: Any) -> None:
    assert "summary" not in api.list("limit=1")[0]
    assert isinstance(api.list("limit=1&include_summary=true&format_summary=false")[0]["summary"], dict)
    assert api.list("limit=1&include_summary=true&format_summary=true")[0]["summary"].startswith("Observed ")


def test_one_ticket_number_in_two_tenants(api: Any) -> None:
    assert {case["cust_id"] for case in api.list("ticket_id=70001")} == {EXAMPLE_TENANT, CLINIC}


def test_get_of_an_unknown_case(api: Any) -> None:
    answer = api.call("GET", "/cases/000000000000000000000000")
    assert (answer.status_code, answer.json()) == (404, {"error": "Case not found"})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "In Progress"}, {"status": "In Progress"}),
        ({"status": "Escalated"}, {"status": "Escalated"}),
        ({"severity": "High"}, {"severity": "High"}),
        ({"assignee": "soc-lead@example.com"}, {"assignee": LEAD, "assignee_name": "soc-lead@example.com"}),
        ({"assignee": LEAD}, {"assignee": LEAD}),
        ({"assignee": "ohtani"}, {"assignee": OHTANI, "assignee_name": "ohtani"}),
        ({"assignee": ""}, {"assignee": "", "assignee_name": "Unassigned"}),
        ({"tags": {"add": ["b", "a", "b"]}}, {"tags": ["October-event", "b", "a"]}),
        ({"tags": {"add": ["October-event"]}}, {"tags": ["October-event"]}),
        ({"tags": {"delete": ["October-event", "not there"]}}, {"tags": []}),
        ({"tags": {"add": ["x"], "delete": ["October-event"]}}, {"tags": ["x"]}),
        ({"name": "Renamed"}, {"name": "Renamed"}),
        ({"status": "Resolved", "resolution": "Benign"}, {"status": "Resolved", "resolution": "Benign"}),
        ({"unheard_of": 1}, {"status": "New"}),
    ],
)
def test_put(api: Any, body: dict[str, Any], expected: dict[str, Any]) -> None:
    before, begin = api.case(), int(time.time() * 1000)
    after = api.put(body).json()["data"]
    assert {key: after[key] for key in expected} == expected
    assert after == api.case()
    assert begin <= after["modified_at"] <= int(time.time() * 1000) + 1000
    assert (after["modified_by"], after["version"]) == (API_USER, before["version"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"status": "Open"},
        {"status": "new"},
        {"status": None},
        {"severity": "high"},
        {"name": ""},
        {"assignee": "nobody@example.com"},
        {"assignee": None},
        {"tags": ["a"]},
        {"tags": {}},
        {"tags": {"set": ["a"]}},
        {"tags": {"add": "a"}},
        {"tags": {"add": [1]}},
        {"description": 5},
        {"resolution": "Solved"},
        {"update_alerts": "yes"},
    ],
)
def test_put_refuses(api: Any, body: Any) -> None:
    assert api.put(body).status_code == 422
    assert api.case() == VENDOR_CASE


def test_put_refuses_all_when_one_value_is_bad(api: Any) -> None:
    assert api.put({"status": "Resolved", "severity": "Huge"}).status_code == 422
    assert api.case() == VENDOR_CASE


@pytest.mark.parametrize("content", [b"{", b'"\\ud800"', b'{"name": "\\ud800"}', b"[" * 100_000])
def test_put_of_what_is_not_json(api: Any, content: bytes) -> None:
    assert api.call("PUT", f"/cases/{CASE}", data=content).status_code == 400


def test_put_of_hostile_text(api: Any) -> None:
    name = "{{ lookup('pipe', 'id') }} <script>alert(1)</script> \x00\x1b[31m '; DROP TABLE cases; --"
    assert api.put({"name": name, "tags": {"add": ["a,b", "日本", "{{ x }}"]}}).status_code == 200
    assert (api.case()["name"], api.case()["tags"]) == (name, ["October-event", "a,b", "日本", "{{ x }}"])
    assert [case["name"] for case in api.list("tags=日本")] == [name]


def test_description_is_written_and_never_shown(api: Any, simulator: Any) -> None:
    assert "description" not in api.put({"description": "seen by us"}).json()["data"]
    assert "description" not in api.case()
    assert simulator.case(CASE)["description"] == "seen by us"


def test_modified_at_strictly_increases(api: Any) -> None:
    times = [api.put({"tags": {"add": [str(number)]}}).json()["data"]["modified_at"] for number in range(20)]
    assert times == sorted(set(times))


def test_closing_and_reopening(api: Any, simulator: Any) -> None:
    closed = api.put({"status": "Resolved", "update_alerts": True}).json()["data"]
    assert closed["closed"] == closed["modified_at"]
    alerts = api.data("GET", f"/cases/{CASE}/alerts?limit=50")["docs"]
    assert {alert["_source"]["event_status"] for alert in alerts} == {"Closed"}
    assert api.put({"status": "Cancelled"}).json()["data"]["closed"] == closed["closed"]
    assert api.put({"status": "New"}).json()["data"]["closed"] == 0


def test_acknowledged_is_set_once(api: Any) -> None:
    (case,) = api.list("ticket_id=68213")
    assert case["acknowledged"] == 0
    first = api.put({"status": "In Progress"}, case["_id"]).json()["data"]["acknowledged"]
    api.put({"status": "New"}, case["_id"])
    assert first > 0
    assert api.put({"status": "Escalated"}, case["_id"]).json()["data"]["acknowledged"] == first


def test_history(api: Any) -> None:
    api.put({"status": "In Progress", "assignee": ""})
    api.put({"tags": {"add": ["x"]}})
    newest, *others = api.data("GET", f"/cases/{CASE}/activities")
    assert newest == {
        "timestamp": api.case()["modified_at"],
        "action": "update",
        "field": "tags",
        "from": ["October-event"],
        "to": ["October-event", "x"],
        "user": "myuser@stellarcyber.ai",
    }
    assert [(entry["field"], entry["from"], entry["to"]) for entry in others] == [
        ("status", "New", "In Progress"),
        ("assignee", "ohtani", "Unassigned"),
    ]


def test_create(api: Any) -> None:
    (alert,) = api.data("GET", f"/cases/{CASE}/alerts?limit=1")["docs"]
    created = api.data(
        "POST",
        "/cases",
        json={
            "name": "Made by hand",
            "alerts": [{"_id": alert["_id"], "_index": alert["_index"]}],
            "cust_id": CLINIC,
            "severity": "High",
            "status": "In Progress",
            "assignee": "ohtani@example.com",
            "tags": ["a", "b"],
            "comment": "why",
        },
    )
    assert {key: created[key] for key in ("name", "size", "cust_id", "severity", "status", "assignee", "tags")} == {
        "name": "Made by hand",
        "size": 1,
        "cust_id": CLINIC,
        "severity": "High",
        "status": "In Progress",
        "assignee": OHTANI,
        "tags": ["a", "b"],
    }
    assert created["_id"][:8] == f"{created['created_at'] // 1000:08x}"
    assert [comment["comment"] for comment in api.data("GET", f"/cases/{created['_id']}/comments")] == ["why"]
    (copied,) = api.data("GET", f"/cases/{created['_id']}/alerts")["docs"]
    assert copied["_id"] == alert["_id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "status": "Open"},
        {"name": "x", "alerts": [1]},
        *(
            {"name": "x", "alerts": [{"_id": "1" * 48} | index]}
            for index in ({}, {"_index": ""}, {"_index": "ser---"}, {"_index": ".."})
        ),
        *({"name": "x", "alerts": [{"_index": "ser"} | named]} for named in ({}, {"_id": ""}, {"_id": "."})),
    ],
)
def test_create_refuses(api: Any, body: dict[str, Any]) -> None:
    assert api.call("POST", "/cases", json=body).status_code == 422
    assert len(api.simulator.cases()) == 60


def test_what_is_refused_by_status_is_not_stored(api: Any) -> None:
    api.simulator.switch(create_status=404, comment_status=503)
    before = api.simulator.cases()
    assert api.call("POST", "/cases", json={"name": "x"}).status_code == 404
    assert api.call("POST", f"/cases/{CASE}/comments", json={"comment": "x"}).status_code == 503
    assert api.simulator.cases() == before


def test_emails_are_compared_without_case(api: Any, connect: Any) -> None:
    name = "SOC-Lead@Example.COM"
    assert api.put({"assignee": name}).json()["data"]["assignee"] == LEAD
    api.simulator.switch(assignee_filter=["email"])
    assert CASE in [case["_id"] for case in api.list(f"assignee={name}&limit=500")]
    api.simulator.edit(CASE, {"assignee": "OHTANI@example.com"}, user=name)
    assert (api.case()["assignee"], api.case()["modified_by"]) == (OHTANI, LEAD)
    api.simulator.username = api.simulator.username.upper()
    try:
        assert api.login().status_code == 200
        api.simulator.switch(email_case=True)
        assert api.login().status_code == 401
    finally:
        api.simulator.username = api.simulator.username.lower()
    assert connect(api.simulator).put({"assignee": name}).status_code == 422
    assert connect(api.simulator).put({"assignee": "OHTANI"}).status_code == 422, "no e-mail"

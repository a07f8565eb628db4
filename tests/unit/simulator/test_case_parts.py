# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comments, alerts, observables, summary, activities, scores, and alerts outside of their case."""

from __future__ import annotations

import re
from typing import Any

import pytest

CASE = "62fceb4a48be7776c793a02a"
API_USER = "9887e386323148ea8c68d4cf0bc1cdf6"


def test_comments(api: Any) -> None:
    path = f"/cases/{CASE}/comments"
    assert api.data("GET", path) == []
    made = api.data("POST", path, json={"comment": "<p>one</p>"})
    assert made == {
        "_id": made["_id"],
        "case_id": CASE,
        "comment": "<p>one</p>",
        "created_at": made["created_at"],
        "modified_at": made["created_at"],
        "user": API_USER,
    }
    assert api.case()["modified_at"] == made["created_at"]
    second = api.data("POST", path, json={"comment": "two"})
    assert [comment["comment"] for comment in api.data("GET", path)] == ["<p>one</p>", "two"]
    changed = api.data("PUT", f"{path}/{second['_id']}", json={"comment": "three"})
    assert changed["modified_at"] == api.case()["modified_at"] > second["modified_at"]
    assert api.data("DELETE", f"{path}/{made['_id']}")["_id"] == made["_id"]
    assert [comment["comment"] for comment in api.data("GET", path)] == ["three"]
    assert [
        (entry["action"], entry["field"], entry["to"]) for entry in api.data("GET", f"/cases/{CASE}/activities")
    ] == [("add", "comment", "two"), ("add", "comment", "<p>one</p>")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "comments", {}, 422),
        ("POST", "comments", {"comment": ""}, 422),
        ("POST", "comments", {"comment": 1}, 422),
        ("PUT", "comments/none", {"comment": "x"}, 404),
        ("DELETE", "comments/none", None, 404),
    ],
)
def test_comments_refuse(api: Any, method: str, path: str, body: Any, status: int) -> None:
    assert api.call(method, f"/cases/{CASE}/{path}", json=body).status_code == status


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 72),
        ("?limit=5", 5),
        ("?limit=50", 50),
        ("?limit=1000", 50),
        ("?skip=70&limit=50", 2),
        ("?skip=70", 2),
        ("?skip=80", 0),
    ],
)
def test_alerts_are_cut_to_fifty(api: Any, query: str, count: int) -> None:
    (case,) = [case for case in api.list("ticket_id=70001") if case["size"] == 72]
    assert len(api.data("GET", f"/cases/{case['_id']}/alerts{query}")["docs"]) == count


def test_an_alert(api: Any) -> None:
    (alert,) = api.data("GET", f"/cases/{CASE}/alerts?skip=0&limit=1")["docs"]
    assert re.fullmatch(r"\d{13}[0-9a-f]{35}", alert["_id"])
    assert re.fullmatch(r"stellar-index-v1-ser-[0-9a-f]{32}-[0-9a-f]{24}-\d{4}\.\d\d\.\d\d-\d{6}", alert["_index"])
    source = alert["_source"]
    assert int(alert["_id"][:13]) == source["write_time"]
    assert (source["event_status"], source["tenant_name"]) == ("New", "Example Tenant")
    assert source["stellar"] == {"status": "New", "alert_time": source["write_time"]}
    assert [source[name] for name in source["detected_fields"]] == source["detected_values"]
    assert set(source["xdr_event"]) >= {"name", "display_name", "tactic", "technique", "xdr_killchain_stage", "tags"}
    assert api.data("GET", f"/cases/{CASE}/alerts?skip=0&limit=1")["docs"] == [alert]


def test_observables_have_no_envelope(api: Any) -> None:
    answer = api.call("GET", f"/cases/{CASE}/observables").json()
    assert list(answer) == ["observables"]
    assert set(answer["observables"]) == {"host", "user", "file", "process"}
    assert set(answer["observables"]["host"][0]) == {"hostname", "ip"}
    assert api.call("GET", f"/incidents/{CASE}/observables").json() == answer


def test_summary(api: Any) -> None:
    assert set(api.data("GET", f"/cases/{CASE}/summary")) == {"stages", "tactics", "techniques", "users", "hosts"}
    lines = api.data("GET", f"/cases/{CASE}/summary?formatted=true").split("\n")
    assert [re.sub(r"\d+", "N", line.partition(":")[0]) for line in lines] == [
        "Observed N XDR Kill Chain Stages",
        "Observed N tactics",
        "Observed N techniques",
        "Involved N users",
        "Involved N hosts",
    ]


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ([{"name": "Impact"}, "Execution"], "Observed 2 tactics: Impact, Execution"),
        ([{"id": 1}], "Observed 1 tactics: {'id': 1}"),
        ({"Impact": 2}, "Observed 1 tactics: Impact"),
        ("Impact", "Observed 1 tactics: Impact"),
        ([], "Observed 0 tactics: "),
    ],
)
def test_summary_of_other_shapes(api: Any, listed: Any, line: str) -> None:
    api.simulator.put_case(CASE, summary={"tactics": listed, "unheard_of": 1})
    assert api.data("GET", f"/cases/{CASE}/summary")["tactics"] == listed
    assert api.data("GET", f"/cases/{CASE}/summary?formatted=true") == line
    query = "ticket_id=67535&include_summary=true&format_summary="
    assert api.list(f"{query}true")[0]["summary"] == line
    assert api.list(f"{query}false")[0]["summary"]["tactics"] == listed


def test_closing_a_case_is_in_the_history_of_its_alerts(api: Any) -> None:
    api.put({"status": "Resolved", "update_alerts": True})
    (alert, *_others) = api.data("GET", f"/cases/{CASE}/alerts")["docs"]
    assert alert["_source"]["stellar"]["status"] == "Closed"
    (entry,) = alert["_source"]["user_action"]["history"]
    assert (entry["action"], entry["action_time"]) == ("Event status changed to Closed", api.case()["modified_at"])


PARTS = ("details", "summary", "alerts", "comments", "observables", "activity", "scores", "assignees", "aiSummary")


def test_a_case_by_parts(api: Any) -> None:
    api.simulator.switch(ai_detail=True)
    path = f"/ai/cases/detail?id={CASE}"
    whole = api.data("GET", path)
    assert tuple(whole) == PARTS
    for part in PARTS:
        assert api.data("GET", f"{path}&include={part}") == {part: whole[part]}
    assert (whole["details"], len(whole["alerts"])) == (api.case(), 17)
    assert [user["email"] for user in whole["assignees"]] == ["ohtani@example.com"]
    assert api.call("GET", f"{path}&include=everything").status_code == 422
    api.put({"assignee": ""})
    assert api.data("GET", f"{path}&include=assignees") == {"assignees": []}


def test_no_score_is_later_than_the_last_change(api: Any) -> None:
    (new,) = api.simulator.add_cases([{"name": "new", "size": 3}])
    changed = 0
    for case_id in [new, *(case["_id"] for case in api.list("limit=30"))]:
        case = api.case(case_id)
        scores = api.data("GET", f"/cases/{case_id}/scores")
        times = [entry["timestamp"] for entry in scores]
        assert times == sorted(times)
        assert case["created_at"] <= times[0] <= times[-1] <= case["modified_at"]
        assert scores[-1]["score"] == case["score"], "the last entry is the latest (JCS)"
        api.put({"status": "In Progress"}, case_id)
        changed += api.data("GET", f"/cases/{case_id}/scores") != scores
    assert not changed, "an update adds no score"


def test_scores_on_both_paths(api: Any) -> None:
    scores = api.data("GET", f"/cases/{CASE}/scores")
    assert scores == api.data("GET", f"/cases/{CASE}/activity/score")
    assert set(scores[0]) >= {"timestamp", "reasons"}
    assert list(scores[0]["reasons"][0]) == ["reason"]


@pytest.mark.parametrize(
    "part",
    [
        "",
        "/comments",
        "/alerts",
        "/observables",
        "/summary",
        "/activities",
        "/scores",
        "/activity/score",
    ],
)
def test_parts_of_an_unknown_case(api: Any, part: str) -> None:
    assert api.call("GET", f"/cases/none{part}").status_code == 404


def test_updates_of_an_alert(api: Any) -> None:
    def alert() -> Any:
        return api.data("GET", f"/cases/{CASE}/alerts?skip=0&limit=1")["docs"][0]

    path = f"/security_events/{alert()['_index']}/{alert()['_id']}"
    api.data(
        "POST",
        path,
        json={
            "status": "In Progress",
            "comments": "mine",
            "event_tags": [{"op": "add", "tag": "x"}, {"op": "add", "tag": "y"}],
        },
    )
    assert alert()["_source"]["event_status"] == "In Progress"
    (comment,) = alert()["_source"]["comments"]
    assert (comment["comment"], comment["comment_user"]) == ("mine", "myuser@stellarcyber.ai")
    assert alert()["_source"]["stellar"]["status"] == "In Progress"
    history = alert()["_source"]["user_action"]["history"]
    assert [entry["action"] for entry in history] == [
        "Event status changed to In Progress",
        "Comment added",
        "Tag add: x",
        "Tag add: y",
    ]
    assert {entry["action_user"] for entry in history} == {"myuser@stellarcyber.ai"}
    assert all(entry["action_time"] >= comment["comment_time"] for entry in history)
    assert alert()["_source"]["xdr_event"]["tags"] == ["x", "y"]
    api.data("PUT", f"{path}/status", json={"status": "Closed"})
    assert alert()["_source"]["event_status"] == "Closed"
    api.data(
        "POST",
        "/connect/api/update_ser",
        json={
            "index": alert()["_index"],
            "_id": alert()["_id"],
            "status": "Ignored",
            "event_tags": [{"op": "delete", "tag": "x"}],
        },
    )
    assert (alert()["_source"]["event_status"], alert()["_source"]["xdr_event"]["tags"]) == ("Ignored", ["y"])
    assert api.call("POST", path, json={"status": "Resolved"}).status_code == 422
    assert api.call("POST", "/security_events/index/none", json={"status": "Closed"}).status_code == 404


def test_raw_search(api: Any) -> None:
    (alert,) = api.data("GET", f"/cases/{CASE}/alerts?limit=1")["docs"]
    found = api.call("GET", f"/connect/api/data/aella-ser-*/_search?q=_id:{alert['_id']}").json()["hits"]
    assert (found["total"]["value"], found["hits"][0]["_id"]) == (1, alert["_id"])
    assert found["hits"][0]["_source"] == alert["_source"], "tenant_name included"
    body = {"query": {"match": {"_id": alert["_id"]}}}
    assert api.call("GET", "/connect/api/data/aella-ser-*/_search", json=body).json()["hits"]["hits"] == found["hits"]
    assert api.call("GET", "/connect/api/data/_search/scroll", json={"scroll_id": "x"}).json()["hits"]["hits"] == []


def test_incidents(api: Any, simulator: Any) -> None:
    data = api.data("GET", "/incidents?ticket_id=67535")
    (incident,) = data["incidents"]
    assert data["total"] == 1
    assert (incident["priority"], incident["incident_score"], incident["metadata"]["automatic_version"]) == (
        "Medium",
        25,
        17,
    )
    assert len(incident["event_ids"]) == 17
    assert "severity" not in incident
    updated = api.data(
        "POST",
        f"/incidents?id={CASE}",
        json={
            "priority": "High",
            "status": "Resolved",
            "tags": {"add": ["x"], "delete": ["October-event"]},
        },
    )
    assert (updated["priority"], updated["status"], updated["tags"]) == ("High", "Resolved", ["x"])
    assert not {"event_ids", "metadata", "start_timestamp"} & set(updated)
    assert api.case()["severity"] == "High"
    high = api.data("GET", "/incidents?FROM~incident_score=90&sort=incident_score&order=asc&limit=500")["incidents"]
    scores = [incident["incident_score"] for incident in high]
    assert scores == sorted(scores)
    assert scores[0] >= 90

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads that lag behind writes: what each kind of read shows, until when, and what an update does to it."""

from __future__ import annotations

from typing import Any

import pytest

CASE = "62fceb4a48be7776c793a02a"
LAG_S = 60
LAG_MS = LAG_S * 1000


def in_list(api: Any, query: str = "ticket_id=67535") -> list[str]:
    return [case["status"] for case in api.list(query)]


def test_a_read_by_id_lags(api: Any) -> None:
    api.simulator.switch(case_lag_ms=LAG_MS)
    before = api.case()
    answer = api.put({"status": "Resolved"}).json()["data"]
    assert api.case() == before, "modified_at included"
    assert in_list(api) == ["Resolved"], "the list does not lag"
    assert api.simulator.case(CASE)["status"] == "Resolved"
    api.simulator.advance(LAG_S + 1)
    assert api.case() == answer


def test_each_write_is_seen_in_its_time(api: Any) -> None:
    api.simulator.switch(case_lag_ms=LAG_MS)
    for status in ("In Progress", "Escalated", "Resolved"):
        api.put({"status": status})
        api.simulator.advance(19)
    assert api.case()["status"] == "New"
    seen = []
    for _number in range(3):
        api.simulator.advance(20)
        seen.append(api.case()["status"])
    assert seen == ["In Progress", "Escalated", "Resolved"]


def test_writes_are_of_the_present(api: Any) -> None:
    api.simulator.switch(case_lag_ms=LAG_MS, list_lag_ms=LAG_MS)
    api.put({"tags": {"add": ["one"]}})
    assert api.put({"tags": {"add": ["two"]}}).json()["data"]["tags"] == ["October-event", "one", "two"]


@pytest.mark.parametrize("summary", ["", "&include_summary=true"])
def test_a_list_lags_with_its_filters_and_totals(api: Any, summary: str) -> None:
    api.simulator.switch(list_lag_ms=LAG_MS)
    resolved = api.data("GET", f"/cases?status=Resolved&limit=1{summary}")["total"]
    tagged = api.data("GET", "/cases?tags=lagging")["total"]
    api.put({"status": "Resolved", "tags": {"add": ["lagging"]}})
    assert api.case()["status"] == "Resolved", "a read by id does not lag"
    assert in_list(api, f"ticket_id=67535{summary}") == ["New"]
    assert [case["status"] for case in api.data("GET", "/incidents?ticket_id=67535")["incidents"]] == ["New"]
    for _again in range(2):
        assert api.data("GET", f"/cases?status=Resolved&limit=1{summary}")["total"] == resolved
        assert api.data("GET", "/cases?tags=lagging")["total"] == tagged == 0
    api.simulator.advance(LAG_S + 1)
    assert in_list(api, f"ticket_id=67535{summary}") == ["Resolved"]
    assert api.data("GET", f"/cases?status=Resolved&limit=1{summary}")["total"] == resolved + 1
    assert api.data("GET", "/cases?tags=lagging")["total"] == 1


def test_new_and_deleted_cases_lag_too(api: Any) -> None:
    api.simulator.switch(list_lag_ms=LAG_MS, case_lag_ms=LAG_MS)
    total = api.data("GET", "/cases?limit=1")["total"]
    made = api.data("POST", "/cases", json={"name": "new"})["_id"]
    assert api.call("GET", f"/cases/{made}").status_code == 404
    assert api.data("GET", "/cases?limit=1")["total"] == total
    api.simulator.delete_case(CASE)
    assert api.case()["_id"] == CASE
    assert in_list(api) == ["New"]
    assert api.put({"status": "Resolved"}).status_code == 404
    api.simulator.advance(LAG_S + 1)
    assert api.case(made)["name"] == "new"
    assert api.call("GET", f"/cases/{CASE}").status_code == 404
    assert in_list(api) == []
    assert api.data("GET", "/cases?limit=1")["total"] == total


def test_comments_and_history_lag(api: Any) -> None:
    api.simulator.switch(parts_lag_ms=LAG_MS)
    path = f"/cases/{CASE}/comments"
    made = api.data("POST", path, json={"comment": "one"})
    api.put({"status": "Resolved"})
    assert api.case()["status"] == "Resolved"
    assert (api.data("GET", path), api.data("GET", f"/cases/{CASE}/activities")) == ([], [])
    api.simulator.advance(LAG_S + 1)
    assert [comment["comment"] for comment in api.data("GET", path)] == ["one"]
    assert [entry["field"] for entry in api.data("GET", f"/cases/{CASE}/activities")] == ["status", "comment"]
    api.data("DELETE", f"{path}/{made['_id']}")
    assert [comment["comment"] for comment in api.data("GET", path)] == ["one"]


def test_an_answer_may_be_of_before(api: Any) -> None:
    before = api.case()
    api.simulator.switch(put_answer="old")
    assert api.put({"status": "Resolved"}).json()["data"] == before
    assert api.case()["status"] == "Resolved"


def test_a_reset_forgets_what_was(api: Any) -> None:
    api.simulator.switch(case_lag_ms=LAG_MS, list_lag_ms=LAG_MS)
    api.put({"status": "Resolved"})
    api.simulator.reset()
    api.login()
    api.simulator.switch(case_lag_ms=LAG_MS, list_lag_ms=LAG_MS)
    assert (api.case()["status"], in_list(api)) == ("New", ["New"])

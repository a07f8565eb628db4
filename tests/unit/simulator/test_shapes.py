# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of cases and lists: each odd record, each empty list, and forms in lists, reads and answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.shapes import ODD_RECORDS

CASE = "62fceb4a48be7776c793a02a"

# form -> does the record fit, given the case that it stands for
ODD: dict[str, Any] = {
    "null": lambda odd, case: odd is None,
    "text": lambda odd, case: odd == "case",
    "list": lambda odd, case: odd == [case],
    "empty": lambda odd, case: odd == {},
    "no_id": lambda odd, case: odd | {"_id": CASE} == case and "_id" not in odd,
    "number_id": lambda odd, case: odd | {"_id": CASE} == case and odd["_id"] == 7,
    "bad_status": lambda odd, case: odd["status"] == 7,
    "bad_time": lambda odd, case: odd["modified_at"] == "yesterday",
    "bad_tags": lambda odd, case: odd["tags"] == "a,b",
    "null_fields": lambda odd, case: {odd.pop("_id")} == {CASE} and not any(odd.values()),
}


@pytest.mark.parametrize("form", ODD)
def test_one_odd_record(api: Any, form: str) -> None:
    before = api.list("limit=500&order=asc")
    case = api.case()
    position = before.index(case)
    api.simulator.switch(odd_record=form, odd_record_id=CASE)
    data = api.data("GET", "/cases?limit=500&order=asc")
    odd = data["cases"].pop(position)
    assert ODD[form](odd, case)
    assert data["cases"] == [other for other in before if other is not before[position]]
    assert data["total"] == len(before)
    assert api.case() == case, "only in lists"


def test_every_odd_record_is_tested() -> None:
    assert list(ODD) == list(ODD_RECORDS)


@pytest.mark.parametrize(
    ("form", "plain", "docs"),
    [
        ("list", {"data": []}, {"data": {"docs": []}}),
        ("null", {"data": None}, {"data": {"docs": None}}),
        ("absent", {}, {"data": {}}),
        ("data_list", {"data": []}, {"data": []}),
        ("data_null", {"data": None}, {"data": None}),
    ],
)
def test_empty_lists(api: Any, form: str, plain: Any, docs: Any) -> None:
    for user in api.data("GET", "/users"):
        api.data("DELETE", f"/users/{user['user_id']}")
    api.simulator.switch(empty_list=form, scoped_tenants=[])
    for part in ("comments", "activities"):
        assert api.call("GET", f"/cases/{CASE}/{part}").json() == plain
    assert api.call("GET", "/users").json() == plain
    assert api.call("GET", f"/cases/{CASE}/alerts?skip=50&limit=50").json() == docs
    assert len(api.data("GET", f"/cases/{CASE}/alerts?limit=3")["docs"]) == 3
    assert len(api.list("limit=3")) == 3
    api.login("scoped")
    assert api.call("GET", "/tenants").json() == plain
    assert api.call("GET", "/tenant_groups").json() == plain


def test_an_empty_list_of_incidents(api: Any) -> None:
    api.simulator.switch(empty_list="null", list_total="absent")
    assert api.data("GET", "/incidents?ticket_id=1") == {"incidents": None}


@pytest.mark.parametrize("place", ["list", "get", "put"])
def test_forms_at_each_place(api: Any, place: str) -> None:
    api.simulator.switch(shape_places=[place], times_form="text", score_form="text", absent_fields=["tags"])
    cases = {
        "list": api.list("ticket_id=67535")[0],
        "get": api.case(),
        "put": api.put({"status": "New"}).json()["data"],
    }
    shaped = {
        name
        for name, case in cases.items()
        if isinstance(case["modified_at"], str) and case["score"] == "25" and "tags" not in case
    }
    assert shaped == {place}
    assert all(isinstance(case["created_at"], int) for name, case in cases.items() if name != place)


def test_forms_come_with_summaries_and_pages(api: Any) -> None:
    api.simulator.switch(times_form="iso", odd_record="null")
    first, *others = api.list("limit=5&include_summary=true&format_summary=true")
    assert first is None
    assert {len(case["created_at"]) for case in others} == {len("2022-08-17T13:21:14.343Z")}
    assert all(case["summary"].startswith("Observed") for case in others)
    assert api.list("limit=5&skip=60") == []

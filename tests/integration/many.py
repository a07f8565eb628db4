# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many cases for the tests of stellar_cases, runs of it in this process, and a look whether a result is true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests.integration.playbook import calls, parameters
from tests.simulator.process import Simulator

TOKEN, LIST, GET, PUT = "POST access_token", "GET cases", "GET cases/ID", "PUT cases/ID"
USERS, TENANTS, COMMENT = "GET users", "GET tenants", "POST cases/ID/comments"
HISTORY = "GET cases/ID/activities"
SOC_LEAD_ID = "0b54e8a2c1f94d7a9e63d27f58b1c0a4"
OHTANI_ID = "826ef6979788454297c85cbba4a51c08"
EXAMPLE_TENANT_ID = "6aeb2aae7d8d4ef0820136f42d107db4"
CLINIC_ID = "b2f0c7de54c1498d9a7e3f6d1c20e885"
CREATED = 1660742474343
HIT = {"tags": {"add": ["hit"]}}
TAKE_OVER = [{"name": "Take over", "match": {"status": ["New"]}, "set": {"status": "In Progress", **HIT}}]
MANAGED = ("status", "severity", "name", "assignee", "resolution")

Case = dict[str, Any]


def case(number: int, **fields: Any) -> Case:
    """A case of the store. Those of a later number were created later."""
    return {
        "_id": f"{number:024x}",
        "ticket_id": 900_000 + number,
        "name": f"Case {number}",
        "status": "New",
        "severity": "Medium",
        "assignee": "",
        "tags": ["old"],
        "cust_id": EXAMPLE_TENANT_ID,
        "created_at": CREATED + number * 1000,
        "modified_at": CREATED + number * 1000,
        **fields,
    }


@dataclass
class Done:
    """What a run in this process did."""

    result: dict[str, Any]
    failed: bool
    requests: list[dict[str, Any]]

    @property
    def calls(self) -> list[str]:
        return calls(self.requests)

    @property
    def counted(self) -> dict[str, int]:
        return dict(Counter(self.calls))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(entry["body"]) for entry in self.requests if entry["method"] == "PUT"]

    @property
    def outcomes(self) -> dict[str, str]:
        return {item["case_id"]: item["outcome"] for item in self.result["case_results"]}

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in self.result["counts"].items() if count}

    def of(self, case_id: str) -> dict[str, Any]:
        (found,) = (item for item in self.result["case_results"] if item["case_id"] == case_id)
        return found


def run(
    simulator: Simulator,
    check_mode: bool = False,
    sleep: Callable[[float], Any] | None = None,
    connect: Callable[..., Client] | None = None,
    **options: Any,
) -> Done:
    """One run of stellar_cases in this process. Its result has all cases, unless the options say otherwise."""
    options = {"return_compliant": True, **options}
    simulator.clear_requests()
    connect = connect or (Client if sleep is None else partial(Client, sleep=sleep))
    try:
        result = run_cases(parameters(CASES, simulator, **options), check_mode, lambda secret: None, connect)
    except StellarError as error:
        return Done(error.to_result(), True, simulator.requests())
    return Done(result, False, simulator.requests())


def store(simulator: Simulator) -> dict[str, Case]:
    return {record["_id"]: record for record in simulator.cases()}


def managed(record: Case) -> Case:
    """What a run may change and undo of a case."""
    return {**{name: record[name] for name in MANAGED}, "tags": sorted(record["tags"])}


def assert_true(done: Done, before: dict[str, Case], after: dict[str, Case]) -> None:
    """Each case is as its result says, and none without a result is another."""
    result = done.result
    named = {item["case_id"]: item for item in result["case_results"] if item["case_id"]}
    undone = {item["case_id"] for item in result["undo"]}
    for case_id, record in after.items():
        item = named.get(case_id)
        differs = managed(record) != managed(before[case_id])
        if item is None or item["outcome"] in ("ok", "skipped"):
            assert not differs, item
            assert case_id not in undone
        elif item["outcome"] == "changed":
            shown = {**record, "assignee": assignee_name(record), "tags": sorted(record["tags"])}
            for change in item["changes"]:
                if change["field"] not in ("comment", "description"):
                    assert shown[change["field"]] == change["after"], item
            assert case_id in undone or item["irreversible"]
        else:
            assert item["reason"]
            assert item["error"]["type"]
            assert not differs or case_id in undone, item
    assert [item["case_id"] for item in result["undo"]] == [
        item["case_id"] for item in result["case_results"] if item["case_id"] in undone
    ]
    outcomes = Counter(item["outcome"] for item in result["case_results"])
    assert outcomes == Counter({name: result["counts"][name] for name in outcomes})
    assert all("reason" in item for item in result["case_results"] if item["outcome"] in ("failed", "skipped"))
    assert done.failed or not outcomes["failed"]
    assert result["changed"] is any(managed(after[case_id]) != managed(before[case_id]) for case_id in after)


def assignee_name(record: Case) -> str:
    names = {SOC_LEAD_ID: "soc-lead@example.com", OHTANI_ID: "ohtani@example.com"}
    return names.get(record["assignee"], record["assignee"])


def assert_restored(before: dict[str, Case], after: dict[str, Case], but: Iterable[str] = ()) -> None:
    """Every case has all that can be restored, as before."""
    for case_id, record in after.items():
        if case_id not in but:
            assert managed(record) == managed(before[case_id])

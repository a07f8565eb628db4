# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the matrix of platforms does with the cases: the entries, their runs, and what they have to do to each case."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import case as case_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests.integration.many import CLINIC_ID, OHTANI_ID, SOC_LEAD_ID, Case, case
from tests.integration.playbook import parameters
from tests.simulator.process import Simulator

# The entries that write; the role is run by ansible-playbook.
CASE, RULES, LIST, UNDO, PLAN, ROLE = WRITING = "stellar_case", "rules", "list of cases", "undo", "plan", "role"
INFO, LOOK_UP = READING = "stellar_case_info", "lookup"

STATUSES = ("New", "New", "In Progress", "New", "Resolved", "New", "Cancelled")
SEVERITIES = ("Low", "Medium", "High", "Critical")
TAGS: tuple[list[str], ...] = (["old"], [], ["vip"], ["old", "phishing"], [])
PEOPLE = ("", SOC_LEAD_ID, OHTANI_ID)
ABSENT_ID = "f" * 24
LEAD = "soc-lead@example.com"

TAKE_OVER: dict[str, Any] = {
    "name": "Take over",
    "match": {"status": ["New"], "modified_before": "1d", "tags": {"none": ["vip"]}},
    "set": {"status": "In Progress", "tags": {"add": ["Hit"]}},
}
RAISE: dict[str, Any] = {
    "name": "Raise",
    "match": {"min_score": 50, "severity": ["Low", "Medium"]},
    "set": {"severity": "High"},
}
NOBODY: dict[str, Any] = {"name": "Nobody has it", "match": {"assignee": [""]}}
POLICY = [TAKE_OVER, RAISE, NOBODY]
# What stellar_case and each item of a list set
STATE: dict[str, Any] = {"severity": "Critical", "assignee": LEAD, "tags": {"add": ["Hit"]}, "comment": "Seen"}
# The cases of a list by their numbers: by id, and each third by its ticket
LISTED = range(1, 8)
# The case of stellar_case by its number
ONE = 1


def seed(count: int) -> list[Case]:
    """So many cases of all kinds."""
    return [
        case(
            number,
            status=STATUSES[number % len(STATUSES)],
            severity=SEVERITIES[number % len(SEVERITIES)],
            score=number * 13 % 100,
            size=number % 4,
            tags=list(TAGS[number % len(TAGS)]),
            assignee=PEOPLE[number % len(PEOPLE)],
            **({"cust_id": CLINIC_ID} if number % 5 == 4 else {}),
        )
        for number in range(count)
    ]


@dataclass
class Ran:
    """What a run did: its result, its requests, the seconds that it took and would have waited, and its memory."""

    result: dict[str, Any]
    failed: bool
    requests: list[dict[str, Any]]
    seconds: float = 0.0
    waited: float = 0.0
    grown_mib: float = 0.0

    @property
    def message(self) -> str:
        return str(self.result.get("msg") or self.result.get("error") or "")

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [
            entry for entry in self.requests if entry["method"] != "GET" and not entry["path"].endswith("/access_token")
        ]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The results of cases. That of stellar_case has their form."""
        found: list[dict[str, Any]] = self.result.get("case_results", [])
        return found


@dataclass
class Runner:
    """Runs entries in this process. No wait takes its time: the platform's clock goes on instead."""

    simulator: Simulator
    options: dict[str, Any]
    concurrency: int
    real_time: bool = False
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.real_time:
            time.sleep(seconds)
        elif seconds > 0:
            self.simulator.advance(seconds)

    def run(self, function: Callable[[Callable[..., Client]], dict[str, Any]]) -> Ran:
        """Run function(connect)."""
        self.simulator.clear_requests()
        self.waits.clear()
        began, rss = time.monotonic(), _peak_mib()
        try:
            result, failed = function(partial(Client, sleep=self.sleep)), False
        except StellarError as error:
            result, failed = error.to_result(), True
        seconds, grown = time.monotonic() - began, _peak_mib() - rss
        return Ran(result, failed, self.simulator.requests(), seconds, sum(self.waits), grown)

    def cases(self, check_mode: bool, **options: Any) -> Ran:
        # What counts as compliant is judged too: see oracle.py.
        given = {"concurrency": self.concurrency, "return_compliant": True, **self.options, **options}
        params = parameters(CASES, self.simulator, **given)
        return self.run(lambda connect: run_cases(params, check_mode, _ignore, connect))

    def case(self, check_mode: bool, **options: Any) -> Ran:
        """One run of stellar_case, with its result in the form of one of stellar_cases."""
        params = parameters(CASE_OPTIONS, self.simulator, **self.options, **options)
        ran = self.run(lambda connect: run_case(params, check_mode, _ignore, connect))
        result = ran.result
        item: dict[str, Any] = {"case_id": (result.get("case") or {}).get("_id"), "changes": result.get("changes", [])}
        item["outcome"] = "failed" if ran.failed else "changed" if result["changed"] else "ok"
        if ran.failed:
            item.update(reason=result["msg"], error=result["error"])
        ran.result = {**result, "case_results": [item], "counts": {"read": 1, item["outcome"]: 1}}
        ran.result["changed"] = bool(result.get("changed"))
        ran.result["diff"] = [result["diff"]] if ran.result["changed"] and result.get("diff") else []
        return ran

    def info(self, check_mode: bool, **options: Any) -> Ran:
        params = parameters(CASE_INFO, self.simulator, **self.options, **options)
        return self.run(lambda connect: run_case_info(params, check_mode, _ignore, connect))

    def lookup(self, **options: Any) -> Ran:
        params = parameters(LOOKUP, self.simulator, **self.options, **options)

        def run(connect: Callable[..., Client]) -> dict[str, Any]:
            # It has no argument for it.
            with mock.patch.object(case_module, "Client", connect):
                return run_lookup(params)

        return self.run(run)


def _ignore(secret: str) -> None:
    return None


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def writing_run(
    runner: Runner,
    entry: str,
    check_mode: bool,
    listed: Sequence[int] = LISTED,
    undo: Sequence[dict[str, Any]] = (),
    plan: str = "",
) -> Ran:
    """Run an entry that writes, but for the role. plan: the path of that of the policy."""
    if entry == CASE:
        return runner.case(check_mode, ticket_id=case(ONE)["ticket_id"], **STATE)
    if entry == RULES:
        return runner.cases(check_mode, rules=POLICY)
    if entry == LIST:
        return runner.cases(check_mode, cases=items(listed))
    if entry == PLAN:
        return runner.cases(check_mode, plan=plan)
    return runner.cases(check_mode, cases=json.loads(json.dumps(undo)))


def items(listed: Sequence[int]) -> list[dict[str, Any]]:
    """The list of cases, by id and by ticket."""
    cases = [case(number) for number in listed]
    ids = [
        {"ticket_id" if n % 3 == 0 else "case_id": each["ticket_id" if n % 3 == 0 else "_id"]}
        for n, each in enumerate(cases)
    ]
    return [{**name, **STATE} for name in ids]


# -- what a run has to do ----------------------------------------------------------------------------------


def expected(entry: str, before: dict[str, Case]) -> dict[str, dict[str, Any]]:
    """What a healthy run sets in each case that it changes, by its id: computed here, not by the collection."""
    if entry == CASE:
        numbers: Sequence[int] = [ONE]
    elif entry == LIST:
        numbers = LISTED
    else:
        found = {case_id: _of_policy(record) for case_id, record in before.items()}
        return {case_id: fields for case_id, fields in found.items() if fields}
    fields = {"severity": "Critical", "assignee": SOC_LEAD_ID, "comments": 1}
    chosen = {case(number)["_id"] for number in numbers}
    return {
        case_id: {**fields, "tags": sorted({*record["tags"], "Hit"})}
        for case_id, record in before.items()
        if case_id in chosen
    }


def _of_policy(record: Case) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if record["status"] == "New" and "vip" not in record["tags"]:
        found.update(status="In Progress", tags=sorted({*record["tags"], "Hit"}))
    if record["score"] >= 50 and record["severity"] in ("Low", "Medium"):
        found["severity"] = "High"
    return found


def findings(before: dict[str, Case]) -> set[str]:
    """The cases that the rule without a set has to find."""
    return {case_id for case_id, record in before.items() if not record["assignee"]}


QUERIES: dict[str, tuple[dict[str, Any], Callable[[Case], bool]]] = {
    "all": ({}, lambda record: True),
    "new and old": ({"status": ["New"], "modified_before": "1d"}, lambda record: record["status"] == "New"),
    "scored": ({"min_score": 30, "order": "desc"}, lambda record: record["score"] >= 30),
    "tagged": (
        {"tags": ["old"], "severity": ["Low", "Critical"]},
        lambda record: "old" in record["tags"] and record["severity"] in ("Low", "Critical"),
    ),
    "of somebody": ({"assignee": [LEAD]}, lambda record: record["assignee"] == SOC_LEAD_ID),
    "of a tenant": ({"tenant": "Example Clinic"}, lambda record: record["cust_id"] == CLINIC_ID),
    "none": ({"tags": ["nobody has this"]}, lambda record: False),
}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of the matrix as a user meets them: by ansible-playbook -vvvv --diff, and by the role with its reports.

Every output, result, report and journal is searched for keys and tokens where it is made, see tests/canaries.py.
"""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from tests import evidence, faults
from tests.faults import FAULTS, LIST, LOOKUP, PUT, READ, TEXT, TOKEN
from tests.integration.hygiene import ERROR, PASSED, Analyst
from tests.integration.many import case, managed, store
from tests.integration.playbook import calls
from tests.integration.test_fault_matrix import ALL, FOR_GOOD, places_elsewhere

__all__ = ["places_elsewhere"]

# Cases by who is to change or read them, so that one play can run all
SEED = [case(number, tags=[tag]) for number, tag in enumerate(["rules", "rules", "list", "list", "one", "info"], 1)]
IDS = {tag: [record["_id"] for record in SEED if record["tags"] == [tag]] for tag in ("rules", "list", "one", "info")}
WANTED = {"status": "In Progress", "tags": {"add": ["hit"]}}
RULES = [{"name": "Take over", "match": {"tags": {"any": ["rules"]}}, "set": WANTED, "comment": TEXT}]
MODULE = "stellarcyber.xdr."
# In this order: the rules are the first to list the cases, before the fault of lists is due.
TASKS = [
    {MODULE + "stellar_cases": {"rules": RULES}},
    {MODULE + "stellar_cases": {"cases": [{"case_id": case_id, **WANTED, "comment": TEXT} for case_id in IDS["list"]]}},
    {MODULE + "stellar_case": {"case_id": IDS["one"][0], **WANTED, "comment": TEXT}},
    {MODULE + "stellar_case_info": {"case_id": IDS["info"]}},
    {MODULE + "stellar_case_info": {}},
    {"ansible.builtin.debug": {"msg": "{{ query('stellarcyber.xdr.stellar_cases') | length }}"}},
]
ENTRIES = [
    *((faults.CASES, PUT, "rules"), (faults.CASES, PUT, "list"), (faults.CASE, PUT, "one")),
    *((faults.INFO, READ, "info"), (faults.INFO, LIST, ""), (LOOKUP, LIST, "")),
]
QUICK = {"STELLAR_RETRIES": "1", "STELLAR_RETRY_BUDGET": "3", "STELLAR_TIMEOUT": "1"}


@pytest.fixture
def place(sim, places_elsewhere):
    """place(fault) -> the environment of a run that meets it, with the fault made where the simulator has it."""

    def arm(fault):
        sim.reset(seed=SEED)
        if fault.kind:
            parameters = {**fault.parameters, **({"mib": 20} if fault.kind == "gzip_bomb" else {})}
            sim.fault(fault.kind, method="PUT", path="/cases/*", times=0, **parameters)
            sim.fault(fault.kind, method="GET", path=f"/cases/{IDS['info'][0]}", times=0, **parameters)
            sim.fault(fault.kind, method="GET", path="/cases", after=1, times=0, **parameters)
        host = places_elsewhere.hosts.get(fault.place, sim.host)
        return {**QUICK, "STELLAR_HOST": host, "STELLAR_CA_PATH": str(places_elsewhere.ca_path)}

    return arm


@pytest.mark.parametrize("name", FAULTS)
def test_modules_and_lookup(sim, play, place, name):
    fault = FAULTS[name]
    environment = place(fault)
    before = store(sim)
    started = time.monotonic()
    tasks = [{**task, "ignore_errors": True} for task in TASKS]
    ran = play(tasks, "-vvvv", "--diff", **environment)
    seconds = time.monotonic() - started
    after = store(sim)
    assert ran.returncode == 0, ran.output
    assert len(ran.tasks) == len(TASKS)
    # Six tasks with a budget of 3 s each, and Ansible itself
    assert seconds < 90
    for task, (entry, call, tag) in zip(ran.tasks, ENTRIES, strict=True):
        ids = IDS.get(tag, [])
        if entry == faults.CASE:
            is_unclear = _assert_one(task, before, after, ids[0])
        elif entry == faults.CASES:
            is_unclear = _assert_many(task.result, before, after, ids)
        else:
            is_unclear = False
            assert task.writes == []
        failed = task.kind == "failed" or bool(task.result.get("missing"))
        if task.kind == "failed":
            _assert_tells(task.result["msg"], fault, "POST" if fault.place else call.split()[0])
        outcome = "unclear" if is_unclear else "named" if failed else "looked" if fault.handled else "mended"
        _record(name, entry, call, outcome, task.requests, task.result.get("msg", ""), seconds / len(TASKS))
    _assert_comments(sim)


@pytest.mark.parametrize("name", FAULTS)
def test_role(sim, place, tmp_path, name):
    fault = FAULTS[name]
    analyst = Analyst(sim, tmp_path)
    analyst.environment |= place(fault)
    before = store(sim)
    started = time.monotonic()
    ran = analyst.hygiene("-vvvv", "--diff", rules=RULES, report_dir="reports")
    seconds = time.monotonic() - started
    assert seconds < 60
    report = analyst.report()
    is_unclear = _assert_many(report, before, store(sim), IDS["rules"])
    _assert_comments(sim)
    failed = report["verdict"] == "error"
    assert ran.returncode == (ERROR if failed else PASSED), ran.output
    if failed:
        _assert_tells(report["error"], fault, "POST" if fault.place else "PUT")
    outcome = "unclear" if is_unclear else "named" if failed else "looked" if fault.handled else "mended"
    _record(name, faults.ROLE, PUT, outcome, ran.requests, report["error"], seconds)


def _record(name, entry, call, outcome, requests, message, seconds):
    # What leads to no server meets the first call, and each one after it.
    call, lasts = (TOKEN, ALL) if FAULTS[name].place else (call, FOR_GOOD)
    told = re.search(r"\(tried (\d+) times\)", message)
    # Each case is written to by calls of its own.
    sent = Counter(entry["path"] for made, entry in zip(calls(requests), requests, strict=True) if made == call)
    tries = max(sent.values(), default=int(told[1]) if told else 1)
    facts = {"lasts": lasts, "outcome": outcome, "tries": tries, "seconds": round(seconds, 1)}
    evidence.record("fault", fault=name, entry=entry, call=call, **facts)


def _assert_one(task, before, after, case_id):
    result = task.result
    is_unclear = result.get("error", {}).get("unclear", False)
    differs = managed(after[case_id]) != managed(before[case_id])
    assert result.get("changed", False) is (True if is_unclear else differs)
    assert differs or task.kind == "failed"
    return is_unclear


def _assert_many(result, before, after, ids):
    items = {item["case_id"]: item for item in result.get("case_results", ())}
    undone = {item["case_id"] for item in result.get("undo", ())}
    for case_id in ids:
        item = items.get(case_id, {"outcome": "skipped"})
        differs = managed(after[case_id]) != managed(before[case_id])
        if item["outcome"] == "failed":
            assert case_id in undone or not differs
        else:
            assert differs is (item["outcome"] == "changed")
    return any(item.get("error", {}).get("unclear") for item in items.values())


def _assert_tells(message, fault, method):
    assert re.search(rf"{method} https://127\.0\.0\.1:\d+/connect/api/v1/", message) or "does not show it" in message
    cause = fault.cause.replace("1 MiB", "16 MiB")
    assert re.search(f"{cause}|does not show it", message), message
    assert fault.status is None or f"HTTP {fault.status}" in message or "does not show it" in message


def _assert_comments(sim):
    for record in SEED:
        texts = [comment["comment"] for comment in sim.case(record["_id"]).get("comments", ())]
        assert texts in ([], [TEXT])

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of the matrix as a user meets them: by ansible-playbook -vvvv --diff, and by the role with its reports.

Every output, result, report and journal is searched for keys and tokens where it is made, see tests/canaries.py.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from tests import evidence, faults
from tests.faults import API, FAULTS, LIST, LOOKUP, PUT, READ, TEXT, TOKEN
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
RETRIES = 1
QUICK = {"STELLAR_RETRIES": str(RETRIES), "STELLAR_RETRY_BUDGET": "3", "STELLAR_TIMEOUT": "1"}


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
    error = {}
    for task, (entry, call, tag) in zip(ran.tasks, ENTRIES, strict=True):
        ids, result, failed = IDS.get(tag, []), task.result, task.kind == "failed"
        if entry == faults.CASE:
            _assert_one(task, before, after, ids[0])
        elif entry == faults.CASES:
            _assert_many(result, failed, before, after, ids)
        else:
            assert task.writes == []
        # A lookup has a message only: that of the listing before it, but for the number of attempts.
        without_attempts = {key: value for key, value in error.items() if key != "attempts"}
        error = result.get("error", without_attempts) if failed else {}
        said = _said(result, result["msg"], error) if failed else []
        met = Met(name, fault, entry, call, task.requests, said, result.get("missing", []))
        met.check(ids)
        met.record(seconds / len(TASKS))
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
    failed = report["result"] == "error"
    _assert_many(report, failed, before, store(sim), IDS["rules"])
    _assert_comments(sim)
    assert ran.returncode == (ERROR if failed else PASSED), ran.output
    said = _said(report, report["error"], _error_in(ran.output)) if failed else []
    met = Met(name, fault, faults.ROLE, PUT, ran.requests, said, [])
    met.check(IDS["rules"])
    met.record(seconds)


def _said(result, message, error):
    """What a failure says in words, and apart from them; where cases have an error each, what each of them says."""
    failed = [item for item in result.get("case_results", ()) if item["outcome"] == "failed"]
    if not failed:
        return [(message, error)]
    assert failed[0]["reason"] in message
    return [(item["reason"], item["error"]) for item in failed]


def _error_in(output):
    """RV(error) of the task that failed first."""
    found = output.find('"error": {')
    return json.JSONDecoder().raw_decode(output, output.index("{", found))[0] if found >= 0 else {}


@dataclass
class Met:
    """What an entry made of a fault that lasts.

    said: each message of a failure, with what the result says apart from words. missing: cases that it says are not
    there.
    """

    name: str
    fault: faults.Fault
    entry: str
    call: str
    requests: list
    said: list
    missing: list

    @property
    def outcome(self):
        if any(error.get("outcome_unknown") for _message, error in self.said):
            return "indeterminate"
        return "reported" if self.said or self.missing else "verified"

    def check(self, ids):
        if self.missing:
            # By the platform's own word
            assert (self.name, self.call, self.missing) == ("404", READ, ids)
        else:
            # Only a write that arrived can be found done.
            assert self.said or (self.fault.handled and self.call == PUT)
        for message, error in self.said:
            self._assert_tells(message, error, ids)
        self._assert_attempts()

    def _assert_tells(self, message, error, ids):
        """Method, path, cause, status and remedy."""
        assert error["remedy"] in message
        if error["type"] == "NotAppliedError":
            # The call succeeded, as far as its answer tells: what is wrong is the case.
            assert (self.name, self.call) == ("200 with another server's JSON", PUT)
            assert "the platform accepted the write, but the case does not show it" in message
            return
        method, path = (TOKEN if self.fault.place else self.call).split()
        path = path.replace("ID", f"({'|'.join(ids)})")
        assert re.search(rf"\({method} https://127\.0\.0\.1:\d+{API}/{path}\)", message), message
        assert re.search(self.fault.cause.replace("1 MiB", "16 MiB"), message), message
        assert self.fault.status is None or f"HTTP {self.fault.status}" in message, message

    def _assert_attempts(self):
        """No more than retries allows, and as many as the failure says. What a 429 asks for, retry_budget ends."""
        allowed = RETRIES + 1
        sent = self._sent()
        # A list is asked for in smaller pages as well, 500 cases to 10.
        is_list = self.call == LIST
        assert self.fault.status in (401, 429) or max(sent.values(), default=0) <= (7 if is_list else allowed)
        for message, error in self.said:
            reported = self._reported_attempts(message)
            assert reported == error.get("attempts", reported)
            if self.fault.place:
                assert reported == (allowed if self.fault.again else 1)
            elif "path" in error:
                if "A new token was refused as well" in message:
                    # Where cases are written concurrently, a refused token is renewed four times, alone it is once.
                    assert 2 <= sent[error["path"]] <= 5
                    continue
                if is_list:
                    # The error is that of the smallest page.
                    assert reported <= sent[error["path"]]
                    continue
                # On a busy machine a short timeout may come before the request is there.
                assert sent[error["path"]] == reported or (self.fault.quick and sent[error["path"]] < reported)

    def _sent(self):
        """How often the call was sent. Each case is written to by calls of its own."""
        made = zip(calls(self.requests), self.requests, strict=True)
        return Counter(entry["path"] for call, entry in made if call == self.call)

    def _reported_attempts(self, message):
        found = re.search(r"Gave up after (\d+) attempts\.", message)
        return int(found[1]) if found else 1

    def record(self, seconds):
        # What leads to no server meets the first call, and each one after it.
        call, lasts = (TOKEN, ALL) if self.fault.place else (self.call, FOR_GOOD)
        attempts = max(
            self._sent().values(),
            default=max((self._reported_attempts(message) for message, _error in self.said), default=1),
        )
        facts = {"lasts": lasts, "outcome": self.outcome, "attempts": attempts, "seconds": round(seconds, 1)}
        evidence.record("fault", fault=self.name, entry=self.entry, call=call, **facts)


def _assert_one(task, before, after, case_id):
    result = task.result
    outcome_unknown = result.get("error", {}).get("outcome_unknown", False)
    differs = managed(after[case_id]) != managed(before[case_id])
    assert result.get("changed", False) is (True if outcome_unknown else differs)
    assert differs or task.kind == "failed"


def _assert_many(result, failed, before, after, ids):
    items = {item["case_id"]: item for item in result.get("case_results", ())}
    undone = {item["case_id"] for item in result.get("undo", ())}
    for case_id in ids:
        item = items.get(case_id, {"outcome": "skipped"})
        differs = managed(after[case_id]) != managed(before[case_id])
        if item["outcome"] == "failed":
            assert case_id in undone or not differs
        else:
            assert differs is (item["outcome"] == "changed")
        assert differs or failed


def _assert_comments(sim):
    for record in SEED:
        texts = [comment["comment"] for comment in sim.case(record["_id"]).get("comments", ())]
        assert texts in ([], [TEXT])

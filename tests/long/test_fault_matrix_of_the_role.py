# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that a server can make at every call of the role, by ansible-playbook.

A play runs the role once for each call. What leads to no server at all is met by the first call of a run, see
test_fault_matrix_by_playbook.py: the calls after it use the same connection.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from tests import canaries, evidence
from tests.faults import API, CASES, FAULTS, ROLE, SCENARIOS, SEED
from tests.integration.hygiene import Analyst
from tests.integration.matrix import RETRIES, Attempt, Outcome
from tests.integration.playbook import ROOT
from tests.integration.test_fault_matrix import FOR_GOOD, Cell, baseline, matrix, places_elsewhere

__all__ = ["baseline", "matrix", "places_elsewhere"]

# 502 and 503 are told apart from 504 by their numbers only.
# What the report has of the result of stellar_cases
OF_THE_MODULE = ("changed", "case_results", "findings", "rules", "counts", "undo", "requests")
NAMES = [name for name, fault in FAULTS.items() if fault.kind and name not in ("502", "503")]
RULES = {
    name: scenario for name, scenario in SCENARIOS.items() if scenario.entry == CASES and "rules" in scenario.options
}
CELLS = [(name, call) for name, scenario in RULES.items() for call in scenario.cells]


@pytest.mark.parametrize("name", NAMES)
def test_role(matrix, baseline, tmp_path, name):
    fault = _as_real(FAULTS[name])
    known = {scenario: baseline(matrix, scenario) for scenario in RULES}
    records, output, seconds = _play(matrix.simulator, tmp_path, fault, known)
    # Seconds of timeouts and waits, and Ansible itself
    assert seconds < 30 * len(CELLS)
    secrets = [token for record in records for token in record["tokens"]]
    texts = [output, *(json.dumps(record["results"]) for record in records)]
    texts += [file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.journal")]
    where = "output, results and journals of the role"
    canaries.assert_none({*secrets, *canaries.of(matrix.simulator)}, *texts, where=where)
    checked = []
    for (scenario, call), record in zip(CELLS, records, strict=True):
        _restore(matrix, scenario, record)
        cell = CellOfTheRole(matrix.simulator, fault, scenario, call, record, known[scenario])
        checked.append(cell.check())
    for (_scenario, call), (kind, attempts) in zip(CELLS, checked, strict=True):
        facts = {"call": call, "lasts": FOR_GOOD, "outcome": kind, "attempts": attempts}
        evidence.record("fault", fault=name, entry=ROLE, seconds=round(seconds / len(CELLS), 1), **facts)


def _as_real(fault):
    """A fault that is one for the client as it is, which reads up to 16 MiB and takes 2 s for an answer."""
    if fault.kind == "drip":
        # An empty list, of a case without activities, has a dozen bytes.
        return replace(fault, parameters={"ms_per_byte": 500})
    if fault.kind != "gzip_bomb":
        return fault
    return replace(fault, cause=fault.cause.replace("1 MiB", "16 MiB"), parameters={"mib": 20})


def _play(simulator, folder, fault, known):
    """Run the role for each cell, in one play: what callback_plugins/cells.py wrote down, the output, the seconds."""
    cells, tasks = [], []
    for number, (name, call) in enumerate(CELLS):
        scenario, place = SCENARIOS[name], known[name][0][call]
        at = {"method": place.method, "path": place.path, "after": place.after, "times": 0}
        cells.append(
            {"switches": scenario.switches, "faults": [*scenario.lost, (fault.kind, {**fault.parameters, **at})]}
        )
        tasks.append(_task(number, scenario, fault))
    # What the test writes down holds tokens, and what the run writes may not.
    playbook, given, recorded = (folder / name for name in ("playbook.yml", "cells.json", "cells.jsonl"))
    work = folder / "work"
    work.mkdir()
    reached_by = {"host": simulator.host}
    given.write_text(json.dumps({"simulator": reached_by, "seed": SEED, "cells": cells}), encoding="utf-8")
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    analyst = Analyst(simulator, work)
    analyst.environment |= {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "cells",
        # No file is copied before each module, which saves a good part of the seconds.
        "ANSIBLE_PIPELINING": "1",
        "PYTHONPATH": str(ROOT),
        "CELLS_FILE": str(given),
        "CELLS_RECORD": str(recorded),
    }
    started = time.monotonic()
    ran = analyst.play(str(playbook), "-vvvv", "--diff")
    seconds = time.monotonic() - started
    assert ran.returncode == 0, ran.output
    return [json.loads(line) for line in recorded.read_text(encoding="utf-8").splitlines()], ran.output, seconds


def _task(number, scenario, fault):
    connection = {
        **({"tenant": scenario.options["tenant"]} if "tenant" in scenario.options else {}),
        "retries": RETRIES,
        # Whoever is asked to slow down uses all of it.
        "retry_budget": 4 if fault.status == 429 else 30,
        "timeout": 2 if fault.quick else 30,
    }
    variables = {
        "rules": scenario.options["rules"],
        "recheck_after": scenario.options.get("recheck_after", 600),
        "concurrency": 1,
        "journal": f"{number}.journal",
    }
    return {
        "module_defaults": {"group/stellarcyber.xdr.stellar": connection},
        "block": [
            {
                "name": f"Cell {number}",
                "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
                "vars": {f"case_hygiene_{name}": value for name, value in variables.items()},
            }
        ],
        "rescue": [{"ansible.builtin.meta": "noop"}],
    }


def _restore(matrix, scenario, record):
    """Make the simulator's store what it was after a cell."""
    matrix.simulator.reset(seed=record["store"])
    matrix.simulator.switch(**SCENARIOS[scenario].switches)


class CellOfTheRole(Cell):
    """What must be true of a run of the role that met a fault: all that must be of its module, and of its report."""

    def __init__(self, simulator, fault, scenario, call, record, known):
        places, baseline_result, self.before, self.final = known
        (run,) = [r for _kind, task, r in record["results"] if task.endswith("Apply the policy and write the reports")]
        self.report = run["report"]
        ran = {name: self.report[name] for name in OF_THE_MODULE}
        ran["warnings"] = run.get("warnings", [])
        if "error" in run:
            ran.update(error=run["error"], msg=self.report["error"])
        self.failures = [r["msg"] for kind, _task, r in record["results"] if kind == "failed"]
        self.after = {case["_id"]: case for case in record["store"]}
        place = places[call]
        exception = StellarError("The role", self.failures[0]) if self.failures else None
        outcome = Outcome(ran, exception, attempts_of(record["requests"], place), [], record["requests"], 0.0)
        super().__init__(simulator, fault, SCENARIOS[scenario], call, FOR_GOOD, place, outcome, baseline_result)

    def check(self):
        attempts = self.assert_attempts()
        kind = self.assert_reported() if self.error else self.assert_recovered()
        self.assert_looked()
        self.assert_report()
        self.assert_store(self.before, self.after, self.final)
        return kind, attempts

    def assert_attempts(self):
        attempts = len(self.outcome.of(self.place))
        if self._is_asked_to_wait():
            assert attempts > RETRIES
        else:
            assert attempts == self._documented_attempts(), [one.at for one in self.outcome.attempts]
        return attempts

    def assert_report(self):
        report, failed = self.report, bool(self.error)
        nothing = {"case_results": [], "undo": [], "changed": False, "counts": {}, "requests": {}}
        if not report["counts"]:
            assert failed
            assert {name: report[name] for name in nothing} == nothing
        assert report["passed"] is not failed
        assert (report["result"] == "error") is failed
        assert (self.failures == [report["error"]]) is failed
        assert self.message in report["error"]


def attempts_of(requests, place):
    """The attempts in a log. Those at the call at a place are one call, and each other is one of its own."""
    attempts, of_the_call, size = [], [], None
    for number, entry in enumerate(requests):
        call = SimpleNamespace(method=entry["method"], path=entry["path"][len(API) + 1 :])
        request = SimpleNamespace(call=call)
        is_there = (call.method, f"/{call.path}") == (place.method, place.path) and number >= place.number
        # A case is written to once. A read that a new token didn't help may be made again, as another call.
        # A smaller page is another call.
        limit = dict(entry["query"]).get("limit")
        size = limit if is_there and not of_the_call else size
        if is_there and limit == size and (len(of_the_call) < 2 or entry["status"] != 401):
            of_the_call.append(request)
            request = of_the_call[0]
        attempts.append(Attempt(request, entry["fault"] is not None, False))
    return attempts

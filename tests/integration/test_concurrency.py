# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs at the same time: two on the same cases, and fifty that a platform can't serve at once.

In this process; tests/long/test_concurrency.py has the same with real ansible-playbook.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from functools import partial

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests import evidence
from tests.integration import races
from tests.integration.many import case
from tests.integration.playbook import parameters

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("recheck_after", [0, 5])
@pytest.mark.parametrize("pair", races.PAIRS)
def test_two_runs_at_once(sim, pair, recheck_after):
    run = partial(races.in_process, sim, recheck_after=recheck_after)
    races.repeat(sim, "two runs at once", pair, run, recheck_after, latencies_ms=(0, 4, 8))


PLAYS, WORKERS, EACH, PER_S = 50, 8, 6, 60


@pytest.mark.parametrize("says_when", [True, False])
def test_fifty_runs_of_eight_workers_under_a_rate_limit_all_finish(sim, says_when):
    """Real waits. The platform answers 60 calls a second, and the runs need 400, and one more for each look."""
    sim.reset(seed=[case(number, name=f"Case of play {number // EACH:02d}") for number in range(PLAYS * EACH)])
    sim.switch(rate_limit_per_s=PER_S, rate_limit_burst=10, rate_limit_retry_after=says_when)
    results, took = {}, {}

    def one(number):
        started = time.monotonic()
        rules = [{"name": "Take", "match": {"name": f"play {number:02d}$"}, "set": {"status": "In Progress"}}]
        try:
            arguments = parameters(CASES, sim, rules=rules, concurrency=WORKERS)
            results[number] = run_cases(arguments, False, lambda secret: None)
        except StellarError as error:
            results[number] = {"failed": True, **error.to_result()}
        took[number] = time.monotonic() - started

    threads = [threading.Thread(target=one, args=(number,)) for number in range(PLAYS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    assert [result["msg"] for result in results.values() if "failed" in result] == []
    assert [result["counts"]["changed"] for result in results.values()] == [EACH] * PLAYS
    assert {record["status"] for record in sim.cases()} == {"In Progress"}
    statuses = Counter(entry["status"] for entry in sim.requests())
    # Each case is written once.
    assert sum(entry["method"] == "PUT" and entry["status"] == 200 for entry in sim.requests()) == PLAYS * EACH
    # It was a storm, on a slow machine too; and who is told to slow down does: few calls are too early.
    assert statuses[429] > 10
    assert statuses[429] < 2 * statuses[200]
    # Nobody starves: the last one ends when the platform could have served all of them three times.
    assert max(took.values()) < 3 * statuses[200] / PER_S + 10
    evidence.record(
        "storm",
        case=f"50 runs at once, {PER_S} calls a second, " + ("Retry-After" if says_when else "no Retry-After"),
        plays=PLAYS,
        workers=WORKERS,
        requests=statuses.total(),
        refused=statuses[429],
        seconds=round(seconds, 1),
        outcome="all finish, all cases done",
        slowest=round(max(took.values()), 1),
    )

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real ansible-playbook at the same time: two on the same cases, and fifty that a platform can't serve at once."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import evidence
from tests.integration import races
from tests.integration.many import case
from tests.integration.playbook import run_playbook


def tasks_of(play, undo, recheck_after):
    if play.loop is not None:
        match, wanted = play.loop
        options = {"case_id": "{{ item._id }}", **wanted, "if_unmodified_since": "{{ item.modified_at }}"}
        # As many at once as people do: one after the other, and what is refused fails its item.
        asked = ", ".join(f"{name}={values!r}" for name, values in match.items())
        loop = "{{ query('stellarcyber.xdr.stellar_cases', " + asked + ") }}"
        return [{"stellarcyber.xdr.stellar_case": options, "loop": loop, "ignore_errors": True}]
    wanted = {"rules": list(play.rules)} if play.rules else {"cases": undo}
    return [{"stellarcyber.xdr.stellar_cases": {**wanted, "concurrency": 4, "recheck_after": recheck_after}}]


@pytest.mark.parametrize("recheck_after", [0, 5])
@pytest.mark.parametrize("pair", races.PAIRS)
def test_two_playbooks_at_once(sim, tmp_path, pair, recheck_after):
    numbers = itertools.count()

    def play(play, who, undo):
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        other = {} if who == races.FIRST else {"STELLAR_API_KEY": sim.scoped_key}
        without = () if who == races.FIRST else ("STELLAR_USERNAME",)
        run = run_playbook(sim, folder, tasks_of(play, undo, recheck_after), without=without, **other)
        assert run.returncode == 0, run.output
        (task,) = run.tasks
        if play.loop is None:
            return races.said_by_cases(task.result)
        return {item["item"]["_id"]: races.said_by_case(item) for item in task.result["results"]}

    # Slow calls, so that the two meet although neither starts at a known moment.
    races.repeat(sim, "two playbooks at once", pair, play, recheck_after, latencies_ms=(200, 200))


PLAYS, WORKERS, EACH, PER_S = 50, 8, 6, 8


def test_fifty_playbooks_of_eight_workers_under_a_rate_limit_all_finish(sim, tmp_path):
    """Fifty processes at once. The platform answers 8 calls a second, and they need 400, and one more for each look."""
    sim.reset(seed=[case(number, name=f"Case of play {number // EACH:02d}") for number in range(PLAYS * EACH)])
    sim.switch(rate_limit_per_s=PER_S, rate_limit_burst=PER_S)
    begin = threading.Barrier(PLAYS)

    def one(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        rules = [{"name": "Take", "match": {"name": f"play {number:02d}$"}, "set": {"status": "In Progress"}}]
        options = {"rules": rules, "concurrency": WORKERS, "retry_budget": 600}
        begin.wait()
        started = time.monotonic()
        run = run_playbook(sim, folder, [{"stellarcyber.xdr.stellar_cases": options}], timeout=900)
        return run, time.monotonic() - started

    started = time.monotonic()
    with ThreadPoolExecutor(PLAYS) as pool:
        runs = list(pool.map(one, range(PLAYS)))
    seconds = time.monotonic() - started
    assert [run.output for run, _took in runs if run.returncode] == []
    assert [run[0].result["counts"]["changed"] for run, _took in runs] == [EACH] * PLAYS
    assert {record["status"] for record in sim.cases()} == {"In Progress"}
    statuses = Counter(entry["status"] for entry in sim.requests())
    assert sum(entry["method"] == "PUT" and entry["status"] == 200 for entry in sim.requests()) == PLAYS * EACH
    assert statuses[429] > PLAYS
    assert statuses[429] < 5 * statuses[200]
    slowest = max(took for _run, took in runs)
    # Nobody starves: the last one ends when the platform could have served all of them three times.
    assert slowest < 3 * statuses[200] / PER_S + 120
    evidence.record(
        "storm",
        case=f"50 playbooks at once, {PER_S} calls a second, Retry-After",
        plays=PLAYS,
        workers=WORKERS,
        requests=statuses.total(),
        refused=statuses[429],
        seconds=round(seconds, 1),
        outcome="all finish, all cases done",
        slowest=round(slowest, 1),
    )

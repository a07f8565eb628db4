# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rulebook that shows what arrives, changes of analysts, and kills of ansible-rulebook between them."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests import evidence
from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

# The source writes its state once a second; and the machine may be busy.
WRITTEN_WITHIN_S = 2.5
SEVERITIES = ("Critical", "High", "Medium", "Low")
SAID = "DELIVERED {{ event.stellar_case.case_id }} {{ event.stellar_case.modified_at }} {{ event.meta.uuid }} AT"
DELIVERED = re.compile(r"DELIVERED (\w+) (\d+) (\S+) AT (\S+)")


@dataclass(frozen=True)
class Delivery:
    case_id: str
    modified_at: int
    uuid: str
    received: float

    @property
    def state(self) -> tuple[str, int]:
        return self.case_id, self.modified_at


def deliveries(said: str) -> list[Delivery]:
    """The actions that ran, in their order."""
    return [
        Delivery(case_id, int(modified_at), uuid, datetime.fromisoformat(received).timestamp())
        for case_id, modified_at, uuid, received in DELIVERED.findall(said)
    ]


def written(folder: Path, **options: Any) -> Path:
    """A rulebook whose action shows each event that arrives."""
    rule = {
        "name": "Any change",
        "condition": "event.stellar_case.case_id is defined",
        "action": {"debug": {"msg": f"{SAID} {{{{ event.meta.received_at }}}}"}},
    }
    source = {"interval": 1, "overlap": 5, "state_file": str(folder / "state.json"), **options}
    ruleset = {
        "name": "Deliveries",
        "hosts": "localhost",
        "sources": [{"name": "cases", "stellarcyber.xdr.stellar_cases": source}],
        "rules": [rule],
    }
    file = folder / "deliveries.yml"
    file.write_text(yaml.safe_dump([ruleset], sort_keys=False), encoding="utf-8")
    return file


class Analysts:
    """Changes to cases, one after the other, while the engine comes and goes."""

    def __init__(self, sim: Simulator, chance: random.Random, changes: int) -> None:
        self._sim, self._chance, self._least = sim, chance, changes
        self._cases = [case["_id"] for case in sim.cases()][:40]
        self._edited: set[str] = set()
        self._may_end = threading.Event()
        self.changes = 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while self.changes < self._least or not self._may_end.is_set():
            case_id = self._chance.choice(self._cases)
            others = [value for value in SEVERITIES if value != self._sim.case(case_id)["severity"]]
            self._sim.edit(case_id, {"severity": self._chance.choice(others)})
            self._edited.add(case_id)
            self.changes += 1
            time.sleep(self._chance.uniform(0, 0.25))

    def final(self) -> set[tuple[str, int]]:
        """Return the last state of each case that was changed, once there are enough changes."""
        self._may_end.set()
        self._thread.join()
        return {(case["_id"], case["modified_at"]) for case in self._sim.cases() if case["_id"] in self._edited}


@dataclass
class Outcome:
    """What a run with kills showed."""

    changes: int
    kills: list[float]
    final: set[tuple[str, int]]
    delivered: list[Delivery]


def wait_for_an_event(running: Running) -> None:
    before = len(deliveries(running.said()))
    running.wait_for("an event", lambda: len(deliveries(running.said())) > before)


def killed_again_and_again(
    begin: Callable[[], Running],
    sim: Simulator,
    chance: random.Random,
    changes: int,
    kills: int,
    end: Callable[[Running], Any] = Running.kill,
) -> Outcome:
    """Change cases while the engine is killed and started again: in the middle of events, or while it starts.

    end: Running.stop instead asks it to end.
    """
    sim.latency(20)
    running = begin()
    running.wait_for_polls()
    analysts = Analysts(sim, chance, changes)
    killed = []
    for _number in range(kills):
        if chance.random() < 0.75:
            wait_for_an_event(running)
        time.sleep(chance.uniform(0, 3))
        assert running.process.poll() is None, running.said()
        killed.append(time.time())
        end(running)
        running = begin()
    final = analysts.final()
    running.wait_for("each final state", lambda: final <= {one.state for one in deliveries(running.said())})
    # Whatever would come twice has the time to do so.
    running.wait_for_polls(3, since=sim.requests()[-1]["n"])
    return Outcome(analysts.changes, killed, final, deliveries(running.stop()))


def repeats(run: Outcome, behind: int) -> int:
    """Return how many deliveries came again. Fails if one was in the state file when the engine was killed.

    behind: how many later events the engine has to take until an event is written to the file.
    """
    found, repeated = run.delivered, 0
    for number, one in enumerate(found):
        if not any(other.uuid == one.uuid for other in found[number + 1 :]):
            continue
        repeated += 1
        kill = min((at for at in run.kills if at >= one.received), default=None)
        assert kill is not None, f"{one} came twice without a kill"
        next_ones = [other.received for other in found[number:] if other.received <= kill]
        noted = next_ones[behind] if len(next_ones) > behind else kill
        assert kill - noted < WRITTEN_WITHIN_S, f"{one} came twice, though it was noted {kill - noted:.1f} s before"
    return repeated


def record(way: str, run: Outcome, repeated: int) -> None:
    """Note the figures of a run in which no final state was lost."""
    facts = {"changes": run.changes, "kills": len(run.kills), "delivered": len(run.delivered), "repeated": repeated}
    evidence.record("events", way=way, lost=0, **facts)

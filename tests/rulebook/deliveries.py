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

from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

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

    def __init__(self, sim: Simulator, chance: random.Random, changes: int, pause_s: float) -> None:
        self.cases = [case["_id"] for case in sim.cases()][:40]
        self.edited: set[str] = set()
        self.thread = threading.Thread(target=self._work, args=(sim, chance, changes, pause_s), daemon=True)

    def _work(self, sim: Simulator, chance: random.Random, changes: int, pause_s: float) -> None:
        for _number in range(changes):
            case_id = chance.choice(self.cases)
            others = [value for value in SEVERITIES if value != sim.case(case_id)["severity"]]
            sim.edit(case_id, {"severity": chance.choice(others)})
            self.edited.add(case_id)
            time.sleep(chance.uniform(0, 2 * pause_s))

    def final(self, sim: Simulator) -> set[tuple[str, int]]:
        return {(case["_id"], case["modified_at"]) for case in sim.cases() if case["_id"] in self.edited}


def killed_again_and_again(
    begin: Callable[[], Running], sim: Simulator, chance: random.Random, changes: int, kills: int
) -> tuple[list[Delivery], set[tuple[str, int]], list[float]]:
    """All deliveries, the final states, and the times of the kills."""
    sim.latency(20)
    running = begin()
    running.wait_for_polls()
    analysts = Analysts(sim, chance, changes, pause_s=0.15)
    analysts.thread.start()
    killed = []
    for _number in range(kills):
        time.sleep(chance.uniform(3, 9))
        assert running.process.poll() is None, running.said()
        killed.append(time.time())
        running.kill()
        running = begin()
    analysts.thread.join()
    final = analysts.final(sim)
    running.wait_for("each final state", lambda: final <= {one.state for one in deliveries(running.said())})
    # Whatever would come twice has the time to do so.
    running.wait_for_polls(3, since=sim.requests()[-1]["n"])
    return deliveries(running.stop()), final, killed

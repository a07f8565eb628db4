# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that find nothing to change among many cases: seconds, peak memory, requests, beside the bare list pages.

Run it from the repository root: python tests/bench/converged.py [cases ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.ways.measure import Run, WrongError, machine, play, run, target
from tests.bench.ways.watch import Watch
from tests.simulator.process import Simulator, start


@dataclass(frozen=True)
class Policy:
    """One rule, of which the platform can filter nothing, so that every case is read. matches: all cases, or none."""

    text: str
    rule: dict[str, Any]
    matches: bool


POLICIES = (
    Policy("none matches", {"name": "None", "match": {"name": "^no such name$"}, "set": {"status": "New"}}, False),
    Policy("all match", {"name": "All", "match": {}, "set": {"tags": {"delete": ["no such tag"]}}}, True),
)


@dataclass(frozen=True)
class Figures:
    """What came of one policy. bare_s: what its requests take with nothing else done."""

    cases: int
    policy: Policy
    run: Run
    module: Watch
    bare_s: float


def measure(simulator: Simulator, policy: Policy, cases: int) -> Figures:
    """Measure a policy: the fastest of several runs of each kind in turn, as a short run may meet another process."""
    watches: list[Watch] = []
    results: list[Run] = []
    bare_s: list[float] = []
    variables = {"rule": policy.rule, "cases": cases, "matches": cases if policy.matches else 0}
    for _turn in range(5 if cases <= 10_000 else 1):
        with tempfile.TemporaryDirectory() as directory:
            command = play("converged.yml", Path(directory), **variables)
            results.append(run(simulator, command, started=lambda pid: watches.append(Watch(pid, "stellar_cases"))))
        watches[-1].join()
        if results[-1].sent["writes"]:
            raise WrongError(f"{results[-1].sent['writes']} writes, where nothing was to be changed")
        bare_s.append(bare_pages(simulator, results[-1].requests))
    fastest = min(range(len(results)), key=lambda turn: results[turn].seconds)
    return Figures(cases, policy, results[fastest], watches[fastest], min(bare_s))


def bare_pages(simulator: Simulator, log: list[dict[str, Any]]) -> float:
    """The seconds that the requests of a log take when they are sent again, their JSON is read and nothing is kept."""
    # The simulator keeps what it counted until something is written; it shall count again.
    simulator.add_cases([])
    key, ca_path = (simulator.username, simulator.api_key), simulator.ca_path
    begin = time.perf_counter()
    with requests.Session() as session:
        answer = session.post(f"{simulator.url}/connect/api/v1/access_token", auth=key, verify=ca_path)
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        for entry in log:
            if entry["method"] == "GET":
                url = simulator.url + entry["path"]
                session.get(url, params=entry["query"], headers=headers, verify=ca_path).json()
    return time.perf_counter() - begin


def row(*cells: object) -> None:
    print("".join(f"{cell:>14}" for cell in cells), flush=True)


def show(figures: Figures) -> None:
    module, result = figures.module, figures.run
    row(
        figures.cases,
        figures.policy.text,
        f"{figures.bare_s:.2f}",
        f"{module.seconds:.2f}",
        f"{result.seconds:.2f}",
        f"{module.module_mib:.0f}",
        f"{module.controller_mib:.0f}",
        *(result.sent[kind] for kind in ("tokens", "reads", "writes")),
    )


def show_targets(figures: Figures) -> None:
    name = f"{figures.cases}, {figures.policy.text}"
    # With the start of Ansible
    if most := {10_000: 2.2, 100_000: 1.6}.get(figures.cases):
        ratio = figures.run.seconds / figures.bare_s
        target(f"{name}: ansible-playbook below {most} times the bare pages", ratio < most, f"{ratio:.2f} times")
    peak = max(figures.module.module_mib, figures.module.controller_mib)
    target(f"{name}: each process below 120 MiB", peak < 120, f"{peak:.0f} MiB")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Rules that find nothing to change.")
    parser.add_argument("cases", nargs="*", type=int, default=[10_000, 100_000], help="(10000 and 100000)")
    parser.add_argument("--latency-ms", type=float, default=20, help="of each call (%(default)s)")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    print(f"{options.latency_ms:g} ms a call, {machine()}")
    row("", "", "bare pages s", "module s", "playbook s", "module MiB", "Ansible MiB", "tokens", "reads", "writes")
    measured = []
    try:
        for cases in options.cases:
            with start("--cases", cases, "--latency-ms", options.latency_ms) as simulator:
                for policy in POLICIES:
                    measured.append(measure(simulator, policy, cases))
                    show(measured[-1])
    except WrongError as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    print(f"Targets, which are meant for 20 ms and an idle machine; now {machine()}")
    for figures in measured:
        show_targets(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())

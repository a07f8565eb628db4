# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tag for many cases, in five ways: seconds, requests, and how far above the floor that the latency sets.

Run it from the repository root: python tests/bench/many_cases.py [cases]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.ways.measure import WAYS, Run, WrongError, machine, play, run, target
from tests.simulator.process import Simulator, start

TAG = "tagged-by-the-benchmark"


@dataclass(frozen=True)
class Way:
    """One way to tag so many cases. workers: calls that it has under way at once."""

    name: str
    text: str
    cases: int
    workers: int = 1

    def commands(self, case_ids: list[str], directory: Path) -> list[list[str]]:
        script = [sys.executable, str(WAYS / "script.py"), TAG]
        if self.name == "a1":
            return [[*script, case_id] for case_id in case_ids]
        if self.name == "a2":
            return [[*script, *case_ids]]
        playbook = {"b": "uri.yml", "c": "stellar_case.yml", "d": "stellar_cases.yml"}[self.name]
        return [play(playbook, directory, tag=TAG, case_ids=case_ids, workers=self.workers)]


@dataclass(frozen=True)
class Figures:
    way: Way
    run: Run
    latency_s: float

    @property
    def per_case_s(self) -> float:
        return self.run.seconds / self.way.cases

    @property
    def floor_s(self) -> float:
        """What the latency alone takes."""
        sent = self.run.sent
        return (sent["tokens"] + sent["reads"]) * self.latency_s + self.apply_floor_s

    @property
    def above_floor(self) -> float:
        return self.run.seconds / self.floor_s

    @property
    def apply_s(self) -> float:
        """The writes alone. The log has when they arrived; the last answer comes a latency later."""
        arrived = self.run.times("PUT")
        return arrived[-1] - arrived[0] + self.latency_s

    @property
    def apply_floor_s(self) -> float:
        return self.run.sent["writes"] * self.latency_s / self.way.workers


def measure(way: Way, cases: int, latency_s: float) -> Figures:
    with (
        start("--cases", cases, "--latency-ms", latency_s * 1000) as simulator,
        tempfile.TemporaryDirectory() as directory,
    ):
        case_ids = [case["_id"] for case in simulator.cases()][: way.cases]
        result = run(simulator, *way.commands(case_ids, Path(directory)))
        check(simulator, set(case_ids), result)
    return Figures(way, result, latency_s)


def check(simulator: Simulator, wanted: set[str], result: Run) -> None:
    tagged = {case["_id"] for case in simulator.cases() if TAG in case["tags"]}
    if tagged != wanted:
        raise WrongError(f"{len(wanted - tagged)} cases lack the tag, {len(tagged - wanted)} have it beyond those")
    failed = sum(entry["status"] != 200 for entry in result.requests)
    if failed or result.sent["writes"] != len(wanted):
        raise WrongError(f"{result.sent['writes']} writes for {len(wanted)} cases, and {failed} requests failed")


def row(name: str, *cells: object) -> None:
    print(f"{name:<43}" + "".join(f"{cell:>9}" for cell in cells), flush=True)


def show(figures: Figures, cases: int) -> None:
    way, sent = figures.way, figures.run.sent
    row(
        f"({way.name}) {way.text}",
        way.cases,
        f"{figures.run.seconds:.2f}",
        f"{figures.per_case_s * 1000:.2f}",
        f"{figures.per_case_s * cases:.1f}",
        *(f"{sent[kind] / way.cases:.3g}" for kind in ("tokens", "reads", "writes")),
        f"{figures.floor_s:.2f}",
        f"{figures.above_floor:.2f}",
    )


def show_ratios(measured: list[Figures]) -> None:
    row("Times as fast as", *(f"({other.way.name})" for other in measured))
    for figures in measured:
        ratios = (other.per_case_s / figures.per_case_s for other in measured)
        row(f"({figures.way.name}) {figures.way.text}", *(f"{ratio:.1f}" for ratio in ratios))


def show_targets(a1: Figures, a2: Figures, b: Figures, c: Figures, d: Figures) -> None:
    print(f"Targets, which are meant for 1000 cases, 20 ms, 16 workers and an idle machine; now {machine()}")
    for figures, other, times in ((d, b, 110), (d, a1, 25), (d, a2, 25), (c, b, 8)):
        ratio = other.per_case_s / figures.per_case_s
        names = f"({figures.way.name}) at least {times} times as fast as ({other.way.name})"
        target(names, ratio >= times, f"{ratio:.1f} times")
    above = d.apply_s / d.apply_floor_s
    seen = f"{above:.2f} times: {d.apply_s:.2f} s, floor {d.apply_floor_s:.2f} s"
    target("(d) applies within 1.7 times the floor", above <= 1.7, seen)
    pages = sum(entry["path"].endswith("/cases") for entry in d.run.requests)
    expected = {"tokens": 1, "reads": pages, "writes": d.way.cases}
    seen = ", ".join(f"{count} {kind}" for kind, count in d.run.sent.items())
    target("(d) sends 1 token, the list pages, 1 write a case", d.run.sent == expected, seen)
    target("(c) within 1.3 times its floor", c.above_floor <= 1.3, f"{c.above_floor:.2f} times")
    target("(c) fetches 1 token", c.run.sent["tokens"] == 1, str(c.run.sent["tokens"]))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A tag for many cases, in five ways.")
    parser.add_argument("cases", nargs="?", type=int, default=1000, help="how many cases there are (%(default)s)")
    parser.add_argument("--latency-ms", type=float, default=20, help="of each call (%(default)s)")
    parser.add_argument("--workers", type=int, default=16, help="of stellar_cases (%(default)s)")
    parser.add_argument("--processes", type=int, default=sys.maxsize, help="cases that a1 takes at most (all)")
    parser.add_argument("--calls", type=int, default=sys.maxsize, help="cases that a2 takes at most (all)")
    parser.add_argument("--uri", type=int, default=sys.maxsize, help="cases that b takes at most (all)")
    parser.add_argument("--loop", type=int, default=sys.maxsize, help="cases that c takes at most (all)")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    cases = options.cases
    every_way = [
        Way("a1", "script, once more for each case", min(options.processes, cases)),
        Way("a2", "its function, in a loop of one process", min(options.calls, cases)),
        Way("b", "loop of ansible.builtin.uri", min(options.uri, cases)),
        Way("c", "loop of stellar_case", min(options.loop, cases)),
        Way("d", f"stellar_cases, {options.workers} workers", cases, options.workers),
    ]
    print(f"{cases} cases, {options.latency_ms:g} ms a call, {machine()}. Seconds are those of the whole command.")
    if any(way.cases < cases for way in every_way):
        print(f"Some take fewer cases, as asked; what {cases} would take is then the same for each of them.")
    row("", "cases", "seconds", "ms/case", f"s/{cases}", "tokens", "reads", "writes", "floor s", "x floor")
    measured = []
    try:
        for way in every_way:
            measured.append(measure(way, cases, options.latency_ms / 1000))
            show(measured[-1], cases)
    except WrongError as error:
        print(f"WRONG: ({way.name}) {error}", file=sys.stderr)
        return 1
    show_ratios(measured)
    show_targets(*measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())

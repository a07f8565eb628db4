# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon the event source sees a change, how fast it delivers many, and what memory it takes in a day.

Run it from the repository root: python tests/bench/event_source.py [cases] [hours]
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec import event_source as options_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.event_source import EventSource
from tests.integration.event_source import SOURCE, connection, polls, running, until
from tests.simulator.process import Simulator, start

LATENCY_MS = 20


def rss_mib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


# -- parts that run in a process of their own, as a rulebook has one --------------------------------------


async def deliver(options: dict[str, Any], number: int) -> dict[str, float]:
    """Start a source, and take so many events."""
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    feedback: asyncio.Queue[Any] = asyncio.Queue(1)
    given = {**options, "eda_feedback_queue": feedback}
    source = asyncio.create_task(runpy.run_path(str(SOURCE))["main"](queue, given))
    lag = 0.0

    async def measure() -> None:
        nonlocal lag
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            lag = max(lag, time.monotonic() - before - 0.005)

    await asyncio.sleep(0.1)
    measuring = asyncio.create_task(measure())
    first = time.perf_counter()
    for _event in range(number):
        event = await queue.get()
        if options.get("feedback"):
            await feedback.put(event)
    seconds = time.perf_counter() - first
    measuring.cancel()
    peak = rss_mib()
    began = time.perf_counter()
    source.cancel()
    await asyncio.wait({source})
    return {"seconds": seconds, "lag_ms": lag * 1000, "mib": peak, "stop_ms": (time.perf_counter() - began) * 1000}


def day(options: dict[str, Any], hours: float) -> dict[str, Any]:
    """Poll for so many hours of the platform's clock, with an edit now and then, and without waiting."""
    options_module._RANGES["interval"] = (0.0, 86400.0)
    source = EventSource(options)
    events = 0
    sizes: list[float] = []
    states: list[int] = []
    total = int(hours * 120)

    def advance() -> None:
        for number in range(total + 1):
            reached.wait()
            reached.clear()
            if number % (total // 10) == 0:
                gc.collect()
                sizes.append(rss_mib())
                states.append(os.path.getsize(options["state_file"]))
            print("poll", flush=True)
            sys.stdin.readline()
            proceed.set()
        source.close()
        proceed.set()

    reached, proceed = threading.Event(), threading.Event()

    def wait(seconds: float | None = None) -> bool:
        """What the source waits between polls: as long as the platform's clock needs for half a minute."""
        if threading.current_thread().name == "polls":
            reached.set()
            proceed.wait()
            proceed.clear()
        else:
            time.sleep(0.05)
        return source.is_closed

    source._stop.wait = wait

    def take(steps: Any) -> None:
        nonlocal events
        if isinstance(steps, Exception):
            raise steps
        for step in steps:
            events += step.event is not None
            source.delivered(step, 2)

    advancing = threading.Thread(target=advance, daemon=True)
    advancing.start()
    polling = threading.Thread(target=source.run, args=(take,), daemon=True, name="polls")
    polling.start()
    advancing.join()
    polling.join(10)
    return {"events": events, "sizes": sizes, "states": states, "polls": total}


def in_a_process(part: str, options: dict[str, Any], number: float) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, part, json.dumps(options), str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# -- measurements -----------------------------------------------------------------------------------------


def measure_delay(simulator: Simulator) -> None:
    simulator.reset(cases=5000)
    delays = []
    with running({**connection(simulator), "interval": 1}) as engine:
        until(lambda: polls(simulator), 30)
        for number, case in enumerate(simulator.cases()[:15], 1):
            time.sleep(0.37)
            simulator.edit(case["_id"], {"severity": "Low"})
            edited = time.monotonic()
            until(lambda number=number: len(engine.events) >= number)
            delays.append(time.monotonic() - edited)
    middle = statistics.median(delays)
    print(f"a change is delivered, interval 1 s   median {middle:.2f} s  max {max(delays):.2f} s")


def measure_many(simulator: Simulator, cases: int, feedback: bool) -> None:
    """Measure the delivery of cases that were all changed within the overlap, so that the state has each of them."""
    simulator.reset(cases=cases)
    now = int(time.time() * 1000)
    changed = [{**case, "modified_at": now - cases + number} for number, case in enumerate(simulator.cases())]
    for first in range(0, cases, 1000):
        simulator.add_cases(changed[first : first + 1000])
    simulator.clear_requests()
    with tempfile.TemporaryDirectory() as folder:
        options = {**connection(simulator), "since": "2h", "overlap": 600, "state_file": f"{folder}/state.json"}
        options["feedback"] = feedback
        process = in_a_process("deliver", options, cases)
        found = json.loads(process.communicate()[0].splitlines()[-1])
    how = f"{LATENCY_MS} ms, feedback" if feedback else f"{LATENCY_MS} ms"
    print(
        f"{cases} changed cases, {how}   {found['seconds']:.2f} s  loop lag max {found['lag_ms']:.0f} ms  "
        f"{found['mib']:.0f} MiB  stop {found['stop_ms']:.0f} ms  {len(polls(simulator))} pages"
    )


def measure_stalled(simulator: Simulator, seconds: float) -> None:
    simulator.reset(cases=60)
    with running({**connection(simulator), "interval": 1}) as engine:
        until(lambda: polls(simulator))
        simulator.fault("stall", path="/cases", times=0, max_s=60)
        time.sleep(1.5)
        engine.lag = 0.0
        time.sleep(seconds)
        lag, stopped = engine.lag, engine.stop()
    simulator.clear_faults()

    async def idle() -> float:
        longest, end = 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before - 0.01)
        return longest

    alone = asyncio.run(idle())
    print(
        f"an answer that stalls for {seconds:.0f} s   loop lag max {lag * 1000:.0f} ms, of a loop alone "
        f"{alone * 1000:.0f} ms  stop {stopped * 1000:.0f} ms"
    )


def measure_day(simulator: Simulator, hours: float) -> None:
    simulator.reset(cases=2000)
    ids = [case["_id"] for case in simulator.cases()]
    with tempfile.TemporaryDirectory() as folder:
        options = {**connection(simulator), "interval": 0.0, "state_file": f"{folder}/state.json"}
        process = in_a_process("day", options, hours)
        assert process.stdin is not None
        assert process.stdout is not None
        edits = 0
        for line in process.stdout:
            if line != "poll\n":
                found = json.loads(line)
                break
            # Half a minute later, three cases are changed. A token is valid for ten minutes.
            simulator.advance(30)
            for _edit in range(3):
                simulator.edit(ids[edits % len(ids)], {"severity": ("Low", "High")[edits // len(ids) % 2]})
                edits += 1
            process.stdin.write("\n")
            process.stdin.flush()
        process.wait()
    sizes = " ".join(f"{size:.1f}" for size in found["sizes"])
    print(
        f"{hours:g} h of the platform's clock: {found['polls']} polls, {edits} edits, {found['events']} events, "
        f"{len(simulator.tokens())} tokens; MiB {sizes}; state file at most {max(found['states'])} bytes"
    )


def main() -> None:
    if sys.argv[1:2] == ["deliver"]:
        print(json.dumps(asyncio.run(deliver(json.loads(sys.argv[2]), int(sys.argv[3])))))
        return
    if sys.argv[1:2] == ["day"]:
        print(json.dumps(day(json.loads(sys.argv[2]), float(sys.argv[3]))))
        return
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    hours = float(sys.argv[2]) if len(sys.argv) > 2 else 24
    with start() as simulator:
        simulator.latency(LATENCY_MS)
        measure_delay(simulator)
        for feedback in (False, True):
            measure_many(simulator, cases, feedback)
        measure_stalled(simulator, 30)
        simulator.latency(0)
        measure_day(simulator, hours)


if __name__ == "__main__":
    main()

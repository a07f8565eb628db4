# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands against a simulator: how long they take, and what they send."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.playbook import clean_environment
from tests.simulator.process import ROOT, Simulator

WAYS = Path(__file__).parent
# No command takes longer, unless it hangs.
TIMEOUT_S = 1800


class WrongError(Exception):
    """What was measured did not do what it should: no figure of it counts."""


@dataclass
class Run:
    """seconds: on the wall clock, from the start of the first command to the end of the last."""

    seconds: float
    requests: list[dict[str, Any]]

    def times(self, method: str) -> list[float]:
        """When the simulator got the requests of a method, in epoch seconds."""
        return [entry["time"] for entry in self.requests if entry["method"] == method]

    @property
    def sent(self) -> Counter[str]:
        """How many requests of each kind: tokens, reads, writes."""
        kinds = {"GET": "reads", "PUT": "writes"}
        return Counter(
            "tokens" if entry["path"].endswith("/access_token") else kinds.get(entry["method"], entry["method"])
            for entry in self.requests
        )


def run(
    simulator: Simulator,
    *commands: Sequence[str],
    started: Callable[[int], Any] = lambda pid: None,
    **environment: str,
) -> Run:
    """Run commands one after the other. Raises WrongError if one fails. started: is told the id of each process."""
    variables = clean_environment(simulator, **environment)
    simulator.clear_requests()
    begin = time.perf_counter()
    for command in commands:
        _run(command, variables, started)
    return Run(time.perf_counter() - begin, simulator.requests())


def _run(command: Sequence[str], environment: dict[str, str], started: Callable[[int], Any]) -> None:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        started(process.pid)
        try:
            output, _nothing = process.communicate(timeout=TIMEOUT_S)
        finally:
            if process.poll() is None:
                _end(process)
    if process.returncode != 0:
        raise WrongError(f"{' '.join(command)[:200]} ended with {process.returncode}:\n{output[-3000:]}")


def _end(process: subprocess.Popen[str]) -> None:
    # Ansible ends its own workers when it is interrupted, but not when it is killed.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def play(name: str, directory: Path, **variables: Any) -> list[str]:
    """The command that runs one of the playbooks here."""
    file = directory / "variables.json"
    file.write_text(json.dumps(variables), encoding="utf-8")
    return [str(Path(sys.executable).with_name("ansible-playbook")), str(WAYS / name), "--extra-vars", f"@{file}"]


def machine() -> str:
    """What the figures depend on, for whoever reads them."""
    return f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"


def target(text: str, reached: bool, seen: str) -> None:
    print(f"  {'reached' if reached else 'missed':<8} {text}: {seen}")

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of stellar_cases that are ended in the middle, from outside or by the timeout of the task."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests import canaries
from tests.simulator.process import Simulator

WORKERS = 4
CASES = 150
WANTED = {"status": "In Progress", "severity": "High", "tags": {"add": ["seen"], "delete": ["old"]}}
RULES = [{"name": "Take over", "match": {"status": ["New"]}, "set": WANTED}]
# how: to whom the signal goes. Nothing can be propagated after a SIGKILL, so the run has to notice it by itself.
WAYS: dict[str, Callable[[int], Any] | None] = {
    "Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),
    "SIGTERM to ansible-playbook": lambda pid: os.kill(pid, signal.SIGTERM),
    "SIGKILL to ansible-playbook": lambda pid: os.kill(pid, signal.SIGKILL),
    "SIGTERM to the worker": lambda pid: os.kill(_worker(pid), signal.SIGTERM),
    "SIGKILL to the worker": lambda pid: os.kill(_worker(pid), signal.SIGKILL),
    "timeout of the task": None,
}


def puts(simulator: Simulator) -> list[dict[str, Any]]:
    """Return the updates that the simulator got."""
    return [entry for entry in simulator.requests() if entry["method"] == "PUT"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def interrupted_run(
    simulator: Simulator,
    ansible_playbook: Path,
    directory: Path,
    how: str,
    environment: Mapping[str, str],
    working_directory: Path,
) -> Path:
    """Run RULES over cases and end it in the middle. Return the journal, once no update is under way any more.

    No more updates come than those that were under way.
    """
    journal, playbook = directory / "journal.jsonl", directory / "playbook.yml"
    options = {"rules": RULES, "journal": str(journal), "concurrency": WORKERS, "timeout": 3}
    end = WAYS[how]
    task = {"stellarcyber.xdr.stellar_cases": options, **({"timeout": 2} if end is None else {})}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    playbook.write_text(yaml.safe_dump(plays), encoding="utf-8")
    # What ends with the run must not wait for a process that goes on: its output goes to a file.
    with (directory / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [ansible_playbook, playbook],
            cwd=working_directory,
            # Else a kill may lose what is shown: Python writes to a file in blocks.
            env={**environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        wait_for(lambda: len(puts(simulator)) > 10)
        sent, worker = len(puts(simulator)), _worker(process.pid)
        if end is not None:
            end(process.pid)
        code = process.wait(timeout=60)
        if end is None:
            sent = len(puts(simulator))
        output.seek(0)
        said = output.read()
    canaries.assert_none(canaries.of(simulator), said, where="output of ansible-playbook")
    assert code, said
    command = f"Undo its changes with: ansible-playbook stellarcyber.xdr.undo -e undo_file={journal}"
    lines = said.splitlines()
    assert sum(line.endswith(command.replace("U", "u", 1)) for line in lines) == 1, said
    if "to ansible-playbook" not in how:
        assert lines[-1] == f"The run was interrupted. {command}", said
    wait_for(lambda: all(entry["status"] is not None for entry in puts(simulator)))
    time.sleep(1)
    # Those that were under way, and those that began until the signal came.
    assert len(puts(simulator)) <= sent + 3 * WORKERS < CASES, (len(puts(simulator)), sent, said)
    # A worker whose parent is gone waits for ever for another process to read its result.
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    return journal


def _worker(pid: int) -> int:
    """Return the process that runs the task: Ansible starts one for each."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
        if parent == pid:
            return int(stat.parent.name)
    raise AssertionError("no worker")

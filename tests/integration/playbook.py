# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs real ansible-playbook against a simulator, and modules' functions in this process where that is enough."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import Call, validated
from tests import canaries
from tests.simulator.process import Simulator

ROOT = Path(__file__).resolve().parents[2]
CASE = "62fceb4a48be7776c793a02a"
API = "/connect/api/v1/"


@dataclass
class Task:
    """What one task of a playbook did: its result, and the requests that the simulator logged meanwhile."""

    kind: str
    name: str
    result: dict[str, Any]
    requests: list[dict[str, Any]]

    @property
    def calls(self) -> list[str]:
        return calls(self.requests)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET") and call != "POST access_token"]


@dataclass
class Run:
    returncode: int
    output: str
    tasks: list[Task] = field(default_factory=list)

    def __getitem__(self, number: int) -> Task:
        return self.tasks[number]


def calls(requests: list[dict[str, Any]]) -> list[str]:
    """Requests as a test names them: GET cases, PUT cases/ID."""
    return [entry["method"] + " " + re.sub(r"cases/[^/]+", "cases/ID", entry["path"][len(API) :]) for entry in requests]


def clean_environment(simulator: Simulator, **more: str) -> dict[str, str]:
    """The caller's environment less what steers Ansible or the collection, plus the connection."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "STELLAR_"))}
    home = str(ROOT / ".cache/ansible")
    return {**kept, **simulator.env(), "ANSIBLE_HOME": home, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "200", **more}


def run_playbook(
    simulator: Simulator,
    directory: Path,
    tasks: list[dict[str, Any]] | list[Any],
    *arguments: str,
    play: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    secret_vars: dict[str, str] | None = None,
    timeout: float = 300,
    **environment: str,
) -> Run:
    """Run tasks in one play on localhost. Every result is recorded, a failing one too.

    without: environment variables that the run does not have. secret_vars: variables, by a file as a vault would.
    """
    playbook, record = directory / "playbook.yml", directory / "record.jsonl"
    if secret_vars:
        (directory / "secrets.yml").write_text(yaml.safe_dump(secret_vars), encoding="utf-8")
        play = {**(play or {}), "vars_files": [str(directory / "secrets.yml")]}
    plays = [{"hosts": "localhost", "gather_facts": False, **(play or {}), "tasks": tasks}]
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False, allow_unicode=True), encoding="utf-8")
    record.unlink(missing_ok=True)
    # Not its keys: an environment can be seen.
    reached_by = {"host": simulator.host, "ca_path": simulator.ca_path}
    env = clean_environment(
        simulator,
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/integration/callback_plugins"),
        PYTHONPATH=str(ROOT),
        RECORD_FILE=str(record),
        RECORD_SIMULATOR=json.dumps(reached_by),
        **{"ANSIBLE_CALLBACKS_ENABLED": "record", **environment},
    )
    process = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", playbook, *arguments],
        cwd=ROOT,
        env={name: value for name, value in env.items() if name not in without},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    recorded = [json.loads(line) for line in lines]
    output = process.stdout + process.stderr
    # Whatever a test is about, no run of it may give a secret away.
    canaries.assert_none(canaries.of(simulator), output, where="output of ansible-playbook")
    results = [json.dumps(entry["result"]) for entry in recorded]
    canaries.assert_none(canaries.of(simulator), *results, where="results that a callback gets")
    return Run(
        process.returncode,
        output,
        [Task(entry["kind"], entry["task"], entry["result"], entry["requests"]) for entry in recorded],
    )


def parameters(options: dict[str, Any], simulator: Simulator, **given: Any) -> dict[str, Any]:
    """A module's params as AnsibleModule would make them, with the simulator's connection."""
    connection = {
        "host": simulator.host,
        "username": simulator.username,
        "api_key": simulator.api_key,
        "ca_path": simulator.ca_path,
    }
    wanted = {name: value for name, value in {**connection, **given}.items() if value is not None}
    params, _sources = validated(Call("the test", options, (), "the test"), wanted)
    return params

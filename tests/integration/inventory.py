# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the inventory stellar_tenants by real ansible-inventory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import canaries
from tests.integration.playbook import ROOT, calls, clean_environment
from tests.simulator.process import Simulator

TOKEN, TENANTS = "POST access_token", "GET tenants"
PLUGIN = {"plugin": "stellarcyber.xdr.stellar_tenants"}
SAMPLE = ["example-clinic", "example-harbour", "example-tenant"]
# What AWX sets, and what docs/tenants.md says to set
STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}


def tenant(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {"cust_id": f"{number:032x}", "cust_name": name, **fields}


@dataclass
class Listed:
    """What ansible-inventory printed."""

    code: int
    out: str
    err: str
    requests: list[str]

    @property
    def data(self) -> dict[str, Any]:
        assert self.code == 0, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.data["_meta"]["hostvars"]
        return found

    @property
    def hosts(self) -> list[str]:
        return sorted(self.variables)

    @property
    def words(self) -> str:
        return " ".join(self.err.split())


def list_hosts(
    sim: Simulator,
    folder: Path,
    *arguments: str,
    config: Any = None,
    without: tuple[str, ...] = (),
    source: str = "",
    **environment: str,
) -> Listed:
    file = folder / "soc.stellar_tenants.yml"
    file.write_text(yaml.safe_dump({**PLUGIN, **(config or {})}, sort_keys=False), encoding="utf-8")
    env = clean_environment(sim, **{**STRICT, **environment})
    sim.clear_requests()
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-inventory"),
            *("-i", source or str(file)),
            *(arguments or ("--list",)),
        ],
        cwd=ROOT,
        env={name: value for name, value in env.items() if name not in without},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    canaries.assert_none(canaries.of(sim), done.stdout, done.stderr, where="output of ansible-inventory")
    return Listed(done.returncode, done.stdout, done.stderr, calls(sim.requests()))


def refuses(run: Listed, words: str) -> None:
    """No exit code of success, and no list of hosts."""
    assert run.code != 0
    assert run.out == ""
    assert words in run.words, run.err
    assert "Traceback" not in run.err


def unmarked(value: Any) -> Any:
    """Return a text of ansible-inventory without the mark that it must not be evaluated."""
    return value["__ansible_unsafe"] if isinstance(value, dict) else value

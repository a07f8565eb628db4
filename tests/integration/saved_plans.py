# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for tests: they are made in this process, and read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.many import Case, case, run
from tests.integration.playbook import ROOT
from tests.simulator.process import Simulator

RULES = [
    {"name": "Take", "match": {"status": ["New"]}, "set": {"status": "In Progress", "tags": {"add": ["hit"]}}},
    {"name": "Stale", "match": {"severity": ["Low"]}},
]


def read(path: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content


def planned(sim: Simulator, path: str, *cases: Case, **options: Any) -> dict[str, Any]:
    """Make a plan for these cases, three by default, and return what is in its file."""
    sim.reset(seed=list(cases) or [case(number) for number in range(3)])
    done = run(sim, True, plan_file=path, **{"rules": RULES, **options})
    assert not done.failed, done.result
    assert sim.writes() == []
    return read(path)


def in_process(sim: Simulator, check_mode: bool, **options: Any) -> subprocess.Popen[bytes]:
    """Start a run in a process of its own."""
    code = (
        "import json, sys\n"
        "from types import SimpleNamespace\n"
        "from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES\n"
        "from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases\n"
        "from tests.integration.playbook import parameters\n"
        "connection, check, options = json.loads(sys.argv[1])\n"
        "params = parameters(CASES, SimpleNamespace(**connection), **options)\n"
        "run_cases(params, check, lambda secret: None)\n"
    )
    connection = {name: getattr(sim, name) for name in ("host", "username", "api_key", "ca_path")}
    given = json.dumps([connection, check_mode, options])
    return subprocess.Popen([sys.executable, "-c", code, given], cwd=ROOT)

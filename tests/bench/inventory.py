# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long ansible-inventory --list takes for 2,000 tenants: seconds, those of the processor, memory, requests.

Run it from the repository root: python tests/bench/inventory.py [tenants] [rounds]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.integration.inventory import PLUGIN, STRICT
from tests.integration.playbook import calls, clean_environment
from tests.simulator.process import Simulator, start

GROUPS = 40
CONSTRUCTED: dict[str, Any] = {
    "compose": {"report": "'reports/' ~ inventory_hostname"},
    "groups": {"large": "stellar_tenant_users > 50"},
    "keyed_groups": [{"key": "stellar_tenant_group", "prefix": "group"}],
}
LATENCY_MS = 20


def listed(
    simulator: Simulator, source: Path, tenants: int, **environment: str
) -> tuple[float, float, float, list[str]]:
    """Seconds, those of the processor, and MiB of one run, and what it sent."""
    simulator.clear_requests()
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(source), "--list"]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=clean_environment(simulator, **STRICT, **environment), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    hosts = json.loads(out)["_meta"]["hostvars"]
    assert len(hosts) == tenants, len(hosts)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, calls(simulator.requests())


def main() -> None:
    tenants = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with start() as simulator, tempfile.TemporaryDirectory() as folder:
        simulator.put_tenants(
            *(
                {
                    "cust_id": f"{number:032x}",
                    "cust_name": f"Example Tenant {number}",
                    "tgrp_name": f"Group {number % GROUPS}",
                    "user_num": number % 100,
                }
                for number in range(1, tenants + 1)
            )
        )
        simulator.latency(LATENCY_MS)
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": f"{folder}/cache"}
        for name, config in (
            ("plain", {}),
            ("constructed", CONSTRUCTED),
            ("constructed, from the cache", {**CONSTRUCTED, **cache}),
        ):
            source = Path(folder) / "bench.stellar_tenants.yml"
            source.write_text(yaml.safe_dump({**PLUGIN, **config}), encoding="utf-8")
            if config.get("cache"):
                listed(simulator, source, tenants)
            runs = [listed(simulator, source, tenants) for _round in range(rounds)]
            seconds = [run[0] for run in runs]
            print(
                f"{name:<28} {tenants} tenants, {LATENCY_MS} ms  median {statistics.median(seconds):5.2f} s  "
                f"max {max(seconds):5.2f} s  processor {statistics.median(run[1] for run in runs):5.2f} s  "
                f"{max(run[2] for run in runs):4.0f} MiB  {', '.join(runs[-1][3]) or 'no request'}"
            )


if __name__ == "__main__":
    main()

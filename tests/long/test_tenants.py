# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts of the inventory stellar_tenants at the same time, on a platform that asks to slow down."""

from __future__ import annotations

from collections import Counter

import yaml

from tests.integration.inventory import PLUGIN, STRICT, tenant
from tests.integration.playbook import calls, run_playbook

HOSTS, FORKS = 50, 20


def test_many_tenants_at_once(sim, tmp_path):
    tenants = [tenant(number, f"Example {number}") for number in range(1, HOSTS + 1)]
    sim.put_tenants(*tenants)
    source = tmp_path / "soc.stellar_tenants.yml"
    source.write_text(yaml.safe_dump(PLUGIN), encoding="utf-8")
    sim.clear_requests()
    # One of the exchanges in the middle of the run
    sim.fault("status", status=429, retry_after="1", path="*/access_token", after=HOSTS // 2, times=3)
    tasks = [{"stellarcyber.xdr.stellar_tenant_info": {}}]
    run = run_playbook(
        sim, tmp_path, tasks, "-i", str(source), "--forks", str(FORKS), play={"hosts": "stellar_tenants"}, **STRICT
    )
    assert run.returncode == 0, run.output[-3000:]
    # Each host sees its own tenant only.
    seen = [each["cust_id"] for task in run.tasks for each in task.result["tenants"]]
    assert sorted(seen) == [each["cust_id"] for each in tenants]
    sent = Counter(calls(sim.requests()))
    assert sent == {"POST access_token": HOSTS + 1 + 3, "GET tenants": HOSTS + 1}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and tokens stay hidden at -vvvv, on every ansible-core: how they are hidden differs from core to core."""

from __future__ import annotations

import base64
import re

import pytest
import requests
import yaml

IDS = {"legacy key": "1" * 24, "scoped key": "2" * 24, "token": "3" * 24}
# What the cores have in the place of a secret, here of a case's name.
HIDDEN = re.compile(r'"name": "(?:\*{8}|\$REDACTED\$|VALUE_SPECIFIED_IN_NO_LOG_PARAMETER)')


@pytest.fixture
def known(simulator):
    """The secrets of each way to authenticate. The platform shows them where it can, and echoes them in errors."""
    simulator.reset()
    url = f"https://{simulator.host}/connect/api/v1/access_token"
    account = simulator.username, simulator.api_key
    token = requests.post(url, auth=account, verify=simulator.ca_path, timeout=20).json()["access_token"]
    pair = base64.b64encode(":".join(account).encode()).decode()
    known = {"legacy key": [simulator.api_key, pair], "scoped key": [simulator.scoped_key], "token": [token]}
    for number, (way, case_id) in enumerate(IDS.items(), 5000):
        text = " and ".join(known[way])
        case = {"_id": case_id, "ticket_id": number, "name": text, "tags": [way], "severity": "Low"}
        simulator.add_cases([{**case, "cust_id": simulator.scoped_tenants[0]}])
        simulator.fault("status", status=400, method="PUT", path=f"/cases/{case_id}", body=f"You sent {text}", times=0)
    return known


def tasks_with(way, options):
    """Every module, and those that may run in Ansible's process also outside of it."""
    change = {"case_id": IDS[way], "severity": "High", "name": "Another"}
    rule = {"name": "Found", "match": {"tags": {"any": [way]}}, "set": {"severity": "High"}}
    alone = [
        {"stellarcyber.xdr.stellar_case_info": {"case_id": [IDS[way]], "include": ["summary"]}},
        {"stellarcyber.xdr.stellar_case": change},
        {"stellarcyber.xdr.stellar_ping": {}},
    ]
    tasks = [{**task, "environment": there} for task in alone for there in ({}, {"ANY": "thing"})]
    return [
        {**task, "module_defaults": {"group/stellarcyber.xdr.stellar": options}, "ignore_errors": True, "diff": True}
        for task in [*tasks, {"stellarcyber.xdr.stellar_cases": {"rules": [rule]}}]
    ]


@pytest.mark.parametrize("by", ["options", "environment"])
def test_no_secret_in_the_output(core, simulator, known, tmp_path, by):
    ways = {
        "legacy key": {"username": "{{ username }}", "api_key": "{{ key }}"},
        "scoped key": {"api_key": "{{ scoped_key }}"},
        "token": {"access_token": "{{ token }}"},
    }
    without = ("STELLAR_USERNAME", "STELLAR_API_KEY")
    if by == "environment":
        ways, without = {"legacy key": {}}, ()
    secrets = {
        "username": simulator.username,
        "key": simulator.api_key,
        "scoped_key": simulator.scoped_key,
        "token": known["token"][0],
    }
    (tmp_path / "secrets.yml").write_text(yaml.safe_dump(secrets), encoding="utf-8")
    tasks = [task for way, options in ways.items() for task in tasks_with(way, options)]
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": ["secrets.yml"], "tasks": tasks}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    code, output = core.play(simulator, tmp_path, "playbook.yml", "-vvvv", without=without)
    assert code == 0, f"{core.version}\n{output}"
    # There was something to hide: in each result, and in each diff of a single case.
    assert len(HIDDEN.findall(output)) == 7 * len(ways), f"{core.version}\n{output}"

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neither keys nor tokens are in command lines, environments, logs or files of a run that got them as variables."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import canaries
from tests.integration.many import case
from tests.integration.playbook import CASE
from tests.integration.processes import PROC, watched

KEYS = ("STELLAR_API_KEY", "STELLAR_USERNAME")
CHANGE = {"severity": "High", "comment": "Taken over"}
RULES = [{"name": "All", "match": {"name": "^Case"}, "set": {"severity": "High"}, "comment": "hello"}]
# What a run authenticates with: options of every task
WAYS = {
    "legacy key": {"username": "{{ username }}", "api_key": "{{ legacy_key }}"},
    "scoped key": {"api_key": "{{ scoped_key }}"},
    "token": {"access_token": "{{ token }}"},
}


def tasks_with(options, tmp_path):
    """Every way to the platform: alone, in a loop, many cases, read, looked up."""
    direct = ", ".join(f"{name}={name}_option" for name in options)
    ids = "query('stellarcyber.xdr.stellar_cases', result='ids', " + direct + ")"
    journal = str(tmp_path / "journal.jsonl")
    return [
        {"stellarcyber.xdr.stellar_case": {"case_id": CASE, **CHANGE, **options}},
        {
            "stellarcyber.xdr.stellar_case": {"case_id": "{{ item }}", **CHANGE, **options},
            "loop": "{{ (" + ids + ")[:3] }}",
            "vars": {f"{name}_option": value for name, value in options.items()},
        },
        {"stellarcyber.xdr.stellar_case_info": {"case_id": [CASE], **options}},
        {"stellarcyber.xdr.stellar_ping": options},
        {"stellarcyber.xdr.stellar_cases": {"rules": RULES, "journal": journal, **options}, "register": "done"},
        # As a module: not in Ansible's own process
        {"stellarcyber.xdr.stellar_case": {"case_id": CASE, "severity": "Low", **options}, "environment": {"A": "b"}},
        {
            "stellarcyber.xdr.stellar_case": {"case_id": "no id", "severity": "Low", **options},
            "ignore_errors": True,
        },
        {"ansible.builtin.debug": {"var": "done"}},
    ]


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROC.exists(), reason="this system shows no processes in /proc"),
]


def test_the_watch_sees_processes_of_processes():
    script = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(0.3)', 'canary-1'])"
    )
    with watched(os.getpid()) as watch:
        subprocess.run([sys.executable, "-c", script], env={"CANARY": "canary-2"}, check=True)
    assert any(line.endswith("canary-1 ") for line in watch.command_lines)
    assert any("CANARY=canary-2" in text for text in watch.environments)


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_around_a_run(sim, play, token, tmp_path, way):
    sim.add_cases([case(number) for number in range(4)])
    home = tmp_path / "home"
    with watched(os.getpid()) as watch:
        run = play(
            tasks_with(WAYS[way], tmp_path),
            "-vvvv",
            "--diff",
            without=KEYS,
            secret_vars={
                "username": sim.username,
                "legacy_key": sim.api_key,
                "scoped_key": sim.scoped_key,
                "token": token,
            },
            ANSIBLE_HOME=str(home),
            ANSIBLE_LOG_PATH=str(tmp_path / "ansible.log"),
            ANSIBLE_CALLBACKS_ENABLED="record,junit,tree",
            ANSIBLE_CALLBACK_TREE_DIR=str(tmp_path / "tree"),
            JUNIT_OUTPUT_DIR=str(tmp_path / "junit"),
            HOME=str(home),
        )
    assert [task.kind for task in run.tasks] == ["ok"] * 6 + ["failed", "ok"], run.output
    # The modules' own processes were seen, not only that of ansible-playbook.
    assert any("AnsiballZ_stellar_case.py" in line for line in watch.command_lines)
    secrets = canaries.of(sim)
    canaries.assert_none(secrets, *watch.command_lines, where="command lines of a run's processes")
    canaries.assert_none(secrets, *watch.environments, where="environments of a run's processes")
    left = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "secrets.yml"]
    names = {file.name for file in left}
    assert {"ansible.log", "journal.jsonl"} < names
    assert any(file.parent.name == "tree" for file in left)
    assert any(file.parent.name == "junit" for file in left)
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in left]
    canaries.assert_none(secrets, *texts, where="log, callbacks' files, journal and Ansible's home")

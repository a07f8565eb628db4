# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo tells its story, leaves nothing behind, and runs from an installed collection."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import canaries
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator

ANSIBLE_GALAXY = Path(sys.executable).with_name("ansible-galaxy")
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
STORY = (
    "A simulator plays the platform at 127.0.0.1:",
    "PLAY [1. Find the open critical cases of two tags]",
    "PLAY [2. Preview what the night shift declares (nothing is written)]",
    "+    assignee: night-shift@example.com",
    "changed: [localhost] => (item=",
    "PLAY [3. Apply it]",
    "changed: [localhost] => (item=",
    "PLAY [4. Run it again (nothing is left to change)]",
    "ok: [localhost] => (item=",
    "PLAY [5. Close one case, unless others changed it since it was read]",
    "+    resolution: False Positive",
    "status  In Progress -> Resolved",
    "failed=0",
    "The simulator saw: reads 28, updates 4, comments 4, access tokens 6.",
    "Now a policy, on a queue of 200 cases.",
    "$ ansible-playbook stellarcyber.xdr.hygiene --check",
    "all tenants: drift",
    "54 would change",
    "The policy check failed: 54 cases would change, and case_hygiene_fail_on is drift.",
    "updates 0, comments 0, access tokens 1.",
    "Apply it; the policy check passes:",
    "If this run is interrupted, undo its changes with: ansible-playbook stellarcyber.xdr.undo -e undo_file=",
    "all tenants: changed",
    "54 changed",
    "updates 54, comments 0, access tokens 1.",
    "Apply it again; nothing is left to change:",
    "all tenants: findings",
    " 0 changed",
    "updates 0, comments 0, access tokens 1.",
    "Undo what was applied:",
    "all tenants: 54 cases restored, 0 unchanged,",
    "All 200 cases are as they were.",
    "preview/hygiene.html in a browser.",
)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The directory for temporary files of the demo and everything that it starts."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    return directory


def start_demo(temporary: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(temporary), "HOME": str(temporary), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def secrets_of(demo: subprocess.Popen[str], temporary: Path) -> list[str]:
    """The keys of the simulator that the demo starts. Its tokens come later; they are found because they are JWTs."""
    end = time.monotonic() + 60
    while not (found := list(temporary.glob("*/ready.json"))):
        assert demo.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    simulator = Simulator(json.loads(found[0].read_text(encoding="utf-8")))
    try:
        return canaries.of(simulator)
    finally:
        simulator.close()


def processes_of(session: int) -> list[str]:
    """What still runs in a session, by command line; a process that ended and waits for its parent does not."""
    listed = subprocess.run(["ps", "-e", "-o", "sess=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(session) and not row[1].startswith("Z")]


def assert_nothing_is_left(demo: subprocess.Popen[str], temporary: Path) -> None:
    end = time.monotonic() + 10
    while (running := processes_of(demo.pid)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not running
    assert not list(temporary.iterdir())


def test_demo_tells_its_story(temporary: Path) -> None:
    demo = start_demo(temporary)
    secrets = secrets_of(demo, temporary)
    output, _errors = demo.communicate(timeout=300)
    canaries.assert_none(secrets, output, where="output of ansible-playbook")
    assert demo.returncode == 0, output
    position = 0
    for line in STORY:
        position = output.find(line, position) + len(line)
        assert position >= len(line), f"missing, or out of order: {line}\n{output}"
    again = output[output.index("PLAY [4.") : output.index("PLAY [5.")]
    assert "changed:" not in again
    for noise in ("WARNING", "DEPRECATION", "Traceback"):
        assert noise not in output, output
    # Later ansible-cores show the source of a task that fails.
    assert "{" not in output[: output.index("Now a policy")]
    assert_nothing_is_left(demo, temporary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_leaves_nothing(temporary: Path, number: int) -> None:
    demo = start_demo(temporary)
    secrets = secrets_of(demo, temporary)
    assert demo.stdout is not None
    output = ""
    while "PLAY [2." not in output:
        line = demo.stdout.readline()
        assert line
        output += line
    if number == signal.SIGINT:
        os.killpg(demo.pid, number)  # as the terminal does on Ctrl-C
    else:
        demo.send_signal(number)
    output += demo.communicate(timeout=60)[0]
    canaries.assert_none(secrets, output, where="output of ansible-playbook")
    assert demo.returncode == 128 + number
    assert_nothing_is_left(demo, temporary)


def run_demo_playbook(
    sim: Simulator, directory: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The demo's playbook alone, against a simulator that is there already."""
    command = [ANSIBLE_PLAYBOOK, "stellarcyber.xdr.demo", *arguments]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    canaries.assert_none(canaries.of(sim), done.stdout + done.stderr, where="output of ansible-playbook")
    return done


def test_playbook_runs_from_the_installed_artefact(sim: Simulator, tmp_path: Path) -> None:
    environment = clean_environment(
        sim,
        ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "collections"),
        # The working tree, which .venv links to, is out of sight.
        ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
    )
    build = [ANSIBLE_GALAXY, "collection", "build", "--output-path", tmp_path]
    subprocess.run(build, cwd=ROOT, env=environment, check=True, capture_output=True)
    (artefact,) = tmp_path.glob("*.tar.gz")
    install = [ANSIBLE_GALAXY, "collection", "install", artefact, "--offline", "-p", tmp_path / "collections"]
    subprocess.run(install, cwd=tmp_path, env=environment, check=True, capture_output=True)
    done = run_demo_playbook(sim, tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"failed=0 ", done.stdout)
    assert not done.stderr
    assert [entry["path"] for entry in sim.writes()]


def test_playbook_writes_to_no_other_platform(sim: Simulator) -> None:
    # An address of the simulator that the playbook does not take for this machine's, nor does the certificate.
    host = sim.host.replace("127.0.0.1", "0.0.0.0")
    environment = clean_environment(sim, STELLAR_HOST=host, STELLAR_VALIDATE_CERTS="false")
    refused = run_demo_playbook(sim, ROOT, environment)
    assert refused.returncode == 2, refused.stdout
    assert f"The demo changes cases, and the host is not this machine: {host}" in refused.stdout
    assert not sim.writes()
    allowed = run_demo_playbook(sim, ROOT, environment, "-e", "demo_allow_any_host=true")
    assert allowed.returncode == 0, allowed.stdout
    assert sim.writes()

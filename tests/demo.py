# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: playbooks/demo.yml against a simulator that lives as long as it. Run by `make demo`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.simulator.process import ROOT, Simulator, start

PLAYBOOK = "stellarcyber.xdr.demo"
# What ansible-playbook exits with after Ctrl-C, which may reach it a moment before it reaches this process.
INTERRUPTED = 99


def environment(simulator: Simulator, directory: Path) -> dict[str, str]:
    """The caller's environment less what steers Ansible or the collection elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STELLAR_") and (not name.startswith("ANSIBLE_") or "COLOR" in name)
    }
    return {
        **kept,
        **simulator.env(),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        # What Ansible leaves behind when it is stopped goes with the directory.
        "ANSIBLE_HOME": str(directory),
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_REMOTE_TEMP": str(directory / "remote"),
    }


def play(simulator: Simulator, directory: Path) -> int:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), PLAYBOOK, "--diff"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(simulator, directory), stdin=subprocess.DEVNULL)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            # Ansible ends its own workers when it is interrupted, but not when it is killed.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def summary(requests: list[dict[str, Any]]) -> str:
    tokens = [entry for entry in requests if entry["path"].endswith("/access_token")]
    comments = [entry for entry in requests if entry["method"] == "POST" and entry["path"].endswith("/comments")]
    updates = [entry for entry in requests if entry["method"] == "PUT"]
    reads = [entry for entry in requests if entry["method"] == "GET"]
    return (
        f"The simulator saw {len(reads)} reads, {len(updates)} updates, {len(comments)} comments "
        f"and {len(tokens)} requests for an access token, one for each task and loop item."
    )


def say(text: str) -> None:
    # Ansible writes to the same terminal or file.
    print(text, flush=True)


def main() -> int:
    # Like Ctrl-C: leave through every `finally`.
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="stellar-demo-") as directory, start() as simulator:
            say(f"A simulator plays the platform at {simulator.host}. Nothing leaves this machine.")
            say(f"$ ansible-playbook {PLAYBOOK} --diff")
            code = play(simulator, Path(directory))
            if code == INTERRUPTED:
                raise KeyboardInterrupt
            if code == 0:
                say(summary(simulator.requests()))
                say("The playbook is playbooks/demo.yml; README.md shows how to go on.")
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())

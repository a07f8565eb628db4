# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: cases one by one, then a policy, against a simulator that lives as long as it. Run by `make demo`."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.simulator.process import ROOT, Simulator, start

PLAYBOOK = "stellarcyber.xdr.demo"
HYGIENE, UNDO = "stellarcyber.xdr.hygiene", "stellarcyber.xdr.undo"
# Where the reports stay when the demo has ended
REPORTS = ROOT / ".cache/demo"
CASES = 200
# What the hygiene playbook exits with when the policy check failed, as in the preview
CHECK_FAILED = 2
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
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        # What Ansible leaves behind when it is stopped goes with the directory.
        "ANSIBLE_HOME": str(directory),
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_REMOTE_TEMP": str(directory / "remote"),
    }


def play(simulator: Simulator, directory: Path, *arguments: str) -> int:
    say(f"$ {shlex.join(['ansible-playbook', *arguments])}")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(simulator, directory), stdin=subprocess.DEVNULL)
    try:
        code = process.wait()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code
    finally:
        if process.poll() is None:
            # Ansible ends its own workers when it is interrupted, but not when it is killed.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def one_by_one(simulator: Simulator, directory: Path) -> int:
    """The night shift takes over some cases."""
    code = play(simulator, directory, PLAYBOOK, "--diff")
    if code == 0:
        say(summary(simulator.requests()))
    return code


def by_policy(simulator: Simulator, directory: Path) -> int:
    """The starter policy on a larger queue: preview, apply, again, undo."""
    simulator.reset(cases=CASES)
    shutil.rmtree(REPORTS, ignore_errors=True)
    undo_file = REPORTS / "applied/hygiene.json"
    half, starter = ("-e", "case_hygiene_max_changes=50%"), ("-e", "case_hygiene_use_starter_policy=true")
    steps = (
        (
            f"Now a policy, on a queue of {CASES} cases. Preview it; the policy check fails, as in a pipeline:",
            CHECK_FAILED,
        ),
        ("Apply it; the policy check passes:", 0),
        ("Apply it again; nothing is left to change:", 0),
        ("Undo what was applied:", 0),
    )
    commands = (
        (HYGIENE, "--check", "-e", f"case_hygiene_report_dir={REPORTS}/preview", *half),
        (HYGIENE, "-e", f"case_hygiene_report_dir={REPORTS}/applied", *half, *starter),
        (HYGIENE, "-e", f"case_hygiene_report_dir={REPORTS}/again", "-e", "case_hygiene_max_changes=0", *starter),
        (UNDO, "-e", f"undo_file={undo_file}"),
    )
    before = cases_of(simulator)
    for (words, expected), command in zip(steps, commands, strict=True):
        simulator.clear_requests()
        say(words)
        code = play(simulator, directory, *command)
        if code != expected:
            return code or 1
        say(summary(simulator.requests()))
    if cases_of(simulator) != before:
        say("The cases are not as they were before.")
        return 1
    say(f"All {CASES} cases are as they were. The reports stay: open {REPORTS}/preview/hygiene.html in a browser.")
    return 0


def cases_of(simulator: Simulator) -> dict[str, tuple[Any, ...]]:
    """What the policy may change, of each case."""
    fields = ("status", "severity", "assignee", "name", "resolution")
    return {case["_id"]: (*(case[field] for field in fields), sorted(case["tags"])) for case in simulator.cases()}


def summary(requests: list[dict[str, Any]]) -> str:
    tokens = [entry for entry in requests if entry["path"].endswith("/access_token")]
    comments = [entry for entry in requests if entry["method"] == "POST" and entry["path"].endswith("/comments")]
    updates = [entry for entry in requests if entry["method"] == "PUT"]
    reads = [entry for entry in requests if entry["method"] == "GET"]
    return (
        f"The simulator saw: reads {len(reads)}, updates {len(updates)}, comments {len(comments)}, "
        f"access tokens {len(tokens)}.\n"
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
            code = one_by_one(simulator, Path(directory)) or by_policy(simulator, Path(directory))
            if code == 0:
                say("The playbooks are in playbooks/, the policy in roles/case_hygiene/files/; README.md goes on.")
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real ansible-rulebook, with the collection's built artefact, against a simulator."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import canaries
from tests.cores import cores
from tests.simulator.process import Simulator

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# The versions of Python for which jpy, which joins Python and Java, has wheels
PYTHONS = range(11, 14)
JAVA = 17
# The folder for temporary files, in which playbooks that are killed leave their environment
TEMPORARY = "tmp"
# localhost as Ansible itself would have it: ansible-rulebook runs no playbook without an inventory.
INVENTORY = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}


def requirements() -> list[str]:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def java() -> str:
    """Return why there is no Java to run the engine with, or nothing."""
    if not shutil.which("java"):
        return f"ansible-rulebook needs Java {JAVA} (on Debian: apt-get install openjdk-{JAVA}-jre-headless)"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if not found or int(found[1]) < JAVA:
        return f"ansible-rulebook needs Java {JAVA}, and this machine has: {said.partition(chr(10))[0]}"
    return ""


@dataclass(frozen=True)
class Engine:
    """An installed ansible-rulebook, and the environment variables to run it with."""

    bin: Path
    env: dict[str, str]

    def start(self, simulator: Simulator, folder: Path, rulebook: str | Path, *arguments: str | Path) -> Running:
        """Start the engine in a folder, where its output goes on in the same file from start to start."""
        (folder / "inventory.yml").write_text(yaml.safe_dump(INVENTORY), encoding="utf-8")
        temporary = folder / TEMPORARY
        temporary.mkdir(exist_ok=True)
        env = {**self.env, **simulator.env(), "TMPDIR": str(temporary)}
        output = folder / "output"
        with output.open("ab") as file:
            process = subprocess.Popen(
                [self.bin / "ansible-rulebook", "--rulebook", rulebook, "--inventory", "inventory.yml", *arguments],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Running(process, output, simulator)


@dataclass
class Running:
    """An engine that runs."""

    process: subprocess.Popen[bytes]
    output: Path
    simulator: Simulator

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what: str, condition: Callable[[], Any], seconds: float = 60) -> None:
        """Wait until a condition is true. Fails with what was waited for, and the output."""
        latest = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said()}"
            assert time.monotonic() < latest, f"{what}: not within {seconds} s\n{self.said()[-5000:]}"
            time.sleep(0.1)

    def wait_for_polls(self, number: int = 1, since: int = 0) -> None:
        """Wait until the source has listed the cases. since: only requests after this one count."""

        def listed() -> bool:
            entries = self.simulator.requests(since)
            return sum(entry["path"].endswith("/cases") and entry["status"] == 200 for entry in entries) >= number

        self.wait_for(f"list of cases number {number}", listed)

    def kill(self) -> None:
        """End it as a machine that loses its power does: no part of it can finish anything."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> str:
        """Ask it to end, as systemd or a container does: its output, with no secret in it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            finally:
                if self.process.poll() is None:
                    self.kill()
        return self.checked()

    def checked(self) -> str:
        """Return the output. No secret is in it, nor in a file of its folder but for those of killed playbooks."""
        said = self.said()
        folder = self.output.parent
        files = [path for path in folder.rglob("*") if path.is_file() and folder / TEMPORARY not in path.parents]
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
        canaries.assert_none(canaries.of(self.simulator), said, *texts, where="output and files of ansible-rulebook")
        return said


def install(collections: Path, home: Path) -> Engine:
    """Return the engine, installed on first use. Raise Unavailable with the reason if this machine can't have it."""
    if reason := java():
        raise cores.Unavailable(reason)
    directory = cores.environment("rulebook", "ansible-rulebook", PYTHONS, *requirements())
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "PYTHON", "STELLAR_", "EDA_"))}
    env = {
        **inherited,
        # ansible-rulebook asks ansible-galaxy where the collection is.
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(directory / "bin"), os.environ.get("PATH", os.defpath)]),
        # Output of an engine that is killed would be lost in a buffer.
        "PYTHONUNBUFFERED": "1",
    }
    return Engine(directory / "bin", env)

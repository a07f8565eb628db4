# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection's playbooks as a user does, from a folder of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import canaries
from tests.integration.playbook import ROOT, calls, clean_environment
from tests.integration.processes import family, kill
from tests.simulator.process import Simulator

PASSED, CHECK_FAILED, ERROR = 0, 2, 4
TAGGED = {
    "name": "The vendor's case is tagged",
    "match": {"name": "^Carbon Black:"},
    "set": {"tags": {"add": ["seen"]}},
}
STALE = {"name": "Nothing stays new", "match": {"status": ["New"], "older_than": "365d"}}
NOTHING = {"name": "Nobody is called so", "match": {"name": "^$"}}


def assert_shows(report: dict[str, Any], **facts: Any) -> None:
    assert {name: report[name] for name in facts} == facts


@dataclass
class Played:
    returncode: int
    output: str
    requests: list[dict[str, Any]]

    @property
    def said(self) -> list[str]:
        """The lines of the summary."""
        found = re.search(r'ok: \[localhost\] => (\{\n    "msg": \[.*?\n\})', self.output, re.DOTALL)
        assert found, self.output
        lines: list[str] = json.loads(found[1])["msg"]
        return lines

    @property
    def failure(self) -> str:
        """The message of the failed task."""
        found = re.findall(r"fatal: \[localhost\]: (?:FAILED|UNREACHABLE)! => (\{.*\})", self.output)
        assert found, self.output
        message: str = json.loads(found[-1])["msg"]
        return message

    @property
    def calls(self) -> list[str]:
        return calls(self.requests)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET") and call != "POST access_token"]

    @property
    def changed(self) -> int:
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])


class Analyst:
    """Somebody in a folder, with a terminal in which the connection is set."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.environment = clean_environment(simulator, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"))

    def play(self, playbook: str, *arguments: str, **variables: Any) -> Played:
        self.simulator.clear_requests()
        before = self._files()
        process = subprocess.run(
            self.command(playbook, *arguments, **variables),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = process.stdout + process.stderr
        canaries.assert_none(canaries.of(self.simulator), output, where="output of ansible-playbook")
        # What the analyst wrote may hold a key; what the run writes may not.
        texts = [file.read_text(encoding="utf-8", errors="replace") for file, _changed in self._files() - before]
        canaries.assert_none(canaries.of(self.simulator), *texts, where="reports, journal and undo files")
        return Played(process.returncode, output, self.simulator.requests())

    def _files(self) -> set[tuple[Path, int]]:
        return {(file, file.stat().st_mtime_ns) for file in self.folder.rglob("*") if file.is_file()}

    def command(self, playbook: str, *arguments: str, **variables: Any) -> list[str]:
        given = ["-e", json.dumps(variables)] if variables else []
        return [str(Path(sys.executable).with_name("ansible-playbook")), playbook, *arguments, *given]

    def hygiene(self, *arguments: str, **variables: Any) -> Played:
        """Run the playbook hygiene; variables are the role's, without its name."""
        named = {f"case_hygiene_{name}": value for name, value in variables.items()}
        return self.play("stellarcyber.xdr.hygiene", *arguments, **named)

    def interrupted(
        self, end: Callable[[subprocess.Popen[str]], Any], method: str = "GET", **variables: Any
    ) -> tuple[int, str]:
        """End the playbook hygiene while the platform answers no request for cases. Its exit code and its output.

        method: of the requests without an answer; GET for the list, PUT for the first write.
        """
        self.simulator.fault("stall", times=0, path="/cases*", method=method)
        self.simulator.clear_requests()
        given = {f"case_hygiene_{name}": value for name, value in variables.items()}
        shown = self.folder / "output"
        with shown.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                self.command("stellarcyber.xdr.hygiene", **given),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        started: list[int] = []
        try:
            while not any(
                entry["method"] == method and "/cases" in entry["path"] for entry in self.simulator.requests()
            ):
                assert process.poll() is None
                time.sleep(0.1)
            # What a worker shows goes through another process, which a busy machine may keep waiting.
            latest = time.monotonic() + 10
            while method == "PUT" and "undo_file" not in shown.read_text("utf-8") and time.monotonic() < latest:
                time.sleep(0.1)
            started = family(process.pid)
            end(process)
            process.wait(timeout=60)
        finally:
            # A worker in the middle of a request would meet the next test.
            kill(started or family(process.pid))
        output = shown.read_text(encoding="utf-8")
        canaries.assert_none(canaries.of(self.simulator), output, where="output of ansible-playbook")
        return process.returncode, output

    def undo(self, *arguments: str, **variables: Any) -> Played:
        return self.play("stellarcyber.xdr.undo", *arguments, **variables)

    def report(self, folder: str = "reports") -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / folder / "hygiene.json").read_text(encoding="utf-8"))
        return content

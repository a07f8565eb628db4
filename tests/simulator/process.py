# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the simulator from a test, in a process of its own, and steer it through its control plane."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WRITES = ("PUT", "POST", "PATCH", "DELETE")


class Simulator:
    """A running simulator: what its ready file says, and its control plane."""

    url: str
    host: str
    username: str
    api_key: str
    scoped_key: str
    scoped_tenants: list[str]
    ca_path: str
    control_url: str
    pid: int

    def __init__(self, ready: dict[str, Any]) -> None:
        self.__dict__.update(ready)
        self._lock = threading.Lock()
        context = ssl.create_default_context()
        # The certificate may be one that clients must refuse.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._connection = http.client.HTTPSConnection(self.host, context=context, timeout=120)

    def close(self) -> None:
        self._connection.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call of the control plane, for example control("GET", "clock")."""
        content = None if body is None else json.dumps(body)
        with self._lock:
            try:
                answer = self._exchange(method, path, content)
            except (http.client.HTTPException, OSError):
                # the simulator ended a connection that was idle for long
                self._connection.close()
                answer = self._exchange(method, path, content)
            status, text = answer.status, answer.read()
        if status != 200:
            raise RuntimeError(f"{method} /_control/{path}: {status} {text.decode('utf-8', 'replace')}")
        return json.loads(text)

    def _exchange(self, method: str, path: str, content: str | None) -> http.client.HTTPResponse:
        self._connection.request(method, f"/_control/{path}", content)
        return self._connection.getresponse()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.control("GET", f"requests?since={since}")["requests"]
        return entries

    def clear_requests(self) -> None:
        self.control("DELETE", "requests")

    def tokens(self) -> list[str]:
        """Return every token issued since the start or the last reset."""
        issued: list[str] = self.control("GET", "tokens")["tokens"]
        return issued

    def writes(self) -> list[dict[str, Any]]:
        """Return the logged requests that write, without the exchange of a key for a token."""
        return [
            entry
            for entry in self.requests()
            if entry["method"] in WRITES and not entry["path"].endswith("/access_token")
        ]

    def fault(self, kind: str, **parameters: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **parameters})

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def edit(self, case_id: str, changes: dict[str, Any], **parameters: Any) -> None:
        """Make an analyst's edit, now or `before`/`after` a request: see the README."""
        self.control("POST", "edits", {"case_id": case_id, "changes": changes, **parameters})

    def delete_case(self, case_id: str, **when: Any) -> None:
        """Delete a case, now or `before`/`after` a request."""
        self.edit(case_id, {}, delete=True, **when)

    def switch(self, **values: Any) -> None:
        self.control("POST", "switches", values)

    def switches(self) -> dict[str, Any]:
        values: dict[str, Any] = self.control("GET", "switches")
        return values

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def latency(self, ms: float) -> None:
        self.control("POST", "latency", {"ms": ms})

    def case(self, case_id: str) -> dict[str, Any]:
        record: dict[str, Any] = self.control("GET", f"cases/{case_id}")
        return record

    def cases(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.control("GET", "cases")["cases"]
        return records

    def put_case(self, case_id: str, **fields: Any) -> dict[str, Any]:
        record: dict[str, Any] = self.control("PUT", f"cases/{case_id}", fields)
        return record

    def add_cases(self, cases: list[dict[str, Any]]) -> list[str]:
        ids: list[str] = self.control("POST", "cases", {"cases": cases})["ids"]
        return ids

    def put_tenants(self, *tenants: dict[str, Any]) -> None:
        """Put tenants in the place of those of the sample."""
        self.control("POST", "tenants", {"tenants": tenants})

    def reset(self, cases: int | None = None, seed: list[dict[str, Any]] | None = None) -> None:
        self.control("POST", "reset", {"cases": cases, "seed": seed})

    def env(self) -> dict[str, str]:
        """Return the connection options of the collection, with the legacy key."""
        return {
            "STELLAR_HOST": self.host,
            "STELLAR_USERNAME": self.username,
            "STELLAR_API_KEY": self.api_key,
            "STELLAR_CA_PATH": self.ca_path,
        }


@contextmanager
def start(*arguments: Any, python: str = sys.executable, timeout: float = 60) -> Iterator[Simulator]:
    """Run a simulator on a free port, for the length of a `with`. `arguments` are those of the command line."""
    with tempfile.TemporaryDirectory(prefix="stellar-simulator-test-") as directory:
        ready_file, errors = Path(directory, "ready.json"), Path(directory, "stderr")
        command = [
            python,
            "-m",
            "tests.simulator",
            "--port",
            "0",
            "--ready-file",
            str(ready_file),
            "--parent-pid",
            str(os.getpid()),
            *map(str, arguments),
        ]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        with errors.open("wb") as stderr:
            # `make coverage` measures plugins/, of which the simulator runs nothing.
            env = os.environ | {"PYTHONPATH": path, "COVERAGE_PROCESS_CONFIG": ""}
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        try:
            simulator = Simulator(_wait(process, ready_file, errors, timeout))
            try:
                yield simulator
            finally:
                simulator.close()
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], ready_file: Path, errors: Path, timeout: float) -> dict[str, Any]:
    end = time.monotonic() + timeout
    while not ready_file.exists():
        said = errors.read_text(errors="replace").strip()
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended with {process.returncode}: {said}")
        if time.monotonic() > end:
            raise RuntimeError(f"the simulator was not ready after {timeout} s: {said}")
        time.sleep(0.02)
    ready: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
    return ready

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: starting, being ready, ending, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.process import ROOT, start

CASE = "62fceb4a48be7776c793a02a"


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "tests.simulator", *map(str, arguments)]


def launch(tmp_path: Path, *arguments: Any) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A process whose temporary files are all below tmp_path."""
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        command("--port", 0, "--ready-file", ready, *arguments),
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 30
    while not ready.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.02)
    return process, json.loads(ready.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_and_cleanly(tmp_path: Path, number: int) -> None:
    process, ready = launch(tmp_path)
    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
    assert ready["pid"] == process.pid
    assert ready["url"] == f"https://{ready['host']}"
    # a client that stays connected and one that waits for an answer do not hold it up
    context = ssl.create_default_context(cafile=ready["ca_path"])
    with context.wrap_socket(socket.create_connection(ready["host"].split(":")), server_hostname="127.0.0.1") as idle:
        idle.sendall(b"GET /_control/clock HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(9) == b"HTTP/1.1 "
        begin = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert time.monotonic() - begin < 5
    assert (process.returncode, out, err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("--port", port), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("kind", "said"),
    [("expired", "certificate has expired"), ("wrong-name", "IP address mismatch, certificate is not valid")],
)
def test_a_certificate_that_clients_must_refuse(tmp_path: Path, kind: str, said: str) -> None:
    process, ready = launch(tmp_path, "--certificate", kind)
    try:
        context = ssl.create_default_context(cafile=ready["ca_path"])
        with socket.create_connection(ready["host"].split(":")) as plain, pytest.raises(ssl.SSLError, match=said):
            context.wrap_socket(plain, server_hostname="127.0.0.1")
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--switch", "nothing=1"], "unknown switch: nothing"),
        (["--switch", "default_limit=x"], "takes a number"),
        (["--seed", "/nonexistent.json"], "No such file"),
        (["--profile", "1.0"], "invalid choice"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str) -> None:
    with pytest.raises(RuntimeError, match=f"ended with 2(.|\n)*{said}"), start(*arguments):
        pass


def test_the_greeting_can_be_pasted() -> None:
    process = subprocess.Popen(
        command("--port", 0), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        exports = "; ".join(line for line in lines if line.startswith("export"))
        script = (
            f'{exports}; echo "$STELLAR_HOST $STELLAR_USERNAME"; cat "$STELLAR_CA_PATH"; '
            "test ${#STELLAR_API_KEY} = 86"
        )
        shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert "myuser@stellarcyber.ai" in shell.stdout
        assert "BEGIN CERTIFICATE" in shell.stdout
        assert any(CASE in line and "ticket 67535" in line for line in lines)
        assert any(line.startswith("Tags: ") and "'phishing'" in line for line in lines)
    finally:
        process.terminate()
        _output, errors = process.communicate(timeout=10)
    assert errors == ""
    assert process.returncode == 0


def test_it_works_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with start("--cases", 3) as simulator:
        assert len(connect(simulator).list()) == 3
        assert simulator.env() == {
            "STELLAR_HOST": simulator.host,
            "STELLAR_USERNAME": simulator.username,
            "STELLAR_API_KEY": simulator.api_key,
            "STELLAR_CA_PATH": simulator.ca_path,
        }
        pid = simulator.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_keys_differ_from_start_to_start_or_are_given(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with start("--cases", 0) as first, start("--cases", 0) as second:
        assert first.api_key != second.api_key
        assert first.scoped_key != second.scoped_key
    monkeypatch.setenv("SIMULATOR_API_KEY", "from-the-environment")
    with start("--cases", 0, "--username", "me@example.com") as simulator:
        assert (simulator.api_key, simulator.username) == ("from-the-environment", "me@example.com")
        assert connect(simulator).list() == []


def test_seed_and_options(tmp_path: Path, connect: Any) -> None:
    seed = tmp_path / "seed.json"
    for content in ([{"_id": "one", "name": "One"}], {"changed": False, "cases": [{"_id": "one", "name": "One"}]}):
        seed.write_text(json.dumps(content))
        with start("--seed", seed, "--switch", "description_in_get=true", "--latency-ms", 1) as simulator:
            assert [(case["_id"], case["description"]) for case in connect(simulator).list()] == [("one", "")]
            simulator.switch(description_in_get=False)
            simulator.reset()
            assert simulator.switches()["description_in_get"] is True


@pytest.mark.parametrize("content", ["{", "5", '{"cases": 1}', "[1]"])
def test_a_seed_that_is_none(tmp_path: Path, content: str) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(content)
    with pytest.raises(RuntimeError, match="ended with 2"), start("--seed", seed):
        pass


def test_a_database_file_keeps_the_cases(tmp_path: Path, connect: Any) -> None:
    path = tmp_path / "cases.db"
    for expected in ("New", "Resolved"):
        with start("--db", path) as simulator:
            api = connect(simulator)
            assert api.case()["status"] == expected
            assert api.put({"status": "Resolved"}).status_code == 200
    path.write_text("this is not a database, but it is long enough to be taken for one")
    with pytest.raises(RuntimeError, match="cannot use"), start("--db", path):
        pass


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process, _ready = launch(tmp_path, "--parent-pid", parent.pid)
    parent.kill()
    parent.wait()
    assert process.wait(10) == 0
    process.communicate()


def test_the_host_is_in_the_certificate(connect: Any) -> None:
    with start("--cases", 1) as simulator:
        simulator.url = simulator.url.replace("127.0.0.1", "localhost")
        assert len(connect(simulator).list()) == 1

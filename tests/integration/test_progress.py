# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a long run while it runs: in a terminal, in a log, and nothing where a program reads stdout."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration import many
from tests.integration.many import case
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator

RULES = [{"name": "Mark", "match": {}, "set": {"tags": {"add": ["seen"]}}}]
LINE = re.compile(r"stellar_cases: (\d+) of 24 cases updated, \d+(\.\d+)?/s, about \d+ s left")
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


@pytest.fixture
def slow(sim: Simulator, tmp_path: Path) -> Simulator:
    """A platform with 24 cases that takes its time, and a playbook that updates them one by one."""
    sim.reset(seed=[case(number, name="SECRET NAME") for number in range(24)])
    sim.latency(150)
    task = {
        "name": "Mark",
        "stellarcyber.xdr.stellar_cases": {"rules": RULES, "concurrency": 1, "progress_interval": 1},
    }
    write_play(tmp_path, task)
    return sim


def write_play(folder: Path, *tasks: dict[str, Any]) -> None:
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
    (folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")


def run(sim: Simulator, folder: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """Return stdout and stderr of the playbook, as in a log."""
    done = subprocess.run(
        [PLAYBOOK, "play.yml", *arguments],
        cwd=folder,
        env=clean_environment(sim, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def assert_lines(output: str) -> None:
    lines = [line for line in output.splitlines() if line.startswith("stellar_cases: ")]
    assert len(lines) >= 2, output
    found = [match for line in lines if (match := LINE.fullmatch(line))]
    assert len(found) == len(lines), lines
    counts = [int(match[1]) for match in found]
    assert counts == sorted(counts)
    # Before the result of the task
    assert output.index(lines[0]) < output.index("changed: [localhost]")
    assert "SECRET NAME" not in "".join(lines)


def test_whole_lines_in_a_log(slow: Simulator, tmp_path: Path) -> None:
    out, _err = run(slow, tmp_path)
    assert_lines(out)
    assert "\x1b" not in out
    assert "\r" not in out


def test_coloured_lines_in_a_terminal(slow: Simulator, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    environment = clean_environment(slow, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), TERM="xterm")
    environment.pop("ANSIBLE_NOCOLOR", None)
    process = subprocess.Popen(
        [PLAYBOOK, "play.yml"], cwd=tmp_path, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    output = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the terminal is closed
            break
        if not chunk:
            break
        output += chunk
    os.close(master)
    assert process.wait() == 0
    text = output.decode()
    assert re.search(r"\x1b\[0;34mstellar_cases: \d+ of 24 cases updated", text), text
    assert_lines(re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n"))
    assert "\r" not in text.replace("\r\n", "\n")


def test_each_way_to_read_cases_says_how_many_were_read(sim: Simulator, tmp_path: Path) -> None:
    """Rules, a list, undo and a plan: each answer takes longer than the interval, so that each is told."""
    sim.reset(seed=[case(number, name="SECRET NAME") for number in range(2)])
    listed = [{"case_id": f"{number:024x}", "severity": "High"} for number in range(2)]
    journal, plan = str(tmp_path / "journal"), str(tmp_path / "plan.json")
    assert not many.run(sim, cases=[{**item, "severity": "Low"} for item in listed], journal=journal).failed
    assert not many.run(sim, True, rules=RULES, plan_file=plan).failed
    ways = {
        "rules": {"rules": RULES},
        "list": {"cases": listed},
        "undo": {"undo_file": journal},
        "plan": {"plan": plan},
    }
    common = {"concurrency": 1, "progress_interval": 1}
    write_play(
        tmp_path,
        *({"name": name, "stellarcyber.xdr.stellar_cases": {**common, **way}} for name, way in ways.items()),
    )
    sim.fault("latency", ms=1100, method="GET", path="/cases*", times=0)
    out, _err = run(sim, tmp_path, "--check")
    shown = {
        name: re.findall("^stellar_cases: .*$", out.partition(f"TASK [{name}]")[2].partition("TASK [")[0], re.MULTILINE)
        for name in ways
    }
    both = ["stellar_cases: 1 case read", "stellar_cases: 2 cases read"]
    # Both cases are on one page.
    assert shown == {"rules": both[:1], "list": both, "undo": both, "plan": both}, out


def test_no_line_where_stdout_is_json(slow: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "callback_plugins"
    folder.mkdir()
    # As the callback of ansible.posix, which is not a part of ansible-core
    (folder / "json.py").write_text(JSON_CALLBACK, encoding="utf-8")
    out, err = run(slow, tmp_path, ANSIBLE_STDOUT_CALLBACK="json")
    assert json.loads(out)["changed"] == 24
    assert "of 24 cases" not in out + err


JSON_CALLBACK = '''
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json
type: stdout
short_description: JSON
description: JSON
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json"

    def v2_runner_on_ok(self, result):
        print(json.dumps({"changed": result._result["counts"]["changed"]}))
'''


def test_no_line_with_an_interval_of_0(slow: Simulator, tmp_path: Path) -> None:
    text = (tmp_path / "play.yml").read_text(encoding="utf-8").replace("progress_interval: 1", "progress_interval: 0")
    (tmp_path / "play.yml").write_text(text, encoding="utf-8")
    out, _err = run(slow, tmp_path)
    assert "stellar_cases: " not in out.replace("stellarcyber.xdr.stellar_cases: ", "")


@pytest.mark.parametrize("value", [-1, 100000])
def test_an_interval_out_of_range(sim: Simulator, value: int) -> None:
    done = many.run(sim, rules=RULES, progress_interval=value)
    assert done.requests == []
    assert done.result["msg"].startswith("progress_interval must be from 0 to 86400")

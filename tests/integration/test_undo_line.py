# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that undoes an interrupted run of stellar_cases, where it is shown and where not.

How it is the last line after each kind of interruption is in test_stellar_cases_killed.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.many import case
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator
from tests.streams import ends

RULES = [{"name": "Mark", "match": {}, "set": {"tags": {"add": ["seen"]}}}]
BEFORE = "If this run is interrupted, undo its changes with: ansible-playbook stellarcyber.xdr.undo -e undo_file="
AFTER = "The run was interrupted. Undo its changes with: "


@pytest.fixture
def folder(sim: Simulator, tmp_path: Path) -> Path:
    """The folder of a playbook, which is not the working directory."""
    sim.reset(seed=[case(number) for number in range(24)])
    folder = tmp_path / "plays"
    folder.mkdir()
    return folder


def started(
    sim: Simulator,
    folder: Path,
    *tasks: dict[str, Any],
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.STDOUT,
    **environment: str,
) -> subprocess.Popen[str]:
    plays = [{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]
    (folder / "play.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
    return subprocess.Popen(
        [Path(sys.executable).with_name("ansible-playbook"), folder / "play.yml"],
        cwd=folder.parent,
        env=clean_environment(sim, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), **environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


def play(sim: Simulator, folder: Path, *tasks: dict[str, Any]) -> tuple[int, str]:
    """Return the exit code and the output."""
    process = started(sim, folder, *tasks)
    output, _nothing = process.communicate()
    return process.returncode, output


def mark(**options: Any) -> dict[str, Any]:
    return {"stellarcyber.xdr.stellar_cases": {"rules": RULES, **options}}


# A module in a process of its own
APART = {"environment": {"ANY": "value"}}


@pytest.mark.parametrize("where", [{}, APART], ids=["in Ansible's process", "in its own process"])
def test_it_names_the_journal_that_is_written(where: dict[str, Any], sim: Simulator, folder: Path) -> None:
    code, output = play(sim, folder, {**mark(journal="mine.jsonl"), **where})
    assert code == 0, output
    assert output.count(f"{BEFORE}{folder}/mine.jsonl") == 1
    assert (folder / "mine.jsonl").exists()
    assert AFTER not in output


@pytest.mark.parametrize(
    "task",
    [
        mark(),
        {**mark(journal="mine.jsonl"), "check_mode": True},
        mark(journal="mine.jsonl", rules=[{"name": "None", "match": {"name": "^no such"}, "set": {"status": "New"}}]),
    ],
    ids=["no journal", "check mode", "nothing to change"],
)
def test_it_is_not_shown_where_nothing_is_written_to_a_journal(
    task: dict[str, Any], sim: Simulator, folder: Path
) -> None:
    code, output = play(sim, folder, task)
    assert code == 0, output
    assert "undo its changes" not in output.lower()


@pytest.mark.parametrize("where", [{}, APART], ids=["in Ansible's process", "in its own process"])
def test_a_journal_of_an_earlier_run_is_not_offered(where: dict[str, Any], sim: Simulator, folder: Path) -> None:
    (folder / "mine.jsonl").write_text("of an earlier run", encoding="utf-8")
    code, output = play(sim, folder, {**mark(journal="mine.jsonl"), **where})
    assert code == 2
    assert "it exists already" in output
    assert "undo its changes" not in output.lower()


@pytest.mark.parametrize("undone", [True, False], ids=["undone", "not undone"])
def test_a_run_that_was_undone_since_is_not_offered(undone: bool, sim: Simulator, folder: Path) -> None:
    sim.latency(100)
    before = {record["_id"]: record["tags"] for record in sim.cases()}
    undo = {"stellarcyber.xdr.stellar_cases": {"undo_file": "mine.jsonl"}}
    rescue = undo if undone else {"ansible.builtin.debug": {"msg": "It took too long."}}
    slow = {**mark(journal="mine.jsonl", concurrency=1), "timeout": 2}
    code, output = play(sim, folder, {"block": [slow], "rescue": [rescue]})
    assert code == 0, output
    assert output.count(f"{BEFORE}{folder}/mine.jsonl") == 1
    assert output.count(f"{AFTER}ansible-playbook stellarcyber.xdr.undo -e undo_file={folder}/mine.jsonl") == (
        0 if undone else 1
    )
    assert ({record["_id"]: record["tags"] for record in sim.cases()} == before) == undone


@pytest.mark.parametrize(
    ("kind", "until", "errors"),
    [
        ("pipe", b"", "elsewhere"),
        ("pipe", b"TASK", "elsewhere"),
        ("fifo", b"TASK", "elsewhere"),
        ("socket", b"TASK", "elsewhere"),
        ("terminal", b"TASK", "elsewhere"),
        ("terminal", b"TASK", "there too"),
    ],
)
def test_a_playbook_ends_although_nothing_reads_its_output(
    kind: str, until: bytes, errors: str, sim: Simulator, folder: Path
) -> None:
    """A line to a stream that nothing reads would end Ansible's thread that takes the results of tasks."""
    sim.latency(100)
    task = mark(journal="mine.jsonl", concurrency=1, progress_interval=0.5)
    reader, writer = ends(kind, folder)
    stderr = subprocess.DEVNULL if errors == "elsewhere" else writer
    process = started(sim, folder, task, stdout=writer, stderr=stderr, PYTHONUNBUFFERED="1")
    os.close(writer)
    output = b""
    while until not in output and (part := os.read(reader, 4096)):
        output += part
    os.close(reader)
    try:
        process.wait(60)
    finally:
        process.kill()
    assert until in output
    assert all("seen" in record["tags"] for record in sim.cases())


@pytest.mark.parametrize("kind", ["fifo", "socket", "terminal", "file"])
def test_it_is_shown_in_each_stream_that_is_read(kind: str, sim: Simulator, folder: Path) -> None:
    if kind == "file":
        reader, writer = (os.open(folder / "log", flags | os.O_CREAT) for flags in (os.O_RDONLY, os.O_WRONLY))
    else:
        reader, writer = ends(kind, folder)
    process = started(sim, folder, mark(journal="mine.jsonl"), stdout=writer, stderr=subprocess.DEVNULL, COLUMNS="500")
    os.close(writer)
    if kind == "file":
        process.wait(60)
    output = b""
    with suppress(OSError):  # of a terminal at its end
        while part := os.read(reader, 4096):
            output += part
    os.close(reader)
    assert process.wait(60) == 0
    assert f"{BEFORE}{folder}/mine.jsonl" in output.decode()

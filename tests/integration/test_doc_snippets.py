# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every snippet of the README and of docs/ is run, in the order of the page."""

from __future__ import annotations

import errno
import json
import os
import re
import select
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from tests import canaries
from tests.integration.event_source import connection, polls, running, until
from tests.integration.playbook import ROOT
from tests.simulator.process import Simulator

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STYLE = YamlLintConfig(file=str(ROOT / ".yamllint"))


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    kind: str
    text: str
    fails: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def snippets(page: Path) -> Iterator[Snippet]:
    lines = page.read_text(encoding="utf-8").splitlines()
    start, fails = None, False
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if start is None:
                start = number
                continue
            text = "\n".join(lines[start + 1 : number])
            yield Snippet(page.name, start + 1, lines[start][3:], text, fails)
            start, fails = None, False
        elif start is None and line.startswith("<!-- test: "):
            assert line == "<!-- test: fails -->", f"{page.name}:{number + 1}: {line}"
            fails = True
    assert start is None, f"{page.name}: a snippet does not end"


class Reader:
    """A person who follows a page from top to bottom, in one terminal and one directory."""

    PASSWORD = "a vault password"

    def __init__(self, simulator: Simulator, directory: Path) -> None:
        self.simulator = simulator
        self.directory = directory / "clone"
        self.home = directory / "home"
        self.vault = directory / "vault"
        self.output = ""
        self.saved: set[str] = set()
        self.texts: dict[str, str] = {}
        self.home.mkdir()
        self.directory.mkdir()
        for name in (".venv", "ansible.cfg", "Makefile"):
            (self.directory / name).symlink_to(ROOT / name)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "STELLAR_"))}
        self.environment = {
            **kept,
            **simulator.env(),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
            "HOME": str(self.home),
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONPATH": str(ROOT),
            # An installed collection is asked for, not the working tree that .venv links to.
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "EDITOR": str(self._editor()),
            "PAGER": "cat",
            "TERM": "dumb",
        }

    def _editor(self) -> Path:
        """An editor in which somebody types the connection."""
        sim = self.simulator
        values = {"stellar_host": sim.host, "stellar_username": sim.username, "stellar_api_key": sim.api_key}
        self.vault.write_text(yaml.safe_dump(values), encoding="utf-8")
        editor = self.vault.with_name("editor")
        editor.write_text(f'#!/bin/sh\ncat "{self.vault}" > "$1"\n', encoding="utf-8")
        editor.chmod(0o755)
        return editor

    def follow(self, snippet: Snippet) -> None:
        handlers = {
            "yaml": self._yaml,
            "bash": self._bash,
            "text": self._shown,
            "diff": self._shown,
            "json": self._event,
        }
        assert snippet.kind in handlers, f"{snippet}: no test knows {snippet.kind!r}"
        handlers[snippet.kind](snippet)

    def _yaml(self, snippet: Snippet) -> None:
        complaints = [str(problem) for problem in linter.run(snippet.text + "\n", STYLE)]
        assert not complaints, f"{snippet}: {complaints}"
        content = yaml.safe_load(snippet.text)
        name = re.match(r"# ([\w./-]+\.yml)\n", snippet.text)
        if isinstance(content, dict) and "rules" in content:
            assert name, f"{snippet}: a policy begins with a comment that names its file"
            self.simulator.reset()
            self._save(name[1], snippet)
            return
        if isinstance(content, dict) and "plugin" in content:
            assert name, f"{snippet}: an inventory begins with a comment that names its file"
            self._save(name[1], snippet)
            return
        if isinstance(content, dict):
            typed = yaml.safe_load(self.vault.read_text(encoding="utf-8"))
            assert name, snippet
            assert (self.directory / name[1]).read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT"), snippet
            assert set(content) == set(typed), f"{snippet}: the test's vault has {set(typed)}"
            assert set(content) <= {f"stellar_{option}" for option in CONNECTION}, snippet
            return
        self.simulator.reset()
        if "sources" in content[0]:
            assert name, f"{snippet}: a rulebook begins with a comment that names its file"
            options = content[0]["sources"][0]["stellarcyber.xdr.stellar_cases"]
            given = {**connection(self.simulator), **options, "state_file": str(self.directory / "state.json")}
            with running(given) as engine:
                until(lambda: polls(self.simulator))
                assert engine.error is None, snippet
            return
        if "hosts" not in content[0]:
            assert not name, f"{snippet}: tasks are no file to save"
            play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": content}
            (self.directory / "tasks.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
            self._run(snippet, "ansible-playbook tasks.yml")
            return
        assert name, f"{snippet}: a playbook begins with a comment that names its file"
        self._save(name[1], snippet)

    def _save(self, name: str, snippet: Snippet) -> None:
        self.texts[name] = snippet.text + "\n"
        self.saved.add(name)

    def _event(self, snippet: Snippet) -> None:
        """An event is one that the source gives, but for the time of the change."""
        expected = json.loads(snippet.text)
        given = {**connection(self.simulator), "interval": 1, "since": "2001-01-01", "tags": ["October-event"]}
        with running(given) as engine:
            # a request is logged before its answer is read: only the events show that the poll is over
            before = sum(given["tags"][0] in case["tags"] for case in self.simulator.cases())
            engine.wait(before)
            self.simulator.edit(expected["stellar_case"]["case_id"], {"status": expected["stellar_case"]["status"]})
            event = engine.wait(before + 1)[-1]
        event["stellar_case"]["modified_at"] = expected["stellar_case"]["modified_at"]
        event["meta"]["uuid"] = expected["meta"]["uuid"]
        assert event == expected, snippet

    def _bash(self, snippet: Snippet) -> None:
        commands = [shlex.split(line, comments=True) for line in snippet.text.splitlines()]
        if all(command[:1] == ["make"] for command in commands):
            for command in commands:
                done = subprocess.run([*command, "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{snippet}: {command}: {done.stderr}"
            if ["make", "simulator"] in commands:
                self.output = greeting()
            return
        self._run(snippet, snippet.text)
        self.saved -= words(snippet.text)

    def _run(self, snippet: Snippet, script: str) -> None:
        for name in set(self.texts) & words(script):
            (self.directory / name).write_text(self.texts[name], encoding="utf-8")
        environment = dict(self.environment)
        if "vault" in script:
            for name in ("STELLAR_HOST", "STELLAR_USERNAME", "STELLAR_API_KEY"):
                del environment[name]
        where = ROOT if "galaxy collection build" in script else self.directory
        typed = self.simulator.api_key + "\n" if "read -rs" in script else ""
        code, self.output, after = terminal(script, where, environment, self.PASSWORD, typed)
        if "ansible-playbook" in script or "ansible localhost" in script:
            canaries.assert_none(canaries.of(self.simulator), self.output, where="output of ansible-playbook")
        assert code == (2 if snippet.fails else 0), f"{snippet}: ended with {code}\n{self.output}"
        # The playbook undo has tasks for some cases only.
        skips = "Undo a run" in self.output
        for noise in ("[WARNING]", "[DEPRECATION", *(() if skips else ("skipping:",))):
            assert noise not in self.output, f"{snippet}: {noise}\n{self.output}"
        if typed:
            assert after["STELLAR_API_KEY"] == self.simulator.api_key, snippet
            assert after["STELLAR_HOST"] == "myserver.example.com", snippet
            after.update(self.simulator.env())
        if "vault" not in script and not snippet.fails:
            self.environment = after
        if "mkdir" in script and "cd " in script:  # a new folder is where the person stays
            self.directory = Path(after["PWD"])

    def _shown(self, snippet: Snippet) -> None:
        """The lines shown stand in the last output, in this order; `...` stands for any lines between."""
        output = "\n" + "\n".join(plain(self.output)) + "\n"
        position = 0
        for part in "\n".join(plain(snippet.text)).split("\n...\n"):
            found = output.find("\n" + part + "\n", position)
            assert found >= 0, f"{snippet}: not in the output:\n{part}\n--- output ---\n{output}"
            position = found + len(part) + 1


def words(script: str) -> set[str]:
    return set(script.replace("=", " ").split())


def plain(text: str) -> list[str]:
    """Lines without what differs from run to run."""
    for pattern, value in (
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"STELLAR_CA_PATH=\S+", "STELLAR_CA_PATH=PATH"),
        (r"STELLAR_API_KEY=\S+", "STELLAR_API_KEY=KEY"),
        (r"\*{3,}", "***"),
    ):
        text = re.sub(pattern, value, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def greeting() -> str:
    """What the simulator prints in the foreground."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.simulator", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C" not in lines[-1]:
            line = process.stdout.readline()
            assert line, "the simulator ended: " + "".join(lines)
            lines.append(line)
        return "".join(lines)
    finally:
        process.terminate()
        process.communicate()


def terminal(
    script: str, directory: Path, environment: dict[str, str], password: str, typed: str
) -> tuple[int, str, dict[str, str]]:
    """Run a script in a terminal, where somebody types; its exit code, its output, its environment at the end."""
    master, slave = os.openpty()
    tty = os.ttyname(slave)
    left = Path(environment["HOME"], "environment")
    # A session's leader that opens a terminal controls it: prompts for passwords ask /dev/tty.
    whole = f"exec <{tty} >{tty} 2>&1\nset -euo pipefail\n{script}\nenv -0 >{left}\n"
    process = subprocess.Popen(["bash", "-c", whole], cwd=directory, env=environment, start_new_session=True)
    os.write(master, typed.encode())
    output = ""
    answered = 0
    while True:
        if process.poll() is not None and slave >= 0:
            os.close(slave)
            slave = -1
        try:
            output += read_some(master)
        except OSError as error:
            # What Linux says when the last process has closed the terminal.
            if error.errno != errno.EIO:
                raise
            break
        asked = len(re.findall(r"(?i)password[^\n]*: *(?:\n|\r|$)", output))
        if asked > answered:
            os.write(master, (password + "\n").encode())
            answered = asked
    os.close(master)
    code = process.wait()
    after = left.read_text(encoding="utf-8").split("\0") if code == 0 else []
    return code, output.replace("\r", ""), dict(line.split("=", 1) for line in after if line)


def read_some(descriptor: int) -> str:
    ready, _writable, _failed = select.select([descriptor], [], [], 0.1)
    return os.read(descriptor, 65536).decode("utf-8", "replace") if ready else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_do_what_the_page_says(page: Path, sim: Simulator, tmp_path: Path) -> None:
    reader = Reader(sim, tmp_path)
    for snippet in snippets(page):
        reader.follow(snippet)
    assert not reader.saved, f"never run: {reader.saved}"


def test_a_kind_of_snippet_that_no_test_knows_is_refused(sim: Simulator, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```toml\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="no test knows 'toml'"):
        Reader(sim, tmp_path).follow(next(snippets(page)))


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            name, _sign, anchor = target.partition("#")
            file = page if not name else page.parent / name
            assert file.exists(), f"{page.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, f"{page.name}: {target}"

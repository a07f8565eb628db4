# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/ci: their shell steps are run as the products run them, and what they publish is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import yaml

from tests.integration.ci_step import run_step
from tests.integration.hygiene import CHECK_FAILED, ERROR, PASSED
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator

CI = ROOT / "docs/ci"
POLICIES = {
    PASSED: "rules:\n  - {name: Nobody is called so, match: {name: '^$'}, set: {severity: Low}}\n",
    CHECK_FAILED: "rules:\n  - {name: The case is low, match: {name: '^Carbon Black:'}, set: {severity: Low}}\n",
    ERROR: "rules:\n  - {name: Misspelt, match: {stauts: [New]}}\n",
}
INSTALL = [
    r"(\.venv/bin/|python -m )pip install 'ansible-core>=2\.18,<2\.23' 'requests>=2\.27'",
    r'(\.venv/bin/)?ansible-galaxy collection install( --force)? "\$COLLECTION"',
]


@dataclass
class Example:
    """What an example runs and declares. install, script: shell. shell: how the product calls it."""

    install: str
    script: str
    shell: tuple[str, ...]
    environment: dict[str, str]
    published: list[str] = field(default_factory=list)


def github() -> Example:
    (job,) = yaml.safe_load((CI / "github-actions.yml").read_text(encoding="utf-8"))["jobs"].values()
    steps = {step.get("name"): step for step in job["steps"]}
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        steps[name]["run"] for name in ("Install", "Check the policy")
    ]
    keep = steps["Keep the reports"]
    assert keep["if"] == "${{ !cancelled() }}"  # also after the policy check has failed
    install, check = (steps[name]["run"] for name in ("Install", "Check the policy"))
    return Example(install, check, ("bash", "-e", "-c"), job["env"], [keep["with"]["path"]])


def gitlab() -> Example:
    (job,) = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8")).values()
    assert job["allow_failure"]["exit_codes"] == [CHECK_FAILED]
    artifacts = job["artifacts"]
    assert artifacts["when"] == "always"
    published = [*artifacts["paths"], artifacts["reports"]["junit"]]
    # The variables of the project are in the environment without being declared.
    declared = {**job["variables"], **{name: f"${{{{ secrets.{name} }}}}" for name in SECRETS}}
    scripts = ("\n".join(job[name]) for name in ("before_script", "script"))
    return Example(*scripts, ("bash", "-eo", "pipefail", "-c"), declared, published)


def jenkins() -> Example:
    text = (CI / "Jenkinsfile").read_text(encoding="utf-8")
    code = re.sub(r"'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"|//[^\n]*", "", text, flags=re.DOTALL)
    assert [code.count(bracket) for bracket in "{(["] == [code.count(bracket) for bracket in "})]"]
    install, script = (found.replace("\\\n", "") for found in re.findall(r"'''\n(.*?)'''", text, re.DOTALL))
    (block,) = re.findall(r"environment \{\n(.*?)\n    \}", text, re.DOTALL)
    declared = dict(re.findall(r"(\w+) = (?:credentials\()?['\"](.*?)['\"]", block))
    declared = {name: f"${{{{ secrets.{name} }}}}" if name in SECRETS else value for name, value in declared.items()}
    (folder,) = re.findall(r"reportDir: '(.*?)'", text)
    (page,) = re.findall(r"reportFiles: '(.*?)'", text)
    published = re.findall(r"(?:testResults|artifacts): '(.*?)'", text)
    assert re.search(r"if \(code == 2\) \{\s+unstable\(.*\} else if \(code != 0\) \{\s+error\(", text, re.DOTALL)
    return Example(install, script, ("sh", "-xe", "-c"), declared, [*published, f"{folder}/{page}"])


SECRETS = ("STELLAR_HOST", "STELLAR_USERNAME", "STELLAR_API_KEY")
EXAMPLES = {"github": github, "gitlab": gitlab, "jenkins": jenkins}


def run(example: Example, simulator: Simulator, folder: Path, policy: str, **more: str) -> tuple[int, str]:
    (folder / "policy.yml").write_text(policy, encoding="utf-8")
    known = simulator.env()
    declared = {}
    for name, value in example.environment.items():
        expression = re.fullmatch(r"\$\{\{ (?:secrets|vars)\.(\w+) \}\}", value)
        declared[name] = known[expression[1]] if expression else value.replace("${WORKSPACE}", str(folder))
    # Only what the example declares, and what takes the place of the installation. The CA is the simulator's own.
    environment = clean_environment(simulator)
    for name in SECRETS:
        del environment[name]
    environment.update(
        declared,
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        **more,
    )
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(ROOT / ".venv")
    return run_step(example.shell, example.script, folder, environment, simulator)


@pytest.mark.parametrize("name", EXAMPLES)
def test_installation_is_of_what_the_collection_needs(name: str) -> None:
    commands = [line.strip() for line in EXAMPLES[name]().install.strip().splitlines() if "-m venv" not in line]
    assert len(commands) == len(INSTALL)
    for pattern, command in zip(INSTALL, commands, strict=True):
        assert re.fullmatch(pattern, command), command
        assert shlex.split(command)
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"].startswith(">=2.18")
    assert "requests >= 2.27" in (ROOT / "meta/ee-requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_exit_code_is_the_result_and_what_is_published_exists(name: str, sim: Simulator, tmp_path: Path) -> None:
    example = EXAMPLES[name]()
    summary = tmp_path / "summary.md"
    summary.touch()
    for code, policy in POLICIES.items():
        returned, output = run(example, sim, tmp_path, policy, GITHUB_STEP_SUMMARY=str(summary))
        assert returned == code, output
        assert not sim.writes()
        for path in example.published:
            assert list(tmp_path.glob(path)), f"{path} is published, and not there"
        suites = ElementTree.parse(tmp_path / "reports/hygiene.xml").getroot()
        outcomes = {kind: sum(int(suite.attrib[kind]) for suite in suites) for kind in ("failures", "errors")}
        assert outcomes == {"failures": int(code == CHECK_FAILED), "errors": int(code == ERROR)}
    if name == "github":
        assert summary.read_text(encoding="utf-8").count("## Case hygiene") == len(POLICIES)
        assert "::error title=Case hygiene::The policy could not be evaluated (code 4)" in output


def with_an_old_report(folder: Path) -> Path:
    report = folder / "reports/hygiene.json"
    report.parent.mkdir()
    report.write_text('{"passed": true}', encoding="utf-8")
    return report


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_run_that_checks_nothing_is_an_error(name: str, sim: Simulator, tmp_path: Path) -> None:
    report = with_an_old_report(tmp_path)
    # Ansible skips all tasks, and ends with 0.
    returned, output = run(EXAMPLES[name](), sim, tmp_path, POLICIES[CHECK_FAILED], ANSIBLE_SKIP_TAGS="always")
    assert returned not in (PASSED, CHECK_FAILED), output
    assert "There is no report." in output
    assert not report.exists()
    assert not sim.requests()


@pytest.mark.parametrize("code", [PASSED, 1, CHECK_FAILED, ERROR, 250])
@pytest.mark.parametrize("left", ["no report", "an empty report"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_exit_code_stands_for_a_report(name: str, left: str, code: int, sim: Simulator, tmp_path: Path) -> None:
    report = with_an_old_report(tmp_path)
    command = tmp_path / ".venv/bin/ansible-playbook"
    command.parent.mkdir(parents=True)
    writes = f"mkdir -p reports && : > {report}\n" if left == "an empty report" else ""
    command.write_text(f"#!/bin/sh\n{writes}exit {code}\n", encoding="utf-8")
    command.chmod(0o755)
    returned, output = run(EXAMPLES[name](), sim, tmp_path, POLICIES[PASSED])
    assert returned == (1 if code <= CHECK_FAILED else code), output


@pytest.fixture
def notes() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """GitLab's API, as far as notes go: its address, and what it got."""
    got: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8"))
            got.append((self.path, self.headers["PRIVATE-TOKEN"], form["body"][0]))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_unused: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/v4", got
    server.shutdown()
    server.server_close()


def test_gitlab_gets_a_note(sim: Simulator, tmp_path: Path, notes: tuple[str, list[tuple[str, str, str]]]) -> None:
    address, got = notes
    project = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "12", "NOTE_TOKEN": "a-token"}
    code, output = run(gitlab(), sim, tmp_path, POLICIES[CHECK_FAILED], **project)
    assert code == CHECK_FAILED, output
    markdown = (tmp_path / "reports/hygiene.md").read_text(encoding="utf-8")
    assert got == [("/api/v4/projects/7/merge_requests/12/notes", "a-token", markdown)]
    code, output = run(gitlab(), sim, tmp_path, POLICIES[PASSED], **{**project, "CI_API_V4_URL": "http://127.0.0.1:1"})
    assert code == PASSED, output
    assert "The note could not be posted." in output


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("github-actions.yml", ["--builtin-schema", "vendor.github-workflows"]),
        ("github-actions.yml", ["--builtin-schema", "custom.github-workflows-require-timeout"]),
        ("gitlab-ci.yml", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
        ("github-actions-plan.yml", ["--builtin-schema", "vendor.github-workflows"]),
        ("github-actions-plan.yml", ["--builtin-schema", "custom.github-workflows-require-timeout"]),
        ("gitlab-ci-plan.yml", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_examples_fit_the_schemas_of_the_products(file: str, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", *arguments, str(CI / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/ci with a plan: one job makes and signs it, a person comes between, another job applies it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ci_step import run_step
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator

CI = ROOT / "docs/ci"
RULE = {"name": "Take", "match": {"status": ["New"]}, "set": {"status": "In Progress"}}


@dataclass
class Jobs:
    """The shell steps of an example, and what the product hands from the one to the other."""

    plan: str
    apply: str
    shell: tuple[str, ...]
    handed_over: tuple[str, ...]
    # Whether PLAN_SIGNING_KEY is a file, and not the key
    key_is_file: bool


def github() -> Jobs:
    jobs = yaml.safe_load((CI / "github-actions-plan.yml").read_text(encoding="utf-8"))["jobs"]
    steps = {job: {step.get("name"): step for step in jobs[job]["steps"]} for job in jobs}
    assert jobs["apply"]["needs"] == "plan"
    assert jobs["apply"]["environment"]
    keep, get = steps["plan"]["Keep the plan"]["with"], steps["apply"]["Get the plan"]["with"]
    assert keep["name"] == get["name"]
    handed_over = tuple(keep["path"].split())
    return Jobs(steps["plan"]["Plan"]["run"], steps["apply"]["Apply"]["run"], ("bash", "-e", "-c"), handed_over, False)


def gitlab() -> Jobs:
    content = yaml.safe_load((CI / "gitlab-ci-plan.yml").read_text(encoding="utf-8"))
    plan, apply = content["plan"], content["apply"]
    assert (apply["needs"], apply["when"], apply["stage"]) == (["plan"], "manual", content["stages"][1])
    handed_over = tuple(plan["artifacts"]["paths"])
    scripts = ("\n".join(job["script"]) for job in (plan, apply))
    return Jobs(*scripts, ("bash", "-eo", "pipefail", "-c"), handed_over, True)


def jenkins() -> Jobs:
    text = (CI / "Jenkinsfile.plan").read_text(encoding="utf-8")
    code = re.sub(r"'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"|//[^\n]*", "", text, flags=re.DOTALL)
    assert [code.count(bracket) for bracket in "{(["] == [code.count(bracket) for bracket in "})]"]
    _install, plan, _again, apply = (
        found.replace("\\\n", "") for found in re.findall(r"'''\n(.*?)'''", text, re.DOTALL)
    )
    (stashed,) = re.findall(r"stash name: 'plan', includes: '(.*?)'", text)
    assert text.index("stash name") < text.index("input message") < text.index("unstash 'plan'")
    return Jobs(plan, apply, ("sh", "-xe", "-c"), tuple(stashed.split(",")), True)


EXAMPLES = {"github": github, "gitlab": gitlab, "jenkins": jenkins}


@dataclass(frozen=True)
class Keys:
    private: str
    public: str


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg")
    return new_keys(tmp_path_factory.mktemp("gnupg"))


def new_keys(home: Path) -> Keys:
    home.chmod(0o700)
    env = {**os.environ, "GNUPGHOME": str(home)}

    def gpg(*arguments: str) -> str:
        done = subprocess.run(
            ["gpg", "--batch", "--quiet", *arguments], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    gpg("--passphrase", "", "--quick-generate-key", "Plans <plans@example.com>", "ed25519", "sign")
    keys = Keys(gpg("--armor", "--export-secret-keys"), gpg("--armor", "--export"))
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False)
    return keys


class Pipeline:
    """A pipeline whose jobs run in folders of their own, as on two machines."""

    def __init__(self, jobs: Jobs, simulator: Simulator, folder: Path, keys: Keys) -> None:
        self.jobs, self.simulator, self.folder = jobs, simulator, folder
        self.plans, self.applies = folder / "plan", folder / "apply"
        self.environment = clean_environment(simulator, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"))
        for job in (self.plans, self.applies):
            job.mkdir()
            (job / ".venv").symlink_to(ROOT / ".venv")
            (job / "policy.yml").write_text(json.dumps({"rules": [RULE]}), encoding="utf-8")
            (job / "plan-signers.asc").write_text(keys.public, encoding="utf-8")
        key = folder / "signing key"
        key.write_text(keys.private, encoding="utf-8")
        signing = str(key) if jobs.key_is_file else keys.private
        self.secrets = {"PLAN_SIGNING_KEY": signing}

    def _run(self, script: str, folder: Path, **more: str) -> tuple[int, str]:
        environment = {**self.environment, "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), **more}
        code, output = run_step(self.jobs.shell, script, folder, environment, self.simulator)
        assert "PRIVATE KEY" not in output
        return code, output

    def plan(self, **more: str) -> tuple[int, str]:
        return self._run(self.jobs.plan, self.plans, **self.secrets, **more)

    def hand_over(self) -> None:
        for name in self.jobs.handed_over:
            source, target = self.plans / name, self.applies / name
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)

    def apply(self, **more: str) -> tuple[int, str]:
        return self._run(self.jobs.apply, self.applies, **more)


@pytest.fixture(params=EXAMPLES)
def pipeline(request: Any, sim: Simulator, tmp_path: Path, keys: Keys) -> Pipeline:
    return Pipeline(EXAMPLES[request.param](), sim, tmp_path, keys)


def test_what_was_approved_is_applied_and_what_a_person_changed_is_not(pipeline: Pipeline, sim: Simulator) -> None:
    code, output = pipeline.plan()
    assert code == 0, output
    assert not sim.writes()
    pipeline.hand_over()
    content = json.loads((pipeline.applies / "plan.json").read_text(encoding="utf-8"))
    ids = [entry["case_id"] for entry in content["cases"]]
    # In the meantime, a person takes a case, and the policy becomes another one.
    sim.advance(600)
    sim.edit(ids[0], {"status": "Escalated"})
    other = {**RULE, "set": {"severity": "Critical"}}
    (pipeline.applies / "policy.yml").write_text(json.dumps({"rules": [other]}), encoding="utf-8")
    code, output = pipeline.apply()
    assert code == 0, output
    assert {entry["path"].rsplit("/", 1)[-1] for entry in sim.writes()} == set(ids[1:])
    assert {sim.case(case_id)["status"] for case_id in ids[1:]} == {"In Progress"}
    report = json.loads((pipeline.applies / "applied/hygiene.json").read_text(encoding="utf-8"))
    (skipped,) = (row for row in report["case_results"] if row["outcome"] == "skipped")
    assert (skipped["case_id"], "ohtani@example.com changed it" in skipped["reason"]) == (ids[0], True)


def test_a_plan_that_was_changed_or_is_of_another_signer_is_not_applied(
    pipeline: Pipeline, sim: Simulator, tmp_path: Path
) -> None:
    assert pipeline.plan()[0] == 0
    pipeline.hand_over()
    plan = pipeline.applies / "plan.json"
    text = plan.read_text(encoding="utf-8")
    sim.clear_requests()
    plan.write_text(text + " ", encoding="utf-8")
    code, output = pipeline.apply()
    assert code != 0
    assert "BAD signature" in output
    plan.write_text(text, encoding="utf-8")
    home = tmp_path / "others"
    home.mkdir()
    (pipeline.applies / "plan-signers.asc").write_text(new_keys(home).public, encoding="utf-8")
    code, output = pipeline.apply()
    assert code != 0
    assert "No public key" in output
    assert sim.requests() == []


def test_a_plan_job_that_fails_hands_no_plan_over(pipeline: Pipeline, sim: Simulator) -> None:
    rules = {"rules": [{**RULE, "match": {}}]}
    (pipeline.plans / "policy.yml").write_text(json.dumps(rules), encoding="utf-8")
    # More changes than the role allows
    code, output = pipeline.plan()
    assert code == 2, output
    assert not (pipeline.plans / "plan.json.sig").exists()
    (pipeline.plans / "policy.yml").write_text("rules: nothing", encoding="utf-8")
    assert pipeline.plan()[0] == 4


def test_a_job_that_did_nothing_fails(pipeline: Pipeline, sim: Simulator) -> None:
    assert pipeline.plan(ANSIBLE_SKIP_TAGS="always")[0] != 0
    assert not (pipeline.plans / "plan.json.sig").exists()
    assert pipeline.plan()[0] == 0
    pipeline.hand_over()
    assert pipeline.apply(ANSIBLE_SKIP_TAGS="always")[0] != 0
    assert not sim.writes()

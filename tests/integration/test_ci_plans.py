# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/ci with a plan: one job makes and signs it, a person comes between, another job applies it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ci_step import run_step
from tests.integration.playbook import ROOT, clean_environment
from tests.simulator.process import Simulator

CI = ROOT / "docs/ci"
BUILD = "7"
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
    # What is published of each job, also if it fails
    review: str
    applied: str
    # The steps that show the reports, also if a job fails
    show_review: str = ":"
    show_applied: str = ":"


def github() -> Jobs:
    jobs = yaml.safe_load((CI / "github-actions-plan.yml").read_text(encoding="utf-8"))["jobs"]
    plan, apply = ({step.get("name"): step for step in jobs[job]["steps"]} for job in ("plan", "apply"))
    assert jobs["apply"]["needs"] == "plan"
    keep, get = plan["Keep the plan"]["with"], apply["Get the plan"]["with"]
    assert keep["name"] == get["name"]
    assert "if" not in plan["Keep the plan"]
    review, applied = plan["Keep the review"], apply["Keep the reports and the journal"]
    for step, condition in {
        "Show the review": "${{ !cancelled() }}",
        "Keep the review": "${{ !cancelled() }}",
        "Show what was applied": "${{ always() }}",
        "Keep the reports and the journal": "${{ always() }}",
    }.items():
        assert {**plan, **apply}[step]["if"] == condition
    return Jobs(
        plan["Plan"]["run"],
        apply["Apply"]["run"],
        ("bash", "-e", "-c"),
        tuple(keep["path"].split()),
        key_is_file=False,
        review=review["with"]["path"],
        applied=applied["with"]["path"],
        show_review=plan["Show the review"]["run"],
        show_applied=apply["Show what was applied"]["run"],
    )


def gitlab() -> Jobs:
    content = yaml.safe_load((CI / "gitlab-ci-plan.yml").read_text(encoding="utf-8"))
    plan, apply = content["plan"], content["apply"]
    assert (apply["needs"], apply["when"], apply["stage"]) == (["plan"], "manual", content["stages"][1])
    assert {job["artifacts"]["when"] for job in (plan, apply)} == {"always"}
    (applied,) = apply["artifacts"]["paths"]
    *handed_over, review = plan["artifacts"]["paths"]
    plans, applies = ("\n".join(job["script"]) for job in (plan, apply))
    return Jobs(plans, applies, ("bash", "-eo", "pipefail", "-c"), tuple(handed_over), True, review, applied)


def jenkins_stages() -> dict[str, str]:
    """Return the text of the Jenkinsfile before its stages, by the name "", and of each stage."""
    text = (CI / "Jenkinsfile.plan").read_text(encoding="utf-8")
    code = re.sub(r"'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"|//[^\n]*", "", text, flags=re.DOTALL)
    assert [code.count(bracket) for bracket in "{(["] == [code.count(bracket) for bracket in "})]"]
    before, *stages = re.split(r"\n        stage\('(\w+)'\) \{\n", text)
    return {"": before, **dict(zip(stages[::2], stages[1::2], strict=True))}


def jenkins() -> Jobs:
    stages = jenkins_stages()
    assert list(stages) == ["", "Plan", "Approve", "Apply"]
    assert "input message" in stages["Approve"]
    (stashed,) = re.findall(r"stash name: 'plan', includes: '(.*?)'", stages["Plan"])
    assert "unstash 'plan'" in stages["Apply"]
    steps, folders = [], []
    for stage in ("Plan", "Apply"):
        before, after = stages[stage].split("            post {\n")
        _install, step = re.findall(r"'''\n(.*?)'''", before, re.DOTALL)
        steps.append(step.replace("\\\n", ""))
        always = re.search(r" always \{\n(.*?)\n                \}", after, re.DOTALL)
        assert always
        (reports,) = re.findall(r'archiveArtifacts artifacts: "(.*?)/\*", allowEmptyArchive: true', always[1])
        assert re.findall(r'reportDir: "(.*?)"', always[1]) == [reports]
        assert "allowMissing: true" in always[1]
        folders.append(reports.replace("${BUILD_NUMBER}", BUILD))
    plan, apply = steps
    review, applied = folders
    return Jobs(plan, apply, ("sh", "-xe", "-c"), tuple(stashed.split(",")), True, review, applied)


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


def new_keys(home: Path, passphrase: str = "") -> Keys:
    """Return what the commands of the README create."""
    readme = (CI / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```bash\n(.*?)```", readme, re.DOTALL)
    if passphrase:
        block = block.replace("--passphrase ''", f"--passphrase '{passphrase}'")
        block = block.replace(
            "--export-secret-keys", f"--batch --pinentry-mode loopback --passphrase '{passphrase}' --export-secret-keys"
        )
    done = subprocess.run(
        ["bash", "-e", "-c", block], cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["plan-signers.asc", "plan-signing-key.asc"]
    return Keys(*((home / name).read_text(encoding="utf-8") for name in ("plan-signing-key.asc", "plan-signers.asc")))


def agents(folder: Path) -> list[str]:
    """Return the command lines of gpg's agents whose home is in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "gpg-agent" in command and str(folder) in command:
            found.append(command)
    return found


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
        self.set_signing_key(keys.private)
        # As short as the product's own: the sockets of an agent are here.
        self.temporary = Path(tempfile.mkdtemp())

    def set_signing_key(self, private: str) -> None:
        key = self.folder / "signing key"
        key.write_text(private, encoding="utf-8")
        self.secrets = {"PLAN_SIGNING_KEY": str(key) if self.jobs.key_is_file else private}

    def _run(self, script: str, folder: Path, **more: str) -> tuple[int, str]:
        environment = {
            **self.environment,
            "BUILD_NUMBER": BUILD,
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "TMPDIR": str(self.temporary),
            **more,
        }
        code, output = run_step(self.jobs.shell, script, folder, environment, self.simulator)
        assert "PRIVATE KEY" not in output
        left = [path for path in self.temporary.iterdir() if path.name.startswith("tmp.")]
        assert not left, f"{left} stays on the machine: {output}"
        # An agent that was told to end needs a moment.
        for _attempt in range(50):
            if not (running := agents(self.temporary)):
                break
            time.sleep(0.1)
        assert not running
        return code, output

    def plan(self, **more: str) -> tuple[int, str]:
        done = self._run(self.jobs.plan, self.plans, **self.secrets, **more)
        assert self._run(self.jobs.show_review, self.plans)[0] == 0
        return done

    def hand_over(self) -> None:
        for name in self.jobs.handed_over:
            source, target = self.plans / name, self.applies / name
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)

    def apply(self, **more: str) -> tuple[int, str]:
        done = self._run(self.jobs.apply, self.applies, **more)
        assert self._run(self.jobs.show_applied, self.applies)[0] == 0
        return done

    def report(self, folder: Path) -> dict[str, Any]:
        """Return the report that is published of a job, and is shown where the product shows it."""
        published = folder / (self.jobs.review if folder == self.plans else self.jobs.applied)
        if self.jobs.show_review != ":":
            markdown = (published / "hygiene.md").read_text(encoding="utf-8")
            assert (folder / "summary.md").read_text(encoding="utf-8").endswith(markdown)
        content: dict[str, Any] = json.loads((published / "hygiene.json").read_text(encoding="utf-8"))
        return content


@pytest.fixture(params=EXAMPLES)
def pipeline(request: Any, sim: Simulator, tmp_path: Path, keys: Keys) -> Iterator[Pipeline]:
    made = Pipeline(EXAMPLES[request.param](), sim, tmp_path, keys)
    yield made
    shutil.rmtree(made.temporary)


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
    assert code == 2, output
    assert {entry["path"].rsplit("/", 1)[-1] for entry in sim.writes()} == set(ids[1:])
    assert {sim.case(case_id)["status"] for case_id in ids[1:]} == {"In Progress"}
    report = pipeline.report(pipeline.applies)
    assert Path(report["journal"]).parent.resolve() == (pipeline.applies / pipeline.jobs.applied).resolve()
    (skipped,) = (row for row in report["case_results"] if row["outcome"] == "skipped")
    assert (skipped["case_id"], "ohtani@example.com changed it" in skipped["reason"]) == (ids[0], True)
    markdown = (pipeline.applies / pipeline.jobs.applied / "hygiene.md").read_text(encoding="utf-8")
    assert "### Skipped" in markdown
    assert "ohtani&#64;example&#46;com changed it" in markdown


def test_a_plan_that_was_changed_or_is_of_another_signer_is_not_applied(
    pipeline: Pipeline, sim: Simulator, tmp_path: Path
) -> None:
    assert pipeline.plan()[0] == 0
    pipeline.hand_over()
    plan = pipeline.applies / "plan.json"
    text = plan.read_text(encoding="utf-8")
    sim.clear_requests()
    # A machine that keeps its workspace has the journal of an earlier build, which may have been killed.
    keeps = pipeline.jobs.applied.endswith(BUILD)
    earlier = pipeline.applies / re.sub(f"{BUILD}$", "6", pipeline.jobs.applied) / "journal.jsonl"
    earlier.parent.mkdir()
    earlier.touch()
    plan.write_text(text + " ", encoding="utf-8")
    code, output = pipeline.apply()
    assert code != 0
    assert "BAD signature" in output
    assert not (pipeline.applies / pipeline.jobs.applied).exists()
    assert earlier.exists() == keeps
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
    assert pipeline.report(pipeline.plans)["result"] == "limit"
    (pipeline.plans / "policy.yml").write_text("rules: nothing", encoding="utf-8")
    assert pipeline.plan()[0] == 4
    assert pipeline.report(pipeline.plans)["result"] == "error"


def test_a_job_that_did_nothing_fails(pipeline: Pipeline, sim: Simulator) -> None:
    assert pipeline.plan(ANSIBLE_SKIP_TAGS="always")[0] != 0
    assert not (pipeline.plans / "plan.json.sig").exists()
    assert pipeline.plan()[0] == 0
    pipeline.hand_over()
    assert pipeline.apply(ANSIBLE_SKIP_TAGS="always")[0] != 0
    assert not sim.writes()


def test_a_plan_with_another_limit_needs_it_for_the_apply_too(pipeline: Pipeline, sim: Simulator) -> None:
    rules = {"rules": [{**RULE, "match": {}}]}
    (pipeline.plans / "policy.yml").write_text(json.dumps(rules), encoding="utf-8")
    limit = "-e case_hygiene_max_changes=100%"
    pipeline.jobs.plan = pipeline.jobs.plan.replace("--check", f"--check {limit}")
    code, output = pipeline.plan()
    assert code == 0, output
    pipeline.hand_over()
    assert pipeline.apply()[0] == 2
    assert pipeline.report(pipeline.applies)["result"] == "limit"
    assert not sim.writes()
    pipeline.jobs.apply = pipeline.jobs.apply.replace(
        "-e case_hygiene_apply_plan", f"{limit} -e case_hygiene_apply_plan"
    )
    code, output = pipeline.apply()
    assert code == 0, output
    assert sim.writes()


def test_a_key_with_a_passphrase_signs_nothing_and_does_not_stay(pipeline: Pipeline, tmp_path: Path) -> None:
    home = tmp_path / "locked"
    home.mkdir()
    pipeline.set_signing_key(new_keys(home, "a passphrase").private)
    code, output = pipeline.plan()
    assert code != 0
    assert "signing failed" in output
    assert not (pipeline.plans / "plan.json.sig").exists()
    # People can see why: the review is published.
    assert pipeline.report(pipeline.plans)["result"] == "drift"


def test_an_apply_job_without_its_key_sends_nothing(pipeline: Pipeline, sim: Simulator) -> None:
    assert pipeline.plan()[0] == 0
    pipeline.hand_over()
    sim.clear_requests()
    # What a secret is that GitHub does not have
    code, output = pipeline.apply(STELLAR_API_KEY="")
    assert code != 0
    assert "api_key" in output
    assert sim.requests() == []


def test_keys_are_only_where_they_are_needed() -> None:
    text = (CI / "github-actions-plan.yml").read_text(encoding="utf-8")
    assert len(re.findall(r"\bsecrets\.", text)) == 3
    jobs = yaml.safe_load(text)["jobs"]
    environments = {
        job: {name: value for step in jobs[job]["steps"] for name, value in step.get("env", {}).items()} for job in jobs
    }
    # The key that may write is no secret of another environment, and none of the other example.
    assert environments["apply"]["STELLAR_API_KEY"] == "${{ secrets.STELLAR_API_KEY_WRITE }}"
    assert environments["plan"]["STELLAR_API_KEY"] == "${{ secrets.STELLAR_API_KEY }}"
    assert environments["plan"]["PLAN_SIGNING_KEY"] == "${{ secrets.PLAN_SIGNING_KEY }}"
    assert [jobs[job]["environment"] for job in ("plan", "apply")] == ["case-hygiene-plan", "case-hygiene"]

    content = yaml.safe_load((CI / "gitlab-ci-plan.yml").read_text(encoding="utf-8"))
    assert content["plan"]["environment"] == {"name": "case-hygiene-plan", "action": "access"}
    assert content["apply"]["environment"] == {"name": "case-hygiene"}
    (rule,) = content["workflow"]["rules"]
    assert '$CI_COMMIT_REF_PROTECTED == "true"' in rule["if"]

    stages = jenkins_stages()
    bound = {stage: re.findall(r"(\w+) = credentials\('(.*?)'\)", text) for stage, text in stages.items()}
    # A secret file needs a workspace, which a pipeline without an agent does not have.
    assert "agent none" in stages[""]
    assert bound == {
        "": [],
        "Plan": [("STELLAR_API_KEY", "stellar-api-key"), ("PLAN_SIGNING_KEY", "plan-signing-key")],
        "Approve": [],
        "Apply": [("STELLAR_API_KEY", "stellar-api-key-write")],
    }


def test_a_failed_apply_fails_the_pipeline_of_gitlab() -> None:
    content = yaml.safe_load((CI / "gitlab-ci-plan.yml").read_text(encoding="utf-8"))
    # A manual job may fail by default.
    assert content["apply"]["allow_failure"] is False
    # GitLab keeps no artefacts of a job that reaches its own timeout.
    times = (content["variables"]["RUNNER_SCRIPT_TIMEOUT"], content["default"]["timeout"])
    script, job = (int(re.sub(r" ?m(inutes)?$", "", text)) for text in times)
    assert script < job


def test_the_jobs_run_the_same_commands_in_all_products() -> None:
    def normal(script: str) -> list[str]:
        script = script.replace("\\\n", "").replace(".venv/bin/", "").replace("-$BUILD_NUMBER", "").replace('"', "")
        lines = [" ".join(line.split()) for line in script.splitlines()]
        # The signing key is a file, or not. Old files are another matter where workspaces are not new.
        return [line for line in lines if line and "PLAN_SIGNING_KEY" not in line and not line.startswith("rm -rf")]

    examples = [example() for example in EXAMPLES.values()]
    for example in examples[1:]:
        assert normal(example.plan) == normal(examples[0].plan)
        assert normal(example.apply) == normal(examples[0].apply)


@pytest.mark.parametrize("name", ["README.md", "github-actions-plan.yml", "gitlab-ci-plan.yml", "Jenkinsfile.plan"])
def test_each_example_says_how_long_a_plan_is_valid(name: str) -> None:
    text = (CI / name).read_text(encoding="utf-8")
    assert re.search(r"\b24 hours\b", text)
    assert "case_hygiene_plan_max_age" in text


def test_the_signing_key_does_not_expire(keys: Keys, tmp_path: Path) -> None:
    shown = subprocess.run(
        ["gpg", "--batch", "--homedir", str(tmp_path), "--with-colons", "--show-keys"],
        input=keys.public,
        capture_output=True,
        text=True,
        check=True,
    )
    (key,) = (line.split(":") for line in shown.stdout.splitlines() if line.startswith("pub:"))
    # By doc/DETAILS of GnuPG: the date of expiry, and the capabilities of the key
    assert (key[6], key[11]) == ("", "scSC")

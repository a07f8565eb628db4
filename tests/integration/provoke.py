# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module, the lookup, the inventory or a playbook so that it says what docs/errors.md lists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import TENANT_INFO, USER_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE, CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import COMMENT
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import checksum
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_tenant_info, run_user_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.comment import run_comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import with_source
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import Call, arguments_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import read_policy
from tests import canaries
from tests.integration.inventory import list_hosts
from tests.integration.playbook import CASE as CASE_ID
from tests.integration.playbook import ROOT, parameters
from tests.simulator.process import Simulator

ONE_CASE = "*/cases/*"


@dataclass
class Provoke:
    """Runs a module's or the lookup's function so that it fails or warns, and gives the message."""

    sim: Simulator
    directory: Path
    monkeypatch: pytest.MonkeyPatch
    stalls: bool = False

    def case(self, **options: Any) -> str:
        return self.message(run_case, CASE, {"case_id": CASE_ID, "severity": "Low", **options})

    def comment(self, **options: Any) -> str:
        given = {"case_id": CASE_ID, "comment": "Seen", **options}
        return self.message(run_comment, COMMENT, {name: value for name, value in given.items() if value is not None})

    def commented(self, *texts: str) -> Provoke:
        for text in texts:
            self.sim.edit(CASE_ID, {"comment": text}, user=self.sim.username)
        return self

    def info(self, **options: Any) -> str:
        return self.message(run_case_info, CASE_INFO, options)

    def tenants(self, **options: Any) -> str:
        return self.message(run_tenant_info, TENANT_INFO, options)

    def users(self, **options: Any) -> str:
        return self.message(run_user_info, USER_INFO, options)

    def cases(self, *cases: dict[str, Any], **options: Any) -> str:
        given = {"cases": list(cases)} if cases else {}
        return self.message(run_cases, CASES, {**given, **options})

    def plan(self, old: str = "", new: str = "", **options: Any) -> str:
        """The message of a plan that is applied after a text in its file was replaced."""
        return self.planned("plan.json", lambda text: text.replace(old, new, 1), **options)

    def plan_with(self, changes: dict[str, Any]) -> str:
        """The message of a plan with other content, whose checksum is right."""

        def changed(text: str) -> str:
            content = {**json.loads(text), **changes}
            return json.dumps({**content, "sha256": checksum(content)})

        return self.planned("plan.json", changed)

    def planned(self, name: str, change: Callable[[str], str] = str, **options: Any) -> str:
        path = self.directory / name
        given = parameters(CASES, self.sim, cases=[{"case_id": CASE_ID, "status": "In Progress"}], plan_file=str(path))
        try:
            run_cases(given, True, lambda secret: None)
        except StellarError as error:
            return str(error)
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        return self.cases(plan=str(path), **options)

    def plan_of(self, **case: Any) -> str:
        """The message of a run that is to make a plan of one case, "" if it makes it."""
        options = {"cases": [{"case_id": CASE_ID, **case}], "plan_file": str(self.directory / "plan.json")}
        try:
            run_cases(parameters(CASES, self.sim, **options), True, lambda secret: None)
        except StellarError as error:
            return str(error)
        return ""

    def newer_history(self) -> str:
        file = self.directory / "history.jsonl"
        file.write_text('{"history": 99}\n', encoding="utf-8")
        return self.hygiene("--check", history=str(file))

    def rule(self, *more: dict[str, Any], **rule: Any) -> str:
        return self.cases(rules=[{"name": "A rule", "match": {}, **rule}, *more])

    def policy(self, content: bytes | None) -> str:
        file = self.directory / "policy.yml"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(StellarError) as caught:
            read_policy(str(file))
        return str(caught.value)

    def vaulted(self, password: str | None) -> str:
        """The message about a policy that is encrypted, in a run with this password or none."""
        file = self.directory / "policy.yml"
        secret = VaultSecret(b"right")
        file.write_bytes(VaultLib([("default", secret)]).encrypt("rules: []\n", secret))
        arguments = []
        if password is not None:
            given = self.directory / "password"
            given.write_text(password, encoding="utf-8")
            arguments = ["--vault-password-file", str(given)]
        return self.hygiene(*arguments, policy_file=str(file))

    def hygiene(self, *arguments: str, **variables: Any) -> str:
        """The message of the playbook, for variables of its role."""
        given = {f"case_hygiene_{name}": value for name, value in variables.items()}
        environment = {**self.sim.env(), **({"ANSIBLE_TASK_TIMEOUT": "2"} if self.stalls else {})}
        return self.playbook("stellarcyber.xdr.hygiene", "-e", json.dumps(given), *arguments, **environment)

    def interrupted(self) -> Provoke:
        """The platform gives no list of cases, and the task is ended."""
        self.stalls = True
        return self.faulty("stall", path="*/cases", times=0)

    def interrupted_plan(self) -> str:
        """The message of an apply that is ended while the platform gives no case."""
        self.plan_of(status="In Progress")
        self.stalls = True
        return self.faulty("stall", path="*/cases/*", times=0).hygiene(apply_plan=str(self.directory / "plan.json"))

    def report(self, **variables: Any) -> str:
        """The error in the report of the role."""
        self.hygiene(report_dir=str(self.directory), **variables)
        report = json.loads((self.directory / "hygiene.json").read_text(encoding="utf-8"))
        return str(report["error"])

    def limit(self, max_changes: str) -> str:
        return self.cases({"case_id": CASE_ID, "severity": "Low"}, max_changes=max_changes)

    def undo(self, text: str) -> str:
        file = self.directory / "undo.json"
        file.write_text(text, encoding="utf-8")
        return self.cases(undo_file=str(file))

    def undo_only(self, name: str) -> str:
        file = self.directory / "undo.json"
        report = {"report": 1, "mode": "apply", "case_results": [], "undo": [{"case_id": CASE_ID, "severity": "Low"}]}
        file.write_text(json.dumps({**report, "platform": self.sim.host}), encoding="utf-8")
        return self.cases(undo_file=str(file), undo_only=[name])

    def undo_of_nothing(self) -> str:
        return self.playbook("stellarcyber.xdr.undo", **self.sim.env())

    def merge(self, *reports: Any, **variables: Any) -> str:
        """The message of a merge of clean reports with these keys; None: of a file without a report."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        clean = {"report": 1, "mode": "check", "result": "compliant", "passed": True, "started_at": now}
        for number, report in enumerate(reports):
            folder = self.directory / f"r{number}"
            folder.mkdir()
            text = "" if report is None else json.dumps({**clean, **report})
            (folder / "hygiene.json").write_text(text, encoding="utf-8")
        given = {"merge_reports": "r*", "merge_report_dir": "all", **variables}
        paths = {name: str(self.directory / value) for name, value in given.items() if name != "merge_max_age"}
        return self.playbook("stellarcyber.xdr.hygiene_merge", "-e", json.dumps({**given, **paths}), **self.sim.env())

    def lookup(self, **options: Any) -> str:
        # The same parser of options, with those of the lookup that matter here.
        return self.message(lambda params, **_unused: run_lookup(params), LOOKUP, options)

    def message(self, run: Callable[..., dict[str, Any]], specs: dict[str, Any], options: dict[str, Any]) -> str:
        sources: dict[str, str] = {}
        try:
            # None leaves an option of the connection out, which the environment of the tests has.
            left_out = {name: None for name in options if name in CONNECTION and options[name] is None}
            options = {name: value for name, value in options.items() if name not in left_out}
            given, sources = arguments_of(Call("it", specs, (), "the task or module_defaults"), options, {}, str)
            params = parameters(specs, self.sim, **{"retries": 0, **left_out, **given})
            result = run(params, check_mode=False, on_secret=lambda secret: None)
        except StellarError as error:
            return str(with_source(error, sources))
        assert result.get("warnings"), f"neither a failure nor a warning: {result}"
        return result["warnings"][-1]

    def deleted_before_the_write(self) -> Provoke:
        self.sim.delete_case(CASE_ID, before={"method": "PUT", "path": ONE_CASE})
        return self

    def switched(self, **values: Any) -> Provoke:
        self.sim.switch(**values)
        return self

    def faulty(self, kind: str, **values: Any) -> Provoke:
        self.sim.fault(kind, **values)
        return self

    def second_read_fails(self) -> Provoke:
        return self.faulty("status", status=500, method="GET", path=ONE_CASE, after=1)

    def named(self, name: str) -> Provoke:
        self.sim.put_case(CASE_ID, name=name)
        return self

    def assigned(self) -> Provoke:
        """With an assignee of whom no history tells."""
        self.sim.put_case(CASE_ID, assignee="0b54e8a2c1f94d7a9e63d27f58b1c0a4")
        return self

    def alike(self, count: int) -> Provoke:
        """Only cases of one millisecond, between which no filter tells."""
        fields = {"created_at": 1_660_742_474_123, "modified_at": 1_660_742_474_123, "score": 50, "severity": "Low"}
        self.sim.reset(cases=0)
        self.sim.add_cases([{"_id": f"{number:024x}", "status": "New", **fields} for number in range(count)])
        return self

    def listing(self, path: str, records: list[dict[str, str]]) -> Provoke:
        return self.faulty("wrong_shape", path=f"*/{path}", body={"data": records})

    def edited(self) -> Provoke:
        """Somebody adds a tag right before the update."""
        put = {"method": "PUT", "path": f"/cases/{CASE_ID}"}
        self.sim.edit(CASE_ID, {"tags": {"add": ["theirs"]}}, before=put)
        return self

    def ansible(self, task: dict[str, Any], *arguments: str, **environment: str) -> str:
        """The message of Ansible itself, for a task without a connection."""
        playbook = self.directory / "playbook.yml"
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return self.playbook(playbook, *arguments, **environment)

    def inventory(self, **options: Any) -> str:
        """What Ansible says of the inventory, from the message on."""
        said = list_hosts(self.sim, self.directory, config=options).err
        # The words of Ansible before it
        return " ".join(re.sub(r"(?s)^.*?(failed\. |WARNING\]: )(?!Failed)", "", said).split())

    def variable(self, **variables: str) -> str:
        return self.ansible({"stellarcyber.xdr.stellar_case_info": {"limit": 1}, "vars": variables})

    def playbook(self, *arguments: str | Path, **environment: str) -> str:
        command = [Path(sys.executable).with_name("ansible-playbook"), *arguments]
        env = {**os.environ, **environment, "COLUMNS": "300"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        canaries.assert_none(canaries.of(self.sim), output, where="output of ansible-playbook")
        return output

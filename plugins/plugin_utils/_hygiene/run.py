# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the role: check its variables, start the reports, apply the policy, write the reports."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Callable, Mapping

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError, printable
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._files import absolute
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.assessment import (
    Settings,
    failure_of,
    make_report,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.flapping import (
    Histories,
    find_flapping,
    read_last,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import read_policy
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.report_files import (
    ReportFiles,
    journal_path,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import Variables
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render

INTERRUPTED = "The run was interrupted before its end."


class Hygiene:
    """A run. starter: path of the role's own policy. stellar_cases: runs that module with options.

    histories: reads the activities of cases. decrypt: returns the content of a policy that ansible-vault encrypted.
    notify: shows a line to the user at once.
    """

    def __init__(
        self,
        variables: Variables,
        starter: str,
        check_mode: bool,
        stellar_cases: Callable[[dict[str, Any]], dict[str, Any]],
        histories: Histories,
        decrypt: Callable[[str], bytes],
        notify: Callable[[str], Any],
    ) -> None:
        self._variables = variables
        self._starter = starter
        self._stellar_cases, self._histories = stellar_cases, histories
        self._decrypt = decrypt
        self._notify = notify
        self._settings = Settings(collection(), _now(), check_mode)
        self._files = ReportFiles("", ())
        self._result: dict[str, Any] = {}
        self._last: Mapping[str, Any] = {}
        self._flapping: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        """Return report, summary, warnings, diff and error. An error does not raise; it is in the report."""
        error = ""
        try:
            self._start()
            options = self._options()
            if self._settings.journal:
                command = undo_command(self._settings.journal)
                self._notify(f"If this run is interrupted, undo its changes with: {command}")
            self._result = self._stellar_cases(options)
            error = failure_of(self._result)
            self._flapping = find_flapping(self._last, self._result, options["rules"], self._histories)
        except InputError as problem:
            error = str(problem)
        except Exception as bug:
            error = f"{type(bug).__name__}: {printable(bug)}. This is a bug in the collection, please report it."
        report = self._report(error)
        try:
            self._files.write(report)
        except InputError as problem:
            # The summary still shows what the run did.
            report = self._report(" ".join(filter(None, (error, str(problem)))))
            self._files = ReportFiles("", ())
        return {
            "changed": bool(self._result.get("changed")),
            "report": report,
            "summary": self._summary(report),
            "warnings": self._result.get("warnings", []),
            "diff": self._result.get("diff", []),
            **({"error": self._result["error"]} if "error" in self._result else {}),
        }

    def _start(self) -> None:
        """Write reports that say that the run was interrupted, in place of those of an earlier run."""
        value = self._variables.value
        files = ReportFiles(value("report_dir"), value("report_formats"))
        self._settings = replace(self._settings, journal=self._journal(files))
        note = INTERRUPTED
        if self._settings.journal:
            note += f" If it changed cases, undo that with its journal: {self._settings.journal}"
        if "json" in files.paths:
            self._last = read_last(files.paths["json"])
        files.write(make_report(self._settings, {}, note, _now()))
        self._files = files

    def _journal(self, files: ReportFiles) -> str:
        given = self._variables.value("journal")
        if self._settings.check_mode or given == "":
            return ""
        if given is not None:
            return absolute(given)
        return journal_path(files.directory, self._settings.started_at) if files.directory else ""

    def _options(self) -> dict[str, Any]:
        """Return the options of stellar_cases. Raises InputError."""
        variables = self._variables
        variables.check()
        self._settings = replace(self._settings, fail_on=variables.value("fail_on"))
        path = variables.value("policy_file") or self._starter
        if variables.is_given("rules"):
            if os.path.realpath(absolute(path)) != os.path.realpath(self._starter):
                raise OptionError(
                    "case_hygiene_rules and case_hygiene_policy_file", "are both given", "Give one of them."
                )
            rules, title, policy = variables.value("rules"), "", "case_hygiene_rules"
        else:
            content = read_policy(absolute(path), self._decrypt)
            rules, title, policy = content["rules"], content.get("title") or "", os.path.basename(path)
        title = variables.value("title") or title or self._settings.title
        self._settings = replace(self._settings, title=title, policy=policy)
        journal = {"journal": self._settings.journal} if self._settings.journal else {}
        return {"rules": rules, **variables.options(), **journal}

    def _report(self, error: str) -> dict[str, Any]:
        settings = self._settings
        if not os.path.exists(settings.journal):
            # The run wrote nothing to the platform.
            settings = replace(settings, journal="")
        return make_report(settings, {**self._result, "flapping": self._flapping}, error, _now())

    def _summary(self, report: dict[str, Any]) -> list[str]:
        """Return lines for a terminal."""
        lines = render(report, "text").splitlines()
        if report["policy"] == os.path.basename(self._starter):
            lines.append("No policy was given: the run used the starter policy.")
        if self._files.last:
            lines.append(f"Report: {self._files.last}")
        undo_file = report["journal"] or self._files.paths.get("json", "")
        if report["undo"] and not undo_file:
            lines.append("Nothing was saved that undoes this run. Set case_hygiene_report_dir for the next one.")
        if report["undo"] and undo_file:
            command = undo_command(undo_file)
            if '"' in command:
                # Ansible shows the summary as JSON, and a shell would misread its escapes.
                self._notify(f"To undo: {command}")
                command = "see the command above"
            lines.append(f"To undo: {command}")
        return lines


def undo_command(path: str) -> str:
    """Return the command that undoes a run, to be pasted into a shell."""
    given = f"undo_file={path}"
    if shlex.quote(given) != given:
        # As JSON, since Ansible ends a value at a space.
        given = shlex.quote(json.dumps({"undo_file": path}))
    return f"ansible-playbook stellarcyber.xdr.undo -e {given}"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

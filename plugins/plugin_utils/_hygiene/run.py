# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the role: check its variables, start the reports, apply the policy, write the reports."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Callable, Mapping

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import is_platform_id
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.plan_file import PlanWriter
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._commands import (
    apply_command,
    extra_variables,
    undo_command,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._files import absolute
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene import history
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
    folder_of,
    journal_path,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import PREFIX, VARIABLES, Variables
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.links import FIELDS, problem_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import Rendering
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.view import COULD_NOT_APPLY, COULD_NOT_EVALUATE

INTERRUPTED = "The run was interrupted before its end."


class Hygiene:
    """A run. starter: path of the role's own policy. host: its name. stellar_cases: runs that module with options.

    histories: reads the activities of cases. decrypt: returns the content of a policy that ansible-vault encrypted.
    notify: shows a line to the user at once.
    """

    def __init__(
        self,
        variables: Variables,
        starter: str,
        host: str,
        check_mode: bool,
        stellar_cases: Callable[[dict[str, Any]], dict[str, Any]],
        histories: Histories,
        decrypt: Callable[[str], bytes],
        notify: Callable[[str], Any],
    ) -> None:
        self._variables = variables
        self._starter = starter
        self._host = host
        self._stellar_cases, self._histories = stellar_cases, histories
        self._decrypt = decrypt
        self._notify = notify
        self._settings = Settings(collection(), _now(), check_mode)
        self._files = ReportFiles("", ())
        self._history = ""
        self._plan: PlanWriter | None = None
        self._result: dict[str, Any] = {}
        self._last: Mapping[str, Any] = {}
        self._flapping: list[dict[str, Any]] = []

    @property
    def could_not(self) -> str:
        """Return the beginning of the reason of a run that ended with an error."""
        return COULD_NOT_APPLY if self._settings.applies_plan else COULD_NOT_EVALUATE

    @property
    def how_to_undo(self) -> str:
        """Return how to undo a run that was interrupted; "" if it wrote nothing."""
        journal = self._settings.journal
        return f"Undo what it changed with: {undo_command(journal)}" if os.path.exists(journal) else ""

    def run(self) -> dict[str, Any]:
        """Return report, summary, warnings, diff and error. An error does not raise; it is in the report."""
        error = ""
        try:
            self._start()
            options = self._options()
            self._begin()
            self._result = self._stellar_cases(options)
            error = failure_of(self._result)
            self._flapping = find_flapping(self._last, self._result, options.get("rules", []), self._histories)
        except InputError as problem:
            error = str(problem)
        except Exception as bug:
            error = f"{type(bug).__name__}: {printable(bug)}. This is a bug in the collection, please report it."
        warnings = [*self._result.get("warnings", [])]
        if error:
            error = self._without_plan(error)
        rendering = Rendering(self._report(error))
        try:
            warnings += self._remember(rendering)
        except InputError as problem:
            error = self._without_plan(f"{error} {problem}".strip())
            rendering = Rendering(self._report(error))
        try:
            self._files.write(rendering)
        except InputError as problem:
            # The summary still shows what the run did.
            rendering = Rendering(self._report(self._without_plan(f"{error} {problem}".strip())))
            self._files = ReportFiles("", ())
        return {
            "changed": bool(self._result.get("changed")),
            "report": rendering.report,
            "summary": self._summary(rendering),
            "warnings": warnings,
            "diff": self._result.get("diff", []),
            **({"error": self._result["error"]} if "error" in self._result else {}),
        }

    def _start(self) -> None:
        """Check where the run writes its files, and read what an earlier run left there. Raises InputError."""
        value = self._variables.value
        try:
            # First, so that no plan of an earlier run is applied, whatever else is wrong.
            self._check_plans()
        finally:
            self._files = ReportFiles(folder_of(value("report_dir"), self._host), value("report_formats"))
        self._settings = replace(self._settings, journal=self._journal(self._files))
        if "json" in self._files.paths:
            self._last = read_last(self._files.paths["json"])
        self._name_what_runs()
        if path := self._new_path("history"):
            value("history_keep")  # checked here, as the run is remembered even if another variable is wrong
            history.check(path)
            self._history = path

    def _begin(self) -> None:
        """Write reports of an interrupted run in place of those of an earlier one. Raises InputError."""
        note = INTERRUPTED
        if journal := self._settings.journal:
            note += f" If its journal is there, undo what it changed with that; if not, nothing was written: {journal}"
        try:
            self._files.begin(Rendering(make_report(self._settings, {}, note, "")))
        except InputError:
            # No other report can be written, either.
            self._files = ReportFiles("", ())
            raise

    def _without_plan(self, error: str) -> str:
        """Let the plan of a run that failed not be applied. Return the error, with that of the plan's file."""
        if self._plan is None:
            return error
        try:
            self._plan.fail(f"the run that should have made it ended with an error: {error}")
        except InputError as problem:
            return f"{error} {problem}"
        return error

    def _check_plans(self) -> None:
        """Let an earlier plan in the file of a new one not be applied. Raises InputError."""
        value = self._variables.value
        if value("plan_file") and value("apply_plan"):
            names = f"{PREFIX}plan_file and {PREFIX}apply_plan"
            raise OptionError(names, "are both given", "Give one of them.")
        if self._settings.check_mode and (path := self._new_path("plan_file")):
            self._plan = PlanWriter({"plan_file": path}, True, time.time_ns() // 10**6, collection())

    def _name_what_runs(self) -> None:
        """Note the title and the plan, which reports name also when the run is interrupted. Raises InputError."""
        value = self._variables.value
        if title := value("title"):
            self._settings = replace(self._settings, title=title)
        plan = os.path.basename(value("apply_plan") or value("plan_file") or "")
        self._settings = replace(self._settings, plan=plan, applies_plan=bool(value("apply_plan")))

    def _remember(self, rendering: Rendering) -> list[str]:
        """Add the run to its history, and the history to its report. Return what to tell the user about it."""
        if not self._history:
            return []
        read = history.append(self._history, history.line_of(rendering.view), self._variables.value("history_keep"))
        rendering.add_history(read.lines)
        return [read.warning] if read.warning else []

    def _path(self, name: str) -> str:
        """Return the path that a variable names, or ''. As with reports, hosts other than localhost have their own."""
        given = self._variables.value(name)
        if not given:
            return ""
        folder, file = os.path.split(absolute(given))
        return os.path.join(folder_of(folder, self._host), file)

    def _new_path(self, name: str) -> str:
        """Return the path of a file that the run writes, '' without one. Creates the folder of a host of its own."""
        path = self._path(name)
        if path and self._host != "localhost":
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            except OSError as error:
                raise InputError(
                    PREFIX + name,
                    f"can't create the folder of {printable(path)}: {error.strerror or error}.",
                    "Give a path in a folder that can be created and written.",
                ) from None
        return path

    def _journal(self, files: ReportFiles) -> str:
        given = self._variables.value("journal")
        if self._settings.check_mode or given == "":
            return ""
        if given is not None:
            return self._new_path("journal")
        return journal_path(files.directory, self._settings.started_at) if files.directory else ""

    def _options(self) -> dict[str, Any]:
        """Return the options of stellar_cases. Raises InputError."""
        variables = self._variables
        variables.check()
        self._settings = replace(self._settings, fail_on=variables.value("fail_on"), case_url=self._case_url())
        journal = {"journal": self._settings.journal} if self._settings.journal else {}
        if plan := self._path("apply_plan"):
            # Whatever the policy says today
            return {"plan": plan, **variables.options(), **journal}
        path = variables.value("policy_file") or self._starter
        if variables.is_given("rules"):
            if os.path.realpath(absolute(path)) != os.path.realpath(self._starter):
                raise OptionError(
                    "case_hygiene_rules and case_hygiene_policy_file", "are both given", "Give one of them."
                )
            rules, title, policy = variables.value("rules"), "", "case_hygiene_rules"
        else:
            self._check_starter(absolute(path))
            content = read_policy(absolute(path), self._decrypt)
            rules, title, policy = content["rules"], content.get("title") or "", os.path.basename(path)
        title = variables.value("title") or title or self._settings.title
        self._settings = replace(self._settings, title=title, policy=policy)
        saved = {"plan_file": plan, "plan_title": title} if (plan := self._path("plan_file")) else {}
        options = variables.options()
        # Variables are shared by runs, also by those without a plan.
        options.pop("plan_guard", None)
        if not saved:
            options.pop("plan_max_age", None)
        return {"rules": rules, **options, **journal, **saved}

    def _case_url(self) -> str:
        pattern = self._variables.value("case_url") or ""
        if pattern and (problem := problem_of(pattern)):
            fields = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise OptionError(
                f"{PREFIX}case_url",
                f"{problem}; got {printable(pattern, 200)!r}",
                f"Give the address of a case in the browser, with {fields} in place of its values.",
            )
        return str(pattern)

    def _check_starter(self, path: str) -> None:
        """Raise InputError for a run that would write by the starter policy, which the user has not chosen."""
        if self._settings.check_mode or self._variables.value("use_starter_policy"):
            return
        if os.path.realpath(path) == os.path.realpath(self._starter):
            raise OptionError(
                "case_hygiene_policy_file",
                "is required for a run that changes cases",
                "Give your policy, or add --check to preview the starter policy. To apply that one, set "
                "case_hygiene_use_starter_policy to true.",
            )

    def _report(self, error: str) -> dict[str, Any]:
        settings = self._settings
        if settings.applies_plan and (plan := self._result.get("plan")) and not self._variables.value("title"):
            settings = replace(settings, title=plan["title"] or settings.title)
        if not os.path.exists(settings.journal):
            # The run wrote nothing to the platform.
            settings = replace(settings, journal="")
        return make_report(settings, {**self._result, "flapping": self._flapping}, error, _now())

    def _summary(self, rendering: Rendering) -> list[str]:
        """Return lines for a terminal."""
        report: Mapping[str, Any] = rendering.report
        lines = rendering.text("text").splitlines()
        if report["policy"] == os.path.basename(self._starter):
            lines.append("No policy was given: the run used the starter policy.")
        if report["result"] == "limit":
            lines.append(f"{PREFIX}max_changes is {self._variables.value('max_changes')}: nothing was changed.")
            lines.append(f"To allow this: -e {PREFIX}max_changes={self._result['error']['planned']}")
        if self._files.last:
            lines.append(f"Report: {self._files.last}")
        lines += self._lines_of_plan(report)
        undo_file = report["journal"] or self._files.paths.get("json", "")
        if report["undo"] and not undo_file:
            lines.append("Nothing was saved that undoes this run. Set case_hygiene_report_dir for the next one.")
        if report["undo"] and undo_file:
            command = undo_command(undo_file)
            lines.append(self._command("To undo", command))
        return lines

    def _lines_of_plan(self, report: Mapping[str, Any]) -> list[str]:
        """Return lines that say where the plan of a preview is, and how to apply it."""
        path = self._path("plan_file")
        if not path or report["mode"] != "check":
            return []
        if report["result"] in ("error", "limit"):
            return [f"Plan: none, and {path} says why"]
        if not report["counts"]["changed"]:
            return [f"Plan: {path} (nothing to apply)"]
        # As it was given: the role inserts the folder of the host again.
        plan = absolute(self._variables.value("plan_file"))
        # Reports have what undoes an apply.
        given = {f"{PREFIX}apply_plan": plan, f"{PREFIX}report_dir": os.path.join(os.path.dirname(plan), "applied")}
        if (limit := self._variables.value("max_changes")) != VARIABLES["max_changes"].default:
            # Without it, a plan that met this limit would not meet the default.
            given[f"{PREFIX}max_changes"] = limit
        if self._host != "localhost":
            # Which hosts there are, and their tenants, is known to the command that made the plans alone.
            variables = extra_variables(given)
            how = f"run the same command without --check, and with {variables} in place of {PREFIX}plan_file"
            return [f"Plan: {path}", self._command("To apply exactly these plans", how)]
        # Not the name: it is text of the platform, which Ansible would evaluate as a template.
        if is_platform_id(tenant_id := report["plan"]["tenant_id"]):
            given["stellar_tenant"] = tenant_id
        return [f"Plan: {path}", self._command("To apply exactly this plan", apply_command(given))]

    def _command(self, title: str, command: str) -> str:
        """Return a line with a command, which is shown apart if its quotes would not survive."""
        if '"' not in command:
            return f"{title}: {command}"
        # Ansible shows the summary as JSON, and a shell would misread its escapes.
        self._notify(f"{title}: {command}")
        return f"{title}: see the command above"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

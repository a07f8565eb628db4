# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from functools import partial
from typing import Any, Sequence

from ansible.plugins.action import ActionBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, CASE_INFO_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._cases_action import CasesAction
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import (
    PLAYBOOK,
    reject_unknown,
    reject_without_prefix,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._display import show
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import decrypted
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.run import Hygiene
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import (
    PREFIX,
    WITHOUT_PREFIX,
    Variables,
    reject_results,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.view import COULD_NOT_EVALUATE


class _CaseInfo(InProcessAction):
    module = "stellarcyber.xdr.stellar_case_info"
    options = CASE_INFO
    limits = CASE_INFO_LIMITS
    function = staticmethod(run_case_info)


class ActionModule(CasesAction):
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        ActionBase.run(self, tmp, task_vars)
        task_vars = task_vars or {}
        if "result" in self._task.args:
            return self._check(self._task.args["result"], task_vars)
        variables = Variables(task_vars, self._templar.template)
        try:
            reject_results(task_vars, self._task.get_vars())
            reject_without_prefix(PREFIX, WITHOUT_PREFIX, task_vars)
            reject_unknown(task_vars)
        except InputError as error:
            return _failure(str(error), True, task_vars)
        hygiene = self._hygiene(variables, task_vars)
        try:
            return hygiene.run()
        except BaseException as end:
            if isinstance(end, (KeyboardInterrupt, SystemExit)):
                raise
            # The task timeout is not an Exception. The reports say that the run was interrupted.
            reason = " ".join(filter(None, (f"{hygiene.could_not}: {printable(end)}", hygiene.how_to_undo)))
            return _failure(reason, True, task_vars)

    def _hygiene(self, variables: Variables, task_vars: dict[str, Any]) -> Hygiene:
        connection = {name: value for name, value in self._task.args.items() if name in CONNECTION}
        return Hygiene(
            variables,
            starter=os.path.join(str(task_vars.get("role_path", "")), "files", "starter_policy.yml"),
            host=str(task_vars.get("inventory_hostname", "")),
            check_mode=self._task.check_mode,
            stellar_cases=lambda options: self.run_module({**connection, **options}, task_vars),
            histories=lambda case_ids: self._histories(case_ids, connection, task_vars),
            decrypt=partial(decrypted, self._loader),
            notify=show,
        )

    def _histories(
        self, case_ids: Sequence[str], connection: dict[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the activities of cases by their ids, as far as they can be read."""
        reader = _CaseInfo(
            self._task, self._connection, self._play_context, self._loader, self._templar, self._shared_loader_obj
        )
        given = {**connection, "case_id": list(case_ids), "include": ["activities"]}
        cases = reader.run_module(given, task_vars).get("cases") or []
        return {case["_id"]: case["activities"] for case in cases}

    def _check(self, result: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return a failed result unless the policy check of an earlier task of this module passed."""
        report = result.get("report") if isinstance(result, dict) else None
        if not report:
            return _failure(f"{COULD_NOT_EVALUATE}, see the error above.", True, task_vars)
        if report["passed"]:
            return {"changed": False}
        return _failure(report["reason"], report["result"] == "error", task_vars)


def _failure(reason: str, is_error: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
    """Return a failed result. In the playbook hygiene, an error has exit code 4, and a failed check exit code 2."""
    if is_error and task_vars.get(PLAYBOOK) == "stellarcyber.xdr.hygiene":
        # No other result of a task has an exit code of its own beside failed.
        return {"changed": False, "unreachable": True, "msg": reason}
    return {"changed": False, "failed": True, "msg": reason}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of stellar_cases, which the role case_hygiene runs too: a user sees what goes on, and how to undo it."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES, CASES_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._display import show_progress
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._undo_line import undo_line


class CasesAction(InProcessAction):
    module = "stellarcyber.xdr.stellar_cases"
    options = CASES
    limits = CASES_LIMITS
    function = staticmethod(partial(run_cases, show=show_progress, during_writes=undo_line))

    def _run_as_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        is_here = self._connection.transport == "local" and not self._task.check_mode and not self._task.async_val
        # When the module writes is not seen from here.
        with undo_line(arguments.get("journal") if is_here else None):
            return super()._run_as_module(arguments, task_vars)

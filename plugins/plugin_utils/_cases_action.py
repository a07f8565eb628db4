# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of stellar_cases, which the role case_hygiene runs too: a user sees what goes on, and how to undo it."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES, CASES_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import Connect, OnSecret
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._display import show_progress
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._undo_line import (
    undo_line,
    was_undone,
)


def _run(params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect) -> dict[str, Any]:
    result = run_cases(params, check_mode, on_secret, connect, show_progress, undo_line, collection)
    if params["undo_file"] is not None and params["undo_only"] is None and not check_mode:
        was_undone(params["undo_file"])
    return result


class CasesAction(InProcessAction):
    """The action of stellar_cases, and the base of that of the role."""

    module = "stellarcyber.xdr.stellar_cases"
    options = CASES
    limits = CASES_LIMITS
    function = staticmethod(_run)

    def _run_as_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        is_here = self._connection.transport == "local" and not self._task.check_mode and not self._task.async_val
        journal = arguments.get("journal")
        # When the module writes is not seen from here. It does not write to a journal that exists.
        path = self._path(journal) if journal and is_here else None
        with undo_line(None if path is None or os.path.exists(path) else path):
            return super()._run_as_module(arguments, task_vars)

    def _path(self, given: str) -> str:
        """Return a path as a module reads it, which runs in the folder of the playbook."""
        return os.path.join(self._loader.get_basedir(), os.path.expanduser(given))

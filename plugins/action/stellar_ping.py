# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING, PING_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.ping import COLLECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import explained, run_ping
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._contract_files import ContractFiles
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    options = PING
    limits = PING_LIMITS
    function = staticmethod(run_ping)
    explained = staticmethod(explained)

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        given = self._task.args.get("contract_dir")
        # Any other value is an error of the options.
        files = ContractFiles(given) if isinstance(given, str) and given.strip() else None
        try:
            if files is not None:
                self._check(files)
            result = super().run(tmp, task_vars)
            _name_collection(result)
            if files is not None and "contract" in result:
                files.write(result["contract"])
                result["contract_files"] = files.paths
        except InputError as error:
            return {"failed": True, **explained(error).to_result()}
        return result

    def _check(self, files: ContractFiles) -> None:
        if self._task.async_val:
            raise InputError("contract_dir", "can't be combined with async.", "Leave async out.")
        files.check()


def _name_collection(result: dict[str, Any]) -> None:
    """Put the collection's version into a result: a module on another host does not have the collection's files."""
    if isinstance(result.get("report"), list):
        result["report"] = [line.replace(f" {COLLECTION},", f" {collection()},") for line in result["report"]]
    if isinstance(result.get("contract"), dict):
        made_by = result["contract"]["made_by"].replace(f"{COLLECTION},", f"{collection()},")
        result["contract"] = {**result["contract"], "made_by": made_by}

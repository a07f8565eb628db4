# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING, PING_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.ping import COLLECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import explained, run_ping
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    options = PING
    limits = PING_LIMITS
    function = staticmethod(run_ping)
    explained = staticmethod(explained)

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if isinstance(result.get("report"), list):
            # A module on another host does not have the collection's files.
            result["report"] = [line.replace(f" {COLLECTION},", f" {collection()},") for line in result["report"]]
        return result

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import read_policy


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec({"path": {"type": "path", "required": True}})
        path = os.path.abspath(arguments["path"])
        try:
            policy = read_policy(path)
        except InputError as error:
            return {"changed": False, "failed": True, **error.to_result()}
        return {"changed": False, "path": path, "policy": policy}

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import refuse_without_prefix
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import decrypted, read_policy
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._role_variables import (
    PREFIX,
    WITHOUT_DEFAULT,
    check_variables,
    evaluated,
)


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {"path": {"type": "path"}, "variables": {"type": "list", "elements": "str"}},
            required_one_of=[["path", "variables"]],
        )
        result: dict[str, Any] = {"changed": False}
        try:
            given = evaluated(arguments["variables"] or (), task_vars or {}, self._templar.template)
            check_variables(given)
            if arguments["variables"]:
                absent = (name for name in WITHOUT_DEFAULT if PREFIX + name not in given)
                refuse_without_prefix(PREFIX, absent, task_vars or {})
            if arguments["path"] is not None:
                result["path"] = os.path.abspath(arguments["path"])
                result["policy"] = read_policy(result["path"], partial(decrypted, self._loader))
        except InputError as error:
            return {"changed": False, "failed": True, **error.to_result()}
        return result

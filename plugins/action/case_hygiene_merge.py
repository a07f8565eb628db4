# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.shapes import shaped
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import PLAYBOOK, reject_unknown
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.merging import MERGE, merge_files


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        try:
            reject_unknown(task_vars)
            checked = ArgumentSpecValidator(**MERGE).validate(shaped(dict(self._task.args), MERGE))
            if checked.error_messages:
                raise AnsibleActionFail(checked.error_messages[0])
            return {"changed": False, **merge_files(checked.validated_parameters, time.time_ns() // 10**6)}
        except OptionError as error:
            # In the playbook, the user has given a variable.
            is_playbook = task_vars.get(PLAYBOOK) == "stellarcyber.xdr.hygiene_merge"
            option = f"merge_{error.option}" if is_playbook else error.option
            raise AnsibleActionFail(str(OptionError(option, error.problem, error.remedy))) from None
        except InputError as error:
            raise AnsibleActionFail(str(error)) from None

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.parsing.vault import AnsibleVaultError
from ansible.plugins.action import ActionBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import GIVE_PASSWORD, read_policy
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._role_variables import check_variables


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {"path": {"type": "path"}, "variables": {"type": "list", "elements": "str"}},
            required_one_of=[["path", "variables"]],
        )
        result = {"changed": False}
        try:
            check_variables(self._values(arguments["variables"] or (), task_vars or {}))
            if arguments["path"] is not None:
                result["path"] = os.path.abspath(arguments["path"])
                result["policy"] = read_policy(result["path"], self._decrypt)
        except InputError as error:
            return {"changed": False, "failed": True, **error.to_result()}
        return result

    def _values(self, names: Iterable[str], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the variables that are given. Raise InputError for one that can't be evaluated.

        In a template, default() and "is defined" take one with an undefined variable in it for one that is not given.
        """
        values = {}
        for name in names:
            if name in task_vars:
                remedy = "Define what it refers to, or leave the variable out."
                try:
                    values[name] = self._templar.template(task_vars[name])
                except AnsibleError as error:
                    raise InputError(f"{name} can't be evaluated", printable(error), remedy) from None
                # From ansible-core 2.19 on it is an error of Ansible's.
                if isinstance(values[name], str) and values[name] == task_vars.get("omit"):
                    raise InputError(f"{name} can't be evaluated", "It is Ansible's omit.", remedy)
        return values

    def _decrypt(self, path):
        """Return the content of a file that is encrypted with ansible-vault. Raises InputError.

        Ansible's errors are not quoted: some name the temporary file.
        """
        what, decrypted = f"Policy {printable(path)}", None
        try:
            # The one public way to the vault secrets of the run is by a temporary file, which only its user may read.
            decrypted = self._loader.get_real_file(path)
            with open(decrypted, "rb") as file:
                return file.read()
        except AnsibleVaultError:
            why = "is encrypted with ansible-vault, and no vault password of this run decrypts it."
        except AnsibleParserError as error:
            cause = error.__cause__ or getattr(error, "orig_exc", None)
            why = "is encrypted with ansible-vault, and this run has no vault password."
            if isinstance(cause, OSError):
                raise InputError(what, f"can't be decrypted: {cause.strerror}.", "Make room for it.") from None
        except (AnsibleError, OSError):
            raise InputError(
                what,
                "is encrypted with ansible-vault, and can't be decrypted.",
                "ansible-vault view says why: it is damaged, or the library cryptography is missing.",
            ) from None
        finally:
            if decrypted is not None:
                self._loader.cleanup_tmp_file(decrypted)
        raise InputError(what, why, GIVE_PASSWORD)

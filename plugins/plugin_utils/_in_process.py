# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of a module: it fills in the connection, and runs the module's function in Ansible's own process.

A module's run takes a new Python, 0.3 s, and a new token. Where the result is the same, the action checks the same
options and calls the same function, with one session and one token for a whole loop. Elsewhere the module runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from typing import Any, Callable, ClassVar, Collection, Iterator, Mapping

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import as_it_is, warnings_of, with_source
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import Call, arguments_of, validated

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None

# A platform closes a connection that was idle for 5 s or longer, and a request may be sent just then.
LONGEST_IDLE_S = 3.0
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# An option of ansible-core 2.21 and later: whether results have the key invocation. None where they always have it.
INJECT_INVOCATION = getattr(C, "INJECT_INVOCATION", None)

# Clients and when they were last used, by process and connection: a fork must not use its parent's.
_clients: dict[tuple[int, Connection], tuple[Client, float]] = {}
# The process that waits for the results of this one, by this one's
_parents: dict[int, int] = {}


class InProcessAction(ActionBase):
    """The action of a module that consists of a table of options and a function.

    limits: the options that limit or protect, beside those of the connection. module: its name, if it is not that of
    the task. explained: as of run_module().
    """

    TRANSFERS_FILES = False
    _supports_async = True

    options: ClassVar[dict[str, Any]]
    function: ClassVar[Callable[..., dict[str, Any]]]
    limits: ClassVar[Collection[str]]
    module: ClassVar[str] = ""
    explained: ClassVar[Callable[..., StellarError]] = staticmethod(as_it_is)

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        return self.run_module(self._task.args, task_vars or {})

    def run_module(self, given: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module with options that the task, module_defaults or another action gives, and return its result."""
        if _parents.setdefault(os.getpid(), os.getppid()) != os.getppid():
            return {"failed": True, "msg": "Nothing was sent: ansible-playbook, which waits for this task, has ended."}
        secrets: set[str] = set()
        try:
            arguments, sources = arguments_of(self._call, given, task_vars, self._templar.template, secrets.add)
        except StellarError as error:
            return _censored({"failed": True, **self.explained(error).to_result()}, secrets)
        if self._can_run_in_process(task_vars):
            return self._run_in_process(arguments, sources, secrets)
        return self._run_as_module(arguments, task_vars)

    def _run_as_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result: dict[str, Any] = self._execute_module(
            module_name=self.module or self._task.action,
            module_args=arguments,
            task_vars=task_vars,
            wrap_async=wrap_async,
        )
        return result

    @property
    def _call(self) -> Call:
        return Call(
            f"({self.module or self._task.action}) module", self.options, self.limits, "the task or module_defaults"
        )

    def _can_run_in_process(self, task_vars: dict[str, Any]) -> bool:
        """Return whether a run in this process has the same result as the module's own."""
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or ())
            and self._interpreter(task_vars) == sys.executable
            # The lookup of the system's proxy kills a forked process on macOS.
            and sys.platform != "darwin"
        )

    def _interpreter(self, task_vars: dict[str, Any]) -> Any:
        """Return the Python of the module, or "auto" where it has to be discovered."""
        if self._task.delegate_to:
            task_vars = task_vars["ansible_delegated_vars"][self._task.delegate_to]
        return self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars))

    def _run_in_process(self, arguments: dict[str, Any], sources: dict[str, str], secrets: set[str]) -> dict[str, Any]:
        """Run the function as a module's main() does. secrets: those in the arguments."""
        invocation: dict[str, Any] = {}
        if not self._connection.connected:
            # Else Ansible makes a new connection for each item.
            self._connection._connect()
        try:
            params, from_environment = validated(self._call, arguments)
            sources = {**sources, **from_environment}
            # Some may be from the environment.
            secrets.update(str(params[name]) for name in CONNECTION if _is_secret(name) and params[name])
            invocation = _shown(params, {**self.options["argument_spec"], **CONNECTION})
            # Relative paths start where they do for a module.
            with contextlib.chdir(self._loader.get_basedir()):
                result = self.function(params, self._task.check_mode, secrets.add, _cached_client)
        except StellarError as error:
            result = {"failed": True, **self.explained(with_source(error, sources)).to_result()}
        except AnsibleError as error:
            result = {"failed": True, "msg": str(error)}
        except Exception as error:
            bug = f"{type(error).__name__}: {printable(error)}. This is a bug in the collection, please report it."
            result = {"failed": True, "msg": bug, "exception": traceback.format_exc()}
        if invocation:
            _warn(result, warnings_of(result, params))
            if INJECT_INVOCATION in (None, True):
                result["invocation"] = {"module_args": invocation}
        return _censored(result, secrets)


def _warn(result: dict[str, Any], warnings: list[str]) -> None:
    """Pass warnings to the user, and to the conditions of the task."""
    if INJECT_INVOCATION is None:
        if warnings:
            result["warnings"] = warnings
        return
    # From ansible-core 2.21 on a condition sees what was shown to the user, and not what an action has in its result.
    for warning in warnings:
        Display().warning(warning)


def _is_secret(option: str) -> bool:
    return bool(CONNECTION[option].get("no_log"))


def _shown(params: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters as a result shows them."""
    return {name: HIDDEN if value is not None and spec[name].get("no_log") else value for name, value in params.items()}


def _censored(result: dict[str, Any], secrets: set[str]) -> dict[str, Any]:
    """Return a result without secrets, as AnsibleModule prints it. From 2.22 on Ansible hides what is registered."""
    if register_secret is not None:
        for secret in secrets:
            register_secret(secret)
        return result
    from ansible.module_utils.common.parameters import remove_values  # later cores warn of it

    # Whether it failed or changed is kept, whatever the key is.
    kept = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
    return {**remove_values(result, secrets), **kept}


@contextlib.contextmanager
def _cached_client(connection: Connection, on_secret: Callable[[str], Any]) -> Iterator[Client]:
    """Yield the client of an earlier item, with its own budget for this one."""
    key = os.getpid(), connection
    if key in _clients:
        client, used = _clients[key]
        if time.monotonic() - used > LONGEST_IDLE_S:
            client.close()
        client.reset(on_secret)
    else:
        client = Client(connection, on_secret)
    try:
        yield client
    finally:
        _clients[key] = client, time.monotonic()

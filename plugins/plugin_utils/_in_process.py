# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module in the process of its action, with one session and one token for a whole loop.

A module's run takes a new Python, 0.3 s, and a new token. So where that can't be told from it, the action
does all that Ansible does for a module but for one step: instead of starting the command that it built, it
runs the same AnsibleModule and the same function here, and takes what they print as the command's output.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Iterator

from ansible import constants as C
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.release import __version__

from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import run_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import module_arguments

# What is replaced here is private to ansible-core: with one that no test has seen, the module runs.
LAST_KNOWN_CORE = (2, 22)
_is_known_core = tuple(int(part) for part in __version__.split(".")[:2]) <= LAST_KNOWN_CORE

_internal: Any = None
_ENCODING: dict[str, Any] = {}
if _is_known_core:
    try:
        from ansible.module_utils import _internal
        from ansible.module_utils.common.json import Direction, get_module_encoder
    except ImportError:  # ansible-core 2.18
        from ansible.parsing.ajson import AnsibleJSONEncoder

        _ENCODING = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
    else:
        _ENCODING = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}

if TYPE_CHECKING:
    from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import Connection

# A platform closes a connection that was idle for 5 s or longer, and a call may just miss that.
LONGEST_IDLE_S = 3.0

# What the core built for a module, by its name
_builds: dict[str, Any] = {}
# Clients and when they were last used, by process and connection: a fork must not use its parent's.
_clients: dict[tuple[int, Connection], tuple[Client, float]] = {}


class InProcessAction(NormalAction):
    """The action of a module that consists of a table of options and a function of _run.py."""

    options: ClassVar[dict[str, Any]]
    function: ClassVar[Callable[..., dict[str, Any]]]

    _here = False
    _arguments: bytes | None = None
    _build: Any = None

    def _execute_module(self, *args: Any, task_vars: Any = None, **more: Any) -> Any:
        self._here = self._makes_no_difference(task_vars)
        return super()._execute_module(*args, task_vars=task_vars, **more)

    def _makes_no_difference(self, task_vars: dict[str, Any]) -> bool:
        """Whether nobody can tell a run here from the module's own."""
        return (
            _is_known_core
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or ())
            and self._interpreter(task_vars) == sys.executable
            # Looking for a proxy kills a forked process there.
            and sys.platform != "darwin"
            # Somebody wants to look at the module's files, or at the stack of its calls.
            and not C.DEFAULT_KEEP_REMOTE_FILES
            and getattr(C, "DISPLAY_TRACEBACK", ["never"]) == ["never"]
        )

    def _interpreter(self, task_vars: dict[str, Any]) -> Any:
        """The Python of the module, or "auto" where it has to be discovered."""
        if self._task.delegate_to:
            task_vars = task_vars["ansible_delegated_vars"][self._task.delegate_to]
        return self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars))

    def _is_pipelining_enabled(self, *args: Any, **more: Any) -> bool:
        # Without it, the command would be put into a file.
        return self._here or super()._is_pipelining_enabled(*args, **more)

    def _configure_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any, **more: Any) -> Any:
        build = partial(super()._configure_module, module_name, module_args, task_vars, **more)
        if not self._here:
            return build()
        try:
            self._arguments = json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, **_ENCODING).encode()
        except TypeError:
            return build()  # which fails in the core's own words
        self._build = _builds.get(module_name) or build()
        return self._build

    def _low_level_execute_command(self, *args: Any, **more: Any) -> Any:
        arguments, self._arguments = self._arguments, None
        if arguments is None:
            return super()._low_level_execute_command(*args, **more)
        # It holds the arguments of one item, so it is kept only now that it is known not to be started.
        _builds[self._task.action] = self._build
        if not self._connection.connected:
            # Else Ansible makes a new connection for each item.
            self._connection._connect()
        with contextlib.chdir(self._loader.get_basedir()):
            return _run_here(self.options, self.function, arguments)


def _run_here(options: dict[str, Any], function: Callable[..., dict[str, Any]], arguments: bytes) -> dict[str, Any]:
    """What a module's main() does, as the result of a command."""
    output, errors, status = io.StringIO(), io.StringIO(), 1
    with _as_on_a_target(arguments), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            run_module(basic.AnsibleModule(**module_arguments(options)), partial(function, connect=_kept_client))
        except SystemExit as exit_:
            status = exit_.code
        except Exception:
            traceback.print_exc()
    texts = {"stdout": output.getvalue(), "stderr": errors.getvalue()}
    return {"rc": status, **texts, **{f"{name}_lines": text.splitlines() for name, text in texts.items()}}


@contextlib.contextmanager
def _as_on_a_target(arguments: bytes) -> Iterator[None]:
    """Make module_utils what they are in a module's process: with its arguments, and with warnings for its result."""
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, "legacy"
    if _internal:
        _internal.is_controller = False
    try:
        yield
    finally:
        basic._ANSIBLE_ARGS = basic._ANSIBLE_PROFILE = None
        if _internal:
            _internal.is_controller = True


@contextlib.contextmanager
def _kept_client(connection: Connection, on_secret: Callable[[str], Any]) -> Iterator[Client]:
    """The client of an earlier item, with a budget of its own for this one."""
    key = os.getpid(), connection
    if key in _clients:
        client, used = _clients[key]
        if time.monotonic() - used > LONGEST_IDLE_S:
            client.close()
        client.begin(on_secret)
    else:
        client = Client(connection, on_secret)
    try:
        yield client
    finally:
        _clients[key] = client, time.monotonic()

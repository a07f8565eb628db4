# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that a user is shown, to be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from typing import Any, Mapping


def undo_command(path: str) -> str:
    """Return the command that undoes a run. path: of its report or journal."""
    return f"ansible-playbook stellarcyber.xdr.undo {extra_variables({'undo_file': path})}"


def apply_command(variables: Mapping[str, Any]) -> str:
    """Return the command that runs the playbook hygiene with variables, such as a plan."""
    return f"ansible-playbook stellarcyber.xdr.hygiene {extra_variables(variables)}"


def extra_variables(variables: Mapping[str, Any]) -> str:
    """Return the options of ansible-playbook that give variables."""
    return " ".join(f"-e {_extra_variable(name, value)}" for name, value in variables.items())


def _extra_variable(name: str, value: Any) -> str:
    given = f"{name}={value}"
    # As JSON, since Ansible ends a value at a space.
    return given if shlex.quote(given) == given else shlex.quote(json.dumps({name: value}))

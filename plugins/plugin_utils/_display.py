# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that a user sees while a task runs."""

from __future__ import annotations

from ansible import constants as C
from ansible.utils.display import Display

# Callbacks whose output on stdout is read by programs
_JSON = ("json", "jsonl")


def show(line: str) -> None:
    """Show a line at once. If the callback prints JSON to stdout, the line goes to stderr."""
    Display().display(line, color=C.COLOR_VERBOSE, stderr=prints_json())


def show_progress(line: str) -> None:
    """Show a line of progress at once, but none where the callback prints JSON to stdout."""
    if not prints_json():
        show(line)


def prints_json() -> bool:
    """Return whether the callback of this run prints JSON to stdout."""
    return str(C.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2] in _JSON

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that a user sees while a task runs."""

from __future__ import annotations

import multiprocessing
import os
import select

from ansible import constants as C
from ansible.utils.display import Display

# Callbacks whose output on stdout is read by programs
_JSON = ("json", "jsonl")


def show(line: str) -> None:
    """Show a line at once. If the callback prints JSON to stdout, the line goes to stderr."""
    if _is_read(2 if prints_json() else 1):
        Display().display(line, color=C.COLOR_VERBOSE, stderr=prints_json())


def _is_read(stream: int) -> bool:
    """Return whether a stream of ansible-playbook is still read, by its number.

    A line to a closed pipe, as after "| head -1", ends the thread of ansible-playbook that takes the results of tasks,
    which then waits for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return True
    try:
        file = os.open(f"/proc/{parent.pid}/fd/{stream}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        # Where there is no /proc, it is not known.
        return True
    try:
        poll = select.poll()
        poll.register(file, select.POLLOUT)
        return not any(event & select.POLLERR for _file, event in poll.poll(0))
    finally:
        os.close(file)


def show_progress(line: str) -> None:
    """Show a line of progress at once, but none where the callback prints JSON to stdout."""
    if not prints_json():
        show(line)


def prints_json() -> bool:
    """Return whether the callback of this run prints JSON to stdout."""
    return str(C.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2] in _JSON

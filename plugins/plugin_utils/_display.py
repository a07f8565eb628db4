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
_FLAGS = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def _stream(number: int) -> str | int | None:
    """Return where the process of a task finds a stream of ansible-playbook; None for a stream that is closed.

    Ansible loads this before it starts that process, whose own streams are /dev/null. A path is better than a
    descriptor: if ansible-playbook is killed, a program that reads its output need not wait for the task.
    """
    path = f"/proc/{os.getpid()}/fd/{number}"
    try:
        os.close(os.open(path, _FLAGS))
        return path
    except OSError:
        pass
    try:
        # A socket, or a file of another user, as after sudo
        return os.dup(number)
    except OSError:
        return None


_STREAMS = {number: _stream(number) for number in (1, 2)} if multiprocessing.parent_process() is None else {}


def show(line: str) -> None:
    """Show a line at once, or only log it if nothing reads it. If the callback prints JSON to stdout, use stderr.

    A line that can't be written, as after "| head -1", would end the thread of ansible-playbook that takes the results
    of tasks, which then waits for ever.
    """
    is_read = _is_read(_STREAMS.get(2 if prints_json() else 1))
    Display().display(line, color=C.COLOR_VERBOSE, stderr=prints_json(), log_only=not is_read)


def _is_read(stream: str | int | None) -> bool:
    """Return whether a stream is still read: not a pipe or socket without a reader, nor a terminal that is closed."""
    if stream is None:
        return False
    try:
        # A FIFO without a reader and a closed terminal can't be opened.
        file = os.open(stream, _FLAGS) if isinstance(stream, str) else os.dup(stream)
    except OSError:
        return False
    try:
        poll = select.poll()
        poll.register(file, select.POLLOUT)
        return not any(event & (select.POLLERR | select.POLLHUP) for _file, event in poll.poll(0))
    finally:
        os.close(file)


def show_progress(line: str) -> None:
    """Show a line of progress at once, but none where the callback prints JSON to stdout."""
    if not prints_json():
        show(line)


def prints_json() -> bool:
    """Return whether the callback of this run prints JSON to stdout."""
    return str(C.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2] in _JSON

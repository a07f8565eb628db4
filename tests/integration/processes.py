# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What any user of the machine (command lines) and the same user (environments) can see of a run's processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")


class Watch:
    """Each command line and environment that a process below the one named had, looked at all the time."""

    def __init__(self, ancestor: int) -> None:
        self._ancestor = ancestor
        self._known = set(_pids())
        self._over = threading.Event()
        self.command_lines: set[str] = set()
        self.environments: set[str] = set()

    def __call__(self) -> None:
        while not self._over.is_set():
            for pid in set(_pids()) - self._known:
                # It may have ended already.
                with suppress(OSError):
                    self._look(pid)
            time.sleep(0.002)

    def _look(self, pid: int) -> None:
        if not _is_below(pid, self._ancestor):
            self._known.add(pid)
            return
        # Not known from now on: it may execute another program.
        self.command_lines.add(_text(pid, "cmdline"))
        self.environments.add(_text(pid, "environ"))

    def end(self) -> None:
        self._over.set()


@contextmanager
def watched(ancestor: int) -> Iterator[Watch]:
    watch = Watch(ancestor)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def family(ancestor: int) -> list[int]:
    """Return a process and all below it.

    ansible-core 2.19 gives each worker a session of its own, so that a signal for a group does not reach it.
    """
    return [pid for pid in _pids() if _is_running_below(pid, ancestor)]


def kill(pids: list[int]) -> None:
    """Kill those of the processes that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _is_running_below(pid: int, ancestor: int) -> bool:
    try:
        return _is_below(pid, ancestor)
    except OSError:
        return False


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _is_below(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        # The name, in brackets, may have spaces in it.
        pid = int(_text(pid, "stat").rpartition(")")[2].split()[1])
    return pid == ancestor


def _text(pid: int, name: str) -> str:
    return (PROC / str(pid) / name).read_bytes().decode("utf-8", "replace").replace("\0", " ")

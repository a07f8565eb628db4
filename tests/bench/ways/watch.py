# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life and the memory of a module's process while a playbook runs, from /proc."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

INTERVAL_S = 0.01


class Watch(threading.Thread):
    """Looks at ansible-playbook (pid) and what it starts, until it ends.

    seconds: how long the module's process was there. module_mib, controller_mib: the most memory that it, and that
    Ansible's own largest process, ever had in use (VmHWM).
    """

    def __init__(self, pid: int, module: str) -> None:
        super().__init__(daemon=True)
        self.seconds = self.module_mib = self.controller_mib = 0.0
        self._pid = pid
        self._module = f"AnsiballZ_{module}.py"
        self.start()

    def run(self) -> None:
        first = None
        while _peak_mib(self._pid):
            for pid in _family(self._pid):
                peak, command = _peak_mib(pid), _command(pid)
                if len(command) > 1 and command[1].endswith(self._module):
                    first = first or time.monotonic()
                    self.seconds = time.monotonic() - first
                    self.module_mib = max(self.module_mib, peak)
                else:
                    self.controller_mib = max(self.controller_mib, peak)
            time.sleep(INTERVAL_S)


def _family(pid: int) -> Iterator[int]:
    """A process and all that came from it."""
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in file.read_text().split():
                yield from _family(int(child))


def _peak_mib(pid: int) -> float:
    """0 once the process has ended."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0
    return 0


def _command(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return []

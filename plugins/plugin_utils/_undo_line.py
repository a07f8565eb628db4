# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to undo a run that is interrupted: shown before its first write, and again as the last line after Ctrl-C.

After Ctrl-C the process of a task can't show anything: Ansible ends it. So ansible-playbook itself shows it at its
exit. It knows of the task by a file without a name that both have open: Ansible loads the action of a task before it
starts a process for it. If it ever did not, the line before the first write would still be there.
"""

from __future__ import annotations

import atexit
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from typing import Iterator

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._commands import undo_command
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._display import show


@contextmanager
def undo_line(journal: str | None) -> Iterator[None]:
    """Show how to undo what a run writes in here; if it is interrupted, once more when ansible-playbook ends.

    journal: the path of its journal; None, without one, shows nothing.
    """
    if journal is None:
        yield
        return
    path = os.path.abspath(journal)
    show(f"If this run is interrupted, undo its changes with: {undo_command(path)}")
    _note(path, True)
    try:
        yield
    except Exception:
        _note(path, False)
        raise
    # Ctrl-C and the timeout of a task are no Exception.
    _note(path, False)


def was_undone(journal: str) -> None:
    """Show no line for a run that was interrupted and undone since, as by a rescue."""
    _note(os.path.abspath(journal), False)


def _opened() -> int | None:
    try:
        file, name = tempfile.mkstemp()
        os.unlink(name)
    except OSError:
        # Where no file can be made, the line before the first write has to do.
        return None
    return file


# Journals of runs that write, or do not write any more: one line of JSON for each beginning and end
_notes = _opened()
_owner = os.getpid()


def _note(path: str, writes: bool) -> None:
    if _notes is not None:
        os.write(_notes, json.dumps([path, writes]).encode() + b"\n")


def _show_interrupted() -> None:
    if _notes is None or os.getpid() != _owner:
        return
    notes = os.pread(_notes, os.fstat(_notes).st_size, 0)
    journals: dict[str, bool] = dict(json.loads(line) for line in notes.splitlines())
    for path, writes in journals.items():
        # It is made right before the first write.
        if writes and os.path.exists(path):
            with suppress(OSError):  # as of a terminal that is closed
                show(f"The run was interrupted. Undo its changes with: {undo_command(path)}")


atexit.register(_show_interrupted)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run: a file from which the run can be undone, even if it was killed in the middle.

JSON lines. Before each write there is one with what undoes it if it arrives, after each write one with what undoes
what it did: the last line on a case counts (_undo.undo_file reads it). Lines go to the file at once.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any, Sequence

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._undo import (
    JOURNAL_HEADER,
    JOURNAL_LOST,
    JOURNAL_UNDO,
)


class Journal:
    """An open journal; without a path, one that forgets. Safe for threads. about: what its header says of the run."""

    def __init__(self, path: str | None, about: dict[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self._size = 0
        self._file = None if path is None else _create(path)
        try:
            self._write({JOURNAL_HEADER: 1, "collection": "stellarcyber.xdr", **(about or {})})
        except OSError as error:
            self.close()
            os.unlink(path or "")
            raise _refused(path, error) from None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def undo_by(self, item: dict[str, Any], lost: Sequence[str] = ()) -> None:
        """Write down the item that undoes a write, and what it can't. Raises OSError if it can't be kept."""
        self._write({JOURNAL_UNDO: item, **({JOURNAL_LOST: list(lost)} if lost else {})})

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        line = json.dumps(entry).encode("ascii") + b"\n"
        with self._lock:
            written = 0
            try:
                # One call for a line, so that a kill leaves all of it or nothing in nearly all cases.
                while written < len(line):
                    written += os.write(self._file, line[written:])
            except OSError:
                # A part of a line would spoil the one that is written after it.
                os.ftruncate(self._file, self._size)
                raise
            self._size += written


def _create(path: str) -> int:
    """A new file that only its owner can read. An older journal may be the only way back from an older run."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise _refused(path, error) from None


def _refused(path: str | None, error: OSError) -> InputError:
    if isinstance(error, FileExistsError):
        why, remedy = "it exists already.", "Give another name, or move the old one away: it undoes an earlier run."
    else:
        why, remedy = f"{error.strerror or error}.", "Give a path in a folder that exists and can be written."
    return InputError(f"Option journal: {path} can't be created", why, remedy + " Nothing was written.")

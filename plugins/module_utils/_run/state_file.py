# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file with the state of an event source, which is whole after any end of the process or the machine.

The first line is a state. Each of the others is what followed, until the next state replaces the file. The last line
may be cut.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from typing import Any, Iterable

from .._errors import InputError, printable

_LARGEST_BYTES = 256 * 1024 * 1024
_VERSION = 1
_HEADER = "stellar_cases"
FOLLOWING = "following"
_OTHER = "Give another state_file, or move this one away: then the source starts anew, as since says."


class StateFile:
    """The state file of one source. Only one process at a time has it. Safe for threads.

    identity: what the state is about, by its name in the file. A file about another is refused.
    """

    def __init__(self, path: str, identity: dict[str, str]) -> None:
        self._path, self._identity = path, identity
        self._lock = threading.Lock()
        # The file that was written last, to append to; None if that can't be done
        self._end: int | None = None
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._locked: int | None = os.open(f"{path}.lock", flags, 0o600)
        except OSError as error:
            raise self._error(f"can't be locked: {error.strerror}.", _PLACE) from None
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise self._error("is used by another event source.", "Give each source a state_file of its own.") from None

    def _error(self, why: str, remedy: str) -> InputError:
        return InputError(f"state_file {printable(self._path)}", why, remedy)

    def read(self) -> dict[str, Any] | None:
        """Return the state, with what was appended as FOLLOWING; None without a file. Raises InputError."""
        try:
            # A named pipe would block.
            with open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise self._error("is not a regular file.", _PLACE)
                content = file.read(_LARGEST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(f"can't be read: {error.strerror}.", _PLACE) from None
        try:
            first, *rest = content.split(b"\n") if len(content) <= _LARGEST_BYTES else [b"null"]
            state = json.loads(first)
            following = [json.loads(line) for line in rest[:-1]]
        except (ValueError, RecursionError):
            state = None
        if not isinstance(state, dict) or state.get(_HEADER) != _VERSION:
            raise self.broken("is not the state of this event source")
        for name, own in self._identity.items():
            if state.get(name) != own:
                theirs, ours = (printable(json.dumps(value), 100) for value in (state.get(name), own))
                # A hash says nothing to a reader.
                what = "another set of filters." if name == "filters" else f"another {name}: {theirs}, and not {ours}."
                raise self._error(f"is of a source with {what}", _OTHER)
        return {**state, FOLLOWING: following}

    def broken(self, why: str) -> InputError:
        """Return the error for a file that can't be used. It is left as it is."""
        return self._error(f"{why}. It was not changed.", _OTHER)

    def write(self, state: dict[str, Any]) -> None:
        """Put a state in the place of the one before. Raises OSError. Does nothing after close()."""
        content = json.dumps({_HEADER: _VERSION, **self._identity, **state}, separators=(",", ":")).encode("ascii")
        with self._lock:
            if self._locked is not None:
                self._forget_end()
                self._end = _replace(self._path, content + b"\n")

    def append(self, following: Iterable[Any]) -> bool:
        """Write what followed the state. Return whether that was done: else the state is to be written."""
        content = b"".join(json.dumps(item, separators=(",", ":")).encode("ascii") + b"\n" for item in following)
        with self._lock:
            if self._end is None:
                return False
            try:
                _write(self._end, content)
            except OSError:
                # What follows a line that is cut can't be read.
                self._forget_end()
            return self._end is not None

    def _forget_end(self) -> None:
        if self._end is not None:
            os.close(self._end)
            self._end = None

    def create(self, state: dict[str, Any]) -> None:
        """Write the state for the first time. Raises InputError."""
        try:
            self.write(state)
        except OSError as error:
            raise self._error(f"can't be written: {error.strerror}.", _PLACE) from None

    def close(self) -> None:
        """Give the file free for another process."""
        with self._lock:
            self._forget_end()
            if self._locked is not None:
                os.close(self._locked)
                self._locked = None


_PLACE = "Give a path in a folder that exists and can be written."


def _replace(path: str, content: bytes) -> int:
    """Replace a file by one that only its owner can read, and return it. All is on the disk before it has the name.

    Not by replace_file(): a source that is killed again and again leaves one temporary file, since its name is fixed.
    """
    temporary = f"{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(temporary, flags, 0o600)
    try:
        os.fchmod(file, 0o600)
        _write(file, content)
        os.rename(temporary, path)
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        os.close(file)
        raise
    return file


def _write(file: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.write(file, content[written:])
    os.fsync(file)

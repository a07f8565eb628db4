# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a user names for reading, and files that are written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile


def read_file(path: str) -> bytes:
    """Return the content of a file. Raises OSError.

    A named pipe that no process writes to would block for ever. It is empty here; one that is written to is read.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        os.set_blocking(file.fileno(), True)
        return file.read()


def replace_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Put a file in the place of the one before. Raises OSError, and the one before stays then.

    A reader never sees it incomplete. All of it is on the disk before it has the name, so that it is whole after any
    end of the process or the machine. A symbolic link in its place is replaced, not followed.
    """
    folder = os.path.dirname(path) or "."
    file, temporary = tempfile.mkstemp(dir=folder, prefix=".stellarcyber-")
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

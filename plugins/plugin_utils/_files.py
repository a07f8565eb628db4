# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that are written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile


def absolute(path: str) -> str:
    """Return a path as Ansible reads an option of type path, from the working directory of ansible-playbook."""
    return os.path.abspath(os.path.expanduser(os.path.expandvars(path)))


def replace_file(path: str, text: str, mode: int) -> None:
    """Write a file. A reader never sees it incomplete, and a symbolic link in its place is replaced, not followed."""
    file, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".stellarcyber-")
    try:
        with os.fdopen(file, "w", encoding="utf-8", errors="replace", newline="") as stream:
            stream.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of runs: a file on the controller with one line of JSON for each, of numbers and no text of cases.

Two runs may end at once. Each locks the file, appends one line, and replaces the file if it has too many. A run that
waited for the lock of a file that was replaced opens the new one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from typing import Any, Iterator, Mapping, NamedTuple

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import replace_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.report_files import MODE
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import numbers
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import counted

VERSION = 1
# Another run has the lock for milliseconds.
LOCK_S = 10.0
# A file that is mounted by itself, as in a container, or that is in a folder in which the user may not make files
_NO_RENAME = (errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV)
OF_A_RUN = ("started_at", "finished_at", "platform", "scope", "policy", "title", "mode", "result", "passed")


class Read(NamedTuple):
    """The lines of a history from before this run, and what to tell the user about it, or ''."""

    lines: list[dict[str, Any]]
    warning: str


def line_of(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line of a run. view: of its report."""
    report = view["report"]
    about = {name: report[name] for name in OF_A_RUN}
    return {"history": VERSION, **about, "by_plan": view["by_plan"], **numbers(view)}


def check(path: str) -> None:
    """Raise InputError for a file that can't be a history, before the run sends anything. It is created if needed."""
    with _locked(path) as file:
        _parsed(path, file)


def append(path: str, line: Mapping[str, Any], keep: int) -> Read:
    """Add a line to a history, of which the last lines are kept, and return those before it. Raises InputError."""
    with _locked(path) as file:
        lines, broken, ends = _parsed(path, file)
        text = json.dumps(line, ensure_ascii=False)
        if broken or len(lines) >= keep:
            kept = [*(json.dumps(each, ensure_ascii=False) for each in lines), text][-keep:]
            _replace(path, file, "".join(f"{each}\n" for each in kept))
        else:
            _write(file, f"{'' if ends else chr(10)}{text}\n")
    warning = ""
    if broken:
        were = "was no JSON of a run and was" if broken == 1 else "were no JSON of a run and were"
        warning = f"case_hygiene_history: {counted(broken, 'line')} of {printable(path, 200)} {were} removed."
    return Read(lines, warning)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[int]:
    """Open a history and lock it against other runs."""
    try:
        file = _open(path, time.monotonic() + LOCK_S)
        try:
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise InputError(
            "case_hygiene_history",
            f"can't write the history in {printable(path, 200)}: {error.strerror or error}.",
            "Give a file in a folder that exists and can be written.",
        ) from None


def _open(path: str, latest: float) -> int:
    while True:
        # A pipe would block.
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, MODE)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(None, "it is not a file")
            _lock(file, latest)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except FileNotFoundError:
            pass  # It was removed since, so that the next turn makes another.
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file: int, latest: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > latest:
                raise OSError(None, "another process has locked it") from None
            time.sleep(0.02)


def _parsed(path: str, file: int) -> tuple[list[dict[str, Any]], int, bool]:
    """Return the lines of a history, how many others there are, and whether the last one is complete."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as stream:
        content = stream.read()
    lines: list[dict[str, Any]] = []
    broken = 0
    for part in filter(None, content.split(b"\n")):
        line = _line(part)
        if line is None:
            broken += 1
        else:
            lines.append(line)
    if broken and not lines:
        raise InputError(
            "case_hygiene_history",
            f"{printable(path, 200)} is not a history of runs.",
            "Give another file, which the first run makes, or remove this one.",
        )
    return lines, broken, not content or content.endswith(b"\n")


def _line(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if isinstance(line, dict) and isinstance(line.get("history"), int) and line["history"] > VERSION:
        raise InputError(
            "case_hygiene_history",
            "the file is of a newer version of the collection.",
            "Use that version, or give another file.",
        )
    return line if isinstance(line, dict) and line.get("history") == VERSION else None


def _replace(path: str, file: int, text: str) -> None:
    """Replace the content of a history. file: it is open and locked."""
    try:
        # A link stays a link.
        replace_file(os.path.realpath(path), text.encode("utf-8", "replace"), stat.S_IMODE(os.fstat(file).st_mode))
    except OSError as error:
        if error.errno not in _NO_RENAME:
            raise
        # If the process or the machine ends in here, the lines from before are lost: they are statistics only, and
        # without this no run could be added any more.
        os.ftruncate(file, 0)
        _write(file, text)


def _write(file: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    if os.write(file, data) != len(data):
        raise OSError(None, "the file system is full")

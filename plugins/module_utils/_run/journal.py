# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run: a file from which the run can be undone, even if it was killed in the middle.

JSON lines. Before each write there is one with what undoes it if it arrives, after each write one with what undoes
what it did: the last line on a case counts (undo_file() reads it). Lines go to the file at once.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from typing import Any, NamedTuple, Sequence

from .._errors import InputError, OptionError, printable

# The keys of a journal's lines; the last two are also those of a result in a report
JOURNAL_HEADER = "journal"
JOURNAL_UNDO = "undo"
JOURNAL_IRREVERSIBLE = "irreversible"
JOURNAL_TICKET = "ticket_id"
# Of a report alone: a result of stellar_cases has all else that is read here
REPORT = "report"
# Of a journal's header and a report
PLATFORM = "platform"


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
            raise _not_created(path, error) from None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def append(self, item: dict[str, Any], irreversible: Sequence[str] = (), ticket: Any = None) -> None:
        """Append the item that undoes a write, and the fields that it can't. Raises OSError if that fails."""
        entry = {JOURNAL_UNDO: item, JOURNAL_IRREVERSIBLE: list(irreversible), JOURNAL_TICKET: ticket}
        self._write({name: value for name, value in entry.items() if value})

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
    """Create a file that only its owner can read. Never replaces one: it may be the only undo of an older run."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise _not_created(path, error) from None


def check_new(path: str | None) -> None:
    """Raise the InputError of a real run, in which a journal can't be created there."""
    if path is None:
        return
    folder = os.path.dirname(path) or os.curdir
    if os.path.lexists(path):
        number = errno.EEXIST
    elif not os.path.isdir(folder):
        number = errno.ENOENT
    elif not os.access(folder, os.W_OK | os.X_OK):
        number = errno.EACCES
    else:
        return
    # OSError makes the class of the number, such as FileExistsError.
    raise _not_created(path, OSError(number, os.strerror(number)))


def _not_created(path: str | None, error: OSError) -> InputError:
    if isinstance(error, FileExistsError):
        why, remedy = "it exists already.", "Give another name, or move the old one away: it undoes an earlier run."
    else:
        why, remedy = f"{error.strerror or error}.", "Give a path in a folder that exists and can be written."
    return InputError(f"journal: {path} can't be created", why, remedy + " Nothing was written.")


class UndoFile(NamedTuple):
    """What a run left to undo it.

    items: of the option cases. irreversible: what they can't restore, by case_id. platform: of which they are, '' if
    the file does not say so. tickets: the ticket numbers of cases, by case_id, as far as the file has them.
    """

    items: list[Any]
    irreversible: dict[str, list[str]]
    platform: str
    tickets: dict[str, Any]

    def only(self, names: Sequence[str]) -> UndoFile:
        """Return what undoes these cases, given by ticket number or id. Raises OptionError for another one."""
        items = {str(item.get("case_id")): item for item in self.items if isinstance(item, dict)}
        chosen: dict[str, Any] = {}
        for name in names:
            found = [case_id for case_id in items if name in (case_id, str(self.tickets.get(case_id) or case_id))]
            if not found:
                problem = f'names a case that undo_file has nothing to undo of: "{printable(name, 60)}"'
                remedy = "Give ticket numbers or ids, as the undo in check mode without undo_only shows them."
                raise OptionError("undo_only", problem, remedy)
            chosen.update((case_id, items[case_id]) for case_id in found)
        irreversible = {case_id: names for case_id, names in self.irreversible.items() if case_id in chosen}
        return self._replace(items=list(chosen.values()), irreversible=irreversible)


def undo_file(text: str, name: str) -> UndoFile:
    """Read a JSON report of the role case_hygiene, or a journal. name: of the file, for messages.

    Raises InputError, also for a file of a run that changed nothing.
    """
    remedy = (
        "Give the JSON report of the role case_hygiene, or the journal of the run. What a task returned as undo is for "
        "the option cases."
    )
    what = f"Could not read {printable(name)}"
    if not text.strip():
        raise InputError(what, "it is empty, as a journal is if the run ended before it wrote to the platform.", remedy)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = {JOURNAL_HEADER: None}  # of several lines
    if isinstance(content, dict) and REPORT in content and isinstance(content.get("undo"), list):
        undo, nothing = _report(content)
    elif isinstance(content, dict) and JOURNAL_HEADER in content and JOURNAL_UNDO not in content:
        undo, nothing = _journal(text, what, remedy)
    else:
        raise InputError(what, "it is neither a report of the role case_hygiene nor a journal.", remedy)
    if not undo.items:
        irreversible = sorted({printable(field, 80) for fields in undo.irreversible.values() for field in fields})[:20]
        why = f"what that run changed can't be undone: {', '.join(irreversible)}." if irreversible else nothing
        what = f"undo_file: {printable(name)} contains nothing to undo"
        raise InputError(what, why, "Give the report or the journal of the run to undo.")
    return undo


def _report(report: dict[str, Any]) -> tuple[UndoFile, str]:
    """Return what a report has to undo, and why that may be nothing. A preview has changed nothing."""
    is_preview = report.get("mode") == "check"
    given = report.get("case_results")
    results = [result for result in given if isinstance(result, dict)] if isinstance(given, list) else []
    irreversible = {str(result.get("case_id")): _names(result) for result in results if not is_preview}
    tickets = {str(result.get("case_id")): result.get(JOURNAL_TICKET) for result in results}
    if is_preview:
        nothing = "it is the report of a run in check mode, which changes nothing."
    elif report.get("error"):
        journal = printable(report.get("journal") or "")
        nothing = "that run failed or was ended, and its report names no change, but its journal may"
        nothing += f": {journal}." if journal else "."
    else:
        nothing = "that run changed nothing."
    return UndoFile(report["undo"], _without_empty(irreversible), str(report.get(PLATFORM) or ""), tickets), nothing


def _names(entry: dict[str, Any]) -> list[str]:
    """Return the irreversible fields of an entry of a journal or of a result of a report."""
    names = entry.get(JOURNAL_IRREVERSIBLE)
    return [str(name) for name in names] if isinstance(names, list) else []


def _without_empty(irreversible: dict[str, list[str]]) -> dict[str, list[str]]:
    return {case_id: names for case_id, names in irreversible.items() if names}


def _journal(text: str, what: str, remedy: str) -> tuple[UndoFile, str]:
    """Return the last entry of a journal for each case, and why it may undo nothing.

    Its last line may be cut, if the run was killed while it wrote.
    """
    lines = text.splitlines()
    items: dict[str, Any] = {}
    irreversible: dict[str, list[str]] = {}
    tickets: dict[str, Any] = {}
    platform = ""
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if number == 1:
                entry[JOURNAL_HEADER]
                platform = str(entry.get(PLATFORM) or "")
                continue
            item = entry[JOURNAL_UNDO]
            items[item["case_id"]] = item
            irreversible[str(item["case_id"])] = _names(entry)
            tickets[str(item["case_id"])] = entry.get(JOURNAL_TICKET)
        except (ValueError, KeyError, TypeError, RecursionError):
            if number == len(lines) and number > 1:
                break
            raise InputError(what, f"line {number} must be JSON of a report or a journal.", remedy) from None
    restoring = [item for item in items.values() if set(item) - {"case_id", "if_match", "if_unmodified_since"}]
    undo = UndoFile(restoring, _without_empty(irreversible), platform, tickets)
    return undo, "that run changed nothing." if items else "that run ended before its first write."

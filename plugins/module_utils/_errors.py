# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One exception family, and printable(), which makes text of the platform safe for a message.

Every message answers four questions, in this order: which action failed, what happened,
what that likely means, what to change.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from typing import Any, TypeVar

EXCERPT_LENGTH = 300

# Azure Pipelines, TeamCity and GitHub Actions run commands of these forms wherever they stand in a line of a log.
_LOG_COMMAND = re.compile(r"##(?=\w*\[)")

_Error = TypeVar("_Error", bound="StellarError")


class StellarError(Exception):
    """An error that ends a task, or fails a case, with a message for the user.

    None of the other types: the journal can't be written, `stellar_ping` warns, or the collection has a bug.

    context: the subject of the whole message, such as a rule; mostly empty.
    what: the action that failed, without a full stop.
    why: what happened and what it likely means.
    notes: further facts, in sentences. Callers may add some.
    remedy: what the user can change.
    details: method, path, status (HTTP), attempts: returned as RV(error), absent ones left out.
    """

    # The type in results, if it is not the name of the class
    type_name = ""

    def __init__(self, what: str, why: str, remedy: str = "", **details: Any) -> None:
        super().__init__(what, why, remedy)
        self.context = ""
        self.what, self.why, self.remedy = what, why, remedy
        self.notes: list[str] = []
        self.details = {name: detail for name, detail in details.items() if detail is not None}
        self.result: dict[str, Any] = {}
        # Of an API request: True if an attempt may have been applied although no answer confirms it.
        self.may_have_arrived = False
        # Of an API request: whether a smaller answer might do, because this one was too large or too late
        self.is_too_large = self.is_too_late = False
        # Of an API request: the seconds that the platform asks to wait before another one
        self.retry_after: float | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.context, self.what, self.reason) if part)

    @property
    def reason(self) -> str:
        """Return the message without the action that failed."""
        return " ".join(part for part in (self.why, *self.notes, self.remedy) if part)

    def __copy__(self: _Error) -> _Error:
        """Return a copy with its own notes, details and result, for another request with the same failure."""
        other = type(self).__new__(type(self))
        own = {"notes": list(self.notes), "details": dict(self.details), "result": dict(self.result)}
        other.__dict__.update(self.__dict__, **own)
        other.args = self.args
        return other

    @property
    def outcome_unknown(self) -> bool:
        """Return whether a write may have been made, and this could not be verified."""
        return bool(self.details.get("outcome_unknown"))

    def is_answer_to(self, path: str, *statuses: int) -> bool:
        """Return True for one of these HTTP statuses in the answer of a path, and not in that of the token exchange."""
        return self.details.get("status") in statuses and str(self.details.get("path")).endswith("/" + path)

    def to_result(self) -> dict[str, Any]:
        """Return the arguments of fail_json(), with the results so far."""
        error = dict(self.details, type=self.type_name or type(self).__name__)
        if self.remedy:
            error["remedy"] = self.remedy
        return dict(self.result, msg=str(self), error=error)


class InputError(StellarError):
    """An option, a policy or a file is not valid, or names a user, a tenant or a ticket that does not exist.

    Nothing was written before it was found.
    """


class OptionError(InputError):
    """An option has a value that is not valid, or none. Its message is a sentence about the option.

    option: its path, such as match.status. problem: what must be, and what came, without a full stop. source: where the
    value was given, if known.
    """

    type_name = "InputError"

    def __init__(self, option: str, problem: str, remedy: str, source: str = "") -> None:
        self.option, self.problem = option, problem
        super().__init__("", self._sentence(source), remedy)

    def given_by(self, source: str) -> OptionError:
        """Return the same error that names the source."""
        error = copy.copy(self)
        error.why = self._sentence(source)
        return error

    def _sentence(self, source: str) -> str:
        return f"{self.option}, from {source}, {self.problem}." if source else f"{self.option} {self.problem}."


class LimitError(InputError):
    """The run would change more cases than max_changes allows: it ended before its first write."""


class MissingLibraryError(StellarError):
    """The Python that runs the module does not have the library `requests`."""


class AuthenticationError(StellarError):
    """The platform refused the key or the token: HTTP 401."""


class ApiError(StellarError):
    """The platform answered with an error, or with an answer that its API never gives."""


class TransportError(StellarError):
    """No complete answer came: name resolution, TCP, TLS, a proxy, a timeout or a lost connection."""


class ConflictError(StellarError):
    """The case is not the one that the task is meant for: it is another tenant's, or was changed since it was read."""


class NotAppliedError(StellarError):
    """The platform accepted a write and did not apply all of it."""


class IncompleteError(StellarError):
    """A run of `stellar_cases` was not completed: not all cases were read, or some failed or were not started.

    `case_results` says which, and why.
    """


def printable(text: Any, length: int = EXCERPT_LENGTH) -> str:
    """Return a text from the platform, cut and made safe for a terminal and for the log of a pipeline."""
    text = str(text)
    return _LOG_COMMAND.sub("# #", on_one_line(text[:length])).strip() + ("..." if len(text) > length else "")


def on_one_line(text: str) -> str:
    """Return a text with control, format (such as right-to-left marks) and surrogate characters as spaces."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One exception family.

Every message answers four questions, in this order: what was tried, what happened,
what that likely means, what to change.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

EXCERPT_LENGTH = 300

# Azure Pipelines, TeamCity and GitHub Actions run commands of these forms wherever they stand in a line of a log.
_LOG_COMMAND = re.compile(r"##(?=\w*\[)")


class StellarError(Exception):
    """Anything that ends a task with a message for its user.

    what: the action that failed, without a full stop.
    why: what happened and what it likely means.
    remedy: what the user can change.
    facts: method, path, status (HTTP), attempts: returned as RV(error), absent ones left out.
    """

    # What a result calls it: the name of the class, if it isn't one of the family's own
    kind = ""

    def __init__(self, what: str, why: str, remedy: str = "", **facts: Any) -> None:
        super().__init__(" ".join(part for part in (what + ":", why, remedy) if part))
        self.what, self.why, self.remedy = what, why, remedy
        self.facts = {name: fact for name, fact in facts.items() if fact is not None}
        self.result: dict[str, Any] = {}
        # Of a call: True if a try of it may have arrived although no answer said so.
        self.may_have_arrived = False

    def __copy__(self) -> StellarError:
        """Another error of the same words, for another call that fails for it."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, facts=dict(self.facts), result=dict(self.result))
        other.args = self.args
        return other

    def append(self, words: str) -> None:
        """Add to the message what is known where the error passes by."""
        text = str(self)
        self.args = (f"{text}{'.' if text.endswith(')') and not words.startswith('(') else ''} {words}",)

    def insert(self, words: str) -> None:
        """Add to what happened, so that the remedy is read with it in mind."""
        before, remedy, after = str(self).rpartition(self.remedy or "\0")
        if remedy:
            self.args = (f"{before}{words} {remedy}{after}",)
        else:
            self.append(words)

    def is_answer_to(self, path: str, *statuses: int) -> bool:
        """True for one of these HTTP statuses in answer to a call, and not to that for the token which it needed."""
        return self.facts.get("status") in statuses and str(self.facts.get("path")).endswith("/" + path)

    def to_result(self) -> dict[str, Any]:
        """The arguments of fail_json(), with what was already done when the error came."""
        error = dict(self.facts, kind=self.kind or type(self).__name__)
        if self.remedy:
            error["remedy"] = self.remedy
        return dict(self.result, msg=str(self), error=error)


class InputError(StellarError):
    """The task asks for something that can't be: found before anything is written."""


class OptionError(InputError):
    """A connection option has a value that can't be used, or none. source: where the value was given, if known."""

    kind = "InputError"

    def __init__(self, option: str, why: str, remedy: str, source: str = "") -> None:
        super().__init__(f"Option {option}" + (f", from {source}" if source else ""), why + ".", remedy)
        self.option = option
        self._reason = why

    def given_by(self, source: str | None) -> OptionError:
        """Return the same error that names the source."""
        named = OptionError(self.option, self._reason, self.remedy, source or "")
        named.result = self.result
        return named


class LimitError(InputError):
    """The run would change more cases than max_changes allows: it ended before its first write."""


class MissingLibraryError(StellarError):
    """A Python library is missing on the machine that runs the module."""


class AuthenticationError(StellarError):
    """The platform refuses the key or the token (HTTP 401)."""


class ApiError(StellarError):
    """The platform answered, and the answer is an error or makes no sense."""


class TransportError(StellarError):
    """No complete answer came: name, TCP, TLS, proxy, time-out, lost connection."""


class ConflictError(StellarError):
    """The case isn't what the task was written for: other tenant, or touched since."""


class NotAppliedError(StellarError):
    """The platform accepted a write and did not do it."""


class IncompleteError(StellarError):
    """Not every case of a run was brought to its state; the result says which, and why."""


def printable(text: Any, length: int = EXCERPT_LENGTH) -> str:
    """Text from the platform, cut and made safe for a terminal and for the log of a pipeline."""
    text = str(text)
    return _LOG_COMMAND.sub("# #", on_one_line(text[:length])).strip() + ("..." if len(text) > length else "")


def on_one_line(text: str) -> str:
    """Text with control, format (such as right-to-left marks) and surrogate characters as spaces."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text)

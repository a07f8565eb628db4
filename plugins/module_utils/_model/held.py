# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Since when a case has had its status and its assignee, by its history.

The fields of an entry are inferred from clients (2024 to 2026), so what the history does not say for sure is undecided.
"""

from __future__ import annotations

from typing import Any, Sequence

from .case import assignee_label, moment
from .concurrent_changes import entry_value, quoted_value
from .times import platform_time

# What a case has before the first change of its status
_FIRST_STATUS = "New"
_NO_VALUE = object()
# The fields whose changes tell
HELD_FIELDS = ("status", "assignee")


class HistoryNeeded(Exception):
    """The history of a case decides, and was not read yet."""


class Undecided(Exception):
    """The history of a case does not tell. Its text says why, without a full stop."""


class Held:
    """Since when a case has had its values.

    case: as it was read. now_ms: when rules change it. history: its entries; None until they are read.
    """

    def __init__(self, case: dict[str, Any], now_ms: int) -> None:
        self.case = case
        self.now_ms = now_ms
        self.history: Sequence[dict[str, Any]] | None = None

    def since(self, state: dict[str, Any], name: str) -> int:
        """Return since when a field has its value, in ms. state: the case, or what rules before made of it.

        Raises HistoryNeeded or Undecided.
        """
        if (state.get(name) or "") != (self.case.get(name) or ""):
            return self.now_ms
        if self.history is None:
            raise HistoryNeeded
        return held_since(self.case, name, self.history)


def held_since(case: dict[str, Any], name: str, history: Sequence[dict[str, Any]]) -> int:
    """Return when a case got its value of a field for the last time, in ms. Raises Undecided."""
    # An entry without a new value is a change, to what is not known.
    changes = [
        entry for entry in history if entry.get("field") == name and entry.get("from") != entry.get("to", _NO_VALUE)
    ]
    if not changes:
        created_at = moment(case, "created_at")
        if name == "status" and case.get("status") == _FIRST_STATUS and created_at is not None:
            return created_at
        raise Undecided(f"its history has no change of the {name}")
    moments = [platform_time(entry.get("timestamp"), latest=True) for entry in changes]
    known = [at for at in moments if at is not None]
    if len(known) < len(moments):
        raise Undecided(f"its history has a change of the {name} without a valid time")
    last = max(known)
    values = [entry_value(entry) for entry, at in zip(changes, known) if at == last]
    if not any(_is_value_of(case, name, value) for value in values):
        raise Undecided(f"its history ends with the {name} {quoted_value(values[0])}, and it has {_shown(case, name)}")
    return last


def _shown(case: dict[str, Any], name: str) -> str:
    return quoted_value(assignee_label(case) if name == "assignee" else case.get(name))


def _is_value_of(case: dict[str, Any], name: str, value: Any) -> bool:
    if not isinstance(value, str) or name == "status":
        return bool(value == case.get(name))
    # Which name of a user the history has is not documented.
    names = (case.get("assignee"), case.get("assignee_name"))
    return bool(value) and value.casefold() in {each.casefold() for each in names if isinstance(each, str)}

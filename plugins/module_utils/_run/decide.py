# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether a case matches, as the rules of stellar_cases and the queries of stellar_case_info do."""

from __future__ import annotations

import copy
from typing import Any

from .._api.reader import Reader
from .._errors import ApiError, InputError, StellarError, TransportError
from .._model.case import label
from .._model.held import Held, HistoryNeeded, Undecided
from .._model.match import Match
from .cpu_limit import CpuTimeExceeded, CpuTimeLimit

# Computing time that all rules may take for one case. They take far less than a thousandth of it, unless a regular
# expression meets a name that was chosen to keep it busy for years.
LONGEST_DECISION_S = 1.0


class Decider:
    """Decides about the cases of one query.

    undecided: the errors of the cases that could not be decided, by their ids. They do not match.
    """

    def __init__(self, match: Match, reader: Reader) -> None:
        self.match = match
        self.undecided: dict[str, StellarError] = {}
        self._reader = reader

    def accepts(self, case: dict[str, Any]) -> bool:
        held = Held(case, self._reader.now_ms)
        try:
            try:
                return self._accepts(case, held)
            except HistoryNeeded:
                held.history = self._reader.held_history(case)
                return self._accepts(case, held)
        except (CpuTimeExceeded, Undecided, ApiError, TransportError) as error:
            self.undecided[case["_id"]] = why_undecided("match", case, error)
            return False

    def _accepts(self, case: dict[str, Any], held: Held) -> bool:
        if self.match.name is None:
            return self.match.accepts(case, held)
        with CpuTimeLimit(LONGEST_DECISION_S) as limit:
            return limit.call(lambda: self.match.accepts(case, held))

    @property
    def unusable(self) -> list[dict[str, Any]]:
        """Return the cases that could not be decided, as results show them."""
        return [{"case_id": case_id, "msg": str(error)} for case_id, error in self.undecided.items()]

    def check(self, found: int) -> None:
        """Raise the first error if no case matches, and one of those that could not be decided may."""
        if not found and self.undecided:
            raise next(iter(self.undecided.values()))


def why_undecided(what: str, case: dict[str, Any], reason: Exception) -> StellarError:
    """Return the error of a case for which it can't be said whether it matches. what: the conditions."""
    subject = f"Could not apply {what} to {label(case)}"
    if isinstance(reason, StellarError):
        error = copy.copy(reason)
        error.context = subject
        return error
    if isinstance(reason, Undecided):
        remedy = "Check its history in the platform; or do without status_for and assigned_for for such cases."
        return ApiError(subject, f"{reason}.", remedy)
    return InputError(
        subject,
        f"a regular expression of match.name took more than {LONGEST_DECISION_S:g} s on its name.",
        "Let no expression repeat a repetition, as (a+)+ does. An attacker may have chosen the name for this.",
    )

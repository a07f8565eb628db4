# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether a case matches, as the rules of stellar_cases and the queries of stellar_case_info do."""

from __future__ import annotations

from typing import Any

from .._errors import InputError, StellarError
from .._model.case import label
from .._model.match import Match
from .cpu_limit import CpuTimeExceeded, cpu_time_limit

# Computing time that all rules may take for one case. They take far less than a thousandth of it, unless a regular
# expression meets a name that was chosen to keep it busy for years.
LONGEST_DECISION_S = 1.0


class Decider:
    """Decides about the cases of one query.

    undecided: the errors of the cases that could not be decided, by their ids. They do not match.
    """

    def __init__(self, match: Match) -> None:
        self.match = match
        self.undecided: dict[str, StellarError] = {}

    def accepts(self, case: dict[str, Any]) -> bool:
        try:
            if self.match.name is None:
                return self.match.accepts(case)
            with cpu_time_limit(LONGEST_DECISION_S):
                return self.match.accepts(case)
        except CpuTimeExceeded:
            self.undecided[case["_id"]] = too_slow("match", case)
            return False

    @property
    def unusable(self) -> list[dict[str, Any]]:
        """Return the cases that could not be decided, as results show them."""
        return [{"case_id": case_id, "msg": str(error)} for case_id, error in self.undecided.items()]

    def check(self, found: int) -> None:
        """Raise the first error if no case matches, and one of those that could not be decided may."""
        if not found and self.undecided:
            raise next(iter(self.undecided.values()))


def too_slow(what: str, case: dict[str, Any]) -> InputError:
    """Return the error of a case whose name keeps a regular expression busy. what: the conditions."""
    return InputError(
        f"Could not apply {what} to {label(case)}",
        f"a regular expression of match.name took more than {LONGEST_DECISION_S:g} s on its name.",
        "Let no expression repeat a repetition, as (a+)+ does. An attacker may have chosen the name for this.",
    )

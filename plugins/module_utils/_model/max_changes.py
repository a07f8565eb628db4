# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of cases that a run may change: a number, or a percentage of the cases that it read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .._errors import LimitError, OptionError, printable


@dataclass(frozen=True)
class ChangeLimit:
    """max_changes. value: cases, or percent of the cases read."""

    value: Fraction
    is_percentage: bool

    @classmethod
    def parse(cls, text: str | None) -> ChangeLimit | None:
        """Return the limit of the option max_changes, None without one. Raises InputError."""
        if text is None:
            return None
        found = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%", text.strip())
        if not found:
            raise OptionError(
                "max_changes",
                f"must be a number, 0 or more, or a percentage; got {printable(text, 60)!r}",
                "Give 50, or 10%.",
            )
        if found.group(1) is not None:
            return cls(Fraction(found.group(1)), False)
        if Fraction(found.group(2)) > 100:
            raise OptionError("max_changes", f"must be from 0% to 100%, got {printable(text, 60)}", "Give 10%.")
        return cls(Fraction(found.group(2)), True)

    def check(self, changes: int, read: int) -> None:
        """Raise LimitError if there are more changes than this allows."""
        most = read * self.value / 100 if self.is_percentage else self.value
        if changes <= most:
            return
        given = f"{float(self.value):g}% of the {read} cases read" if self.is_percentage else f"{self.value}"
        planned = "1 change" if changes == 1 else f"{changes} changes"
        raise LimitError(
            "Aborted before the first write",
            f"{planned} planned, max_changes is {given}.",
            "See case_results, or the report. If the changes are intended, raise max_changes.",
        )

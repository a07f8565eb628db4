# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of cases that a run may change: a number, a percentage of the cases that it read, or the larger of both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .._errors import LimitError, OptionError, printable

_FORM = re.compile(r"(?:([0-9]{1,9})(?:\s+or\s+|$))?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%)?")


@dataclass(frozen=True)
class ChangeLimit:
    """max_changes. number: of cases. percent: of the cases read. The larger of those that are given counts."""

    number: int | None
    percent: Fraction | None

    @classmethod
    def parse(cls, text: str | None) -> ChangeLimit | None:
        """Return the limit of the option max_changes, None without one. Raises InputError."""
        if text is None:
            return None
        found = _FORM.fullmatch(text.strip())
        if not found or not any(found.groups()):
            raise OptionError(
                "max_changes",
                f"must be a number, 0 or more, or a percentage; got {printable(text, 60)!r}",
                "Give 50, 10%, or both as 25 or 10%.",
            )
        number, percent = found.groups()
        if percent is not None and Fraction(percent) > 100:
            raise OptionError("max_changes", f"must be from 0% to 100%, got {printable(text, 60)}", "Give 10%.")
        return cls(None if number is None else int(number), None if percent is None else Fraction(percent))

    def check(self, changes: int, read: int) -> None:
        """Raise LimitError if there are more changes than this allows."""
        most = Fraction(self.number or 0)
        if self.percent is not None:
            most = max(most, read * self.percent / 100)
        if changes <= most:
            return
        parts = [] if self.number is None else [f"{self.number}"]
        if self.percent is not None:
            parts.append(f"{float(self.percent):g}% of the {read} cases read")
        planned = "1 change" if changes == 1 else f"{changes} changes"
        larger = ", the larger of both" if len(parts) > 1 else ""
        raise LimitError(
            "Aborted before the first write",
            f"{planned} planned, max_changes is {' or '.join(parts)}{larger}.",
            "See case_results, or the report. If the changes are intended, raise max_changes.",
            planned=changes,
        )

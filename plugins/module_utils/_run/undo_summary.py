# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An undo in lines for a terminal: numbers, ids, and text that printable() made harmless.

Each line names a case by its ticket number first, then by its id, and by its tenant if the run was not limited to one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Sequence

from .._api.directory import ALL_TENANTS
from .._errors import IncompleteError, printable
from .._model.outcome import CHANGED, FAILED, OK, SKIPPED
from .bulk import CaseRun
from .journal import UndoFile

# Cases of each kind that are named; the others are counted.
SHOWN = 20


@dataclass(frozen=True)
class UndoSummary:
    """What an undo did, in check mode what it would do. origin: the platform and the scope of the run."""

    case_runs: Sequence[CaseRun]
    undo: UndoFile
    origin: dict[str, str]
    check_mode: bool

    def lines(self) -> list[str]:
        """Return the counts, the cases that were restored, why others were not, and what can't be undone."""
        restored = [self._name_of(case_run) for case_run in self._with_outcome(CHANGED)]
        lines = [self._counts()]
        if restored:
            lines.append(f"{'Planned' if self.check_mode else 'Restored'}: {_listed(restored)}")
        lines += self._reasons(SKIPPED) + self._reasons(FAILED) + self._irreversible()
        if self._with_outcome(SKIPPED) or self._with_outcome(FAILED):
            lines.append(f"{self._incomplete}: {self._left()}.")
        return lines

    def error(self, first: CaseRun) -> IncompleteError:
        """Return the error of an undo that is not complete. first: a case that it names."""
        return IncompleteError(
            self._incomplete,
            f"{self._left()}. First: {self._reason(first)}",
            "The summary has each of them. Fix the reason, then undo again: what is restored already stays.",
        )

    def _with_outcome(self, outcome: str) -> list[CaseRun]:
        return [case_run for case_run in self.case_runs if case_run.outcome == outcome]

    def _counts(self) -> str:
        where = f"{self.origin['platform']}, {self.origin['scope']}{', check mode' if self.check_mode else ''}"
        changed, ok, skipped, failed = (len(self._with_outcome(outcome)) for outcome in (CHANGED, OK, SKIPPED, FAILED))
        restored = f"{_cases(changed)} {'planned' if self.check_mode else 'restored'}"
        return f"Undo on {where}: {restored}, {ok} unchanged, {skipped} skipped, {failed} failed"

    @property
    def _incomplete(self) -> str:
        return f"The undo {'would not be' if self.check_mode else 'is not'} complete"

    def _left(self) -> str:
        counts = [(len(self._with_outcome(outcome)), outcome) for outcome in (SKIPPED, FAILED)]
        return f"{' and '.join(f'{count} {word}' for count, word in counts if count)} of {_cases(len(self.case_runs))}"

    def _reasons(self, outcome: str) -> list[str]:
        case_runs = self._with_outcome(outcome)
        lines = [f"{outcome.capitalize()}: {self._reason(case_run)}" for case_run in case_runs[:SHOWN]]
        return lines + [f"{outcome.capitalize()}: {text}" for text in _more(case_runs)]

    def _reason(self, case_run: CaseRun) -> str:
        return f"{self._name_of(case_run)}: {printable(case_run.why)}"

    def _irreversible(self) -> list[str]:
        by_fields: dict[str, list[str]] = defaultdict(list)
        case_runs = {case_run.summary["case_id"]: case_run for case_run in self.case_runs}
        for case_id, fields in self.undo.irreversible.items():
            name = self._name_of(case_runs[case_id]) if case_id in case_runs else self._name(case_id, {})
            by_fields[_listed([printable(field, 80) for field in fields])].append(name)
        lines = [f"Can't be undone: {fields} of {_listed(names)}" for fields, names in by_fields.items()]
        return lines[:SHOWN] + [f"Can't be undone: {text}" for text in _more(lines)]

    def _name_of(self, case_run: CaseRun) -> str:
        return self._name(str(case_run.summary["case_id"]), case_run.summary)

    def _name(self, case_id: str, summary: dict[str, Any]) -> str:
        ticket = summary.get("ticket_id") or self.undo.tickets.get(case_id)
        names = [printable(case_id, 60)]
        if summary.get("tenant") and self.origin["scope"] == ALL_TENANTS:
            names.append(printable(summary["tenant"], 60))
        # A ticket is a number. Anything else that a platform gives may be any text.
        return f"{ticket} ({', '.join(names)})" if isinstance(ticket, int) else ", ".join(names)


def _cases(count: int) -> str:
    return f"{count} {'case' if count == 1 else 'cases'}"


def _more(items: Sequence[Any]) -> list[str]:
    return [f"and {len(items) - SHOWN} more"] if len(items) > SHOWN else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:SHOWN], *_more(names)])

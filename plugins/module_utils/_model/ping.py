# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of stellar_ping, what the platform can do, and the report about both."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from .._errors import OptionError, StellarError

STEPS = (
    *("options", "library", "name", "proxy", "tcp", "tls"),
    *("key", "token", "read", "clock", "tenant", "capabilities"),
)
# With contract_dir only, after the others; and the steps that it needs
CONTRACT, NEEDED_BY_CONTRACT = "contract", ("read", "capabilities")
OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
ENDPOINTS = ("users", "tenants", "tenant_groups", "comments", "activities", "scores")
FILTERS = ("created_at", "modified_at", "score", "status", "severity", "tags")
SORTS = ("created_at", "modified_at")
# The name in a report, which the action replaces by the name with the version
COLLECTION = "stellarcyber.xdr"
_LINE = "{:<12}  {:<8}{:>12}  {}"


class Finding(NamedTuple):
    """What an attempt of a step found. redacted: the detail for a redacted report, if names can't be replaced in it."""

    detail: str
    status: str = OK
    remedy: str = ""
    redacted: str = ""


class Attempt(NamedTuple):
    """One attempt of a step: how long it took, and what it found or what went wrong."""

    seconds: float
    found: Finding | StellarError


@dataclass
class Step:
    """The result of a step. redacted: its detail for a redacted report; "" if names are replaced in it."""

    name: str
    status: str
    detail: str
    remedy: str = ""
    redacted: str = ""
    times_ms: list[float] = field(default_factory=list)
    error: StellarError | None = None

    def as_result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "name": self.name,
            "status": self.status,
            "ms": self._ms(statistics.median),
            "detail": self.detail,
            "remedy": self.remedy or None,
        }
        if len(self.times_ms) > 1:
            result.update(ms_min=self._ms(min), ms_max=self._ms(max))
        return result

    def _ms(self, of: Any) -> float | None:
        return round(of(self.times_ms), 1) if self.times_ms else None


def skipped(name: str, detail: str) -> Step:
    return Step(name, SKIPPED, detail)


def step_of(name: str, attempts: Sequence[Attempt], quotes_answers: bool) -> Step:
    """Return the result of the attempts of a step. quotes_answers: whether its errors may quote the platform."""
    times_ms = [attempt.seconds * 1000 for attempt in attempts]
    errors = [attempt.found for attempt in attempts if isinstance(attempt.found, StellarError)]
    findings = [attempt.found for attempt in attempts if isinstance(attempt.found, Finding)]
    if not errors:
        found = findings[-1]
        is_skipped = found.status == SKIPPED
        return Step(name, found.status, found.detail, found.remedy, found.redacted, [] if is_skipped else times_ms)
    error = errors[-1]
    detail = " ".join([f"{error.what}: {error.why}" if error.what else error.why, *error.notes])
    redacted = _without_answer(error) if quotes_answers else ""
    if not findings:
        return Step(name, FAILED, detail, error.remedy, redacted, times_ms, error)
    some = f"{len(errors)} of {len(attempts)} attempts failed: "
    return Step(name, WARNING, some + detail, error.remedy, redacted and some + redacted, times_ms)


def _without_answer(error: StellarError) -> str:
    """Return what an error is about, without the text of the platform in it."""
    details = error.details
    what = f"{details['method']} {details['path']}: " if {"method", "path"} <= set(details) else ""
    status = f", HTTP {details['status']}" if details.get("status") else ""
    too_late = ", no complete answer in time" if error.is_too_late else ""
    return f"{what}{type(error).__name__}{status}{too_late}."


def options_failed(error: StellarError, step: str) -> list[Step]:
    """Return the steps of a run that ended before its first one: step names the one that the error is about."""
    failed = Step(step, FAILED, error.why if not error.what else f"{error.what}: {error.why}", error.remedy)
    # An option's value may be what is to be kept out.
    failed.redacted = f"{error.option} is not valid." if isinstance(error, OptionError) else f"{type(error).__name__}."
    number = STEPS.index(step)
    before = [Step(name, OK, "Checked.") for name in STEPS[:number]]
    return [*before, failed, *(skipped(name, f"Waits for {step}.") for name in STEPS[number + 1 :])]


# -- what the platform can do ----------------------------------------------------------------------------


def no_capabilities() -> dict[str, Any]:
    """Return what results show of a platform, before anything is known."""
    return {
        "endpoints": dict.fromkeys(ENDPOINTS),
        "filters": dict.fromkeys(FILTERS),
        "sort": dict.fromkeys(SORTS),
        "without_window": None,
        "deep_skip": None,
        "unknown": {},
    }


def is_sorted(ascending: Sequence[Any], descending: Sequence[Any]) -> bool | None:
    """Return whether two first pages of a list show that it is sorted as requested; None if they can't tell."""
    values = [*ascending, *descending]
    if not ascending or not descending or any(not isinstance(value, (int, float)) for value in values):
        return None
    if min(values) == max(values):
        return None
    up, down = sorted(ascending), sorted(descending, reverse=True)
    return (list(ascending), list(descending)) == (up, down) and ascending[0] <= descending[0]


# -- the report ------------------------------------------------------------------------------------------


def report_of(
    steps: Iterable[Step],
    facts: Mapping[str, str],
    capabilities: Mapping[str, Any] | None,
    placeholders: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the lines of a report. facts: lines before the steps. placeholders: by names, for a redacted report."""

    def shown(text: str) -> str:
        return text if placeholders is None else replaced(text, placeholders)

    lines = [f"{name + ':':<12}  {shown(fact)}" for name, fact in facts.items()]
    for step in steps:
        ms = step.as_result()["ms"]
        detail = step.detail if placeholders is None or not step.redacted else step.redacted
        lines.append(_LINE.format(step.name, step.status, "" if ms is None else f"{ms} ms", shown(detail)))
        # A remedy may say which kind of key was sent.
        if step.remedy and not (placeholders is not None and step.name in ("options", "key", "token")):
            lines.append(_LINE.format("", "", "", "To do: " + shown(step.remedy)))
    return lines + [shown(line) for line in _capability_lines(capabilities or {})]


def _capability_lines(capabilities: Mapping[str, Any]) -> list[str]:
    lines = []
    for group, known in capabilities.items():
        if group != "unknown":
            points = known if isinstance(known, dict) else {"": known}
            words = ", ".join(f"{name} {_word(value)}".strip() for name, value in points.items())
            lines.append(f"{group + ':':<15}  {words}")
    reasons: dict[str, list[str]] = {}
    for name, why in capabilities.get("unknown", {}).items():
        reasons.setdefault(why, []).append(name)
    return [*lines, *(f"{'not known:':<15}  {', '.join(names)}. {why}" for why, names in reasons.items())]


def _word(value: Any) -> str:
    known = {None: "not known", True: "yes", False: "no"}
    return known[value] if value is None or isinstance(value, bool) else str(value)


def replaced(text: str, placeholders: Mapping[str, str]) -> str:
    """Return a text with names replaced by placeholders, whatever their case. Longer names come first."""
    known = {name.lower(): placeholder for name, placeholder in placeholders.items() if name}
    if not known:
        return text
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: known[found.group().lower()], text, flags=re.IGNORECASE)

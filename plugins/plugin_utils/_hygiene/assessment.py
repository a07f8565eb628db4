# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run of the role, its result, and whether the policy check passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import LimitError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import VERSION
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.view import COULD_NOT_EVALUATE
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import counted

NO_RESULT = f"{COULD_NOT_EVALUATE}: the module ended without a result."
# Keys of the result of stellar_cases, and what flaps, with their defaults for a run that failed early
_RESULT_DEFAULTS: dict[str, Any] = {
    "changed": False,
    "case_results": [],
    "findings": [],
    "rules": [],
    "flapping": [],
    "counts": {},
    "undo": [],
    "requests": {},
}


@dataclass(frozen=True)
class Settings:
    """The settings of a run, known before it starts. Times are ISO 8601, in UTC.

    journal: its path, or ''. plan: the name of the file of a plan that the run makes or applies, or ''.
    """

    collection: str
    started_at: str
    check_mode: bool
    title: str = "Case hygiene"
    policy: str = ""
    fail_on: str = "drift"
    journal: str = ""
    case_url: str = ""
    plan: str = ""
    applies_plan: bool = False


def failure_of(run: Mapping[str, Any]) -> str:
    """Return why a run of stellar_cases failed, or ''. run: its result, as an action or a module gives it."""
    if "counts" in run and "error" not in run:
        return ""
    # ansible-core 2.19 and later puts a traceback in exception, and not in msg.
    found = (run.get(name) for name in ("msg", "module_stderr", "exception"))
    texts = [str(text).strip() for text in found if text and str(text).strip()]
    if not texts:
        return NO_RESULT
    # The last line of a traceback is the error.
    return texts[0] if run.get("msg") else texts[0].splitlines()[-1]


def is_limit(run: Mapping[str, Any]) -> bool:
    """Return whether max_changes aborted a run before its first write."""
    error = run.get("error")
    return isinstance(error, Mapping) and error.get("type") == LimitError.__name__


def make_report(settings: Settings, run: Mapping[str, Any], error: str, finished_at: str) -> dict[str, Any]:
    """Return the report of a run, as it is in the variable case_hygiene_report and in hygiene.json.

    run: the result of stellar_cases, {} if it did not run. error: why the policy could not be evaluated, or ''.
    """
    module_result = {name: run.get(name, absent) for name, absent in _RESULT_DEFAULTS.items()}
    is_check = bool(run.get("check_mode", settings.check_mode))
    limited = is_limit(run)
    by_plan = settings.applies_plan
    result = "limit" if limited else "error" if error else _result(module_result["counts"], is_check, by_plan)
    failures = _check_failures(module_result["counts"], is_check, by_plan, settings.fail_on)
    reason = error
    if not error and failures:
        found = ", ".join(failures)
        reason = f"The policy check failed: {found}, and case_hygiene_fail_on is {settings.fail_on}."
    return {
        "report": VERSION,
        # From the result of the module, which resolves the connection. They are empty if the run failed before that.
        "platform": run.get("platform", ""),
        "scope": run.get("scope", ""),
        "collection": settings.collection,
        "title": settings.title,
        "mode": "check" if is_check else "apply",
        "policy": settings.policy,
        "plan": {"file": settings.plan, "applied": by_plan, **run.get("plan", {})} if settings.plan else {},
        "started_at": settings.started_at,
        "finished_at": finished_at,
        "result": result,
        "fail_on": settings.fail_on,
        "passed": not reason,
        "reason": reason,
        "error": "" if limited else error,
        "journal": settings.journal,
        "case_url": settings.case_url,
        **module_result,
        # Absent from a run that failed before it read the cases
        **{name: run[name] for name in ("oldest_unassigned_critical",) if name in run},
    }


def _result(counts: Mapping[str, Any], is_check: bool, by_plan: bool) -> str:
    changed, skipped, findings = (counts.get(name, 0) for name in ("changed", "skipped", "findings"))
    if is_check and (changed or skipped):
        return "drift"
    if skipped and (by_plan or not changed):
        return "skipped"
    if changed:
        return "changed"
    if by_plan:
        return "as_planned"
    return "findings" if findings else "compliant"


def _check_failures(counts: Mapping[str, Any], is_check: bool, by_plan: bool, fail_on: str) -> list[str]:
    """Return what fails the check. An apply has fixed the drift that it found, except in cases that others changed.

    The next run of a policy decides those again. Of a plan there is no next run.
    """
    changed, skipped, findings = (counts.get(name, 0) for name in ("changed", "skipped", "findings"))
    failures = []
    if is_check and changed and fail_on != "none":
        failures.append(f"{counted(changed, 'case')} would change")
    if by_plan and skipped and fail_on != "none":
        failures.append(f"{counted(skipped, 'case')} of the plan skipped")
    if findings and fail_on == "findings":
        failures.append(counted(findings, "finding"))
    return failures

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One report of several runs, such as one for each tenant: its numbers are those of one run over all their cases."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterable, Mapping, Sequence, Tuple

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.directory import ALL_TENANTS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import VERSION, problem_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import counted

# Its name in messages, and a report that render.problem_of() accepts
Run = Tuple[str, Mapping[str, Any]]

# What the whole is called, if its runs have different results: the first of these that a run has
RESULTS = ("error", "limit", "drift", "changed", "skipped", "findings", "compliant", "as_planned")
# Of plans, where a skipped case fails the policy check
RESULTS_OF_PLANS = ("error", "limit", "drift", "skipped", "changed", "findings", "compliant", "as_planned")
LISTS = ("case_results", "findings", "undo", "flapping")
OF_A_RUN = ("platform", "scope", "started_at", "finished_at", "result", "passed", "reason")
_OTHER_TENANTS = "Give reports of runs over different tenants."
# So many names are shown in one text.
MOST_NAMES = 5


def merge(runs: Sequence[Run], title: str, collection: str) -> dict[str, Any]:
    """Return one report of runs. title: '' for theirs. collection: name and version of the one that merges.

    Raises InputError for what is no report, and for runs whose sums would mean nothing.
    """
    for name, report in runs:
        _check(name, report)
    reports = [report for _name, report in runs]
    _check_modes(runs)
    _check_scopes(runs)
    _check_cases(runs)
    scopes = list(dict.fromkeys(filter(None, (str(report.get("scope") or "") for report in reports))))
    files = _joined(report.get("plan", {}).get("file") for report in reports)
    failed = [(name, report) for name, report in runs if not report["passed"]]
    errors = [name for name, report in runs if report["result"] == "error"]
    results = RESULTS_OF_PLANS if _applies_plan(reports[0]) else RESULTS
    return {
        "report": VERSION,
        "platform": _joined(report.get("platform") for report in reports),
        "scope": counted(len(scopes), "scope") if len(scopes) > 1 else "".join(scopes),
        "collection": collection,
        "title": title or _joined(report.get("title") for report in reports),
        "mode": reports[0]["mode"],
        "policy": _joined(report.get("policy") for report in reports),
        "plan": {"file": files, "applied": _applies_plan(reports[0])} if files else {},
        "started_at": min(filter(None, (str(report.get("started_at") or "") for report in reports)), default=""),
        "finished_at": max(str(report.get("finished_at") or "") for report in reports),
        "result": min((report["result"] for report in reports), key=results.index),
        "fail_on": _joined(report.get("fail_on") for report in reports),
        "passed": not failed,
        "reason": _reason(failed, len(runs)),
        "error": f"{counted(len(errors), 'run')} ended with an error: {_listed(errors)}." if errors else "",
        # Each run has its own.
        "journal": "",
        "case_url": _same(report.get("case_url") for report in reports),
        **_oldest(reports),
        "changed": any(report.get("changed") for report in reports),
        **{key: [row for report in reports for row in report.get(key, ())] for key in LISTS},
        # An undo is of one platform: the others' reports undo their own runs.
        **({"undo": []} if len({report.get("platform") for report in reports if report.get("platform")}) > 1 else {}),
        "rules": _rules(reports),
        "counts": _sums(report.get("counts", {}) for report in reports),
        "requests": _sums(report.get("requests", {}) for report in reports),
        "runs": [{"run": name, **{key: report.get(key, "") for key in OF_A_RUN}} for name, report in runs],
    }


def _check(name: str, report: Any) -> None:
    if problem := problem_of(report):
        raise InputError(
            f"{printable(name)} can't be merged",
            f"it is not a report of the role case_hygiene: {problem}.",
            "Give files named hygiene.json, or their folders.",
        )
    if report.get("runs"):
        raise InputError(
            f"{printable(name)} can't be merged",
            "it is a report of several runs itself.",
            "Give the reports of the runs, or write the merged report elsewhere.",
        )


def _check_modes(runs: Sequence[Run]) -> None:
    first = {mode: name for name, report in reversed(runs) for mode in (report["mode"],)}
    if len(first) > 1:
        names = " and ".join(f"{printable(name)} ({mode})" for mode, name in sorted(first.items()))
        raise InputError(
            f"{names} can't be merged",
            "what would change and what was changed can't be added.",
            "Give reports of runs in check mode, or of others.",
        )
    by_plan = {_applies_plan(report): name for name, report in reversed(runs)}
    if len(by_plan) > 1:
        raise InputError(
            f"{printable(by_plan[True])} and {printable(by_plan[False])} can't be merged",
            "the first is of a plan, for which no rule was evaluated.",
            "Give reports of plans, or of policies.",
        )


def _applies_plan(report: Mapping[str, Any]) -> bool:
    return report.get("plan", {}).get("applied") is True


def _check_scopes(runs: Sequence[Run]) -> None:
    """Raise InputError for two runs over the same tenants. Cases with nothing to change are counted, and not named."""
    of_scope: dict[tuple[str, str], str] = {}
    for name, report in runs:
        platform, scope = str(report.get("platform") or ""), str(report.get("scope") or "")
        # A run that failed early has no scope, and no numbers.
        if not scope:
            continue
        others = [
            other
            for (of, known), other in of_scope.items()
            if of == platform and (known in (scope, ALL_TENANTS) or scope == ALL_TENANTS)
        ]
        if others:
            raise InputError(
                f"{printable(others[0])} and {printable(name)} can't be merged",
                f"both are of {printable(platform, 100)}, one of them for {printable(scope, 100)}: cases would count "
                "twice.",
                _OTHER_TENANTS,
            )
        of_scope[platform, scope] = name


def _check_cases(runs: Sequence[Run]) -> None:
    """Raise InputError for a case that two runs read, since it would be counted twice."""
    of_case: dict[tuple[Any, Any], str] = {}
    for name, report in runs:
        for case_id in {str(row.get("case_id")) for key in ("case_results", "findings") for row in report.get(key, ())}:
            other = of_case.setdefault((report.get("platform"), case_id), name)
            if other != name:
                raise InputError(
                    f"{printable(other)} and {printable(name)} can't be merged",
                    f"both contain case {printable(case_id, 60)}, which would count twice.",
                    _OTHER_TENANTS,
                )


def _reason(failed: Sequence[Run], number: int) -> str:
    if not failed:
        return ""
    names = _listed([name for name, _report in failed])
    return f"The policy check of {len(failed):,} of {counted(number, 'run')} did not pass: {names}."


def _joined(values: Iterable[Any]) -> str:
    """Return the different values in their order."""
    return _listed(list(dict.fromkeys(str(value) for value in values if value)))


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _same(values: Iterable[Any]) -> str:
    """Return the one value of all, or ''."""
    different = {str(value or "") for value in values}
    return different.pop() if len(different) == 1 else ""


def _oldest(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return since when the oldest critical case has no assignee, if each run knows that."""
    name = "oldest_unassigned_critical"
    if not all(name in report for report in reports):
        return {}
    return {name: min((report[name] for report in reports if isinstance(report[name], (int, float))), default=None)}


def _sums(tables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of each number. One that a run has as null, unknown, is unknown."""
    sums: Counter[str] = Counter()
    unknown: set[str] = set()
    for table in tables:
        for name, number in table.items():
            if isinstance(number, int):
                sums[name] += number
            else:
                unknown.add(name)
    return {name: None if name in unknown else number for name, number in {**dict.fromkeys(unknown, 0), **sums}.items()}


def _rules(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each rule once, by its name, with the sums of its numbers."""
    rules: dict[str, dict[str, Any]] = {}
    for report in reports:
        for rule in report.get("rules", ()):
            known = rules.setdefault(str(rule.get("name")), {**rule, **dict.fromkeys(_numbers(rule), 0)})
            for key in _numbers(rule):
                known[key] = (known[key] if isinstance(known.get(key), int) else 0) + rule[key]
    return list(rules.values())


def _numbers(rule: Mapping[str, Any]) -> list[str]:
    return [key for key, value in rule.items() if isinstance(value, int) and not isinstance(value, bool)]

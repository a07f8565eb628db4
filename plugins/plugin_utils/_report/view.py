# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a report for its templates: its rows by rule, its charts, and its test suites."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterable

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import SEVERITIES, STATUSES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.outcome import NOT_APPLIED, OUTCOMES
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.links import address, problem_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import trend
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import (
    EPOCH,
    NONE,
    counted,
    iso,
    moment,
    read_time,
    short,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import text_of as _text

Row = Dict[str, Any]

TEXTS = (
    "title",
    "collection",
    "platform",
    "scope",
    "policy",
    "started_at",
    "finished_at",
    "fail_on",
    "reason",
    "error",
    "case_url",
)
REQUESTS = ("read", "write", "recheck", "retry")
ROWS = ("case_results", "findings", "rules", "undo", "flapping", "runs", "history")
# The bars of a chart. One more has the rest.
BARS = 8
# The beginning of the reason of a run that ended with an error
COULD_NOT_EVALUATE = "The policy could not be evaluated"
COULD_NOT_APPLY = "The plan could not be applied"


def view(report: Row) -> Row:
    """Return the variables of the templates. report: checked, with all its texts sanitised."""
    # A run that failed early has few of the keys.
    report = {
        **report,
        **{key: _text(report.get(key)) for key in TEXTS},
        "requests": {key: _whole(report.get("requests", {}).get(key)) for key in REQUESTS},
        **{key: report.get(key, []) for key in ROWS},
        "plan": _plan(report.get("plan", {})),
    }
    report["title"] = report["title"] or "Cases"
    applied = report["mode"] == "apply"
    by_plan = report["plan"]["applied"]
    results = [_case(row) for row in report["case_results"]]
    findings = [_case(row) for row in report["findings"]]
    given = report.get("counts", {})
    counts = _counts(given, results, findings)
    # Of a run that wrote, they are what its end left out. One of several runs may have met its limit before any write.
    wrote = counts["changed"] or report["requests"]["write"]
    planned = [row for row in results if _is_planned(row)] if report["runs"] or not wrote else []
    counts["planned"] = len(planned)
    counts["skipped"] = max(0, counts["skipped"] - len(planned))
    is_error = bool(report["error"]) or report["result"] == "error"
    # Without counts and rows, the zeros of a run that failed mean "unknown".
    is_known = bool(given or results or findings) or not is_error
    rules = _rules(report["rules"], findings, results, planned)
    problem = (report["error"].strip() or "the run ended with an error").rstrip(".") if is_error else ""
    limit = report["reason"].strip().rstrip(".") if report["result"] == "limit" else ""
    summary = _summary(counts, applied, is_error, by_plan)
    edited = [row for row in results if row["concurrent_changes"]]
    undetermined = [row for row in results if row["concurrent_changes"] is None]
    flapping = [_flap(row) for row in report["flapping"]]
    runs = [_run(row) for row in report["runs"]]
    if (pattern := report["case_url"]) and not problem_of(pattern):
        for row in [*results, *findings, *flapping]:
            row["url"] = address(pattern, {"platform": report["platform"], **row})
    started, finished = read_time(report["started_at"]), read_time(report["finished_at"])
    seconds = max(0.0, (finished - started).total_seconds()) if started and finished else None
    content = {
        "report": report,
        "headline": _headline(report, by_plan),
        "applied": applied,
        "plan": report["plan"],
        # No rule was evaluated, so that nothing is known of the other cases.
        "by_plan": by_plan,
        "could_not": COULD_NOT_APPLY if by_plan else COULD_NOT_EVALUATE,
        "counts": counts if is_known else None,
        "problem": problem,
        "limit": limit,
        "summary": summary,
        "written": _written(report, counts, is_known, is_error),
        "duration": "" if seconds is None else _duration(round(seconds)),
        # Times of JUnit have no time zone.
        "timestamp": (started or EPOCH).isoformat(timespec="seconds")[:19],
        "rules": rules,
        "findings": findings,
        **{
            outcome: [row for row in results if row["outcome"] == outcome and row not in planned]
            for outcome in ("changed", "failed", "skipped")
        },
        "planned": planned,
        "edited": edited,
        "edits": _edits(edited),
        "undetermined": undetermined,
        "flapping": flapping,
        "flaps": Counter(row["rule"] for row in flapping),
        "runs": runs,
        "charts": _charts(rules, [*(row for row in results if row["outcome"] == "changed"), *planned], findings),
        "tallies": {field: _tally(field, results, findings) for field in ("severity", "tenant")},
        "suites": [
            _run_suite(
                report,
                summary,
                problem,
                limit,
                seconds or 0.0,
                [*_edit_lines(edited, undetermined), *_flap_lines(flapping)],
            ),
            *_suite_of_runs(runs),
            *_suites(rules, results, applied, "as planned" if by_plan else "compliant"),
        ],
    }
    return {**content, "trend": trend(report["history"], content)}


def _headline(report: Row, by_plan: bool) -> str:
    """Return the title, the platform and the scope. A run that failed early has no platform and no scope."""
    platform = f"{report['title']} on {report['platform']}" if report["platform"] else report["title"]
    return ", ".join(filter(None, (platform, report["scope"], "by a plan" if by_plan else "")))


def _plan(given: Row) -> Row:
    """Return the plan that a run made, or applied; without one its texts are empty."""
    texts = {key: _text(given.get(key)) for key in ("file", "created_at", "valid_until", "sha256")}
    return {**texts, "applied": given.get("applied") is True}


# Cases


def _case(row: Row) -> Row:
    """Return a row of case_results or findings with every key that a template uses."""
    texts = ("case_id", "ticket_id", "name", "tenant", "status", "severity", "assignee", "outcome", "rule", "reason")
    case: Row = {key: _text(row.get(key)) for key in texts}
    case["url"] = ""
    case["ticket"] = case["ticket_id"] or case["case_id"] or NONE
    case["changes"] = [_change(change) for change in row.get("changes", [])]
    # Null: could not be determined. Absent: no changes by others.
    concurrent_changes = row.get("concurrent_changes", [])
    case["concurrent_changes"] = None if concurrent_changes is None else [_edit(edit) for edit in concurrent_changes]
    case["rules"] = _texts(row.get("rules"))
    case["irreversible"] = _texts(row.get("irreversible"))
    for name in ("created", "modified"):
        time = row.get(f"{name}_at")
        case[f"{name}_at"], case[f"{name}_iso"] = moment(time), iso(time)
    error = row.get("error")
    case["error"] = error if isinstance(error, dict) else {}
    return case


def _change(change: Row) -> Row:
    """Return a change as marked values before and after, and in words."""
    before, after = change.get("before"), change.get("after")
    # Items of a list are compared one by one.
    one_by_one = isinstance(before, list) or isinstance(after, list)
    old, new = _texts(before), _texts(after)
    if one_by_one:
        words = ", ".join(
            [f"+{item}" for item in new if item not in old] + [f"-{item}" for item in old if item not in new]
        )
    else:
        words = f"{(old or [NONE])[0]} -> {(new or [NONE])[0]}"
    return {
        "field": _text(change.get("field")),
        "before": [{"text": item, "mark": "kept" if one_by_one and item in new else "gone"} for item in old],
        "after": [{"text": item, "mark": "kept" if one_by_one and item in old else "new"} for item in new],
        "words": f"{_text(change.get('field'))}: {words}",
    }


def _edit(edit: Row) -> Row:
    """Return a change by another user while the case was updated."""
    value = edit.get("value")
    return {
        "field": _text(edit.get("field")),
        "value": ", ".join(_texts(value)) or NONE,
        "by": _text(edit.get("by")) or "(unknown)",
        "kept": bool(edit.get("kept")),
    }


def _edits(edited: list[Row]) -> str:
    """Return the number of cases that others changed, in words."""
    replaced = sum(not edit["kept"] for row in edited for edit in row["concurrent_changes"])
    were = "was" if len(edited) == 1 else "were"
    lost = f"{replaced:,} of their values {'was' if replaced == 1 else 'were'} replaced"
    outcome = lost if replaced else "all their changes were kept"
    return f"{counted(len(edited), 'case')} {were} changed by others; {outcome}"


def _edit_lines(edited: list[Row], undetermined: list[Row]) -> list[str]:
    """Return each edit in words, for a format without tables."""
    lines = [f"{_edits(edited)}:"] if edited else []
    for row in edited:
        for edit in row["concurrent_changes"]:
            outcome = "kept" if edit["kept"] else "replaced"
            lines.append(f"{_title(row)}: {edit['field']} to {edit['value']} by {edit['by']} ({outcome})")
    return lines + [f"{_title(row)}: could not determine whether others changed it" for row in undetermined]


def _flap(row: Row) -> Row:
    """Return a change that others undid since the last run."""
    texts = {key: _text(row.get(key)) for key in ("case_id", "ticket_id", "field")}
    return {
        **texts,
        "ticket": texts["ticket_id"] or texts["case_id"] or NONE,
        "rule": _text(row.get("rule")) or NONE,
        "by": _text(row.get("by")) or "(unknown)",
        "url": "",
    }


def _run(row: Row) -> Row:
    """Return a run of a merged report."""
    texts = {key: _text(row.get(key)) for key in ("run", "scope", "result", "reason")}
    return {**texts, "run": texts["run"] or NONE, "passed": row.get("passed") is True}


def _flap_lines(flapping: list[Row]) -> list[str]:
    return [
        f"case {row['ticket']} ({row['case_id'] or NONE}): {row['field']} was changed back by {row['by']} "
        f"since the last run, rule {row['rule']}"
        for row in flapping
    ]


def _texts(value: Any) -> list[str]:
    """Return the items of a list, or the one value, without nulls and empty texts."""
    return [_text(item) for item in (value if isinstance(value, list) else [value]) if item is not None and item != ""]


def _rules(rules: list[Row], findings: list[Row], results: list[Row], planned: list[Row]) -> list[Row]:
    """Return the rules, each with its findings. A finding is shown even if its rule is not listed."""
    outcomes = Counter((name, row["outcome"]) for row in results for name in row["rules"])
    aborted = Counter(name for row in planned for name in row["rules"])
    known = {_text(rule.get("name")): rule for rule in rules}
    by_rule: dict[str, list[Row]] = {name: [] for name in known}
    for finding in findings:
        by_rule.setdefault(finding["rule"], []).append(finding)
    return [
        {
            "name": name or NONE,
            "description": _sentence(_text(known.get(name, {}).get("description")).strip()),
            "matched": _whole(known.get(name, {}).get("matched")) or 0,
            # Some reports also count planned changes here, even of a run that was aborted.
            "changed": min(_whole(known.get(name, {}).get("changed")) or 0, outcomes[name, "changed"]),
            "reports": bool(rows or known.get(name, {}).get("finding")),
            "findings": rows,
            "failed": outcomes[name, "failed"],
            "skipped": outcomes[name, "skipped"] - aborted[name],
            "planned": aborted[name],
        }
        for name, rows in by_rule.items()
    ]


# Numbers, times and long texts


def _sentence(text: str) -> str:
    """Return a text to which another sentence can be added."""
    return f"{text}." if text and text[-1] not in ".!?:;…" else text


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _counts(given: Row, results: list[Row], findings: list[Row]) -> Row:
    outcomes = Counter(row["outcome"] for row in results)
    counted_here = {outcome: outcomes[outcome] for outcome in OUTCOMES}
    known = {name: number for name, number in given.items() if isinstance(number, int)}
    return {"read": None, **counted_here, "findings": len(findings), **known}


def _is_planned(row: Row) -> bool:
    return bool(row["outcome"] == "skipped" and row["reason"].startswith(NOT_APPLIED))


def _summary(counts: Row, applied: bool, is_error: bool, by_plan: bool) -> str:
    changed, planned, skipped = counts["changed"], counts["planned"], counts["skipped"]
    verb = "would change" if not applied else "was changed" if changed == 1 else "were changed"
    parts = [
        f"{counted(changed, 'case')} {verb}" if changed else "",
        f"{counted(planned, 'case')} planned, not applied" if planned else "",
        counted(counts["findings"], "finding") if counts["findings"] else "",
        f"{counted(counts['failed'], 'case')} failed" if counts["failed"] else "",
        f"{counted(skipped, 'case')} skipped" if skipped else "",
    ]
    nothing = "All cases of the plan are as planned" if by_plan else "Nothing to change, and no findings"
    return ", ".join(filter(None, parts)) or ("" if is_error else nothing)


def _written(report: Row, counts: Row, is_known: bool, is_error: bool) -> str:
    """Return in words whether the run changed the platform."""
    if report["mode"] == "check":
        return "Preview: nothing was written"
    if report["requests"]["write"]:
        return "Applied to the platform" if counts["changed"] else "Updates were attempted, and nothing was changed"
    if report["requests"]["write"] is None or not is_known:
        # A run that was killed has no count of its writes.
        return "It is not known whether anything was written"
    is_incomplete = is_error or counts["failed"] or counts["skipped"] or counts["planned"]
    return "Nothing was written" if is_incomplete else "No write was required"


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60:,} min {seconds % 60} s"


# Charts


def _charts(rules: list[Row], changed: list[Row], findings: list[Row]) -> list[Row]:
    """Count the cases that changed, or were to, or are findings. A case that is both counts as changed."""
    cases = {(row["case_id"], row["ticket_id"]): (row, False) for row in findings}
    cases.update({(row["case_id"], row["ticket_id"]): (row, True) for row in changed})
    # A rule can apply to a case and not change it, so its own count is used; one that is not listed has none.
    listed = {rule["name"]: rule["changed"] + rule["planned"] for rule in rules}
    by_rule = [(name, True) for name, number in listed.items() for _one in range(number)]
    by_rule += [(name, True) for row in changed for name in row["rules"] if name not in listed]
    by_rule += [(row["rule"], False) for row in findings]
    charts = [_chart("rule", by_rule)] + [
        _chart(field, ((row[field], is_changed) for row, is_changed in cases.values()), order)
        for field, order in (("status", STATUSES), ("severity", SEVERITIES), ("tenant", ()))
    ]
    return [chart for chart in charts if chart["bars"]]


def _tally(field: str, results: list[Row], findings: list[Row]) -> dict[str, dict[str, int]]:
    """Return of each value of a field how many cases changed, or were to, and how many are findings.

    A case that is both counts as changed.
    """
    changed = {row["case_id"]: row for row in results if row["outcome"] == "changed" or _is_planned(row)}
    found = {row["case_id"]: row for row in findings if row["case_id"] not in changed}
    tally: dict[str, dict[str, int]] = {}
    for kind, rows in (("changed", changed), ("findings", found)):
        for row in rows.values():
            tally.setdefault(row[field] or NONE, {"changed": 0, "findings": 0})[kind] += 1
    return tally


def _chart(by: str, cases: Iterable[tuple[str, bool]], order: tuple[str, ...] = ()) -> Row:
    """Return bars with their lengths in percent: known labels in their order, then the others by size."""
    counts = Counter(cases)
    labels = sorted(
        {label for label, _is_changed in counts},
        key=lambda label: (
            order.index(label) if label in order else len(order),
            -counts[label, True] - counts[label, False],
            label,
        ),
    )
    bars: list[Row] = [
        {"label": label or NONE, "changed": counts[label, True], "found": counts[label, False]} for label in labels
    ]
    if len(bars) > BARS + 1:
        rest = bars[BARS:]
        bars[BARS:] = [
            {"label": f"{len(rest):,} others", **{k: sum(one[k] for one in rest) for k in ("changed", "found")}}
        ]
    longest = max((one["changed"] + one["found"] for one in bars), default=0)
    for one in bars:
        one.update({f"{k}_percent": round(100 * one[k] / longest, 2) for k in ("changed", "found")})
    return {"by": by, "bars": bars}


# JUnit


def _run_suite(report: Row, summary: str, problem: str, limit: str, seconds: float, lines: list[str]) -> Row:
    """Return the suite of the run. Every report has it, since a run can fail before it reads rules or cases."""
    test: Row = {"name": "The run completes without an error", "outcome": "passed"}
    if report["error"]:
        test.update(outcome="error", type="error", message=report["error"], lines=[report["error"]])
    elif report["result"] == "limit":
        test.update(outcome="failure", type="limit", message=report["reason"], lines=[report["reason"]])
    shown = ("platform", "scope", "collection", "mode", "policy", "fail_on", "result", "passed")
    properties = {key: _text(report[key]) for key in shown}
    properties["plan"] = report["plan"]["file"]
    could_not = COULD_NOT_APPLY if report["plan"]["applied"] else COULD_NOT_EVALUATE
    properties["summary"] = ". ".join(filter(None, (problem and f"{could_not}: {problem}", limit, summary)))
    return {**_suite(report["title"], [test], properties, seconds), "lines": lines}


def _suite_of_runs(runs: list[Row]) -> list[Row]:
    """Return the suite of the runs of a merged report: a test for each, which fails as the suite of a run does.

    The cases have tests of their own.
    """
    tests = []
    for number, run in enumerate(runs, 1):
        # The names of JUnit tests are unique, also after they are cut.
        test: Row = {"name": f"Run {number} ({run['run']}) completes without an error", "outcome": "passed"}
        outcome = {"error": "error", "limit": "failure"}.get(run["result"])
        if outcome:
            test.update(outcome=outcome, type=run["result"], message=run["reason"], lines=[run["reason"]])
        tests.append(test)
    return [_suite("Runs", tests, {})] if tests else []


def _suites(rules: list[Row], results: list[Row], applied: bool, desired: str) -> list[Row]:
    """Return a suite for each rule, and one for the cases without a rule.

    A test is one case under one rule, so a case is in the suite of each rule that applies to it. desired: what the
    cases are if there is none.
    """
    every_case = f"Every case is {desired}"
    by_rule: dict[str, list[Row]] = {rule["name"]: [] for rule in rules}
    others: list[Row] = []
    for row in results:
        if row["outcome"] != "ok":
            suites_of_case = [by_rule[name] for name in row["rules"] if name in by_rule]
            for tests in suites_of_case or [others]:
                tests.append(_result_test(row, applied))
    suites = [
        _suite(
            rule["name"],
            [_finding_test(row) for row in rule["findings"]] + by_rule[rule["name"]],
            {"description": rule["description"]},
            empty=every_case,
        )
        for rule in rules
    ]
    if others or (results and not rules):
        suites.append(_suite("Cases", others, {}, empty=every_case))
    return suites


def _suite(name: str, tests: list[Row], properties: dict[str, str], seconds: float = 0.0, empty: str = "") -> Row:
    """Return a suite. empty: the name of its one test, which passes, if it has no other."""
    tests = tests or [{"name": empty, "outcome": "passed"}]
    return {
        "name": name or NONE,
        "tests": tests,
        "outcomes": Counter(test["outcome"] for test in tests),
        "properties": properties,
        "seconds": f"{seconds:.3f}",
        "lines": [],
    }


def _result_test(row: Row, applied: bool) -> Row:
    changes = [change["words"] for change in row["changes"]]
    if row["outcome"] == "failed":
        return _test(row, "error", row["reason"] or "failed", type=_text(row["error"].get("type")) or "error")
    if row["outcome"] == "skipped":
        return _test(row, "skipped", row["reason"] or "skipped")
    if applied:
        return _test(row, "passed", "")
    return _test(row, "failure", f"would change: {', '.join(changes)}", type="drift", lines=changes)


def _finding_test(row: Row) -> Row:
    message = f"{row['status'] or NONE}, {row['severity'] or NONE}, assignee {row['assignee'] or NONE}"
    return _test(row, "failure", message, type="finding")


def _test(row: Row, outcome: str, message: str, type: str = "", lines: Iterable[str] = ()) -> Row:
    details = [
        f"{key}: {row[key]}" for key in ("case_id", "ticket_id", "name", "tenant", "status", "severity") if row[key]
    ]
    return {
        "name": _title(row),
        "outcome": outcome,
        "type": type,
        "message": message,
        "lines": [*(lines or [message]), *details],
    }


def _title(row: Row) -> str:
    # Ids are unique; tenants may have the same ticket numbers.
    return f"case {row['ticket']}: {short(row['name'], 1000) or NONE} ({row['case_id'] or NONE})"

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of a run, and how they moved since earlier runs.

A trend compares runs of the same platform, scope, title and mode only: case_hygiene_history may have others too. An
apply of a plan evaluates no rules, so that it has no trend, and is a part of none.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Mapping, NamedTuple, Sequence

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import (
    counted,
    iso,
    moment,
    read_time,
    short,
)

# What two runs have in common if their numbers can be compared
SAME = ("platform", "scope", "title", "mode")
# Results of runs whose numbers are those of the whole queue
COMPLETE = ("compliant", "drift", "changed", "skipped", "findings", "limit")
RESULTS = (*COMPLETE, "as_planned", "error")
# Each name is a time series in a database of metrics, and a part of each line of a history. So they are not many.
MOST_RULES, MOST_SEVERITIES, MOST_TENANTS = 200, 10, 100
LONGEST_NAME = 200
OTHERS = "(others)"
_TABLES = ("rules", "severities", "tenants")
# The size of a chart in its own units, which the page stretches
WIDTH, HEIGHT = 600.0, 100.0
# With more runs than this, their dots would be one line.
MOST_DOTS = 40


class Point(NamedTuple):
    """A run. changed: cases that it changed, would change, or planned and did not apply."""

    time: datetime
    changed: int
    findings: int
    # The cases of each rule, of both kinds
    rules: Mapping[str, int]


def numbers(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of a run, without text of cases: {} if they are not known. view: of view.py."""
    counts = view["counts"]
    if counts is None:
        return {}
    found = {
        "counts": {
            name: counts[name] for name in ("read", "ok", "changed", "planned", "failed", "skipped", "findings")
        },
        "rules": _bounded(
            {
                rule["name"]: {
                    **{name: rule[name] for name in ("matched", "changed", "planned")},
                    "findings": len(rule["findings"]),
                }
                for rule in view["rules"]
            },
            MOST_RULES,
        ),
        "severities": _bounded(view["tallies"]["severity"], MOST_SEVERITIES),
        "tenants": _bounded(view["tallies"]["tenant"], MOST_TENANTS),
    }
    if view["by_plan"]:
        # No rule was evaluated, so that there may be some.
        for row in (found["counts"], *(row for name in _TABLES for row in found[name].values())):
            del row["findings"]
    return found


def _bounded(table: Mapping[str, Mapping[str, int]], most: int) -> dict[str, dict[str, int]]:
    """Return the numbers of so many names at most. The least are one name, and so are names that are cut alike."""
    names = list(table)
    if len(names) > most:
        names.sort(key=lambda name: -sum(table[name].values()))
    shown = set(names[: most if len(names) <= most else most - 1])
    sums: dict[str, Counter[str]] = {}
    for name, row in table.items():
        sums.setdefault(_name(name) if name in shown else OTHERS, Counter()).update(row)
    return {name: dict(row) for name, row in sums.items()}


def _name(name: str) -> str:
    return short(name, LONGEST_NAME)


def earlier(lines: Sequence[Mapping[str, Any]], view: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of a history with which a run can be compared, as the report's key history has them."""
    report, rules = view["report"], {_name(rule["name"]) for rule in view["rules"]}
    return [
        {
            "finished_at": line.get("finished_at"),
            "changed": _sum(line["counts"], "changed", "planned"),
            "findings": line["counts"].get("findings"),
            "rules": {name: _cases(row) for name, row in line["rules"].items() if name in rules},
        }
        for line in lines
        if all(line.get(name) == report[name] for name in SAME)
        and not line.get("by_plan")
        and _is_complete(line)
        and isinstance(line.get("counts"), dict)
        and isinstance(line.get("rules"), dict)
    ]


def trend(history: Sequence[Mapping[str, Any]], view: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the charts of a report, or None with less than two runs. history: the report's key of that name."""
    report = view["report"]
    if view["by_plan"]:
        return None
    points = [_point(row.get("finished_at"), row, row.get("rules")) for row in history]
    known = sorted((point for point in points if point), key=lambda point: point.time)
    if _is_complete(report) and (now := numbers(view)):
        rules = {name: _cases(row) for name, row in now["rules"].items()}
        counts = {**now["counts"], "changed": _sum(now["counts"], "changed", "planned")}
        if at := _point(report["finished_at"], counts, rules):
            # A run that seems to come later had a clock that was wrong. The last one is this run.
            known = [*(point for point in known if point.time <= at.time), at]
    if len(known) < 2:
        return None
    return {
        "runs": counted(len(known), "run"),
        **{
            name: words(known[place].time.isoformat())
            for place, end in ((0, "first"), (-1, "last"))
            for name, words in ((end, moment), (f"{end}_iso", iso))
        },
        "queue": _chart(
            [
                ("changed", "changed" if view["applied"] else "would change", [(at.time, at.changed) for at in known]),
                ("found", "findings", [(at.time, at.findings) for at in known]),
            ]
        ),
        "rules": {rule["name"]: _rule_chart(rule, known, view["applied"]) for rule in view["rules"]},
    }


def _is_complete(run: Mapping[str, Any]) -> bool:
    """Return whether the numbers of a run are those of the whole queue. An apply that met its limit changed nothing."""
    return run.get("result") in COMPLETE and not (run.get("result") == "limit" and run.get("mode") == "apply")


def _point(time: Any, counts: Mapping[str, Any], rules: Any) -> Point | None:
    at, changed, findings = read_time(time), _whole(counts.get("changed")), _whole(counts.get("findings"))
    if at is None or changed is None or findings is None or not isinstance(rules, dict):
        return None
    return Point(at, changed, findings, rules)


def _rule_chart(rule: Mapping[str, Any], points: Sequence[Point], applied: bool) -> dict[str, Any] | None:
    name = _name(rule["name"])
    values = [(at.time, number) for at in points if (number := _whole(at.rules.get(name))) is not None]
    if len(values) < 2:
        # The rule is new, or has another name now.
        return None
    kind, label = ("found", "findings") if rule["reports"] else ("changed", "changed" if applied else "would change")
    return _chart([(kind, label, values)])


def _chart(series: Sequence[tuple[str, str, Sequence[tuple[datetime, int]]]]) -> dict[str, Any]:
    """Return lines over the time. series: of each its kind, its label, and its numbers."""
    times = [time for _kind, _label, values in series for time, _number in values]
    first, span = min(times), max(times) - min(times)
    top = max((number for _kind, _label, values in series for _time, number in values), default=0)
    lines = []
    for kind, label, values in series:
        dots = [(_across(time - first, span), _up(number, top)) for time, number in values]
        all_numbers = [number for _time, number in values]
        lines.append(
            {
                "kind": kind,
                "label": label,
                "points": " ".join(f"{x:g},{y:g}" for x, y in dots),
                "dots": dots if len(dots) <= MOST_DOTS else dots[-1:],
                "first": all_numbers[0],
                "last": all_numbers[-1],
                "low": min(all_numbers),
                "high": max(all_numbers),
            }
        )
    return {"top": top, "lines": lines}


def _across(passed: timedelta, span: timedelta) -> float:
    # Runs of one moment share the right end.
    return round(WIDTH * (passed / span), 1) if span else WIDTH


def _up(number: int, top: int) -> float:
    return round(HEIGHT * (1 - number / top), 1) if top else HEIGHT


def _cases(row: Any) -> int | None:
    """Return the cases of a rule, of all kinds."""
    return _sum(row, "changed", "planned", "findings")


def _sum(row: Any, *names: str) -> int | None:
    """Return the sum of some numbers of a line of the history; None if it has not all of them."""
    parts = [_whole(row.get(name)) for name in names] if isinstance(row, dict) else [None]
    return None if None in parts else sum(filter(None, parts))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

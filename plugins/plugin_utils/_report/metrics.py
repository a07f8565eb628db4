# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of a report as metrics, in text that is valid as OpenMetrics 1.0 and as Prometheus text format 0.0.4.

The textfile collector of node_exporter reads the second, and refuses times of samples. So all are gauges without times,
and "# EOF", with which OpenMetrics ends, is a comment there.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import SEVERITIES
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import RESULTS, numbers
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import NONE, read_time, short

PREFIX = "stellar_hygiene_"
LONGEST_LABEL = 200
# Labels and a value; and a name, its meaning, and its samples
Sample = Tuple[Dict[str, str], float]
Family = Tuple[str, str, List[Sample]]


def metrics(view: Mapping[str, Any]) -> str:
    """Return the metrics of a run. view: of view.py, sanitised."""
    report = view["report"]
    run = {key: report[key] or NONE for key in ("platform", "scope", "title", "mode")}
    run["source"] = "plan" if view["by_plan"] else "policy"
    lines = []
    for name, text, samples in [*_of_the_run(report), *_of_cases(view)]:
        lines += [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge"]
        lines += [f"{PREFIX}{name}{_labels({**run, **labels})} {value}" for labels, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _of_the_run(report: Mapping[str, Any]) -> Iterator[Family]:
    started, finished = read_time(report["started_at"]), read_time(report["finished_at"])
    if finished:
        yield "last_run_timestamp_seconds", "When the last run ended.", [({}, finished.timestamp())]
    if started and finished:
        seconds = max(0.0, (finished - started).total_seconds())
        yield "last_run_duration_seconds", "How long the last run took.", [({}, seconds)]
    yield "passed", "Whether the policy check passed.", [({}, int(report["passed"]))]
    yield (
        "result",
        "1 for the result of the last run.",
        [({"result": result}, int(report["result"] == result)) for result in RESULTS],
    )
    if (age := _age_s(report, finished)) is not None:
        text = "Age of the oldest open critical case without an assignee, at the end of the run. 0 if it read none."
        yield "oldest_unassigned_critical_age_seconds", text, [({}, age)]


def _of_cases(view: Mapping[str, Any]) -> Iterator[Family]:
    found = numbers(view)
    if not found:
        return
    counts = [({"kind": kind}, number) for kind, number in found["counts"].items() if number is not None]
    yield "cases", "Cases of the last run.", counts
    for label, table in (
        ("rule", found["rules"]),
        ("severity", found["severities"] if view["by_plan"] else _known(found["severities"])),
        ("tenant", found["tenants"]),
    ):
        samples = [({label: name, "kind": kind}, number) for name, row in table.items() for kind, number in row.items()]
        yield f"{label}_cases", f"Cases of the last run by {label}.", samples


def _known(severities: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the numbers of each severity, also of one without a case, so that its series has no gaps."""
    return {**{name: {"changed": 0, "findings": 0} for name in SEVERITIES}, **severities}


def _age_s(report: Mapping[str, Any], finished: Any) -> float | None:
    since = report.get("oldest_unassigned_critical")
    if finished is None or "oldest_unassigned_critical" not in report:
        return None
    created = read_time(since)
    return 0 if created is None else max(0.0, (finished - created).total_seconds())


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return short(value, LONGEST_LABEL).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics, as the parsers of OpenMetrics and of Prometheus' text format read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FILES, render
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import (
    LONGEST_NAME,
    MOST_RULES,
    MOST_TENANTS,
    RESULTS,
)
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.reports import FAILED, MIXED, REPORTS, changed, finding, report
from tests.unit.plugins.plugin_utils._report.test_hostile_text import hostile

Read = Callable[[str], Iterable[Metric]]
RUN = {
    "platform": "myserver.example.com",
    "scope": "all tenants",
    "title": "Case hygiene",
    "mode": "check",
    "source": "policy",
}


def samples(given: dict[str, Any], read: Read = read_openmetrics) -> dict[str, list[tuple[dict[str, str], float]]]:
    """The samples of each metric, without the labels of the run."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in read(render(given, "openmetrics")):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            # The textfile collector of node_exporter refuses them.
            assert (sample.name, sample.timestamp, sample.exemplar) == (family.name, None, None)
            labels = {name: value for name, value in sample.labels.items() if name not in RUN}
            assert set(sample.labels) == {*RUN, *labels}
            rows = found.setdefault(family.name.removeprefix("stellar_hygiene_"), [])
            # and two samples of the same labels
            assert labels not in [other for other, _value in rows]
            rows.append((labels, sample.value))
    return found


def value(given: dict[str, Any], metric: str, **labels: str) -> float | None:
    return next((number for found, number in samples(given).get(metric, []) if found == labels), None)


def test_the_file_is_one_that_the_textfile_collector_reads() -> None:
    assert FILES["openmetrics"].endswith(".prom")
    assert render(MIXED, "openmetrics").endswith("\n# EOF\n")


@pytest.mark.parametrize("name", REPORTS)
def test_both_parsers_read_the_same(name: str) -> None:
    assert samples(REPORTS[name], read_prometheus) == samples(REPORTS[name], read_openmetrics)


def test_the_numbers_are_those_of_the_report() -> None:
    given = {**MIXED, "oldest_unassigned_critical": 1795499107500}
    assert value(given, "last_run_timestamp_seconds") == 1795499707.5
    assert value(given, "last_run_duration_seconds") == 67.5
    assert value(given, "passed") == 0
    assert [labels["result"] for labels, number in samples(given)["result"] if number] == ["drift"]
    assert len(samples(given)["result"]) == len(RESULTS)
    kinds = {"read": 60, "ok": 0, "failed": 1, "skipped": 1, "findings": 2, "changed": 2, "planned": 0}
    assert {labels["kind"]: number for labels, number in samples(given)["cases"]} == kinds
    assert value(given, "rule_cases", rule="Nothing stays New for a week", kind="findings") == 2
    assert value(given, "rule_cases", rule="Critical cases have an owner", kind="matched") == 2
    assert value(given, "severity_cases", severity="Critical", kind="changed") == 0
    assert value(given, "severity_cases", severity="Medium", kind="changed") == 1
    assert value(given, "tenant_cases", tenant="Tenant 5", kind="findings") == 1
    assert value(given, "oldest_unassigned_critical_age_seconds") == 600


@pytest.mark.parametrize(("since", "age"), [(None, 0), (2**60, 0), ("soon", 0)])
def test_the_age_of_the_oldest_critical(since: Any, age: float) -> None:
    name = "oldest_unassigned_critical_age_seconds"
    assert value({**MIXED, "oldest_unassigned_critical": since}, name) == age
    # A run that read no cases does not know.
    assert value(MIXED, name) is None


def test_planned_changes_of_an_aborted_run_count() -> None:
    assert value(REPORTS["limit"], "cases", kind="planned") == 2
    assert value(REPORTS["limit"], "cases", kind="changed") == 0
    assert value(REPORTS["limit"], "severity_cases", severity="High", kind="changed") == 1
    assert value(REPORTS["limit"], "result", result="limit") == 1


def test_an_apply_of_a_plan_has_its_own_series_and_says_nothing_of_findings() -> None:
    found = samples(REPORTS["by plan"])
    labels = [labels for rows in found.values() for labels, _number in rows]
    lines = render(REPORTS["by plan"], "openmetrics").splitlines()
    assert all('source="plan"' in line for line in lines if not line.startswith("#"))
    kinds = {each.get("kind") for each in labels}
    assert "changed" in kinds
    assert "findings" not in kinds
    assert "oldest_unassigned_critical_age_seconds" not in found


def test_a_run_that_failed_early_has_no_zeros() -> None:
    for name in ("early", "wrong key"):
        assert set(samples(REPORTS[name])) <= {
            "passed",
            "result",
            "last_run_timestamp_seconds",
            "last_run_duration_seconds",
        }
    assert value({**report(), **FAILED}, "result", result="error") == 1


def test_hostile_text_is_the_value_of_a_label() -> None:
    given = {**MIXED, "error": "", "reason": ""}
    plain = {name: len(rows) for name, rows in samples(hostile(given, "x")).items()}
    for title, text in hostile_text.texts("/tmp/nowhere").items():
        for read in (read_openmetrics, read_prometheus):
            found = samples(hostile(given, text), read)
            # Severities and tenants differ by the mark of hostile(), if that is not cut.
            assert set(found) == set(plain), title
            assert len(found["rule_cases"]) in (plain["rule_cases"], 4), title
            values = [value for rows in found.values() for labels, _number in rows for value in labels.values()]
            assert hostile_text.steering("".join(values)) == [], title
            assert max(map(len, values)) <= LONGEST_NAME
        evidence.record("hostile text", text=title, place="each text of a report", through="OpenMetrics report")


def test_a_name_is_kept_with_its_quotes_and_backslashes() -> None:
    name = 'a "b" \\ c \\n {d="e"} 1\u00e4\U0001f600'
    given = report([changed(1, tenant=name)])
    for read in (read_openmetrics, read_prometheus):
        assert {labels["tenant"] for labels, _number in samples(given, read)["tenant_cases"]} == {name}


def test_there_are_not_too_many_series() -> None:
    rules = [{"name": f"Rule {number}", "matched": 0, "changed": 0, "finding": True} for number in range(500)]
    findings = [finding(number, "Rule 7", tenant=f"T{number % 999}") for number in range(2000)]
    findings += [finding(number, "Rule 8", tenant="T998") for number in range(3000, 3009)]
    given = report(findings=findings, rules=rules)
    found = samples(given)
    tenants = {labels["tenant"] for labels, _number in found["tenant_cases"]}
    assert (len(tenants), {"T998", "(others)"} <= tenants) == (MOST_TENANTS, True)
    assert sum(number for _labels, number in found["tenant_cases"]) == 2009
    names = {labels["rule"] for labels, _number in found["rule_cases"]}
    assert (len(names), {"Rule 7", "Rule 8", "(others)"} <= names) == (MOST_RULES, True)
    assert sum(number for labels, number in found["rule_cases"] if labels["kind"] == "findings") == 2009


def test_names_that_are_cut_alike_are_one_series() -> None:
    long = "x" * 300
    given = report(findings=[finding(1, tenant=f"{long}1"), finding(2, tenant=f"{long}2"), finding(3, tenant="")])
    found = {labels["tenant"]: number for labels, number in samples(given)["tenant_cases"] if number}
    assert found == {"x" * 199 + "…": 2, "(none)": 1}

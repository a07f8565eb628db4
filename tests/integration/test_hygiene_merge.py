# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role for each tenant, then one report of all: its numbers are those of one run, and its undo is that of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hygiene import CHECK_FAILED, PASSED, Analyst, Played
from tests.simulator.process import Simulator

TENANTS = ["example-clinic", "example-harbour", "example-tenant"]
RULES = [
    {"name": "New cases are marked", "match": {"status": ["New"]}, "set": {"tags": {"add": ["merged"]}}},
    {"name": "Criticals", "match": {"severity": ["Critical"]}},
]
NUMBERS = ("read", "changed", "ok", "failed", "skipped", "findings")


@pytest.fixture
def analyst(sim: Simulator, tmp_path: Path) -> Analyst:
    (tmp_path / "soc.stellar_tenants.yml").write_text("plugin: stellarcyber.xdr.stellar_tenants\n", encoding="utf-8")
    return Analyst(sim, tmp_path)


def check_tenants(analyst: Analyst, *arguments: str) -> Played:
    return analyst.play(
        "stellarcyber.xdr.hygiene",
        *("-i", "soc.stellar_tenants.yml", "-e", "hygiene_hosts=stellar_tenants"),
        *arguments,
        case_hygiene_rules=RULES,
        case_hygiene_report_dir="reports",
    )


def merge(analyst: Analyst, *arguments: str, **variables: Any) -> Played:
    given = {"merge_reports": "reports/*", "merge_report_dir": "reports/all", **variables}
    return analyst.play("stellarcyber.xdr.hygiene_merge", *arguments, **given)


def test_the_merged_report_has_the_numbers_of_one_run(analyst: Analyst, sim: Simulator) -> None:
    # A host for each tenant leaves the cases of root out.
    for case in sim.cases():
        if not case["cust_id"]:
            sim.delete_case(case["_id"])
    assert check_tenants(analyst, "--check").returncode == CHECK_FAILED
    merged = merge(analyst)
    assert merged.returncode == CHECK_FAILED, merged.output
    assert "did not pass: example-clinic, " in merged.failure
    assert merged.requests == []
    whole = analyst.report("reports/all")
    assert [run["run"] for run in whole["runs"]] == TENANTS

    analyst.hygiene("--check", rules=RULES, report_dir="one")
    one = analyst.report("one")
    assert {name: whole["counts"][name] for name in NUMBERS} == {name: one["counts"][name] for name in NUMBERS}
    for report in (whole, one):
        report["rules"] = {rule["name"]: rule for rule in report["rules"]}
        report["case_results"] = {row["case_id"]: row["outcome"] for row in report["case_results"]}
    assert (whole["rules"], whole["case_results"]) == (one["rules"], one["case_results"])
    assert whole["result"] == one["result"] == "drift"
    assert merged.said[0] == "Case hygiene on {platform}, {scope}: drift".format(**whole)

    # The merged report of the last time is no report of a run.
    assert merge(analyst, "--check").returncode == CHECK_FAILED
    assert analyst.report("reports/all") == {**whole, **analyst.report("reports/all")}


def test_the_merged_report_undoes_all_runs(analyst: Analyst, sim: Simulator) -> None:
    before = {case["_id"]: case["tags"] for case in sim.cases()}
    assert check_tenants(analyst).returncode == PASSED
    assert merge(analyst, merge_title="All tenants").returncode == PASSED
    report = analyst.report("reports/all")
    assert (report["result"], report["title"]) == ("changed", "All tenants")
    undone = analyst.undo(undo_file="reports/all/hygiene.json")
    assert undone.returncode == PASSED, undone.output
    assert len([call for call in undone.writes if call.startswith("PUT")]) == report["counts"]["changed"]
    assert {case["_id"]: case["tags"] for case in sim.cases()} == before
    assert sorted(path.name for path in (analyst.folder / "reports" / "all").iterdir()) == [
        "hygiene.html",
        "hygiene.json",
        "hygiene.md",
        "hygiene.xml",
    ]


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        ("csv,openmetrics", ["hygiene.csv", "hygiene.prom"]),
        (["json"], ["hygiene.json"]),
    ],
)
def test_the_formats_of_the_merged_report(formats: Any, files: list[str], analyst: Analyst) -> None:
    check_tenants(analyst, "--check")
    assert merge(analyst, merge_report_formats=formats).returncode == CHECK_FAILED
    assert sorted(path.name for path in (analyst.folder / "reports" / "all").iterdir()) == files


def test_a_tenant_without_a_report_is_an_error_where_its_host_is_named(analyst: Analyst) -> None:
    check_tenants(analyst, "--check", "--limit", ",".join(TENANTS[:2]))
    task = {
        "stellarcyber.xdr.case_hygiene_merge": {
            "reports": "{{ ['reports'] | product(groups['stellar_tenants']) | map('path_join') }}",
            "report_dir": "reports/all",
        }
    }
    play = {"name": "Merge", "hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Merge", **task}]}
    (analyst.folder / "merge.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    refused = analyst.play("merge.yml", "-i", "soc.stellar_tenants.yml")
    assert refused.returncode == CHECK_FAILED
    assert refused.failure.startswith('reports names no file: "reports/example-tenant". Did that run write a report?')
    check_tenants(analyst, "--check", "--limit", TENANTS[2])
    done = analyst.play("merge.yml", "-i", "soc.stellar_tenants.yml")
    assert done.returncode == PASSED, done.output
    assert [run["run"] for run in analyst.report("reports/all")["runs"]] == TENANTS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"merge_reports": None}, "reports is required. Add it."),
        ({"merge_report_dir": None}, "report_dir is required. Add it."),
        ({"merge_reports": "report/*"}, 'reports names no file: "report/*". Did that run'),
        ({"merge_reports": "reports/a,reports/b"}, 'reports names no file: "reports/b". Did that run'),
        ({"merge_max_age": "1s"}, "can't be merged: it is of a run at "),
        ({"merge_report_formats": "cvs"}, "merge_report_formats must be one of json, junit, "),
        ({"merge_max_age": "soon"}, 'max_age must be a time such as 24h, at most 3650d; got "soon". Correct it.'),
    ],
)
def test_mistakes(given: dict[str, Any], message: str, analyst: Analyst) -> None:
    folder = analyst.folder / "reports" / "a"
    folder.mkdir(parents=True)
    report = {"report": 1, "mode": "check", "result": "compliant", "passed": True, "started_at": "2026-11-01T00:00:00Z"}
    (folder / "hygiene.json").write_text(json.dumps(report), encoding="utf-8")
    run = merge(analyst, **{"merge_max_age": "300w", **given})
    assert run.returncode == CHECK_FAILED
    assert message in run.failure
    assert not (analyst.folder / "reports" / "all").exists()

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook hygiene with a history, with metrics, with a table and with links, as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from tests.integration.hygiene import CHECK_FAILED, ERROR, NOTHING, PASSED, STALE, TAGGED, Analyst
from tests.integration.processes import kill
from tests.simulator.process import Simulator

pytestmark = pytest.mark.slow

CRITICAL = {"name": "Criticals", "match": {"severity": ["Critical"]}}
GIVEN = {
    "policy_file": "policy.yml",
    "report_dir": "reports",
    "report_formats": "json,html,csv,openmetrics",
    "history": "history.jsonl",
    "case_url": "https://{platform}/cases/{case_id}",
}


@pytest.fixture
def analyst(sim: Simulator, tmp_path: Path) -> Analyst:
    policy = {"title": "Ours", "rules": [TAGGED, STALE, CRITICAL]}
    (tmp_path / "policy.yml").write_text(json.dumps(policy), encoding="utf-8")
    return Analyst(sim, tmp_path)


def lines(analyst: Analyst, path: str = "history.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (analyst.folder / path).read_text(encoding="utf-8").splitlines()]


def metric(analyst: Analyst, name: str, **labels: str) -> float:
    text = (analyst.folder / "reports/hygiene.prom").read_text(encoding="utf-8")
    values = {
        sample.value
        for read in (read_openmetrics, read_prometheus)
        for family in read(text)
        for sample in family.samples
        if sample.name == f"stellar_hygiene_{name}" and {**sample.labels, **labels} == sample.labels
    }
    (value,) = values
    return float(value)


def page(analyst: Analyst) -> str:
    return (analyst.folder / "reports/hygiene.html").read_text(encoding="utf-8")


def test_check_apply_and_again(analyst: Analyst, sim: Simulator) -> None:
    tagged = [case for case in sim.cases() if case["name"].startswith("Carbon Black:")]
    critical = [case for case in sim.cases() if case["severity"] == "Critical"]
    assert tagged
    assert critical

    check = analyst.hygiene("--check", **GIVEN)
    assert (check.returncode, check.writes) == (CHECK_FAILED, [])
    first = analyst.report()
    assert "Trend" not in page(analyst)
    assert (first["history"], first["case_url"]) == ([], GIVEN["case_url"])
    assert metric(analyst, "cases", kind="changed") == len(tagged)
    assert metric(analyst, "rule_cases", rule="Criticals", kind="findings") == len(critical)
    assert metric(analyst, "passed", mode="check", title="Ours", scope="all tenants") == 0
    assert metric(analyst, "result", result="drift") == 1
    with (analyst.folder / "reports/hygiene.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["kind"] == "would change" for row in rows) == len(tagged)
    assert sum(row["rule"] == "Criticals" for row in rows) == len(critical)
    for case in [*tagged, *critical]:
        assert f'<a href="https://{first["platform"]}/cases/{case["_id"]}" rel="noreferrer">' in page(analyst)

    again = analyst.hygiene("--check", **GIVEN)
    assert again.returncode == CHECK_FAILED
    assert "2 runs of this policy" in page(analyst)
    assert analyst.report()["history"][0]["changed"] == len(tagged)

    done = analyst.hygiene(**GIVEN)
    assert done.returncode == PASSED, done.output
    # An apply is not compared with previews.
    assert analyst.report()["history"] == []
    assert metric(analyst, "cases", kind="changed", mode="apply") == len(tagged)
    nothing = analyst.hygiene(**GIVEN, history_keep=3)
    assert (nothing.returncode, nothing.writes) == (PASSED, [])
    assert f"0 changed <small>lowest 0, highest {len(tagged)}" in page(analyst).replace("</b>", "").replace("<b>", "")
    assert [line["mode"] for line in lines(analyst)] == ["check", "apply", "apply"]
    assert (analyst.folder / "history.jsonl").stat().st_mode & 0o777 == 0o640
    text = (analyst.folder / "history.jsonl").read_text(encoding="utf-8")
    assert not [case["_id"] for case in sim.cases() if case["_id"] in text or case["name"] in text]


def test_the_age_of_the_oldest_critical_is_that_of_the_queue(analyst: Analyst, sim: Simulator) -> None:
    open_ones = [case for case in sim.cases() if case["severity"] == "Critical"]
    for case in open_ones:
        sim.put_case(case["_id"], status="Resolved", assignee="")
    analyst.hygiene("--check", **GIVEN)
    assert analyst.report()["oldest_unassigned_critical"] is None
    assert metric(analyst, "oldest_unassigned_critical_age_seconds") == 0
    sim.put_case(open_ones[0]["_id"], status="Escalated", assignee="")
    analyst.hygiene("--check", **GIVEN)
    assert analyst.report()["oldest_unassigned_critical"] == open_ones[0]["created_at"]
    age = metric(analyst, "last_run_timestamp_seconds") - open_ones[0]["created_at"] / 1000
    assert metric(analyst, "oldest_unassigned_critical_age_seconds") == pytest.approx(age, abs=1)


def test_each_tenant_has_its_history_and_its_metrics(analyst: Analyst) -> None:
    (analyst.folder / "soc.stellar_tenants.yml").write_text("plugin: stellarcyber.xdr.stellar_tenants\n", "utf-8")
    for _run in range(2):
        analyst.hygiene("--check", "-i", "soc.stellar_tenants.yml", "-e", "hygiene_hosts=stellar_tenants", **GIVEN)
    tenants = [folder.name for folder in analyst.folder.iterdir() if (folder / "history.jsonl").exists()]
    assert len(tenants) > 1
    names = []
    for tenant in tenants:
        scopes = {line["scope"] for line in lines(analyst, f"{tenant}/history.jsonl")}
        assert scopes == {analyst.report(f"reports/{tenant}")["scope"]}
        assert len(analyst.report(f"reports/{tenant}")["history"]) == 1
        text = (analyst.folder / "reports" / tenant / "hygiene.prom").read_text(encoding="utf-8")
        names += [
            (sample.name, tuple(sample.labels.items()))
            for family in read_openmetrics(text)
            for sample in family.samples
        ]
    # A collector may read all of them.
    assert len(names) == len(set(names))


def test_a_run_that_is_killed_leaves_the_metrics_of_the_last_one(analyst: Analyst) -> None:
    analyst.hygiene("--check", **GIVEN)
    before = (analyst.folder / "reports/hygiene.prom").read_bytes()
    analyst.interrupted(lambda process: kill([process.pid]), **GIVEN, journal="j")
    assert (analyst.folder / "reports/hygiene.prom").read_bytes() == before
    assert "interrupted" in (analyst.folder / "reports/hygiene.csv").read_text(encoding="utf-8")
    assert len(lines(analyst)) == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"history": "policy.yml"}, "policy.yml is not a history of runs. Give another file, "),
        ({"history": "none/history"}, "can't write the history in FOLDER/none/history: No such file or directory. "),
        ({"history": ""}, "case_hygiene_history has no value: "),
        ({"history_keep": 0}, "case_hygiene_history_keep must be a whole number from 1 on, got '0': "),
        ({"case_url": "http://{platform}/{case_id}"}, "case_hygiene_case_url must begin with https://; got "),
        (
            {"report_formats": "prom"},
            "case_hygiene_report_formats must be one of json, junit, markdown, html, csv, open",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(analyst: Analyst, variables: dict[str, Any], message: str) -> None:
    run = analyst.hygiene("--check", **{**GIVEN, **variables})
    assert run.returncode == ERROR, run.output
    assert message.replace("FOLDER", str(analyst.folder)) in run.failure
    assert run.requests == []


def test_a_broken_line_is_said_once(analyst: Analyst) -> None:
    given = {"rules": [NOTHING], "history": "history.jsonl"}
    assert analyst.hygiene(**given).returncode == PASSED
    with (analyst.folder / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"history": 1, "cou\n')
    for times in (1, 0):
        run = analyst.hygiene(**given)
        assert run.returncode == PASSED, run.output
        assert " ".join(run.output.split()).count("was no JSON of a run and was removed") == times
    assert len(lines(analyst)) == 3

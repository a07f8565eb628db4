# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A merged report has the numbers of one run over the cases of all, and hides none of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.merge import merge
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, problem_of, render
from tests.unit.plugins.plugin_utils._report.readers import Suites
from tests.unit.plugins.plugin_utils._report.reports import (
    MIXED,
    OWNED,
    REPORTS,
    SPELT,
    STALE,
    changed,
    failed,
    finding,
    report,
    skipped,
)

COLLECTION = "stellarcyber.xdr 0.1.0"
CLINIC = report([changed(1)], [finding(5)], scope="tenant Clinic", started_at="2026-11-24T06:00:00Z")
HARBOUR = report([failed(3), skipped(4)], [finding(6)], scope="tenant Harbour", finished_at="2026-11-24T07:00:00Z")
ERROR = {**REPORTS["early"], "reason": "The policy could not be evaluated: No connection."}


def merged(*reports: Any, title: str = "") -> dict[str, Any]:
    """Merge reports r0, r1 and so on, each of a tenant of its own unless it says otherwise."""
    runs = []
    for number, each in enumerate(reports):
        of_one = isinstance(each, dict) and each.get("scope") == "all tenants" and len(reports) > 1
        runs.append((f"r{number}", {**each, "scope": f"tenant {number}"} if of_one else each))
    return merge(runs, title, COLLECTION)


def test_the_facts_of_a_merged_report() -> None:
    whole = merged(CLINIC, HARBOUR)
    assert problem_of(whole) == ""
    assert (whole["platform"], whole["scope"]) == ("myserver.example.com", "2 scopes")
    assert (whole["title"], whole["policy"], whole["fail_on"], whole["mode"]) == (
        "Case hygiene",
        "policy.yml",
        "drift",
        "check",
    )
    assert (whole["started_at"], whole["finished_at"]) == ("2026-11-24T05:54:00Z", "2026-11-24T07:00:00Z")
    assert whole["case_results"] == CLINIC["case_results"] + HARBOUR["case_results"]
    assert whole["findings"] == CLINIC["findings"] + HARBOUR["findings"]
    assert whole["counts"] == {"read": 120, "findings": 2, "changed": 1, "ok": 0, "failed": 1, "skipped": 1}
    assert whole["requests"] == {"read": 4, "write": 0, "recheck": 0, "retry": 0}
    assert [(rule["name"], rule["matched"], rule["changed"], rule["finding"]) for rule in whole["rules"]] == [
        (OWNED, 4, 2, False),
        (SPELT, 0, 0, False),
        (STALE, 6, 0, True),
    ]
    assert whole["changed"]
    assert [run["run"] for run in whole["runs"]] == ["r0", "r1"]
    assert [run["scope"] for run in whole["runs"]] == ["tenant Clinic", "tenant Harbour"]
    assert merged(CLINIC, title="All")["title"] == "All"


def test_what_a_run_that_met_its_limit_planned_is_shown_beside_the_changes_of_others() -> None:
    clinic = report([changed(21)], [finding(25)], scope="tenant Clinic")
    whole = merged(clinic, {**REPORTS["limit"], "scope": "tenant Harbour"})
    assert whole["result"] == "limit"
    lines = render(whole, "text").splitlines()
    assert "120 cases read, 1 would change, 2 planned, not applied, 2 findings, 0 failed, 1 skipped" in lines
    assert f"1 would change, 2 planned, not applied, 1 skipped: {OWNED}" in lines
    markdown = render(whole, "markdown")
    header = "| Cases read | Would change | Planned, not applied | Matched, unchanged | Findings | Failed | Skipped |"
    assert f"{header}\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n| 120 | 1 | 2 | 0 | 2 | 0 | 1 |" in markdown
    assert "| Rule | Matched | Would change | Planned, not applied | Findings | Failed | Skipped |" in markdown
    assert f"| {OWNED} | 4 | 1 | 2 | 0 | 0 | 1 |" in markdown
    tiles = re.sub("<[^>]+>|\\s+", " ", render(whole, "html"))
    assert "would change or planned, not applied" in tiles


def test_reports_that_are_merged_stay_as_they_are() -> None:
    before = render(CLINIC, "json")
    merged(CLINIC, HARBOUR)
    assert render(CLINIC, "json") == before


@pytest.mark.parametrize(
    ("results", "whole"),
    [
        (["compliant", "compliant"], "compliant"),
        (["compliant", "findings"], "findings"),
        (["skipped", "findings"], "skipped"),
        (["changed", "skipped"], "changed"),
        (["drift", "compliant"], "drift"),
        (["drift", "limit"], "limit"),
        (["limit", "error"], "error"),
    ],
)
def test_the_result_is_the_first_that_a_run_has(results: list[str], whole: str) -> None:
    assert merged(*(report(result=result) for result in results))["result"] == whole


def test_a_skipped_case_of_a_plan_comes_before_what_was_changed() -> None:
    runs = (report(mode="apply", plan={"file": "p", "applied": True}, result=name) for name in ("changed", "skipped"))
    assert merged(*runs)["result"] == "skipped"


def test_the_check_passed_if_that_of_each_run_did() -> None:
    passed = report()
    assert (merged(passed, passed)["passed"], merged(passed, passed)["reason"]) == (True, "")
    whole = merged(passed, CLINIC, HARBOUR)
    assert whole["passed"] is False
    assert whole["reason"] == "The policy check of 1 of 3 runs did not pass: r1."
    assert whole["error"] == ""


def test_a_run_that_ended_with_an_error_is_named() -> None:
    whole = merged(report(), ERROR)
    assert (whole["result"], whole["passed"]) == ("error", False)
    assert whole["error"] == "1 run ended with an error: r1."
    assert whole["counts"] == report()["counts"]
    for format in FORMATS:
        assert "No connection" in render(whole, format) or format in ("text", "csv", "openmetrics")
    assert "did not pass (error): r1" in render(whole, "text")
    suites = Suites(render(whole, "junit"))
    assert suites.numbers()["Case hygiene"] == {"error": 1}
    assert {outcome: [test.get("name") for test in found] for outcome, found in suites["Runs"].items()} == {
        "error": ["Run 2 (r1) completes without an error"],
        "passed": ["Run 1 (r0) completes without an error"],
    }


def test_many_names_are_counted() -> None:
    whole = merged(*(report([changed(number)], scope=f"tenant {number}") for number in range(7)))
    assert whole["scope"] == "7 scopes"
    assert whole["reason"] == "The policy check of 7 of 7 runs did not pass: r0, r1, r2, r3, r4 and 2 more."
    assert len(whole["runs"]) == 7


def test_a_number_that_a_run_does_not_know_is_unknown() -> None:
    assert merged(report(), report(requests={"read": 1, "write": None}))["requests"] == {
        "read": 3,
        "write": None,
        "recheck": 0,
        "retry": 0,
    }


OTHER_PLATFORM = {**CLINIC, "platform": "other.example.com"}


@pytest.mark.parametrize(
    ("reports", "message"),
    [
        (
            [report(), {"report": 2}],
            "r1 can't be merged: it is not a report of the role case_hygiene: its key report, the",
        ),
        (
            [report(), []],
            "r1 can't be merged: it is not a report of the role case_hygiene: it must be a dict, got list.",
        ),
        (
            [merged(CLINIC), HARBOUR],
            "r0 can't be merged: it is a report of several runs itself. Give the reports of th",
        ),
        (
            [CLINIC, {**HARBOUR, "mode": "apply"}],
            "r1 (apply) and r0 (check) can't be merged: what would change and what was changed can't be added. Give",
        ),
        (
            [CLINIC, report(findings=[finding(1)])],
            f"r0 and r1 can't be merged: both contain case {1:024x}, which would count twice. Give reports of runs",
        ),
    ],
)
def test_what_would_make_the_sums_wrong_is_an_error(reports: list[Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        merged(*reports)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("scopes", "refused"),
    [
        (
            ["tenant A", "tenant B", "tenant A"],
            "r0 and r2 can't be merged: both are of myserver.example.com, one of them",
        ),
        (["all tenants", "tenant A"], "r0 and r1 can't be merged: both are of "),
        (["tenant A", "tenant B", "all tenants"], "r0 and r2 can't be merged: both are of "),
        (["tenant A", "", ""], None),
    ],
)
def test_a_tenant_is_counted_once_also_if_no_case_is_named(scopes: list[str], refused: str | None) -> None:
    runs = [(f"r{number}", report(scope=scope)) for number, scope in enumerate(scopes)]
    if refused is None:
        assert merge(runs, "", COLLECTION)["scope"] == "tenant A"
        return
    with pytest.raises(InputError) as raised:
        merge(runs, "", COLLECTION)
    assert str(raised.value).startswith(refused)


def test_a_number_that_is_a_text_is_left_out() -> None:
    odd = report(rules=[{"name": OWNED, "matched": "two", "changed": 1}])
    (rule,) = (rule for rule in merged(odd, report())["rules"] if rule["name"] == OWNED)
    assert (rule["matched"], rule["changed"]) == (2, 2)


def test_platforms_may_have_the_same_ids() -> None:
    whole = merged(CLINIC, OTHER_PLATFORM)
    assert whole["platform"] == "myserver.example.com, other.example.com"
    assert len(whole["case_results"]) == 2
    with_undo = [{**each, "undo": [{"case_id": "1"}]} for each in (CLINIC, OTHER_PLATFORM)]
    assert merged(*with_undo)["undo"] == []
    assert merged(with_undo[0])["undo"] == [{"case_id": "1"}]


RESULT = st.sampled_from([changed, failed, skipped])


@given(st.lists(st.tuples(st.integers(0, 3), RESULT), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_the_numbers_are_those_of_one_run(results: Any, findings: Any) -> None:
    rows = [(slice_, make(number)) for number, (slice_, make) in enumerate(results)]
    found = [(slice_, finding(number)) for number, slice_ in enumerate(findings, 100)]
    parts = [
        report([row for of, row in rows if of == part], [row for of, row in found if of == part]) for part in range(4)
    ]
    whole, one = merged(*parts), report([row for _of, row in rows], [row for _of, row in found])
    assert {**whole["counts"], "read": 60} == one["counts"]
    assert whole["passed"] == one["passed"]
    for key in ("case_results", "findings"):
        assert sorted(whole[key], key=str) == sorted(one[key], key=str)


def test_mixed_and_merged_have_the_same_tables() -> None:
    for format in ("markdown", "html"):
        assert "Runs" not in render(MIXED, format)
        assert "Runs" in render(merged(MIXED), format)


def test_links_and_the_oldest_critical_are_those_of_all_runs() -> None:
    urls = [f"https://{host}.example.com/{{case_id}}" for host in "ab"]
    assert merged({**report(), "case_url": urls[0]}, {**report(), "case_url": urls[0]})["case_url"] == urls[0]
    assert merged({**report(), "case_url": urls[0]}, {**report(), "case_url": urls[1]})["case_url"] == ""
    assert merged({**report(), "case_url": urls[0]}, report())["case_url"] == ""
    name = "oldest_unassigned_critical"
    for ages, oldest in (((7, 5), 5), ((None, 5), 5), ((None, None), None)):
        assert merged(*({**report(), name: age} for age in ages))[name] == oldest
    # A run that read no cases does not know.
    assert name not in merged({**report(), name: 5}, report())

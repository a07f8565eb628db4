# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit: each rule is a suite, each of its cases a test."""

from __future__ import annotations

import junitparser
import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests.unit.plugins.plugin_utils._report.readers import Page, Suites
from tests.unit.plugins.plugin_utils._report.reports import (
    ACME,
    MIXED,
    OWNED,
    REPORTS,
    SPELT,
    STALE,
    changed,
    finding,
    report,
)


def test_the_suite_of_the_run_has_platform_and_scope_as_properties():
    (mine, *_others) = Suites(render({**MIXED, "scope": ACME}, "junit")).root
    facts = {fact.get("name"): fact.get("value") for fact in mine.iter("property")}
    assert (facts["platform"], facts["scope"]) == ("myserver.example.com", ACME)
    (early,) = Suites(render(REPORTS["early"], "junit")).root
    assert not {"platform", "scope"} & {fact.get("name") for fact in early.iter("property")}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        (
            "compliant",
            {"Case hygiene": {"passed": 1}, OWNED: {"passed": 1}, SPELT: {"passed": 1}, STALE: {"passed": 1}},
        ),
        (
            "mixed",
            {
                "Case hygiene": {"passed": 1},
                OWNED: {"failure": 2, "error": 1, "skipped": 1},
                SPELT: {"failure": 1},
                STALE: {"failure": 2},
            },
        ),
        (
            "applied",
            {
                "Case hygiene": {"passed": 1},
                OWNED: {"passed": 2, "error": 1, "skipped": 1},
                SPELT: {"passed": 1},
                STALE: {"failure": 2},
            },
        ),
        (
            "large",
            {"Case hygiene": {"passed": 1}, OWNED: {"failure": 1000}, SPELT: {"passed": 1}, STALE: {"failure": 3000}},
        ),
        ("cases", {"Case hygiene": {"passed": 1}, "Cases": {"failure": 1}}),
        ("early", {"Cases": {"error": 1}}),
    ],
)
def test_each_rule_is_a_suite_and_each_of_its_cases_a_test(name, numbers):
    assert Suites(render(REPORTS[name], "junit")).numbers() == numbers


def test_a_test_says_what_is_wrong_with_the_case():
    suites = Suites(render(MIXED, "junit"))
    (drift, _other), (error,), (skip,) = (suites[OWNED][outcome] for outcome in ("failure", "error", "skipped"))
    assert drift.get("name") == "case 60001: Name of 1 (000000000000000000000001)"
    assert drift.get("classname") == f"Case hygiene.{OWNED}"
    words = "assignee: (none) -> new-owner-1@example.com", "tags: +added-1, -gone-1"
    assert drift[0].attrib == {"type": "drift", "message": f"would change: {', '.join(words)}"}
    assert drift[0].text.splitlines()[:2] == list(words)
    assert "tenant: Tenant 1" in drift[0].text.splitlines()
    assert error[0].attrib == {"type": "ApiError", "message": "HTTP 503 for 3."}
    assert skip[0].attrib == {"message": "Touched 4 since."}
    assert suites[STALE]["failure"][0][0].attrib == {
        "type": "finding",
        "message": "Escalated, Medium, assignee (none)",
    }


def test_the_time_of_the_run_is_in_its_own_suite_only():
    root = Suites(render(MIXED, "junit")).root
    assert [suite.get("time") for suite in root] == ["67.500", "0.000", "0.000", "0.000"]
    assert {suite.get("timestamp") for suite in root} == {"2026-11-24T05:54:00"}
    assert {suite.get("hostname") for suite in root} == {"myserver.example.com"}


def test_a_second_reader_of_junit_agrees(example):
    for suite in junitparser.JUnitXml.fromstring(render(example, "junit").encode()):
        said = suite.tests, suite.failures, suite.errors, suite.skipped, float(suite.time)
        suite.update_statistics()
        assert said == (suite.tests, suite.failures, suite.errors, suite.skipped, float(suite.time))


def test_a_finding_or_case_of_an_unknown_rule_is_not_lost():
    odd = report([changed(1, rules=["Gone"])], [finding(2, rule="Unknown")])
    assert Suites(render(odd, "junit")).numbers()["Cases"] == {"failure": 1}
    assert Suites(render(odd, "junit")).numbers()["Unknown"] == {"failure": 1}
    assert "Name of 2" in Page(render(odd, "html")).text


def test_what_others_changed_is_in_the_output_of_the_run():
    (mine, *others) = Suites(render(REPORTS["edited"], "junit")).root
    assert mine.find("system-out").text.splitlines() == [
        "2 cases were changed by others; 1 of their values was replaced:",
        f"case 60001: Name of 1 ({1:024x}): assignee to ohtani by ohtani@example.com (replaced)",
        f"case 60001: Name of 1 ({1:024x}): tags to one, two by (unknown) (kept)",
        f"case 60002: Name of 2 ({2:024x}): assignee to (none) by ohtani@example.com (kept)",
        f"case 60003: Name of 3 ({3:024x}): could not determine whether others changed it",
    ]
    assert [suite.findtext("system-out") for suite in others] == [""] * len(others)

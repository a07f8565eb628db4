# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports: every row is there, text is text, and others can read what is written."""

from __future__ import annotations

import json
import re
import time
from collections import UserDict, UserList
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import junitparser
import markdown_it
import pytest
import xmlschema
from ansible.errors import AnsibleFilterError

from ansible_collections.stellarcyber.xdr.plugins.filter.case_report import FilterModule
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, render
from tests import evidence, hostile_text

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
OWNED = "Critical cases have an owner"
SPELT = "Tags are spelt as agreed"
STALE = "Nothing stays New for a week"
READABLE = [name for name in FORMATS if name != "json"]


def case(number, **more):
    return {
        "case_id": f"{number:024x}",
        "ticket_id": 60000 + number,
        "name": f"Name of {number}",
        "tenant": f"Tenant {number % 20}",
        "status": ["New", "In Progress", "Escalated"][number % 3],
        "severity": ["Low", "Medium", "High", "Critical"][number % 4],
        **more,
    }


def changed(number, *, rules=(OWNED,), **more):
    changes = [
        {"field": "assignee", "before": "", "after": f"new-owner-{number}@example.com"},
        {"field": "tags", "before": ["kept", f"gone-{number}"], "after": ["kept", f"added-{number}"]},
    ]
    return case(number, outcome="changed", changes=changes, rules=list(rules), **more)


def edit(field, value, by="ohtani@example.com", *, kept=False):
    return {"field": field, "value": value, "kept": kept, "by": by}


def failed(number, **more):
    error = {"kind": "ApiError", "status": 503}
    return case(
        number, outcome="failed", changes=[], rules=[OWNED], reason=f"HTTP 503 for {number}.", error=error, **more
    )


def skipped(number, **more):
    changes = [{"field": "status", "before": "New", "after": f"Planned {number}"}]
    return case(number, outcome="skipped", changes=changes, rules=[OWNED], reason=f"Touched {number} since.", **more)


def finding(number, rule=STALE, **more):
    return case(number, rule=rule, assignee="", created_at=1660742474343, modified_at=1660835991789, **more)


def report(results=(), findings=(), **more):
    results, findings = list(results), list(findings)
    outcomes = [row["outcome"] for row in results]
    return {
        "report": 1,
        "platform": "myserver.example.com",
        "scope": "all tenants",
        "collection": "stellarcyber.xdr 0.1.0",
        "title": "Case hygiene",
        "mode": "check",
        "policy": "policy.yml",
        "started_at": "2026-11-24T05:54:00Z",
        "finished_at": "2026-11-24T05:55:07.5Z",
        "verdict": "drift" if "changed" in outcomes else "findings" if findings else "clean",
        "fail_on": "drift",
        "passed": "changed" not in outcomes,
        "error": "",
        "changed": "changed" in outcomes,
        "case_results": results,
        "findings": findings,
        "rules": [
            {"name": OWNED, "description": "Within 30 minutes.", "matched": 2, "changed": 1, "finding": False},
            {"name": SPELT, "description": "", "matched": 0, "changed": 0, "finding": False},
            {"name": STALE, "description": "People decide.", "matched": 3, "changed": 0, "finding": True},
        ],
        "counts": {
            "read": 60,
            "findings": len(findings),
            **{outcome: outcomes.count(outcome) for outcome in ("changed", "ok", "failed", "skipped")},
        },
        "undo": [],
        "reads": 2,
        "writes": 0,
        "rereads": 0,
        "retries": 0,
        **more,
    }


MIXED = report([changed(1), changed(2, rules=[OWNED, SPELT]), failed(3), skipped(4)], [finding(5), finding(6)])
EDITED = [
    changed(1, meanwhile=[edit("assignee", "ohtani"), edit("tags", ["one", "two"], None, kept=True)]),
    # Somebody took it from its owner.
    failed(2, meanwhile=[edit("assignee", "", kept=True)]),
    changed(3, meanwhile=None),
    changed(4, meanwhile=[]),
]
FAILED = {"mode": "apply", "verdict": "error", "passed": False}
# 0, 3 and 3,000 findings; and what a run leaves that failed before it read anything
REPORTS = {
    "clean": report(),
    "mixed": MIXED,
    "applied": {**MIXED, "mode": "apply", "writes": 3, "undo": [{"case_id": "1"}, {"case_id": "2"}]},
    "edited": report(EDITED, mode="apply", writes=4),
    "three": report(findings=map(finding, range(3))),
    "large": report(map(changed, range(1000)), map(finding, range(1000, 4000))),
    "cases": report([changed(1, rules=[])], rules=[]),
    "early": {"report": 1, "mode": "check", "verdict": "error", "passed": False, "error": "No connection."},
    "wrong key": {**report(rules=[], counts={}, reads=0), **FAILED, "error": "The key is wrong. Give another."},
    "not begun": {
        **report([skipped(1), *({**skipped(n), "reason": "Not begun: the limit."} for n in (2, 3))], [finding(9)]),
        **FAILED,
        "mode": "check",
        "error": "2 cases, and max_changes allows 1.",
    },
    "refused": {
        **report(map(skipped, range(3)), [finding(9)]),
        **FAILED,
        "error": "3 cases, and max_changes allows 2.",
    },
}


@pytest.fixture(params=REPORTS)
def example(request):
    return REPORTS[request.param]


# Where the run worked

ACME = "tenant Acme (6aeb2aae7d8d4ef0820136f42d107db4)"


def first_lines(text, format):
    """Return what a reader sees first: of HTML the title and the heading, of JUnit its name."""
    if format == "junit":
        return [Suites(text).root.get("name")]
    if format == "markdown":
        return [squeezed(read_markdown(text.splitlines()[0]).text)]
    return [squeezed(Page(part).text) for part in re.findall(r"<(?:title>.*?</title|h1>.*?</h1)>", text, re.DOTALL)]


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**MIXED, "platform": "127.0.0.1:8443", "scope": ACME}, f"Case hygiene on 127.0.0.1:8443, {ACME}"),
        (MIXED, "Case hygiene on myserver.example.com, all tenants"),
        ({**MIXED, "platform": "", "scope": ""}, "Case hygiene"),
        # A report of an earlier version
        ({key: value for key, value in MIXED.items() if key != "scope"}, "Case hygiene on myserver.example.com"),
        (REPORTS["early"], "Cases"),
    ],
)
def test_the_first_line_says_where_the_run_worked(given, said, format):
    outcome = {"html": ": failed, ", "markdown": ": failed ("}.get(format, "")
    lines = first_lines(render(given, format), format)
    assert [line.partition(outcome)[0] if outcome else line for line in lines[:1]] == [said]
    assert lines[1:] == ([said] if format == "html" else [])


def test_the_suite_of_the_run_has_platform_and_scope_as_properties():
    (mine, *_others) = Suites(render({**MIXED, "scope": ACME}, "junit")).root
    facts = {fact.get("name"): fact.get("value") for fact in mine.iter("property")}
    assert (facts["platform"], facts["scope"]) == ("myserver.example.com", ACME)
    (early,) = Suites(render(REPORTS["early"], "junit")).root
    assert not {"platform", "scope"} & {fact.get("name") for fact in early.iter("property")}


@pytest.mark.parametrize("format", READABLE)
def test_the_name_of_a_tenant_is_text_in_the_first_line(format):
    for title, text in TEXTS.items():
        lines = first_lines(render({**MIXED, "scope": f"tenant {text[:100]}"}, format), format)
        shown = "".join(" " if hostile_text.steering(char) else char for char in f"tenant {text[:100]}")
        for line in lines:
            assert hostile_text.steering(line) == [], title
            assert squeezed(FORBIDDEN.sub(" ", shown))[:80] in squeezed(line), title


# JSON


def test_json_is_the_report_in_its_order(example):
    text = render(example, "json")
    assert json.loads(text) == example
    assert list(json.loads(text)) == list(example)
    assert text.isascii()
    assert text.startswith('{\n  "report": 1,\n')


# JUnit


class Suites(dict):
    """The tests of each suite by their outcome."""

    def __init__(self, text):
        SCHEMA.validate(text)
        self.root = ElementTree.fromstring(text)
        for suite in self.root:
            by_outcome = {}
            for test in suite.iter("testcase"):
                outcome = test[0].tag if len(test) else "passed"
                by_outcome.setdefault(outcome, []).append(test)
            for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert suite.get(attribute) == str(len(by_outcome.get(outcome, ())))
            assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
            self[suite.get("name")] = by_outcome

    def numbers(self):
        return {name: {outcome: len(tests) for outcome, tests in suite.items()} for name, suite in self.items()}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("clean", {"Case hygiene": {"passed": 1}, OWNED: {"passed": 1}, SPELT: {"passed": 1}, STALE: {"passed": 1}}),
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


# HTML


words = re.compile(r"\S+").findall
TAGS = words("""
    html head meta title style body header main footer section article nav div p span small b strong code pre br
    h1 h2 h3 dl dt dd ul li a figure figcaption svg desc text rect details summary table caption thead tbody tr th td
    bdi del ins
""")
ATTRIBUTES = words("""
    lang charset http-equiv content name class id role aria-label aria-labelledby href open scope rowspan data-label
    width height x y rx
""")
VOID = ["meta", "rect", "br"]


class Page(HTMLParser):
    """A page's elements, texts and table rows. Fails on what could run or load anything."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.elements, self.texts, self.rows = [], [], [], []
        self.feed(text)
        self.close()
        assert self.inside == []
        self.text = "".join(self.texts)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_pi = unknown_decl = handle_comment

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, [name for name, _value in attrs]))
        assert tag in TAGS
        assert [name for name, _value in attrs if name not in ATTRIBUTES] == []
        assert all(value.startswith("#") for name, value in attrs if name == "href")
        if tag == "tr":
            self.rows.append("")
        if tag not in VOID:
            self.inside.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        if "style" in self.inside:
            assert "url(" not in data
            assert "@import" not in data
            return
        if "tr" in self.inside:
            self.rows[-1] += data
        self.texts.append(data)


def test_the_page_needs_nothing_and_runs_nothing(example):
    text = render(example, "html")
    Page(text)
    assert "<script" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"" in text


@pytest.mark.parametrize("name", ["mixed", "applied", "large", "three"])
def test_the_page_has_every_row(name):
    rows = Page(render(REPORTS[name], "html")).rows
    for row in REPORTS[name]["findings"]:
        assert any(row["case_id"] in text and "2022-08-17 13:21" in text for text in rows)
    for row in REPORTS[name]["case_results"]:
        (found,) = [i for i, text in enumerate(rows) if row["case_id"] in text]
        assert str(row["ticket_id"]) in rows[found]
        assert row["name"] in rows[found]
        if row["outcome"] == "changed":
            assert row["changes"][0]["after"] in rows[found]
            assert row["changes"][1]["after"][1] in rows[found + 1]
            assert row["changes"][1]["before"][1] in rows[found + 1]
        else:
            assert row["reason"] in rows[found]


def test_tags_show_what_is_gone_kept_and_new():
    text = render(report([changed(1)]), "html")
    assert text.count('<span class="kept">kept</span>') == 2
    assert text.count("<del>gone-1</del>") == 1
    assert text.count("<ins>added-1</ins>") == 1


@pytest.mark.parametrize(
    ("name", "there", "absent"),
    [
        ("clean", ["Passed", "clean", "Preview: nothing was written", "1 min 8 s"], ["undo_file", "Changes"]),
        (
            "mixed",
            ["Failed", "drift", "2 cases would change, 2 findings, 1 case failed, 1 case skipped"],
            ["undo_file"],
        ),
        (
            "applied",
            ["Applied to the platform", "2 cases were changed", "ansible-playbook stellarcyber.xdr.undo -e undo_file="],
            ["Preview"],
        ),
        ("edited", ["Changed by others meanwhile"], ["Preview"]),
        ("large", ["3,000 findings", "1,000", "12 others"], ["Changed by others"]),
        ("early", ["The run ended with an error", "No connection."], ["Rules and findings", "cases read"]),
    ],
)
def test_the_page_says_how_it_went(name, there, absent):
    text = Page(render(REPORTS[name], "html")).text
    assert [words for words in there if words not in text] == []
    assert [words for words in absent if words in text] == []


def test_long_tables_are_folded_up_and_short_ones_are_open():
    assert render(REPORTS["three"], "html").count("<details open>") == 1
    assert render(REPORTS["large"], "html").count("<details>") == 2


def test_a_case_that_changes_and_is_a_finding_counts_once_in_a_chart():
    both = report([changed(1, rules=[OWNED])], [finding(1), finding(2)])
    text = render(both, "html")
    assert '<desc id="chart-severity-text">High: 1, Medium: 1</desc>' in text
    assert f'<desc id="chart-rule-text">{STALE}: 2, {OWNED}: 1</desc>' in text


# Markdown


def read_markdown(text):
    """Return what a reader makes of it, as GitHub and GitLab do: HTML in it is let through."""
    html = markdown_it.MarkdownIt("commonmark").enable("table").render(text)
    return Page(re.sub(' style="text-align:(left|right)"', "", html))


def test_markdown_is_a_summary_with_tables():
    page = read_markdown(render(MIXED, "markdown"))
    assert "Case hygiene on myserver.example.com, all tenants: failed (drift)" in page.text
    assert "2 cases would change, 2 findings, 1 case failed, 1 case skipped. This is a preview" in page.text
    rows = [" ".join(row.split()) for row in page.rows]
    assert "60 2 0 2 1 1" in rows
    assert f"{STALE} 3 0 2 0 0" in rows
    assert f"{STALE} 60005 Name of 5 Tenant 5 Escalated Medium" in rows
    assert "60001 Name of 1 Tenant 1 assignee: (none) -> new-owner-1@example.comtags: +added-1, -gone-1" in rows
    assert "60003 Name of 3 Tenant 3 HTTP 503 for 3." in rows
    assert "60004 Name of 4 Tenant 4 status: New -> Planned 4 Touched 4 since." in rows


def test_markdown_cuts_its_tables_and_says_so():
    page = read_markdown(render(REPORTS["large"], "markdown"))
    assert "And 950 more, see the HTML report." in page.text
    assert "And 2,950 more, see the HTML report." in page.text
    assert sum("Name of" in row for row in page.rows) == 100
    # GitHub takes a megabyte for a summary, GitLab for a comment.
    longest = report([changed(n, name="<" * 5000) for n in range(60)], [finding(n, name="|" * 5000) for n in range(60)])
    assert len(render(longest, "markdown")) < 200_000


# What others changed


@pytest.mark.parametrize("format", ["html", "markdown"])
def test_what_others_changed_has_a_section(format):
    page = (Page if format == "html" else read_markdown)(render(REPORTS["edited"], format))
    rows = [squeezed(text) for text in page.rows]
    for case_id, facts in (
        ("60001", "assignee ohtani ohtani@example.com replaced"),
        ("", "tags one, two (unknown) kept"),
        ("60002", "assignee (none) ohtani@example.com kept"),
    ):
        # The cells of the page have nothing between them.
        found = [row for row in rows if facts.replace(" ", "") in row.replace(" ", "")]
        assert len(found) == 1, (facts, rows)
        assert case_id in found[0]
    text = squeezed(page.text)
    assert "2 cases were changed by others meanwhile; 1 value of theirs was replaced." in text
    assert "Whether others changed 1 case meanwhile could not be seen: 60003." in text


def test_what_others_changed_is_in_the_output_of_the_run():
    (mine, *others) = Suites(render(REPORTS["edited"], "junit")).root
    assert mine.find("system-out").text.splitlines() == [
        "2 cases were changed by others meanwhile; 1 value of theirs was replaced:",
        f"case 60001: Name of 1 ({1:024x}): assignee to ohtani by ohtani@example.com (replaced)",
        f"case 60001: Name of 1 ({1:024x}): tags to one, two by (unknown) (kept)",
        f"case 60002: Name of 2 ({2:024x}): assignee to (none) by ohtani@example.com (kept)",
        f"case 60003: Name of 3 ({3:024x}): whether others changed it meanwhile could not be seen",
    ]
    assert [suite.findtext("system-out") for suite in others] == [""] * len(others)


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize(
    ("meanwhile", "there"),
    [
        ([edit("status", "New", kept=True)], "1 case was changed by others meanwhile; all of it was kept"),
        ([edit("status", "New"), edit("name", "A")], "1 case was changed by others meanwhile; 2 values of theirs were"),
        (None, "hether others changed"),
        ([], ""),
    ],
)
def test_what_others_changed_is_counted(format, meanwhile, there):
    text = render(report([changed(1, meanwhile=meanwhile)]), format)
    shown = squeezed(elements_and_texts(text, format)[1])
    assert there in shown
    assert ("others" in shown) is bool(there)


# What is said is true


def said(given, format):
    """Return the text of the report; of JUnit its summary."""
    text = render(given, format)
    if format == "junit":
        return Suites(text).root.find("testsuite/properties/property[@name='summary']").get("value")
    return squeezed((Page(text) if format == "html" else read_markdown(text)).text)


@pytest.mark.parametrize("format", ["html", "markdown"])
@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({**REPORTS["applied"], "writes": 3}, "Applied to the platform"),
        ({**report([failed(1)]), "mode": "apply", "writes": 3}, "Updates were tried, and nothing was changed"),
        ({**report(), "mode": "apply"}, "Nothing had to be written"),
        ({**report([skipped(1)]), "mode": "apply"}, "Nothing was written"),
        ({**report([failed(1)]), "mode": "apply"}, "Nothing was written"),
        ({**REPORTS["applied"], **FAILED, "error": "1 case failed."}, "Applied to the platform"),
        (REPORTS["refused"], "Nothing was written"),
        (REPORTS["wrong key"], "No write is known"),
        ({**REPORTS["early"], "mode": "apply"}, "No write is known"),
        (REPORTS["early"], "nothing was written"),
    ],
)
def test_it_says_what_was_written(given, written, format):
    text = said(given, format)
    all_words = (
        "Applied to the platform",
        "Updates were tried",
        "Nothing had to be written",
        "Nothing was written",
        "No write is known",
    )
    assert written in text
    assert [words for words in all_words if words in text and not written.startswith(words)] == []


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("early", "No verdict: No connection"),
        ("wrong key", "No verdict: The key is wrong. Give another"),
        ("refused", "No verdict: 3 cases, and max_changes allows 2. 1 finding, 3 cases skipped"),
        (
            "not begun",
            "No verdict: 2 cases, and max_changes allows 1. 2 cases planned, none begun, 1 finding, 1 case skipped",
        ),
    ],
)
def test_an_error_comes_first_and_leaves_no_verdict(name, there, format):
    text = said(REPORTS[name], format)
    assert there in text
    assert "Nothing to change" not in text


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("name", ["early", "wrong key"])
def test_what_nobody_counted_is_not_zero(name, format):
    text = said(REPORTS[name], format)
    for label in ("already right", "skipped", "findings", "Reads", "Writes"):
        assert label not in text
    assert re.search(r"\b0\b(?!\.)", text.replace("stellarcyber.xdr 0.1.0", "").replace("1 min 8 s", "")) is None


def test_an_error_without_words_is_one():
    assert said({**VALID, "verdict": "error"}, "junit") == "No verdict: the run ended with an error"


@pytest.mark.parametrize("format", ["html", "markdown"])
def test_none_would_change_where_some_are_planned(format):
    text = said(REPORTS["not begun"], format)
    assert ("2 planned, none begun" if format == "html" else "Planned, none begun") in text
    assert "0 would change" not in text
    begun = {**REPORTS["not begun"], "mode": "apply", "writes": 1}
    assert "none begun" not in said(begun, format)


@pytest.mark.parametrize(
    ("given", "there", "absent"),
    [
        # An engine may count what was planned.
        (report(map(skipped, range(3))), "3 skipped", "1 would change"),
        (report(map(failed, range(3))), "3 failed", "1 would change"),
        (report([changed(1), skipped(2)]), "1 would change 1 skipped", "nothing to change 2 cases"),
    ],
)
def test_a_rule_says_what_became_of_its_cases(given, there, absent):
    (card,) = re.findall(rf"{OWNED}</h3>.*?</div>", render(given, "html"), re.DOTALL)
    text = squeezed(re.sub("<[^>]*>", "", card))
    assert there in text
    assert absent not in text


def test_a_chart_counts_as_the_rules_do():
    text = render(report([changed(1, rules=[OWNED, SPELT, "Gone"])]), "html")
    assert f'<desc id="chart-rule-text">{OWNED}: 1, Gone: 1</desc>' in text


def test_a_refused_run_has_no_bar_of_changes():
    assert '<rect class="changed" y=' not in render(REPORTS["refused"], "html")


@pytest.mark.parametrize(
    ("format", "given", "label"),
    [
        ("html", report(), "0 matched, already right"),
        ("markdown", report(), "Matched, already right"),
        ("html", report(rules=[]), "0 already right"),
        ("markdown", report(rules=[]), "Already right"),
    ],
)
def test_a_case_that_is_already_right_matched_a_rule(format, given, label):
    assert label in said(given, format)


@pytest.mark.parametrize("format", READABLE)
def test_one_is_one(format):
    one = report([changed(1), failed(2), skipped(3)], [finding(4)], undo=[{"case_id": "1"}])
    one["counts"].update(read=1)
    one["rules"][0].update(matched=1)
    one["rules"][2].update(matched=1)
    for mode in ("check", "apply"):
        assert re.findall(r"(?<![\d,])1 (?:cases|findings|others)\b", said({**one, "mode": mode}, format)) == []


@pytest.mark.parametrize("outcome", [failed, skipped])
def test_markdown_shows_what_was_planned(outcome):
    row = {**outcome(1), "changes": changed(1)["changes"]}
    rows = [squeezed(text) for text in read_markdown(render(report([row]), "markdown")).rows]
    planned = "assignee: (none) -> new-owner-1@example.com, tags: +added-1, -gone-1"
    assert f"60001 Name of 1 Tenant 1 {planned} {row['reason']}" in rows


# Hostile text

TEXTS = hostile_text.texts("/tmp/nowhere")
# Beside what steers a terminal or a reader's eye, what no XML document may hold
FORBIDDEN = re.compile("[\ufffe\uffff]")


def hostile(value, text, skip=("report", "mode", "verdict", "passed", "outcome")):
    """Return the report with the text in place of every other text, each with a mark of its own."""
    numbers = iter(range(10_000))

    def replace(value):
        if isinstance(value, dict):
            return {key: item if key in skip else replace(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace(item) for item in value]
        return f"{text} m{next(numbers)}" if isinstance(value, str) else value

    return replace(value)


def elements_and_texts(text, format):
    if format != "junit":
        page = Page(text) if format == "html" else read_markdown(text)
        return page.elements, page.text
    SCHEMA.validate(text)
    elements = list(ElementTree.fromstring(text).iter())
    texts = [words for element in elements for words in (element.text or "", *element.attrib.values())]
    return [(element.tag, list(element.attrib)) for element in elements], "\n".join(texts)


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("name", ["mixed", "applied", "edited", "cases", "early"])
def test_hostile_text_is_text_in_every_field(name, format):
    full = {**REPORTS[name], "error": "Error"}
    plain = elements_and_texts(render(hostile(full, "x"), format), format)[0]
    for title, text in TEXTS.items():
        rendered = render(hostile(full, text), format)
        assert hostile_text.steering(rendered) == [], title
        assert not FORBIDDEN.search(rendered), title
        elements, texts = elements_and_texts(rendered, format)
        assert elements == plain, title
        shown = "".join(" " if hostile_text.steering(char) else char for char in f"{text} m"[:100])
        # What is longer is cut, in the tables of Markdown first.
        assert squeezed(FORBIDDEN.sub(" ", shown)) in squeezed(texts), title
        evidence.record("hostile text", text=title, place="each text of a report", through=f"{format} report")


def test_hostile_text_is_kept_in_json():
    for title, text in TEXTS.items():
        given = hostile(REPORTS["mixed"], text)
        rendered = render(given, "json")
        assert json.loads(rendered) == given, title
        assert rendered.replace("\n", "").isprintable(), title
        evidence.record("hostile text", text=title, place="each text of a report", through="JSON report")


@pytest.mark.parametrize("format", READABLE)
def test_a_long_text_is_cut_where_people_read_it(format):
    (long,) = (text for text in TEXTS.values() if len(text) >= 2**20 - 9)
    assert len(render(report([changed(1, name=long)], [finding(2, name=long)]), format)) < 100_000


def test_tags_that_differ_in_what_can_not_be_seen_differ():
    row = changed(1, rules=[])
    row["changes"] = [{"field": "tags", "before": ["VIP\u200b"], "after": ["VIP"]}]
    text = render(report([row]), "html")
    assert "<del>VIP </del>" in text
    assert "<ins>VIP</ins>" in text


# What Ansible gives


class Tagged(str):
    """As Ansible's subclasses do, it stays what it is through str(); and it says that it needs no escaping."""

    def __html__(self):
        return self

    __str__ = __html__


class TaggedNumber(int):
    pass


def lazy(value):
    if isinstance(value, dict):
        return UserDict({Tagged(key): lazy(item) for key, item in value.items()})
    if isinstance(value, list):
        return UserList(map(lazy, value))
    if isinstance(value, bool) or value is None:
        return value
    return Tagged(value) if isinstance(value, str) else TaggedNumber(value)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("given", [MIXED, REPORTS["early"], report(findings=[finding(1, name="<b>|")])])
def test_subclasses_of_ansible_make_no_difference(format, given):
    text = render(lazy(given), Tagged(format))
    assert not isinstance(text, Tagged)
    assert text == render(given, format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_report_gives_the_same_text_and_stays_as_it_is(format):
    before = json.dumps(MIXED)
    assert render(MIXED, format) == render(json.loads(before), format)
    assert json.dumps(MIXED) == before


@pytest.mark.parametrize(
    ("started", "shown"),
    [
        ("2026-11-24T05:54:00Z", "2026-11-24 05:54 UTC"),
        ("2026-11-24T06:54:00+01:00", "2026-11-24 05:54 UTC"),
        (datetime(2026, 11, 24, 5, 54, tzinfo=UTC), "2026-11-24 05:54 UTC"),
        ("yesterday", "yesterday"),
        ("0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00+12:00"),
        ("0001-01-01T00:00:00", "0001-01-01 00:00 UTC"),
        (10**30, str(10**30)),
    ],
)
def test_times_are_for_readers(started, shown):
    odd = {**MIXED, "started_at": started}
    assert shown in Page(render(odd, "html")).text
    SCHEMA.validate(render(odd, "junit"))


@pytest.mark.parametrize("format", FORMATS)
def test_values_of_an_unexpected_type_are_shown(format):
    changes = [
        {"field": "update_alerts", "before": False, "after": True},
        {"field": "score", "before": None, "after": 7},
        {"field": "extra", "before": {"a": 1}, "after": [["b"], None]},
        {},
    ]
    odd = report(
        [{"outcome": "changed", "changes": changes, "rules": None, "error": None}, {"outcome": "failed"}], [{}]
    )
    odd["rules"] = [{"name": "Odd", "matched": None}]
    odd["case_results"][1]["meanwhile"] = [{}, {"field": 1, "value": {"a": [None]}, "kept": "no", "by": ["b"]}]
    odd.update(counts={"read": "many"}, title=None, policy={"a": 1}, reads="none", error=None, platform=7, fail_on=None)
    assert "true" in render(odd, format)


# Errors

VALID = {"report": 1, "mode": "check", "verdict": "clean", "passed": True}


@pytest.mark.parametrize(
    ("given", "format", "message"),
    [
        (VALID, "pdf", "there is no format 'pdf'. Give one of json, junit, markdown, html."),
        (VALID, None, "there is no format 'None'."),
        ("text", "html", "because it is of type str, not a dict. Give the dict"),
        ({}, "html", "because its key report, the version of its format, is missing instead of 1."),
        ({**VALID, "report": 2}, "json", "because its key report, the version of its format, is '2' instead of 1."),
        ({**VALID, "report": True}, "json", "is 'True' instead of 1."),
        ({**VALID, "mode": "run"}, "html", "because its key mode is 'run' instead of one of check, apply."),
        ({**VALID, "verdict": "\x1b[1m"}, "html", "because its key verdict is '[1m' instead of one of clean, drift"),
        ({**VALID, "passed": None}, "html", "because its key passed is missing instead of one of True, False."),
        ({**VALID, "findings": "none"}, "html", "because its key findings is not a list of dicts."),
        ({**VALID, "case_results": [1]}, "html", "because its key case_results is not a list of dicts."),
        ({**VALID, "case_results": [{}, {"changes": ["a"]}]}, "html", "because the changes of number 2 in its key"),
        ({**VALID, "case_results": [{"meanwhile": ["a"]}]}, "html", "because meanwhile of number 1 in its key case_"),
        ({**VALID, "counts": 3}, "html", "because its key counts is not a dict."),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(given, format, message):
    case_report = FilterModule().filters()["case_report"]
    with pytest.raises(AnsibleFilterError) as caught:
        case_report(given, format)
    assert "The filter stellarcyber.xdr.case_report failed. Could not render a case report: " in str(caught.value)
    assert message in str(caught.value)


def test_the_filter_renders():
    assert FilterModule().filters()["case_report"](MIXED, "html") == render(MIXED, "html")


def test_a_large_report_takes_seconds_only():
    before = time.perf_counter()
    for format in FORMATS:
        render(REPORTS["large"], format)
    assert time.perf_counter() - before < 20

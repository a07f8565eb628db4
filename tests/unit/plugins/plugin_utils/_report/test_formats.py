# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for each format: the first line, changes by others, counts and states."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, render
from tests.unit.plugins.plugin_utils._report.readers import (
    READABLE,
    SCHEMA,
    Page,
    elements_and_texts,
    first_lines,
    read_markdown,
    said,
    squeezed,
)
from tests.unit.plugins.plugin_utils._report.reports import (
    ACME,
    FAILED,
    MIXED,
    REPORTS,
    VALID,
    changed,
    edit,
    failed,
    finding,
    report,
    skipped,
)


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


def test_json_is_the_report_in_its_order(example):
    text = render(example, "json")
    assert json.loads(text) == example
    assert list(json.loads(text)) == list(example)
    assert text.isascii()
    assert text.startswith('{\n  "report": 1,\n')


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
    assert "2 cases were changed by others; 1 of their values was replaced." in text
    assert "Could not determine whether others changed 1 case: 60003." in text


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize(
    ("concurrent_changes", "there"),
    [
        ([edit("status", "New", kept=True)], "1 case was changed by others; all their changes were kept"),
        ([edit("status", "New"), edit("name", "A")], "1 case was changed by others; 2 of their values were"),
        (None, "hether others changed"),
        ([], ""),
    ],
)
def test_what_others_changed_is_counted(format, concurrent_changes, there):
    text = render(report([changed(1, concurrent_changes=concurrent_changes)]), format)
    shown = squeezed(elements_and_texts(text, format)[1])
    assert there in shown
    assert ("others" in shown) is bool(there)


@pytest.mark.parametrize("format", ["html", "markdown"])
@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({**REPORTS["applied"], "requests": {"write": 3}}, "Applied to the platform"),
        (
            {**report([failed(1)]), "mode": "apply", "requests": {"write": 3}},
            "Updates were attempted, and nothing was changed",
        ),
        ({**report(), "mode": "apply"}, "No write was required"),
        ({**report([skipped(1)]), "mode": "apply"}, "Nothing was written"),
        ({**report([failed(1)]), "mode": "apply"}, "Nothing was written"),
        ({**REPORTS["applied"], **FAILED, "error": "1 case failed."}, "Applied to the platform"),
        (REPORTS["refused"], "Nothing was written"),
        (REPORTS["wrong key"], "It is not known whether anything was written"),
        ({**REPORTS["early"], "mode": "apply"}, "It is not known whether anything was written"),
        (REPORTS["early"], "nothing was written"),
    ],
)
def test_it_says_what_was_written(given, written, format):
    text = said(given, format)
    all_words = (
        "Applied to the platform",
        "Updates were attempted",
        "No write was required",
        "Nothing was written",
        "It is not known whether anything was written",
    )
    assert written in text
    assert [words for words in all_words if words in text and not written.startswith(words)] == []


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("early", "The policy could not be evaluated: No connection"),
        ("wrong key", "The policy could not be evaluated: The key is wrong. Give another"),
        ("refused", "The policy could not be evaluated: 3 cases failed. 1 finding, 3 cases skipped"),
        (
            "limit",
            "2 changes planned, max_changes is 1. 2 cases planned, not applied, 1 finding, 1 case skipped",
        ),
    ],
)
def test_an_error_comes_first_and_leaves_no_result(name, there, format):
    text = said(REPORTS[name], format)
    assert there in text
    assert "Nothing to change" not in text


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("name", ["early", "wrong key"])
def test_what_nobody_counted_is_not_zero(name, format):
    text = said(REPORTS[name], format)
    for label in ("compliant", "unchanged", "skipped", "findings", "Reads", "Writes"):
        assert label not in text
    assert re.search(r"\b0\b(?!\.)", text.replace("stellarcyber.xdr 0.1.0", "").replace("1 min 8 s", "")) is None


def test_an_error_without_words_is_one():
    assert (
        said({**VALID, "result": "error"}, "junit") == "The policy could not be evaluated: the run ended with an error"
    )


@pytest.mark.parametrize("format", ["html", "markdown"])
def test_none_would_change_where_some_are_planned(format):
    text = said(REPORTS["limit"], format)
    assert ("2 planned, not applied" if format == "html" else "Planned, not applied") in text
    assert "0 would change" not in text
    applied = {**REPORTS["limit"], "mode": "apply", "requests": {"write": 1}}
    assert "2 planned" not in said(applied, format)


@pytest.mark.parametrize(
    ("format", "given", "label"),
    [
        ("html", report(), "0 matched, unchanged"),
        ("markdown", report(), "Matched, unchanged"),
        ("html", report(rules=[]), "0 unchanged"),
        ("markdown", report(rules=[]), "Unchanged"),
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


def test_a_large_report_takes_seconds_only():
    before = time.perf_counter()
    for format in FORMATS:
        render(REPORTS["large"], format)
    assert time.perf_counter() - before < 20

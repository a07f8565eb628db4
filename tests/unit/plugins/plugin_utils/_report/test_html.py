# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML: one page that loads and runs nothing, with every row."""

from __future__ import annotations

import re

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests.unit.plugins.plugin_utils._report.readers import Page, squeezed
from tests.unit.plugins.plugin_utils._report.reports import (
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
        ("compliant", ["Passed", "compliant", "Preview: nothing was written", "1 min 8 s"], ["undo_file", "Changes"]),
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
        ("edited", ["Changed by others"], ["Preview"]),
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


def test_tags_that_differ_in_what_can_not_be_seen_differ():
    row = changed(1, rules=[])
    row["changes"] = [{"field": "tags", "before": ["VIP\u200b"], "after": ["VIP"]}]
    text = render(report([row]), "html")
    assert "<del>VIP </del>" in text
    assert "<ins>VIP</ins>" in text

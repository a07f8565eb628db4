# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Markdown: a summary with tables that are cut."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests.unit.plugins.plugin_utils._report.readers import read_markdown, squeezed
from tests.unit.plugins.plugin_utils._report.reports import (
    MIXED,
    REPORTS,
    STALE,
    changed,
    failed,
    finding,
    report,
    skipped,
)


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


@pytest.mark.parametrize("outcome", [failed, skipped])
def test_markdown_shows_what_was_planned(outcome):
    row = {**outcome(1), "changes": changed(1)["changes"]}
    rows = [squeezed(text) for text in read_markdown(render(report([row]), "markdown")).rows]
    planned = "assignee: (none) -> new-owner-1@example.com, tags: +added-1, -gone-1"
    assert f"60001 Name of 1 Tenant 1 {planned} {row['reason']}" in rows


def test_a_plan_is_named_and_says_nothing_of_compliance() -> None:
    text = render(REPORTS["by plan"], "markdown")
    assert "The rules were not evaluated: this run applies a plan." in text
    assert "plan&#46;json" in text
    assert "0c1d" * 16 in text
    assert "Findings" not in text

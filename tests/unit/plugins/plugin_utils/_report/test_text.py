# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text for a terminal: what a run did in a few lines, and no text of a case."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests import hostile_text
from tests.unit.plugins.plugin_utils._report.reports import (
    MIXED,
    OWNED,
    REPORTS,
    SPELT,
    STALE,
    changed,
    finding,
    report,
    skipped,
)

WHERE = "Case hygiene on myserver.example.com, all tenants"
LINES = {
    "compliant": [f"{WHERE}: compliant", "60 cases read, 0 would change, 0 findings, 0 failed, 0 skipped"],
    "mixed": [
        f"{WHERE}: drift",
        "60 cases read, 2 would change, 2 findings, 1 failed, 1 skipped",
        f"1 would change, 1 failed, 1 skipped: {OWNED}",
        f"2 findings: {STALE}",
    ],
    "edited": [
        f"{WHERE}: drift",
        "60 cases read, 3 changed, 0 findings, 1 failed, 0 skipped",
        f"1 changed, 1 failed: {OWNED}",
        "2 cases were changed by others; 1 of their values was replaced, see the report",
        "Could not determine whether others changed 1 case, see the report",
    ],
    "limit": [
        f"{WHERE}: limit",
        "60 cases read, 2 planned, not applied, 1 finding, 0 failed, 1 skipped",
        f"2 planned, not applied, 1 skipped: {OWNED}",
        f"1 finding: {STALE}",
    ],
    "early": ["Cases: error"],
    "wrong key": [f"{WHERE}: error"],
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name):
    assert render(REPORTS[name], "text").splitlines() == LINES[name]


@pytest.mark.parametrize("spelling", hostile_text.TEXTS)
def test_no_text_of_a_case_and_none_that_steers_a_terminal_or_a_pipeline(spelling):
    text = hostile_text.TEXTS[spelling]
    row = {**changed(1), "name": text, "ticket_id": text, "reason": text, "rules": [SPELT]}
    rule = {"name": f"##[error] {text}", "description": text, "matched": 1, "changed": 0, "finding": True}
    given = report([row, {**skipped(2), "reason": text}], [{**finding(3), "rule": rule["name"]}], rules=[rule])
    shown = render({**given, "title": text, "platform": text, "scope": text}, "text")
    assert hostile_text.steering(shown) == []
    assert hostile_text.commands(shown) == []
    assert shown.count("\n") <= 5


def test_numbers_are_numbers_whatever_a_template_made_of_them():
    assert "2 would change" in render(MIXED, "text")

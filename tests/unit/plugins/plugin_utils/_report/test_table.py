# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a report, as a spreadsheet and a reader of CSV take it."""

from __future__ import annotations

import csv
import io
import re

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.table import COLUMNS, LONGEST_CELL
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.reports import MIXED, REPORTS, changed, finding, report
from tests.unit.plugins.plugin_utils._report.test_hostile_text import hostile

TEXTS = hostile_text.texts("/tmp/nowhere")


def read(given: dict) -> list[dict[str, str]]:
    text = render(given, "csv")
    # RFC 4180: each line ends with CRLF, also the last one.
    assert text.endswith('"\r\n')
    assert not re.search("[^\r]\n|\r[^\n]", text)
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    assert all(len(row) == len(header) for row in rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_each_finding_and_each_changed_field_has_a_row() -> None:
    rows = read(MIXED)
    assert [(row["kind"], row["ticket_id"], row["field"]) for row in rows] == [
        ("finding", "60005", ""),
        ("finding", "60006", ""),
        ("would change", "60001", "assignee"),
        ("would change", "60001", "tags"),
        ("would change", "60002", "assignee"),
        ("would change", "60002", "tags"),
        ("failed", "60003", ""),
        ("skipped", "60004", "status"),
    ]
    assert rows[0]["created_at"] == "2022-08-17T13:21:14Z"
    assert (rows[3]["before"], rows[3]["after"]) == ("kept, gone-1", "kept, added-1")
    assert rows[4]["rule"] == "Critical cases have an owner, Tags are spelt as agreed"
    assert rows[6]["reason"] == "HTTP 503 for 3."


def test_an_apply_and_a_limit_say_what_they_did() -> None:
    assert {row["kind"] for row in read(REPORTS["applied"])} == {"finding", "changed", "failed", "skipped"}
    kinds = [row["kind"] for row in read(REPORTS["limit"])]
    assert kinds == ["limit", "finding", "planned, not applied", "planned, not applied", "skipped"]
    (row,) = read(REPORTS["early"])
    assert (row["kind"], row["reason"]) == ("error", "No connection")
    assert read(REPORTS["compliant"]) == []


@pytest.mark.parametrize("name", ["mixed", "applied", "edited", "cases", "early"])
def test_no_text_is_a_formula_or_ends_its_cell(name: str) -> None:
    plain = len(read({**REPORTS[name], "error": "Error"}))
    for title, text in TEXTS.items():
        rows = read(hostile({**REPORTS[name], "error": "Error"}, text))
        assert len(rows) == plain, title
        cells = [cell for row in rows for cell in row.values()]
        # What a spreadsheet computes, after blanks too
        assert not [cell for cell in cells if re.match(r"\s*[-=+@\uff1d\uff0b\uff20\uff0d]", cell)], title
        assert max(map(len, cells)) <= LONGEST_CELL + 1
        assert hostile_text.steering("".join(cells)) == [], title
        evidence.record("hostile text", text=title, place="each text of a report", through="CSV report")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "  =1", "\t=1", "\r@x", "\uff1d1", '"=1', '","=1'])
def test_a_formula_is_text(text: str) -> None:
    for given in (report([], [finding(1, name=text)]), report([changed(1, name=text)])):
        cell = read(given)[0]["name"]
        assert cell.lstrip("'").strip() == text.strip()
        assert cell.startswith("'") == (not text.startswith('"'))

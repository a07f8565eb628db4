# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings and changes of a report as CSV (RFC 4180), for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Iterator

COLUMNS = (
    *("kind", "rule", "case_id", "ticket_id", "name", "tenant", "status", "severity", "assignee"),
    *("created_at", "modified_at", "field", "before", "after", "reason"),
)
# A spreadsheet takes a cell that begins with one of these for a formula, the wide ones in some languages. It may ignore
# spaces before them.
_FORMULA = re.compile("\\s*[=+@\uff1d\uff0b\uff20\uff0d-]")
# No cell of a spreadsheet has more than 32,767 characters.
LONGEST_CELL = 5000


def table(view: dict[str, Any]) -> str:
    """Return a row for each finding and for each field that changed, or was to change. view: of view.py, sanitised."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(view):
        row = {**row, "created_at": row.get("created_iso"), "modified_at": row.get("modified_iso")}
        writer.writerow([cell(row.get(name) or "") for name in COLUMNS])
    return text.getvalue()


def cell(text: str) -> str:
    """Return a text that no spreadsheet computes, and of a length that it can show."""
    text = text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
    return f"'{text}" if _FORMULA.match(text) else text


def _rows(view: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if said := view["problem"] or view["limit"]:
        # Without it, the table of a run that failed would look as if there were nothing to do.
        yield {"kind": view["report"]["result"], "reason": said}
    for row in view["findings"]:
        yield {**row, "kind": "finding"}
    done = "changed" if view["applied"] else "would change"
    for kind, rows in (
        (done, view["changed"]),
        ("planned, not applied", view["planned"]),
        ("failed", view["failed"]),
        ("skipped", view["skipped"]),
    ):
        for row in rows:
            case = {**row, "kind": kind, "rule": ", ".join(row["rules"])}
            for change in row["changes"] or [{}]:
                values = {
                    name: ", ".join(value["text"] for value in change.get(name, ())) for name in ("before", "after")
                }
                yield {**case, "field": change.get("field", ""), **values}

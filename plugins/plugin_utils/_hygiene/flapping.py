# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that flap: the last apply made them, others undid them, and this run plans them again."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator, Mapping, Sequence

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import read_file

# So many cases have their histories read, for who undid the change.
MOST_HISTORIES = 20

Row = Mapping[str, Any]
# Returns the activities of cases by their ids; a case whose activities can't be read is left out.
Histories = Callable[[Sequence[str]], Mapping[str, Any]]


def read_last(path: str) -> Row:
    """Return the report that an earlier run left, {} if there is none that can be read."""
    try:
        report = json.loads(read_file(path).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def find_flapping(last: Row, run: Row, rules: Any, histories: Histories) -> list[dict[str, Any]]:
    """Return the changes that this run plans or made and the last one made, too: rule, case_id, ticket_id, field, by.

    last: the last report. run: the result of stellar_cases. rules: those of the policy. by: who undid the change; None
    if that is not known. A last report of a preview, or of another platform or scope, says nothing.
    """
    if last.get("mode") != "apply" or any(
        not run.get(key) or last.get(key) != run[key] for key in ("platform", "scope")
    ):
        return []
    before = {
        str(row.get("case_id")): row for row in _rows(last.get("case_results")) if row.get("outcome") == "changed"
    }
    found = [
        (row, change, shared)
        for row in _rows(run.get("case_results"))
        if row.get("case_id") in before
        for shared in [_shared_rules(row, before[row["case_id"]])]
        for change in _rows(row.get("changes"))
        if shared and any(_is_same(change, other) for other in _rows(before[row["case_id"]].get("changes")))
    ]
    if not found:
        return []
    activities = histories(list(dict.fromkeys(str(row["case_id"]) for row, _change, _rules in found))[:MOST_HISTORIES])
    is_applied = not run.get("check_mode")
    flapping = []
    for row, change, shared in found:
        made_again = is_applied and row.get("outcome") == "changed"
        by, is_own = _undone_by(change, activities.get(row["case_id"]), made_again)
        if not is_own:
            about = {"case_id": row["case_id"], "ticket_id": row.get("ticket_id"), "field": change["field"], "by": by}
            flapping.append({"rule": _rule_of(change, shared, rules), **about})
    return flapping


def _rows(value: Any) -> Iterator[Row]:
    """Yield the dictionaries of a list. A report may have been edited."""
    return (row for row in (value if isinstance(value, list) else ()) if isinstance(row, Mapping))


def _shared_rules(row: Row, other: Row) -> list[str]:
    names = other.get("rules")
    return [name for name in row.get("rules") or () if isinstance(names, list) and name in names]


def _is_same(change: Row, other: Row) -> bool:
    """Return whether two changes set a field to the same. Of tags, one that both add or both remove is enough."""
    field = change.get("field")
    # A comment is posted with each change.
    if field != other.get("field") or field == "comment":
        return False
    if field == "tags":
        return any(set(these) & set(those) for these, those in zip(_moved(change), _moved(other)))
    return bool(change.get("after") == other.get("after"))


def _moved(change: Row) -> tuple[set[str], set[str]]:
    """Return the tags that a change adds, and those that it removes."""
    values = [change.get(name) for name in ("before", "after")]
    old, new = ({str(tag) for tag in (value if isinstance(value, list) else ())} for value in values)
    return new - old, old - new


def _rule_of(change: Row, shared: list[str], rules: Any) -> str:
    """Return the last of the rules that sets the field of a change, as that one decides."""
    setting = [rule.get("name") for rule in _rows(rules) if change["field"] in (rule.get("set") or {})]
    return ([name for name in shared if name in setting] or shared)[-1]


def _undone_by(change: Row, activities: Any, is_made_again: bool) -> tuple[str | None, bool]:
    """Return who set a field to another value last, and whether that is who had made the change, as by an undo.

    is_made_again: whether this run's own change came after that.
    """
    field = change["field"]
    # As changes, to compare them with this one
    entries = [
        {**entry, "before": entry.get("from"), "after": entry.get("to")}
        for entry in _rows(activities)
        if entry.get("field") == field and isinstance(entry.get("timestamp"), (int, float))
    ]
    entries.sort(key=lambda entry: entry["timestamp"])
    if is_made_again:
        entries = entries[:-1]
    undoing = [number for number, entry in enumerate(entries) if _is_against(change, entry)]
    if not undoing:
        return None, False
    user = entries[undoing[-1]].get("user")
    if not isinstance(user, str):
        return None, False
    makers = [entry.get("user") for entry in entries[: undoing[-1]] if _is_same(change, entry)]
    return printable(user, 60), makers[-1:] == [user]


def _is_against(change: Row, entry: Row) -> bool:
    """Return whether an entry of a history, as a change, takes back what a change makes."""
    if change["field"] != "tags":
        return bool(entry["after"] != change.get("after"))
    (added, removed), (plus, minus) = _moved(change), _moved(entry)
    return bool(plus & removed or minus & added)

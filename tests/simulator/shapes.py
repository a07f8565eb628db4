# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes that cases and lists have on some platforms: other types, fields that lack, null for an empty list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Case = dict[str, Any]

TIMES = ("acknowledged", "closed", "created_at", "end_timestamp", "modified_at", "start_timestamp")
TIME_FORMS: dict[str, Callable[[int], Any]] = {
    "text": str,
    "iso": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    "seconds": lambda ms: ms // 1000,
}
# What one case of a list may be instead of a case
ODD_RECORDS: dict[str, Callable[[Case], Any]] = {
    "null": lambda case: None,
    "text": lambda case: "case",
    "list": lambda case: [case],
    "empty": lambda case: {},
    "no_id": lambda case: {name: value for name, value in case.items() if name != "_id"},
    "number_id": lambda case: case | {"_id": 7},
    "bad_status": lambda case: case | {"status": 7},
    "bad_time": lambda case: case | {"modified_at": "yesterday"},
    "bad_tags": lambda case: case | {"tags": "a,b"},
    "null_fields": lambda case: {name: value if name == "_id" else None for name, value in case.items()},
}


def case(shown: Case, place: str, switches: Any) -> Case:
    """Give a case the shape that it has at this place: list, get or put."""
    if place not in switches.shape_places:
        return shown
    shaped = dict(shown)
    form = TIME_FORMS.get(switches.times_form)
    if form:
        shaped |= {name: form(shaped[name]) for name in TIMES if name in shaped}
    if switches.score_form == "text" and "score" in shaped:
        shaped["score"] = str(shaped["score"])
    if switches.empty_tags == "null" and not shaped.get("tags"):
        shaped["tags"] = None
    if switches.empty_tags == "absent" and not shaped.get("tags"):
        shaped.pop("tags", None)
    if switches.case_padding:
        shaped["padding"] = "x" * switches.case_padding
    return {name: value for name, value in shaped.items() if name not in switches.absent_fields}


def is_usual(switches: Any) -> bool:
    """Tell whether listed cases are as the store keeps their texts."""
    given = (switches.absent_fields, switches.case_padding)
    forms = (switches.times_form, switches.score_form, switches.empty_tags, switches.odd_record)
    return not any(given) and forms == ("ms", "number", "list", "none")


def page(texts: list[str], switches: Any) -> str:
    """Shape a page of cases, given as JSON texts."""
    cases = [json.loads(text) for text in texts]
    shaped: list[Any] = [case(shown, "list", switches) for shown in cases]
    odd = ODD_RECORDS.get(switches.odd_record)
    ids = [shown["_id"] for shown in cases]
    wanted = switches.odd_record_id or next(iter(ids), "")
    if odd and wanted in ids:
        position = ids.index(wanted)
        shaped[position] = odd(shaped[position])
    return json.dumps(shaped)


def total(count: int, on_page: int, switches: Any) -> dict[str, int]:
    """Tell how many cases match, in the way that this platform does."""
    told = {"exact": count, "page": on_page, "zero": 0, "capped": min(count, switches.list_total_cap)}
    return {"total": told[switches.list_total]} if switches.list_total in told else {}


def keyed(key: str, items: list[Any], beside: dict[str, Any], switches: Any) -> Any:
    """Make the `data` of a list that has a key of its own; an empty one is what `empty_list` says."""
    if items or switches.empty_list == "list":
        return {key: items} | beside
    return {"null": {key: None} | beside, "absent": beside, "data_list": [], "data_null": None}[switches.empty_list]


def plain(items: list[Any], switches: Any, key: str = "data") -> dict[str, Any]:
    """Make the answer whose `data` is a list; an empty one is what `empty_list` says."""
    if items or switches.empty_list in ("list", "data_list"):
        return {key: items}
    return {} if switches.empty_list == "absent" else {key: None}

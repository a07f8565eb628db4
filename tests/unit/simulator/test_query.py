# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any list query gives what a plain reading of the rules gives."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from tests.simulator import query
from tests.simulator.model import SEVERITIES, STATUSES, record_from
from tests.simulator.store import Store
from tests.simulator.switches import Switches

TAGS = ("a", "b", "c d", "é")
SWITCHES = Switches("5.5")

records = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(STATUSES),
            "severity": st.sampled_from(SEVERITIES),
            "tags": st.lists(st.sampled_from(TAGS), max_size=3),
            "score": st.integers(0, 4) | st.sampled_from([0.5, 3.25]),
            "created_at": st.integers(1, 5),
            "modified_at": st.integers(1, 5),
            "size": st.integers(1, 3),
            "cust_id": st.sampled_from(["", "t1", "t2"]),
        }
    ),
    max_size=12,
)
some = {
    "status": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=2),
    "severity": st.lists(st.sampled_from(SEVERITIES), min_size=1, max_size=2),
    "tags": st.lists(st.sampled_from(TAGS), min_size=1, max_size=2),
    "NOT~tags": st.lists(st.sampled_from(TAGS), min_size=1, max_size=2),
}
queries = st.fixed_dictionaries(
    {},
    optional={
        **{name: values.map(",".join) for name, values in some.items()},
        **{
            f"{side}~{field}": st.integers(0, 6)
            for side in ("FROM", "TO")
            for field in ("created_at", "modified_at", "score")
        },
        "tenantid": st.sampled_from(["t1", "t2"]),
        "min_score": st.sampled_from([0, 0.5, 3]),
        "min_size_auto": st.integers(1, 3),
        "sort": st.sampled_from(["created_at", "modified_at", "score"]),
        "order": st.sampled_from(["asc", "desc"]),
        "limit": st.integers(0, 6),
        "skip": st.integers(0, 6),
    },
)


def matches(record: dict[str, Any], name: str, value: Any) -> bool:
    words = str(value).split(",")
    side, _tilde, field = name.partition("~")
    if side in ("FROM", "TO"):
        return bool(record[field] >= value if side == "FROM" else record[field] <= value)
    if name in ("tags", "NOT~tags"):
        return bool(set(words) & set(record["tags"])) == (name == "tags")
    if name in ("min_score", "min_size_auto"):
        return bool(record["score" if name == "min_score" else "size"] >= value)
    return record["cust_id" if name == "tenantid" else name] in words


@given(records, queries)
def test_a_page_has_what_the_filters_let_through(cases: list[dict[str, Any]], args: dict[str, Any]) -> None:
    made = [record_from(case | {"_id": f"case{number}", "ticket_id": number}) for number, case in enumerate(cases)]
    store = Store()
    store.fill(made)
    found = query.parse(urlencode(args), SWITCHES, None, 0, None)
    page = store.page(found.where, found.params, found.order_by, found.limit, found.skip, lambda record: record)
    total = store.total(found.where, found.params)
    again = store.page(found.where, found.params, found.order_by, found.limit, found.skip, lambda record: {})
    store.close()

    paging = ("sort", "order", "limit", "skip")
    left = [
        record
        for record in made
        if all(matches(record, name, value) for name, value in args.items() if name not in paging)
    ]
    left.sort(
        key=lambda record: (record[args.get("sort", "created_at")], record["ticket_id"]),
        reverse=args.get("order", "desc") == "desc",
    )
    skip = args.get("skip", 0)
    assert [json.loads(text) for text in page] == left[skip : skip + args.get("limit", 50)]
    assert total == len(left)
    assert again == page, "the second time from the kept texts"

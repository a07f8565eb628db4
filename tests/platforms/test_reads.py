# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_case_info and the lookup on each platform: each case that matches is shown, or named; nothing is written."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.many import Case, case, store
from tests.platforms import oracle
from tests.platforms.entries import ABSENT_ID, INFO, LOOK_UP, QUERIES, Ran, Runner
from tests.platforms.table import ALONE, Cell
from tests.simulator.process import Simulator

ENTRIES, PAIRS = [INFO, LOOK_UP], [ALONE]
# The query of the runs in check mode and again
AGAIN = "scored"
PARTS = ["comments", "activities", "alerts", "scores"]


def assert_found(cell: Cell, query: str, ran: Ran, shown: list[Any], named: list[Any], wanted: list[str]) -> bool:
    """Each case that matches is shown or named, and no other is shown; or the error is what the table knows."""
    patterns = cell.platform.queries.get(query)
    if ran.failed:
        assert patterns, (query, ran.message)
        assert re.search(patterns, ran.message), ran.message
        return False
    assert not patterns, f"the table expects an error of the query {query}, and there is none"
    lost = set(wanted) - set(shown) - set(named)
    assert len(lost) <= named.count(None), (query, lost)
    assert not set(shown) - set(wanted), query
    assert len(shown) == len(set(shown)), query
    return True


def ask(cell: Cell, runner: Runner, query: str, check_mode: bool, before: dict[str, Case]) -> list[Any]:
    """Run a query, by its cases and by their number. Returns what it found."""
    options, accepts = QUERIES[query]
    wanted = [case_id for case_id, record in before.items() if accepts(record)]
    if cell.entry == INFO:
        ran, counted = runner.info(check_mode, **options), runner.info(check_mode, count_only=True, **_filters(options))
        shown = [record["_id"] for record in ran.result.get("cases", [])]
        named = [odd["case_id"] for odd in ran.result.get("unusable", [])]
        number = counted.result.get("count")
    else:
        ran = runner.lookup(result="ids", **options)
        counted = runner.lookup(result="count", **_filters(options))
        shown, (number, *_rest) = ran.result.get("found", []), counted.result.get("found", [None])
        named = [None] if any("Could not use" in text for text in ran.result.get("warnings", [])) else []
    if assert_found(cell, query, ran, shown, named, wanted):
        assert number == len(shown), (query, counted.message)
        assert not named or ran.result["warnings"]
    for each in (ran, counted):
        oracle.assert_bounded(each, len(before))
        assert each.writes == []
    return shown


def _filters(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "order"}


def ask_by_id(cell: Cell, runner: Runner, before: dict[str, Case]) -> None:
    """Cases by id and ticket, with their parts. What can't be read is named."""
    ids = [case(0)["_id"], case(3)["_id"], ABSENT_ID]
    ran = runner.info(False, case_id=ids, ticket_id=[case(1)["ticket_id"]], include=PARTS)
    if "by ticket" in cell.platform.queries:
        assert re.search(cell.platform.queries["by ticket"], ran.message), ran.message
        return
    assert not ran.failed, ran.message
    assert [record["_id"] for record in ran.result["cases"]] == [case(number)["_id"] for number in (0, 3, 1)]
    assert ran.result["missing"] == [ABSENT_ID]
    unread = {(error["case_id"], error["include"]) for error in ran.result["include_errors"]}
    for record in ran.result["cases"]:
        for name in {"status", "severity", "name", "tags"} - set(cell.platform.switches.get("absent_fields", [])):
            assert (record.get(name) or []) == before[record["_id"]][name]
        for part in PARTS:
            assert isinstance(record[part], list) or (record["_id"], part) in unread, part
    assert ran.writes == []
    oracle.assert_bounded(ran, len(before))


def test_a_cell(cell: Cell, platform: Simulator) -> None:
    before, runner = store(platform), cell.runner(platform)
    cell.arm(platform)
    found = {query: ask(cell, runner, query, False, before) for query in QUERIES}
    for check_mode in (True, False):
        cell.arm(platform)
        assert ask(cell, runner, AGAIN, check_mode, before) == found[AGAIN]
    if cell.entry == INFO:
        ask_by_id(cell, runner, before)
    after = store(platform)
    assert {case_id: oracle.facts(after[case_id]) for case_id in after} == {
        case_id: oracle.facts(before[case_id]) for case_id in before
    }
    errors = f"read, errors: {', '.join(sorted(cell.platform.queries))}" if cell.platform.queries else "read"
    runs = 2 * (len(QUERIES) + 2) + (cell.entry == INFO)
    cell.record(errors, runs)

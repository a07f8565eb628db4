# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that are odd, or never end: all cases or a clear error, and soon."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api import listing as listing_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api import reader as reader_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info
from tests import evidence
from tests.integration.hostile_platform import (
    ID,
    LONGEST_S,
    MIB,
    ODD_VALUES,
    OF_MANY,
    RECORD,
    json_of,
    listing,
    not_hidden,
    params,
)
from tests.integration.many import case

pytestmark = pytest.mark.slow


def growing(platform):
    def page(asked):
        return listing(list(platform.cases.values()), len(platform.asked) * 1000)

    return page


def fixed(cases, total):
    return lambda platform: lambda asked: listing(cases, total)


def with_field(name, value):
    """All cases, with this text as the value of a field."""

    def answer(platform):
        cases = ",".join(json.dumps(record)[:-1] + f', "{name}": {value}}}' for record in map(case, range(1, 5)))
        return lambda asked: json_of(f'{{"cases": [{cases}], "total": 4}}')

    return answer


FOUR = [case(number) for number in range(1, 5)]
MANY = [case(number) for number in range(1, 5001)]
CUT = "Could not list all cases: the platform announces"
NO_LIST = "does not contain a list of cases"

# Each with the error, or the number of cases that are found
LISTS = {
    "a total that grows for ever": (growing, CUT),
    "the same page for ever": (fixed(FOUR, 9999), CUT),
    "the same page for ever, without a total": (fixed(FOUR, None), CUT),
    "a total of 0": (fixed(FOUR, 0), 4),
    "a negative total": (fixed(FOUR, -5), 4),
    "a total that is a text": (fixed(FOUR, "many"), CUT),
    "a total that is true": (fixed(FOUR, True), 4),
    "a total of thirty digits": (fixed(FOUR, 10**30), CUT),
    "a page of 5000": (fixed(MANY, 5000), 5000),
    "a page of 5000 with a total of 5": (fixed(MANY, 5), 5000),
    "each case twice": (fixed(FOUR * 2, 8), CUT),
    "each case twice, with the right total": (fixed(FOUR * 2, 4), 4),
    "in falling order": (fixed(FOUR[::-1], 4), 4),
    "an id with a path": (fixed([{**RECORD, "_id": "../users"}], 1), NO_LIST),
    "an id of 1 MiB": (fixed([{**RECORD, "_id": "x" * MIB}], 1), NO_LIST),
    "an id that is a number": (fixed([{**RECORD, "_id": 5}], 1), NO_LIST),
    "cases that are none": (fixed([5, None], 2), NO_LIST),
    "an object of cases": (fixed({"0": RECORD}, 1), NO_LIST),
    "a list": (lambda platform: {"data": [1]}, NO_LIST),
    "a case with 10,000 tags": (fixed([{**RECORD, "tags": [f"t{number}" for number in range(10_000)]}], 1), 1),
    "a deep page": (lambda platform: json_of("[" * 5000 + "]" * 5000), "is nested too deeply"),
    "a page of 17 MiB": (lambda platform: json_of('"' + "x" * 17 * MIB + '"'), "is larger than 16 MiB"),
    **{f"created_at is {value}": (with_field("created_at", ODD_VALUES[value]), 4) for value in ODD_VALUES},
    **{f"score is {value}": (with_field("score", ODD_VALUES[value]), 4) for value in ODD_VALUES},
    **{f"modified_at is {value}": (with_field("modified_at", ODD_VALUES[value]), 4) for value in ODD_VALUES},
}


@pytest.mark.parametrize("entry", OF_MANY)
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_is_odd(attack, entry, kind):
    answer, expected = LISTS[kind]
    said = {"GET cases": answer(attack.platform), "PUT cases/ID": {"data": {}}}
    many = expected == 5000 and entry == "stellar_cases"
    options = {"max_changes": "0"} if entry == "stellar_cases" else {}
    result, message = attack(f"a list: {kind}", entry, said, longest_s=LONGEST_S * (2 if many else 1), **options)
    if isinstance(expected, str):
        assert expected in message
    elif entry == "stellar_cases":
        assert message.startswith(f"Aborted before the first write: {expected} change{'s' * (expected != 1)} planned")
    else:
        assert len(result["cases"]) == expected


@pytest.mark.parametrize("entry", OF_MANY)
@pytest.mark.parametrize("way", ["by time", "by offset", "without an order"])
def test_a_list_without_end(attack, monkeypatch, entry, way):
    """Always another page of new cases. What ends it is the limit of cases, here a lower one."""
    monkeypatch.setattr(listing_module, "MAX_CASES", 5000)
    count = iter(range(10**9))

    def page(asked):
        numbers = [next(count) for _number in range(500)]
        moments = {"by time": 1000, "by offset": 0, "without an order": -1}
        return listing([case(number, created_at=10**12 + number * moments[way]) for number in numbers], None)

    result, message = attack(f"a list without end {way}", entry, {"GET cases": page})
    assert "Could not list all cases: the platform lists more than 5000, and the listing does not end." in message
    assert "cases" not in result


def test_a_list_without_end_is_no_matter_where_a_limit_is_given(attack):
    count = iter(range(10**9))

    def page(asked):
        return listing([case(next(count)) for _number in range(500)], None)

    result, message = attack("a list without end, with a limit", "stellar_case_info", {"GET cases": page}, limit=700)
    assert (len(result["cases"]), result["truncated"], message) == (700, True, "")


def test_a_list_without_end_keeps_to_the_time_budget(attack):
    count = iter(range(10**9))

    def page(asked):
        time.sleep(0.3)
        return listing([case(next(count)) for _number in range(500)], None)

    _result, message = attack("a list without end, in time", "stellar_cases", {"GET cases": page}, time_budget=1)
    assert "Could not read all cases: the time_budget of the task is used up. Nothing was written." in message


def test_alerts_without_end(attack, monkeypatch):
    monkeypatch.setattr(reader_module, "MAX_ALERTS", 500)
    count = iter(range(10**9))
    sane = attack.platform.GET_cases_ID

    def answer(asked):
        if not asked.path.endswith("/alerts"):
            return sane(asked)
        return {"data": {"docs": [{"_id": str(next(count))} for _number in range(50)]}}

    platform, entry = attack.platform, "stellar_case_info by id"
    platform.said["GET cases/ID"] = answer
    result = run_case_info(params(CASE_INFO, attack.server, case_id=[ID], include=["alerts"]), False, not_hidden)
    assert "the platform lists more than 500, and the listing does not end." in result["warnings"][0]
    assert result["cases"][0]["alerts"] is None
    assert len(platform.asked) < 20
    evidence.record("hostile server", case=f"alerts without end: {entry}", outcome="refused", seconds=None)

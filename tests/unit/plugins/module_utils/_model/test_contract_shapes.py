# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What records show of the claims: forms, types and known field names, and never a value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model import contract_shapes as shapes
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract import ANSWERS, Answer

MS, ID = 1_660_742_474_343, "826ef6979788454297c85cbba4a51c08"
CASE = {
    **dict.fromkeys(("assignee", "created_by", "cust_id", "modified_by", "name"), ""),
    **dict.fromkeys(("acknowledged", "closed", "score", "size", "ticket_id", "version"), 0),
    **{"_id": "62fceb4a48be7776c793a02a", "created_at": MS, "modified_at": MS, "severity": "Low", "status": "New"},
    "tags": [],
}


def test_the_fields_of_the_sample() -> None:
    assert set(CASE) == set(shapes.CASE_FIELDS)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        *((0, ""), (None, ""), (True, "boolean"), (MS, "milliseconds"), (MS // 1000, "seconds"), (-1, "seconds")),
        *((str(MS), "a number as text"), ("2026-11-01T08:00:00Z", "ISO 8601"), ("yesterday", "text"), ("", "text")),
        *(([], "list"), ({}, "object"), (float(MS), "milliseconds")),
    ],
)
def test_the_form_of_a_time(value: Any, form: str) -> None:
    assert shapes.time_form(value) == form


@pytest.mark.parametrize(
    ("value", "form"),
    [(ID, "an id"), ("ohtani@example.com", "an e-mail"), ("ohtani", "a name"), (None, "null"), (7, "number")],
)
def test_the_form_of_a_user(value: Any, form: str) -> None:
    assert shapes.user_form(value) == form


def cases(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: of for name, of in {**CASE, **one}.items() if of != "gone"} for one in more]


@pytest.mark.parametrize(
    ("judge", "records", "answer", "reason"),
    [
        (shapes.case_records, [], "undecided", "There is no case."),
        (shapes.case_records, [CASE, None, 7, {**CASE, "status": 7}], "differs", "2 to 9 of 2 to 9 are not, by: "),
        (shapes.case_fields, cases({}), "confirmed", ""),
        (shapes.case_fields, cases({"name": "gone", "secret": 1}), "differs", "Not in each record: name. Other fields"),
        (shapes.case_fields, cases({"summary": ""}), "confirmed", "Also: summary."),
        (shapes.case_times, cases({"created_at": "gone", "modified_at": 0}), "undecided", "No case shows a time."),
        (shapes.case_times, cases({"closed": "soon"}), "differs", "closed: text."),
        (
            shapes.case_times,
            cases({"closed": "1"}, {"created_at": MS // 1000}),
            "differs",
            "closed: a number as text; created_at: seconds.",
        ),
        (shapes.case_numbers, cases({"score": "7", "size": None}), "differs", "size: null; score: text."),
        (shapes.case_numbers, [{}], "undecided", "No case shows a number."),
        (shapes.case_tags, cases({"tags": ["a"]}), "undecided", "All cases that were read have tags."),
        (shapes.case_tags, cases({"tags": None}, {"tags": "gone"}), "differs", "In some cases: absent, null."),
        (shapes.case_values, cases({"status": "Open"}), "differs", "Other values of status, in cases: 1."),
        (shapes.case_values, cases({"status": None, "severity": "gone"}), "confirmed", ""),
        (shapes.case_assignee, cases({}), "undecided", "No case that was read is assigned."),
        (shapes.case_assignee, cases({"assignee": ID}), "differs", "assignee: an id; assignee_name: absent."),
        (
            shapes.case_assignee,
            cases({"assignee": "ana", "assignee_name": "ana@example.com"}),
            "differs",
            "assignee: a name; assignee_name: an e-mail.",
        ),
        (shapes.case_unassigned, cases({"assignee": ID}), "undecided", "All cases that were read are assigned."),
        (shapes.case_unassigned, cases({"assignee": None}, {}), "differs", "assignee: null."),
        (shapes.case_unassigned, cases({"assignee": "gone"}), "differs", "assignee: absent."),
        (shapes.comment_users, [7, None], "undecided", "The cases that were read have no comment."),
        (shapes.comment_users, [{"user": ID}, {"user": "ana"}], "differs", "user: a name, an id."),
        (shapes.comment_users, [{}], "differs", "user: null."),
        (shapes.user_fields, [dict.fromkeys(shapes.USER_FIELDS)], "differs", "No name by a known key."),
        (shapes.user_fields, [dict.fromkeys((*shapes.USER_FIELDS, "name"))], "confirmed", "Also: name."),
        (shapes.tenant_fields, [{"cust_id": ""}], "differs", "Not in each record: cust_name, tgrp_name, ds_num, "),
        (shapes.tenant_times, [{"created_at": MS // 1000}, {}], "confirmed", ""),
        (shapes.tenant_times, [{"created_at": MS}], "differs", "created_at: milliseconds."),
        (shapes.tenant_times, [{}], "undecided", "No tenant shows it."),
        (shapes.listed_once, ["a", "b"], "confirmed", ""),
        (shapes.listed_once, ["a", "b", "a"], "differs", "1 of 2 to 9 are there again."),
    ],
)
def test_what_records_show(judge: Any, records: list[Any], answer: str, reason: str) -> None:
    found = judge(records)
    assert found.result == answer
    assert found.reason.startswith(reason)
    assert bool(reason) is bool(found.reason)


@pytest.mark.parametrize(
    ("records", "wanted", "answer", "reason"),
    [
        (cases({"resolution": ""}, {"resolution": "Benign"}), True, "confirmed", "In each case."),
        (cases({"resolution": ""}, {}), True, "confirmed", "In some cases."),
        (cases({}), True, "differs", "In no case."),
        (cases({}), False, "confirmed", "In no case."),
        (cases({"resolution": ""}), False, "differs", "In each case."),
    ],
)
def test_whether_a_field_is_shown(records: list[Any], wanted: bool, answer: str, reason: str) -> None:
    assert shapes.case_shows(records, "resolution", wanted) == Answer(answer, reason)


def test_ids_that_a_list_does_not_have() -> None:
    assert (
        shapes.all_listed(["a"], ["a", "b", "b"]).reason
        == "Cases name 1 that it does not have, and that may be deleted."
    )
    assert shapes.all_listed(["a", "b"], ["a"]).reason == "It has all that the cases name, and there may be others."


CANARY = "canary4711"
FIELDS = sorted(shapes.KNOWN_FIELDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**14) | st.floats(allow_nan=False) | st.just(CANARY) | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(CANARY), inner),
    max_leaves=4,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from([*FIELDS, CANARY, f"{CANARY} |", "user"]), JSON, max_size=8))


@given(records=RECORDS)
def test_no_record_breaks_it_or_is_quoted(records: list[dict[str, Any]]) -> None:
    for judge in (
        *(shapes.case_records, shapes.case_fields, shapes.case_times, shapes.case_numbers, shapes.case_tags),
        *(shapes.case_values, shapes.case_assignee, shapes.case_unassigned, shapes.comment_users, shapes.user_fields),
        *(shapes.tenant_fields, shapes.tenant_times),
    ):
        found = judge(records)
        assert found.result in ANSWERS
        assert "canary" not in found.reason
        assert "|" not in found.reason

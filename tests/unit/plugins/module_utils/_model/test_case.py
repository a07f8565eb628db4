# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases: what makes one, and its people, tenants and tags."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import (
    is_case,
    is_case_id,
    normalise,
    tag_problem,
    why_not_case,
    why_not_usable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import (
    Person,
    find_people,
    matches_tenant,
)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("62fceb4a48be7776c793a02a", True),
        ("1674728869334287aba4486901d24c4189a6fe8eab6efe05", True),
        ("new-form_1", True),
        ("", False),
        ("a/b", False),
        ("..", False),
        ("a b", False),
        ("a\n", False),
        ("a?b", False),
        ("x" * 129, False),
    ],
)
def test_case_ids(text, valid):
    assert is_case_id(text) is valid


@pytest.mark.parametrize(
    ("tag", "bad"),
    [
        ("October-event", ""),
        ("resolution:false-positive", ""),
        ("my added tag", ""),
        ("ünï", ""),
        ("", "is empty"),
        ("  ", "is empty"),
        ("a,b", "contains a comma"),
        ("a\tb", "contains a control"),
        ("a\u202eb", "contains a control"),
        # the platform may hold them, and options strip them
        (" b", "has leading or trailing spaces"),
        ("b ", "has leading or trailing spaces"),
        ("\u3000b", "contains a control"),
    ],
)
def test_tags(tag, bad):
    assert tag_problem(tag).startswith(bad) if bad else tag_problem(tag) == ""


@pytest.mark.parametrize(
    ("record", "valid"),
    [
        ({"_id": "1"}, True),
        ({"_id": "1", "tags": None, "assignee": None, "status": "New"}, True),
        ({"_id": "../users"}, False),
        ({"_id": 1}, False),
        ({}, False),
        (["_id"], False),
        ({"_id": "1", "tags": 5}, False),
        ({"_id": "1", "tags": [{"a": 1}]}, False),
        ({"_id": "1", "assignee": 5}, False),
        ({"_id": "1", "status": {}}, False),
    ],
)
def test_the_shape_of_a_case(record, valid):
    assert is_case(record) is valid


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"_id": "1"}, ""),
        (None, "must be an object, got null"),
        (5, "must be an object, got 5"),
        ({}, "_id must have only letters, digits, - and _, got null"),
        ({"_id": 7}, "_id must have only letters, digits, - and _, got 7"),
        ({"_id": "1", "status": 7}, "status must be a string, got 7"),
        ({"_id": "1", "tags": "a,b"}, "tags must be a list of strings, got 'a,b'"),
        ({"_id": "1", "tags": [1]}, "tags must be a list of strings, got [1]"),
        ({"_id": "1", "name": ["\x1b[31m" * 50]}, "name must be a string, got ['"),
    ],
)
def test_what_is_odd_about_a_record(record, why):
    told = why_not_case(record)
    assert told.startswith(why) if why else told == ""
    assert told.isprintable()
    assert len(told) < 120


@pytest.mark.parametrize(
    ("case", "needs", "why"),
    [
        ({}, (), ""),
        ({}, ("tags",), "tags is absent"),
        ({"score": None, "status": None}, ("score", "status"), ""),
        ({"score": "high"}, ("score",), "score is not a valid number, got 'high'"),
        ({"score": True}, ("score",), "score is not a valid number, got True"),
        ({"modified_at": "yesterday"}, ("modified_at",), "modified_at is not a valid time, got 'yesterday'"),
        ({"modified_at": "yesterday"}, ("score",), "score is absent"),
        ({"score": 0.5, "size": 3, "modified_at": 5}, ("score", "size", "modified_at"), ""),
    ],
)
def test_why_a_case_cannot_be_used(case, needs, why):
    assert why_not_usable(case, needs) == why


MS = 1_660_742_474_343
SECOND = MS // 1000


@pytest.mark.parametrize(
    ("value", "created_at", "modified_at"),
    [
        (MS, MS, MS),
        (str(MS), MS, MS),
        (float(MS), MS, MS),
        (SECOND, SECOND * 1000, SECOND * 1000 + 999),
        (str(SECOND), SECOND * 1000, SECOND * 1000 + 999),
        (SECOND + 0.5, SECOND * 1000 + 500, SECOND * 1000 + 500),
        ("2022-08-17T13:21:14.343Z", MS, MS),
        ("2022-08-17T15:21:14.343+02:00", MS, MS),
        ("2022-08-17T13:21:14Z", SECOND * 1000, SECOND * 1000 + 999),
        ("2022-08-17 13:21:14.343", MS, MS),
        # never, and what is not sure
        *((same, same, same) for same in (0, -1, None, True, 5, "", "soon", "2022-08-17", "2022-02-30T10:00:00Z")),
        *(
            (same, same, same)
            for same in (
                1e300,
                float("inf"),
                float("nan"),
                "1e999",
                "9" * 50 + "x",
                [],
                {"a": 1},
                "2022-08-17T13:21:14Z" + " " * 99,
            )
        ),
    ],
)
def test_times_in_the_forms_of_platforms(value, created_at, modified_at):
    case = normalise({"_id": "1", "created_at": value, "modified_at": value})
    assert (case["created_at"], case["modified_at"]) == (created_at, modified_at)
    assert type(case["created_at"]) is type(created_at)


@pytest.mark.parametrize(
    ("value", "number"), [("91.8", 91.8), ("80", 80), (80, 80), ("high", "high"), ("", ""), (None, None), (True, True)]
)
def test_numbers_as_text(value, number):
    assert normalise({"score": value, "ticket_id": value}) == {"score": number, "ticket_id": number}


USERS = [
    {"user_id": "8" * 32, "email": "ohtani@example.com", "username": "ohtani"},
    {"user_id": "9" * 32, "email": "soc@example.com", "name": "soc"},
    {"id": "7" * 32, "email": "twin1@example.com", "name": "twin"},
    {"_id": "6" * 32, "email": "twin2@example.com", "name": "twin"},
    # a user who calls himself by another's e-mail
    {"user_id": "5" * 32, "email": "evil@example.com", "name": "ohtani@example.com"},
    {"user_id": None, "email": 5},
]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ("8" * 32, ["8" * 32]),
        ("OHTANI@example.com", ["8" * 32]),
        ("Ohtani", ["8" * 32]),
        ("soc", ["9" * 32]),
        ("twin", ["7" * 32, "6" * 32]),
        ("evil@example.com", ["5" * 32]),
        ("nobody", []),
        ("5", []),
    ],
)
def test_finding_people(given, ids):
    assert [person.user_id for person in find_people(given, USERS)] == ids


@pytest.mark.parametrize(
    ("again", "found"),
    [
        ({"user_id": "8" * 32, "email": "new@example.com", "username": "ohtani"}, 1),
        ({"user_id": "3" * 32, "email": "OHTANI@example.com", "username": "ohtani"}, 1),
        ({"user_id": "3" * 32, "email": "other@example.com", "username": "ohtani"}, 2),
        ({"username": "ohtani"}, 2),
    ],
)
def test_a_user_who_is_in_a_list_twice_is_one(again, found):
    assert len(find_people("ohtani", [*USERS, again])) == found


@pytest.mark.parametrize(
    ("person", "case", "same"),
    [
        (Person(""), {"assignee": "", "assignee_name": "Unassigned"}, True),
        (Person(""), {}, True),
        (Person(""), {"assignee": "8" * 32}, False),
        (Person("Unassigned"), {"assignee": "", "assignee_name": "Unassigned"}, False),
        (Person("8" * 32), {"assignee": "8" * 32}, True),
        (Person("ohtani"), {"assignee": "8" * 32, "assignee_name": "Ohtani"}, True),
        (Person("ohtani"), {"assignee": "ohtani"}, True),
        (Person("a@example.com", "8" * 32), {"assignee": "8" * 32, "assignee_name": "other"}, True),
        # when both ids are known, a name can't deceive
        (Person("a@example.com", "8" * 32), {"assignee": "9" * 32, "assignee_name": "a@example.com"}, False),
    ],
)
def test_the_same_person(person, case, same):
    assert person.is_assignee_of(case) is same


@pytest.mark.parametrize(
    ("wanted", "matches"), [("A" * 32, True), ("a" * 32, True), ("Example", True), ("example", False), ("", False)]
)
def test_the_tenant_that_a_case_names(wanted, matches):
    assert matches_tenant({"cust_id": "a" * 32, "tenant_name": "Example"}, wanted) is matches

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases: what makes one, and its people, tenants and tags."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import bad_tag, is_case, is_case_id
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
        ("a,b", "holds a comma"),
        ("a\tb", "holds a control"),
        ("a\u202eb", "holds a control"),
        # the platform may hold them, and options strip them
        (" b", "has blanks around it"),
        ("b ", "has blanks around it"),
        ("\u3000b", "holds a control"),
    ],
)
def test_tags(tag, bad):
    assert bad_tag(tag).startswith(bad) if bad else bad_tag(tag) == ""


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

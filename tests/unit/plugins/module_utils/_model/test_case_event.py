# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events: their texts are no templates, their uuid is that of the state, and own changes are told apart."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case_event import (
    CASE_FIELDS,
    event_of,
    is_own,
    neutral,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.feed import Mark, Seen

NOW = 1_700_000_000_500
MIRA = Person("mira@example.com", "a" * 32, "mira@example.com", "mira")
CASE = {
    "_id": "62fceb4a48be7776c793a02a",
    "ticket_id": 67535,
    "name": "{{ lookup('pipe', 'touch X') }}",
    "status": "New",
    "severity": "High",
    "score": 30.5,
    "size": 2,
    "tags": ["vip", "{% raw %}"],
    "assignee": "",
    "assignee_name": "Unassigned",
    "cust_id": "6" * 32,
    "tenant_name": "Example Tenant",
    "created_at": NOW - 5,
    "modified_at": NOW,
    "modified_by": "System",
    "description": "not in an event",
}
SEEN = Seen(CASE, Mark(NOW, "f" * 48), "updated", ["status"], 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain {text} 100%", "Plain {text} 100%"),
        ("{{ a }}", "{ { a }}"),
        ("{{{ a }}}", "{ { { a }}}"),
        ("{% if %}{# c #}", "{ % if %}{ # c #}"),
        ("ends with {", "ends with { "),
        ("#jinja2: variable_start_string:'[['\n[[ a ]]", "# jinja2: variable_start_string:'[[' [[ a ]]"),
        ("a\x1b[2J\u202eb", "a [2J b"),
        ("#jinja", "#jinja"),
        ("##vso[task.x] ##[error]", "# #vso[task.x] # #[error]"),
    ],
)
def test_a_text_is_no_template(text, expected):
    assert neutral(text) == expected


@given(st.lists(st.text(alphabet="{%#}a jin2:"), max_size=4))
def test_texts_that_are_put_together_are_no_template(texts):
    joined = "".join(map(neutral, texts))
    assert not any(start in joined for start in ("{{", "{%", "{#"))
    assert not any(neutral(text).startswith("#jinja2:") for text in texts)


def test_an_event_has_the_fields_that_are_asked_for_and_nothing_else():
    event = event_of(SEEN, None, "scope", CASE_FIELDS)
    assert event["stellar_case"] == {
        "case_id": "62fceb4a48be7776c793a02a",
        "ticket_id": 67535,
        "name": "{ { lookup('pipe', 'touch X') }}",
        "status": "New",
        "severity": "High",
        "score": 30.5,
        "size": 2,
        "tags": ["vip", "{ % raw %}"],
        "resolution": "",
        "assignee": "",
        "assignee_name": "Unassigned",
        "tenant": "6" * 32,
        "tenant_name": "Example Tenant",
        "inventory_name": "example-tenant",
        "created_at": NOW - 5,
        "modified_at": NOW,
        "modified_by": "System",
        "modified_by_name": "",
    }
    assert event["change"] == {"kind": "updated", "fields": ["status"], "own": None}
    assert event_of(SEEN, True, "scope", ["case_id"])["stellar_case"] == {"case_id": CASE["_id"]}


def test_values_of_odd_types_and_the_root_tenant():
    odd = {
        "_id": "a",
        "score": {"a": 1},
        "ticket_id": True,
        "size": "5",
        "created_at": "x",
        "cust_id": "",
        "tags": None,
    }
    case = event_of(SEEN._replace(case=odd), None, "scope", CASE_FIELDS)["stellar_case"]
    assert {case[name] for name in ("score", "ticket_id", "size", "created_at", "modified_at")} == {None}
    assert (case["tenant"], case["inventory_name"], case["tags"]) == ("", "", [])


def test_a_long_text_is_cut():
    assert len(neutral("x" * 10_000)) == 4000


def test_the_uuid_is_that_of_the_state():
    def name(seen=SEEN, scope="platform tenant", fields=("case_id",), own=None):
        return event_of(seen, own, scope, fields)["meta"]["uuid"]

    assert uuid.UUID(name()).version == 5
    assert name() == name(SEEN._replace(kind="created", fields=None), fields=("status",), own=True)
    others = [
        name(scope="other"),
        name(SEEN._replace(mark=Mark(NOW + 1, "f" * 48))),
        name(SEEN._replace(mark=Mark(NOW, "0" * 48))),
        name(SEEN._replace(case={**CASE, "_id": "b"})),
    ]
    assert len({name(), *others}) == 5


def entry(timestamp, user, **more):
    return {"timestamp": timestamp, "user": user, "field": "status", **more}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], None),
        ([entry(NOW, "other")], None),  # what was seen
        ([entry(NOW + 1, "mira@example.com")], True),
        ([entry(NOW + 1, "a" * 32), entry(NOW + 2, "mira")], True),
        ([entry(NOW + 1, "other"), entry(NOW + 2, "mira")], False),
        ([entry(NOW + 1, "mira"), entry(NOW + 2, "System")], False),
        ([entry(NOW + 1, None)], False),
        ([entry(NOW + 1, "")], False),
        ([entry(None, "other"), entry(NOW + 1, "mira")], False),  # at an unknown time
        ([entry(NOW - 1, "other"), entry(NOW + 1, "mira")], True),
    ],
)
def test_own_changes(history, expected):
    assert is_own(history, MIRA, NOW, NOW + 1) is expected


@pytest.mark.parametrize(
    ("timestamp", "expected"), [(0, True), (9, True), (-999, True), (-1000, None), (-5000, None), (None, None)]
)
def test_a_history_that_lags_behind_the_case_tells_nothing(timestamp, expected):
    changed_at = NOW + 60_000
    history = [entry(None if timestamp is None else changed_at + timestamp, "mira")]
    assert is_own(history, MIRA, NOW, changed_at) is expected
    assert is_own([*history, entry(NOW + 1, "other")], MIRA, NOW, changed_at) is False


def test_a_change_within_a_second_of_a_platform_that_shows_seconds_may_not_have_been_seen():
    second = NOW - NOW % 1000 + 999
    assert is_own([entry(second - 999, "other"), entry(second + 1, "mira")], MIRA, second, second + 1) is False

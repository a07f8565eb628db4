# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shaped() refuses: each message has the option's path, the value, what is allowed and what to do."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE, CASE_INFO, ITEM, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import RULE, parse_items, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.shapes import shaped
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError
from tests.unit.plugins.module_utils._model.test_case_properties import anything

STATUSES = "New, In Progress, Escalated, Resolved, Cancelled"
SEVERITIES = "Critical, High, Medium, Low"

# The table, what is given, and the whole message
REFUSED = [
    # choices
    (CASE, {"case_id": "1", "status": "open"}, f'status must be one of {STATUSES}; got "open". Correct the value.'),
    (CASE, {"case_id": "1", "severity": 5}, f'severity must be one of {SEVERITIES}; got "5". Correct the value.'),
    (CASE, {"case_id": "1", "status": ""}, f'status must be one of {STATUSES}; got "". Correct the value.'),
    (CASE, {"case_id": "1", "status": True}, f'status must be one of {STATUSES}; got "True". Correct the value.'),
    (
        CASE_INFO,
        {"status": ["New", "new"]},
        f'status must be one of {STATUSES}; got "new". Correct the value.',
    ),
    (CASE_INFO, {"severity": "High, Hihg"}, f'severity must be one of {SEVERITIES}; got "Hihg". Correct the value.'),
    (
        CASE_INFO,
        {"include": ["comment"]},
        "include must be one of alerts, observables, summary, comments, activities, scores; "
        'got "comment". Correct the value.',
    ),
    (CASE_INFO, {"order": "up"}, 'order must be one of asc, desc; got "up". Correct the value.'),
    (LOOKUP, {"result": "number"}, 'result must be one of cases, ids, count; got "number". Correct the value.'),
    (
        CASES,
        {"cases": [], "on_error": "go\x1b[31m"},
        'on_error must be one of continue, stop; got "go [31m". Correct the value.',
    ),
    (
        CASE,
        {"case_id": "1", "status": "Ne\u00a0w"},
        f'status must be one of {STATUSES}; got "Ne\\xa0w". Correct the value.',
    ),
    # mutually exclusive
    (
        CASE,
        {"case_id": "1", "ticket_id": 1},
        "case_id and ticket_id are mutually exclusive. Give one of them.",
    ),
    (
        CASE,
        {"case_id": "1", "tags": {"set": ["a"], "delete": ["b"]}},
        "tags.set and tags.remove are mutually exclusive. Give one of them.",
    ),
    (CASE_INFO, {"ticket_id": [1], "limit": 5}, "ticket_id and limit are mutually exclusive. Give one of them."),
    (CASES, {"cases": [], "rules": []}, "cases and rules are mutually exclusive. Give one of them."),
    (
        CASES,
        {"cases": [], "rules": [], "undo_file": "x"},
        "cases, rules and undo_file are mutually exclusive. Give one of them.",
    ),
    # one of them is required
    (CASE, {"status": "New"}, "case_id or ticket_id is required. Give one of them."),
    (CASE, {"status": "New", "case_id": None}, "case_id or ticket_id is required. Give one of them."),
    (
        CASE,
        {"case_id": "1", "tags": {"add": None}},
        "tags.add, tags.remove or tags.set is required. Give one of them.",
    ),
    (CASES, {}, "cases, rules, undo_file or plan is required. Give one of them."),
    # types
    (CASE, {"case_id": "1", "tags": {"add": {"a": 1}}}, "tags.add must be a list; got \"{'a': 1}\". Give a list."),
    (CASE_INFO, {"count_only": "maybe"}, 'count_only must be true or false; got "maybe". Give true or false.'),
]
# The keys of a rule beside its name, and the whole message after the rule's
REFUSED_IN_RULES = [
    ({"match": {"status": ["Open"]}}, f'match.status must be one of {STATUSES}; got "Open". Correct the value.'),
    (
        {"match": {"not_severity": "low"}},
        f'match.not_severity must be one of {SEVERITIES}; got "low". Correct the value.',
    ),
    (
        {"match": {}, "set": {"resolution": "Fixed"}},
        'set.resolution must be one of False Positive, Benign, True Positive; got "Fixed". Correct the value.',
    ),
    ({}, "match is required. Add it."),
    (
        {"match": {}, "set": {"tags": {"set": ["a"], "remove": ["b"]}}},
        "set.tags.set and set.tags.remove are mutually exclusive. Give one of them.",
    ),
    (
        {"match": {}, "set": {"tags": {}}},
        "set.tags.add, set.tags.remove or set.tags.set is required. Give one of them.",
    ),
    (
        {"match": {"tags": {"none": []}}},
        "match.tags.none is an empty list, which no case matches. Leave it out for all cases.",
    ),
    ({"match": {"min_score": 101}}, "match.min_score must be from 0 to 100; got 101. Correct the value."),
    (
        {"match": {"older_than": "soon"}},
        "match.older_than: 'soon' is not a valid time. Give an age (30m, 12h, 7d, 2w), ISO 8601 (2026-11-01 or "
        "2026-11-01T08:00:00+01:00) or epoch milliseconds.",
    ),
    (
        {"match": {"older_than": "9d", "newer_than": "7d"}},
        "match.newer_than and match.older_than: the range is empty. Swap or correct them.",
    ),
    (
        {"match": {}, "set": {"tags": {"delete": ["a,b"]}}},
        'set.tags.remove: tag "a,b" contains a comma, which separates tags in a query of the platform. Name the tags '
        "to keep in tags.set: it removes all others, such a one too.",
    ),
    ({"match": {}, "set": {"assignee": " "}}, 'set.assignee contains only spaces. To unassign the case, give "".'),
    (
        {"match": {}, "set": {"update_alerts": True}},
        "set.update_alerts works only with a status that closes the case. Set set.status to Resolved or Cancelled.",
    ),
    ({"match": {}, "set": {"name": ""}}, "set.name is empty. Leave it out, or give a string."),
    ({"match": {}, "set": {"status": "New"}, "comment": " "}, "comment is empty. Leave it out, or give a string."),
]


@pytest.mark.parametrize(("table", "given", "message"), REFUSED, ids=[message for *_rest, message in REFUSED])
def test_what_is_refused(table, given, message):
    with pytest.raises(OptionError) as caught:
        shaped(given, table)
    assert str(caught.value) == message
    assert caught.value.to_result()["error"]["type"] == "InputError"


@pytest.mark.parametrize(("keys", "message"), REFUSED_IN_RULES, ids=[message for _keys, message in REFUSED_IN_RULES])
def test_what_is_refused_in_a_rule(keys, message):
    with pytest.raises(InputError) as caught:
        parse_rules([{"name": "Other", "match": {}}, {"name": "Phishing", **keys}], 0)
    assert str(caught.value) == f"Rule 2 'Phishing': {message}"


def test_what_is_refused_in_an_item():
    with pytest.raises(InputError) as caught:
        parse_items([{"case_id": "1", "severity": "Severe"}], "cases", 0)
    assert str(caught.value) == (
        f'Item 1 of cases: severity must be one of {SEVERITIES}; got "Severe". Correct the value.'
    )


@pytest.mark.parametrize(
    ("table", "given"),
    [
        (CASE_INFO, {"status": "New, In Progress", "severity": ["High"]}),
        (CASE, {"case_id": "1", "ticket_id": None, "tags": {"set": [], "add": None}}),
        (CASES, {"rules": [], "cases": None, "on_error": "stop"}),
        ({"argument_spec": RULE}, {"name": "R", "match": {"resolution": ""}, "set": None}),
    ],
)
def test_what_is_let_pass(table, given):
    assert not ArgumentSpecValidator(**table).validate(shaped(given, table)).error_messages


def given_options(table):
    """Options of a table, with values that are sound, nearly so, or anything."""
    known = table.get("options") or table["argument_spec"]
    values = st.sampled_from(("New", "High", "a, b", "", "asc", "5", 5, 1.5, True, None, ["New"], ["x", None], {}))
    optional = {
        name: given_options(spec) | values if "options" in spec else values | anything
        for name, spec in known.items()
        if spec.get("elements", "str") == "str"
    }
    return st.fixed_dictionaries({}, optional=optional)


@pytest.mark.parametrize("table", [CASE, ITEM, CASE_INFO, LOOKUP, {"argument_spec": RULE}])
@given(data=st.data())
def test_the_validator_of_ansible_refuses_nothing_more(table, data):
    """Its messages name no path. It stays as the net."""
    try:
        passed = shaped(data.draw(given_options(table)), table)
    except InputError:
        return
    assert not ArgumentSpecValidator(**table).validate(passed).error_messages

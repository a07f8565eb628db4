# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of texts, also given as one text with commas: blanks around an item are no part of it, in every reader.

Ansible splits "a, b" at the comma only. Its own part is played by ArgumentSpecValidator.
"""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import (
    CASE,
    CASE_INFO,
    QueryOptions,
    desired_state,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_items, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.shapes import shaped
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person, Tenant
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import TagChange, make_plan

NOW = 1_700_000_000_000


class Platform:
    def person(self, given):
        return Person(given)

    def tenant(self):
        return None


def checked(arguments, params):
    """As AnsibleModule hands them over."""
    found = ArgumentSpecValidator(**arguments).validate(params)
    assert not found.error_messages
    return found.validated_parameters


def of_module(tags):
    return desired_state(checked(CASE, {"case_id": "1", "tags": tags})).tags


def of_item(tags):
    return parse_items([{"case_id": "1", "tags": tags}], "cases", NOW)[0].desired.tags


def of_rule(tags):
    return parse_rules([{"name": "R", "match": {}, "set": {"tags": tags}}], NOW)[0].desired.tags


CHANGES = pytest.mark.parametrize("read", [of_module, of_item, of_rule])


def filter_of_module(name, value):
    return getattr(QueryOptions(checked(CASE_INFO, {name: value}), NOW).match(Platform()).query, name)


def filter_of_lookup(name, value):
    # Ansible's lookups strip the parts of a text, and leave a list alone.
    given = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    return getattr(QueryOptions({name: given}, NOW).match(Platform()).query, name)


def condition(name, value):
    match = {"tags": {{"tags": "any", "not_tags": "none"}[name]: value}} if "tags" in name else {name: value}
    return getattr(parse_rules([{"name": "R", "match": match}], NOW)[0].match.query, name)


FILTERS = pytest.mark.parametrize("read", [filter_of_module, filter_of_lookup, condition])


@CHANGES
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"add": "a, b"}, TagChange(("a", "b"))),
        ({"add": [" vip "]}, TagChange(("vip",))),
        ({"add": ["a", " a", "a\t"]}, TagChange(("a",))),
        ({"add": "a ,b", "delete": "c , d\n"}, TagChange(("a", "b"), ("c", "d"))),
        ({"set": " a, b "}, TagChange(replaces=("a", "b"))),
        ({"set": []}, TagChange(replaces=())),
        ({"add": ["two words "]}, TagChange(("two words",))),
        ({"add": [2024, True]}, TagChange(("2024", "True"))),
        ({"add": 2024}, TagChange(("2024",))),
    ],
)
def test_tags_to_write(read, tags, expected):
    assert read(tags) == expected


@CHANGES
@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"add": [" "]}, 'tags.add: tag "" is empty.'),
        ({"add": [""]}, 'tags.add: tag "" is empty.'),
        ({"set": "", "add": None}, 'tags.set: tag "" is empty.'),
        ({"set": ["a", "\t"]}, 'tags.set: tag "" is empty.'),
        ({"add": [" a"], "delete": ["a "]}, 'tags adds and removes "a".'),
        ({"delete": ["a,b"]}, 'tags.remove: tag "a,b" contains a comma'),
    ],
)
def test_tags_that_are_refused(read, tags, message):
    given = {name: value for name, value in tags.items() if value is not None}
    with pytest.raises(InputError) as caught:
        read(given)
    assert message in str(caught.value)


@CHANGES
@pytest.mark.parametrize("text", ["a,,b", "a,", ",a", "a, ,b", ","])
def test_a_comma_too_many_makes_no_tag(read, text):
    with pytest.raises(InputError, match="empty"):
        read({"add": text})


@FILTERS
@pytest.mark.parametrize("name", ["tags", "not_tags"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [("a, b", ("a", "b")), ([" vip ", "vip"], ("vip",)), ([2024], ("2024",)), ([" x", "y\n"], ("x", "y"))],
)
def test_tags_to_find(read, name, value, expected):
    assert read(name, value) == expected


@FILTERS
@pytest.mark.parametrize("name", ["tags", "not_tags"])
@pytest.mark.parametrize("value", [[" "], ["a", ""], ["\t"]])
def test_a_blank_tag_finds_nothing(read, name, value):
    with pytest.raises(InputError, match=r"tag \"\" is empty\."):
        read(name, value)


@FILTERS
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ohtani, m@example.com", ("ohtani", "m@example.com")),
        ([" ohtani ", "ohtani"], ("ohtani",)),
        (["", " x"], ("", "x")),
    ],
)
def test_people_to_find(read, value, expected):
    assert read("assignee", value) == tuple(Person(given) for given in expected)


@FILTERS
@pytest.mark.parametrize("value", [[" "], ["x", "\t"]])
def test_a_blank_is_not_nobody(read, value):
    with pytest.raises(
        InputError, match=r'assignee has an item that contains only spaces\. For unassigned cases give ""\.'
    ):
        read("assignee", value)


def test_who_changed_a_case_last():
    found = filter_of_module("not_modified_by", "ohtani, m@example.com")
    assert found == (Person("ohtani"), Person("m@example.com"))


def test_ids_of_cases():
    assert QueryOptions(checked(CASE_INFO, {"case_id": "a1, b2,a1"}), NOW).case_ids == ("a1", "b2")
    with pytest.raises(InputError, match='case_id must have only letters, digits, - and _; got ""'):
        QueryOptions(checked(CASE_INFO, {"case_id": "a1,"}), NOW)


def test_tenants_of_a_rule():
    def tenants(value):
        return parse_rules([{"name": "R", "match": {"tenant": value}}], NOW)[0].match.tenants

    assert tenants("Example Tenant, x ") == tenants([" Example Tenant", "x", "x "])
    assert tenants("Example Tenant, x ") == (Tenant("", "Example Tenant"), Tenant("", "x"))
    assert tenants("") == tenants([""]) == (Tenant("", ""),)
    with pytest.raises(InputError, match=r"tenant has an item that contains only spaces\. For cases of root give"):
        tenants([" "])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status", "New, In Progress", ("New", "In Progress")),
        ("severity", " High ,Low", ("High", "Low")),
    ],
)
def test_choices_of_a_rule(name, value, expected):
    assert condition(name, value) == expected


@pytest.mark.parametrize("name", ["status", "assignee", "tenant", "not_assignee", "resolution"])
@pytest.mark.parametrize("value", ["x,", ",x", "x,,y", " ", " , "])
def test_a_comma_too_many_in_a_rule_makes_no_value(name, value):
    with pytest.raises(InputError, match=f"match.{name} has an empty item; got .* Give a list"):
        parse_rules([{"name": "R", "match": {name: value}}], NOW)


blanks = st.text(" \t\n", max_size=2)
spelled = st.lists(st.tuples(blanks, st.sampled_from("abc"), blanks).map("".join), max_size=4)
held = st.lists(st.sampled_from(("a", " a", "b", "b ", "c", "d")), max_size=5)


@given(held, spelled, spelled)
def test_blanks_around_tags_make_no_difference_to_a_plan(tags, add, delete):
    case = {"_id": "1", "tags": tags}
    added, deleted = ({tag.strip() for tag in given} for given in (add, delete))
    if added & deleted:
        with pytest.raises(InputError, match="adds and removes"):
            of_module({"add": add, "delete": delete})
        return
    plan = make_plan(case, desired_state(checked(CASE, {"case_id": "1", "tags": {"add": add, "delete": delete}})))
    # A tag that the platform holds with blanks is another one.
    assert set(plan.payload.get("tags", {}).get("add", ())) == added - set(tags)
    assert set(plan.payload.get("tags", {}).get("delete", ())) == deleted & set(tags)


@given(held, spelled)
def test_a_set_of_tags_replaces_those_with_blanks(tags, exactly):
    case = {"_id": "1", "tags": tags}
    desired = desired_state(checked(CASE, {"case_id": "1", "tags": {"set": exactly}}))
    plan = make_plan(case, desired)
    wanted = {tag.strip() for tag in exactly}
    after = plan.outcome(case).get("tags") or []
    assert set(after) == wanted
    assert plan.changed == (set(tags) != wanted)
    assert not make_plan({**case, "tags": after}, desired).changed


def test_a_tag_is_removed_by_either_name_and_not_by_both():
    """delete is the platform's word."""
    either = [desired_state(checked(CASE, {"case_id": "1", "tags": {name: ["a"]}})) for name in ("remove", "delete")]
    assert either[0].tags == either[1].tags == TagChange(remove=("a",))
    with pytest.raises(InputError, match=r"tags\.delete is an alias of remove, which is given too"):
        shaped({"tags": {"remove": ["a"], "delete": ["a"]}}, CASE)

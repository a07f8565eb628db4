# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in a file or an option: it is read, or refused with the place of the mistake."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._arguments import CASE_INFO, Reading, desired_state
from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import Connection
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import Desired
from ansible_collections.stellarcyber.xdr.plugins.module_utils._policy import Rule
from ansible_collections.stellarcyber.xdr.plugins.module_utils._query import Query
from ansible_collections.stellarcyber.xdr.plugins.module_utils._rule_options import (
    MATCH,
    RULE,
    SET,
    parse_items,
    parse_rules,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._undo import undo_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import KEYS, read_policy
from tests.unit.module_utils.test_case_properties import anything, is_fit_for_a_terminal
from tests.unit.module_utils.test_time_properties import NOW

values = st.sampled_from(
    ("New", "High", "7d", "a", "", " ", "x,y", "(", "10", 5, -1, 0.5, True, None, "8" * 32, "{{ x }}")
)
some = values | st.lists(values, max_size=3) | anything


def with_names(names, inner=some):
    """A dictionary with names that mean something, and now and then one that doesn't."""
    return st.dictionaries(st.sampled_from(sorted(names)) | st.text(max_size=3), inner, max_size=4)


tags = with_names(("add", "delete", "set", "any", "all", "none"))
rules = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(min_size=1, max_size=4) | some,
        "match": with_names(MATCH, some | tags) | some,
        "set": with_names(SET, some | tags) | some,
        **dict.fromkeys(set(RULE) - {"name", "match", "set"}, some),
        "other": st.nothing() | some,
    },
)
items = with_names(("case_id", "ticket_id", "if_modified_at", *SET), some | tags) | some


def outcome(read, *arguments):
    """What is read, or why it is refused; anything else is raised."""
    try:
        return read(*arguments)
    except InputError as error:
        return error


def is_told_well(error, *where):
    """One line that begins with the place and has an end."""
    text = str(error)
    return text.startswith(where) and is_fit_for_a_terminal(text) and len(text) < 2000 and bool(error.remedy)


@given(st.lists(rules | anything, max_size=3))
def test_any_list_is_rules_or_is_refused_with_the_rule(given_rules):
    found = outcome(parse_rules, given_rules, NOW)
    if isinstance(found, InputError):
        assert is_told_well(found, "Rule ", *(() if given_rules else ("Option rules: ",)))
    else:
        assert len(found) == len(given_rules)
        assert all(isinstance(rule, Rule) and rule.name.strip() for rule in found)


@given(st.lists(items, max_size=3))
def test_any_list_is_cases_or_is_refused_with_the_item(given_items):
    found = outcome(parse_items, given_items, "cases", NOW)
    if isinstance(found, InputError):
        assert is_told_well(found, "Item ", *(() if given_items else ("Option cases: ",)))
    else:
        assert len(found) == len(given_items)


# As the options are after Ansible's own check: of their type, or None.
def of_type(spec):
    kinds = {"str": st.text(max_size=5), "int": st.integers(-2, 10**6), "float": st.floats(), "bool": st.booleans()}
    inner = kinds.get(spec["type"] if spec["type"] != "list" else spec["elements"])
    if "choices" in spec:
        inner = st.sampled_from(spec["choices"])
    return st.none() | (st.lists(inner, max_size=3) if spec["type"] == "list" else inner)


filters = st.fixed_dictionaries({}, optional={name: of_type(spec) for name, spec in CASE_INFO["argument_spec"].items()})
states = st.fixed_dictionaries(
    {},
    optional={
        **{name: of_type(spec) for name, spec in SET.items() if name != "tags"},
        **{name: st.none() | st.text(max_size=5) for name in ("description", "comment")},
        "tags": st.none()
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("add", "delete", "set"), of_type({"type": "list", "elements": "str"}))
        ),
    },
)


class Nobody:
    def person(self, given_as):
        return Person(given_as)

    def tenant(self):
        return None


@given(filters)
def test_filters_make_a_query_or_are_refused_with_their_option(params):
    found = outcome(lambda: Reading(params, NOW).query(Nobody()))
    assert isinstance(found, Query) or is_told_well(found, "Option ", "Options ")


@given(states)
def test_options_make_a_state_or_are_refused_with_their_option(params):
    found = outcome(desired_state, params)
    assert isinstance(found, Desired) or is_told_well(found, "Option ", "The task: ")


connections = st.fixed_dictionaries(
    {
        "host": st.text(max_size=8)
        | st.from_regex(r"(https?://)?[a-z0-9.\[\]:@/-]{0,12}(:[0-9]{0,6})?", fullmatch=True),
        "api_key": st.text(max_size=5) | st.just("key"),
    },
    optional={
        **dict.fromkeys(("username", "tenant", "proxy", "ca_path"), st.none() | st.text(max_size=5)),
        **dict.fromkeys(("timeout", "retry_budget"), st.none() | st.floats()),
        "retries": st.none() | st.integers(),
        "auth_method": st.sampled_from(("auto", "basic", "bearer")),
    },
)


@given(connections)
def test_any_options_make_a_connection_or_are_refused_with_their_option(params):
    found = outcome(Connection.from_params, params)
    if isinstance(found, InputError):
        assert is_told_well(found, "Option ")
        assert not params["api_key"].strip() or len(params["api_key"]) < 4 or params["api_key"] not in str(found)
    else:
        assert re.fullmatch(r"https?://[A-Za-z0-9._-]+(:\d+)?|https?://\[[0-9a-fA-F:.]+\](:\d+)?", found.base_url)


# -- files --------------------------------------------------------------------------------------------------

policies = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(KEYS, some | anything), "rules": st.lists(rules), "x": some}
)
# Flow style, block style, and what is nearly YAML
documents = st.one_of(
    policies.map(lambda policy: yaml.safe_dump(policy, allow_unicode=True)),
    policies.map(json.dumps),
    st.lists(
        st.sampled_from(
            (
                "rules:",
                "- ",
                "  ",
                "\n",
                "name: a",
                "{",
                "}",
                "[",
                "]",
                "&a ",
                "*a",
                "<<: ",
                "!!set ",
                "? ",
                ": ",
                "|\n",
                "'",
                '"',
                "#",
                "---\n",
                "\t",
                "%YAML 9\n",
            )
        ),
        max_size=25,
    ).map("".join),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(documents.map(str.encode) | st.binary())
def test_any_file_is_a_policy_or_is_refused_with_the_line(content):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "policy.yml")
        path.write_bytes(content)
        found = outcome(read_policy, str(path))
    if isinstance(found, InputError):
        assert is_told_well(found, f"Policy {path}: ")
        assert re.match(r"line \d+(, column \d+)?: |is no YAML: ", str(found).partition("policy.yml: ")[2])
    else:
        assert isinstance(found["rules"], list)
        assert set(found) <= set(KEYS)
        rules_of_it = outcome(parse_rules, found["rules"], NOW)
        assert isinstance(rules_of_it, list) or is_told_well(rules_of_it, "Rule ", "Option rules: ")


journal_lines = st.fixed_dictionaries(
    {}, optional={"journal": anything, "undo": items, "not_undoable": anything | st.lists(st.text(max_size=3))}
)
reports = st.fixed_dictionaries(
    {}, optional={"undo": st.lists(items), "case_results": anything | st.lists(journal_lines), "check_mode": anything}
)
undo_texts = st.one_of(
    reports.map(json.dumps),
    st.lists(items).map(json.dumps),
    st.lists(journal_lines.map(json.dumps), min_size=1).map("\n".join),
    # A journal whose last line was cut
    st.lists(journal_lines.map(json.dumps), min_size=1).map(lambda lines: "\n".join(lines)[:-3]),
    st.text(),
)


@given(undo_texts)
def test_any_text_is_an_undo_list_or_is_refused(text):
    found = outcome(undo_file, text, "undo.json")
    if isinstance(found, InputError):
        assert is_told_well(found, "Could not read undo.json: ")
    else:
        assert isinstance(found.items, list)
        assert all(isinstance(name, str) for names in found.not_restorable.values() for name in names)
        items_of_it = outcome(parse_items, found.items, "undo_file", NOW)
        assert isinstance(items_of_it, list) or is_told_well(items_of_it, "Item ", "Option undo_file: ")

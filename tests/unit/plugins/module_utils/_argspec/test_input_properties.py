# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in a file or an option: it is read, or refused with the place of the mistake."""

from __future__ import annotations

import json
import re
import tempfile
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import (
    CASE_INFO,
    QueryOptions,
    desired_state,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.match import MATCH
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import (
    RULE,
    SET,
    parse_items,
    parse_rules,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.match import Match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import Rule
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.journal import undo_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import KEYS, read_policy
from tests.unit.plugins.module_utils._model.test_case_properties import anything, is_fit_for_a_terminal
from tests.unit.plugins.module_utils._model.test_policy_properties import SETS, policies
from tests.unit.plugins.module_utils._model.test_time_properties import NOW

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
items = with_names(("case_id", "ticket_id", "if_unmodified_since", *SET), some | tags) | some


# -- sound input, and what is left of it when one or two places of it are damaged -----------------------------

sound_policies = policies()
sound_items = st.lists(
    st.fixed_dictionaries(
        {"case_id": st.from_regex("[0-9a-f]{24}", fullmatch=True), "status": st.sampled_from(("New", "Cancelled"))},
        optional={**{name: SETS[name] for name in SETS if name != "status"}, "if_unmodified_since": st.just(str(NOW))},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item["case_id"],
)


def places(value):
    """Every key and index in it, as (container, key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


@st.composite
def damaged(draw, sound):
    value = deepcopy(draw(sound))
    for _number in range(draw(st.integers(0, 2))):
        container, key = draw(st.sampled_from(list(places(value)) or [({"": 0}, "")]))
        if draw(st.booleans()):
            container[key] = draw(some)
        else:
            del container[key]
    return value


def outcome(read, *arguments):
    """What is read, or why it is refused; anything else is raised."""
    try:
        return read(*arguments)
    except InputError as error:
        return error


def is_told_well(error, *where):
    """One line that begins with the place and has an end. It is ours: Ansible's would not name the option's path."""
    text = str(error)
    return (
        "Its options" not in text
        and text.startswith(where)
        and is_fit_for_a_terminal(text)
        and len(text) < 2000
        and bool(error.remedy)
    )


@given(st.lists(rules | anything, max_size=3) | damaged(sound_policies))
def test_any_list_is_rules_or_is_refused_with_the_rule(given_rules):
    found = outcome(parse_rules, given_rules, NOW)
    if isinstance(found, InputError):
        assert is_told_well(found, "Rule ", *(() if given_rules else ("rules ",)))
    else:
        assert len(found) == len(given_rules)
        assert all(isinstance(rule, Rule) and rule.name.strip() for rule in found)


@given(st.lists(items, max_size=3) | damaged(sound_items))
def test_any_list_is_cases_or_is_refused_with_the_item(given_items):
    found = outcome(parse_items, given_items, "cases", NOW)
    if isinstance(found, InputError):
        assert is_told_well(found, "Item ", *(() if given_items else ("cases ",)))
    else:
        assert len(found) == len(given_items)


# As the options are after Ansible's own check: of their type, or None.
def of_type(spec):
    kinds = {"str": st.text(max_size=5), "int": st.integers(-2, 10**6), "float": st.floats(), "bool": st.booleans()}
    inner = kinds.get(spec["type"] if spec["type"] != "list" else spec["elements"])
    if "choices" in spec:
        inner = st.sampled_from(spec["choices"])
    return st.none() | (st.lists(inner, max_size=3) if spec["type"] == "list" else inner)


filters = st.fixed_dictionaries(
    {}, optional={name: of_type(spec) for name, spec in CASE_INFO["argument_spec"].items() if name != "match"}
)
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
    found = outcome(lambda: QueryOptions(params, NOW).match(Nobody()))
    assert isinstance(found, Match) or is_told_well(found, *CASE_INFO["argument_spec"])


@given(states)
def test_options_make_a_state_or_are_refused_with_their_option(params):
    found = outcome(desired_state, params)
    assert isinstance(found, DesiredState) or is_told_well(found, *SET, "description ", "comment ", "The task: ")


sound_connections = st.fixed_dictionaries(
    {
        "host": st.sampled_from(("xdr.example.com", "https://xdr.example.com:443/", "[::1]:8443")),
        "api_key": st.just("key"),
    },
    optional={
        **{name: st.just("mira@example.com") for name in ("username", "tenant")},
        "proxy": st.just("http://proxy.example.com:3128"),
        "timeout": st.floats(1, 3600),
        "retry_budget": st.floats(0, 86400),
        "retries": st.integers(0, 100),
        "auth_method": st.just("auto"),
    },
)
# As Ansible's own check leaves them: of their type.
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
# Sound but for a few of its options
mixed = st.builds(
    lambda sound, odd, names: sound | {name: odd[name] for name in names if name in odd},
    sound_connections,
    connections,
    st.lists(st.sampled_from(("host", "api_key", "username", "proxy", "ca_path", "timeout", "retries")), max_size=2),
)


@given(connections | mixed)
def test_any_options_make_a_connection_or_are_refused_with_their_option(params):
    found = outcome(connection_of, params)
    if isinstance(found, InputError):
        assert is_told_well(found, *(f"{name} " for name in CONNECTION))
        assert not params["api_key"].strip() or len(params["api_key"]) < 4 or params["api_key"] not in str(found)
    else:
        assert re.fullmatch(r"https?://[A-Za-z0-9._-]+(:\d+)?|https?://\[[0-9a-fA-F:.]+\](:\d+)?", found.base_url)


# -- files --------------------------------------------------------------------------------------------------

odd_policies = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(KEYS, some | anything), "rules": st.lists(rules), "x": some}
)
# Flow style, block style, and what is nearly YAML
documents = st.one_of(
    odd_policies.map(lambda policy: yaml.safe_dump(policy, allow_unicode=True)),
    odd_policies.map(json.dumps),
    damaged(sound_policies.map(lambda sound: {"title": "Nights", "rules": sound})).map(yaml.safe_dump),
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
        assert re.match(
            r"line \d+(, column \d+)?: |is not valid YAML: |is encrypted with ansible-vault",
            str(found).partition("policy.yml: ")[2],
        )
    else:
        assert isinstance(found["rules"], list)
        assert set(found) <= set(KEYS)
        rules_of_it = outcome(parse_rules, found["rules"], NOW)
        assert isinstance(rules_of_it, list) or is_told_well(rules_of_it, "Rule ", "rules ")


journal_lines = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("journal", "ticket_id"), anything),
        "undo": items,
        "irreversible": anything | st.lists(st.text(max_size=3)),
    },
)
reports = st.fixed_dictionaries(
    {"report": st.just(1), "undo": st.lists(items)},
    optional={
        "case_results": anything | st.lists(journal_lines),
        **dict.fromkeys(("mode", "error", "platform"), anything),
    },
)
undo_texts = st.one_of(
    reports.map(json.dumps),
    damaged(sound_items).map(json.dumps),
    st.lists(items).map(json.dumps),
    st.lists(journal_lines.map(json.dumps), min_size=1).map("\n".join),
    # A journal whose last line was cut
    st.lists(journal_lines.map(json.dumps), min_size=1).map(lambda lines: "\n".join(lines)[:-3]),
    st.text(),
)


@given(undo_texts)
def test_any_text_is_a_file_to_undo_or_is_refused(text):
    found = outcome(undo_file, text, "undo.json")
    if isinstance(found, InputError):
        assert is_told_well(found, "Could not read undo.json: ", "undo_file: undo.json contains nothing to undo: ")
    else:
        assert isinstance(found.items, list)
        assert found.items
        assert all(isinstance(name, str) for names in found.irreversible.values() for name in names)
        items_of_it = outcome(parse_items, found.items, "undo_file", NOW)
        assert isinstance(items_of_it, list) or is_told_well(items_of_it, "Item ", "undo_file: ")


@pytest.mark.parametrize("is_taken", [True, False])
@pytest.mark.parametrize(
    ("read", "inputs"),
    [
        (lambda given_rules: parse_rules(given_rules, NOW), damaged(sound_policies)),
        (lambda given_items: parse_items(given_items, "cases", NOW), damaged(sound_items)),
        (lambda params: QueryOptions(params, NOW), filters),
        (desired_state, states),
        (connection_of, connections | mixed),
        (lambda text: undo_file(text, "undo.json"), undo_texts),
    ],
)
def test_the_inputs_are_of_both_kinds(read, inputs, is_taken):
    """Else the properties above would hold of nothing."""
    not_simplified = settings(phases=[Phase.generate], database=None)
    find(inputs, lambda value: isinstance(outcome(read, value), InputError) != is_taken, settings=not_simplified)

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of rules and of items: what they mean, and that what can't be is refused by name."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.doc_fragments import _match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import RULE, parse_items, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person, Tenant
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.match import Match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import Query
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.rules import resolve_rules
from tests.unit.plugins.module_utils._api.directory import Directory

NOW = 1_700_000_000_000
DAY = 86_400_000
OHTANI_ID = "8" * 32
KNOWN_MATCH = (
    "status, not_status, severity, not_severity, tags, assignee, not_assignee, tenant, not_tenant, resolution, "
    "not_resolution, min_score, max_score, min_size, max_size, older_than, newer_than, modified_before, "
    "modified_after, name, status_for, assigned_for."
)


LOW_WITH_A = DesiredState(severity="Low", tags=TagChange(("a",)))


def rule(**options):
    return {"name": "R", "match": {}, **options}


def refusal(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_the_same_options_in_the_table_and_in_the_documentation():
    def compare(documented, table, path):
        assert list(documented) == list(table), path
        for name, spec in table.items():
            for fact in ("type", "elements", "choices", "required"):
                assert documented[name].get(fact) == spec.get(fact), (path, name, fact)
            compare(documented[name].get("suboptions", {}), spec.get("options", {}), (*path, name))

    documented = yaml.safe_load(_match.ModuleDocFragment.RULES)["options"]["rules"]["suboptions"]
    compare(documented, RULE, ())
    documented = yaml.safe_load(_match.ModuleDocFragment.DOCUMENTATION)["options"]["match"]
    for table in (CASE_INFO, LOOKUP):
        compare({"match": documented}, {"match": table["argument_spec"]["match"]}, ())


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, Match()),
        (
            {"status": ["New"], "severity": ["High", "Low"], "min_score": "75", "max_score": 100, "min_size": 2},
            Match(Query(status=("New",), severity=("High", "Low"), min_score=75.0, max_score=100.0, min_size=2)),
        ),
        (
            {"tags": {"any": ["a", "b", "a"], "all": ["c"], "none": ["d"]}},
            Match(Query(tags=("a", "b"), not_tags=("d",)), all_tags=("c",)),
        ),
        # numbers in YAML are texts here
        ({"tags": {"any": [2024, 1.5]}}, Match(Query(tags=("2024", "1.5")))),
        (
            {"assignee": ["", " ohtani "], "not_assignee": "m@example.com,x"},
            Match(Query(assignee=(Person(""), Person("ohtani"))), not_assignee=(Person("m@example.com"), Person("x"))),
        ),
        ({"assignee": ""}, Match(Query(assignee=(Person(""),)))),
        (
            {"tenant": ["A" * 32, " Example Tenant "], "not_tenant": ["x"]},
            Match(tenants=(Tenant("a" * 32, ""), Tenant("", "Example Tenant")), not_tenants=(Tenant("", "x"),)),
        ),
        (
            {"not_status": ["New"], "not_severity": ["Low"], "resolution": [""], "not_resolution": ["Benign"]},
            Match(not_status=("New",), not_severity=("Low",), resolution=("",), not_resolution=("Benign",)),
        ),
        (
            {"older_than": "7d", "newer_than": "2w", "modified_before": "1h", "modified_after": "2023-11-13"},
            Match(
                Query(
                    created_after=NOW - 14 * DAY,
                    created_before=NOW - 7 * DAY,
                    modified_after=1699833600000,
                    modified_before=NOW - DAY // 24,
                )
            ),
        ),
        ({"max_size": 0, "min_size": 0}, Match(Query(min_size=0), max_size=0)),
    ],
)
def test_match(match, expected):
    assert parse_rules([rule(match=match)], NOW)[0].match == expected


def test_a_name_is_a_regular_expression():
    assert parse_rules([rule(match={"name": "(?i)^scan"})], NOW)[0].match.name.search("Scanner")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"set": {"status": "New"}}, DesiredState(status="New")),
        (
            {"set": {"assignee": " ohtani "}, "comment": "x"},
            DesiredState(assignee=Person("ohtani"), comments=(Comment("x"),)),
        ),
        ({"set": {"assignee": ""}}, DesiredState(assignee=Person(""))),
        (
            {"set": {"tags": {"add": ["a", 1], "delete": ["b"]}, "name": "n", "severity": "Low"}},
            DesiredState(tags=TagChange(("a", "1"), ("b",)), name="n", severity="Low"),
        ),
        ({"set": {"tags": {"set": []}}}, DesiredState(tags=TagChange(replaces=()))),
        (
            {"set": {"status": "Resolved", "resolution": "Benign", "update_alerts": "yes"}},
            DesiredState(status="Resolved", resolution="Benign", update_alerts=True),
        ),
        ({"match": {"status": ["Resolved"]}, "set": {"resolution": "Benign"}}, DesiredState(resolution="Benign")),
        ({}, None),
        # null is left out, as everywhere in Ansible
        ({"set": None, "comment": None}, None),
        ({"set": {"severity": "Low", "assignee": None, "tags": {"add": ["a"], "delete": None}}}, LOW_WITH_A),
    ],
)
def test_set(options, expected):
    assert parse_rules([rule(**options)], NOW)[0].desired == expected


def test_names_and_descriptions():
    rules = [
        rule(name=" a ", description="why"),
        rule(name="a", description=None),
        rule(name="b", description="why", set={"severity": "Low"}),
        rule(name="c", set={"severity": "Low"}),
    ]
    described = [(parsed.name, parsed.description) for parsed in parse_rules(rules, NOW)]
    assert described == [(" a ", "why"), ("a", ""), ("b", "why"), ("c", "")]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "rules is an empty list. Give at least one rule."),
        (["x"], 'Rule 1: must be a dictionary; got "x".'),
        ([None], 'Rule 1: must be a dictionary; got "None".'),
        ([{}], "Rule 1: name is required. Add it."),
        ([{"name": "R"}], "Rule 1 'R': match is required. Add it."),
        ([{"match": {}}], "Rule 1: name is required. Add it."),
        ([rule(name=None)], "Rule 1: name is required. Add it."),
        ([rule(name=" ")], "Rule 1 '': name is empty."),
        (
            [rule(), rule(name="S"), rule()],
            "Rule 3 'R': name must be unique, and an earlier rule has the same name. Give each",
        ),
        ([rule(name="\x1b[31mR\n" * 90)], None),
        # keys
        (
            [rule(), rule(name="S", mach={})],
            "Rule 2 'S': mach is unknown. Valid keys are name, description, ma",
        ),
        (
            [rule(match={"stauts": ["New"]})],
            f"Rule 1 'R': match.stauts is unknown. Valid keys are {KNOWN_MATCH}",
        ),
        (
            [rule(match={"tags": {"some": []}})],
            "Rule 1 'R': match.tags.some is unknown. Valid keys are any, all",
        ),
        (
            [rule(set={"description": "x"})],
            "Rule 1 'R': set.description is unknown. Valid keys are status, sev",
        ),
        (
            [rule(set={"tags": {"replace": ["x"]}})],
            "Rule 1 'R': set.tags.replace is unknown. Valid keys are add",
        ),
        ([rule(**{"a.b": 1})], "Rule 1 'R': a.b is unknown."),
        ([rule(match={"tags.any": ["a"]})], "Rule 1 'R': match.tags.any is unknown."),
        ([{1: 2, **rule()}], "Rule 1 'R': 1 is unknown."),
        ([rule(match={True: ["New"]})], "Rule 1 'R': match.True is unknown."),
        ([rule(match={"\x1b[31m\u202e": 1})], "Rule 1 'R': match. [31m is unknown."),
        # types
        (
            [rule(match=None)],
            "Rule 1 'R': match is required. Add it.",
        ),
        (
            [rule(match=[])],
            "Rule 1 'R': match must be a dictionary; got a list. Valid keys are status, not_status, s",
        ),
        (
            [rule(match="status")],
            "Rule 1 'R': match must be a dictionary; got \"status\". Valid keys are status, ",
        ),
        # Ansible would make of it a condition without a value, which every case meets.
        ([rule(match='{"name": null}')], "Rule 1 'R': match must be a dictionary; got "),
        # Ansible would fail on it without a word about the rule.
        ([rule(set=5)], "Rule 1 'R': set must be a dictionary; got \"5\". Valid keys are status, severity, "),
        (
            [rule(match={"tags": ["a"]})],
            "Rule 1 'R': match.tags must be a dictionary; got a list. Valid keys are any, all, none.",
        ),
        (
            [rule(match={"status": ["new"]})],
            "Rule 1 'R': match.status must be one of New, In Progress, Escalated, Resolved, Cancelled; got \"new\".",
        ),
        (
            [rule(match={"resolution": ["None"]})],
            'Rule 1 \'R\': match.resolution must be one of False Positive, Benign, True Positive, ""; got "None".',
        ),
        ([rule(match={"min_score": "high"})], "Rule 1 'R': match.min_score must be a number; got \"high\"."),
        ([rule(match={"min_size": 1.5})], "Rule 1 'R': match.min_size must be a whole number; got \"1.5\"."),
        (
            [rule(set={"status": "Closed"})],
            "Rule 1 'R': set.status must be one of New, In Progress, Escalated, Resolved, Cancelled; got \"Closed\".",
        ),
        (
            [rule(set={"resolution": ""})],
            "Rule 1 'R': set.resolution must be one of False Positive, Benign, True Positive; got \"\". Correct the",
        ),
        # texts, of which Ansible would make what nobody meant
        (
            [rule(match={"name": ["a", "b"]})],
            "Rule 1 'R': match.name must be a string; got \"['a', 'b']\". Give one value.",
        ),
        ([rule(set={"name": {"a": 1}})], "Rule 1 'R': set.name must be a string; got \"{'a': 1}\"."),
        (
            [rule(set={"assignee": ["ohtani"]})],
            "Rule 1 'R': set.assignee must be a string; got \"['ohtani']\".",
        ),
        ([rule(set={"status": "New"}, comment=["a"])], "Rule 1 'R': comment must be a string; got \"['a']\"."),
        ([rule(name=["a"])], "Rule 1 \"['a']\": name must be a string; got \"['a']\"."),
        (
            [rule(match={"assignee": [None]})],
            "Rule 1 'R': match.assignee must be a list of strings; got the item \"None\".",
        ),
        (
            [rule(match={"assignee": [["x"]]})],
            "Rule 1 'R': match.assignee must be a list of strings; got the item \"['x']\"",
        ),
        (
            [rule(match={"tags": {"any": [{"a": 1}]}})],
            "Rule 1 'R': match.tags.any must be a list of strings; got the item ",
        ),
        (
            [rule(set={"tags": {"add": [["a"]]}})],
            "Rule 1 'R': set.tags.add must be a list of strings; got the item \"['a']\"",
        ),
        # values
        ([rule(match={"status": []})], "Rule 1 'R': match.status is an empty list, which no case matches."),
        (
            [rule(match={"not_assignee": []})],
            "Rule 1 'R': match.not_assignee is an empty list, which no case matches.",
        ),
        (
            [rule(match={"tags": {}})],
            "Rule 1 'R': match.tags is empty. Give any, all or none, or leave it out.",
        ),
        # a condition without a value is not left out
        (
            [rule(match={"assignee": None})],
            "Rule 1 'R': match.assignee has no value. Leave it out, or give a v",
        ),
        ([rule(match={"status": None})], "Rule 1 'R': match.status has no value."),
        ([rule(match={"older_than": None})], "Rule 1 'R': match.older_than has no value."),
        ([rule(match={"tags": {"any": None}})], "Rule 1 'R': match.tags.any has no value."),
        ([rule(match={"tags": {"any": []}})], "Rule 1 'R': match.tags.any is an empty list, which no case matches."),
        ([rule(match={"tags": {"any": ["a,b"]}})], "Rule 1 'R': match.tags.any: tag \"a,b\" contains a comma"),
        ([rule(match={"tags": {"none": [" "]}})], "Rule 1 'R': match.tags.none: tag \"\" is empty."),
        ([rule(match={"tags": {"all": ["a\x1b"]}})], "Rule 1 'R': match.tags.all: tag \"a\" contains a control ch"),
        ([rule(match={"assignee": [" "]})], "Rule 1 'R': match.assignee has an item that contains only spaces. For un"),
        (
            [rule(match={"not_assignee": ["x", "\t"]})],
            "Rule 1 'R': match.not_assignee has an item that contains only spaces.",
        ),
        ([rule(match={"min_size": -1})], "Rule 1 'R': match.min_size must be 0 or more; got -1."),
        ([rule(set={"tags": {"add": []}})], "Rule 1 'R': set.tags adds and removes nothing."),
        (
            [rule(match={"older_than": "7x"})],
            "Rule 1 'R': match.older_than: '7x' is not a valid time. Give an age (30m, 12h,",
        ),
        ([rule(match={"newer_than": ""})], "Rule 1 'R': match.newer_than: '' is not a valid time."),
        (
            [rule(match={"modified_before": "1660835991"})],
            "Rule 1 'R': match.modified_before: 1660835991 may be epoch seconds",
        ),
        (
            [rule(match={"modified_after": "2023-13-01"})],
            "Rule 1 'R': match.modified_after: '2023-13-01' is not a valid time.",
        ),
        ([rule(match={"name": ""})], "Rule 1 'R': match.name is empty."),
        (
            [rule(match={"name": "("})],
            "Rule 1 'R': match.name must be a Python regular expression; got \"(\": missing ), untermi",
        ),
        (
            [rule(match={"name": "(?<\x1b"})],
            "Rule 1 'R': match.name must be a Python regular expression; got \"(?<\": ",
        ),
        (
            [rule(match={"name": "(" * 9999})],
            "Rule 1 'R': match.name must be a Python regular expression; got \"((((",
        ),
        # ranges
        (
            [rule(match={"min_score": -1})],
            "Rule 1 'R': match.min_score must be from 0 to 100; got -1. Correct the value.",
        ),
        (
            [rule(match={"max_score": 101})],
            "Rule 1 'R': match.max_score must be from 0 to 100; got 101. Correct the value.",
        ),
        ([rule(match={"max_score": "nan"})], "Rule 1 'R': match.max_score must be a number; got \"nan\"."),
        ([rule(match={"max_size": -1})], "Rule 1 'R': match.max_size must be 0 or more; got -1. Correct the value."),
        (
            [rule(match={"min_score": 2, "max_score": 1})],
            "Rule 1 'R': match.min_score and match.max_score: the range is empty",
        ),
        (
            [rule(match={"min_size": 2, "max_size": 1})],
            "Rule 1 'R': match.min_size and match.max_size: the range is empty",
        ),
        (
            [rule(match={"older_than": "9d", "newer_than": "7d"})],
            "Rule 1 'R': match.newer_than and match.older_than: the range is empty",
        ),
        (
            [rule(match={"modified_before": "9d", "modified_after": "7d"})],
            "Rule 1 'R': match.modified_after and match.modified_before: the range is empty.",
        ),
        (
            [rule(match={"newer_than": "2099-01-01"})],
            "Rule 1 'R': match.newer_than is in the future and can never match",
        ),
        (
            [rule(match={"modified_after": "2099-01-01"})],
            "Rule 1 'R': match.modified_after is in the future and can never match",
        ),
        # what rules itself out
        (
            [rule(match={"status": ["New"], "not_status": ["New"]})],
            "Rule 1 'R': match.status and match.not_status can never match together",
        ),
        (
            [rule(match={"severity": ["Low", "High"], "not_severity": ["High", "Low"]})],
            "Rule 1 'R': match.severity and match.not_severity can never match together.",
        ),
        (
            [rule(match={"resolution": [""], "not_resolution": [""]})],
            "Rule 1 'R': match.resolution and match.not_resolution can never match together.",
        ),
        (
            [rule(match={"assignee": [""], "not_assignee": [""]})],
            "Rule 1 'R': match.assignee and match.not_assignee can never match together",
        ),
        (
            [rule(match={"tenant": ["x"], "not_tenant": ["x", "y"]})],
            "Rule 1 'R': match.tenant and match.not_tenant can never match together",
        ),
        (
            [rule(match={"tags": {"any": ["a"], "none": ["a", "b"]}})],
            "Rule 1 'R': match.tags can never match, since none",
        ),
        (
            [rule(match={"tags": {"all": ["a", "b"], "none": ["b"]}})],
            "Rule 1 'R': match.tags can never match, since none",
        ),
        # set
        ([rule(set={})], "Rule 1 'R': set is empty. Leave it out for a finding, or say what to change."),
        ([rule(set={"assignee": None})], "Rule 1 'R': set is empty."),
        ([rule(comment="x")], "Rule 1 'R': comment needs set: a finding writes nothing."),
        ([rule(set={"status": "New"}, comment=" ")], "Rule 1 'R': comment is empty."),
        ([rule(set={"name": " "})], "Rule 1 'R': set.name is empty. Leave it out, or give a string."),
        ([rule(set={"assignee": " "})], "Rule 1 'R': set.assignee contains only spaces. To unassign the case, give"),
        ([rule(set={"tags": {}})], "Rule 1 'R': set.tags.add, set.tags.remove or set.tags.set is required. Give one"),
        (
            [rule(set={"tags": {"set": ["a"], "add": ["b"]}})],
            "Rule 1 'R': set.tags.set and set.tags.add are mutually exclusive. Give one of",
        ),
        ([rule(set={"tags": {"add": ["a"], "delete": ["a"]}})], "Rule 1 'R': set.tags adds and removes \"a\"."),
        ([rule(set={"tags": {"add": ["a,b"]}})], "Rule 1 'R': set.tags.add: tag \"a,b\" contains a comma"),
        ([rule(set={"update_alerts": True})], "Rule 1 'R': set.update_alerts works only with a status that closes"),
        (
            [rule(set={"status": "New", "update_alerts": True})],
            "Rule 1 'R': set.update_alerts works only with a status that closes the case.",
        ),
        ([rule(set={"resolution": "Benign"})], "Rule 1 'R': set.resolution belongs to status Resolved."),
        (
            [rule(match={"status": ["Resolved", "New"]}, set={"resolution": "Benign"})],
            "Rule 1 'R': set.resolution belongs to status Resolved.",
        ),
        (
            [rule(match={"status": ["Resolved"]}, set={"status": "Cancelled", "resolution": "Benign"})],
            "Rule 1 'R': set.resolution belongs to status Resolved.",
        ),
    ],
)
def test_bad_rules(rules, message):
    if message is None:
        parse_rules(rules, NOW)
    else:
        assert refusal(parse_rules, rules, NOW).startswith(message)


def test_a_long_and_hostile_name_is_cut_in_messages():
    message = refusal(parse_rules, [rule(name="\x1b[31m\u202eR\n" + "x" * 900, match={"name": "("})], NOW)
    assert message.startswith("Rule 1 '[31m R xxx")
    assert len(message) < 350


def test_people_and_tenants_are_looked_up():
    directory = Directory()
    (resolved,) = resolve_rules(
        parse_rules(
            [rule(match={"assignee": ["OHTANI"], "tenant": ["Example Tenant"]}, set={"assignee": OHTANI_ID.upper()})],
            NOW,
        ),
        directory,
    )
    assert resolved.match.query.assignee[0].user_id == OHTANI_ID
    assert resolved.match.tenants == (Tenant("6" * 32, "Example Tenant"),)
    assert resolved.desired.assignee.email == "ohtani@example.com"


def test_who_is_not_found_is_named_with_the_rule():
    class Empty(Directory):
        def person(self, given):
            raise InputError(f"Could not find user {given}", "none has that name.")

    rules = parse_rules([rule(), rule(name="S", match={"assignee": ["x"]})], NOW)
    assert refusal(resolve_rules, rules, Empty()).startswith("Rule 2 'S': Could not find user x: none has that name.")


def test_items():
    first, second = parse_items(
        [
            {"case_id": "a1", "status": "New", "if_unmodified_since": 1660835991789},
            {"ticket_id": "7", "tags": {"set": ["x"]}, "comment": "y"},
        ],
        "cases",
        NOW,
    )
    assert (first.number, first.case_id, first.ticket_id, first.unmodified_since) == (1, "a1", None, 1660835991789)
    assert (first.desired, first.label) == (DesiredState(status="New"), "case a1")
    assert (second.number, second.case_id, second.ticket_id, second.unmodified_since) == (2, None, 7, None)
    assert (second.desired, second.label) == (
        DesiredState(tags=TagChange(replaces=("x",)), comments=(Comment("y"),)),
        "ticket 7",
    )


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "cases is an empty list. Give at least one case."),
        ([7], 'Item 1 of cases: must be a dictionary; got "7".'),
        ([{}], "Item 1 of cases: case_id or ticket_id is required. Give one of them."),
        ([{"status": "New"}], "Item 1 of cases: case_id or ticket_id is required. Give one of them."),
        (
            [{"case_id": "a", "ticket_id": 1, "status": "New"}],
            "Item 1 of cases: case_id and ticket_id are mutually exclusive. Give one of them.",
        ),
        ([{"case_id": "a"}], "Item 1 of cases: The task: declares no state of the case."),
        (
            [{"case_id": "a", "host": "x"}],
            "Item 1 of cases: host is unknown. Valid keys are case_id, ticket_id,",
        ),
        (
            [{"case_id": "a", "tags": {"x": []}}],
            "Item 1 of cases: tags.x is unknown. Valid keys are add, remove",
        ),
        ([{"case_id": ["a"], "status": "New"}], "Item 1 of cases: case_id must be a string; got \"['a']\"."),
        (
            [{"case_id": "../users", "status": "New"}],
            'Item 1 of cases: case_id must have only letters, digits, - and _; got "../users"',
        ),
        (
            [{"case_id": "", "status": "New"}],
            'Item 1 of cases: case_id must have only letters, digits, - and _; got ""',
        ),
        (
            [{"ticket_id": "x", "status": "New"}],
            'Item 1 of cases: ticket_id must be a whole number; got "x".',
        ),
        (
            [{"case_id": "a", "status": "New", "if_unmodified_since": "7d"}],
            'Item 1 of cases: if_unmodified_since must be a time; got the age "7d"',
        ),
        (
            [{"case_id": "a", "status": "New"}, {"ticket_id": 1, "name": "x"}, {"case_id": "a", "severity": "Low"}],
            "Item 3 of cases: The case: is already declared by item 1. Declare all of a case in one item.",
        ),
        (
            [{"ticket_id": 1, "status": "New"}, {"ticket_id": "1", "status": "New"}],
            "Item 2 of cases: The case: is already declared by item 1.",
        ),
    ],
)
def test_bad_items(items, message):
    assert refusal(parse_items, items, "cases", NOW).startswith(message)

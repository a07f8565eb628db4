# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever JSON a platform gives for a case: it is refused by its shape, or all that is done with cases works."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.precondition import check_unmodified
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import Reader
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.writer import apply_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import INCLUDES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_items, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.throttle import Throttle
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model import case as case_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import is_case
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment, joined
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.concurrent_changes import FIELDS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import (
    Person,
    Tenant,
    find_people,
    matches_tenant,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.match import Match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import (
    DesiredState,
    TagChange,
    make_plan,
    verify,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import check_convergence, decide
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import MAX_STALE_PAGES, Page, Query, Sorting
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.undo import undo_item
from tests.unit.plugins.module_utils._api import directory as at_hand
from tests.unit.plugins.module_utils._model.test_query_properties import HOUR, NOW

# Every field that the engine reads, and what it is in a sane case.
TEXTS = (
    *("status", "severity", "name", "resolution", "description", "assignee", "assignee_name"),
    *("modified_by", "modified_by_name", "cust_id", "tenant_name"),
)
OTHERS = ("ticket_id", "created_at", "modified_at", "score", "size", "closed")
WORDS = ("New", "Resolved", "High", "Low", "Benign", "8" * 32, "ohtani", "")

numbers = st.integers() | st.floats() | st.booleans() | st.none()
anything = st.recursive(
    st.text(st.characters()) | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
texts = st.sampled_from(WORDS) | st.text(st.characters(), max_size=8) | st.none()
moments = st.integers(1, 40).map(lambda number: NOW - number * HOUR)
ids = st.sampled_from(("62fceb4a48be7776c793a02a", "a-b_c"))
# Objects that pass for a case: their texts are texts, and the rest is whatever it is.
odd_cases = st.fixed_dictionaries(
    {"_id": ids},
    optional={
        **dict.fromkeys(TEXTS, texts),
        **dict.fromkeys(OTHERS, moments | anything),
        "tags": st.none() | st.lists(st.text(st.characters(), max_size=4), max_size=4),
        "extra": anything,
    },
)
# Objects with the names of a case, and anything in them.
objects = st.fixed_dictionaries(
    {}, optional={"_id": ids | anything, **dict.fromkeys((*TEXTS, *OTHERS, "tags"), anything | texts)}
)

RULES = [
    {"name": "old", "match": {"older_than": "7d", "min_score": 3, "max_size": 9}, "set": {"severity": "Low"}},
    {"name": "mine", "match": {"assignee": ["ohtani"], "not_status": ["Resolved"]}, "set": {"status": "Resolved"}},
    {"name": "touched", "match": {"modified_after": "1d", "name": "a|^$"}, "set": {"tags": {"add": ["a"]}}},
    {"name": "tenant", "match": {"not_tenant": ["7" * 32], "tags": {"none": ["a"]}}, "set": {"assignee": ""}},
    {"name": "all", "match": {}},
]
DESIRED = DesiredState(
    status="Resolved",
    severity="High",
    name="x",
    description="y",
    resolution="Benign",
    assignee=Person("ohtani"),
    tags=TagChange(add=("a",), remove=("b",)),
    comments=(Comment("z"),),
)
QUERY = Query(status=("New",), not_tags=("a",), min_score=1, created_after=5, not_modified_by=(Person("ohtani"),))


# Two passes over a listing, each of which ends after so many pages without a new case, for each function
MAX_ASKED = 50 * MAX_STALE_PAGES


class Answers:
    """A client that gives this for everything, and fails a reader that asks without end."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0
        self.connection = type("Connection", (), {"tenant": "Clinic", "base_url": "https://xdr.example"})

    def get(self, path, params=(), what="", **_more):
        self.asked += 1
        assert self.asked < MAX_ASKED
        return self.answer


def is_fit_for_a_terminal(text):
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


def works(function, *arguments):
    """Whether it gives something or raises an error of the family, in plain text; anything else is raised."""
    try:
        function(*arguments)
    except StellarError as error:
        return is_fit_for_a_terminal(str(error))
    return True


@given(anything | objects)
def test_anything_is_a_case_or_none(record):
    if is_case(record):
        assert case_module.is_case_id(record["_id"])
        assert all(isinstance(tag, str) for tag in case_module.tags(record))


@given(odd_cases)
def test_whatever_fields_are_beside_the_texts_it_is_a_case(case):
    assert is_case(case)


@given(odd_cases)
def test_a_case_with_odd_fields_can_be_planned_and_told(case):
    plan = make_plan(case, DESIRED)
    after = plan.outcome(case)
    assert is_case(after)
    assert not verify(plan, after).missing
    json.dumps([plan.payload, plan.diff(case), undo_item(case, plan, NOW)])
    for told in (case_module.label(case), case_module.tenant_label(case), plan.diff(case)["before_header"]):
        assert is_fit_for_a_terminal(told)


@given(odd_cases)
def test_a_case_with_odd_fields_can_be_judged_by_rules(case):
    rules = parse_rules(RULES, NOW)
    decision = decide(case, rules)
    assert works(check_convergence, case, decision, rules, NOW)
    if decision.plan:
        item, _lost = undo_item(case, decision.plan, NOW)
        if len(item) > 1:
            assert parse_items([item], "undo_file", NOW)


@given(odd_cases, st.integers(0, 10**14))
def test_a_guard_lets_a_case_pass_or_says_why_not(case, unmodified_since):
    assert works(check_unmodified, case, unmodified_since)


@given(st.lists(odd_cases, max_size=5), st.sampled_from(("created_at", "modified_at", "score")), st.booleans())
def test_cases_with_odd_fields_can_be_matched_sorted_and_paged(cases, field, descending):
    assert sorted(map(id, Sorting(field, descending).sorted(cases))) == sorted(map(id, cases))
    page = Page((), NOW - 9 * HOUR, NOW, descending)
    page.next_page(cases, len(cases), None)
    for case in cases:
        assert isinstance(QUERY.matches(case), bool)
        assert isinstance(Tenant("7" * 32, "Clinic").owns(case), bool)
        assert isinstance(matches_tenant(case, "Clinic"), bool)


answers = st.dictionaries(
    st.sampled_from(("data", "observables", "cases", "error")),
    anything | objects | st.fixed_dictionaries({"cases": st.lists(objects | odd_cases, max_size=3), "total": numbers}),
)


@given(answers)
def test_any_answer_is_read_or_refused(answer):
    reader = Reader(Answers(answer), NOW)
    case = {"_id": "62fceb4a48be7776c793a02a"}
    for function, *arguments in (
        (reader.case_by_id, case["_id"]),
        (reader.case_by_ticket, 5),
        (reader.directory.person, "ohtani"),
        (reader.directory.tenant,),
        (reader.find, Match(Query(status=("New",))), Sorting()),
        (reader.find, Match(), Sorting("score", True), 2),
        (reader.count, Match(Query(tags=("a",)))),
        *((reader.included, case, part) for part in INCLUDES),
    ):
        assert works(function, *arguments)


def test_a_record_without_an_id_does_not_keep_a_listing_going():
    """A platform that ignores skip gives the same page for ever."""
    case = {"_id": "62fceb4a48be7776c793a02a", "name": "a", "status": "New", "created_at": NOW}
    platform = Answers({"data": {"cases": [{}, case], "total": None}})
    with pytest.raises(StellarError, match="Could not list all cases"):
        Reader(platform, NOW).find(Match(), Sorting())
    assert platform.asked <= 2 * (MAX_STALE_PAGES + 2)


odd_tags = st.lists(st.sampled_from(("a", "b", {"name": "a"})) | anything, min_size=1, max_size=2) | texts | anything
activities = st.lists(
    st.fixed_dictionaries(
        {"field": st.just("tags") | st.sampled_from(FIELDS), "timestamp": st.just(NOW) | anything, "to": odd_tags},
        optional={"from": odd_tags, "user": anything},
    )
    | anything,
    min_size=1,
    max_size=4,
)
comments = st.lists(
    st.fixed_dictionaries({"comment": st.just(joined(DESIRED.comments)), "created_at": moments | anything}) | anything,
    min_size=1,
    max_size=2,
)


class Platform(Answers):
    """Shows this case from the write on. Whether a comment has arrived is looked up each time."""

    def __init__(self, after, activities, comments):
        super().__init__({})
        self.connection.tenant = ""
        self.throttle = Throttle(0.0)
        self.shown = {"activities": activities, "comments": comments, after["_id"]: after}

    def get(self, path, params=(), what="", **_more):
        return {"data": self.shown[path.rpartition("/")[2]]}

    def write(self, method, path, body, what, already_applied=None, **_more):
        if already_applied is not None:
            assert isinstance(already_applied(True), bool)
        return {}


def update(case, after, activities=(), comments=()):
    platform = Platform({**after, "_id": case["_id"]}, activities, comments)
    plan = make_plan(case, DESIRED)
    return works(lambda: apply_plan(platform, Reader(platform, NOW), case, plan, reads_history=True))


@given(odd_cases, odd_cases, st.sampled_from((["b"], [])), activities | anything)
def test_an_update_ends_with_a_result_or_an_error_whatever_a_history_holds(case, after, tags, history):
    case = {**case, "tags": ["b"], "modified_at": NOW - HOUR}
    assert update(case, {**after, "tags": tags}, history)


@given(odd_cases, comments | anything)
def test_an_update_ends_with_a_result_or_an_error_whatever_comments_hold(case, comments):
    case = {**case, "tags": ["b"]}
    assert update(case, make_plan(case, DESIRED).outcome(case), comments=comments)


@given(st.lists(st.dictionaries(st.sampled_from(("user_id", "_id", "email", "username", "name")), anything | texts)))
def test_users_of_any_shape_are_looked_through(users):
    for given_as in ("ohtani", "8" * 32):
        assert all(isinstance(person.label, str) for person in find_people(given_as, users))


@given(st.text(st.characters(), max_size=8), st.text(st.characters(), max_size=8))
def test_people_are_the_same_whatever_their_case_of_letters(one, other):
    assume(one.strip() and other.strip())
    person = Person(one, "8" * 32, other, one)
    assert person.is_assignee_of({"assignee": "8" * 32})
    assert not person.is_assignee_of({"assignee": ""})
    assert Person(one).is_assignee_of({"assignee": "x", "assignee_name": one.casefold()})
    assert at_hand.Directory().person("OHTANI").user_id == "8" * 32

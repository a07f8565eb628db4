# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for cases that lack fields or hold null, as older platforms give them, against a model of the platform."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import (
    DesiredState,
    TagChange,
    Verification,
    make_plan,
    verify,
)

STATUSES = ("New", "In Progress", "Escalated", "Resolved", "Cancelled")
SEVERITIES = ("Critical", "High", "Medium", "Low")
MIRA, OHTANI = "a" * 32, "8" * 32
USERS = {"mira@example.com": (MIRA, "mira"), "ohtani@example.com": (OHTANI, "ohtani"), "": ("", "Unassigned")}
PEOPLE = (
    Person(""),
    Person("mira", MIRA, "mira@example.com", "mira"),
    Person("OHTANI@example.com", OHTANI, *("ohtani@example.com", "ohtani")),
)
FIELDS = ("status", "severity", "name", "resolution", "description", "assignee", "tags")

# Of one tag several spellings, since a platform tells them apart.
tag_lists = st.lists(st.sampled_from(("a", "A", "á", "b", "B ", "c")), max_size=5)
texts = st.text(max_size=4)
people = st.sampled_from(PEOPLE)


@st.composite
def cases(draw):
    """As the platform may give it: any field null or absent, tags repeated."""
    assignee, shown = draw(st.sampled_from(list(USERS.values())))
    whole = {
        "status": draw(st.sampled_from(STATUSES)),
        "severity": draw(st.sampled_from(SEVERITIES)),
        "name": draw(texts),
        "resolution": draw(st.sampled_from(("", "Benign", "True Positive"))),
        "description": draw(texts),
        "assignee": assignee,
        "assignee_name": shown,
        "tags": draw(tag_lists),
    }
    for name in draw(st.lists(st.sampled_from(sorted(whole)), max_size=3)):
        if draw(st.booleans()):
            whole[name] = None
        else:
            whole.pop(name, None)
    return {"_id": "62fceb4a48be7776c793a02a", **whole}


@st.composite
def tag_changes(draw):
    if draw(st.booleans()):
        return TagChange(replaces=tuple(draw(tag_lists)))
    add = draw(tag_lists)
    return TagChange(tuple(add), tuple(tag for tag in draw(tag_lists) if tag not in add))


desired_states = st.builds(
    DesiredState,
    status=st.none() | st.sampled_from(STATUSES),
    severity=st.none() | st.sampled_from(SEVERITIES),
    name=st.none() | texts,
    description=st.none() | texts,
    resolution=st.none() | st.sampled_from(("Benign", "True Positive")),
    assignee=st.none() | people,
    tags=st.one_of(st.none(), tag_changes()),
    update_alerts=st.none() | st.booleans(),
    comments=st.just(()) | st.just((Comment("Taken over"),)),
)


def put(case, payload):
    """What the platform makes of an update, as its documentation has it."""
    after = dict(case)
    for name, value in payload.items():
        if name == "tags":
            kept = [tag for tag in case.get("tags") or [] if tag not in value.get("delete", ())]
            after["tags"] = [*kept, *(tag for tag in value.get("add", ()) if tag not in kept)]
        elif name == "assignee":
            after["assignee"], after["assignee_name"] = USERS[value]
        elif name != "update_alerts":
            after[name] = value
    return after


def state(case):
    """What people see of a case and may manage. Null and absent look like nothing, tags like a set."""
    return {
        **{name: case.get(name) or "" for name in FIELDS},
        "tags": frozenset(case.get("tags") or ()),
    }


def wanted(case, desired):
    """The state that a task declares, from what its options mean."""
    said = {name: value for name in FIELDS if (value := getattr(desired, name)) is not None}
    if "assignee" in said:
        said["assignee"] = said["assignee"].user_id
    if "tags" in said:
        change = said["tags"]
        kept = state(case)["tags"] - set(change.remove) if change.replaces is None else set(change.replaces)
        said["tags"] = kept | set(change.add)
    return {**state(case), **said}


def changed_fields(plan):
    return {change.field for change in plan.changes} - {"comment"}


def test_nothing_that_can_be_declared_is_left_out_here():
    assert set(FIELDS) | {"update_alerts", "comments"} == set(vars(DesiredState()))


@given(cases(), desired_states)
def test_a_plan_brings_exactly_what_is_declared(case, desired):
    plan = make_plan(case, desired)
    after = put(case, plan.payload)
    assert state(after) == wanted(case, desired)
    assert verify(plan, after) == Verification(made=[change for change in plan.changes if change.field != "comment"])


@given(cases(), desired_states)
def test_a_second_run_sends_nothing(case, desired):
    after = put(case, make_plan(case, desired).payload)
    again = make_plan(after, desired)
    assert (again.changes, again.payload) == ([], {})


@given(cases(), desired_states)
def test_no_part_of_an_update_can_be_spared(case, desired):
    plan = make_plan(case, desired)
    reached = state(put(case, plan.payload))
    goes_along = {"update_alerts"}
    if "resolution" in plan.payload:
        goes_along.add("status")
    if plan.write_only:
        goes_along.add("description")
    for name in set(plan.payload) - goes_along:
        less = {key: value for key, value in plan.payload.items() if key != name}
        assert state(put(case, less)) != reached
    for part, tags in plan.payload.get("tags", {}).items():
        assert len(set(tags)) == len(tags) > 0
        for tag in tags:
            fewer = {**plan.payload["tags"], part: [other for other in tags if other != tag]}
            assert state(put(case, {**plan.payload, "tags": fewer})) != reached


@given(cases(), desired_states)
def test_what_goes_along_goes_only_with_what_it_belongs_to(case, desired):
    plan = make_plan(case, desired)
    assert bool(plan.payload) == plan.changed
    if "resolution" in plan.payload:
        assert plan.payload["status"] == (desired.status or case.get("status"))
    if "update_alerts" in plan.payload:
        assert plan.payload["status"] in ("Resolved", "Cancelled")
        assert plan.payload["update_alerts"] == desired.update_alerts
    if "comment" in plan.after:
        assert set(changed_fields(plan)) - set(plan.write_only)
    assert json.loads(json.dumps(plan.payload)) == plan.payload


@given(cases(), desired_states)
def test_check_mode_shows_the_state_that_a_run_leaves(case, desired):
    plan = make_plan(case, desired)
    shown, held = plan.outcome(case), put(case, plan.payload)
    assert state(shown) == state(held)
    assert not make_plan(shown, desired).changed or plan.write_only


@given(cases(), desired_states)
def test_a_diff_leads_from_one_state_to_the_other_and_back(case, desired):
    plan = make_plan(case, desired)
    diff = plan.diff(case)
    before, after = diff["before"], diff["after"]
    assert set(before) == set(after) >= changed_fields(plan)
    assert {name for name in before if before[name] != after[name]} == {change.field for change in plan.changes}

    def as_shown(values):
        """A diff names people, and lists tags."""
        return {
            name: frozenset(value) if name == "tags" else value or ""
            for name, value in values.items()
            if name not in ("assignee", "comment")
        }

    old, new = state(case), state(put(case, plan.payload))
    assert {**old, **as_shown(after)} == {**new, "assignee": old["assignee"]}
    assert {**new, **as_shown(before)} == {**old, "assignee": new["assignee"]}


@given(cases(), tag_changes(), st.data())
def test_neither_order_nor_repetition_of_tags_makes_a_change(case, change, data):
    def again(tags):
        return tags and data.draw(st.permutations([*tags, *data.draw(st.lists(st.sampled_from(tags), max_size=2))]))

    held = {**case, "tags": again(case.get("tags"))}
    exactly = None if change.replaces is None else tuple(again(list(change.replaces)))
    spelled = TagChange(tuple(again(list(change.add))), tuple(again(list(change.remove))), exactly)
    one, other = make_plan(case, DesiredState(tags=change)), make_plan(held, DesiredState(tags=spelled))
    assert one.changes == other.changes
    for part in ("add", "delete"):
        assert set(one.payload.get("tags", {}).get(part, ())) == set(other.payload.get("tags", {}).get(part, ()))


@settings(max_examples=settings.default.max_examples // 2)
@given(st.sampled_from(("a", "A")), st.lists(st.sampled_from(("a", "A")), max_size=3))
def test_tags_that_differ_by_case_are_two(tag, held):
    plan = make_plan({"_id": "1", "tags": held}, DesiredState(tags=TagChange(add=(tag,))))
    assert plan.changed == (tag not in held)


@given(cases(), desired_states, st.lists(st.sampled_from(FIELDS), min_size=1, unique=True))
def test_what_the_platform_leaves_out_is_named_and_nothing_else(case, desired, ignored):
    plan = make_plan(case, desired)
    after = put(case, {name: value for name, value in plan.payload.items() if name not in ignored})
    verdict = verify(plan, after)
    named = {change.field for change in (*verdict.missing, *verdict.unverifiable)}
    assert named == changed_fields(plan) & set(ignored)
    assert {change.field for change in verdict.unverifiable} <= {"description"}
    assert {change.field for change in verdict.made} == changed_fields(plan) - set(ignored)

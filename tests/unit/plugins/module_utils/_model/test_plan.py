# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: tables, and the properties that make check mode truthful and a second run quiet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import RESOLUTIONS, SEVERITIES, STATUSES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import (
    DesiredState,
    TagChange,
    Verification,
    combine,
    final_status,
    make_plan,
    verify,
)

OHTANI = Person("ohtani@example.com", "826ef6979788454297c85cbba4a51c08", "ohtani@example.com", "ohtani")
NOBODY = Person("")
CASE = {
    "_id": "62fceb4a48be7776c793a02a",
    "ticket_id": 67535,
    "status": "New",
    "severity": "Medium",
    "name": "Carbon Black",
    "resolution": "",
    "assignee": "9887e386323148ea8c68d4cf0bc1cdf6",
    "assignee_name": "api@example.com",
    "tags": ["b", "a"],
}


@pytest.mark.parametrize(
    ("case", "desired", "payload", "changes"),
    [
        ({}, DesiredState(status="New"), {}, []),
        ({}, DesiredState(status="Escalated"), {"status": "Escalated"}, [("status", "New", "Escalated")]),
        ({}, DesiredState(severity="High"), {"severity": "High"}, [("severity", "Medium", "High")]),
        ({}, DesiredState(name="x"), {"name": "x"}, [("name", "Carbon Black", "x")]),
        ({}, DesiredState(description="x"), {"description": "x"}, [("description", None, "x")]),
        ({"description": "x"}, DesiredState(description="x"), {}, []),
        ({"description": "y"}, DesiredState(description="x"), {"description": "x"}, [("description", "y", "x")]),
        # people: by identity
        (
            {},
            DesiredState(assignee=OHTANI),
            {"assignee": "ohtani@example.com"},
            [("assignee", "api@example.com", "ohtani@example.com")],
        ),
        ({"assignee": OHTANI.user_id.upper(), "assignee_name": "x"}, DesiredState(assignee=OHTANI), {}, []),
        ({"assignee": OHTANI.user_id, "assignee_name": "ohtani"}, DesiredState(assignee=Person("OHTANI")), {}, []),
        ({}, DesiredState(assignee=NOBODY), {"assignee": ""}, [("assignee", "api@example.com", "")]),
        ({"assignee": "", "assignee_name": "Unassigned"}, DesiredState(assignee=NOBODY), {}, []),
        (
            {"assignee": "", "assignee_name": "Unassigned"},
            DesiredState(assignee=OHTANI),
            {"assignee": "ohtani@example.com"},
            [("assignee", "", "ohtani@example.com")],
        ),
        # another person of the same name: told apart by id, in the diff too
        (
            {"assignee": "0" * 32, "assignee_name": "ohtani@example.com"},
            DesiredState(assignee=OHTANI),
            {"assignee": "ohtani@example.com"},
            [("assignee", f"ohtani@example.com ({'0' * 32})", "ohtani@example.com")],
        ),
        # tags: sets
        ({}, DesiredState(tags=TagChange(add=("a",))), {}, []),
        ({}, DesiredState(tags=TagChange(replaces=("a", "b", "a"))), {}, []),
        ({}, DesiredState(tags=TagChange(remove=("z",))), {}, []),
        (
            {},
            DesiredState(tags=TagChange(add=("c", "a", "c"), remove=("b", "z"))),
            {"tags": {"add": ["c"], "delete": ["b"]}},
            [("tags", ["a", "b"], ["a", "c"])],
        ),
        ({}, DesiredState(tags=TagChange(replaces=())), {"tags": {"delete": ["b", "a"]}}, [("tags", ["a", "b"], [])]),
        (
            {"tags": None},
            DesiredState(tags=TagChange(replaces=("A",))),
            {"tags": {"add": ["A"]}},
            [("tags", [], ["A"])],
        ),
        # what goes along with a change, and only then
        (
            {},
            DesiredState(status="Resolved", resolution="Benign", update_alerts=True),
            {"status": "Resolved", "resolution": "Benign", "update_alerts": True},
            [("status", "New", "Resolved"), ("resolution", "", "Benign")],
        ),
        (
            {"status": "Resolved"},
            DesiredState(resolution="Benign"),
            {"status": "Resolved", "resolution": "Benign"},
            [("resolution", "", "Benign")],
        ),
        ({"status": "Resolved"}, DesiredState(status="Resolved", update_alerts=True), {}, []),
        (
            {"status": "Resolved"},
            DesiredState(status="Resolved", severity="High", update_alerts=True),
            {"severity": "High"},
            [("severity", "Medium", "High")],
        ),
        (
            {},
            DesiredState(severity="Low", comments=(Comment("hello"),)),
            {"severity": "Low"},
            [("severity", "Medium", "Low"), ("comment", None, "hello")],
        ),
        ({}, DesiredState(severity="Medium", comments=(Comment("hello"),)), {}, []),
        # a field that can't be read back is written in each run: no comment with each
        (
            {},
            DesiredState(description="x", comments=(Comment("hello"),)),
            {"description": "x"},
            [("description", None, "x")],
        ),
        (
            {"description": "y"},
            DesiredState(description="x", comments=(Comment("hello"),)),
            {"description": "x"},
            [("description", "y", "x"), ("comment", None, "hello")],
        ),
    ],
)
def test_plan(case, desired, payload, changes):
    plan = make_plan({**CASE, **case}, desired)
    assert plan.payload == payload
    assert [(change.field, change.before, change.after) for change in plan.changes] == changes
    assert plan.changed is bool(changes)


@pytest.mark.parametrize(
    ("case", "desired", "before", "after"),
    [
        (
            {},
            DesiredState(status="New", severity="High"),
            {"status": "New", "severity": "Medium"},
            {"status": "New", "severity": "High"},
        ),
        # what is as it should be is shown, too
        (
            {"assignee": OHTANI.user_id, "assignee_name": "ohtani"},
            DesiredState(assignee=OHTANI, tags=TagChange(add=("a",))),
            {"assignee": "ohtani", "tags": ["a", "b"]},
            {"assignee": "ohtani", "tags": ["a", "b"]},
        ),
        ({}, DesiredState(description="x"), {"description": None}, {"description": "x"}),
    ],
)
def test_diff_holds_managed_fields_only(case, desired, before, after):
    case = {**CASE, **case}
    diff = make_plan(case, desired).diff(case)
    header = "case 67535"
    assert diff == {"before_header": header, "after_header": header, "before": before, "after": after}


@pytest.mark.parametrize(
    ("case", "header"),
    [
        ({"_id": "62fc", "ticket_id": 7}, "case 7"),
        ({"_id": "62fc"}, "case 62fc"),
        ({"_id": "62fc", "ticket_id": "\x1b" + "7" * 30}, "case " + "7" * 19 + "..."),
    ],
)
def test_diff_names_the_case_by_its_ticket(case, header):
    assert make_plan(case, DesiredState()).diff(case)["before_header"] == header


@pytest.mark.parametrize(
    ("case", "desired", "changed"),
    [
        ({"name": "y"}, DesiredState(name="x", status="New"), {"name": "x"}),
        ({}, DesiredState(assignee=OHTANI), {"assignee": OHTANI.user_id, "assignee_name": "ohtani@example.com"}),
        ({}, DesiredState(assignee=Person("new@x.org")), {"assignee": "new@x.org", "assignee_name": "new@x.org"}),
        ({}, DesiredState(assignee=NOBODY), {"assignee": "", "assignee_name": ""}),
        ({}, DesiredState(tags=TagChange(replaces=("z",))), {"tags": ["z"]}),
        ({"severity": "Low"}, DesiredState(severity="High"), {"severity": "High"}),
        ({}, DesiredState(severity="High"), {"severity": "High"}),
        # a comment is none of the case's fields
        ({}, DesiredState(status="Cancelled", comments=(Comment("hello"),)), {"status": "Cancelled"}),
    ],
)
def test_check_mode_returns_the_case_as_it_will_be(case, desired, changed):
    case = {"_id": "1", "status": "New", "assignee": "0" * 32, "assignee_name": "m", **case}
    assert make_plan(case, desired).outcome(case) == {**case, **changed}


@pytest.mark.parametrize(
    ("case", "desired", "status"),
    [
        ({"status": "New"}, DesiredState(status="Resolved"), "Resolved"),
        ({"status": "New"}, DesiredState(), "New"),
        ({"status": None}, DesiredState(), ""),
        ({}, DesiredState(), ""),
    ],
)
def test_final_status(case, desired, status):
    assert final_status(case, desired) == status


TAGS = st.lists(st.text("abcABC ", min_size=1, max_size=3), max_size=5)
PEOPLE = st.sampled_from([OHTANI, NOBODY, Person("m@example.com", "1" * 32, "m@example.com", "m"), Person("somebody")])
CASES = st.fixed_dictionaries(
    {
        "_id": st.just("1"),
        "ticket_id": st.just(1),
        "status": st.sampled_from(STATUSES),
        "severity": st.sampled_from(SEVERITIES),
        "name": st.text(max_size=5),
        "resolution": st.sampled_from(("", *RESOLUTIONS)),
        "description": st.text(max_size=5),
        "assignee": st.sampled_from(["", "0" * 32, "1" * 32, OHTANI.user_id]),
        "assignee_name": st.sampled_from(["Unassigned", "m", "ohtani"]),
        "tags": TAGS,
    }
)


@st.composite
def desired_states(draw):
    add = draw(TAGS)
    delete = [tag for tag in draw(TAGS) if tag not in add]
    return DesiredState(
        status=draw(st.none() | st.sampled_from(STATUSES)),
        severity=draw(st.none() | st.sampled_from(SEVERITIES)),
        name=draw(st.none() | st.text(max_size=5)),
        description=draw(st.none() | st.text(max_size=5)),
        resolution=draw(st.none() | st.sampled_from(RESOLUTIONS)),
        assignee=draw(st.none() | PEOPLE),
        tags=draw(
            st.none()
            | st.just(TagChange(add=tuple(add), remove=tuple(delete)))
            | TAGS.map(lambda tags: TagChange(replaces=tuple(tags)))
        ),
        update_alerts=draw(st.none() | st.booleans()),
        comments=draw(st.just(()) | st.just((Comment("hello"),))),
    )


PLATFORM_USERS = {
    "ohtani@example.com": (OHTANI.user_id, "ohtani"),
    "m@example.com": ("1" * 32, "m"),
    "": ("", "Unassigned"),
}


def platform_put(case, payload):
    """What the platform makes of a PUT, written from its documentation and not from the planner."""
    after = dict(case)
    for name, value in payload.items():
        if name == "tags":
            kept = [tag for tag in case["tags"] if tag not in value.get("delete", [])]
            after["tags"] = kept + [tag for tag in value.get("add", []) if tag not in kept]
        elif name == "assignee":
            after["assignee"], after["assignee_name"] = PLATFORM_USERS.get(value, ("2" * 32, value))
        elif name != "update_alerts":
            after[name] = value
    return after


@given(CASES, desired_states())
def test_applying_a_plan_reaches_the_state_and_planning_again_gives_nothing(case, desired):
    plan = make_plan(case, desired)
    after = platform_put(case, plan.payload)
    assert verify(plan, after) == Verification(made=[change for change in plan.changes if change.field != "comment"])
    again = make_plan(after, desired)
    assert not again.changed
    assert again.payload == {}


@given(CASES, desired_states())
def test_unmanaged_fields_are_not_sent(case, desired):
    payload = make_plan(case, desired).payload
    managed = {name for name in vars(desired) if getattr(desired, name) is not None}
    if desired.resolution is not None:
        managed.add("status")  # the platform's clients send a resolution with the status only
    assert set(payload) <= managed


@given(CASES, desired_states())
def test_check_mode_predicts_the_case(case, desired):
    plan = make_plan(case, desired)
    after, predicted = platform_put(case, plan.payload), plan.outcome(case)
    for name in ("status", "severity", "name", "resolution", "description"):
        assert predicted[name] == after[name]
    assert set(predicted["tags"]) == set(after["tags"])
    assert not make_plan(predicted, desired).changed


@given(CASES, desired_states(), st.sampled_from(["status", "severity", "name", "resolution", "assignee", "tags"]))
def test_a_field_that_the_platform_ignores_is_found(case, desired, ignored):
    plan = make_plan(case, desired)
    sent = {name: value for name, value in plan.payload.items() if name != ignored}
    verdict = verify(plan, platform_put(case, sent))
    found = {change.field for change in verdict.missing + verdict.unverifiable}
    changed = {change.field for change in plan.changes}
    assert found == ({ignored} & changed)


@pytest.mark.parametrize(
    ("desired", "after", "missing", "unverifiable", "made"),
    [
        (DesiredState(severity="High"), {"severity": "High"}, [], [], ["severity"]),
        (DesiredState(severity="High"), {}, ["severity"], [], []),
        (DesiredState(severity="High", status="Resolved"), {"severity": "High"}, ["status"], [], ["severity"]),
        (DesiredState(severity="High", status="Resolved"), {}, ["status", "severity"], [], []),
        (DesiredState(severity="High", comments=(Comment("hello"),)), {}, ["severity"], [], []),
        (DesiredState(description="x"), {}, [], ["description"], []),
        (DesiredState(description="x"), {"description": ""}, [], ["description"], []),
        (DesiredState(description="x"), {"description": "y"}, ["description"], [], []),
        (DesiredState(description="x", severity="High"), {}, ["severity"], ["description"], []),
        (DesiredState(description="x", severity="High"), {"severity": "High"}, [], ["description"], ["severity"]),
        (DesiredState(tags=TagChange(add=("c",))), {}, ["tags"], [], []),
        (DesiredState(tags=TagChange(add=("c",))), {"tags": ["b", "c"]}, [], [], ["tags"]),
        (DesiredState(tags=TagChange(remove=("a",))), {}, ["tags"], [], []),
        (DesiredState(tags=TagChange(remove=("a",))), {"tags": ["b"]}, [], [], ["tags"]),
        (DesiredState(tags=TagChange(replaces=("a", "c"))), {"tags": ["a", "b", "c"]}, ["tags"], [], []),
        # what others have added since, or changed back
        (DesiredState(tags=TagChange(replaces=("a",))), {"tags": ["a", "new"]}, [], [], ["tags"]),
        (
            DesiredState(status="New", severity="High"),
            {"status": "Escalated", "severity": "High"},
            [],
            [],
            ["severity"],
        ),
    ],
)
def test_what_a_case_shows_after_the_write(desired, after, missing, unverifiable, made):
    plan = make_plan(CASE, desired)
    verdict = verify(plan, {**CASE, **after})
    assert [change.field for change in verdict.missing] == missing
    assert [change.field for change in verdict.unverifiable] == unverifiable
    assert [change.field for change in verdict.made] == made


@pytest.mark.parametrize(("case", "write_only"), [({}, ["description"]), ({"description": ""}, [])])
def test_a_description_that_is_not_given_back_is_noted(case, write_only):
    assert make_plan({**CASE, **case}, DesiredState(description="x", name="x")).write_only == write_only


def test_an_assignee_that_cannot_be_judged_is_unsure_and_an_ignored_one_is_missing():
    plan = make_plan(CASE, DesiredState(assignee=Person("ohtani@example.com")))
    unverifiable = verify(plan, {**CASE, "assignee": OHTANI.user_id, "assignee_name": "ohtani"}).unverifiable
    assert [change.field for change in unverifiable] == ["assignee"]
    ignored = verify(plan, {**CASE, "assignee": "", "assignee_name": "Unassigned"})
    assert [change.field for change in ignored.missing] == ["assignee"]


# -- one change for several -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "later", "both"),
    [
        (TagChange(), TagChange(), TagChange()),
        (TagChange(("a",)), TagChange(("b",)), TagChange(("a", "b"))),
        (TagChange(("a",)), TagChange((), ("a",)), TagChange((), ("a",))),
        (TagChange((), ("a",)), TagChange(("a",)), TagChange(("a",))),
        (TagChange(("a",), ("b",)), TagChange(("b",), ("c",)), TagChange(("a", "b"), ("c",))),
        (TagChange(("a",), ("b",)), TagChange(replaces=("c",)), TagChange(replaces=("c",))),
        (TagChange(replaces=("a", "b")), TagChange(("c",), ("a",)), TagChange(replaces=("b", "c"))),
        (TagChange(replaces=()), TagChange(("c",)), TagChange(replaces=("c",))),
        (TagChange(replaces=("a",)), TagChange(replaces=()), TagChange(replaces=())),
    ],
)
def test_changes_of_tags_one_after_the_other(first, later, both):
    assert first.followed_by(later) == both


def tags_after(current, *changes):
    for change in changes:
        current = sorted(set(current) - set(change.surplus_in(current)) | set(change.missing_in(current)))
    return current


@st.composite
def tag_changes(draw):
    add, delete = draw(TAGS), draw(TAGS)
    exactly = TAGS.map(lambda tags: TagChange(replaces=tuple(tags)))
    return draw(exactly | st.just(TagChange(tuple(add), tuple(tag for tag in delete if tag not in add))))


@given(TAGS, tag_changes(), tag_changes(), tag_changes())
def test_a_change_of_tags_for_several_does_what_they_do(current, first, second, third):
    wanted = tags_after(current, first, second, third)
    assert tags_after(current, first.followed_by(second), third) == wanted
    assert tags_after(current, first.followed_by(second).followed_by(third)) == wanted
    assert tags_after(current, first.followed_by(second.followed_by(third))) == wanted


@pytest.mark.parametrize(
    ("first", "later", "both"),
    [
        (DesiredState(status="New"), DesiredState(), DesiredState(status="New")),
        (
            DesiredState(status="New", severity="Low"),
            DesiredState(status="Resolved"),
            DesiredState(status="Resolved", severity="Low"),
        ),
        (DesiredState(assignee=OHTANI), DesiredState(assignee=NOBODY), DesiredState(assignee=NOBODY)),
        (DesiredState(update_alerts=True), DesiredState(update_alerts=False), DesiredState(update_alerts=False)),
        (
            DesiredState(comments=(Comment("one"),)),
            DesiredState(comments=(Comment("two"),)),
            DesiredState(comments=(Comment("two"),)),
        ),
        (DesiredState(tags=TagChange(("a",))), DesiredState(name="x"), DesiredState(name="x", tags=TagChange(("a",)))),
        (
            DesiredState(tags=TagChange(("a",))),
            DesiredState(tags=TagChange(("b",), ("a",))),
            DesiredState(tags=TagChange(("b",), ("a",))),
        ),
    ],
)
def test_states_one_after_the_other(first, later, both):
    assert combine(first, later) == both


def outcome(case, *states):
    for state in states:
        case = make_plan(case, state).outcome(case)
    return {**case, "tags": sorted(set(case["tags"]))}


@given(CASES, desired_states(), desired_states(), desired_states())
def test_one_state_for_several_brings_about_what_they_do(case, first, second, third):
    wanted = outcome(case, first, second, third)
    left, right = combine(combine(first, second), third), combine(first, combine(second, third))
    # Somebody who is only spelled, and is there already, stays as the case shows him.
    for name in ("status", "severity", "name", "resolution", "description", "tags"):
        assert outcome(case, left)[name] == outcome(case, right)[name] == wanted[name]
    assert (left.assignee, left.update_alerts, left.comments) == (right.assignee, right.update_alerts, right.comments)
    again = make_plan(wanted, left)
    assert [change for change in again.changes if change.field not in ("description", "comment")] == []

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random policies on random cases, held against a model of the platform and of what rules mean.

The model is written from the documentation and shares no code with what it judges.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.writer import check_unmodified
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_items, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ConflictError, InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import Verification, verify
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import check_convergence, decide
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.undo import undo_item
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import plan_case
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.rules import resolve_rules
from tests.unit.plugins.module_utils._api.directory import MIRA, OHTANI, TENANTS, Directory

SECOND, MINUTE, DAY = 1000, 60_000, 86_400_000
NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z: rules are read
WRITTEN = NOW + 30 * SECOND
NEXT_RUN = NOW + MINUTE

USERS = (OHTANI, MIRA)
OPEN, CLOSED = ("New", "In Progress", "Escalated"), ("Resolved", "Cancelled")
FIELDS = ("status", "severity", "name", "resolution", "assignee", "tags")


# -- the platform -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Platform:
    """What it makes of an update. The switches are what the API's documentation does not say."""

    tags_move_modified_at: bool
    reopening_clears_resolution: bool
    dates_what_had_no_date: bool
    shows_people_as: str = "username"

    def put(self, case, payload, moment=None):
        after = dict(case)
        for name, value in payload.items():
            if name == "tags":
                kept = [tag for tag in case["tags"] if tag not in value.get("delete", [])]
                after["tags"] = kept + [tag for tag in value.get("add", []) if tag not in kept]
            elif name == "assignee":
                after["assignee"] = user_id(value)
                after["assignee_name"] = self.shown(after["assignee"])
            elif name != "update_alerts":
                after[name] = value
        if after["status"] in OPEN and case["status"] in CLOSED and self.reopening_clears_resolution:
            after["resolution"] = ""
        has_date = case["modified_at"] is not None or self.dates_what_had_no_date
        if moment is not None and has_date and (set(payload) != {"tags"} or self.tags_move_modified_at):
            after["modified_at"] = moment
        return after

    def shown(self, assignee):
        return next((user[self.shows_people_as] for user in USERS if user["user_id"] == assignee), "Unassigned")


PLATFORMS = [
    *(Platform(*switches) for switches in product((True, False), repeat=3)),
    Platform(True, False, True, "email"),
]


def user_id(spelling):
    return next((user["user_id"] for user in USERS if spelling.lower() in user.values()), "")


def shown(case):
    """What people see of a case and may manage, tags as a set."""
    return {name: case[name] for name in FIELDS if name != "tags"} | {"tags": set(case["tags"])}


# -- what rules mean --------------------------------------------------------------------------------------

TIMES = {
    "1h": NOW - 60 * MINUTE,
    "7d": NOW - 7 * DAY,
    "2w": NOW - 14 * DAY,
    "2023-11-13": NOW - 2 * DAY + 6400 * SECOND,
    "2023-11-15T08:00:00+01:00": NOW + 31600 * SECOND,
    str(NOW - 9 * DAY): NOW - 9 * DAY,
}
AGES = ("1h", "7d", "2w")


def meets(match, case, now):
    def one_of(name, held):
        return held in match.get(name, [held]) and held not in match.get(f"not_{name}", [])

    def people(name):
        return {user_id(spelling) for spelling in match[name]}

    def moment(name):
        return TIMES[match[name]] + (now - NOW if match[name] in AGES else 0)

    def not_below(name, held):
        return name not in match or (held is not None and held >= match[name])

    def not_above(name, held):
        return name not in match or (held is not None and held <= match[name])

    tags, held_tags = match.get("tags", {}), set(case["tags"])
    tenant = {case["cust_id"], TENANTS[case["cust_id"]]}
    since, modified = case["created_at"], case["modified_at"]
    return all(
        (
            one_of("status", case["status"]),
            one_of("severity", case["severity"]),
            one_of("resolution", case["resolution"]),
            "tenant" not in match or tenant & set(match["tenant"]),
            not tenant & set(match.get("not_tenant", [])),
            "assignee" not in match or case["assignee"] in people("assignee"),
            "not_assignee" not in match or case["assignee"] not in people("not_assignee"),
            "any" not in tags or held_tags & set(tags["any"]),
            held_tags >= set(tags.get("all", [])),
            not held_tags & set(tags.get("none", [])),
            not_below("min_score", case["score"]) and not_above("max_score", case["score"]),
            not_below("min_size", case["size"]) and not_above("max_size", case["size"]),
            "older_than" not in match or since <= moment("older_than"),
            "newer_than" not in match or since >= moment("newer_than"),
            "modified_before" not in match or (modified is not None and modified <= moment("modified_before")),
            "modified_after" not in match or (modified is not None and modified >= moment("modified_after")),
            "name" not in match or re.search(match["name"], case["name"]),
        )
    )


def with_set(case, wanted):
    """A case brought to the set of a rule."""
    after = dict(case)
    for name, value in wanted.items():
        if name == "tags":
            kept = set(value["set"]) if "set" in value else set(case["tags"]) - set(value.get("delete", []))
            after["tags"] = sorted(kept | set(value.get("add", [])))
        elif name == "assignee":
            after["assignee"] = user_id(value)
        elif name != "update_alerts":
            after[name] = value
    return after


def expected(rules, case, now):
    """What a run leaves: each rule in its order, on what those before it left."""
    state = case
    for rule in rules:
        if "set" in rule and meets(rule["match"], state, now):
            state = with_set(state, rule["set"])
    if state["status"] != "Resolved":
        # A resolution that does not go with the final status is not sent.
        state = {**state, "resolution": case["resolution"]}
    return state


def expected_update(case, final):
    """The update that brings a case there."""
    before, after = shown(case), shown(final)
    update = {name: after[name] for name in FIELDS if before[name] != after[name]}
    if "tags" in update:
        update["tags"] = {
            "add": sorted(after["tags"] - before["tags"]),
            "delete": sorted(before["tags"] - after["tags"]),
        }
    return update


def comes_to_rest(rules, case, platform):
    """Whether a second run changes nothing."""
    update = expected_update(case, expected(rules, case, NOW))
    if not update:
        return True
    held = platform.put(case, update, WRITTEN)
    return shown(expected(rules, held, NEXT_RUN)) == shown(held)


# -- random policies and cases ----------------------------------------------------------------------------

STATUSES = ("New", "In Progress", "Resolved", "Cancelled")
SEVERITIES = ("High", "Low")
RESOLUTIONS = ("Benign", "True Positive")
TAGS = ("a", "b", "c")
PEOPLE = ("", "ohtani", "OHTANI@example.com", "8" * 32, "A" * 32, "mira@example.com")
HOSTILE = "\x1b]0;x\x07 {{ 7 * 7 }} \u202escan\n<script>"


def some(values, most=2):
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


CONDITIONS = {
    "status": some(STATUSES),
    "not_status": some(STATUSES),
    "severity": some(SEVERITIES),
    "not_severity": some(SEVERITIES, 1),
    "resolution": some(("", *RESOLUTIONS)),
    "not_resolution": some(("", *RESOLUTIONS)),
    "assignee": some(PEOPLE),
    "not_assignee": some(PEOPLE),
    "tenant": some(("Example Tenant", "7" * 32, "Root Tenant")),
    "not_tenant": some(("Example Clinic", "6" * 32)),
    "tags": st.dictionaries(st.sampled_from(("any", "all", "none")), some(TAGS), min_size=1, max_size=2),
    "min_score": st.sampled_from((0.0, 30.5)),
    "max_score": st.sampled_from((30.5, 100.0)),
    "min_size": st.sampled_from((0, 2)),
    "max_size": st.sampled_from((2, 9)),
    "older_than": st.sampled_from(sorted(TIMES)),
    "newer_than": st.sampled_from(AGES),
    "modified_before": st.sampled_from(sorted(TIMES)),
    "modified_after": st.sampled_from(AGES),
    "name": st.sampled_from(("scan", "^v", "(?i)SCAN$", "^(?!scan)")),
}
# What rules can change comes often, so that they meet each other.
OFTEN = ("status", "severity", "tags", "assignee", "resolution", "modified_before", "modified_after", "name")
SETS = {
    "status": st.sampled_from(STATUSES),
    "severity": st.sampled_from(SEVERITIES),
    "assignee": st.sampled_from(PEOPLE),
    "name": st.sampled_from(("scan", "virus", HOSTILE)),
    "tags": st.one_of(
        st.fixed_dictionaries({"add": some(TAGS[:2])}),
        st.fixed_dictionaries({"delete": some(TAGS[1:])}),
        st.just({"add": ["a"], "delete": ["b"]}),
        st.just({"add": ["b"], "delete": ["a"]}),
        st.fixed_dictionaries({"set": st.lists(st.sampled_from(TAGS), max_size=2, unique=True)}),
    ),
}


def is_accepted(rule):
    try:
        parse_rules([rule], NOW)
    except InputError:
        return False
    return True


@st.composite
def single_rules(draw):
    often, all_names = st.sampled_from(OFTEN), st.sampled_from(sorted(CONDITIONS))
    names = draw(st.lists(often | all_names, max_size=3, unique=True))
    rule = {"name": "", "match": {name: draw(CONDITIONS[name]) for name in names}}
    rule["name"] = draw(st.sampled_from(("plain", HOSTILE)))
    if draw(st.integers(0, 15)) == 9:
        return rule
    wanted = {name: draw(SETS[name]) for name in draw(some(("status", "status", *SETS)))}
    if wanted.get("status") in CLOSED and draw(st.booleans()):
        wanted["update_alerts"] = draw(st.booleans())
    final_status = [wanted["status"]] if "status" in wanted else rule["match"].get("status")
    if final_status == ["Resolved"] and draw(st.booleans()):
        wanted["resolution"] = draw(st.sampled_from(RESOLUTIONS))
    rule["set"] = wanted
    if draw(st.booleans()):
        rule["comment"] = draw(st.sampled_from(("one", "two")))
    return rule


def matches_what_it_leaves(wanted):
    """Conditions that hold of a case after a rule."""
    match = {name: [wanted[name]] for name in ("status", "severity", "assignee", "resolution") if name in wanted}
    added = wanted.get("tags", {}).get("add") or wanted.get("tags", {}).get("set")
    if added:
        match["tags"] = {"any": added}
    return match


@st.composite
def policies(draw):
    rules = draw(st.lists(single_rules().filter(is_accepted), min_size=2, max_size=6))
    for number in range(len(rules) - 1):
        # Often a rule goes on from what the one after it leaves, so that it has to do in the next run; or before it.
        one, other = draw(st.sampled_from(((number, number + 1), (number, number + 1), (number + 1, number), (0, 0))))
        follows = {**rules[one], "match": matches_what_it_leaves(rules[other].get("set", {}))}
        if one != other and is_accepted(follows):
            rules[one] = follows
    return [{**rule, "name": f"{rule['name']} {number}"} for number, rule in enumerate(rules)]


@st.composite
def cases(draw):
    status = draw(st.sampled_from((*OPEN, *CLOSED)))
    assignee = draw(st.sampled_from(("", "8" * 32, "a" * 32)))
    created_at = NOW - draw(st.sampled_from((20 * MINUTE, 3 * DAY, 30 * DAY)))
    cust_id = draw(st.sampled_from(sorted(TENANTS)))
    return {
        "_id": "62fceb4a48be7776c793a02a",
        "ticket_id": 67535,
        "status": status,
        "severity": draw(st.sampled_from(SEVERITIES)),
        "name": draw(st.sampled_from(("scan", "virus", HOSTILE))),
        "resolution": draw(st.sampled_from(("", *RESOLUTIONS))) if status in CLOSED else "",
        "assignee": assignee,
        "assignee_name": PLATFORMS[0].shown(assignee),
        "tags": draw(st.lists(st.sampled_from((*TAGS, "x,y")), max_size=3, unique=True)),
        "cust_id": cust_id,
        "tenant_name": TENANTS[cust_id],
        "score": draw(st.sampled_from((10, 30.5, None))),
        "size": draw(st.sampled_from((1, 2, 17))),
        "created_at": created_at,
        "modified_at": draw(st.sampled_from((created_at, NOW - 10 * MINUTE, None))),
    }


@st.composite
def examples(draw):
    """A policy and a case, which often is as one of the rules asks for."""
    policy, case = draw(policies()), draw(cases())
    match = draw(st.sampled_from([{}, *(rule["match"] for rule in policy)]))
    for name in ("status", "severity", "resolution"):
        if name in match:
            case[name] = match[name][0]
    if "assignee" in match:
        case["assignee"] = user_id(match["assignee"][0])
        case["assignee_name"] = PLATFORMS[0].shown(case["assignee"])
    if "tags" in match:
        case["tags"] = [*match["tags"].get("any", [])[:1], *match["tags"].get("all", [])]
    if case["status"] in OPEN:
        case["resolution"] = ""
    return policy, case


def parsed(rules, now=NOW):
    return resolve_rules(parse_rules(rules, now), Directory())


def refusal(rules, case):
    """The error of a policy that is refused, else None."""
    try:
        check_convergence(case, decide(case, rules), rules, NOW)
    except InputError as error:
        return error
    return None


# -- properties -------------------------------------------------------------------------------------------

many = settings(max_examples=2 * settings.default.max_examples)
on_some_platform = st.sampled_from(PLATFORMS)


def changed_fields(plan):
    return {change.field for change in plan.changes} - {"comment"} if plan else set()


@many
@given(examples())
def test_the_plan_is_what_the_rules_mean(example):
    policy, case = example
    plan = decide(case, parsed(policy)).plan
    final = expected(policy, case, NOW)
    assert shown(plan.outcome(case) if plan else case) == shown(final)
    assert changed_fields(plan) == set(expected_update(case, final))


@many
@given(examples(), on_some_platform)
def test_a_real_run_changes_what_check_mode_says(example, platform):
    policy, case = example
    plan = decide(case, parsed(policy)).plan
    assume(plan and plan.changed)
    after = platform.put(case, plan.payload, WRITTEN)
    assert verify(plan, after) == Verification(made=[change for change in plan.changes if change.field != "comment"])
    before, now = shown(case), shown(after)
    differing = {name for name in FIELDS if before[name] != now[name]}
    if case["status"] in CLOSED and after["status"] in OPEN:
        # Whether the platform clears it is not known.
        differing.discard("resolution")
    assert differing == changed_fields(plan)
    for change in plan.changes:
        if change.field not in ("assignee", "comment"):
            held = now[change.field]
            assert change.after == (sorted(held) if change.field == "tags" else held)


@many
@given(examples(), on_some_platform)
def test_an_accepted_policy_changes_nothing_in_the_next_run(example, platform):
    policy, case = example
    rules = parsed(policy)
    assume(not refusal(rules, case))
    plan = decide(case, rules).plan
    after = platform.put(case, plan.payload, WRITTEN) if plan and plan.changed else case
    again = decide(after, parsed(policy, NEXT_RUN))
    assert again.plan is None or not again.plan.changed
    assert again.contributing == ()


@many
@given(examples())
def test_the_refused_policies_are_those_that_do_not_converge(example):
    policy, case = example
    rules = parsed(policy)
    error = refusal(rules, case)
    assert (error is None) == all(comes_to_rest(policy, case, platform) for platform in PLATFORMS)
    if error:
        assert str(error).isprintable()
        assert len(error.details["rules"]) > 1


@many
@given(examples(), on_some_platform)
def test_one_update_does_what_the_rules_would_do_one_after_the_other(example, platform):
    policy, case = example
    rules = parsed(policy)
    state, closes_alerts = case, False
    for rule in rules:
        step = decide(state, [rule]).plan
        if step and step.changed:
            closes_alerts |= step.payload.get("update_alerts", False)
            state = Platform(True, False, True).put(state, step.payload)
    if state["status"] != "Resolved":
        state = {**state, "resolution": case["resolution"]}
    plan = decide(case, rules).plan
    assert shown(plan.outcome(case) if plan else case) == shown(state)
    if plan and plan.payload.get("update_alerts"):
        assert closes_alerts


@many
@given(examples())
def test_an_update_has_nothing_that_is_already_so(example):
    policy, case = example
    plan = decide(case, parsed(policy)).plan
    assume(plan is not None)
    fields = set(plan.payload) - {"update_alerts"}
    if "resolution" in fields:
        fields.discard("status")  # which a resolution goes along with
    for name in fields:
        assert shown(PLATFORMS[0].put(case, {name: plan.payload[name]}))[name] != shown(case)[name]
    assert ("comment" in plan.after) <= bool(plan.payload)


@many
@given(examples())
def test_what_is_said_of_rules_is_what_they_did(example):
    policy, case = example
    decision = decide(case, parsed(policy))
    assert set(decision.contributing) <= set(decision.effective) <= set(decision.matched)
    assert bool(decision.contributing) == bool(decision.plan and decision.plan.changed)
    comments = {policy[number].get("comment") for number in decision.contributing} - {None}
    said = decision.plan.after.get("comment", "") if decision.plan else ""
    assert sorted(said.split()) == sorted(comments)
    assert all("set" in policy[number] for number in decision.effective)


def undone(case, plan, after, platform, moment, now_is=None):
    """The case after its way back, what of it is said to be lost, and the plan of the way back.

    now_is: the case by now, if it is not what the plan left.
    """
    item, lost = undo_item(case, plan, after["modified_at"])
    if set(item) == {"case_id"}:
        return after, lost, None
    (back,) = parse_items([item], "undo_file", NOW)
    plan = plan_case(Directory(), now_is or after, back.desired)
    if plan.changed:
        check_unmodified(now_is or after, back.unmodified_since)
    return platform.put(after, plan.payload, moment), lost, plan


def same_but(these, those, lost):
    these, those = shown(these), shown(those)
    differing = {name for name in FIELDS if these[name] != those[name]} - {"tags"}
    # Of tags, each that is lost is named.
    return {*differing, *(f'tag "{tag}"' for tag in set(these["tags"]) ^ set(those["tags"]))} <= set(lost)


@many
@given(examples(), on_some_platform)
def test_undo_restores_all_that_it_does_not_call_lost(example, platform):
    policy, case = example
    plan = decide(case, parsed(policy)).plan
    assume(plan and plan.changed)
    after = platform.put(case, plan.payload, WRITTEN)
    restored, lost, back = undone(case, plan, after, platform, NEXT_RUN)
    assert same_but(restored, case, lost)
    assert ("comment" in lost) == ("comment" in plan.after)
    assert ("alerts" in lost) == bool(plan.payload.get("update_alerts"))
    if back is None:
        return
    if after["modified_at"] is not None:
        # What somebody did later is not overwritten.
        touched = {**after, "modified_at": after["modified_at"] + 1}
        with pytest.raises(ConflictError, match="changed it at"):
            undone(case, plan, after, platform, NEXT_RUN, now_is=touched)
    if back.changed:
        again, lost_again, _plan = undone(after, back, restored, platform, NEXT_RUN + MINUTE)
        assert same_but(again, after, lost_again)


def test_the_examples_are_of_every_kind():
    """Else the properties above would hold of nothing."""
    seen, kinds = Counter(), {}

    @settings(max_examples=800, deadline=None, derandomize=True, database=None)
    @given(examples())
    def look(example):
        policy, case = example
        rules = parsed(policy)
        decision = decide(case, rules)
        plan = decision.plan
        fields = changed_fields(plan)
        kinds.update(
            {
                "no rule matches": not decision.matched,
                "nothing to change": plan is not None and not plan.changed,
                "changed": bool(fields) and not refusal(rules, case),
                "refused": bool(fields) and refusal(rules, case) is not None,
                "refused because of what a platform may do": bool(refusal(rules, case))
                and any(comes_to_rest(policy, case, platform) for platform in PLATFORMS),
                "taken back": set(decision.effective) > set(decision.contributing),
                "several rules change it": len(decision.contributing) > 1,
                "a later rule matches only what an earlier one left": any(
                    not rules[number].match.accepts(case) for number in decision.contributing
                ),
                "tags alone": fields == {"tags"},
                "reopened": case["status"] in CLOSED and "status" in fields and plan.after["status"] in OPEN,
                "two comments": plan is not None and "\n" in plan.after.get("comment", ""),
                "a finding": any(rules[number].desired is None for number in decision.matched),
                "something is lost": bool(fields) and bool(undo_item(case, plan, NOW)[1]),
                "nothing is lost": bool(fields) and not undo_item(case, plan, NOW)[1],
                "alerts are closed": bool(fields) and bool(plan.payload.get("update_alerts")),
            }
        )
        seen.update(kind for kind, is_so in kinds.items() if is_so)
        seen.update(fields)

    look()
    assert len(kinds) + len(FIELDS) == len(seen), seen
    assert min(seen.values()) > 1, seen
    assert (
        min(seen[kind] for kind in ("changed", "refused", "nothing to change", "nothing is lost", "taken back")) > 9
    ), seen

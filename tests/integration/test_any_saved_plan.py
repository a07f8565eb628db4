# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any plan, and any change by a person before its apply: only what is planned is changed, where the guard allows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.many import case, run, store
from tests.simulator import sample
from tests.simulator.process import Simulator

STATUS = st.sampled_from(["New", "In Progress", "Escalated"])
SEVERITY = st.sampled_from(["Low", "Medium", "High"])
TAGS = st.lists(st.sampled_from("abc"), max_size=3, unique=True)
DESCRIPTION = st.sampled_from(["", "Read", "Read twice"])
# A comment, with a marker or without, and whether a case has one of that marker already
COMMENT = st.sampled_from([{}, {"comment": "Taken"}, {"comment": "Taken", "comment_marker": "m"}])
POSTED = st.sampled_from([[], [{"_id": "c", "comment": "By hand [ansible:m0]", "user": "", "created_at": 0}]])
CASES = st.lists(
    st.fixed_dictionaries(
        {"status": STATUS, "severity": SEVERITY, "tags": TAGS, "description": DESCRIPTION, "comments": POSTED}
    ),
    min_size=1,
    max_size=5,
)
TAG_CHANGE = st.one_of(*(st.fixed_dictionaries({way: TAGS.filter(bool)}) for way in ("add", "remove", "set")))
PEOPLE = st.sampled_from(["ohtani@example.com", "soc-lead@example.com", ""])
FIELDS = {
    "status": STATUS,
    "severity": SEVERITY,
    "name": st.sampled_from(["One", "Two"]),
    "assignee": PEOPLE,
    "tags": TAG_CHANGE,
}
SETS = st.one_of(
    st.fixed_dictionaries({}, optional=FIELDS).filter(bool),
    st.fixed_dictionaries({"status": st.just("Resolved"), "resolution": st.sampled_from(["Benign", "True Positive"])}),
)
POLICIES = st.lists(st.tuples(st.lists(STATUS, max_size=2, unique=True), SETS, COMMENT), min_size=1, max_size=2)
# A rule sets no description, and an item of a list may
ITEMS = st.lists(
    st.tuples(st.fixed_dictionaries({}, optional={**FIELDS, "description": DESCRIPTION}).filter(bool), COMMENT),
    min_size=1,
    max_size=5,
)
# What a person does between the plan and its apply; tags as the platform takes them
BY_A_PERSON = {
    **FIELDS,
    "tags": st.fixed_dictionaries({"add": TAGS}),
    "description": DESCRIPTION,
    "comment": st.sampled_from(["Taken", "Taken by me [ansible:m0]"]),
}
CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.fixed_dictionaries({}, optional=BY_A_PERSON).filter(bool)),
    max_size=4,
)
IDS = {user["email"]: user["user_id"] for user in sample.USERS}


ONE = [{"status": "New", "severity": "Low", "tags": [], "description": "", "comments": []}]
COMPARED = (*FIELDS, "resolution", "description")


def shown(record: dict[str, Any], name: str) -> Any:
    return set(record["tags"]) if name == "tags" else record.get(name) or ""


def posted(record: dict[str, Any]) -> list[str]:
    return [comment["comment"] for comment in record.get("comments", [])]


def options(cases: int, wanted: tuple[str, Any]) -> dict[str, Any]:
    """The options of a run that makes a plan, by rules or by a list."""
    way, given = wanted

    def comment(number: int, texts: dict[str, str]) -> dict[str, str]:
        return {name: f"{text}{number}" for name, text in texts.items()}

    if way == "rules":
        rules = [
            {"name": f"R{n}", "match": {"status": statuses} if statuses else {}, "set": fields, **comment(n, texts)}
            for n, (statuses, fields, texts) in enumerate(given)
        ]
        return {"rules": rules}
    items = [{"case_id": f"{n:024x}", **fields, **comment(0, texts)} for n, (fields, texts) in enumerate(given[:cases])]
    return {"cases": items}


def lacks(entry: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """The comments that the plan of a case has yet to post: all that it lacks are one."""
    left = [
        f"{comment['text']} [ansible:{comment['marker']}]" if comment["marker"] else comment["text"]
        for comment in entry["comments"]
        if not comment["marker"] or not any(f"[ansible:{comment['marker']}]" in text for text in posted(now))
    ]
    return ["\n".join(left)] if left else []


@settings(
    max_examples=settings.default.max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    CASES,
    st.one_of(st.tuples(st.just("rules"), POLICIES), st.tuples(st.just("list"), ITEMS)),
    CHANGES,
    st.sampled_from(["fields", "modified_at"]),
    st.booleans(),
)
# What is rare among those above: a person writes another description, or the comment itself.
@example(ONE, ("list", [({"description": "Read"}, {})]), [(0, {"description": "Read twice"})], "fields", True)
@example(
    ONE,
    ("rules", [([], {"severity": "High"}, {"comment": "Taken", "comment_marker": "m"})]),
    [(0, {"comment": "Taken by me [ansible:m0]"})],
    "fields",
    False,
)
def test_only_what_is_planned_of_cases_whose_guard_held_is_changed(
    sim: Simulator, tmp_path: Path, cases: Any, wanted_by: Any, changes: Any, guard: str, shows_description: bool
) -> None:
    path = str(tmp_path / "plan.json")
    sim.reset(seed=[case(number, **fields) for number, fields in enumerate(cases)])
    sim.switch(description_in_get=shows_description)
    made = run(sim, True, plan_file=path, **options(len(cases), wanted_by))
    if made.failed:
        # A policy that does not converge leaves no plan.
        assert run(sim, plan=path).requests == []
        return
    plan = {entry["case_id"]: entry for entry in json.loads(Path(path).read_text(encoding="utf-8"))["cases"]}
    original = store(sim)
    for case_id, entry in plan.items():
        assert [text for name, text in entry["after"].items() if name == "comment"] == lacks(entry, original[case_id])
    sim.advance(60)
    for number, edit in changes:
        if number < len(cases):
            sim.edit(f"{number:024x}", edit)
    before = store(sim)
    done = run(sim, plan=path, plan_guard=guard) if plan else made
    after = store(sim)
    assert not done.failed, done.result
    if plan:
        assert set(done.outcomes) == set(plan)
    for case_id, record in after.items():
        entry, now = plan.get(case_id), before[case_id]
        moved = {name for name in COMPARED if shown(record, name) != shown(now, name)}
        assert posted(record)[: len(posted(now))] == posted(now)
        new = posted(record)[len(posted(now)) :]
        if entry is None:
            assert not moved
            assert not new
            continue
        wanted = entry["set"]
        tags = {way: set(wanted.get("tags", {}).get(way, ())) for way in ("add", "remove")}
        # Where no read has the description, it is neither known to be there nor guarded.
        hidden = set() if shows_description else {"description"}
        is_there = not hidden & set(wanted) and all(
            tags["add"] <= set(now["tags"]) and not tags["remove"] & set(now["tags"])
            if name == "tags"
            else shown(now, name) == IDS.get(wanted[name], wanted[name])
            for name in wanted
        )
        held = all(
            not tags["add"] & set(now["tags"]) and tags["remove"] <= set(now["tags"])
            if name == "tags"
            else shown(now, name) == shown(original[case_id], name)
            for name in set(wanted) - hidden
        )
        if guard == "modified_at":
            held = held and now["modified_at"] == original[case_id]["modified_at"]
        expected = "ok" if is_there else "changed" if held else "skipped"
        assert done.outcomes[case_id] == expected
        differing = {name for name in wanted if name not in hidden or wanted[name] != shown(now, name)}
        assert moved == (differing if expected == "changed" else set())
        assert new == (lacks(entry, now) if expected == "changed" else [])
    if plan:
        # Once more: no field and no comment twice.
        run(sim, plan=path, plan_guard=guard)
        for case_id, record in store(sim).items():
            assert posted(record) == posted(after[case_id])
            assert {name: shown(record, name) for name in COMPARED} == {
                name: shown(after[case_id], name) for name in COMPARED
            }

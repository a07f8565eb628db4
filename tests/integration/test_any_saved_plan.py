# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any plan, and any change by a person before its apply: only planned fields are changed, where the guard allows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.many import case, run, store
from tests.simulator import sample
from tests.simulator.process import Simulator

STATUS = st.sampled_from(["New", "In Progress", "Escalated"])
SEVERITY = st.sampled_from(["Low", "Medium", "High"])
TAGS = st.lists(st.sampled_from("abc"), max_size=3, unique=True)
CASES = st.lists(st.fixed_dictionaries({"status": STATUS, "severity": SEVERITY, "tags": TAGS}), min_size=1, max_size=5)
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
POLICIES = st.lists(st.tuples(st.lists(STATUS, max_size=2, unique=True), SETS), min_size=1, max_size=2)
# What a person does between the plan and its apply; tags as the platform takes them
BY_A_PERSON = {**FIELDS, "tags": st.fixed_dictionaries({"add": TAGS})}
CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.fixed_dictionaries({}, optional=BY_A_PERSON).filter(bool)),
    max_size=4,
)
IDS = {user["email"]: user["user_id"] for user in sample.USERS}


def shown(record: dict[str, Any], name: str) -> Any:
    return set(record["tags"]) if name == "tags" else record.get(name) or ""


@settings(
    max_examples=settings.default.max_examples * 2 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(CASES, POLICIES, CHANGES, st.sampled_from(["fields", "modified_at"]))
def test_only_planned_fields_of_planned_cases_whose_guard_held_are_changed(
    sim: Simulator, tmp_path: Path, cases: Any, policy: Any, changes: Any, guard: str
) -> None:
    path = str(tmp_path / "plan.json")
    sim.reset(seed=[case(number, **fields) for number, fields in enumerate(cases)])
    rules = [
        {"name": f"R{number}", "match": {"status": statuses} if statuses else {}, "set": wanted}
        for number, (statuses, wanted) in enumerate(policy)
    ]
    made = run(sim, True, rules=rules, plan_file=path)
    if made.failed:
        # A policy that does not converge leaves no plan.
        assert run(sim, plan=path).requests == []
        return
    plan = {entry["case_id"]: entry for entry in json.loads(Path(path).read_text(encoding="utf-8"))["cases"]}
    original = store(sim)
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
        moved = {name for name in (*FIELDS, "resolution") if shown(record, name) != shown(now, name)}
        if entry is None:
            assert not moved
            continue
        wanted = entry["set"]
        tags = {way: set(wanted.get("tags", {}).get(way, ())) for way in ("add", "remove")}
        is_there = all(
            tags["add"] <= set(now["tags"]) and not tags["remove"] & set(now["tags"])
            if name == "tags"
            else shown(now, name) == IDS.get(wanted[name], wanted[name])
            for name in wanted
        )
        held = all(
            not tags["add"] & set(now["tags"]) and tags["remove"] <= set(now["tags"])
            if name == "tags"
            else shown(now, name) == shown(original[case_id], name)
            for name in wanted
        )
        if guard == "modified_at":
            held = held and now["modified_at"] == original[case_id]["modified_at"]
        expected = "ok" if is_there else "changed" if held else "skipped"
        assert done.outcomes[case_id] == expected
        assert moved == (set(wanted) if expected == "changed" else set())

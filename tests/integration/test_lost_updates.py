# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An analyst edits a case before, while and after it is changed by a task: what becomes of the edit, and who is told.

Each test has one moment, one way to change cases, and a case for each field that the analyst may edit. The platform has
no conditional update, so that an edit right before the update arrives can only be found out afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ConflictError,
    NotAppliedError,
    StellarError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from tests import evidence
from tests.integration.many import OHTANI_ID, SOC_LEAD_ID, case, run, store
from tests.integration.playbook import parameters

RESOLVED = {"status": "Resolved", "closed": 1, "resolution": "False Positive"}


@dataclass(frozen=True)
class Field:
    """What a task declares of a case, and what the analyst makes of it. record: of the case before."""

    ours: dict
    theirs: dict
    record: dict


FIELDS = {
    "status": Field({"status": "In Progress"}, {"status": "Escalated"}, {}),
    "severity": Field({"severity": "High"}, {"severity": "Critical"}, {}),
    "assignee": Field({"assignee": "soc-lead@example.com"}, {"assignee": OHTANI_ID}, {}),
    "name": Field({"name": "Ours for name"}, {"name": "Theirs for name"}, {}),
    "description": Field({"description": "Ours"}, {"description": "Theirs"}, {"description": "What it was"}),
    "resolution": Field({"status": "Resolved", "resolution": "Benign"}, {"resolution": "True Positive"}, RESOLVED),
    "tags": Field({"tags": {"add": ["hit"], "delete": ["old"]}}, {"tags": {"add": ["mine"]}}, {}),
    "exactly the tags": Field({"tags": {"set": ["hit"]}}, {"tags": {"add": ["mine"]}}, {"tags": ["old", "kept"]}),
    "comment": Field({"severity": "High", "comment": "Ours"}, {"comment": "Theirs"}, {}),
    "fields that the task does not manage": Field(
        {"severity": "High"},
        {"status": "Escalated", "assignee": OHTANI_ID, "name": "Theirs for fields that the task does not manage"},
        {},
    ),
}
UNSEEN = ("comment",)
MERGED = ("tags", "exactly the tags", "fields that the task does not manage")
CASES = {
    name: case(number, name=f"Case for {name}", **field.record) for number, (name, field) in enumerate(FIELDS.items())
}
GUARD = {"if_unmodified_since": str(max(record["modified_at"] for record in CASES.values()))}


def path_of(name):
    return f"/cases/{CASES[name]['_id']}"


# -- moments ---------------------------------------------------------------------------------------------------

BEFORE_READ = "before the read"
BETWEEN = "between read and update"
ON_THE_WAY = "while the update is on its way"
AFTER_WRITE = "after the update"
FAILED_TRY = "between a failed try of the update and the next"
LOST_TRY = "between a try whose answer is lost and the next"
BEFORE_COMMENT = "between the update and the comment"
AFTER_COMMENT = "between the comment and the read after it"
MOMENTS = (BEFORE_READ, BETWEEN, ON_THE_WAY, AFTER_WRITE, FAILED_TRY, LOST_TRY, BEFORE_COMMENT, AFTER_COMMENT)
WITH_COMMENT = (BEFORE_COMMENT, AFTER_COMMENT)


def inject(sim, moment, name, read):
    """Plan the analyst's edit of one case. read: how the task reads it first."""
    put = {"method": "PUT", "path": path_of(name)}
    post = {"method": "POST", "path": f"{path_of(name)}/comments"}
    when = {
        BEFORE_READ: {"before": read},
        BETWEEN: {"after": read},
        ON_THE_WAY: {"before": put},
        AFTER_WRITE: {"after": put},
        FAILED_TRY: {"after": put},
        LOST_TRY: {"after": put},
        BEFORE_COMMENT: {"before": post},
        AFTER_COMMENT: {"after": post},
    }[moment]
    if moment == FAILED_TRY:
        sim.fault("status", status=503, **put)
    if moment == LOST_TRY:
        sim.fault("drop_after", **put)
    sim.edit(CASES[name]["_id"], FIELDS[name].theirs, user="ohtani@example.com", **when)


# -- ways ------------------------------------------------------------------------------------------------------


@dataclass
class Done:
    """What a task says of one case."""

    changed: bool
    refused: str
    changes: dict
    concurrent_changes: list


def declared(name, moment):
    ours = FIELDS[name].ours
    return {**ours, **({"comment": "Ours"} if moment in WITH_COMMENT else {})}


def one_by_one(sim, moment, by="case_id", guard=None):
    """stellar_case for each: name -> Done."""
    done = {}
    for name, record in CASES.items():
        read = {"method": "GET", "path": path_of(name) if by == "case_id" else "/cases"}
        inject(sim, moment, name, read)
        number = record["_id"] if by == "case_id" else record["ticket_id"]
        options = {by: number, **declared(name, moment), **(guard or {})}
        connect = partial(Client, sleep=lambda seconds: None)
        try:
            result = run_case(parameters(CASE_OPTIONS, sim, **options), False, lambda secret: None, connect)
            refused = ""
        except ConflictError as error:
            result, refused = {"changed": False, **error.to_result()}, str(error)
        assert "outcome_unknown" not in result.get("error", ())
        is_warned = any("was changed by others" in text for text in result.get("warnings", ()))
        assert bool(result.get("concurrent_changes")) is is_warned
        changes = {change["field"]: change["before"] for change in result.get("changes", ())}
        # Of an update that was refused nobody looked at what others did.
        done[name] = Done(result["changed"], refused, changes, result["concurrent_changes"] or [])
    return done, None


def many(sim, moment, read="/cases", **options):
    """stellar_cases: name -> Done, and the undo list."""
    for name in CASES:
        inject(sim, moment, name, {"method": "GET", "path": path_of(name) if read == "one" else read})
    result = run(sim, sleep=lambda seconds: None, concurrency=4, **options)
    assert not result.failed, result.result["msg"]
    done = {}
    for name, record in CASES.items():
        found = [item for item in result.result["case_results"] if item["case_id"] == record["_id"]]
        for item in found:
            changes = {change["field"]: change["before"] for change in item["changes"]}
            refused = item["reason"] if item["outcome"] == "skipped" else ""
            done[name] = Done(item["outcome"] == "changed", refused, changes, item.get("concurrent_changes", []))
    # A diff shows what was done.
    shown = {int(diff["before_header"].split()[1]) for diff in result.result["diff"]}
    assert shown == {CASES[name]["ticket_id"] for name in done if done[name].changed}
    return done, result.result["undo"]


def by_list(sim, moment, guard=None):
    items = [{"case_id": CASES[name]["_id"], **declared(name, moment), **(guard or {})} for name in CASES]
    return many(sim, moment, "one", cases=items)


def by_rules(sim, moment, recheck_after=5):
    rules = []
    for name in CASES:
        wanted = declared(name, moment)
        comment = {"comment": wanted.pop("comment")} if "comment" in wanted else {}
        # No option of a rule.
        if wanted.pop("description", None) is None:
            rules.append({"name": name, "match": {"name": f"for {name}$"}, "set": wanted, **comment})
    return many(sim, moment, rules=rules, recheck_after=recheck_after)


def by_undo(sim, moment):
    """The edits are made while a run is undone."""
    items = [{"case_id": CASES[name]["_id"], **declared(name, "")} for name in CASES]
    undo = run(sim, cases=items).result["undo"]
    return many(sim, moment, "one", cases=undo)


STRICT, LOOSE, RULES = "if_unmodified_since", "no guard", "rules"
# way: (function, what guards it, moments)
WAYS = {
    "stellar_case": (one_by_one, LOOSE, MOMENTS),
    "stellar_case, if_unmodified_since": (partial(one_by_one, guard=GUARD), STRICT, MOMENTS),
    "stellar_case by ticket": (partial(one_by_one, by="ticket_id"), LOOSE, MOMENTS[:3]),
    "stellar_case by ticket, if_unmodified_since": (
        partial(one_by_one, by="ticket_id", guard=GUARD),
        STRICT,
        MOMENTS[:3],
    ),
    "stellar_cases, a list": (by_list, LOOSE, MOMENTS),
    "stellar_cases, a list, if_unmodified_since": (partial(by_list, guard=GUARD), STRICT, MOMENTS),
    "stellar_cases, rules within recheck_after": (by_rules, RULES, MOMENTS),
    "stellar_cases, rules with recheck_after 0": (partial(by_rules, recheck_after=0), STRICT, MOMENTS),
    "stellar_cases, an undo list": (by_undo, STRICT, MOMENTS[:6]),
}
REREAD = {way for way in WAYS if way.startswith("stellar_cases") and WAYS[way][1] == STRICT}

# -- what must come of it --------------------------------------------------------------------------------------

KEPT = "kept and reported"
KEPT_LATER = "kept; it came when the task had seen all"
KEPT_UNSEEN = "kept; nothing of it was touched"
REPLACED = "replaced and reported"
REPLACED_UNSEEN = "replaced; the result shows the value that was read"


def expected(way, moment, name, answer):
    guard = WAYS[way][1]
    if name == "comment" and moment == BEFORE_READ and way == "stellar_cases, an undo list":
        return KEPT_UNSEEN  # It is no edit of what is undone.
    if name == "comment" and moment == BETWEEN and (guard == RULES or (guard == STRICT and "by ticket" in way)):
        return KEPT  # A case that was listed is read again before the run comments on it.
    if moment in WITH_COMMENT:
        return KEPT_UNSEEN if name in UNSEEN else KEPT
    if moment == AFTER_WRITE:
        # An answer without the case makes the task read it, and so see the edit.
        return KEPT_LATER if answer == "full" or name in UNSEEN else KEPT
    if moment == BEFORE_READ and guard == STRICT and way != "stellar_cases, rules with recheck_after 0":
        return KEPT
    if moment == BEFORE_READ:
        return REPLACED if name == "exactly the tags" or name not in (*UNSEEN, *MERGED) else KEPT_UNSEEN
    if (moment == BETWEEN and way in REREAD) or (moment == FAILED_TRY and guard != LOOSE):
        return KEPT
    if name in UNSEEN:
        return KEPT_UNSEEN
    if name in MERGED or (moment == LOST_TRY and guard != LOOSE):
        return KEPT
    return REPLACED if guard == STRICT else REPLACED_UNSEEN


def is_there(name, record):
    """Whether the store has all of the analyst's edit."""
    theirs = FIELDS[name].theirs
    if "comment" in theirs:
        return [comment["comment"] for comment in record["comments"]].count("Theirs") == 1
    if "tags" in theirs:
        return "mine" in record["tags"]
    return all(record[field] == value for field, value in theirs.items())


def is_told(name, done, kept):
    fields = {edit["field"] for edit in done.concurrent_changes if edit["kept"] is kept}
    return {"tags" if field == "exactly the tags" else field for field in FIELDS[name].theirs} <= fields


def outcome(name, done, before, after, moment):
    theirs = FIELDS[name].theirs
    if is_there(name, after):
        if done.refused:
            assert "ohtani changed it" in done.refused
            return KEPT
        if is_told(name, done, True):
            return KEPT
        return KEPT_LATER if moment == AFTER_WRITE else KEPT_UNSEEN
    if name == "exactly the tags":
        assert "mine" in done.changes["tags"]
        return REPLACED
    if is_told(name, done, False):
        return REPLACED
    (field,) = theirs
    value = {OHTANI_ID: "ohtani"}.get(theirs[field], theirs[field])
    # True to the store at the time of the read
    was = {OHTANI_ID: "ohtani", SOC_LEAD_ID: "soc-lead", "": ""}.get(before[field], before[field])
    assert done.changes[field] == (value if moment == BEFORE_READ else was)
    return REPLACED if moment == BEFORE_READ else REPLACED_UNSEEN


def by_us(record, user):
    return [entry for entry in record["activities"] if entry["user"] == user]


CELLS = [
    pytest.param(way, moment, answer, id=f"{way}-{moment}-{answer}")
    for way, (_function, _guard, moments) in WAYS.items()
    for moment in moments
    for answer in ("full", "no_case", "empty")
    if answer == "full" or moment in (ON_THE_WAY, AFTER_WRITE, LOST_TRY, *WITH_COMMENT)
    if answer != "no_case" or way == "stellar_case, if_unmodified_since"
]


@pytest.mark.parametrize(("way", "moment", "answer"), CELLS)
def test_an_edit_is_kept_or_replaced_as_the_documentation_says(sim, way, moment, answer):
    sim.reset(seed=list(CASES.values()))
    sim.switch(put_answer=answer, description_in_get=True, description_in_put_answer=True)
    function, guard, _moments = WAYS[way]
    before = store(sim)
    done, undo = function(sim, moment)
    after = store(sim)
    outcomes = {}
    for name, said in done.items():
        case_id = CASES[name]["_id"]
        record = after[case_id]
        assert any(entry["user"] == "ohtani@example.com" for entry in record["activities"]), name
        if way != "stellar_cases, an undo list":
            assert said.changed is bool(by_us(record, sim.username)), name
            comments = [comment["comment"] for comment in record["comments"]]
            assert comments.count("Ours") == (1 if said.changed and "comment" in declared(name, moment) else 0)
        assert {edit["by"] for edit in said.concurrent_changes} <= {"ohtani@example.com", None}, name
        was = before[case_id] if way != "stellar_cases, an undo list" else ours_of(name, before[case_id])
        outcomes[name] = outcome(name, said, was, record, moment)
    assert outcomes == {name: expected(way, moment, name, answer) for name in done}
    for name, found in outcomes.items():
        evidence.record("edit", when=moment, way=way, guard=guard == STRICT, field=name, answer=answer, outcome=found)
    if undo is not None:
        assert_undo_keeps(sim, undo, after, done, moment)


def ours_of(name, record):
    """A case as the run left it that is undone."""
    wanted = {field: value for field, value in FIELDS[name].ours.items() if field not in ("tags", "comment")}
    return {**record, **wanted, **({"assignee": SOC_LEAD_ID} if "assignee" in wanted else {})}


def assert_undo_keeps(sim, undo, after, done, moment):
    """Undo overwrites no edit that came after our update, and brings back what was replaced if that is known."""
    sim.clear_faults()
    result = run(sim, cases=undo) if undo else None
    assert result is None or not result.failed, result.result["msg"]
    for name, record in store(sim).items():
        (name,) = (known for known in CASES if CASES[known]["_id"] == name)
        if name not in done:
            continue
        if is_there(name, after[record["_id"]]) or is_told(name, done[name], False) or moment == BEFORE_READ:
            assert is_there(name, record), name


@pytest.mark.parametrize("guard", [{}, GUARD])
@pytest.mark.parametrize("is_list", [False, True])
def test_an_analyst_who_does_a_part_of_an_update_that_is_lost(sim, guard, is_list):
    """No try of the update arrives. What the case shows of it is not this task's, and nobody can tell."""
    record = CASES["name"]
    sim.reset(seed=[record])
    sim.fault("drop_before", method="PUT", path="/cases/*", times=0)
    sim.edit(record["_id"], {"status": "In Progress"}, user="ohtani@example.com", after={"method": "PUT"})
    options = {"case_id": record["_id"], "status": "In Progress", "severity": "High", **guard}
    connect = partial(Client, sleep=lambda seconds: None)
    if is_list:
        (item,) = run(sim, sleep=lambda seconds: None, cases=[options]).result["case_results"]
        message = item["reason"]
    else:
        with pytest.raises(StellarError) as caught:
            run_case(parameters(CASE_OPTIONS, sim, **options), False, lambda secret: None, connect)
        assert not isinstance(caught.value, NotAppliedError)
        message = str(caught.value)
    assert "shows a part of the update" in message
    assert "It is unknown whether the case was changed" in message
    assert store(sim)[record["_id"]]["severity"] == record["severity"]


@pytest.mark.parametrize("moment", [ON_THE_WAY, AFTER_WRITE])
def test_of_tags_others_are_named_for_theirs_only(sim, moment):
    sim.reset(seed=list(CASES.values()))
    sim.switch(put_answer="empty")
    inject(sim, moment, "tags", {})
    options = {"case_id": CASES["tags"]["_id"], "tags": {"add": ["bot"]}}
    result = run_case(parameters(CASE_OPTIONS, sim, **options), False, lambda secret: None)
    held = sorted([*CASES["tags"]["tags"], "bot", "mine"])
    assert result["concurrent_changes"] == [{"field": "tags", "value": held, "kept": True, "by": "ohtani@example.com"}]
    (warning,) = result["warnings"]
    assert warning.endswith('while it was updated: tags: "mine" added by ohtani@example.com (kept).')

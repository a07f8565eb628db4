# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A case of a saved plan that is not as it was: the reason names who changed what, as far as the history has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.precondition import check_planned
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ConflictError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import SavedCase

CASE: dict[str, Any] = {
    "_id": "c1",
    "ticket_id": 7,
    "status": "New",
    "severity": "High",
    "tags": ["old", "phish"],
    "modified_at": 5000,
    "modified_by_name": "ana",
}
BEFORE = {"status": "New", "severity": "High", "tags": ["old", "phish"]}
DESIRED = DesiredState(status="In Progress", severity="Medium", tags=TagChange(add=("seen",), remove=("phish",)))
AT = {time: f"{time} (1970-01-01 00:00:0{time // 1000} UTC)" for time in (7000, 8000, 9000)}
STATUS = 'status is "Escalated", and was "New" when the plan was made'
SEVERITY = 'severity is "Low", and was "High" when the plan was made'


def edit(field: str, user: Any, time: Any, **values: Any) -> dict[str, Any]:
    return {"field": field, "user": user, "timestamp": time, **values}


def retagged(user: str, time: int, before: Any, after: Any) -> dict[str, Any]:
    return edit("tags", user, time, **{"from": before, "to": after})


def refusal(history: Any, guard: str, modified_at: int | None, fields: dict[str, Any]) -> tuple[str, int]:
    """Return the reason, '' if the case passes, and how often its history was read."""
    reads = []
    reader: Any = SimpleNamespace(history=lambda case: (reads.append(case), (history, ""))[1])
    saved = SavedCase({"case_id": "c1"}, (), DESIRED, {"status": "New", "severity": "High"}, BEFORE, {}, modified_at)
    try:
        check_planned(reader, {**CASE, **fields}, saved, guard)
    except ConflictError as error:
        said = str(error)
    else:
        return "", len(reads)
    what, remedy = (
        "Refused to change case c1 (ticket 7): ",
        " Review the case, and make a new plan if it is to be changed.",
    )
    assert said.startswith(what)
    assert said.endswith(remedy)
    return said[len(what) : -len(remedy)], len(reads)


TWO = {"status": "Escalated", "severity": "Low", "modified_at": 9000}
TAGS = {"tags": ["old", "mine"], "modified_at": 9000}
SHOWN_TAGS = 'tags is ["mine", "old"], and was ["old", "phish"] when the plan was made'
LAST = f"ana changed the case last, at {AT[9000]}."


@pytest.mark.parametrize(
    ("fields", "history", "why"),
    [
        pytest.param(
            TWO,
            [edit("severity", "bo", 9000), edit("status", "lead", 8000)],
            f"lead changed it at {AT[8000]}: {STATUS}; bo changed it at {AT[9000]}: {SEVERITY}.",
            id="two fields and two people",
        ),
        pytest.param(
            TWO,
            [edit("status", "lead", 8000), edit("severity", "bo", 9000), edit("status", "eve", 7000)],
            f"lead changed it at {AT[8000]}: {STATUS}; bo changed it at {AT[9000]}: {SEVERITY}.",
            id="the newest of each field",
        ),
        pytest.param(
            TWO,
            [edit("severity", "bo", 4000), edit("status", "lead", 8000)],
            f"lead changed it at {AT[8000]}: {STATUS}; {SEVERITY}. The history does not say who changed severity; "
            f"{LAST}",
            id="one edit is before the plan",
        ),
        pytest.param(
            TWO,
            [edit("status", None, 8000), edit("severity", "bo", "soon"), edit("name", "bo", 9000), edit(None, "bo", 1)],
            f"{STATUS}; {SEVERITY}. The history does not say who changed status, severity; {LAST}",
            id="without a user, a time, or a field of the plan",
        ),
        pytest.param(
            {**TWO, "severity": "High"},
            None,
            f"{STATUS}. The history does not say who changed status; {LAST}",
            id="no history",
        ),
        pytest.param(
            {**TWO, "severity": "High", "modified_at": None},
            [],
            f"{STATUS}. The history does not say who changed status; ana changed the case last, at an unknown time.",
            id="no time",
        ),
        pytest.param(
            TAGS,
            [
                retagged("bo", 9000, ["old"], ["old", "mine"]),
                retagged("lead", 8000, ["old", "phish"], ["old"]),
                retagged("eve", 7000, ["phish"], ["old", "phish"]),
            ],
            f"lead changed it at {AT[8000]}: {SHOWN_TAGS}.",
            id="who moved a planned tag",
        ),
        pytest.param(
            TAGS,
            [retagged("bo", 9000, "phish,old", "old,mine")],
            f"bo changed it at {AT[9000]}: {SHOWN_TAGS}.",
            id="tags in an unknown form",
        ),
        pytest.param(
            {**TWO, "severity": "High"},
            [edit("status", "bo\nfake", 9000)],
            f"bo fake changed it at {AT[9000]}: {STATUS}.",
            id="a hostile name",
        ),
    ],
)
@pytest.mark.parametrize("guard", ["fields", "modified_at"])
def test_check_planned_names_who_changed_each_field(guard: str, fields: Any, history: Any, why: str) -> None:
    assert refusal(history, guard, 5000, fields) == (why, 1)


MOVED = "modified_at was 5000 when the plan was made, and is 9000."
GUARDED = "after the plan was made, and plan_guard is modified_at."


@pytest.mark.parametrize(
    ("modified_at", "fields", "history", "why"),
    [
        (5000, {}, [edit("name", "bo", 4000)], None),
        (5000, {"modified_at": 4000}, [], None),
        (
            5000,
            {"modified_at": 9000},
            [edit("comment", "bo", 9000), edit("name", "lead", 8000), edit("comment", "eve", 7000)],
            f"bo changed comment at {AT[9000]}; lead changed name at {AT[8000]}, {GUARDED}",
        ),
        (5000, {"modified_at": 9000}, [edit("name", "bo", 4000)], f"{MOVED} The history has no change since, as when"),
        (5000, {"modified_at": 9000}, None, f"{MOVED} The history can't be read; {LAST}"),
        (
            5000,
            {"modified_at": 9000},
            [edit(f"f{number}" * 40, "bo", 9000) for number in range(50)],
            f"bo changed {'f0' * 40} at {AT[9000]}; bo",
        ),
    ],
)
def test_check_planned_lets_no_change_pass_with_the_guard_modified_at(
    modified_at: int | None, fields: Any, history: Any, why: str | None
) -> None:
    said, reads = refusal(history, "modified_at", modified_at, fields)
    assert (said.startswith(why or ""), bool(said), reads) == (True, why is not None, int(why is not None))
    assert len(said) < 800
    assert refusal(history, "fields", modified_at, fields) == ("", 0)


@pytest.mark.parametrize(("modified_at", "now"), [(None, 9000), (5000, None), (None, None)])
def test_check_planned_lets_no_case_pass_whose_time_is_unknown(modified_at: int | None, now: int | None) -> None:
    why = "the platform does not say when it was changed, and plan_guard is modified_at."
    assert refusal([], "modified_at", modified_at, {"modified_at": now}) == (why, 0)
    assert refusal([], "fields", modified_at, {"modified_at": now}) == ("", 0)

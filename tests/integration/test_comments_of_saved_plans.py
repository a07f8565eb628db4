# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comments of a saved plan whose cases have some already: one with a marker is known by it, in whatever words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.many import COMMENT, case, run
from tests.simulator.process import Simulator

ID = f"{1:024x}"
SET = {"status": "In Progress", "tags": {"add": ["hit"]}}
PLAIN, MARKED = {"comment": "Taken"}, {"comment": "Taken", "comment_marker": "take-1"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "plan.json")


def planned(sim: Simulator, path: str, comment: dict[str, Any]) -> None:
    sim.reset(seed=[case(1)])
    rules = [{"name": "Take", "match": {"status": ["New"]}, "set": SET, **comment}]
    assert not run(sim, True, rules=rules, plan_file=path).failed


def comments(sim: Simulator) -> list[str]:
    return [each["comment"] for each in sim.case(ID).get("comments", [])]


# (what is planned, the comment that somebody posts meanwhile, whether it is that of the plan)
FOUND: dict[str, tuple[dict[str, Any], str, bool]] = {
    "the marker, in other words": (MARKED, "Taken, see the wiki [ansible:take-1]", True),
    "the marker, on a line of several": (MARKED, "Taken [ansible:take-1]\nRaised [ansible:raise-1]", True),
    "another marker": (MARKED, "Taken [ansible:take-2]", False),
    "the words without the marker": (MARKED, "Taken", False),
    "the words": (PLAIN, "Taken", True),
    "other words": (PLAIN, "Taken, see the wiki", False),
}


@pytest.mark.parametrize("what", FOUND)
def test_a_case_that_is_as_planned_lacks_its_comment_or_has_it(sim: Simulator, path: str, what: str) -> None:
    comment, posted, is_found = FOUND[what]
    planned(sim, path, comment)
    sim.edit(ID, {**SET, "comment": posted})
    check, done = run(sim, True, plan=path), run(sim, plan=path)
    assert done.outcomes == check.outcomes == {ID: "ok" if is_found else "skipped"}
    reasons = [row["reason"] for row in done.result["case_results"] if "reason" in row]
    assert ["the planned comment is not on it: 'Taken'" in reason for reason in reasons] == [True] * (not is_found)
    assert comments(sim) == [posted]


@pytest.mark.parametrize("what", [what for what, (comment, *_more) in FOUND.items() if comment is MARKED])
def test_a_comment_with_a_marker_is_posted_to_a_case_that_has_none(sim: Simulator, path: str, what: str) -> None:
    comment, posted, is_found = FOUND[what]
    planned(sim, path, comment)
    sim.edit(ID, {"comment": posted})
    check = run(sim, True, plan=path)
    done = run(sim, plan=path)
    assert done.outcomes == check.outcomes == {ID: "changed"}
    assert done.result["diff"] == check.result["diff"]
    assert comments(sim) == [posted, *([] if is_found else ["Taken [ansible:take-1]"])]
    assert done.calls.count(COMMENT) == (not is_found)
    again = run(sim, plan=path)
    assert (again.counts, again.result["warnings"]) == ({"read": 1, "ok": 1}, [])

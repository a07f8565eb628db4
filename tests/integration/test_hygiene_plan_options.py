# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's options of a plan and of progress, by real runs of the playbook hygiene: check, real, again."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import checksum
from tests.integration import many
from tests.integration.hygiene import CHECK_FAILED, ERROR, PASSED, Analyst
from tests.integration.many import case
from tests.simulator.process import Simulator

RULE = {"name": "Tagged", "match": {}, "set": {"tags": {"add": ["seen"]}}}
IDS = [f"{number:024x}" for number in range(3)]


@pytest.fixture
def analyst(sim: Simulator, analyst: Analyst) -> Analyst:
    sim.reset(seed=[case(number, name="SECRET NAME") for number in range(len(IDS))])
    return analyst


def seen(sim: Simulator) -> list[str]:
    return [record["_id"] for record in sim.cases() if "seen" in record["tags"]]


def outcomes(analyst: Analyst) -> dict[str, str]:
    return {row["case_id"]: row["outcome"] for row in analyst.report()["case_results"]}


def test_the_guard_modified_at_skips_a_case_with_any_edit(analyst: Analyst, sim: Simulator) -> None:
    """That the guard fields lets such a case pass is in test_saved_plans.py."""
    assert not many.run(sim, True, rules=[RULE], plan_file=str(analyst.folder / "plan.json")).failed
    sim.advance(60)
    # Of a field that the plan does not change
    sim.edit(IDS[1], {"severity": "Critical"}, user="ohtani@example.com")
    given = {"apply_plan": "plan.json", "plan_guard": "modified_at", "report_dir": "reports"}
    expected = {IDS[0]: "changed", IDS[1]: "skipped", IDS[2]: "changed"}

    check = analyst.hygiene("--check", **given)
    assert check.returncode == CHECK_FAILED, check.output
    assert (check.writes, outcomes(analyst)) == ([], expected)
    done = analyst.hygiene(**given)
    assert done.returncode == CHECK_FAILED, done.output
    assert (len(done.writes), outcomes(analyst)) == (2, expected)
    assert seen(sim) == [IDS[0], IDS[2]]
    (skipped,) = (row for row in analyst.report()["case_results"] if row["outcome"] == "skipped")
    assert "ohtani@example.com changed severity at " in skipped["reason"]
    again = analyst.hygiene(**given)
    assert (again.returncode, again.writes) == (CHECK_FAILED, [])
    # The cases that are as planned are counted only.
    assert (outcomes(analyst), analyst.report()["counts"]["ok"]) == ({IDS[1]: "skipped"}, 2)


def aged(analyst: Analyst, hours: int) -> None:
    """Make the plan older, as if its run was so many hours ago."""
    path = analyst.folder / "plan.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for name in ("created_at", "valid_until"):
        content[name] = (_time(content[name]) - datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_text(json.dumps({**content, "sha256": checksum(content)}), encoding="utf-8")


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_plan_is_valid_as_long_as_the_maximum_age_says(analyst: Analyst, sim: Simulator) -> None:
    made = analyst.hygiene("--check", rules=[RULE], plan_file="plan.json", plan_max_age="2h", fail_on="none")
    assert made.returncode == PASSED, made.output
    content = json.loads((analyst.folder / "plan.json").read_text(encoding="utf-8"))
    assert _time(content["valid_until"]) - _time(content["created_at"]) == datetime.timedelta(hours=2)
    aged(analyst, 5)
    refused = analyst.hygiene(apply_plan="plan.json")
    assert (refused.returncode, refused.requests) == (ERROR, []), refused.output
    assert " and is valid until " in refused.failure
    assert refused.failure.endswith("Make a new plan. Nothing was sent.")
    given = {"apply_plan": "plan.json", "plan_max_age": "7h"}

    check = analyst.hygiene("--check", **given, fail_on="none")
    assert (check.returncode, check.writes, seen(sim)) == (PASSED, [], []), check.output
    done = analyst.hygiene(**given)
    assert (done.returncode, len(done.writes), seen(sim)) == (PASSED, 3, IDS), done.output
    again = analyst.hygiene(**given)
    assert (again.returncode, again.writes) == (PASSED, []), again.output


READ = "stellar_cases: 1 case read"
UPDATED = re.compile(r"stellar_cases: 1 of 3 cases updated, \d+(\.\d+)?/s, about \d+ s left")


def lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("stellar_cases: ")]


def test_a_run_says_how_far_it_is_in_each_interval(analyst: Analyst, sim: Simulator) -> None:
    # Each answer takes longer than the interval.
    sim.fault("latency", ms=1100, path="/cases*", times=0)
    given = {"rules": [RULE], "concurrency": 1, "fail_on": "none", "max_changes": "100%"}
    check = analyst.hygiene("--check", **given, progress_interval=1)
    assert (check.returncode, lines(check.output)) == (PASSED, [READ]), check.output
    done = analyst.hygiene(**given, progress_interval=1)
    assert (done.returncode, len(done.writes)) == (PASSED, 3), done.output
    first, second, *_more = lines(done.output)
    assert first == READ
    assert UPDATED.fullmatch(second), second
    assert "SECRET NAME" not in "".join(lines(done.output))
    again = analyst.hygiene(**given, progress_interval=0)
    assert (again.returncode, again.writes, lines(again.output)) == (PASSED, [], []), again.output

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-rulebook does with persistence and feedback when it is killed: no action is lost, few run twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.rulebook.deliveries import killed_again_and_again, record, repeats, written
from tests.rulebook.engine import TEMPORARY, Running
from tests.simulator.process import Simulator

CHANGES, KILLS = 100, 5
TRIAGE = Path(__file__).parents[2] / "extensions/eda/rulebooks/triage.yml"


def persistence(folder: Path) -> tuple[str | Path, ...]:
    """Arguments with which ansible-rulebook keeps what it did in a file of H2."""
    variables = folder / "variables.yml"
    # By default it remembers 5 events, and H2 writes its file half a second later.
    values = {"drools_db_file_path": f"{folder}/persistence;WRITE_DELAY=0", "drools_deduplication_window_size": 1000}
    variables.write_text(yaml.safe_dump(values), encoding="utf-8")
    return "--vars", variables, "--persistence-id", "triage", "--id", "1"


def test_with_persistence_and_feedback_no_final_state_is_lost_and_each_action_runs_once(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    file = written(tmp_path, feedback=True)
    arguments = persistence(tmp_path)
    run = killed_again_and_again(lambda: rulebook(file, *arguments), sim, random.Random(13), CHANGES, KILLS)
    assert run.final <= {one.state for one in run.delivered}
    # What was acknowledged is in the state file. The one event that is on its way at a kill comes again, and
    # ansible-rulebook 1.3.2 does not know all events again after its second restart. So it is mostly none, and on a
    # busy machine at most one for each kill.
    repeated = repeats(run, behind=0)
    assert repeated <= KILLS
    record("persistence and feedback", run, repeated)


def test_with_persistence_and_feedback_each_action_runs_once_if_the_engine_is_stopped(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    file = written(tmp_path, feedback=True)
    arguments = persistence(tmp_path)
    run = killed_again_and_again(lambda: rulebook(file, *arguments), sim, random.Random(14), 50, 2, Running.stop)
    assert run.final <= {one.state for one in run.delivered}
    assert repeats(run, behind=0) == 0


def test_a_playbook_that_was_running_at_the_kill_runs_again(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    file = written(tmp_path, feedback=True)
    (ruleset,) = yaml.safe_load(file.read_text(encoding="utf-8"))
    (shipped,) = yaml.safe_load(TRIAGE.read_text(encoding="utf-8"))
    ruleset["rules"] = shipped["rules"]
    file.write_text(yaml.safe_dump([ruleset], sort_keys=False), encoding="utf-8")
    arguments = persistence(tmp_path)
    case_id = next(case["_id"] for case in sim.cases() if case["status"] == "New")
    running = rulebook(file, *arguments)
    running.wait_for_polls()
    # The playbook reads the case, and gets no answer.
    sim.fault("stall", path=f"/cases/{case_id}", times=0)
    sim.edit(case_id, {"severity": "Critical" if sim.case(case_id)["severity"] != "Critical" else "Low"})
    running.wait_for("the playbook", lambda: any(case_id in entry["path"] for entry in sim.requests()))
    running.kill()
    # docs/examples.md says that the environment of the playbook stays, and that only its owner can read it.
    left = list((tmp_path / TEMPORARY).glob("eda*"))
    assert [folder.stat().st_mode & 0o777 for folder in left] == [0o700]
    assert sim.api_key in next(left[0].glob("artifacts/*/command")).read_text(encoding="utf-8")
    sim.clear_faults()
    running = rulebook(file, *arguments)
    running.wait_for("the tag", lambda: "triage" in sim.case(case_id)["tags"])
    running.stop()
    assert [entry["method"] for entry in sim.writes()] == ["PUT"]

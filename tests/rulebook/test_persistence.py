# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With persistence and feedback, ansible-rulebook runs each action once, however often it is killed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

from tests import evidence
from tests.rulebook.deliveries import killed_again_and_again, written
from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

CHANGES, KILLS = 100, 3


def test_with_persistence_and_feedback_each_action_runs_once(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    file = written(tmp_path, feedback=True)
    variables = tmp_path / "variables.yml"
    variables.write_text(
        yaml.safe_dump(
            {
                "drools_db_file_path": str(tmp_path / "persistence"),
                # By default it remembers 5 events.
                "drools_deduplication_window_size": 1000,
            }
        ),
        encoding="utf-8",
    )
    arguments = ("--vars", variables, "--persistence-id", "1", "--id", "1")
    found, final, _killed = killed_again_and_again(
        lambda: rulebook(file, *arguments), sim, random.Random(13), CHANGES, KILLS
    )
    assert final <= {one.state for one in found}
    repeated = {uuid: number for uuid, number in Counter(one.uuid for one in found).items() if number > 1}
    assert repeated == {}
    evidence.record(
        "events", way="persistence", changes=CHANGES, kills=KILLS, final=len(final), delivered=len(found),
        repeated=0, lost=0,
    )  # fmt: skip

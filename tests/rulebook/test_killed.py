# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of 300 changes arrives if ansible-rulebook is killed again and again: everything, and little of it twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.rulebook.deliveries import killed_again_and_again, record, repeats, written
from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

CHANGES, KILLS = 300, 5


def test_no_final_state_is_lost(rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path) -> None:
    file = written(tmp_path)
    run = killed_again_and_again(lambda: rulebook(file), sim, random.Random(12), CHANGES, KILLS)
    assert run.final <= {one.state for one in run.delivered}
    # An event is known to be with the engine when it takes the second one after it.
    record("state file", run, repeats(run, behind=2))

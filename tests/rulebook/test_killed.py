# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of 300 changes arrives if ansible-rulebook is killed again and again: everything, and little of it twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.rulebook.deliveries import killed_again_and_again, record, written
from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

CHANGES, KILLS = 300, 5
# The source writes its state once a second; and the machine may be busy.
WRITTEN_WITHIN_S = 2.5
# An event is known to be with the engine when it takes the second one after it.
BEHIND = 2


def test_no_final_state_is_lost(rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path) -> None:
    file = written(tmp_path)
    run = killed_again_and_again(lambda: rulebook(file), sim, random.Random(12), CHANGES, KILLS)
    found = run.delivered
    assert run.final <= {one.state for one in found}
    # Only what was not yet in the state file at a kill is delivered again after it.
    repeated = 0
    for number, one in enumerate(found):
        later = next((other for other in found[number + 1 :] if other.uuid == one.uuid), None)
        if later is None:
            continue
        repeated += 1
        kill = next((at for at in run.kills if one.received <= at <= later.received), None)
        assert kill is not None, f"{one} came twice without a kill"
        next_ones = [other.received for other in found[number + 1 :] if other.received <= kill]
        noted = next_ones[BEHIND - 1] if len(next_ones) >= BEHIND else kill
        assert kill - noted < WRITTEN_WITHIN_S, f"{one} came twice, though it was noted {kill - noted:.1f} s before"
    record("state file", run, repeated)

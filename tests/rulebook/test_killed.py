# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of 300 changes arrives if ansible-rulebook is killed again and again: everything, and little of it twice."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path

from tests import evidence
from tests.rulebook.deliveries import killed_again_and_again, written
from tests.rulebook.engine import Running
from tests.simulator.process import Simulator

CHANGES, KILLS = 300, 5
# The source writes its state at most once a second, and an event that the engine has may not be counted yet.
WRITTEN_WITHIN_S = 2.5


def test_no_final_state_is_lost(seed: int, rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path) -> None:
    file = written(tmp_path)
    found, final, killed = killed_again_and_again(lambda: rulebook(file), sim, random.Random(12), CHANGES, KILLS)
    assert final <= {one.state for one in found}
    times: dict[str, list[float]] = {}
    for one in found:
        times.setdefault(one.uuid, []).append(one.received)
    repeated = {uuid: at for uuid, at in times.items() if len(at) > 1}
    # Only what arrived after the state was last written, that is shortly before a kill, arrives again after it.
    for uuid, at in repeated.items():
        for earlier, later in itertools.pairwise(at):
            between = [kill for kill in killed if earlier <= kill <= later]
            assert between, f"{uuid} twice without a kill: {at}"
            assert min(between) - earlier < WRITTEN_WITHIN_S, f"{uuid}: {at}, killed at {between}"
    assert len(found) <= CHANGES + sum(len(at) - 1 for at in repeated.values())
    evidence.record(
        "events", way="state file", changes=CHANGES, kills=KILLS, final=len(final), delivered=len(found),
        repeated=sum(len(at) - 1 for at in repeated.values()), lost=0,
    )  # fmt: skip

# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of stellar_cases that is ended in the middle, on every ansible-core: how a core ends its workers differs."""

from __future__ import annotations

import pytest

from tests.integration.many import assert_restored, case, run, store
from tests.interrupted import CASES, WAYS, interrupted_run


@pytest.mark.parametrize("how", [how for how in WAYS if "worker" not in how])
def test_no_write_follows_and_the_journal_undoes_it(core, simulator, tmp_path, how):
    simulator.reset(seed=[case(number) for number in range(CASES)])
    simulator.latency(100)
    before = store(simulator)
    environment = {**core.env, **simulator.env()}
    journal = interrupted_run(simulator, core.bin / "ansible-playbook", tmp_path, how, environment, tmp_path)
    simulator.latency(0)
    undone = run(simulator, undo_file=str(journal))
    assert not undone.failed, f"{core.version}\n{undone.result}"
    assert_restored(before, store(simulator))

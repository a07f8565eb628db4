# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of platforms: large enough, and each exception has a reason and is about a cell that exists."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.platforms.entries import POLICY, READING, WRITING, Runner, seed
from tests.platforms.table import ALONE, CONCURRENT, EXCEPTIONS, LOST, PLATFORMS, STALE, cells
from tests.simulator.process import Simulator
from tests.simulator.switches import BY_NAME

ROUNDS, MAX_GROWTH_MIB = 40, 8.0


def test_the_table_has_at_least_60_platforms_that_all_differ() -> None:
    assert len(PLATFORMS) >= 60
    shown = [repr((platform.switches, platform.faults, platform.edits)) for platform in PLATFORMS.values()]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_row_names_switches_and_gives_reasons(name: str) -> None:
    platform = PLATFORMS[name]
    assert set(platform.switches) <= set(BY_NAME)
    for expectations in (platform.refused, platform.partly, platform.again, platform.differs, platform.queries):
        assert all(expectations.values())


def test_an_exception_is_about_a_cell_that_exists_and_has_a_reason() -> None:
    for (name, entry, pair), why in EXCEPTIONS.items():
        assert name is None or name in PLATFORMS
        assert entry in (None, *WRITING, *READING)
        assert pair in (None, ALONE, STALE, LOST, CONCURRENT)
        assert len(why.split()) > 3


def test_each_platform_meets_each_entry_that_is_no_exception() -> None:
    names = {cell.name for cell in cells((*WRITING, *READING), [ALONE, STALE, LOST, CONCURRENT])}
    assert names == set(PLATFORMS)


def test_memory_does_not_grow_from_run_to_run(sim: Simulator) -> None:
    sim.reset(seed=seed(14))
    sim.switch(empty_list="null", put_answer="empty", odd_record="null", case_padding=20_000)
    runner = Runner(sim, {}, 8)

    def rounds(count: int) -> float:
        for _number in range(count):
            runner.cases(True, rules=POLICY)
            runner.info(False)
            runner.lookup()
        gc.collect()
        return resident_mib()

    # What is loaded or cached once
    first = rounds(ROUNDS // 4)
    assert rounds(ROUNDS) - first <= MAX_GROWTH_MIB


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 2**20

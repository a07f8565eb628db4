# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator a test process, as in the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import analyst, no_connection_from_outside, sim, simulator
from tests.platforms.table import Cell, cells
from tests.simulator.process import Simulator

__all__ = ["analyst", "no_connection_from_outside", "sim", "simulator"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `cell` runs for each cell of the entries and the pair that its module names."""
    if "cell" in metafunc.fixturenames:
        found = cells(metafunc.module.ENTRIES, metafunc.module.PAIRS)
        metafunc.parametrize("cell", found, ids=str)


@pytest.fixture
def platform(sim: Simulator, cell: Cell) -> Iterator[Simulator]:
    """The simulator as the platform of the cell, with its cases."""
    cell.prepare(sim)
    yield sim
    sim.clear_faults()
